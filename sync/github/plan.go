package github

import (
	"context"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// plan is the minimal set of requests for a push.
type plan struct {
	patch map[string]any
	add   []labelChange
	drop  []labelChange
}

// labelChange is one label to add or remove, and the field it speaks for.
type labelChange struct {
	field domain.Field
	name  string
}

// plan compares the wanted values with the snapshot.
func (w *writer) plan(ctx context.Context) plan {
	p := plan{patch: map[string]any{}}
	d := parse(w.now.Body, w.push.MeasureID)
	if w.push.Unlink {
		d.remove()
		if body := d.String(); body != w.now.Body {
			p.patch["body"] = body
		}
		return p
	}
	var lines []domain.Field
	for _, f := range w.push.Fields {
		if w.planField(ctx, &p, &d, f) {
			lines = append(lines, f)
		}
	}
	if len(lines) > 0 || len(p.patch) > 0 {
		// A damaged or missing block is restored with a write that happens anyway (A4).
		d.adopt(w.push.MeasureID, w.push.Nonce)
		w.t.fill(&d, w.push.Draft, lines)
	}
	if body := d.String(); body != w.now.Body {
		p.patch["body"] = body
	}
	return p
}

// planField adds one field to the plan; it reports true for a field whose line
// in the block is to be written.
func (w *writer) planField(ctx context.Context, p *plan, d *document, f domain.Field) bool {
	value := w.push.Values[f]
	put := w.t.Put(f, value, w.push.On)
	have, known := w.push.On.Fields[f]
	if put.State == domain.FieldFailed {
		w.refused[f] = put.Problem
		return false
	}
	same := known && put.Raw == have.Raw
	switch f {
	case domain.FieldTitle:
		if !same {
			p.patch["title"] = put.Raw
		}
	case domain.FieldDescription:
		if !same {
			d.setText(descriptionText(value, *d))
			p.patch["body"] = ""
		}
	case domain.FieldStatus:
		if !same {
			w.planStatus(p, domain.Projection(value))
		}
	case domain.FieldPriority:
		if !same {
			w.planPriority(p, value)
		}
	case domain.FieldOwner:
		if !same {
			w.planOwner(ctx, p, value)
		}
	case domain.FieldDueOn, domain.FieldMetric, domain.FieldIncident:
		return !same
	}
	return false
}

func (w *writer) planStatus(p *plan, want domain.Projection) {
	state, reason := "open", ""
	switch want {
	case domain.ProjectionDone:
		state, reason = "closed", "completed"
	case domain.ProjectionCancelled:
		state, reason = "closed", "not_planned"
	case domain.ProjectionOpen, domain.ProjectionInProgress:
	}
	if state != w.now.State {
		p.patch["state"] = state
		if reason != "" {
			p.patch["state_reason"] = reason
		}
	}
	change := labelChange{domain.FieldStatus, w.t.progressLabel}
	switch {
	case want == domain.ProjectionInProgress && !w.now.has(progress):
		p.add = append(p.add, change)
	case want == domain.ProjectionOpen:
		p.drop = append(p.drop, w.now.named(domain.FieldStatus, progress)...)
	}
}

// named lists the labels with a meaning under the names they have.
func (n native) named(field domain.Field, meaning string) []labelChange {
	var out []labelChange
	for _, l := range n.Labels {
		if l.Means == meaning {
			out = append(out, labelChange{field, l.Name})
		}
	}
	return out
}

// planPriority leaves exactly one label of the set, or none.
func (w *writer) planPriority(p *plan, want string) {
	if want != "" && !w.now.has(want) {
		p.add = append(p.add, labelChange{domain.FieldPriority, w.t.priorityLabels[domain.Priority(want)]})
	}
	for _, other := range domain.Priorities() {
		if string(other) != want {
			p.drop = append(p.drop, w.now.named(domain.FieldPriority, string(other))...)
		}
	}
}

func (w *writer) planOwner(ctx context.Context, p *plan, value string) {
	put, assignees := w.t.putOwner(value, w.now)
	if put.State == domain.FieldFailed {
		w.refused[domain.FieldOwner] = put.Problem
		return
	}
	logins := make([]string, 0, len(assignees))
	for _, a := range assignees {
		login := a.Login
		if login == "" {
			login = w.t.login(ctx, a)
		}
		if login == "" {
			w.refused[domain.FieldOwner] = "the account " + accountRaw(a) + " is not known to GitHub; check the person's identity"
			return
		}
		logins = append(logins, login)
	}
	if !slices.EqualFunc(logins, w.now.Assignees, func(l string, a account) bool { return fold(l) == fold(a.Login) }) {
		p.patch["assignees"] = logins
	}
}
