package jirasim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"time"
)

// searchRequest is the body of both search endpoints.
type searchRequest struct {
	JQL           string          `json:"jql"`
	Fields        []string        `json:"fields"`
	Properties    []string        `json:"properties"`
	MaxResults    *int            `json:"maxResults"`
	StartAt       int             `json:"startAt"`
	NextPageToken string          `json:"nextPageToken"`
	Reconcile     []int64         `json:"reconcileIssues"`
	Expand        json.RawMessage `json:"expand"` // string on Cloud, list on Data Center
	ValidateQuery any             `json:"validateQuery"`
}

func (c *call) searchRequest() (*searchRequest, *reply) {
	r := &searchRequest{}
	if c.method == http.MethodPost {
		return r, c.bind(r)
	}
	r.JQL = c.query.Get("jql")
	r.Fields = c.list("fields")
	r.Properties = c.list("properties")
	if c.query.Has("maxResults") {
		n := c.intParam("maxResults", 50)
		r.MaxResults = &n
	}
	r.StartAt = c.intParam("startAt", 0)
	r.NextPageToken = c.query.Get("nextPageToken")
	r.Expand, _ = json.Marshal(c.query.Get("expand"))
	r.ValidateQuery = c.query.Get("validateQuery")
	for _, x := range c.list("reconcileIssues") {
		var id int64
		if _, err := fmt.Sscan(x, &id); err != nil {
			return nil, c.fail(http.StatusBadRequest, "reconcileIssues must be a list of issue ids")
		}
		r.Reconcile = append(r.Reconcile, id)
	}
	return r, nil
}

func (r *searchRequest) expand() []string {
	var list []string
	if json.Unmarshal(r.Expand, &list) == nil {
		return list
	}
	var one string
	_ = json.Unmarshal(r.Expand, &one)
	return splitList(one)
}

// run evaluates a plan against the index as this request sees it.
func (c *call) run(p *plan, reconcile []int64) []*revision {
	e := c.effect
	if e == nil {
		e = &Effect{}
	}
	fresh := map[int64]bool{}
	for _, id := range reconcile {
		fresh[id] = true
	}
	lagging := c.lagging || e.Lag > 0
	at := c.now.Add(-e.Lag)
	var out []*revision
	consider := func(i *issue) {
		v := i.cur()
		if lagging && !fresh[i.id] {
			v = i.indexedAt(at)
		}
		// A row that is gone or hidden by now is filtered by permission even
		// though the index still has it.
		if v == nil || !c.sees(c.who, v) || v != i.cur() && !c.sees(c.who, i.cur()) || !p.match(v) {
			return
		}
		if (e.EmptyIndex || e.HalfIndex && i.id%2 == 0) && !fresh[i.id] {
			return
		}
		out = append(out, v)
	}
	for _, i := range c.candidates(p) {
		consider(i)
	}
	slices.SortFunc(out, p.order)
	return out
}

// candidates are the issues that may match, found through the log of changes
// where the query is bounded by updated.
func (c *call) candidates(p *plan) []*issue {
	if p.only != nil {
		return p.only
	}
	if p.since.IsZero() || c.unordered {
		return c.ledger
	}
	n := sort.Search(len(c.order), func(k int) bool { return !c.order[k].updated.Before(p.since) })
	seen := make(map[*issue]bool, len(c.order)-n)
	var out []*issue
	for _, v := range c.order[n:] {
		if !seen[v.issue] {
			seen[v.issue] = true
			out = append(out, v.issue)
		}
	}
	return out
}

func (c *call) search() *reply {
	if c.cloud() {
		c.count("removed_search")
		return c.fail(http.StatusGone, "The requested API has been removed. Please migrate to the /rest/api/"+c.version+"/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046")
	}
	r, refusal := c.searchRequest()
	if refusal != nil {
		return refusal
	}
	p, err := c.plan(r.JQL)
	if err != nil {
		return c.fail(http.StatusBadRequest, err.Error())
	}
	limit := 50
	if r.MaxResults != nil {
		limit = *r.MaxResults
	}
	limit = max(0, min(limit, c.maxPage(1000)))
	rows := c.run(p, nil)
	w, sel, list := c.view(), selectFields(r.Fields, "*navigable"), []object{}
	for k := max(0, r.StartAt); k < min(len(rows), r.StartAt+limit); k++ {
		o := w.issue(rows[k], sel, r.Properties)
		c.expand(o, rows[k], r.expand())
		list = append(list, o)
	}
	out := object{"expand": "schema,names", "startAt": r.StartAt, "maxResults": limit, "total": len(rows), "issues": list}
	if len(p.warnings) > 0 {
		c.count("warning_messages")
		out["warningMessages"] = p.warnings
	}
	if c.effect != nil && c.effect.ZeroMaxResults {
		out["maxResults"] = 0
	}
	return ok(out)
}

func (c *call) maxPage(missing int) int {
	if c.opts.MaxPage > 0 {
		return c.opts.MaxPage
	}
	return missing
}

// pageCursor is what a paging token stands for: the rest of a result.
type pageCursor struct {
	jql     string
	who     *user
	rows    []*issue
	expires time.Time
	fresh   []int64
}

func (c *call) searchJQL() *reply {
	r, refusal := c.searchRequest()
	if refusal != nil {
		return refusal
	}
	switch {
	case len(r.Properties) > 5:
		return c.fail(http.StatusBadRequest, "A maximum of 5 issue property keys can be specified.")
	case len(r.Reconcile) > 50:
		c.count("reconcile_too_many")
		return c.fail(http.StatusBadRequest, "A maximum of 50 issue IDs can be specified in reconcileIssues.")
	}
	p, err := c.plan(r.JQL)
	if err != nil {
		return c.fail(http.StatusBadRequest, err.Error())
	}
	if !p.bounded {
		c.count("unbounded_jql")
		return c.fail(http.StatusBadRequest, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
	}
	sel := selectFields(r.Fields, "id")
	limit := 50
	if r.MaxResults != nil {
		limit = *r.MaxResults
	}
	most := 100
	if sel.none() {
		most = 5000
	}
	limit = min(max(1, limit), c.maxPage(most))
	rows, refusal := c.rows(r, p)
	if refusal != nil {
		return refusal
	}
	return c.page(r, rows, limit, sel)
}

// rows are the rows from the asked page on, as they are now.
func (c *call) rows(r *searchRequest, p *plan) ([]*issue, *reply) {
	if r.NextPageToken == "" {
		var out []*issue
		for _, v := range c.run(p, r.Reconcile) {
			out = append(out, v.issue)
		}
		return out, nil
	}
	cur := c.cursors[r.NextPageToken]
	if cur == nil || cur.who != c.who || cur.jql != r.JQL || !c.now.Before(cur.expires) {
		c.count("page_token_refused")
		return nil, c.fail(http.StatusBadRequest, "The provided next page token is invalid or has expired.")
	}
	if !slices.Equal(cur.fresh, r.Reconcile) {
		c.count("reconcile_list_changed")
	}
	return cur.rows, nil
}

func (c *call) page(r *searchRequest, rows []*issue, limit int, sel selection) *reply {
	e := c.effect
	if e == nil {
		e = &Effect{}
	}
	n := min(limit, len(rows))
	if e.EmptyPage {
		n = 0
	}
	w, list := c.view(), []object{}
	for _, i := range rows[:n] {
		v := c.shown(i, r.Reconcile)
		if !c.sees(c.who, v) {
			continue
		}
		o := w.issue(v, sel, r.Properties)
		if sel.none() && !sel.names["key"] {
			delete(o, "key")
			delete(o, "self")
			delete(o, "expand")
		}
		c.expand(o, v, r.expand())
		list = append(list, o)
	}
	c.charge(len(list))
	out := object{"issues": list}
	last := n == len(rows)
	switch {
	case e.RepeatToken && r.NextPageToken != "":
		out["nextPageToken"], last = r.NextPageToken, false
	case !last:
		out["nextPageToken"] = c.remember(r, rows[n:])
	}
	if !c.opts.NoIsLast && !e.NoIsLast {
		out["isLast"] = last
	}
	return ok(out)
}

// shown is the state of a row: what the index has, or the present for ids the
// client asked to reconcile.
func (c *call) shown(i *issue, fresh []int64) *revision {
	lag := time.Duration(0)
	if c.effect != nil {
		lag = c.effect.Lag
	}
	if c.lagging || lag > 0 {
		if !slices.Contains(fresh, i.id) {
			if v := i.indexedAt(c.now.Add(-lag)); v != nil {
				return v
			}
		}
	}
	return i.cur()
}

// remember makes a token for the rest of a result. It forgets expired ones.
func (c *call) remember(r *searchRequest, rest []*issue) string {
	if len(c.cursors) > 1000 {
		for t, cur := range c.cursors {
			if !c.now.Before(cur.expires) {
				delete(c.cursors, t)
			}
		}
	}
	raw := fmt.Sprintf("%d:%x", c.next("page"), c.rand.Uint64())
	t := base64.StdEncoding.EncodeToString([]byte(raw))
	c.cursors[t] = &pageCursor{jql: r.JQL, who: c.who, rows: rest, expires: c.now.Add(c.opts.PageTokenLife), fresh: r.Reconcile}
	return t
}
