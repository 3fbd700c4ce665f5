package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"time"
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

// Flag is one red flag: no verdict, but a place to look at.
type Flag struct {
	Flag   string  `json:"flag"`
	Key    string  `json:"key"`
	At     string  `json:"at"`
	Leaves []int64 `json:"leaves"`
	Text   string  `json:"text"`
}

// closing is a measure that somebody set to done.
type closing struct {
	key, actor, due string
	at              time.Time
	leaf            int64
}

func (b *Book) flag(name, key string, at time.Time, text string, leaves ...int64) {
	b.flags = append(b.flags, Flag{Flag: name, Key: key, At: at.UTC().Format(timeFormat), Leaves: leaves, Text: text})
}

// watch looks at one change of a measure before it is applied to m.
func (b *Book) watch(m *Item, r *Record, field, from, to string) {
	at := r.Leaf.Time
	switch field {
	case "due_on":
		if from != "" && at.UTC().Format(dayFormat) > from && to > from {
			b.flag(FlagMoved, m.Key, at, fmt.Sprintf("due on %s, moved to %s on %s, after it had expired", from, to, at.UTC().Format(dayFormat)), r.Index)
		}
	case "verified_by":
		if to != "" && to == m.Fields["owner"] {
			b.flag(FlagOwner, m.Key, at, "verified by its own owner", r.Index)
		}
	case "success_metric":
		m.metricAt, m.metricLeaf = at, r.Index
		if !m.closedAt.IsZero() && from != "" {
			b.flag(FlagMetric, m.Key, at, "success metric changed after closing", m.closedLeaf, r.Index)
		}
		if from == "" {
			m.metricAt = time.Time{} // given for the first time
		}
	case "status":
		b.watchStatus(m, r, to)
	}
}

func (b *Book) watchStatus(m *Item, r *Record, to string) {
	at := r.Leaf.Time
	switch to {
	case "done":
		m.closedAt, m.closedLeaf = at, r.Index
		b.closings = append(b.closings, closing{key: m.Key, actor: r.Text("actor"), due: m.Fields["due_on"], at: at, leaf: r.Index})
		if !m.metricAt.IsZero() && at.Sub(m.metricAt) <= metricWindow {
			b.flag(FlagMetric, m.Key, at, "success metric changed within a day before closing", m.metricLeaf, r.Index)
		}
	case "verified", "cancelled":
	default:
		m.closedAt = time.Time{}
	}
}

// Flags returns every flag in order of time. Flags about a state, such as done
// without evidence, are judged at the end.
func (b *Book) Flags() []Flag {
	out := slices.Clone(b.flags)
	for _, m := range b.Register("measure") {
		if s := m.Fields["status"]; (s == "done" || s == "verified") && m.Evidence == 0 {
			out = append(out, Flag{Flag: FlagNoProof, Key: m.Key, At: m.closedAt.UTC().Format(timeFormat), Leaves: []int64{m.LastLeaf}, Text: "is " + s + " without evidence"})
		}
	}
	out = append(out, bulk(b.closings)...)
	slices.SortStableFunc(out, func(x, y Flag) int {
		return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Flag, y.Flag), cmp.Compare(x.Key, y.Key))
	})
	return out
}

// bulk finds runs of at least three measures that one actor closed within an
// hour of each other on the day they were due.
func bulk(all []closing) []Flag {
	var due []closing
	for _, c := range all {
		if c.due != "" && c.due == c.at.UTC().Format(dayFormat) {
			due = append(due, c)
		}
	}
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
