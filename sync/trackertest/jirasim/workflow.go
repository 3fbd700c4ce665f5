package jirasim

import (
	"slices"
	"time"
)

// ResolutionRule says how a transition screen treats the resolution field.
type ResolutionRule int

// The rules for the resolution field on a transition screen.
const (
	// Forbidden means that the field is not on the screen: sending it is
	// refused with "cannot be set".
	Forbidden ResolutionRule = iota
	// Allowed means that the field is on the screen and may be left out.
	Allowed
	// Required means that the transition is refused without it.
	Required
)

// Step is one transition of a workflow.
type Step struct {
	// ID is the id of the transition. One target may have several ids.
	ID string
	// Name is the label of the button.
	Name string
	// From lists the statuses, by id or name, it leaves; empty means any.
	From []string
	// To is the status, by id or name, it leads to.
	To string
	// Resolution says how the transition screen treats the resolution.
	Resolution ResolutionRule
	// Unlisted leaves the resolution out of expand=transitions.fields though
	// it is on the screen, as some sites do.
	Unlisted bool
	// Sets is the resolution, by id or name, set by the workflow itself.
	Sets string
	// Needs is a permission besides TRANSITION_ISSUES.
	Needs string
}

// Workflow is a set of transitions and the status new issues have.
type Workflow struct {
	Initial string
	Steps   []Step
}

// SimpleWorkflow is To Do, In Progress and Done with transitions from
// everywhere, as new Cloud projects have it. Done sets the resolution.
func SimpleWorkflow() Workflow {
	return Workflow{Initial: "10000", Steps: []Step{
		{ID: "11", Name: "To Do", To: "10000"},
		{ID: "21", Name: "In Progress", To: "3"},
		{ID: "31", Name: "Done", To: "10001", Sets: "Done"},
	}}
}

// ClassicWorkflow is the workflow old projects have: the id of a transition
// depends on the status, resolving asks for a resolution, and reopening
// refuses one.
func ClassicWorkflow() Workflow {
	return Workflow{Initial: "1", Steps: []Step{
		{ID: "4", Name: "Start Progress", From: []string{"1", "4"}, To: "3"},
		{ID: "301", Name: "Stop Progress", From: []string{"3"}, To: "1"},
		{ID: "5", Name: "Resolve Issue", From: []string{"1", "3", "4"}, To: "5", Resolution: Required},
		{ID: "2", Name: "Close Issue", From: []string{"1", "3", "4"}, To: "6", Resolution: Required},
		{ID: "701", Name: "Close Issue", From: []string{"5"}, To: "6"},
		{ID: "3", Name: "Reopen Issue", From: []string{"5", "6"}, To: "4"},
	}}
}

// SetWorkflow sets the workflow of one issue type of a project, or of all its
// types if typeRef is empty. Issues keep their status.
func (s *Server) SetWorkflow(projectKey, typeRef string, w Workflow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.mustProject(projectKey)
	for _, t := range p.types {
		if typeRef == "" || t.id == typeRef || t.name == typeRef {
			p.workflows[t.id] = s.compile(w)
		}
	}
}

type workflow struct {
	initial  *status
	statuses []*status
	steps    []*step
}

type step struct {
	Step
	from []*status
	to   *status
	sets *resolution
}

func (s *Server) compile(w Workflow) *workflow {
	out := &workflow{initial: s.mustStatus(w.Initial)}
	add := func(st *status) {
		if !slices.Contains(out.statuses, st) {
			out.statuses = append(out.statuses, st)
		}
	}
	add(out.initial)
	for _, x := range w.Steps {
		st := &step{Step: x, to: s.mustStatus(x.To)}
		for _, from := range x.From {
			st.from = append(st.from, s.mustStatus(from))
			add(s.mustStatus(from))
		}
		if x.Sets != "" {
			st.sets = must(s.resolutionBy(x.Sets), "resolution", x.Sets)
		}
		add(st.to)
		out.steps = append(out.steps, st)
	}
	return out
}

// steps returns the transitions a user may take from a state. Transitions from
// anywhere are offered from their own target, too, as Jira offers them.
func (s *Server) steps(v *revision, u *user) []*step {
	var out []*step
	if !s.may(u, v.project, Transition) || v.project.archived {
		return nil
	}
	for _, st := range v.project.workflows[v.typ.id].steps {
		if len(st.from) > 0 && !slices.Contains(st.from, v.status) {
			continue
		}
		if st.Needs != "" && !s.may(u, v.project, st.Needs) {
			continue
		}
		out = append(out, st)
	}
	return out
}

// take moves a draft along a step.
func (s *Server) take(v *revision, st *step, chosen *resolution) {
	if v.status.category != st.to.category {
		v.categoryAt = s.now()
	}
	v.status = st.to
	r := st.sets
	if chosen != nil {
		r = chosen
	}
	switch {
	case r != nil:
		v.resolution, v.resolved = r, s.now()
	case st.to.category != CategoryDone:
		v.resolution, v.resolved = nil, time.Time{}
	}
}
