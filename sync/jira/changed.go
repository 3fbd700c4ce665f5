package jira

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Bounds of one cycle of reading changes.
const (
	maxPages   = 1000
	maxKnown   = 50 // ids that a Cloud search takes to look up freshly
	wideCycles = 10
	lateness   = 15 * time.Minute
)

// cursor is the position in a project's changes. Times are the tracker's, in
// milliseconds.
type cursor struct {
	Version int    `json:"v"`
	Project string `json:"project"`
	// High is the newest change that complete cycles have seen, Tip its issue.
	High int64  `json:"high"`
	Tip  string `json:"tip,omitempty"`
	// Cycle counts complete cycles; every tenth looks back further, to a while
	// before Wide, which is what the last such cycle had reached.
	Cycle int   `json:"cycle"`
	Wide  int64 `json:"wide,omitempty"`
	// Page is set while a cycle has further pages.
	Page *position `json:"page,omitempty"`
}

// position is where a cycle stands.
type position struct {
	From  int64   `json:"from"`
	Start int     `json:"start,omitempty"` // Data Center, within equal times
	Token string  `json:"token,omitempty"` // Cloud
	Seen  string  `json:"seen,omitempty"`  // hashes of tokens already used
	Known []int64 `json:"known,omitempty"`
	Max   int64   `json:"max"`
	MaxID string  `json:"max_id,omitempty"`
	Tip   bool    `json:"tip,omitempty"` // the tip came by
	Count int     `json:"count"`
}

// Changed reads one page of changed issues, oldest first. A cycle starts a
// little before the newest change known, because search lags behind; the
// cursor moves only over pages that were answered whole (T36).
func (t *Tracker) Changed(ctx context.Context, since domain.Cursor, known []string) (domain.Changes, error) {
	c, err := t.readCursor(ctx, since)
	if err != nil {
		return domain.Changes{}, err
	}
	if c.Page == nil {
		c.Page = t.begin(c, known)
	}
	changes, err := t.page(ctx, c)
	if c.Page.Token != "" && stale(err) {
		// The token is used up; the order by time lets the cycle go on from the last row.
		c.Page.restart()
		changes, err = t.page(ctx, c)
	}
	return changes, err
}

// stale reports a refusal that a page token explains.
func stale(err error) bool {
	var e *domain.Error
	if !errors.As(err, &e) {
		return false
	}
	status, _ := statusOf(err)
	return e.Code == codeRepeated || status == http.StatusBadRequest && e.Code != codeAccessLost
}

const codeRepeated = "page_repeated"

func (p *position) restart() {
	p.From, p.Token, p.Seen, p.Start = max(p.From, p.Max), "", "", 0
}

func (t *Tracker) readCursor(ctx context.Context, since domain.Cursor) (cursor, error) {
	c := cursor{Version: 1}
	if len(since) > 0 {
		if err := json.Unmarshal(since, &c); err != nil || c.Version != 1 || !idPattern.MatchString(c.Project) {
			return c, domain.Errorf(domain.ErrInvalid, "the stored position of tracker %s cannot be read; reset it to read the project again", t.config.ID)
		}
		t.learn(c.Project)
		return c, nil
	}
	var err error
	c.Project, err = t.projectID(ctx)
	return c, err
}

// wide reports a cycle that looks back further (T38).
func (c cursor) wide() bool { return (c.Cycle+1)%wideCycles == 0 }

// begin starts a cycle. Without a position the whole project is read once.
func (t *Tracker) begin(c cursor, known []string) *position {
	overlap := 2 * time.Minute
	if !t.cloud() {
		overlap = 3 * time.Minute
	}
	p := &position{Tip: c.Tip == ""}
	if c.High > 0 {
		p.From = max(c.High-overlap.Milliseconds(), 0)
		if c.wide() {
			// What entered the index up to a quarter of an hour late is in between,
			// however far apart the cycles are.
			p.From = max(min(p.From, c.Wide-lateness.Milliseconds()), 0)
		}
	}
	for _, id := range known {
		n, err := strconv.ParseInt(id, 10, 64)
		if err == nil && n > 0 && len(p.Known) < maxKnown && t.cloud() && !slices.Contains(p.Known, n) {
			p.Known = append(p.Known, n)
		}
	}
	return p
}

func (t *Tracker) page(ctx context.Context, c cursor) (domain.Changes, error) {
	p := *c.Page
	p.Known = slices.Clone(p.Known)
	p.Count++
	if p.Count > maxPages {
		return domain.Changes{}, domain.Errorf(domain.ErrUnavailable, "project %s did not end its list of changes after %d pages", t.config.Project, maxPages)
	}
	got, a, err := t.search(ctx, search{jql: inProject(c.Project) + sinceUpdated(p.From) + oldestFirst, fields: t.fields(), size: pageSize,
		token: p.Token, known: p.Known, start: p.Start, class: domain.CallRead})
	if err != nil {
		return domain.Changes{}, err
	}
	rows, broken := t.rows(got, a)
	for _, s := range rows {
		ms := s.Revision.UnixMilli()
		p.Tip = p.Tip || s.Ref.ID == c.Tip
		if ms >= p.Max {
			p.Max, p.MaxID = ms, s.Ref.ID
		}
	}
	more, err := t.forward(&p, got, rows)
	if err != nil {
		return domain.Changes{}, err
	}
	if err := t.selected(ctx, c.Project, rows); err != nil {
		var e *domain.Error
		if !errors.As(err, &e) || e.Kind != domain.ErrInvalid {
			return domain.Changes{}, err
		}
		broken = append(broken, domain.BrokenRow{Reason: "the import rule cannot be used: " + e.Message})
	}
	changes := domain.Changes{Snapshots: rows, Broken: broken, More: more, ServerTime: a.date, Quota: quota(a)}
	if more {
		c.Page = &p
	} else if c, err = t.complete(ctx, c, p); err != nil {
		return domain.Changes{}, err
	}
	changes.Next, err = json.Marshal(c)
	return changes, err
}

func sinceUpdated(ms int64) string {
	if ms == 0 {
		return ""
	}
	return since("updated", ms)
}

// forward moves the position behind a page and reports whether there is more.
func (t *Tracker) forward(p *position, got page, rows []domain.Snapshot) (bool, error) {
	if t.cloud() {
		return p.followToken(got)
	}
	n := len(got.Issues)
	if got.last(p.Start + n) {
		return false, nil
	}
	// Keyset: the next page starts at the time of the last row. Offsets skip
	// rows when rows move (T43); they serve only within one equal time.
	last := int64(0)
	if len(rows) > 0 {
		last = rows[len(rows)-1].Revision.UnixMilli()
	}
	if last > p.From {
		p.From, p.Start = last, 0
		return true, nil
	}
	p.Start += n
	return true, nil
}

// last reports whether a page of a Data Center ends the list; end counts the
// rows up to its own last one. Without a total only an unfilled page does.
func (p page) last(end int) bool {
	n := len(p.Issues)
	return n == 0 || p.Total != nil && end >= *p.Total || p.Total == nil && n < cmp.Or(p.Max, pageSize)
}

// followToken takes the next token: an absent one ends the cycle, a repeated
// one would never end (T42).
func (p *position) followToken(got page) (bool, error) {
	if got.Token == nil || *got.Token == "" || got.IsLast != nil && *got.IsLast {
		return false, nil
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(*got.Token))
	mark := strconv.FormatUint(uint64(h.Sum32()), 36) + " "
	if *got.Token == p.Token || len(p.Seen) < 16<<10 && containsMark(p.Seen, mark) {
		return false, &domain.Error{Kind: domain.ErrUnavailable, Code: codeRepeated, Message: "Jira gave the same page token twice; the list of changes would never end"}
	}
	p.Token, p.Seen = *got.Token, p.Seen+mark
	return true, nil
}

func containsMark(seen, mark string) bool {
	for len(seen) >= len(mark) {
		end := 0
		for end < len(seen) && seen[end] != ' ' {
			end++
		}
		if seen[:min(end+1, len(seen))] == mark {
			return true
		}
		seen = seen[min(end+1, len(seen)):]
	}
	return false
}

// complete ends a cycle. The newest issue of the last cycle must have come by,
// unless it is gone or moved: its absence means that the index is being
// rebuilt, and nothing may be concluded from it (T39).
func (t *Tracker) complete(ctx context.Context, c cursor, p position) (cursor, error) {
	if !p.Tip {
		if err := t.missed(ctx, c.Tip, p.From); err != nil {
			return c, err
		}
	}
	if p.Max >= c.High && p.MaxID != "" {
		c.High, c.Tip = p.Max, p.MaxID
	} else if !p.Tip {
		c.Tip = "" // it is really gone
	}
	if c.wide() || c.Wide == 0 {
		c.Wide = c.High
	}
	c.Cycle, c.Page = c.Cycle+1, nil
	return c, nil
}

func (t *Tracker) missed(ctx context.Context, id string, from int64) error {
	s, err := t.fetch(ctx, id)
	switch {
	case errors.Is(err, domain.ErrNotFound), errors.Is(err, domain.ErrGone):
		return nil
	case err != nil:
		return err
	case s.Revision.UnixMilli() < from:
		return nil
	}
	return &domain.Error{Kind: domain.ErrUnavailable, Code: codeIncomplete, RetryAt: t.now().Add(time.Minute),
		Message: "Jira's search does not find " + s.Ref.Key + ", which exists; its index is incomplete, so nothing is concluded from it"}
}
