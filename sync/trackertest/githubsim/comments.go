package githubsim

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

type wireComment struct {
	URL         string        `json:"url"`
	HTMLURL     string        `json:"html_url"`
	IssueURL    string        `json:"issue_url"`
	ID          int64         `json:"id"`
	NodeID      string        `json:"node_id"`
	User        *wireUser     `json:"user"`
	CreatedAt   string        `json:"created_at"`
	UpdatedAt   string        `json:"updated_at"`
	Body        string        `json:"body"`
	Association string        `json:"author_association"`
	Reactions   wireReactions `json:"reactions"`
	App         *wireApp      `json:"performed_via_github_app"`
}

func (s *Server) wireComment(i *issue, k *comment) wireComment {
	id := strconv.FormatInt(k.id, 10)
	at := s.repoURL(i.repo) + "/issues/comments/" + id
	number := strconv.Itoa(i.number)
	return wireComment{
		URL: at, HTMLURL: s.html("/"+i.repo.full()) + "/issues/" + number + "#issuecomment-" + id,
		IssueURL: s.repoURL(i.repo) + "/issues/" + number, ID: k.id, NodeID: nodeID("IC_kwDO", k.id),
		User: s.wireUser(k.author), CreatedAt: stamp(k.created), UpdatedAt: stamp(k.updated), Body: k.body,
		Association: association(i.repo, k.author), Reactions: wireReactions{URL: at + "/reactions"}, App: s.wireApp(k.app),
	}
}

// comment adds a comment, which moves the issue's updated_at.
func (s *Server) comment(i *issue, by *user, via *app, body string) *comment {
	k := &comment{id: s.id(), author: by, body: body, created: s.now(), updated: s.now(), app: via}
	i.comments = append(i.comments, k)
	v := s.next(i, by)
	v.ncomments = len(i.comments)
	s.record(i, v)
	if len(s.hooks) > 0 {
		s.emit(i.repo, "issue_comment", "created", by, map[string]any{
			"issue": s.wireIssue(v, true), "comment": s.wireComment(i, k),
		})
	}
	return k
}

// createComment is G12.
func (c *call) createComment() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	if other := c.needWriter(r); other != nil {
		return other
	}
	i, other := c.issue(r)
	if other != nil {
		return other
	}
	var in struct{ Body string }
	if other := c.decode(&in); other != nil {
		return other
	}
	const page = "issues/comments#create-an-issue-comment"
	switch {
	case i.cur().locked && c.role(r) < RoleWrite:
		c.count("comment_locked")
		return c.fail(http.StatusForbidden, "Unable to create comment because issue is locked.", page)
	case strings.TrimSpace(in.Body) == "":
		return c.invalid(page, fieldProblem{Resource: "IssueComment", Field: "body", Code: "missing_field"})
	case utf8.RuneCountInString(in.Body) > bodyLimit:
		return c.invalid(page, fieldProblem{Resource: "IssueComment", Field: "body", Code: "custom", Message: "body is too long (maximum is 65536 characters)"})
	case len(i.comments) >= 2500:
		return c.fail(http.StatusForbidden, "Commenting is disabled on issues with more than 2500 comments", page)
	}
	k := c.comment(i, c.actingUser(), c.actingApp(), in.Body)
	w := c.wireComment(i, k)
	return (&reply{status: http.StatusCreated, value: w}).set("Location", w.URL)
}

func (c *call) listComments() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	i, other := c.issue(r)
	if other != nil {
		return other
	}
	list := make([]wireComment, 0, len(i.comments))
	for _, k := range i.comments {
		list = append(list, c.wireComment(i, k))
	}
	return cut(c, list)
}

func (c *call) getComment() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	for _, i := range r.byCreated {
		for _, k := range i.comments {
			if strconv.FormatInt(k.id, 10) == c.params["comment"] {
				return ok(c.wireComment(i, k))
			}
		}
	}
	return c.notFound()
}

// Comment adds a comment as a person would.
func (p Person) Comment(full string, number int, body string) error {
	p.s.mu.Lock()
	r, by := p.s.mustRepo(full), p.s.mustUser(p.login)
	defer p.s.mu.Unlock()
	i := r.numbers[number]
	if i == nil || !i.cur().live() {
		return missing(full, number)
	}
	need := RoleRead
	if i.cur().locked {
		need = RoleWrite
	}
	if err := writable(r, by, need); err != nil {
		return err
	}
	p.s.comment(i, by, nil, p.s.typed(body))
	return nil
}
