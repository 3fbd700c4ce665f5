package metrics

import (
	"math/bits"

	"github.com/followthrough/followthrough/domain"
)

// The bits of a packed exit or entry, from the lowest: whether it is an event, the
// stratum, the group in as many bits as the groups need, and the milliseconds in
// the rest.
const (
	strataBits = 3
	groupShift = strataBits + 1
	strataMask = 1<<strataBits - 1
	maxGroups  = 1<<16 - 1
)

// groupedRow is a row of the snapshot and the group it is counted in.
type groupedRow struct {
	row   int32
	group int32
}

// groupedExits are the ends and delayed entries of groups, in order of time and
// group once they are sorted.
type groupedExits struct {
	timeShift      int
	groupMask      uint64
	exits, entries []uint64
}

func newGroupedExits(groups, n int) groupedExits {
	width := bits.Len(uint(groups))
	return groupedExits{timeShift: groupShift + width, groupMask: 1<<width - 1, exits: make([]uint64, 0, n)}
}

func (e *groupedExits) pack(at int64, group, stratum int) uint64 {
	return uint64(at)<<e.timeShift | uint64(group)<<groupShift | uint64(stratum)<<1
}

// leave adds the end of somebody, by an event or not.
func (e *groupedExits) leave(at int64, group, stratum int, event bool) {
	v := e.pack(at, group, stratum)
	if event {
		v |= 1
	}
	e.exits = append(e.exits, v)
}

// enter adds a delayed entry.
func (e *groupedExits) enter(at int64, group, stratum int) {
	e.entries = append(e.entries, e.pack(at, group, stratum))
}

// sort leaves those of one group and time in any order: nothing depends on it.
func (e *groupedExits) sort() {
	sortPacked(e.exits, groupShift)
	sortPacked(e.entries, groupShift)
}

func (e *groupedExits) time(v uint64) uint64 { return v >> (e.timeShift & 63) }

func (e *groupedExits) group(v uint64) int { return int(v >> groupShift & e.groupMask) }

func (e *groupedExits) event(v uint64) bool { return v&1 == 1 }

// groupedExits packs rows with their groups, and their priorities as strata, and
// sorts once.
func (s *Snapshot) groupedExits(rows []groupedRow, groups int, asOf int64, end Endpoint) groupedExits {
	e := newGroupedExits(groups, len(rows))
	for _, r := range rows {
		row := r.row
		took, entry := s.ended(row, asOf)-s.created[row], int64(s.entry[row])*1000
		if s.flags[row]&overBeforeLog != 0 || (entry > 0 && took <= entry) {
			continue
		}
		e.leave(took, int(r.group), int(s.prio[row]), ends(s.cause(row), end))
		if entry > 0 {
			e.enter(entry, int(r.group), int(s.prio[row]))
		}
	}
	e.sort()
	return e
}

// byStratum splits the exits by priority; the order of time stays.
func (e *groupedExits) byStratum() []groupedExits {
	var counts [1 << strataBits]int
	for _, v := range e.exits {
		counts[v>>1&strataMask]++
	}
	strata := make([]groupedExits, len(domain.Priorities())+1)
	for k := range strata {
		strata[k] = groupedExits{timeShift: e.timeShift, groupMask: e.groupMask, exits: make([]uint64, 0, counts[k])}
	}
	for _, v := range e.exits {
		k := &strata[v>>1&strataMask]
		k.exits = append(k.exits, v)
	}
	for _, v := range e.entries {
		k := &strata[v>>1&strataMask]
		k.entries = append(k.entries, v)
	}
	return strata
}
