package github

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/followthrough/followthrough/domain"
)

// Push writes the named fields in one PATCH, labels by their own verbs, and
// nothing where the issue says the same already.
func (t *Tracker) Push(ctx context.Context, push domain.Push) (domain.Pushed, error) {
	path, err := t.issuePath(push.On.Ref)
	if err == nil && !push.Unlink { // our block may always be taken away
		err = t.writable(ctx)
	}
	if err != nil {
		return domain.Pushed{}, err
	}
	push.On = t.For(push.On, push.MeasureID)
	w := &writer{t: t, path: path, push: push, now: nativeOf(push.On), refused: map[domain.Field]string{},
		op: operation{what: "write issue " + t.key(push.On.Ref.Number), issue: true}, back: push.On}
	if w.now.State == "" {
		return domain.Pushed{}, domain.Invalid("snapshot", "issue %s was not read by this adapter; read it first", push.On.Ref.Key)
	}
	p := w.plan(ctx)
	// Labels first: the PATCH then answers with all of it.
	if err := w.labels(ctx, p); err != nil {
		return domain.Pushed{}, t.absent(ctx, err)
	}
	if err := w.patch(ctx, p); err != nil {
		return domain.Pushed{}, t.absent(ctx, err)
	}
	w.verify()
	return domain.Pushed{Snapshot: w.back, Refused: w.refused}, nil
}

// writer carries one push out.
type writer struct {
	t       *Tracker
	op      operation
	path    string
	push    domain.Push
	now     native
	back    domain.Snapshot
	refused map[domain.Field]string
}

// patch sends what is left in one request and takes the answer as the state.
func (w *writer) patch(ctx context.Context, p plan) error {
	if len(p.patch) == 0 {
		return nil
	}
	if body, ok := p.patch["body"].(string); ok && utf8.RuneCountInString(body) > maxBody {
		w.refused[domain.FieldDescription] = "the text and the block together are longer than GitHub takes"
		delete(p.patch, "body")
	}
	a, err := w.t.client.do(ctx, w.op, http.MethodPatch, w.path, p.patch)
	if refusedField(err, "assignees") {
		w.refused[domain.FieldOwner] = "GitHub cannot assign this account here; it needs access to the repository"
		delete(p.patch, "assignees")
		if len(p.patch) == 0 {
			return nil
		}
		a, err = w.t.client.do(ctx, w.op, http.MethodPatch, w.path, p.patch)
	}
	if err != nil {
		return err
	}
	i, err := w.t.decode(w.op, a)
	if err != nil {
		return err
	}
	if i.Number != w.push.On.Ref.Number {
		return w.t.client.undecodable(w.op, errors.New("the answer is about another issue"))
	}
	w.back = w.t.For(w.t.snapshot(i, w.t.placeOf(w.push.On.Ref), a.at, a.server), w.push.MeasureID)
	return nil
}

// verify finds what GitHub dropped without a word (T50).
func (w *writer) verify() {
	for _, f := range w.push.Fields {
		if w.refused[f] != "" {
			continue
		}
		value := w.push.Values[f]
		got, known := w.back.Fields[f]
		want := w.t.Put(f, value, w.back)
		switch {
		case known && (got.Value == value || got.Raw == want.Raw):
		case f == domain.FieldOwner && !known && w.assigned(value):
		case f == domain.FieldOwner:
			w.refused[f] = "GitHub dropped the assignee; the account needs access to the repository, and so does the credential"
		default:
			w.refused[f] = "GitHub answered as if it had been written, but it was not; the credential needs write access"
		}
	}
}

// assigned reports whether the person is among several mapped assignees.
func (w *writer) assigned(value string) bool {
	return slices.ContainsFunc(nativeOf(w.back).Assignees, func(a account) bool { return string(w.t.person(a)) == value })
}
