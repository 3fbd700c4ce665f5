package sync

import (
	"sync"

	"github.com/followthrough/followthrough/domain"
)

// Action is what a pass did, or a dry run would do, to one field or link.
type Action string

// The actions of a report.
const (
	ActionCreate    Action = "create"
	ActionPush      Action = "push"
	ActionPull      Action = "pull"
	ActionConflict  Action = "conflict"
	ActionImport    Action = "import"
	ActionProblem   Action = "problem"
	ActionDuplicate Action = "duplicate"
)

// Entry is one line of a report.
type Entry struct {
	Action  Action
	Measure domain.MeasureKey
	Remote  string
	Field   domain.Field
	From    string
	To      string
	Note    string
}

// Report is the typed result of a pass; command line, log and web print it.
type Report struct {
	Tracker  domain.TrackerID
	Rows     int // issues read
	Requests int
	// NotModified is true when the tracker answered that nothing changed.
	NotModified bool

	mu      sync.Mutex
	entries []Entry
}

// Entries returns what happened, in order.
func (r *Report) Entries() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Entry(nil), r.entries...)
}

// Count returns how often an action happened.
func (r *Report) Count(a Action) int {
	n := 0
	for _, e := range r.Entries() {
		if e.Action == a {
			n++
		}
	}
	return n
}

func (r *Report) add(e Entry) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, e)
}

func (r *Report) received(v domain.LinkView, u domain.FieldUpdate) {
	r.add(Entry{Action: ActionPull, Measure: v.Measure.Key, Remote: v.Link.Remote.Key, Field: u.Field, From: v.Measure.Values()[u.Field], To: u.Value})
}

func (r *Report) pushed(v domain.LinkView, f domain.Field, value string) {
	r.add(Entry{Action: ActionPush, Measure: v.Measure.Key, Remote: v.Link.Remote.Key, Field: f, From: v.Link.Base[f].Value, To: value})
}

func (r *Report) conflict(v domain.LinkView, c domain.Conflict) {
	note := "asks for a decision"
	if !c.Open() {
		note = "decided for " + string(c.Resolution)
	}
	r.add(Entry{Action: ActionConflict, Measure: v.Measure.Key, Remote: v.Link.Remote.Key, Field: c.Field, From: c.Ours, To: c.Theirs, Note: note})
}

func (r *Report) created(v domain.LinkView, ref domain.RemoteRef) {
	r.add(Entry{Action: ActionCreate, Measure: v.Measure.Key, Remote: ref.Key})
}

func (r *Report) duplicate(v domain.LinkView, ref domain.RemoteRef, note string) {
	r.add(Entry{Action: ActionDuplicate, Measure: v.Measure.Key, Remote: ref.Key, Note: note})
}

func (r *Report) problem(v domain.LinkView, note string) {
	r.add(Entry{Action: ActionProblem, Measure: v.Measure.Key, Remote: v.Link.Remote.Key, Note: note})
}
