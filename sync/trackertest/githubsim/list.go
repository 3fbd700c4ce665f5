package githubsim

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// listIssues is G2: every row of a repository, pull requests included.
func (c *call) listIssues() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	if !r.hasIssues {
		return c.issuesDisabled()
	}
	if c.listLag > 0 && c.past < 0 {
		c.count("list_lagged")
		c.past = c.staleCommit(&Effect{staleFor: c.listLag})
	}
	q, other := c.issueQuery()
	if other != nil {
		return other
	}
	rows := c.matching(r, q)
	return c.page(r, q, rows)
}

// issueQuery is a decoded query string of the issue list.
type issueQuery struct {
	state, sort  string
	desc         bool
	since        time.Time
	labels       []string
	assignee     string
	creator      string
	milestone    string
	per, page    int
	after        string
	pageGiven    bool
	afterIsGiven bool
}

func (c *call) issueQuery() (issueQuery, *reply) {
	get := c.query.Get
	q := issueQuery{
		state: cmpOr(get("state"), "open"), sort: cmpOr(get("sort"), "created"),
		assignee: get("assignee"), creator: get("creator"), milestone: get("milestone"), after: get("after"),
	}
	q.per, q.page = pageOf(c.query)
	q.pageGiven, q.afterIsGiven = c.query.Has("page"), c.query.Has("after")
	q.desc = get("direction") != "asc"
	if !slices.Contains([]string{"open", "closed", "all"}, q.state) {
		return q, c.invalid("issues/issues#list-repository-issues", fieldProblem{Value: q.state, Resource: "Issue", Field: "state", Code: "invalid"})
	}
	if !slices.Contains([]string{"created", "updated", "comments"}, q.sort) {
		return q, c.invalid("issues/issues#list-repository-issues", fieldProblem{Value: q.sort, Resource: "Issue", Field: "sort", Code: "invalid"})
	}
	if raw := get("since"); raw != "" {
		t, err := time.Parse(time.RFC3339, raw)
		if err != nil {
			return q, c.invalid("issues/issues#list-repository-issues", fieldProblem{Value: raw, Resource: "Issue", Field: "since", Code: "invalid"})
		}
		q.since = t
	}
	for name := range strings.SplitSeq(get("labels"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			q.labels = append(q.labels, fold(name))
		}
	}
	return q, nil
}

func cmpOr(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// pageOf reads per_page and page as GitHub does: nonsense means the default.
func pageOf(q url.Values) (per, page int) {
	per, page = 30, 1
	if n, err := strconv.Atoi(q.Get("per_page")); err == nil && n > 0 {
		per = min(n, 100)
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 0 {
		page = n
	}
	return per, page
}

// matching returns the matching revisions in the order asked for.
func (c *call) matching(r *repo, q issueQuery) []*revision {
	rows := c.sorted(r, q)
	kept := rows[:0]
	for _, v := range rows {
		if c.matches(v, q) {
			kept = append(kept, v)
		}
	}
	if q.desc {
		slices.Reverse(kept)
	}
	return kept
}

// sorted returns the visible revisions ascending. For the present the kept
// indexes are used; a view of the past is sorted anew.
func (c *call) sorted(r *repo, q issueQuery) []*revision {
	if c.past >= 0 {
		var rows []*revision
		for _, i := range r.all {
			if v := i.at(c.past); v != nil && v.live() {
				rows = append(rows, v)
			}
		}
		slices.SortFunc(rows, compareBy(q.sort))
		return rows
	}
	index := r.byCreated
	if q.sort == "updated" {
		index = r.byUpdated
		if !q.since.IsZero() {
			at, _ := slices.BinarySearchFunc(index, q.since.Unix(), func(i *issue, t int64) int { return int(i.cur().updated.Unix() - t) })
			index = index[at:]
		}
	}
	rows := make([]*revision, 0, len(index))
	for _, i := range index {
		rows = append(rows, i.cur())
	}
	if q.sort == "comments" {
		slices.SortStableFunc(rows, compareBy(q.sort))
	}
	return rows
}

func compareBy(sort string) func(a, b *revision) int {
	switch sort {
	case "updated":
		return order
	case "comments":
		return func(a, b *revision) int {
			if d := a.ncomments - b.ncomments; d != 0 {
				return d
			}
			return byCreated(a.issue, b.issue)
		}
	}
	return func(a, b *revision) int { return byCreated(a.issue, b.issue) }
}

func (c *call) matches(v *revision, q issueQuery) bool {
	if q.state != "all" && v.state != q.state {
		return false
	}
	if !q.since.IsZero() {
		d := v.updated.Unix() - q.since.Unix()
		if d < 0 || d == 0 && c.opts.SinceExclusive {
			return false
		}
	}
	for _, want := range q.labels {
		if !slices.ContainsFunc(v.labels, func(l *label) bool { return fold(l.name) == want && !l.deleted }) {
			return false
		}
	}
	if q.creator != "" && fold(v.issue.author.login) != fold(q.creator) {
		return false
	}
	return matchesAssignee(v, q.assignee) && matchesMilestone(v, q.milestone)
}

func matchesAssignee(v *revision, want string) bool {
	switch want {
	case "":
		return true
	case "none":
		return len(v.assignees) == 0
	case "*":
		return len(v.assignees) > 0
	}
	return slices.ContainsFunc(v.assignees, func(u *user) bool { return fold(u.login) == fold(want) })
}

func matchesMilestone(v *revision, want string) bool {
	switch want {
	case "":
		return true
	case "none":
		return v.milestone == nil
	case "*":
		return v.milestone != nil
	}
	return v.milestone != nil && strconv.Itoa(v.milestone.number) == want
}

// page cuts the rows and links to the neighbours.
func (c *call) page(r *repo, q issueQuery, rows []*revision) *reply {
	start := (q.page - 1) * q.per
	if q.afterIsGiven {
		at, good := cursorStart(rows, q)
		if !good {
			return c.invalid("issues/issues#list-repository-issues", fieldProblem{Resource: "Issue", Field: "after", Code: "invalid"})
		}
		start = at
	} else if c.opts.DeepPageLimit > 0 && q.page > 1 && start >= c.opts.DeepPageLimit {
		return c.deepPage()
	}
	start = min(start, len(rows))
	end := min(start+q.per, len(rows))
	// The rows are rendered already; encoding them again would cost more than
	// everything else.
	out := []byte("[")
	for n, v := range rows[start:end] {
		if n > 0 {
			out = append(out, ',')
		}
		out = append(out, c.issueJSON(v)...)
	}
	reply := rendered(append(out, ']'))
	if link := c.issueLinks(r, q, rows, start, end); link != "" {
		reply.set("Link", link)
	}
	return reply
}

func (c *call) deepPage() *reply {
	c.count("deep_page")
	return c.fail(http.StatusUnprocessableEntity,
		"Pagination with the page parameter is not supported for large datasets, please use cursor based pagination (after/before)",
		"issues/issues#list-repository-issues")
}

// cursor names the last row of a page by its sort key, so that rows which move
// do not shift the next page.
func cursor(v *revision, q issueQuery) string {
	key := v.issue.created.Unix()
	switch q.sort {
	case "updated":
		key = v.updated.Unix()
	case "comments":
		key = int64(v.ncomments)
	}
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "cursor:v2:%d:%d", key, v.issue.id))
}

func cursorStart(rows []*revision, q issueQuery) (int, bool) {
	plain, err := base64.StdEncoding.DecodeString(q.after)
	var key, id int64
	if err != nil {
		return 0, false
	}
	if n, err := fmt.Sscanf(string(plain), "cursor:v2:%d:%d", &key, &id); n != 2 || err != nil {
		return 0, false
	}
	for n, v := range rows {
		var k int64
		switch q.sort {
		case "updated":
			k = v.updated.Unix()
		case "comments":
			k = int64(v.ncomments)
		default:
			k = v.issue.created.Unix()
		}
		d := k - key
		if d == 0 {
			d = v.issue.id - id
		}
		if q.desc && d < 0 || !q.desc && d > 0 {
			return n, true
		}
	}
	return len(rows), true
}

func (c *call) issueLinks(r *repo, q issueQuery, rows []*revision, start, end int) string {
	at := c.api("/repositories/" + strconv.FormatInt(r.id, 10) + "/issues")
	if c.opts.Paging == PageNumbers && !q.afterIsGiven {
		return c.pageLinks(at, q.per, q.page, len(rows))
	}
	if end >= len(rows) || end == start {
		return ""
	}
	next := c.queryWithout("page", "after")
	next.Set("after", cursor(rows[end-1], q))
	if c.opts.Paging == PagesAndCursor {
		next.Set("page", strconv.Itoa(q.page+1))
	} else {
		c.count("cursor_only_link")
	}
	return "<" + at + "?" + next.Encode() + `>; rel="next"`
}

func (c *call) queryWithout(names ...string) url.Values {
	out := url.Values{}
	for k, v := range c.query {
		if !slices.Contains(names, k) {
			out[k] = v
		}
	}
	return out
}

// pageLinks builds a Link header with page numbers.
func (c *call) pageLinks(at string, per, page, total int) string {
	last := max(1, (total+per-1)/per)
	var parts []string
	link := func(n int, rel string) {
		q := c.queryWithout("page")
		q.Set("page", strconv.Itoa(n))
		parts = append(parts, "<"+at+"?"+q.Encode()+`>; rel="`+rel+`"`)
	}
	if page > 1 {
		link(min(page-1, last), "prev")
	}
	if page < last {
		link(page+1, "next")
		link(last, "last")
	}
	if page > 1 {
		link(1, "first")
	}
	return strings.Join(parts, ", ")
}

// cut pages any other list by number.
func cut[T any](c *call, list []T) *reply {
	per, page := pageOf(c.query)
	start := min((page-1)*per, len(list))
	end := min(start+per, len(list))
	r := ok(list[start:end:end])
	if link := c.pageLinks(c.api(c.path), per, page, len(list)); link != "" {
		r.set("Link", link)
	}
	return r
}
