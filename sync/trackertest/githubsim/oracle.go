package githubsim

import "time"

// Issue is the true state of an issue, for assertions.
type Issue struct {
	ID          int64
	NodeID      string
	RepoID      int64
	Repo        string
	Number      int
	Title       string
	Body        string
	State       string
	StateReason string
	Labels      []string
	Assignees   []string
	Milestone   int
	Author      string
	App         string // the slug of the app it was created through
	Pull        bool
	Locked      bool
	Comments    int
	Fields      map[string]string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	ChangedBy   string
	Deleted     bool
	MovedTo     int64 // the id of the issue it became in another repository
	Revisions   int
}

// Oracle lists everything ever created, in order of creation, deleted and
// transferred issues included. No token, lag or fault hides anything from it.
func (s *Server) Oracle() []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Issue, 0, len(s.ledger))
	for _, i := range s.ledger {
		out = append(out, s.view(i.cur()))
	}
	return out
}

// Issue returns the true state of one issue, deleted or not.
func (s *Server) Issue(full string, number int) (Issue, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.mustRepo(full).numbers[number]
	if i == nil {
		return Issue{}, false
	}
	return s.view(i.cur()), true
}

// History returns every state an issue was ever in, oldest first. A value a
// person entered must be in one of ours, too.
func (s *Server) History(id int64) []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Issue
	for _, i := range s.ledger {
		if i.id == id {
			for _, v := range i.revs {
				out = append(out, s.view(v))
			}
		}
	}
	return out
}

func (s *Server) view(v *revision) Issue {
	i := v.issue
	out := Issue{
		ID: i.id, NodeID: nodeID("I_kwDO", i.id), RepoID: i.repo.id, Repo: i.repo.full(), Number: i.number,
		Title: v.title, Body: deref(v.body), State: v.state, StateReason: deref(v.reason), Author: i.author.login,
		Pull: i.pull, Locked: v.locked, Comments: v.ncomments, CreatedAt: i.created, UpdatedAt: v.updated,
		ChangedBy: v.by.login, Deleted: v.deleted, Revisions: len(i.revs), Fields: map[string]string{},
	}
	if i.app != nil {
		out.App = i.app.slug
	}
	for _, l := range v.labels {
		out.Labels = append(out.Labels, l.name)
	}
	for _, u := range v.assignees {
		out.Assignees = append(out.Assignees, u.login)
	}
	if v.milestone != nil {
		out.Milestone = v.milestone.number
	}
	if v.movedTo != nil {
		out.MovedTo = v.movedTo.id
	}
	for _, f := range v.fields {
		out.Fields[f.field.name] = f.display()
	}
	return out
}

// Labels lists the labels of a repository, oldest first.
func (s *Server) Labels(full string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, l := range s.mustRepo(full).sortedLabels() {
		out = append(out, l.name)
	}
	return out
}

// Comments lists the comments of an issue, oldest first.
func (s *Server) Comments(full string, number int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	if i := s.mustRepo(full).numbers[number]; i != nil {
		for _, k := range i.comments {
			out = append(out, k.body)
		}
	}
	return out
}
