package github

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// labels adds before it removes: a crash between leaves two, and the higher one
// counts until the next write.
func (w *writer) labels(ctx context.Context, p plan) error {
	for _, f := range []domain.Field{domain.FieldPriority, domain.FieldStatus} {
		if err := w.addLabels(ctx, f, p.add); err != nil {
			return err
		}
		for _, change := range p.drop {
			if change.field != f || w.refused[f] != "" {
				continue
			}
			if err := w.dropLabel(ctx, change); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) addLabels(ctx context.Context, f domain.Field, all []labelChange) error {
	var names []string
	for _, change := range all {
		if change.field == f {
			names = append(names, change.name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	a, err := w.t.client.do(ctx, w.op, http.MethodPost, w.path+"/labels", map[string]any{"labels": names})
	return w.tookLabels(f, a, err)
}

func (w *writer) dropLabel(ctx context.Context, change labelChange) error {
	a, err := w.t.client.send(ctx, w.op, http.MethodDelete, w.path+"/labels/"+url.PathEscape(change.name), nil)
	if err == nil && a.status == http.StatusNotFound && strings.Contains(fold(parseRemote(a.body).Message), "label") {
		w.setLabels(slices.DeleteFunc(slices.Clone(w.now.Labels), func(l label) bool { return fold(l.Name) == fold(change.name) }))
		return nil // it is gone already
	}
	if err == nil && (a.status < 200 || a.status > 299) {
		err = w.t.client.judge(w.op, a)
	}
	return w.tookLabels(change.field, a, err)
}

// tookLabels reads the labels an answer lists. A missing permission refuses
// the field and nothing else.
func (w *writer) tookLabels(f domain.Field, a answer, err error) error {
	var e *domain.Error
	if errors.As(err, &e) && e.Kind == domain.ErrForbidden && e.Code == "not_permitted" {
		w.refused[f] = "the credential may not change labels; it needs triage or write access"
		return nil
	}
	if err != nil {
		return err
	}
	var labels []label
	if err := w.t.client.into(w.op, a, &labels); err != nil {
		return err
	}
	for n := range labels {
		labels[n].Means = w.t.means(labels[n])
	}
	w.setLabels(labels)
	return nil
}

func (w *writer) setLabels(labels []label) {
	w.now.Labels = labels
	w.back = w.t.build(w.now, w.back)
}
