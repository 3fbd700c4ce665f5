package evidence

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unique"
)

// Tally reads the log like a Book and keeps little of it, so that it can stay
// in memory and be brought up to date by the leaves that were added: which
// measures and incidents there are, red flags, and how many leaves answer which
// clause. What a measure says is read where it is looked at: a tally quotes
// dates and keys, none of the texts that may be erased.
type Tally struct {
	// Until is the cut: later leaves do not count. Zero means no cut.
	Until time.Time
	// Size is how many leaves were read.
	Size int64

	clauses   []Clause
	measures  map[string]*tracked
	incidents map[string]bool
	plans     map[string][]string // by incident, the measures that ever were its own
	watcher

	// Put in order when they are asked for.
	measureKeys, incidentKeys []string
	ordered                   []Flag
}

type tracked struct {
	key string
	track
}

// NewTally returns an empty tally with a cut.
func NewTally(until time.Time) *Tally {
	return &Tally{Until: until, clauses: Clauses(), measures: map[string]*tracked{}, incidents: map[string]bool{}, plans: map[string][]string{}}
}

// Add reads the next record. Records from before the log have no leaf.
func (t *Tally) Add(r *Record) {
	t.Size = max(t.Size, r.Index+1)
	l := &r.Leaf
	if !t.Until.IsZero() && l.Time.After(t.Until) {
		return
	}
	for n := range t.clauses {
		for a := range t.clauses[n].Answers {
			if answer := &t.clauses[n].Answers[a]; answer.selects(l) {
				answer.Count++
			}
		}
	}
	switch l.Subject {
	case "incident":
		if !t.incidents[l.Key] {
			t.incidents[strings.Clone(l.Key)], t.incidentKeys = true, nil
		}
	case "measure":
		t.addMeasure(r)
	}
}

func (t *Tally) addMeasure(r *Record) {
	l := &r.Leaf
	m := t.measures[l.Key]
	if m == nil {
		m = &tracked{key: strings.Clone(l.Key)}
		t.measures[m.key], t.measureKeys = m, nil
	}
	t.follow(m.key, &m.track, r)
	t.ordered = nil
	if !l.sets() {
		return
	}
	for _, f := range l.Fields {
		if f.Name != "incident" {
			continue
		}
		if of := r.text(named{"incident/to", f.To}); of != "" && !slices.Contains(t.plans[of], m.key) {
			of = unique.Make(of).Value()
			t.plans[of] = append(t.plans[of], m.key)
		}
	}
}

// Flags returns every flag in order of time.
func (t *Tally) Flags() []Flag {
	if t.ordered == nil {
		t.ordered = t.all(func(yield func(string, *track) bool) {
			for key, m := range t.measures {
				if !yield(key, &m.track) {
					return
				}
			}
		})
	}
	return t.ordered
}

// Mapping returns how many leaves answer which clause.
func (t *Tally) Mapping() []Clause {
	out := slices.Clone(t.clauses)
	for n := range out {
		out[n].Answers = slices.Clone(out[n].Answers)
	}
	return out
}

// Keys returns the keys of every measure, or of every incident, in order.
func (t *Tally) Keys(subject string) []string {
	if subject == "incident" {
		if t.incidentKeys == nil {
			t.incidentKeys = slices.SortedFunc(maps.Keys(t.incidents), compareKeys)
		}
		return t.incidentKeys
	}
	if t.measureKeys == nil {
		t.measureKeys = slices.SortedFunc(maps.Keys(t.measures), compareKeys)
	}
	return t.measureKeys
}

// After returns the keys of measures, or of incidents, behind one, at most n.
func (t *Tally) After(subject, key string, n int) []string {
	keys := t.Keys(subject)
	at, found := slices.BinarySearchFunc(keys, key, compareKeys)
	if found {
		at++
	}
	return keys[at:min(at+n, len(keys))]
}

// Sample chooses n incidents by a word.
func (t *Tally) Sample(word string, n int) []string { return sampleKeys(t.Keys("incident"), word, n) }

// Plans names the measures that may be of some incidents.
func (t *Tally) Plans(incidents []string) (measures []string) {
	for _, key := range incidents {
		measures = append(measures, t.plans[key]...)
	}
	return measures
}
