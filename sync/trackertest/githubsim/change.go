package githubsim

import (
	"slices"
)

// open creates an issue or pull request and announces it.
func (s *Server) open(r *repo, by *user, via *app, ch change, pull bool) *issue {
	r.next++
	i := &issue{id: s.id(), number: r.next, repo: r, author: by, app: via, created: s.now(), pull: pull}
	v := &revision{by: by, state: "open", updated: i.created}
	s.fill(i, v, ch)
	s.record(i, v)
	s.emitIssue(i, "opened", by, nil)
	for _, l := range v.labels {
		s.happened(i, &event{kind: "labeled", actor: by, label: l, app: via})
		s.emitIssue(i, "labeled", by, map[string]any{"label": s.wireLabel(r, l)})
	}
	for _, u := range v.assignees {
		s.happened(i, &event{kind: "assigned", actor: by, assignee: u, app: via})
		s.emitIssue(i, "assigned", by, map[string]any{"assignee": s.wireUser(u)})
	}
	return i
}

// fill writes the plain members of a change into a revision.
func (s *Server) fill(i *issue, v *revision, ch change) {
	if ch.title != nil {
		v.title = *ch.title
	}
	if ch.body != nil {
		v.body = ch.body.value
	}
	if ch.labels != nil {
		v.labels = s.ensureLabels(i.repo, *ch.labels)
	}
	if ch.assignees != nil {
		v.assignees = *ch.assignees
	}
	if ch.milestone != nil {
		v.milestone = ch.milestone.to
	}
	if ch.fields != nil {
		v.fields = *ch.fields
	}
	if ch.locked != nil {
		v.locked, v.lockReason = *ch.locked, ch.lockReason
	}
}

// apply makes a change to an issue, if it is one, and announces its parts.
func (s *Server) apply(i *issue, by *user, via *app, ch change) {
	old := i.cur()
	v := s.next(i, by)
	s.fill(i, v, ch)
	s.fillState(v, old, by, ch)
	d := diff(old, v)
	if !d.any() {
		if s.opts.NoopBumpsUpdated {
			s.record(i, v)
		}
		return
	}
	s.record(i, v)
	s.announce(i, old, v, by, via, d)
}

// fillState follows GitHub's rule that a reason counts only together with a
// change of state.
func (s *Server) fillState(v, old *revision, by *user, ch change) {
	if ch.state == nil || *ch.state == old.state {
		if ch.reason != nil {
			s.count("state_reason_ignored")
		}
		return
	}
	v.state = *ch.state
	reason := "completed"
	if v.state == "open" {
		reason = "reopened"
		v.closed, v.closedBy = nil, nil
	} else {
		at := v.updated
		v.closed, v.closedBy = &at, by
		if ch.reason != nil && *ch.reason != "reopened" {
			reason = *ch.reason
		}
	}
	v.reason = &reason
}

// difference is what changed between two revisions.
type difference struct {
	title, body, state, milestone, fields, lock bool
	labeled, unlabeled                          []*label
	assigned, unassigned                        []*user
}

func diff(old, v *revision) difference {
	d := difference{
		title: old.title != v.title, body: deref(old.body) != deref(v.body) || (old.body == nil) != (v.body == nil),
		state: old.state != v.state, milestone: old.milestone != v.milestone, lock: old.locked != v.locked,
		fields:   !slices.EqualFunc(old.fields, v.fields, fieldValue.equal),
		assigned: minus(v.assignees, old.assignees), unassigned: minus(old.assignees, v.assignees),
		labeled: minus(v.labels, old.labels), unlabeled: minus(old.labels, v.labels),
	}
	return d
}

func (d difference) any() bool {
	return d.title || d.body || d.state || d.milestone || d.fields || d.lock ||
		len(d.labeled)+len(d.unlabeled)+len(d.assigned)+len(d.unassigned) > 0
}

func minus[T comparable](a, b []T) []T {
	var out []T
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// announce writes the timeline and sends the webhooks of one change.
func (s *Server) announce(i *issue, old, v *revision, by *user, via *app, d difference) {
	r := i.repo
	if d.title || d.body {
		changes := map[string]any{}
		if d.title {
			changes["title"] = map[string]any{"from": old.title}
			s.happened(i, &event{kind: "renamed", actor: by, from: old.title, to: v.title, app: via})
		}
		if d.body {
			changes["body"] = map[string]any{"from": deref(old.body)}
		}
		s.emitIssue(i, "edited", by, map[string]any{"changes": changes})
	}
	for _, l := range d.unlabeled {
		s.happened(i, &event{kind: "unlabeled", actor: by, label: l, app: via})
		s.emitIssue(i, "unlabeled", by, map[string]any{"label": s.wireLabel(r, l)})
	}
	for _, l := range d.labeled {
		s.happened(i, &event{kind: "labeled", actor: by, label: l, app: via})
		s.emitIssue(i, "labeled", by, map[string]any{"label": s.wireLabel(r, l)})
	}
	for _, u := range d.unassigned {
		s.happened(i, &event{kind: "unassigned", actor: by, assignee: u, app: via})
		s.emitIssue(i, "unassigned", by, map[string]any{"assignee": s.wireUser(u)})
	}
	for _, u := range d.assigned {
		s.happened(i, &event{kind: "assigned", actor: by, assignee: u, app: via})
		s.emitIssue(i, "assigned", by, map[string]any{"assignee": s.wireUser(u)})
	}
	if d.milestone {
		s.announceMilestone(i, old, v, by, via)
	}
	if d.state {
		kind := "reopened"
		if v.state == "closed" {
			kind = "closed"
		}
		s.happened(i, &event{kind: kind, actor: by, reason: v.reason, app: via})
		s.emitIssue(i, kind, by, nil)
	}
	if d.lock {
		kind := "unlocked"
		if v.locked {
			kind = "locked"
		}
		s.happened(i, &event{kind: kind, actor: by, reason: v.lockReason, app: via})
		s.emitIssue(i, kind, by, nil)
	}
}

func (s *Server) announceMilestone(i *issue, old, v *revision, by *user, via *app) {
	if old.milestone != nil {
		s.happened(i, &event{kind: "demilestoned", actor: by, milestone: old.milestone, app: via})
		s.emitIssue(i, "demilestoned", by, map[string]any{"milestone": s.wireMilestone(i.repo, old.milestone)})
	}
	if v.milestone != nil {
		s.happened(i, &event{kind: "milestoned", actor: by, milestone: v.milestone, app: via})
		s.emitIssue(i, "milestoned", by, map[string]any{"milestone": s.wireMilestone(i.repo, v.milestone)})
	}
}

// happened adds an entry to the issue's timeline.
func (s *Server) happened(i *issue, e *event) {
	e.id, e.at = s.id(), s.now()
	i.events = append(i.events, e)
}
