package jirasim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Issue is a snapshot of an issue for tests and the demo. People are named by
// account id on Cloud and by user name on Data Center.
type Issue struct {
	ID, Key, Project   string
	TypeID, Type       string
	StatusID, Status   string
	Category           Category
	Resolution         string
	PriorityID         string
	Priority           string
	Summary            string
	Description        string // wiki text
	Assignee, Reporter string
	Creator            string
	Labels             []string
	DueDate            string // 2026-03-31, or empty
	Custom             map[string]any
	Properties         map[string]json.RawMessage
	LinkIDs            []string // globalId of each remote link
	Created, Updated   time.Time
	Deleted            bool
	CreatedWith        string // the token it was created with, empty if by hand
	Changes            int    // entries in the changelog
}

// Issue returns the present state of an issue, also of a deleted one.
func (s *Server) Issue(idOrKey string) (Issue, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(idOrKey)
	if i == nil {
		return Issue{}, false
	}
	return s.snapshot(i), true
}

// Oracle returns everything ever created, in the order of creation, deleted
// issues included.
func (s *Server) Oracle() []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Issue, 0, len(s.ledger))
	for _, i := range s.ledger {
		out = append(out, s.snapshot(i))
	}
	return out
}

func (s *Server) snapshot(i *issue) Issue {
	v := i.cur()
	x := Issue{
		ID: i.sid(), Key: v.key, Project: v.project.key, TypeID: v.typ.id, Type: v.typ.name, StatusID: v.status.id,
		Status: v.status.name, Category: v.status.category, PriorityID: v.priority.id, Priority: v.priority.name,
		Summary: v.summary, Description: v.description, Creator: s.userID(i.creator), Labels: slices.Clone(v.labels),
		DueDate: v.due, Custom: maps.Clone(v.custom), Properties: maps.Clone(i.props), Created: i.created,
		Updated: v.updated, Deleted: v.deleted, CreatedWith: i.token, Changes: len(i.history),
	}
	if v.resolution != nil {
		x.Resolution = v.resolution.name
	}
	if v.assignee != nil {
		x.Assignee = s.userID(v.assignee)
	}
	if v.reporter != nil {
		x.Reporter = s.userID(v.reporter)
	}
	for _, l := range i.links {
		x.LinkIDs = append(x.LinkIDs, l.globalID)
	}
	return x
}

// Values are fields a person sets. Priority, assignee, reporter and issuetype
// are named by a plain string, an empty assignee or nil clears.
type Values map[string]any

// CreateIssue lets a person create an issue.
func (s *Server) CreateIssue(by, projectKey, typeRef string, values Values) (Issue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, u := s.mustProject(projectKey), s.mustUser(by)
	t := must(p.typ(typeRef), "issue type", typeRef)
	if !s.may(u, p, CreateIssues) {
		return Issue{}, fmt.Errorf("jirasim: %s may not create issues in %s", by, p.key)
	}
	v := s.fresh(p, t, u)
	if err := s.fill(v, u, values); err != nil {
		return Issue{}, err
	}
	if v.summary == "" {
		return Issue{}, fmt.Errorf("jirasim: an issue needs a summary")
	}
	return s.snapshot(s.begin(v, u, "")), nil
}

// EditIssue lets a person edit an issue.
func (s *Server) EditIssue(by, idOrKey string, values Values) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, u := s.mustIssue(idOrKey), s.mustUser(by)
	v := i.draft(u)
	if v.deleted || !s.sees(u, v) || !s.may(u, v.project, EditIssues) {
		return fmt.Errorf("jirasim: %s may not edit %s", by, idOrKey)
	}
	if err := s.fill(v, u, values); err != nil {
		return err
	}
	s.commitEdit(i, v, "")
	return nil
}

func (s *Server) fill(v *revision, by *user, values Values) error {
	in := input{Fields: map[string]json.RawMessage{}, by: by, version: "2", allowed: func(string) bool { return true }}
	for id, x := range values {
		raw, err := json.Marshal(s.longhand(id, x))
		if err != nil {
			return fmt.Errorf("jirasim: value of %s: %w", id, err)
		}
		in.Fields[id] = raw
	}
	if errs := s.apply(v, in); len(errs) > 0 {
		return fmt.Errorf("jirasim: refused: %v", errs)
	}
	return nil
}

// longhand turns the plain strings people give into the form of the API.
func (s *Server) longhand(id string, x any) any {
	text, isText := x.(string)
	switch id {
	case "description":
		if isText && s.opts.CRLF {
			return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
		}
	case "priority", "issuetype":
		if isText {
			return map[string]string{"name": text, "id": s.idOf(id, text)}
		}
	case "assignee", "reporter":
		if isText {
			u := s.user(text)
			if u == nil {
				return map[string]string{"accountId": text, "name": text}
			}
			return map[string]string{"accountId": u.AccountID, "name": u.Name}
		}
	}
	return x
}

func (s *Server) idOf(field, ref string) string {
	if field == "priority" {
		if p := pick(s.priorities, ref, func(p *priority) (string, string) { return p.id, p.name }); p != nil {
			return p.id
		}
	}
	if t := pick(s.types, ref, func(t *issueType) (string, string) { return t.id, t.name }); t != nil && field == "issuetype" {
		return t.id
	}
	return ref
}

// TransitionIssue lets a person press a button: target is the id or label of
// a transition, or the id or name of the status it leads to. The outcome is a
// resolution, by id or name, and may be empty.
func (s *Server) TransitionIssue(by, idOrKey, target, outcome string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, u := s.mustIssue(idOrKey), s.mustUser(by)
	v := i.draft(u)
	var r *resolution
	if outcome != "" {
		r = must(s.resolutionBy(outcome), "resolution", outcome)
	}
	for _, st := range s.steps(v, u) {
		if st.ID != target && !strings.EqualFold(st.Name, target) && st.to.id != target && !strings.EqualFold(st.to.name, target) {
			continue
		}
		if st.Resolution == Required && r == nil {
			return fmt.Errorf("jirasim: %s needs a resolution", st.Name)
		}
		s.take(v, st, r)
		s.commitEdit(i, v, "issue_generic")
		return nil
	}
	return fmt.Errorf("jirasim: no transition of %s, now %s, leads to %q", v.key, v.status.name, target)
}

// MoveIssue lets a person move an issue to another project and returns the new
// key. The old one keeps answering. Type and status are kept if the project
// has them, else the first type and the initial status are taken.
func (s *Server) MoveIssue(by, idOrKey, projectKey string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, u, p := s.mustIssue(idOrKey), s.mustUser(by), s.mustProject(projectKey)
	v := i.draft(u)
	v.project = p
	p.counter++
	v.key = fmt.Sprintf("%s-%d", p.key, p.counter)
	if !slices.Contains(p.types, v.typ) {
		v.typ = p.types[0]
	}
	if w := p.workflows[v.typ.id]; !slices.Contains(w.statuses, v.status) {
		v.status = w.initial
	}
	if !slices.Contains(p.priorities, v.priority) {
		v.priority = s.fresh(p, v.typ, u).priority
	}
	s.commitEdit(i, v, "issue_moved")
	return v.key
}

// DeleteIssue lets a person delete an issue.
func (s *Server) DeleteIssue(by, idOrKey string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(s.mustIssue(idOrKey), s.mustUser(by))
}

// CloneIssue lets a person clone an issue: fields and labels are copied, and
// properties too if withProperties is set. Remote links are not.
func (s *Server) CloneIssue(by, idOrKey string, withProperties bool) Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, u := s.mustIssue(idOrKey), s.mustUser(by)
	v := i.draft(u)
	v.issue = nil
	v.summary = "CLONE - " + v.summary
	v.resolution, v.resolved, v.reporter = nil, time.Time{}, u
	n := s.begin(v, u, "")
	if withProperties {
		n.props = maps.Clone(i.props)
	}
	return s.snapshot(n)
}
