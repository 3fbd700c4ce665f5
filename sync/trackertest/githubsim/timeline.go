package githubsim

import (
	"slices"
	"strconv"
	"strings"
)

// entry is one row of a timeline with its place in it.
type entry struct {
	at   int64
	id   int64
	json any
}

// timeline is G13: events and comments, oldest first.
func (c *call) timeline() *reply { return c.history(true) }

// issueEvents is the same list without comments.
func (c *call) issueEvents() *reply { return c.history(false) }

func (c *call) history(comments bool) *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	i, other := c.issue(r)
	if other != nil {
		return other
	}
	var list []entry
	for _, e := range i.events {
		list = append(list, entry{e.at.Unix(), e.id, c.wireEvent(i, e)})
	}
	if comments {
		for _, k := range i.comments {
			list = append(list, entry{k.created.Unix(), k.id, c.wireCommented(i, k)})
		}
	}
	slices.SortFunc(list, func(a, b entry) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return int(a.id - b.id)
	})
	rows := make([]any, 0, len(list))
	for _, e := range list {
		rows = append(rows, e.json)
	}
	return cut(c, rows)
}

func (s *Server) wireEvent(i *issue, e *event) map[string]any {
	id := strconv.FormatInt(e.id, 10)
	w := map[string]any{
		"id": e.id, "node_id": nodeID(strings.ToUpper(e.kind[:2])+"E_", e.id),
		"url": s.repoURL(i.repo) + "/issues/events/" + id, "actor": s.wireUser(e.actor), "event": e.kind,
		"commit_id": nil, "commit_url": nil, "created_at": stamp(e.at), "performed_via_github_app": s.wireApp(e.app),
	}
	switch {
	case e.label != nil:
		w["label"] = map[string]string{"name": e.label.name, "color": e.label.color}
	case e.assignee != nil:
		w["assignee"], w["assigner"] = s.wireUser(e.assignee), s.wireUser(e.actor)
	case e.milestone != nil:
		w["milestone"] = map[string]string{"title": e.milestone.title}
	}
	switch e.kind {
	case "renamed":
		w["rename"] = map[string]string{"from": e.from, "to": e.to}
	case "closed", "reopened":
		w["state_reason"] = e.reason
	case "locked":
		w["lock_reason"] = e.reason
	}
	return w
}

func (s *Server) wireCommented(i *issue, k *comment) map[string]any {
	w := s.wireComment(i, k)
	return map[string]any{
		"url": w.URL, "html_url": w.HTMLURL, "issue_url": w.IssueURL, "id": w.ID, "node_id": w.NodeID, "user": w.User,
		"created_at": w.CreatedAt, "updated_at": w.UpdatedAt, "author_association": w.Association, "body": w.Body,
		"reactions": w.Reactions, "performed_via_github_app": w.App, "event": "commented", "actor": w.User,
	}
}
