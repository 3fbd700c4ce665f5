package jira

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// workflowPlace is where a set of transitions holds: one project, one issue
// type, one status.
type workflowPlace struct{ project, typ, status string }

// transition is one step of a workflow. Ids differ per workflow and source
// status, so steps are chosen by where they lead (T60).
type transition struct {
	ID     text  `json:"id"`
	To     named `json:"to"`
	Fields map[string]struct {
		Required bool `json:"required"`
	} `json:"fields,omitempty"`
}

func (t *Tracker) remember(at workflowPlace, list []transition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.transitions) > 1000 {
		clear(t.transitions) // costs a request, never correctness
	}
	t.transitions[at] = list
}

func (t *Tracker) recall(at workflowPlace) ([]transition, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	list, ok := t.transitions[at]
	return list, ok
}

func (t *Tracker) forget(at workflowPlace) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.transitions, at)
}

// already reports whether the status can express p by itself, so that
// only the resolution differs.
func (t *Tracker) already(p domain.Projection, n native) bool {
	got, ok := t.mapping.statusOf(n.Status, n.Category, t.mapping.Resolutions[p])
	return ok && got == p
}

// choose picks the step to the most preferred status of p.
func (t *Tracker) choose(list []transition, p domain.Projection, n native) (transition, bool) {
	if wanted := t.mapping.Statuses[p]; len(wanted) > 0 {
		for _, id := range wanted {
			for _, tr := range list {
				if string(tr.To.ID) == id && id != n.Status {
					return tr, true
				}
			}
		}
		return transition{}, false
	}
	for _, tr := range list {
		got, ok := t.mapping.statusOf(string(tr.To.ID), tr.To.Category.Key, t.mapping.Resolutions[p])
		if ok && got == p && string(tr.To.ID) != n.Status {
			return tr, true
		}
	}
	return transition{}, false
}

// move is one change of status.
type move struct {
	t      *Tracker
	ref    domain.RemoteRef
	n      native
	target domain.Projection
	// took is the step that was taken.
	took transition
	// back is set when the issue had to be read again.
	back *domain.Snapshot
}

// run brings the status to its target. It returns a sentence when Jira cannot
// take it; an error is something to be tried again.
func (m *move) run(ctx context.Context) (string, error) {
	at := workflowPlace{m.ref.Place, m.n.Type, m.n.Status}
	list, cached := m.n.Transitions, m.n.Listed
	if !cached {
		list, cached = m.t.recall(at)
	}
	if !cached {
		var err error
		if list, err = m.read(ctx, at); err != nil {
			return "", err
		}
	}
	problem, err := m.take(ctx, list)
	if !m.moved(err) {
		return problem, err
	}
	// The step is gone: somebody took it, or the list was old (T61).
	m.t.forget(at)
	back, err := m.t.fetch(ctx, m.ref.ID)
	if err != nil {
		return "", err
	}
	m.back, m.n = &back, nativeOf(back)
	if back.Fields[domain.FieldStatus].Value == string(m.target) {
		return "", nil
	}
	problem, err = m.take(ctx, m.n.Transitions)
	if m.moved(err) {
		return "Jira does not take the change of status: " + m.t.client.redact(err.Error()), nil
	}
	if err == nil && problem == "" {
		m.back = nil
	}
	return problem, err
}

// moved reports answers that mean "this step is not available now".
func (m *move) moved(err error) bool {
	status, _ := statusOf(err)
	return status == http.StatusBadRequest || status == http.StatusConflict
}

func (m *move) read(ctx context.Context, at workflowPlace) ([]transition, error) {
	var page struct {
		Transitions []transition `json:"transitions"`
	}
	r := request{method: http.MethodGet, path: "rest/api/2/issue/" + m.ref.ID + "/transitions", query: url.Values{"expand": {"transitions.fields"}}, class: domain.CallRead}
	if _, err := m.t.client.get(ctx, r, &page); err != nil {
		return nil, err
	}
	m.t.remember(at, page.Transitions)
	return page.Transitions, nil
}

// take goes one step. The resolution is sent when listed or configured; a
// screen that does not have it, or asks for it, gets one more try (T60).
func (m *move) take(ctx context.Context, list []transition) (string, error) {
	tr, ok := m.t.choose(list, m.target, m.n)
	if !ok {
		if m.t.already(m.target, m.n) {
			return m.resolve(ctx)
		}
		return "no transition leads from here to a status for " + string(m.target) + "; move the issue in Jira or complete the mapping", nil
	}
	resolution := m.resolution(tr)
	err := m.post(ctx, tr, resolution)
	status, said := statusOf(err)
	if status == http.StatusBadRequest && said.Fields["resolution"] != "" {
		switch needed := m.t.mapping.byResolution(string(tr.To.ID)) && m.target == domain.ProjectionCancelled; {
		case resolution != "" && needed:
			return "the transition does not take the resolution that means cancelled; map a status for cancelled", nil
		case resolution != "":
			m.t.refuse(m.ref.Place, tr)
			err = m.post(ctx, tr, "")
		case m.t.mapping.Resolutions[m.target] != "":
			err = m.post(ctx, tr, m.t.mapping.Resolutions[m.target])
		default:
			return "the transition asks for a resolution; map one for " + string(m.target), nil
		}
	}
	if err == nil {
		m.took = tr
	}
	return "", err
}

func (t *Tracker) refuse(place string, tr transition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused[place+"/"+string(tr.ID)] = true
}

func (m *move) resolution(tr transition) string {
	m.t.mu.Lock()
	refused := m.t.refused[m.ref.Place+"/"+string(tr.ID)]
	m.t.mu.Unlock()
	if category(m.target) != "done" || refused {
		return ""
	}
	return m.t.mapping.Resolutions[m.target]
}

func (m *move) post(ctx context.Context, tr transition, resolution string) error {
	body := map[string]any{"transition": map[string]string{"id": string(tr.ID)}}
	if resolution != "" {
		body["fields"] = map[string]any{"resolution": map[string]string{"id": resolution}}
	}
	_, err := m.t.client.write(ctx, request{method: http.MethodPost, path: "rest/api/2/issue/" + m.ref.ID + "/transitions", body: body, class: domain.CallWrite})
	return err
}

// resolve changes done to cancelled, or back, where one status means both.
func (m *move) resolve(ctx context.Context) (string, error) {
	id := m.t.mapping.Resolutions[m.target]
	if id == "" {
		return "map a resolution for " + string(m.target) + "; the status alone does not tell it", nil
	}
	body := map[string]any{"fields": map[string]any{"resolution": map[string]string{"id": id}}}
	_, err := m.t.client.write(ctx, request{method: http.MethodPut, path: "rest/api/2/issue/" + m.ref.ID, body: body, class: domain.CallWrite})
	if status, said := statusOf(err); status == http.StatusBadRequest && said.Fields["resolution"] != "" {
		return "Jira does not let the resolution be changed; reopen the issue first", nil
	}
	return "", err
}

// target is the status reached, with its resolution, as far as known.
func (m *move) reached() (status, resolution string) {
	return string(m.took.To.ID), m.resolution(m.took)
}

// closing reports whether a move ends the work: then fields are written first,
// because screens may lock them afterwards. Reopening goes the other way.
func closes(target domain.Projection) bool {
	return slices.Contains([]domain.Projection{domain.ProjectionDone, domain.ProjectionCancelled}, target)
}
