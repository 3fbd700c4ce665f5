package github

import (
	"context"
	"net/http"
	"slices"
	"strings"

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
