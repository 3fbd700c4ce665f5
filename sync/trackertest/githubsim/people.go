package githubsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Person acts in the tracker as people do in a browser: no token, no rate
// limit, but the same rules and the same webhooks.
type Person struct {
	s     *Server
	login string
}

// As returns a person. The user must exist.
func (s *Server) As(login string) Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustUser(login)
	return Person{s, login}
}

// Edit is a set of changes to an issue. Nil members stay as they are.
type Edit struct {
	Title     *string
	Body      *string
	State     *string // open or closed
	Reason    *string // completed, not_planned or duplicate
	Labels    *[]string
	Assignees *[]string
	Milestone *int // a number; zero removes the milestone
}

// Create opens an issue and returns its number.
func (p Person) Create(full, title, body string, labels ...string) (int, error) {
	return p.open(full, false, Edit{Title: &title, Body: &body, Labels: &labels})
}

// CreatePull opens a pull request, which shares numbers and lists with issues.
func (p Person) CreatePull(full, title, body string) (int, error) {
	return p.open(full, true, Edit{Title: &title, Body: &body})
}

func (p Person) open(full string, pull bool, e Edit) (int, error) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	r, by := p.s.mustRepo(full), p.s.mustUser(p.login)
	if err := writable(r, by, RoleRead); err != nil {
		return 0, err
	}
	ch, err := p.change(r, e)
	if err != nil {
		return 0, err
	}
	return p.s.open(r, by, nil, ch, pull).number, nil
}

// Edit changes an issue.
func (p Person) Edit(full string, number int, e Edit) error {
	return p.on(full, number, func(i *issue, by *user) error {
		ch, err := p.change(i.repo, e)
		if err != nil {
			return err
		}
		p.s.apply(i, by, nil, ch)
		return nil
	})
}

// on runs f on a live issue the person may change.
func (p Person) on(full string, number int, f func(*issue, *user) error) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	r, by := p.s.mustRepo(full), p.s.mustUser(p.login)
	i := r.numbers[number]
	if i == nil || !i.cur().live() {
		return missing(full, number)
	}
	need := RoleTriage
	if i.author == by {
		need = RoleRead
	}
	if err := writable(r, by, need); err != nil {
		return err
	}
	return f(i, by)
}

func missing(full string, number int) error {
	return fmt.Errorf("githubsim: %s has no live issue %d", full, number)
}

func writable(r *repo, by *user, need Role) error {
	switch {
	case r.archived:
		return fmt.Errorf("githubsim: %s is archived", r.full())
	case !r.hasIssues:
		return fmt.Errorf("githubsim: %s has no issues", r.full())
	case r.role(by) < need:
		return fmt.Errorf("githubsim: %s may not write in %s", by.login, r.full())
	}
	return nil
}

func (p Person) change(r *repo, e Edit) (change, error) {
	ch := change{state: e.State, reason: e.Reason, labels: e.Labels}
	if e.Title != nil {
		title := strings.TrimSpace(*e.Title)
		if title == "" {
			return ch, fmt.Errorf("githubsim: an issue needs a title")
		}
		ch.title = &title
	}
	if e.Body != nil {
		body := p.s.typed(*e.Body)
		ch.body = &text{&body}
	}
	if e.State != nil && *e.State != "open" && *e.State != "closed" {
		return ch, fmt.Errorf("githubsim: there is no state %q", *e.State)
	}
	if e.Assignees != nil {
		list := []*user{}
		for _, login := range *e.Assignees {
			u := p.s.users[fold(login)]
			if !assignable(r, u) {
				return ch, fmt.Errorf("githubsim: %s cannot be assigned in %s", login, r.full())
			}
			list = appendNew(list, u)
		}
		ch.assignees = &list
	}
	if e.Milestone != nil {
		ch.milestone = &milestoneChange{}
		if *e.Milestone > 0 {
			n := slices.IndexFunc(r.milestones, func(m *milestone) bool { return m.number == *e.Milestone })
			if n < 0 {
				return ch, fmt.Errorf("githubsim: %s has no milestone %d", r.full(), *e.Milestone)
			}
			ch.milestone.to = r.milestones[n]
		}
	}
	return ch, nil
}

// typed is what a browser makes of a text: form fields are sent with CRLF.
func (s *Server) typed(body string) string {
	body = strings.ReplaceAll(body, "\r\n", "\n")
	if !s.opts.LFInBrowser {
		body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	return body
}

// Close closes an issue; the reason is completed, not_planned or duplicate.
func (p Person) Close(full string, number int, reason string) error {
	state := "closed"
	return p.Edit(full, number, Edit{State: &state, Reason: &reason})
}

// Reopen opens a closed issue again.
func (p Person) Reopen(full string, number int) error {
	state := "open"
	return p.Edit(full, number, Edit{State: &state})
}

// Retitle changes the title.
func (p Person) Retitle(full string, number int, title string) error {
	return p.Edit(full, number, Edit{Title: &title})
}

// Rewrite changes the body.
func (p Person) Rewrite(full string, number int, body string) error {
	return p.Edit(full, number, Edit{Body: &body})
}

// SetLabels replaces the labels.
func (p Person) SetLabels(full string, number int, names ...string) error {
	return p.Edit(full, number, Edit{Labels: &names})
}

// SetAssignees replaces the assignees.
func (p Person) SetAssignees(full string, number int, logins ...string) error {
	return p.Edit(full, number, Edit{Assignees: &logins})
}

// Lock stops comments by people without write access.
func (p Person) Lock(full string, number int, reason string) error {
	return p.lock(full, number, true, reason)
}

// Unlock allows comments again.
func (p Person) Unlock(full string, number int) error { return p.lock(full, number, false, "") }

func (p Person) lock(full string, number int, locked bool, reason string) error {
	return p.on(full, number, func(i *issue, by *user) error {
		ch := change{locked: &locked}
		if reason != "" {
			ch.lockReason = &reason
		}
		p.s.apply(i, by, nil, ch)
		return nil
	})
}

// Delete deletes an issue for good: 410 from then on.
func (p Person) Delete(full string, number int) error {
	return p.on(full, number, func(i *issue, by *user) error {
		p.s.emitIssue(i, "deleted", by, nil)
		v := p.s.next(i, by)
		v.deleted = true
		p.s.record(i, v)
		return nil
	})
}

// Transfer moves an issue to another repository and returns its new number.
// The old address redirects.
func (p Person) Transfer(full string, number int, to string) (int, error) {
	moved := 0
	err := p.on(full, number, func(i *issue, by *user) error {
		s, target := p.s, p.s.mustRepo(to)
		if err := writable(target, by, RoleWrite); err != nil {
			return err
		}
		target.next++
		moved = target.next
		n := &issue{
			id: s.id(), number: moved, repo: target, author: i.author, app: i.app, created: i.created,
			pull: i.pull, comments: i.comments, events: i.events,
		}
		v := s.next(i, by)
		v.milestone, v.fields = nil, nil
		names := make([]string, 0, len(v.labels))
		for _, l := range v.labels {
			if target.labels[fold(l.name)] != nil {
				names = append(names, l.name)
			}
		}
		v.labels = s.ensureLabels(target, names)
		v.assignees = slices.DeleteFunc(v.assignees, func(u *user) bool { return !assignable(target, u) })
		s.record(n, v)
		s.emitIssue(i, "transferred", by, map[string]any{"changes": map[string]any{
			"new_issue": s.wireIssue(v, true), "new_repository": s.hookRepo(target),
		}})
		gone := s.next(i, by)
		gone.movedTo = n
		s.record(i, gone)
		s.emitIssue(n, "opened", by, map[string]any{"changes": map[string]any{
			"old_issue": s.wireIssue(i.cur(), true), "old_repository": s.hookRepo(i.repo),
		}})
		return nil
	})
	return moved, err
}

// AddMilestone creates a milestone and returns its number.
func (p Person) AddMilestone(full, title string, due *time.Time) int {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	r := p.s.mustRepo(full)
	m := &milestone{
		id: p.s.id(), number: len(r.milestones) + 1, title: title, state: "open", creator: p.s.mustUser(p.login),
		at: p.s.now(), due: due,
	}
	r.milestones = append(r.milestones, m)
	p.s.tick()
	return m.number
}
