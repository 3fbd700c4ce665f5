package jira

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// write is one set of field writes to one issue: at most one PUT, and one POST
// when the status changes.
type write struct {
	t      *Tracker
	p      domain.Push
	on     domain.Snapshot
	n      native
	body   payload
	status domain.Projection
	pushed domain.Pushed
	// want holds what each field will be once the writes are done.
	want map[domain.Field]domain.RemoteValue
	// moved is set when the answer shows that the issue went elsewhere meanwhile.
	moved error
}

// Push writes the named fields. Fields go before a transition that closes the
// issue, because screens may lock them then; a reopening goes first.
func (t *Tracker) Push(ctx context.Context, p domain.Push) (domain.Pushed, error) {
	if !idPattern.MatchString(p.On.Ref.ID) {
		return domain.Pushed{}, domain.Invalid("remote_id", "%q is not the id of a Jira issue; ids are numbers", p.On.Ref.ID)
	}
	w := &write{t: t, p: p, on: p.On, pushed: domain.Pushed{Refused: map[domain.Field]string{}}, want: map[domain.Field]domain.RemoteValue{}}
	if w.doubtful() {
		if err := w.look(ctx); err != nil {
			return domain.Pushed{}, err
		}
	}
	w.n = nativeOf(w.on)
	w.body = newPayload(t, splitBlock(w.n.Description, owner{w.n.Link, p.MeasureID}))
	if p.Unlink {
		return w.unlink(ctx)
	}
	w.plan()
	if err := w.linkIncident(ctx); err != nil {
		return domain.Pushed{}, err
	}
	return w.run(ctx)
}

// young is how old a snapshot may be when a Data Center is written to.
const young = 2 * time.Second

// doubtful reports a snapshot that must be read again before a write: an
// unconfirmed one does not know the text that it would rewrite. A Data Center
// answers an edit without the issue, so that neither a move nor what it
// overwrote could be seen afterwards; and its search may lag behind (T67, T88).
func (w *write) doubtful() bool {
	if len(w.on.Native) == 0 || w.on.Hash == "" {
		return true
	}
	if w.t.cloud() || w.p.Unlink {
		return false
	}
	return !nativeOf(w.on).Listed || w.t.now().Sub(w.on.ReadAt) > young
}

// look reads the issue by its id. A plan made on something else is not carried
// out: what came in meanwhile would be overwritten.
func (w *write) look(ctx context.Context) error {
	on, err := w.t.Fetch(ctx, w.on.Ref)
	if err != nil {
		return err
	}
	if w.on.Hash != "" && on.Hash != w.on.Hash {
		return &domain.Error{Kind: domain.ErrStale, Message: "issue " + on.Ref.Key + " is not as it was when the change was planned"}
	}
	w.on = on
	return nil
}

func (w *write) run(ctx context.Context) (domain.Pushed, error) {
	first := w.status != "" && !closes(w.status)
	if first {
		if err := w.transit(ctx); err != nil {
			return domain.Pushed{}, err
		}
	}
	if err := w.put(ctx); err != nil {
		return domain.Pushed{}, err
	}
	if w.status != "" && !first {
		if err := w.transit(ctx); err != nil {
			return domain.Pushed{}, err
		}
	}
	return w.pushed, nil
}

// plan sorts the fields into the request they belong to and drops what the
// issue already has: a write that changes nothing is never sent.
func (w *write) plan() {
	for _, f := range w.p.Fields {
		v := w.t.Put(f, w.p.Values[f], w.on)
		current, known := w.on.Fields[f]
		switch {
		case v.State == domain.FieldFailed, v.State == domain.FieldOpaque:
			w.pushed.Refused[f] = v.Problem
			continue
		case known && v.Raw == current.Raw && current.State != domain.FieldFailed:
			continue
		case f == domain.FieldStatus:
			w.status = domain.Projection(w.p.Values[f])
		case !w.place(f, v):
			w.pushed.Refused[f] = "the description in Jira has markup that would be lost; the value cannot be put beside it"
			continue
		}
		w.want[f] = v
	}
}

// place puts a value into the payload; false when only the block could take it
// and the description must not be touched.
func (w *write) place(f domain.Field, v domain.RemoteValue) bool {
	native := f == domain.FieldDueOn && w.n.Due && !w.inBlock(f) || f == domain.FieldMetric && w.n.Metric && !w.inBlock(f)
	if f == domain.FieldDescription {
		w.body.setText(v.Raw, w.n.Description)
		return true
	}
	if _, line := w.body.block.lines[f]; native && line {
		// An old line beside the field would count once the field is empty.
		if w.frozen() {
			return false
		}
		w.body.dropLine(f)
	}
	if f == domain.FieldTitle || f == domain.FieldPriority || f == domain.FieldOwner || native {
		w.body.set(f, v.Raw)
		return true
	}
	if w.frozen() {
		return false
	}
	w.body.setLine(f, v.Raw, w.p.Draft)
	return true
}

// inBlock reports whether the value lives in the block although the field can be seen.
func (w *write) inBlock(f domain.Field) bool {
	_, line := w.body.block.lines[f]
	return line && w.vacant(f)
}

// vacant reports an empty field of Jira's own: a value in it would count more
// than a line in the block.
func (w *write) vacant(f domain.Field) bool {
	if f == domain.FieldMetric {
		return w.n.MetricValue == ""
	}
	return w.n.DueValue == ""
}

// frozen reports a description that cannot be written at all: Cloud keeps
// another format, and what its wiki form does not show would be lost (T84).
func (w *write) frozen() bool {
	return w.t.cloud() && w.on.Fields[domain.FieldDescription].State == domain.FieldOpaque
}

func (w *write) put(ctx context.Context) error {
	for try := range 2 {
		body := w.body.edit(w.p.Draft, w.n.Description)
		if len(body) == 0 {
			return nil
		}
		if w.t.cloud() && w.n.Marked && w.on.MeasureID != w.p.MeasureID && w.p.MeasureID != "" {
			body["properties"] = marker(w.p.Draft)
		}
		a, err := w.t.client.write(ctx, request{method: http.MethodPut, path: "rest/api/2/issue/" + w.on.Ref.ID, query: w.query(), body: body, class: domain.CallWrite})
		if err == nil {
			w.confirm(a)
			return w.moved
		}
		status, said := statusOf(err)
		if try > 0 || status != http.StatusBadRequest || !w.drop(said) {
			return err
		}
	}
	return nil
}

func (w *write) query() url.Values {
	if w.t.cloud() {
		return url.Values{"returnIssue": {"true"}}
	}
	return nil
}

// drop takes the refused fields out: due date and metric move to the block,
// everything else is reported (T59, T70). It reports whether a retry is useful.
func (w *write) drop(said refusal) bool {
	dropped := false
	for _, name := range slices.Sorted(maps.Keys(said.Fields)) {
		f, ok := w.body.fieldOf(name)
		if !ok {
			continue
		}
		dropped = true
		v := w.want[f]
		w.body.unset(f)
		if homeless(f) && w.vacant(f) && !w.frozen() && said.mentions("cannot be set", "too long") && v.Raw != "" {
			w.body.setLine(f, v.Raw, w.p.Draft)
			v.State, v.Problem = domain.FieldDegraded, "Jira does not let the field be set; the value is kept in the description"
			w.want[f] = v
			continue
		}
		delete(w.want, f)
		w.pushed.Refused[f] = w.t.client.redact(said.Fields[name])
		if f == domain.FieldOwner {
			w.pushed.Refused[f] = "owner_unassignable: " + w.pushed.Refused[f]
		}
	}
	return dropped
}

func homeless(f domain.Field) bool { return f == domain.FieldDueOn || f == domain.FieldMetric }

// confirm takes the issue out of the answer where Jira gives it.
func (w *write) confirm(a answer) {
	if a.status != http.StatusOK {
		return
	}
	s, broken := w.t.snapshotOf(a.body, a, w.n.Link)
	if broken != nil {
		return
	}
	if s.MeasureID == "" {
		s.MeasureID, s.Nonce = w.p.MeasureID, w.on.Nonce
	}
	n := nativeOf(s)
	n.Marked = w.n.Marked // the property is as it was, or written just now
	s.Native, _ = json.Marshal(n)
	w.pushed.Snapshot, w.on, w.n = s, s, n
	if t := w.t; !t.inside(&s) {
		w.moved = &domain.Error{Kind: domain.ErrGone, Code: codeMovedOut, Message: "issue " + s.Ref.Key + " is outside project " + t.config.Project + "; it was moved"}
	}
}

func (w *write) transit(ctx context.Context) error {
	m := move{t: w.t, ref: w.on.Ref, n: w.n, target: w.status}
	problem, err := m.run(ctx)
	if err != nil {
		return err
	}
	if problem != "" {
		delete(w.want, domain.FieldStatus)
		w.pushed.Refused[domain.FieldStatus] = "status_blocked: " + problem
		return nil
	}
	if m.back != nil { // somebody else had moved it there
		w.pushed.Snapshot, w.on, w.n = *m.back, *m.back, nativeOf(*m.back)
		return nil
	}
	w.n.Status, w.n.Resolution = m.reached()
	w.n.Category, w.n.Transitions, w.n.Listed = m.took.To.Category.Key, nil, false
	if m.took.ID == "" { // only the resolution changed
		w.n.Status, w.n.Category, w.n.Resolution = m.n.Status, m.n.Category, w.t.mapping.Resolutions[w.status]
	}
	v := domain.RemoteValue{Raw: w.t.mapping.statusRaw(w.n.Status, w.n.Category, w.n.Resolution), Value: string(w.status)}
	w.want[domain.FieldStatus] = v
	if s := &w.pushed.Snapshot; s.Fields != nil {
		s.Fields[domain.FieldStatus] = v
		s.Hash = "" // the answer is older than the transition
		s.Native, _ = json.Marshal(w.n)
	}
	return nil
}

// linkIncident keeps a remote link to the incident beside the line in the
// block. It is an upsert and goes first, so that a retry repeats it; a Jira
// that does not allow it still has the line.
func (w *write) linkIncident(ctx context.Context) error {
	key := w.p.Values[domain.FieldIncident]
	if !slices.Contains(w.p.Fields, domain.FieldIncident) || key == "" || !linkTarget(w.p.IncidentURL) || w.p.MeasureID == "" {
		return nil
	}
	title := key
	if w.p.IncidentTitle != "" {
		title += ": " + domain.NormalTitle(w.p.IncidentTitle)
	}
	body := map[string]any{
		"globalId":     "followthrough:incident:" + w.p.MeasureID,
		"application":  map[string]string{"type": "followthrough", "name": "Followthrough"},
		"relationship": "follows up",
		"object":       map[string]any{"url": w.p.IncidentURL, "title": cutRunes(title, 250)},
	}
	_, err := w.t.client.write(ctx, request{method: http.MethodPost, path: "rest/api/2/issue/" + w.on.Ref.ID + "/remotelink", body: body, class: domain.CallWrite})
	if errors.Is(err, domain.ErrForbidden) || errors.Is(err, domain.ErrInvalid) || errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	return err
}

func cutRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// unlink takes the block and the marker away and leaves the rest as it is.
func (w *write) unlink(ctx context.Context) (domain.Pushed, error) {
	body := map[string]any{}
	if w.body.block.found && !w.frozen() {
		body["fields"] = map[string]any{"description": orNull(w.body.block.without())}
	}
	if w.t.cloud() && w.on.MeasureID != "" {
		body["properties"] = []map[string]any{{"key": propertyKey, "value": map[string]string{}}}
	}
	path := "rest/api/2/issue/" + w.on.Ref.ID
	if len(body) > 0 {
		if _, err := w.t.client.write(ctx, request{method: http.MethodPut, path: path, body: body, class: domain.CallWrite}); err != nil {
			return w.pushed, err
		}
	}
	if w.t.cloud() || w.on.MeasureID == "" {
		return w.pushed, nil
	}
	// Data Center takes properties through their own address only.
	_, err := w.t.client.write(ctx, request{method: http.MethodPut, path: path + "/properties/" + propertyKey, body: map[string]string{}, class: domain.CallWrite, bare: true})
	return w.pushed, err
}

func joinTexts(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n\n" + b
}
