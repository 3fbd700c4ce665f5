package metrics

import (
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Pins are everything a report depends on besides the rows (rule R1). The same
// pins over the same rows give the same bytes.
type Pins struct {
	AsOf    time.Time
	KnownAt time.Time      // the cut the rows were folded with; echoed, zero = AsOf
	Zone    *time.Location // calendar of the organisation; nil = UTC
	Policy  domain.Policy
	// Earlier are the versions of the policy before Policy. Completion targets
	// follow the version valid when the measure was created.
	Earlier  []domain.Policy
	Position int64 // log position of the snapshot; filled in by the report
	// TeamSizes is how many people each team has. Teams of fewer than five, and
	// teams it does not know, are put together as SmallTeams, because a figure of
	// so few is a figure about persons. Nil is refused wherever teams are compared.
	TeamSizes map[domain.TeamID]int
}

// SmallTeams is the group of all teams of fewer than minTeam people.
const SmallTeams = "small teams"

// minTeam is the smallest team that is shown by itself.
const minTeam = 5

// TeamGroup is the name a team is shown under.
func (p *Pins) TeamGroup(t domain.TeamID) string {
	if t != "" && p.TeamSizes != nil && p.TeamSizes[t] < minTeam {
		return SmallTeams
	}
	return string(t)
}

// Period is the half-open range [From, To); a zero end is open.
type Period struct {
	From, To time.Time
}

func (p Period) contains(ms int64) bool {
	return (p.From.IsZero() || ms >= p.From.UnixMilli()) && (p.To.IsZero() || ms < p.To.UnixMilli())
}

// Filter chooses measures and incidents by attributes valid at creation. Empty
// lists choose all. There is no filter by person, on purpose.
type Filter struct {
	Teams      []domain.TeamID
	Priorities []domain.Priority
	Kinds      []domain.MeasureKind
	Severities []domain.Severity
	Services   []string
	Created    Period // of the measure; for incidents, of the start
}

// Cohort is a filter under pins, the argument of every report.
type Cohort struct {
	Pins
	Filter
}

// pinnedCohort is a Cohort as reports print it: the zone by its name.
type pinnedCohort struct {
	AsOf, KnownAt time.Time
	Zone          string
	Policy        domain.Policy
	Earlier       []domain.Policy `json:",omitempty"`
	Position      int64
	TeamSizes     map[domain.TeamID]int `json:",omitempty"`
	Filter        Filter
}

// MarshalJSON prints every pin, so that whoever holds a report can repeat it.
func (c Cohort) MarshalJSON() ([]byte, error) {
	return json.Marshal(pinnedCohort{c.AsOf.UTC(), c.KnownAt.UTC(), c.zone().String(), c.Policy, c.Earlier, c.Position, c.TeamSizes, c.Filter})
}

// policyAt is the place of the policy version valid at an instant in versions,
// which are sorted by the start of their validity.
func policyAt(versions []domain.Policy, ms int64) int {
	at := sort.Search(len(versions), func(i int) bool { return versions[i].From.UnixMilli() > ms })
	return max(0, at-1)
}

// policies are all versions of the pins, oldest first.
func (p *Pins) policies() []domain.Policy {
	all := append(slices.Clone(p.Earlier), p.Policy)
	slices.SortStableFunc(all, func(a, b domain.Policy) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Version, b.Version))
	})
	return all
}

// conf is the level of every interval in a report.
const conf = 0.95

func (c *Cohort) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

func (c *Cohort) asOf() int64 { return c.AsOf.UnixMilli() }

// check refuses an as_of that the rows cannot answer for, and fills Position.
func (c *Cohort) check(s *Snapshot) error {
	if c.AsOf.IsZero() {
		return invalidf("as_of is empty; name the instant of the report")
	}
	if c.asOf() < s.latest {
		return invalidf("as_of %s lies before the last event of the snapshot at %s; fold the history again with that cut",
			c.AsOf.UTC().Format(time.RFC3339), s.Latest().Format(time.RFC3339Nano))
	}
	if p := c.Created; !p.From.IsZero() && !p.To.IsZero() && !p.From.Before(p.To) {
		return invalidf("the period from %s to %s is empty; give from before to", p.From.Format(time.RFC3339), p.To.Format(time.RFC3339))
	}
	if c.KnownAt.IsZero() {
		c.KnownAt = c.AsOf
	}
	c.Position = s.Position
	return nil
}

// selection is the rows of a cohort, excluded ones left out and counted.
type selection struct {
	rows       []int32
	excluded   int
	duplicates int // of the excluded
	unnamed    int // of the duplicates: nobody said of which measure
	unknown    int // imported without a status: in no statistic
	impossible int // still in rows: counted, but in no statistic of times
}

// matcher answers membership by small tables.
type matcher struct {
	prio, kind, sev map[uint8]bool
	team, service   map[int32]bool
	created         Period
	all             bool
}

func newMatcher(s *Snapshot, f Filter) matcher {
	m := matcher{created: f.Created}
	m.prio = codes(domain.Priorities(), f.Priorities)
	m.kind = codes(domain.MeasureKinds(), f.Kinds)
	m.sev = codes(domain.Severities(), f.Severities)
	if len(f.Teams) > 0 {
		m.team = map[int32]bool{}
		for _, t := range f.Teams {
			m.team[s.teams.find(t)] = true
		}
	}
	if len(f.Services) > 0 {
		m.service = map[int32]bool{}
		for _, v := range f.Services {
			m.service[s.services.find(v)] = true
		}
	}
	m.all = m.prio == nil && m.kind == nil && m.sev == nil && m.team == nil && m.service == nil && f.Created == Period{}
	return m
}

func codes[T comparable](all, chosen []T) map[uint8]bool {
	if len(chosen) == 0 {
		return nil
	}
	m := map[uint8]bool{}
	for _, v := range chosen {
		m[code(all, v)] = true
	}
	return m
}

func (m *matcher) measure(s *Snapshot, row int32) bool {
	switch {
	case m.all:
		return true
	case m.prio != nil && !m.prio[s.prio[row]], m.kind != nil && !m.kind[s.kind[row]], m.team != nil && !m.team[s.team[row]]:
		return false
	case !m.created.contains(s.created[row]):
		return false
	}
	if m.sev == nil && m.service == nil {
		return true
	}
	i := s.incident[row]
	return i >= 0 && m.ofIncident(&s.incidents[i])
}

func (m *matcher) ofIncident(i *incidentRow) bool {
	if m.sev != nil && !m.sev[i.severity] {
		return false
	}
	return m.service == nil || slices.ContainsFunc(i.services, func(v int32) bool { return m.service[v] })
}

// incident is membership of an incident itself: severity, service and start.
func (m *matcher) incident(i *incidentRow) bool {
	return i.known && m.ofIncident(i) && m.created.contains(i.started)
}

func (s *Snapshot) choose(f Filter) selection {
	m := newMatcher(s, f)
	sel := selection{rows: make([]int32, 0, s.Len())}
	duplicate := code(domain.ClosureReasons(), domain.Duplicate)
	for i := range s.Len() {
		row := int32(i)
		if !m.measure(s, row) {
			continue
		}
		if s.flags[row]&excludedRow != 0 {
			sel.excluded++
			if s.reason[row] == duplicate {
				sel.duplicates++
				if s.duplicateOf[row] == 0 {
					sel.unnamed++
				}
			}
			continue
		}
		if s.flags[row]&unknownRow != 0 {
			sel.unknown++
			continue
		}
		if s.flags[row]&impossibleRow != 0 {
			sel.impossible++
		}
		sel.rows = append(sel.rows, row)
	}
	return sel
}

// begin checks the cohort and chooses its rows.
func (s *Snapshot) begin(c *Cohort) (selection, error) {
	if err := c.check(s); err != nil {
		return selection{}, err
	}
	return s.choose(c.Filter), nil
}
