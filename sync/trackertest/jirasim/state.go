package jirasim

import (
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"strconv"
	"time"
)

// issue is the identity; everything that changes is in its revisions.
type issue struct {
	id      int64
	created time.Time
	creator *user
	token   string // the credential it was created with, for the oracle
	revs    []*revision
	props   map[string]json.RawMessage
	links   []*remoteLink
	history []*change
	// comments are the texts of comments, in order.
	comments []string
}

// revision is one immutable state of an issue.
type revision struct {
	issue       *issue
	commit      int64
	at          time.Time
	indexed     time.Time
	by          *user
	project     *project
	key         string
	typ         *issueType
	status      *status
	resolution  *resolution
	resolved    time.Time
	categoryAt  time.Time
	priority    *priority
	summary     string
	description string
	assignee    *user
	reporter    *user
	labels      []string
	due         string
	custom      map[string]any
	updated     time.Time
	deleted     bool
}

// change is one entry of the changelog.
type change struct {
	id    int64
	at    time.Time
	by    *user
	items []changeItem
}

// changeItem is one field of a changelog entry. From and To are ids.
type changeItem struct {
	field, fieldID, fieldType string
	from, fromText            *string
	to, toText                *string
}

type remoteLink struct {
	id       int64
	globalID string
	raw      map[string]json.RawMessage
}

func (i *issue) cur() *revision { return i.revs[len(i.revs)-1] }

func (i *issue) sid() string { return strconv.FormatInt(i.id, 10) }

// at returns the revision that was current after the numbered commit, or nil
// if the issue did not exist then.
func (i *issue) at(commit int64) *revision {
	n := sort.Search(len(i.revs), func(k int) bool { return i.revs[k].commit > commit })
	if n == 0 {
		return nil
	}
	return i.revs[n-1]
}

// indexedAt returns the revision that the search index shows at t, or nil.
func (i *issue) indexedAt(t time.Time) *revision {
	for _, v := range slices.Backward(i.revs) {
		if !v.indexed.After(t) {
			return v
		}
	}
	return nil
}

// draft copies the current revision for a change by somebody now.
func (i *issue) draft(by *user) *revision {
	v := *i.cur()
	v.by = by
	v.labels = slices.Clone(v.labels)
	v.custom = maps.Clone(v.custom)
	return &v
}

// record makes v the current revision of i.
func (s *Server) record(i *issue, v *revision) {
	s.idleTicks++
	s.commit++
	v.issue, v.commit, v.at = i, s.commit, s.now()
	v.indexed = v.at.Add(s.opts.IndexLag)
	if s.opts.IndexJitter > 0 {
		v.indexed = v.indexed.Add(time.Duration(s.rand.Int64N(int64(s.opts.IndexJitter))))
	}
	if v.indexed.After(v.at) {
		s.lagging = true
	}
	v.updated = v.at
	if len(i.revs) == 0 {
		i.created = v.at
		v.categoryAt = v.at
		s.issues[i.id] = i
		s.ledger = append(s.ledger, i)
	}
	if n := len(s.order); n > 0 && s.order[n-1].updated.After(v.updated) {
		s.unordered = true
	}
	i.revs = append(i.revs, v)
	s.order = append(s.order, v)
	s.keys[v.key] = i
}

// find looks an issue up by id, key or a key it had before a move.
func (s *Server) find(idOrKey string) *issue {
	if id, err := strconv.ParseInt(idOrKey, 10, 64); err == nil {
		return s.issues[id]
	}
	return s.keys[upper(idOrKey)]
}
