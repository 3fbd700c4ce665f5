package metrics

import (
	"maps"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// ownFacts are what the history of a survivor itself says where its columns hold
// what it inherited: from them it inherits anew when a duplicate changes.
type ownFacts struct {
	Row      int32
	Created  int64
	Deadline uint32
	Due      int32
	Zone     uint8
	Promised uint32
	Updated  uint32
	Entry    uint32
	Over     bool
	spells   []spell
}

// Inherit gives every survivor the earliest creation and the earliest original
// due date of its duplicates (rule R7); their rows stay as they are. rowOf is the
// row of a measure by its number, -1 without one. It must follow every change of
// rows, before the next report.
func (s *Snapshot) Inherit(rowOf func(number int) int) {
	for _, own := range s.inherited {
		s.restore(own)
	}
	clear(s.inherited)
	for _, row := range slices.Sorted(maps.Keys(s.duplicateOf)) {
		to := s.survivor(row, rowOf)
		if to >= 0 && (s.flags[row]|s.flags[to])&impossibleRow == 0 && s.flags[to]&excludedRow == 0 {
			s.inherit(to, row)
		}
	}
}

// survivor follows a duplicate to the measure that goes on, -1 without one in
// sight. A circle has none: nothing makes one, but a damaged log may.
func (s *Snapshot) survivor(row int32, rowOf func(number int) int) int32 {
	for range len(s.duplicateOf) + 1 {
		number, ok := s.duplicateOf[row]
		if !ok {
			return row
		}
		next := rowOf(int(number))
		if next < 0 || next >= s.Len() {
			return -1
		}
		row = int32(next)
	}
	return -1
}

func (s *Snapshot) inherit(to, from int32) {
	own, known := s.inherited[to]
	if !known {
		own = ownFacts{Row: to, Created: s.created[to], Deadline: s.deadline[to], Due: s.due[to], Zone: s.zone[to], Promised: s.promised[to],
			Updated: s.updated[to], Entry: s.entry[to], Over: s.flags[to]&overBeforeLog != 0, spells: s.earlier[to]}
	}
	at := func(row int32, seconds uint32) int64 { return s.created[row] + int64(seconds)*1000 }
	created := min(s.created[to], s.created[from])
	// Complete records begin with those of the member that has them first (R10).
	since := at(to, s.entry[to])
	observed := min(since, at(from, s.entry[from]))
	promised, updated := at(to, s.promised[to]), at(to, s.updated[to])
	if d := s.deadline[from]; d != 0 && (s.deadline[to] == 0 || d < s.deadline[to] || d == s.deadline[to] && at(from, s.promised[from]) < promised) {
		promised = at(from, s.promised[from])
		s.deadline[to], s.due[to], s.zone[to] = d, s.due[from], s.zone[from]
	}
	if spells := s.earlier[to]; len(spells) > 0 {
		spells = slices.Clone(spells)
		spells[0].in = min(spells[0].in, created)
		s.earlier[to] = spells
	}
	s.created[to] = created
	s.promised[to], s.updated[to], s.entry[to] = secondsFrom(created, promised), secondsFrom(created, updated), secondsFrom(created, observed)
	if observed < since {
		s.mark(to, overBeforeLog, s.entry[to] > 0 && s.state[to] != StateOpen && s.closed[to] <= observed)
	}
	s.inherited[to] = own
}

// restore takes back what a survivor inherited.
func (s *Snapshot) restore(own ownFacts) {
	row := own.Row
	s.created[row], s.deadline[row], s.due[row], s.zone[row] = own.Created, own.Deadline, own.Due, own.Zone
	s.promised[row], s.updated[row], s.entry[row] = own.Promised, own.Updated, own.Entry
	s.mark(row, overBeforeLog, own.Over)
	if own.spells != nil {
		s.earlier[row] = own.spells
	}
}

func (s *Snapshot) mark(row int32, f Flag, on bool) {
	s.flags[row] &^= f
	if on {
		s.flags[row] |= f
	}
}

// noteDuplicate remembers of which measure a row is a duplicate. New facts are a
// row's own: it inherits anew.
func (s *Snapshot) noteDuplicate(row int32, r *Record) {
	delete(s.inherited, row)
	delete(s.duplicateOf, row)
	if r.DuplicateOf != 0 && r.Facts.Excluded && r.Facts.Reason == domain.Duplicate {
		s.duplicateOf[row] = int32(r.DuplicateOf)
	}
}
