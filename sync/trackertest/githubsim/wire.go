package githubsim

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"strconv"
	"time"
)

// The wire structs follow GitHub's published description member by member, in
// the order GitHub sends them.

type wireUser struct {
	Login         string `json:"login"`
	ID            int64  `json:"id"`
	NodeID        string `json:"node_id"`
	AvatarURL     string `json:"avatar_url"`
	GravatarID    string `json:"gravatar_id"`
	URL           string `json:"url"`
	HTMLURL       string `json:"html_url"`
	Followers     string `json:"followers_url"`
	Following     string `json:"following_url"`
	Gists         string `json:"gists_url"`
	Starred       string `json:"starred_url"`
	Subscriptions string `json:"subscriptions_url"`
	Organizations string `json:"organizations_url"`
	Repos         string `json:"repos_url"`
	Events        string `json:"events_url"`
	Received      string `json:"received_events_url"`
	Type          string `json:"type"`
	SiteAdmin     bool   `json:"site_admin"`
}

type wireLabel struct {
	ID          int64   `json:"id"`
	NodeID      string  `json:"node_id"`
	URL         string  `json:"url"`
	Name        string  `json:"name"`
	Color       string  `json:"color"`
	Default     bool    `json:"default"`
	Description *string `json:"description"`
}

type wireMilestone struct {
	URL          string    `json:"url"`
	HTMLURL      string    `json:"html_url"`
	LabelsURL    string    `json:"labels_url"`
	ID           int64     `json:"id"`
	NodeID       string    `json:"node_id"`
	Number       int       `json:"number"`
	Title        string    `json:"title"`
	Description  *string   `json:"description"`
	Creator      *wireUser `json:"creator"`
	OpenIssues   int       `json:"open_issues"`
	ClosedIssues int       `json:"closed_issues"`
	State        string    `json:"state"`
	CreatedAt    string    `json:"created_at"`
	UpdatedAt    string    `json:"updated_at"`
	DueOn        *string   `json:"due_on"`
	ClosedAt     *string   `json:"closed_at"`
}

type wireReactions struct {
	URL      string `json:"url"`
	Total    int    `json:"total_count"`
	Plus     int    `json:"+1"`
	Minus    int    `json:"-1"`
	Laugh    int    `json:"laugh"`
	Hooray   int    `json:"hooray"`
	Confused int    `json:"confused"`
	Heart    int    `json:"heart"`
	Rocket   int    `json:"rocket"`
	Eyes     int    `json:"eyes"`
}

type wirePull struct {
	URL      string  `json:"url"`
	HTMLURL  string  `json:"html_url"`
	DiffURL  string  `json:"diff_url"`
	PatchURL string  `json:"patch_url"`
	MergedAt *string `json:"merged_at"`
}

type wireIssue struct {
	URL           string            `json:"url"`
	RepositoryURL string            `json:"repository_url"`
	LabelsURL     string            `json:"labels_url"`
	CommentsURL   string            `json:"comments_url"`
	EventsURL     string            `json:"events_url"`
	HTMLURL       string            `json:"html_url"`
	ID            int64             `json:"id"`
	NodeID        string            `json:"node_id"`
	Number        int               `json:"number"`
	Title         string            `json:"title"`
	User          *wireUser         `json:"user"`
	Labels        []wireLabel       `json:"labels"`
	State         string            `json:"state"`
	Locked        bool              `json:"locked"`
	Assignee      *wireUser         `json:"assignee"`
	Assignees     []*wireUser       `json:"assignees"`
	Milestone     *wireMilestone    `json:"milestone"`
	Comments      int               `json:"comments"`
	CreatedAt     string            `json:"created_at"`
	UpdatedAt     string            `json:"updated_at"`
	ClosedAt      *string           `json:"closed_at"`
	Association   string            `json:"author_association"`
	LockReason    *string           `json:"active_lock_reason"`
	Draft         *bool             `json:"draft,omitempty"`
	PullRequest   *wirePull         `json:"pull_request,omitempty"`
	Body          *string           `json:"body"`
	ClosedBy      *json.RawMessage  `json:"closed_by,omitempty"`
	Reactions     wireReactions     `json:"reactions"`
	TimelineURL   string            `json:"timeline_url"`
	App           *wireApp          `json:"performed_via_github_app"`
	StateReason   *string           `json:"state_reason"`
	SubIssues     *wireSubIssues    `json:"sub_issues_summary,omitempty"`
	Dependencies  *wireDependencies `json:"issue_dependencies_summary,omitempty"`
	Fields        *[]wireFieldValue `json:"issue_field_values,omitempty"`
}

type wireSubIssues struct {
	Total     int `json:"total"`
	Completed int `json:"completed"`
	Percent   int `json:"percent_completed"`
}

type wireDependencies struct {
	BlockedBy      int `json:"blocked_by"`
	TotalBlockedBy int `json:"total_blocked_by"`
	Blocking       int `json:"blocking"`
	TotalBlocking  int `json:"total_blocking"`
}

type wireApp struct {
	ID          int64             `json:"id"`
	Slug        string            `json:"slug"`
	NodeID      string            `json:"node_id"`
	Owner       *wireUser         `json:"owner"`
	Name        string            `json:"name"`
	Description *string           `json:"description"`
	ExternalURL string            `json:"external_url"`
	HTMLURL     string            `json:"html_url"`
	CreatedAt   string            `json:"created_at"`
	UpdatedAt   string            `json:"updated_at"`
	Permissions map[string]string `json:"permissions"`
	Events      []string          `json:"events"`
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func stampPtr(t *time.Time) *string {
	if t == nil {
		return nil
	}
	s := stamp(*t)
	return &s
}

// nodeID builds an opaque id in GitHub's present form.
func nodeID(prefix string, id int64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(id))
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

func (s *Server) wireUser(u *user) *wireUser {
	if u == nil || u.gone {
		return nil
	}
	login := url.PathEscape(u.login)
	at := s.api("/users/" + login)
	id := strconv.FormatInt(u.id, 10)
	page := s.html("/" + login)
	kind := u.kind
	if u.kind == "Bot" {
		page = s.html("/apps/" + login[:max(0, len(login)-len("%5Bbot%5D"))])
	}
	return &wireUser{
		Login: u.login, ID: u.id, NodeID: nodeID("U_kgDO", u.id), AvatarURL: s.html("/avatars/u/" + id + "?v=4"),
		URL: at, HTMLURL: page, Followers: at + "/followers", Following: at + "/following{/other_user}",
		Gists: at + "/gists{/gist_id}", Starred: at + "/starred{/owner}{/repo}", Subscriptions: at + "/subscriptions",
		Organizations: at + "/orgs", Repos: at + "/repos", Events: at + "/events{/privacy}",
		Received: at + "/received_events", Type: kind,
	}
}

func (s *Server) wireUsers(list []*user) []*wireUser {
	out := make([]*wireUser, 0, len(list))
	for _, u := range list {
		if w := s.wireUser(u); w != nil {
			out = append(out, w)
		}
	}
	return out
}

func (s *Server) repoURL(r *repo) string {
	return s.api("/repos/" + url.PathEscape(r.owner.login) + "/" + url.PathEscape(r.name))
}

func (s *Server) wireLabel(r *repo, l *label) wireLabel {
	return wireLabel{
		ID: l.id, NodeID: nodeID("LA_kwDO", l.id), URL: s.repoURL(r) + "/labels/" + url.PathEscape(l.name),
		Name: l.name, Color: l.color, Description: l.description,
	}
}

func (s *Server) wireLabels(r *repo, list []*label) []wireLabel {
	out := make([]wireLabel, 0, len(list))
	for _, l := range list {
		if !l.deleted {
			out = append(out, s.wireLabel(r, l))
		}
	}
	return out
}

func (s *Server) wireMilestone(r *repo, m *milestone) *wireMilestone {
	if m == nil {
		return nil
	}
	n := strconv.Itoa(m.number)
	at := s.repoURL(r) + "/milestones/" + n
	w := &wireMilestone{
		URL: at, HTMLURL: s.html("/" + r.full() + "/milestone/" + n), LabelsURL: at + "/labels", ID: m.id,
		NodeID: nodeID("MI_kwDO", m.id), Number: m.number, Title: m.title, Creator: s.wireUser(m.creator),
		State: m.state, CreatedAt: stamp(m.at), UpdatedAt: stamp(m.at), DueOn: stampPtr(m.due),
	}
	for _, i := range r.byUpdated {
		if v := i.cur(); v.milestone == m {
			if v.state == "open" {
				w.OpenIssues++
			} else {
				w.ClosedIssues++
			}
		}
	}
	return w
}

func (s *Server) wireApp(a *app) *wireApp {
	if a == nil {
		return nil
	}
	return &wireApp{
		ID: a.id, Slug: a.slug, NodeID: nodeID("A_kwDO", a.id), Owner: s.wireUser(a.owner), Name: a.slug,
		ExternalURL: s.html("/apps/" + a.slug), HTMLURL: s.html("/apps/" + a.slug), CreatedAt: stamp(a.at),
		UpdatedAt: stamp(a.at), Permissions: map[string]string{"issues": "write", "metadata": "read"},
		Events: []string{"issues", "label", "repository"},
	}
}

// association is the author's relation to the repository.
func association(r *repo, u *user) string {
	switch {
	case u == r.owner:
		return "OWNER"
	case r.owner.kind == "Organization" && r.roles[u.id] >= RoleTriage:
		return "MEMBER"
	case r.roles[u.id] >= RoleTriage:
		return "COLLABORATOR"
	}
	return "NONE"
}

// wireIssue renders one revision. Webhook payloads leave closed_by out.
func (s *Server) wireIssue(v *revision, hook bool) *wireIssue {
	i, r := v.issue, v.issue.repo
	n := strconv.Itoa(i.number)
	at := s.repoURL(r) + "/issues/" + n
	page := s.html("/" + url.PathEscape(r.owner.login) + "/" + url.PathEscape(r.name))
	w := &wireIssue{
		URL: at, RepositoryURL: s.repoURL(r), LabelsURL: at + "/labels{/name}", CommentsURL: at + "/comments",
		EventsURL: at + "/events", HTMLURL: page + "/issues/" + n, ID: i.id, NodeID: nodeID("I_kwDO", i.id),
		Number: i.number, Title: v.title, User: s.wireUser(i.author), Labels: s.wireLabels(r, v.labels),
		State: v.state, Locked: v.locked, Assignees: s.wireUsers(v.assignees), Milestone: s.wireMilestone(r, v.milestone),
		Comments: v.ncomments, CreatedAt: stamp(i.created), UpdatedAt: stamp(v.updated), ClosedAt: stampPtr(v.closed),
		Association: association(r, i.author), LockReason: v.lockReason, Body: v.body,
		Reactions: wireReactions{URL: at + "/reactions"}, TimelineURL: at + "/timeline", App: s.wireApp(i.app),
		StateReason: v.reason,
	}
	if len(w.Assignees) > 0 {
		w.Assignee = w.Assignees[0]
	}
	if !hook {
		by := json.RawMessage(encode(s.wireUser(v.closedBy)))
		w.ClosedBy = &by
	}
	if s.opts.Enterprise == "" {
		w.SubIssues, w.Dependencies = &wireSubIssues{}, &wireDependencies{}
		if _, has := s.fields[r.owner.id]; has {
			values := s.wireFields(v)
			w.Fields = &values
		}
	}
	if i.pull {
		draft := false
		w.Draft = &draft
		w.HTMLURL = page + "/pull/" + n
		w.PullRequest = &wirePull{
			URL: s.repoURL(r) + "/pulls/" + n, HTMLURL: w.HTMLURL, DiffURL: w.HTMLURL + ".diff", PatchURL: w.HTMLURL + ".patch",
		}
	}
	return w
}

// issueJSON is the REST form of a revision, rendered once per epoch. Renames
// of users, labels and repositories start a new epoch.
func (s *Server) issueJSON(v *revision) json.RawMessage {
	if v.json == nil || v.epoch != s.epoch {
		v.json, v.epoch = encode(s.wireIssue(v, false)), s.epoch
	}
	return v.json
}
