package github

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

const (
	pageSize = 100
	// overlap is re-read behind the newest change seen: rows become visible late,
	// and times have one second (T37).
	overlap = 2 * time.Minute
	// crowded is how many rows the frozen window may hold before it moves on. As
	// long as it stands still, its address does, and an idle look costs nothing (T28).
	crowded = 50
	// maxChain ends a chain of links that does not get further.
	maxChain = 1000
)

// cursor is the position in a repository's changes.
type cursor struct {
	Repository string `json:"repository"`
	Place      string `json:"place,omitempty"`
	// Meaning is what the rows so far were read with: the mapping and identities.
	Meaning string `json:"meaning,omitempty"`
	// Labels are what labels mean whose names have changed since (T47).
	Labels map[int64]string `json:"labels,omitempty"`
	// Since is where the window begins. It is frozen between idle looks.
	Since time.Time `json:"since,omitzero"`
	// ETag is that of the last look at the window, newest first.
	ETag string `json:"etag,omitempty"`
	// After and Next are the place in a catch-up, oldest first: rows changed at
	// After or later, or the address of the next page where one second fills pages.
	CatchUp bool      `json:"catch_up,omitempty"`
	After   time.Time `json:"after,omitzero"`
	Next    string    `json:"next,omitempty"`
	Chain   int       `json:"chain,omitempty"`
	// Until ends the catch-up: everything newer is in hand from the look before it.
	Until time.Time `json:"until,omitzero"`
	// High is the newest change seen in this cycle.
	High time.Time `json:"high,omitzero"`
}

// fits reports whether the position belongs to the tracker as configured now.
func (c cursor) fits(t *Tracker) bool {
	return strings.EqualFold(c.Repository, t.cfg.Tracker.Repository) && c.Meaning == t.meaning
}

// learn takes over what a stored position remembers.
func (t *Tracker) learn(c cursor) {
	t.learnPlace(c.Place)
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.Copy(t.labelIDs, c.Labels)
}

// remember adds what this adapter knows by now to the position.
func (t *Tracker) remember(c cursor) domain.Cursor {
	t.mu.Lock()
	c.Labels = maps.Clone(t.labelIDs)
	t.mu.Unlock()
	return c.encode()
}

// encode makes the cursor opaque.
func (c cursor) encode() domain.Cursor {
	data, _ := json.Marshal(c) // strings, times and numbers always encode
	return data
}

// Changed reads one page of changed issues. Known ids need no care here: GitHub
// lists what was written a moment ago, and the window overlaps.
func (t *Tracker) Changed(ctx context.Context, since domain.Cursor, _ []string) (domain.Changes, error) {
	var c cursor
	if len(since) > 0 && json.Unmarshal(since, &c) != nil {
		c = cursor{} // an unreadable position is the beginning
	}
	if !c.fits(t) {
		// Another repository, or another reading of the same one: everything is
		// read again, because a row that did not change may mean something else now.
		c = cursor{Repository: t.cfg.Tracker.Repository, Meaning: t.meaning, CatchUp: true}
	}
	t.learn(c)
	if err := t.ready(ctx); err != nil {
		return domain.Changes{}, err
	}
	c.Place = t.knownPlace()
	if c.CatchUp {
		return t.catchUp(ctx, c)
	}
	return t.look(ctx, c)
}

func (t *Tracker) listPath(sort, direction string, since time.Time) string {
	q := url.Values{"state": {"all"}, "sort": {sort}, "direction": {direction}, "per_page": {strconv.Itoa(pageSize)}}
	if !since.IsZero() {
		q.Set("since", since.UTC().Format(time.RFC3339))
	}
	return t.repository() + "/issues?" + q.Encode()
}

// look asks for the window, newest first. A head that is unchanged proves that
// nothing changed; an unchanged first page of oldest rows would not.
func (t *Tracker) look(ctx context.Context, c cursor) (domain.Changes, error) {
	op := operation{what: "read changed issues of " + t.cfg.Tracker.Repository}
	var header []string
	if c.ETag != "" {
		header = []string{"If-None-Match", c.ETag}
	}
	a, err := t.client.send(ctx, op, http.MethodGet, t.listPath("updated", "desc", c.Since), nil, header...)
	if err != nil {
		return domain.Changes{}, err
	}
	if a.status == http.StatusNotModified {
		return domain.Changes{Next: t.remember(c), NotModified: true, ServerTime: a.server, Quota: a.quota()}, nil
	}
	if a.status != http.StatusOK {
		return domain.Changes{}, t.client.judge(op, a)
	}
	p, err := t.page(op, a)
	if err != nil {
		return domain.Changes{}, err
	}
	c.ETag = a.header.Get("ETag")
	out := p.changes(a)
	switch {
	case p.next != "":
		// More than one page: what is older than this one is read oldest first, up
		// to here, because rows that move shift the pages behind them. What changes
		// meanwhile is newer than High and comes with the next look.
		c.CatchUp, c.After, c.Until, c.High = true, c.Since, p.oldest, p.newest
		out.More = true
	case p.rows > crowded:
		c.moveTo(p.newest)
	}
	out.Next = t.remember(c)
	return out, nil
}

// moveTo begins the window shortly before the newest change. Another window
// has another address, so the tag of the old one is worth nothing there.
func (c *cursor) moveTo(newest time.Time) {
	if since := newest.Add(-overlap); !newest.IsZero() && since.After(c.Since) {
		c.Since, c.ETag = since, ""
	}
}

// catchUp reads the next page, oldest first.
func (t *Tracker) catchUp(ctx context.Context, c cursor) (domain.Changes, error) {
	op := operation{what: "read changed issues of " + t.cfg.Tracker.Repository}
	since := c.After
	if !since.IsZero() {
		since = since.Add(-time.Second) // whether since itself is in the list is not promised
	}
	path := t.listPath("updated", "asc", since)
	if c.Next != "" {
		path = c.Next
	}
	a, err := t.client.do(ctx, op, http.MethodGet, path, nil)
	if err != nil {
		return domain.Changes{}, err
	}
	p, err := t.page(op, a)
	if err != nil {
		return domain.Changes{}, err
	}
	if p.newest.After(c.High) {
		c.High = p.newest
	}
	out := p.changes(a)
	reached := !c.Until.IsZero() && p.newest.After(c.Until)
	if reached || p.next == "" && (p.rows < pageSize || !p.newest.After(c.After)) {
		c.moveTo(c.High)
		c.CatchUp, c.After, c.Next, c.Chain, c.Until, c.High = false, time.Time{}, "", 0, time.Time{}, time.Time{}
		out.Next = t.remember(c)
		return out, nil
	}
	if err := c.advance(p); err != nil {
		return domain.Changes{}, &domain.Error{Kind: domain.ErrUnavailable, Code: "paging", Message: op.what + ": " + err.Error()}
	}
	out.Next, out.More = t.remember(c), true
	return out, nil
}

// advance moves on by key, not by page number: a row that changes meanwhile
// moves to the end and shifts every numbered page behind it (T40, T43). Links
// with a cursor of GitHub's are such keys; without one, a page that lies within
// one second can only be left by its link.
func (c *cursor) advance(p page) error {
	c.Chain++
	switch {
	case p.next != "" && (hasCursor(p.next) || !p.newest.After(c.After)):
		if p.next == c.Next || c.Chain > maxChain {
			return errLoop
		}
		c.Next = p.next
		if !hasCursor(p.next) {
			return nil
		}
	case p.newest.After(c.After):
		c.Next, c.Chain = "", 0
	default:
		return errLoop
	}
	if p.newest.After(c.After) {
		c.After, c.Chain = p.newest, 0
	}
	return nil
}

var errLoop = domain.Errorf(domain.ErrUnavailable, "the pages lead in a circle; nothing was skipped")

func hasCursor(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Query().Get("after") != ""
}
