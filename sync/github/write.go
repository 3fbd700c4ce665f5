package github

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/followthrough/followthrough/domain"
)

// Create makes an issue with everything in one request. The nonce travels
// inside the text, so that a lost answer does not lose the issue.
func (t *Tracker) Create(ctx context.Context, draft domain.Draft) (domain.Snapshot, error) {
	if !tokenText.MatchString(draft.MeasureID) || draft.MeasureID == "" || !tokenText.MatchString(draft.Nonce) || draft.Nonce == "" {
		return domain.Snapshot{}, domain.Invalid("draft", "the measure's id %q or the nonce cannot travel in an issue", draft.MeasureID)
	}
	if err := t.writable(ctx); err != nil {
		return domain.Snapshot{}, err
	}
	body := t.newIssue(draft)
	op := operation{what: "create an issue in " + t.cfg.Tracker.Repository, creates: true}
	if login, problem := t.assignee(ctx, draft.Values[domain.FieldOwner]); problem == "" && login != "" {
		body["assignees"] = []string{login}
	}
	a, err := t.client.do(ctx, op, http.MethodPost, t.repository()+"/issues", body)
	if refusedField(err, "assignees") {
		delete(body, "assignees") // one unassignable person does not hold up the issue (T70)
		a, err = t.client.do(ctx, op, http.MethodPost, t.repository()+"/issues", body)
	}
	if err != nil {
		return domain.Snapshot{}, err
	}
	i, err := t.decode(op, a)
	if err != nil {
		return domain.Snapshot{}, err
	}
	return t.snapshot(i, t.knownPlace(), a.at, a.server), nil
}

// newIssue is the body of a create.
func (t *Tracker) newIssue(draft domain.Draft) map[string]any {
	var d document
	d.before = descriptionText(draft.Values[domain.FieldDescription], document{})
	d.adopt(draft.MeasureID, draft.Nonce)
	t.fill(&d, draft, nil)
	labels := slices.Clone(t.cfg.Tracker.Mapping.ExtraLabels)
	if p := draft.Values[domain.FieldPriority]; p != "" {
		labels = append(labels, t.priorityLabels[domain.Priority(p)])
	}
	if draft.Values[domain.FieldStatus] == string(domain.ProjectionInProgress) {
		labels = append(labels, t.progressLabel)
	}
	body := map[string]any{"title": putTitle(draft.Values[domain.FieldTitle]).Raw, "body": d.String()}
	if len(labels) > 0 {
		body["labels"] = labels
	}
	return body
}

// fill writes the block's lines: those named, and those that are missing.
func (t *Tracker) fill(d *document, draft domain.Draft, named []domain.Field) {
	if _, there := d.line(lineMeasure); !there {
		if address := t.measureURL(draft); address != "" && !strings.ContainsAny(address, " <>\n") {
			d.setRaw(lineMeasure, address)
		}
	}
	for _, line := range []struct {
		field domain.Field
		name  string
	}{{domain.FieldDueOn, lineDue}, {domain.FieldMetric, lineMetric}, {domain.FieldIncident, lineIncident}} {
		value, given := draft.Values[line.field]
		_, there := d.line(line.name)
		switch {
		case !given || there && !slices.Contains(named, line.field):
		case line.field == domain.FieldIncident:
			d.setRaw(line.name, incidentLine(value, t.incidentURL(draft), draft.IncidentTitle))
		default:
			d.set(line.name, value)
		}
	}
}

func (t *Tracker) measureURL(draft domain.Draft) string {
	if draft.MeasureURL == "" && t.cfg.MeasureURL != nil {
		return t.cfg.MeasureURL(draft.MeasureID)
	}
	return draft.MeasureURL
}

func (t *Tracker) incidentURL(draft domain.Draft) string {
	if key := draft.Values[domain.FieldIncident]; draft.IncidentURL == "" && key != "" && t.cfg.IncidentURL != nil {
		return t.cfg.IncidentURL(domain.IncidentKey(key))
	}
	return draft.IncidentURL
}

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

// assignee is the login for an owner of a new issue.
func (t *Tracker) assignee(ctx context.Context, owner string) (login, problem string) {
	if owner == "" {
		return "", ""
	}
	a, problem := t.wanted(owner, native{})
	if problem == "" && a.Login == "" {
		a.Login = t.login(ctx, a)
	}
	return a.Login, problem
}

// login asks for the login of an account that an identity knows by id only.
func (t *Tracker) login(ctx context.Context, a account) string {
	id := accountRaw(a)
	t.mu.Lock()
	login := t.logins[id]
	t.mu.Unlock()
	if login != "" || a.ID == 0 {
		return login
	}
	op := operation{what: "read account " + id, issue: true}
	answered, err := t.client.do(ctx, op, http.MethodGet, "user/"+id, nil)
	var found account
	if err != nil || t.client.into(op, answered, &found) != nil || found.ID != a.ID {
		return ""
	}
	t.mu.Lock()
	t.logins[id] = found.Login
	t.mu.Unlock()
	return found.Login
}
