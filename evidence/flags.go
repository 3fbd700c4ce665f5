package evidence

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"
	"unique"
)

// The red flags auditors look for. Each is computed from the log alone.
const (
	FlagBulk     = "closed_in_bulk_on_due_date"
	FlagMoved    = "due_date_moved_after_expiry"
	FlagOwner    = "verified_by_owner"
	FlagNoProof  = "done_without_evidence"
	FlagMetric   = "metric_changed_at_closing"
	bulkWindow   = time.Hour
	bulkSize     = 3
	metricWindow = 24 * time.Hour
	dayFormat    = "2006-01-02"
)

// FlagNames lists the names of the flags.
func FlagNames() []string { return []string{FlagBulk, FlagMoved, FlagOwner, FlagNoProof, FlagMetric} }

// Flag is one red flag: no verdict, but a place to look at.
type Flag struct {
	Flag   string  `json:"flag"`
	Key    string  `json:"key"`
	At     string  `json:"at"`
	Leaves []int64 `json:"leaves"`
	Text   string  `json:"text"`
}

// closing is a measure that somebody set to done on the day it was due.
type closing struct {
	key, actor string
	at         time.Time
	leaf       int64
}

// watcher looks for red flags, leaf by leaf.
type watcher struct {
	flags    []Flag
	closings []closing
}

// track is what red flags go by: a few values of one measure, and since when.
type track struct {
	Evidence int
	LastLeaf int64

	owner, due, status     string
	closedAt, metricAt     time.Time
	closedLeaf, metricLeaf int64
}

func (w *watcher) flag(name, key string, at time.Time, text string, leaves ...int64) {
	w.flags = append(w.flags, Flag{Flag: name, Key: key, At: at.UTC().Format(timeFormat), Leaves: leaves, Text: text})
}

// follow reads the next leaf of one measure or incident; only measures are
// flagged. What is kept shares no memory with the leaf, which is much larger.
func (w *watcher) follow(key string, t *track, r *Record) {
	l := &r.Leaf
	t.LastLeaf = r.Index
	if l.Kind == "evidence" && !l.Overwritten {
		t.Evidence += len(l.Fields)
	}
	if l.Subject != "measure" || !l.sets() {
		return
	}
	for _, f := range l.Fields {
		from, to := r.text(named{f.Name + "/from", f.From}), r.text(named{f.Name + "/to", f.To})
		w.watch(key, t, r, f.Name, from, to)
		switch f.Name {
		case "owner":
			t.owner = unique.Make(to).Value()
		case "due_on":
			t.due = unique.Make(to).Value()
		case "status":
			t.status = unique.Make(to).Value()
		}
	}
}

// watch looks at one change of a measure before it is taken over.
func (w *watcher) watch(key string, t *track, r *Record, field, from, to string) {
	at := r.Leaf.Time
	switch field {
	case "due_on":
		if from != "" && at.UTC().Format(dayFormat) > from && to > from {
			w.flag(FlagMoved, key, at, fmt.Sprintf("due on %s, moved to %s on %s, after it had expired", from, to, at.UTC().Format(dayFormat)), r.Index)
		}
	case "verified_by":
		if to != "" && to == t.owner {
			w.flag(FlagOwner, key, at, "verified by its own owner", r.Index)
		}
	case "success_metric":
		t.metricAt, t.metricLeaf = at, r.Index
		if !t.closedAt.IsZero() && from != "" {
			w.flag(FlagMetric, key, at, "success metric changed after closing", t.closedLeaf, r.Index)
		}
		if from == "" {
			t.metricAt = time.Time{} // given for the first time
		}
	case "status":
		w.watchStatus(key, t, r, to)
	}
}

func (w *watcher) watchStatus(key string, t *track, r *Record, to string) {
	at := r.Leaf.Time
	switch to {
	case "done":
		t.closedAt, t.closedLeaf = at, r.Index
		if t.due != "" && t.due == at.UTC().Format(dayFormat) {
			w.closings = append(w.closings, closing{key: key, actor: unique.Make(r.Text("actor")).Value(), at: at, leaf: r.Index})
		}
		if !t.metricAt.IsZero() && at.Sub(t.metricAt) <= metricWindow {
			w.flag(FlagMetric, key, at, "success metric changed within a day before closing", t.metricLeaf, r.Index)
		}
	case "verified", "cancelled":
	default:
		t.closedAt = time.Time{}
	}
}

// Flags returns every flag in order of time.
func (b *Book) Flags() []Flag { return b.flagged(b.Register("measure")) }

func (b *Book) flagged(measures []*Item) []Flag {
	return b.all(func(yield func(string, *track) bool) {
		for _, m := range measures {
			if !yield(m.Key, &m.track) {
				return
			}
		}
	})
}

// all is every flag in order of time. Flags about a state, such as done without
// evidence, are judged now.
func (w *watcher) all(measures iter.Seq2[string, *track]) []Flag {
	out := slices.Clone(w.flags)
	for key, t := range measures {
		if (t.status == "done" || t.status == "verified") && t.Evidence == 0 {
			out = append(out, Flag{Flag: FlagNoProof, Key: key, At: t.closedAt.UTC().Format(timeFormat), Leaves: []int64{t.LastLeaf}, Text: "is " + t.status + " without evidence"})
		}
	}
	out = append(out, bulk(w.closings)...)
	slices.SortStableFunc(out, func(x, y Flag) int {
		return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Flag, y.Flag), cmp.Compare(x.Key, y.Key))
	})
	return out
}

// bulk finds runs of at least three measures that one actor closed within an
// hour of each other on the day they were due.
func bulk(all []closing) []Flag {
	due := slices.Clone(all)
	slices.SortStableFunc(due, func(x, y closing) int {
		return cmp.Or(cmp.Compare(x.actor, y.actor), x.at.Compare(y.at), cmp.Compare(x.leaf, y.leaf))
	})
	var out []Flag
	for start := 0; start < len(due); {
		end := start + 1
		for end < len(due) && due[end].actor == due[start].actor && due[end].at.Sub(due[end-1].at) <= bulkWindow {
			end++
		}
		if run := due[start:end]; len(run) >= bulkSize {
			f := Flag{Flag: FlagBulk, Key: run[0].key, At: run[0].at.UTC().Format(timeFormat), Text: fmt.Sprintf("%d measures closed together on the day they were due:", len(run))}
			for _, c := range run {
				f.Leaves = append(f.Leaves, c.leaf)
				f.Text += " " + c.key
			}
			out = append(out, f)
		}
		start = end
	}
	return out
}
