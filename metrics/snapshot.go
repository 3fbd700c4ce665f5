package metrics

import (
	"math"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Record is one measure as a Snapshot takes it: its facts and the attributes
// that statistics group by. Priority, Team and Kind are those valid at creation
// (rule R14); the Now pair is for work lists.
type Record struct {
	Facts       Facts
	Number      int // of the key, M-7 is 7
	Incident    domain.IncidentKey
	Check       domain.CheckKey // the crisis check it came from
	Kind        domain.MeasureKind
	Priority    domain.Priority
	PriorityNow domain.Priority
	Team        domain.TeamID
	TeamNow     domain.TeamID
	// DuplicateOf is the number of the measure that goes on; 0 without one.
	DuplicateOf int
	Metric      domain.Metric // at the cut; the snapshot keeps its flags only
	Flags       Flag
}

// Flag is something known about a measure beyond its times.
type Flag uint16

// The flags. Those of data quality are set by whoever reads the history.
const (
	HasOwner Flag = 1 << iota
	HasTarget
	HasBaseline
	HasEvidence
	SelfVerified  // verified by the person who did it
	Edited        // a timestamp was edited afterwards
	BulkClosed    // one of five or more closed by one actor within ten minutes
	Reclassified  // priority, team or kind changed after creation
	wasAccepted   // derived: accepted before it ended
	wasDone       // derived: completed at some time
	reopenedDone  // derived: reopened after completion
	impossibleRow // derived: impossible order of events
	excludedRow   // derived: duplicate or created in error
	lateMove      // derived: due date moved within 48 h of the deadline or later
	unknownRow    // derived: nobody knows whether it is open
	overBeforeLog // derived: imported, and over before its complete records begin
)

// noIncident is the incident of a measure without one, ofCheck that of a measure
// that needs none because it came from a crisis check.
const (
	noIncident = -1
	ofCheck    = -2
)

// noDate is the civil day of a measure without due date.
const noDate = math.MinInt32

// Snapshot holds the folded facts of a portfolio in columns, about 71 bytes a
// measure, so that every curve is one pass over memory. Rows are numbered in the
// order they came in. A Snapshot is a value of its owner: writes must be kept
// away from readers by the owner, and Position lets a reader say which state of
// the log it saw. Its facts hold for every as_of at or after Latest.
type Snapshot struct {
	// Position is the log position up to which the rows are folded.
	Position int64

	latest    int64 // last instant of any event, ms
	created   []int64
	closed    []int64  // done or cancelled, ms; 0 while open
	deadline  []uint32 // of the original date, s; 0 = none
	planned   []uint32 // deadline of the current date, s; 0 = none
	due       []int32  // original civil day; noDate = none
	plannedOn []int32
	promised  []uint32 // seconds from creation until the original date was set
	verified  []uint32 // seconds from done to verified, plus one; 0 = not verified
	updated   []uint32 // seconds from creation to the last event
	entry     []uint32 // seconds from creation to the start of complete records
	incident  []int32  // index into incidents; below 0 = none
	team      []int32
	teamNow   []int32
	flags     []Flag
	state     []State
	reason    []uint8
	verdict   []uint8
	kind      []uint8
	prio      []uint8
	prioNow   []uint8
	zone      []uint8
	moves     []uint8
	reopened  []uint8
	earlier   map[int32][]spell // closed spells before the last reopening

	duplicateOf map[int32]int32    // number of the survivor, by the row of the duplicate
	inherited   map[int32]ownFacts // by the row of the survivor

	zones     []*time.Location
	teams     names[domain.TeamID]
	services  serviceNames
	causes    names[string]
	incidents []incidentRow
	byKey     map[domain.IncidentKey]int32
}

// NewSnapshot is an empty snapshot with room for n measures.
func NewSnapshot(n int) *Snapshot {
	s := &Snapshot{earlier: map[int32][]spell{}, duplicateOf: map[int32]int32{}, inherited: map[int32]ownFacts{}, byKey: map[domain.IncidentKey]int32{}}
	s.created, s.closed = make([]int64, 0, n), make([]int64, 0, n)
	for _, c := range []*[]uint32{&s.deadline, &s.planned, &s.promised, &s.verified, &s.updated, &s.entry} {
		*c = make([]uint32, 0, n)
	}
	for _, c := range []*[]int32{&s.due, &s.plannedOn, &s.incident, &s.team, &s.teamNow} {
		*c = make([]int32, 0, n)
	}
	for _, c := range []*[]uint8{&s.reason, &s.verdict, &s.kind, &s.prio, &s.prioNow, &s.zone, &s.moves, &s.reopened} {
		*c = make([]uint8, 0, n)
	}
	s.flags, s.state = make([]Flag, 0, n), make([]State, 0, n)
	return s
}

// Len is the number of measures, the excluded ones included.
func (s *Snapshot) Len() int { return len(s.created) }

// Latest is the last instant of any event: the earliest as_of of a report.
func (s *Snapshot) Latest() time.Time { return time.UnixMilli(s.latest).UTC() }

// Append adds a measure and returns its row. It refuses facts without a
// creation, and more than 255 zones.
func (s *Snapshot) Append(r Record) (row int, err error) {
	if s.Len() == math.MaxInt32 {
		return 0, invalidf("the snapshot is full with %d measures", s.Len())
	}
	row = s.Len()
	grow(s.grow(), row+1)
	s.created, s.closed = append(s.created, 0), append(s.closed, 0)
	s.flags, s.state = append(s.flags, 0), append(s.state, 0)
	if err := s.Replace(row, r); err != nil {
		s.truncate(row)
		return 0, err
	}
	return row, nil
}

type columns struct {
	u32 []*[]uint32
	i32 []*[]int32
	u8  []*[]uint8
}

func (s *Snapshot) grow() columns {
	return columns{
		[]*[]uint32{&s.deadline, &s.planned, &s.promised, &s.verified, &s.updated, &s.entry},
		[]*[]int32{&s.due, &s.plannedOn, &s.incident, &s.team, &s.teamNow},
		[]*[]uint8{&s.reason, &s.verdict, &s.kind, &s.prio, &s.prioNow, &s.zone, &s.moves, &s.reopened},
	}
}

// grow sets every column to n rows.
func grow(c columns, n int) {
	for _, p := range c.u32 {
		*p = resize(*p, n)
	}
	for _, p := range c.i32 {
		*p = resize(*p, n)
	}
	for _, p := range c.u8 {
		*p = resize(*p, n)
	}
}

func resize[T any](column []T, n int) []T {
	if n <= len(column) {
		return column[:n]
	}
	return append(column, make([]T, n-len(column))...)
}

func (s *Snapshot) truncate(n int) {
	grow(s.grow(), n)
	s.created, s.closed = s.created[:n], s.closed[:n]
	s.flags, s.state = s.flags[:n], s.state[:n]
}

// Replace puts new facts into a row: the fold of one measure after a new event.
// Errors as Append; the row is then unchanged.
func (s *Snapshot) Replace(row int, r Record) error {
	f := &r.Facts
	if row < 0 || row >= s.Len() {
		return invalidf("row %d is not in the snapshot of %d measures", row, s.Len())
	}
	if f.Created.IsZero() {
		return invalidf("measure M-%d has no creation; fold its events with FactsOf", r.Number)
	}
	zone, err := s.zoneOf(f.Original.zone)
	if err != nil {
		return err
	}
	created := f.Created.UnixMilli()
	s.created[row], s.closed[row] = created, 0
	if c := f.Cause(); c != CauseOpen {
		s.closed[row] = f.Ended(time.Time{}).UnixMilli()
	}
	s.deadline[row], s.due[row] = packDue(f.Original)
	s.planned[row], s.plannedOn[row] = packDue(f.Current)
	s.promised[row] = secondsBetween(f.Created, f.Original.Set)
	s.updated[row] = secondsBetween(f.Created, f.Updated)
	s.entry[row] = secondsBetween(f.Created, f.Entry)
	s.verified[row] = 0
	if f.State == StateVerified {
		s.verified[row] = secondsBetween(f.Done, f.Verified) + 1
	}
	s.incident[row] = s.incidentIndex(r.Incident)
	if r.Incident == "" && r.Check != "" {
		s.incident[row] = ofCheck
	}
	s.team[row], s.teamNow[row] = s.teams.index(r.Team), s.teams.index(r.TeamNow)
	s.state[row] = f.State
	s.reason[row] = code(domain.ClosureReasons(), f.Reason)
	s.verdict[row] = code(domain.Verdicts(), f.Verdict)
	s.kind[row] = code(domain.MeasureKinds(), r.Kind)
	s.prio[row] = code(domain.Priorities(), r.Priority)
	s.prioNow[row] = code(domain.Priorities(), r.PriorityNow)
	s.zone[row] = zone
	s.moves[row] = uint8(min(f.DueMoves, math.MaxUint8))
	s.reopened[row] = uint8(min(f.Reopened, math.MaxUint8))
	s.flags[row] = r.Flags&(wasAccepted-1) | derivedFlags(f)
	s.keepEarlier(int32(row), f)
	s.noteDuplicate(int32(row), &r)
	s.latest = max(s.latest, f.Updated.UnixMilli())
	return nil
}

func derivedFlags(f *Facts) (flags Flag) {
	set := func(flag Flag, on bool) {
		if on {
			flags |= flag
		}
	}
	set(wasAccepted, !f.Accepted.IsZero())
	set(wasDone, !f.FirstDone.IsZero())
	set(reopenedDone, f.ReopenedDone)
	set(impossibleRow, f.Impossible)
	set(excludedRow, f.Excluded)
	set(lateMove, f.LateMoves > 0)
	set(unknownRow, f.Unknown)
	set(overBeforeLog, !f.Entry.IsZero() && f.Cause() != CauseOpen && !f.Ended(time.Time{}).After(f.Entry))
	return flags
}

// keepEarlier stores the spells that the columns cannot tell: all but the last.
func (s *Snapshot) keepEarlier(row int32, f *Facts) {
	if len(f.Stretches) < 2 {
		delete(s.earlier, row)
		return
	}
	s.earlier[row] = slices.Clip(timelineOf(f).spells)
}

// timeline rebuilds the timeline of a row, reusing its slice of spells.
func (s *Snapshot) timeline(row int32, into *timeline) {
	into.created, into.overdueFrom = s.created[row], never
	if s.deadline[row] != 0 {
		into.overdueFrom = max(int64(s.deadline[row])*1000, s.created[row]+int64(s.promised[row])*1000)
	}
	if s.reopened[row] > 0 {
		if spells, ok := s.earlier[row]; ok {
			into.spells = append(into.spells[:0], spells...)
			return
		}
	}
	sp := spell{in: s.created[row], out: never, cause: s.cause(row)}
	if sp.cause != CauseOpen {
		sp.out = s.closed[row]
	}
	into.spells = append(into.spells[:0], sp)
}

func (s *Snapshot) cause(row int32) uint8 {
	switch s.state[row] {
	case StateDone, StateVerified:
		return CauseDone
	case StateCancelled:
		return CauseCancelled
	case StateOpen:
	}
	return CauseOpen
}

// ended is the end of a row, as_of while open, in ms.
func (s *Snapshot) ended(row int32, asOf int64) int64 {
	if s.state[row] == StateOpen {
		return asOf
	}
	return s.closed[row]
}

func (s *Snapshot) zoneOf(z *time.Location) (uint8, error) {
	if z == nil {
		z = time.UTC
	}
	for i, known := range s.zones {
		if known == z || known.String() == z.String() {
			return uint8(i), nil
		}
	}
	if len(s.zones) > math.MaxUint8 {
		return 0, invalidf("due dates in more than %d zones; the last was %s", math.MaxUint8, z)
	}
	s.zones = append(s.zones, z)
	return uint8(len(s.zones) - 1), nil
}

// packDue is a deadline in seconds (kept within 1970 to 2106, far outside any
// plan) and its civil day.
func packDue(d Due) (deadline uint32, day int32) {
	if d.Date.IsZero() {
		return 0, noDate
	}
	return uint32(min(max(d.Deadline.Unix(), 1), math.MaxUint32)), int32(d.Date.Ordinal())
}

func secondsBetween(from, to time.Time) uint32 {
	if to.IsZero() {
		return 0
	}
	return secondsFrom(from.UnixMilli(), to.UnixMilli())
}

func secondsFrom(from, to int64) uint32 { return uint32(min(max((to-from)/1000, 0), math.MaxUint32-1)) }

// code is 1 + the place of an enum value in its list, 0 for none.
func code[T comparable](all []T, v T) uint8 { return uint8(slices.Index(all, v) + 1) }

// names numbers strings in the order they come in.
type names[T ~string] struct {
	list []T
	at   map[T]int32
}

func (n *names[T]) index(name T) int32 {
	if i, ok := n.at[name]; ok {
		return i
	}
	if n.at == nil {
		n.at = map[T]int32{}
	}
	i := int32(len(n.list))
	n.list, n.at[name] = append(n.list, name), i
	return i
}

func (n *names[T]) find(name T) int32 {
	if i, ok := n.at[name]; ok {
		return i
	}
	return -1
}
