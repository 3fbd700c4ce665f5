package github

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// maxPages ends a list that never does (D-7).
const maxPages = 1000

// Find looks for issues that carry a nonce: newest first and unfiltered,
// because a filter by author or label can hide the issue (T16).
func (t *Tracker) Find(ctx context.Context, probe domain.Probe) ([]domain.Snapshot, error) {
	if probe.Nonce == "" || !tokenText.MatchString(probe.Nonce) {
		return nil, domain.Invalid("nonce", "%q cannot be looked for", clip(probe.Nonce, 80))
	}
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	var found []domain.Snapshot
	path := t.listPath("created", "desc", probe.Since)
	for range maxPages {
		op := operation{what: "look for an issue in " + t.cfg.Tracker.Repository}
		a, err := t.client.do(ctx, op, http.MethodGet, path, nil)
		if err != nil {
			return nil, err
		}
		p, err := t.page(op, a)
		if err != nil {
			return nil, err
		}
		if len(p.broken) > 0 {
			// The one we look for may be among them: not found would be a guess (T7).
			return nil, &domain.Error{Kind: domain.ErrUnavailable, Code: "bad_answer", Message: op.what + ": some rows cannot be read: " + p.broken[0].Reason}
		}
		end := p.next == ""
		for _, s := range p.snapshots {
			if carries(nativeOf(s).Body, probe.Nonce) {
				found = append(found, s)
			}
			if s.CreatedAt.Before(probe.Since) || probe.AfterNumber > 0 && s.Ref.Number <= probe.AfterNumber {
				end = true
			}
		}
		if end {
			slices.SortFunc(found, func(a, b domain.Snapshot) int { return a.Ref.Number - b.Ref.Number })
			return found, nil
		}
		path = p.next
	}
	return nil, &domain.Error{Kind: domain.ErrUnavailable, Code: "paging", Message: "the list of issues does not end"}
}

// carries reports whether a marker in the text has the nonce, whichever block
// counts otherwise.
func carries(body, nonce string) bool {
	return slices.ContainsFunc(blocks(strings.SplitAfter(body, "\n")), func(s span) bool { return s.nonce == nonce })
}

// single is up to how many issues a sweep reads one by one.
const single = 10

// Sweep says of each linked issue whether it is there. Few are read one by one;
// many come out of the list, and only what the list does not show is asked for
// by its id. The repository is looked at first: as long as it cannot be read,
// nothing is missing (T65), and who can read it may have changed (T73).
func (t *Tracker) Sweep(ctx context.Context, refs []domain.RemoteRef) ([]domain.Sighting, error) {
	if _, _, err := t.readRepository(ctx); err != nil {
		return nil, err
	}
	seen := map[string]domain.Snapshot{}
	if l := t.listingFor(refs); len(refs) > single && l.pages(refs) < len(refs) {
		var err error
		if seen, err = t.sweepList(ctx, l, refs); err != nil {
			return nil, err
		}
	}
	out := make([]domain.Sighting, 0, len(refs))
	for _, ref := range refs {
		if s, ok := seen[ref.ID]; ok {
			out = append(out, domain.Sighting{Ref: ref, Presence: domain.Present, Snapshot: &s})
			continue
		}
		sighting, err := t.sight(ctx, ref)
		if err != nil {
			return nil, err
		}
		out = append(out, sighting)
	}
	return out, nil
}

// listing is a place in the list of all issues, oldest first. A sweep comes in
// batches; the next one goes on where the last one stopped.
type listing struct {
	next string
	// upTo is the highest number that was passed; rest are rows behind it that
	// were read already.
	upTo int
	rest []domain.Snapshot
	at   time.Time
}

// sweepTime is how long a place in the list is good for: the rest of its page
// is that old when it is used.
const sweepTime = time.Minute

// listingFor is where the list is to be read from: the last batch's place, if
// all that is asked for lies behind it.
func (t *Tracker) listingFor(refs []domain.RemoteRef) listing {
	t.mu.Lock()
	l := t.sweeping
	t.sweeping = listing{}
	t.mu.Unlock()
	behind := func(r domain.RemoteRef) bool { return r.Number > l.upTo }
	if l.upTo > 0 && t.cfg.Now().Sub(l.at) < sweepTime && !slices.ContainsFunc(refs, func(r domain.RemoteRef) bool { return !behind(r) }) {
		return l
	}
	return listing{next: t.listPath("created", "asc", time.Time{})}
}

// pages estimates how many pages lead to the highest number.
func (l listing) pages(refs []domain.RemoteRef) int {
	highest := 0
	for _, r := range refs {
		highest = max(highest, r.Number)
	}
	return (highest - l.upTo + pageSize - 1) / pageSize
}

// sweepList reads the list until every issue was seen. Rows that shift while it
// is read are only looked up once more, never taken as absent.
func (t *Tracker) sweepList(ctx context.Context, l listing, refs []domain.RemoteRef) (map[string]domain.Snapshot, error) {
	missing := map[string]bool{}
	for _, r := range refs {
		missing[r.ID] = true
		l.upTo = max(l.upTo, r.Number)
	}
	seen := map[string]domain.Snapshot{}
	passed := false // the list is beyond everything that is asked for
	take := func(rows []domain.Snapshot) {
		l.rest, l.at = nil, t.cfg.Now()
		passed = len(rows) > 0 && rows[len(rows)-1].Ref.Number > l.upTo
		for _, s := range rows {
			if missing[s.Ref.ID] {
				seen[s.Ref.ID] = s
				delete(missing, s.Ref.ID)
			}
			if s.Ref.Number > l.upTo {
				l.rest = append(l.rest, s)
			}
		}
	}
	take(l.rest)
	for n := 0; n < maxPages && l.next != "" && len(missing) > 0 && !passed; n++ {
		op := operation{what: "sweep the issues of " + t.cfg.Tracker.Repository}
		a, err := t.client.do(ctx, op, http.MethodGet, l.next, nil)
		if errors.Is(err, domain.ErrUnavailable) && domainCode(err) == "deep_page" {
			break // the rest is read one by one
		}
		if err != nil {
			return nil, err
		}
		p, err := t.page(op, a)
		if err != nil {
			return nil, err
		}
		take(p.snapshots)
		l.next = p.next
	}
	t.mu.Lock()
	t.sweeping = l
	t.mu.Unlock()
	return seen, nil
}

func domainCode(err error) string {
	if e, ok := errors.AsType[*domain.Error](err); ok {
		return e.Code
	}
	return ""
}

// sight reads one issue by its id. Only a statement about this very issue is a
// finding; everything else is an error and proves nothing (T65).
func (t *Tracker) sight(ctx context.Context, ref domain.RemoteRef) (domain.Sighting, error) {
	path, err := t.issuePath(ref)
	if err != nil {
		return domain.Sighting{}, err
	}
	op := operation{what: "read issue " + t.key(ref.Number), issue: true}
	a, err := t.client.send(ctx, op, http.MethodGet, path, nil)
	if err != nil {
		return domain.Sighting{}, err
	}
	if a.status >= 300 && a.status < 400 {
		return t.movedOut(ref, a), nil
	}
	if a.status != http.StatusOK {
		err := t.client.judge(op, a)
		switch {
		case errors.Is(err, domain.ErrGone):
			return domain.Sighting{Ref: ref, Presence: domain.Deleted}, nil
		case errors.Is(err, domain.ErrNotFound):
			return domain.Sighting{Ref: ref, Presence: domain.Missing}, nil
		}
		return domain.Sighting{}, err
	}
	i, err := t.decode(op, a)
	if err != nil {
		return domain.Sighting{}, err
	}
	if ref.ID != "" && i.NodeID != ref.ID && ref.Place == "" {
		return domain.Sighting{Ref: ref, Presence: domain.Missing}, nil
	}
	s := t.snapshot(i, t.placeOf(ref), a.at, a.server)
	return domain.Sighting{Ref: ref, Presence: domain.Present, Snapshot: &s}, nil
}

var movedPath = regexp.MustCompile(`/repositories/([1-9][0-9]*)/issues/([1-9][0-9]*)$`)

// movedOut reads where an issue went without going there: the other repository
// is not configured, and the credential is not for it (T63).
func (t *Tracker) movedOut(ref domain.RemoteRef, a answer) domain.Sighting {
	out := domain.Sighting{Ref: ref, Presence: domain.MovedOut}
	u, err := url.Parse(a.header.Get(kept + "Location"))
	if err != nil || !sameOrigin(t.client.base, u) {
		return out
	}
	if g := movedPath.FindStringSubmatch(u.Path); g != nil {
		number, _ := strconv.Atoi(g[2])
		out.MovedTo = &domain.RemoteRef{Place: g[1], Number: number, URL: u.String()}
	}
	return out
}
