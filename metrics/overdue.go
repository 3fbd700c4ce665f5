package metrics

import (
	"slices"
	"sort"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// ageBucket is one of the age classes of A7, in days overdue.
type ageBucket struct {
	name string
	to   int
}

// overdueBuckets is how many age classes there are.
const overdueBuckets = 4

func ageBuckets() []ageBucket {
	return []ageBucket{{"1-7", 7}, {"8-30", 30}, {"31-90", 90}, {"over 90", 1 << 30}}
}

// OverdueReport is the census of late open measures (A7), against the current
// date and against the promise, always both.
type OverdueReport struct {
	Cohort      Cohort
	Open        int
	Unknown     int // imported without a status: not counted as open
	WithoutDue  int
	Current     OverdueCounts // "overdue": open past the current date
	PastPromise OverdueCounts // open past the original date
	ByPriority  []OverdueGroup
	ByTeam      []OverdueGroup
	ByKind      []OverdueGroup
	// Weeks is how many were open past their promise at the end of each of the last
	// 26 ISO weeks and at as_of. Against the current date there is no such series:
	// moving a date would rewrite it.
	Weeks []OverdueWeek
	// Untouched is how many days ago the overdue measures were last updated.
	UntouchedMedian *float64
	UntouchedMax    *float64
}

// OverdueWeek is the number of measures past their promise at an instant.
type OverdueWeek struct {
	Until       time.Time
	PastPromise int
}

// OverdueCounts are the ages of late measures in days, against one of the dates.
type OverdueCounts struct {
	Count   int
	Share   *float64 // of the open ones; nil when none is open
	Buckets []Figure // 1-7, 8-30, 31-90, over 90
	Median  *float64
	P85     *float64
	Max     int
	Burden  int // Σ days overdue
}

// OverdueGroup is one row of a breakdown, by attributes valid now.
type OverdueGroup struct {
	Group       string
	Open        int
	Overdue     int
	PastPromise int
	Burden      int                 // Σ days past the current date
	Buckets     [overdueBuckets]int // overdue by age: 1-7, 8-30, 31-90, over 90 days
}

// Overdue counts open measures past their dates at as_of. It is a census and has
// no intervals; groups use today's attributes because it is a work list. Errors
// as Completion.
func Overdue(s *Snapshot, c Cohort) (OverdueReport, error) {
	sel, err := s.begin(&c)
	if err != nil {
		return OverdueReport{}, err
	}
	r := OverdueReport{Cohort: c, Unknown: sel.unknown}
	r.Weeks = s.pastPromiseWeeks(sel.rows, newWeeks(c.AsOf, c.zone(), flowWeeks))
	today := s.localDays(c.AsOf)
	asOf := c.asOf()
	var current, original []int
	var untouched []float64
	prio := newOverdueGroups(len(domain.Priorities()) + 1)
	kinds := newOverdueGroups(len(domain.MeasureKinds()) + 1)
	teams, teamOf := s.groupTeams(&c.Pins)
	byTeam := newOverdueGroups(len(teams))
	for _, row := range sel.rows {
		if s.state[row] != StateOpen {
			continue
		}
		r.Open++
		if s.due[row] == noDate {
			r.WithoutDue++
		}
		late, past := 0, 0
		if d := s.planned[row]; d != 0 && asOf >= int64(d)*1000 {
			late = today[s.zone[row]] - int(s.plannedOn[row])
			current = append(current, late)
			untouched = append(untouched, float64(asOf-s.created[row]-int64(s.updated[row])*1000)/msPerDay)
		}
		if d := s.deadline[row]; d != 0 && asOf >= int64(d)*1000 {
			past = today[s.zone[row]] - int(s.due[row])
			original = append(original, past)
		}
		prio[s.prioNow[row]].add(late, past)
		kinds[s.kind[row]].add(late, past)
		byTeam[teamOf[s.teamNow[row]]].add(late, past)
	}
	r.Current, r.PastPromise = overdueCounts("overdue", current, r.Open), overdueCounts("past_promise", original, r.Open)
	r.ByPriority = namedGroups(prio, enumNames(domain.Priorities()))
	r.ByKind = namedGroups(kinds, enumNames(domain.MeasureKinds()))
	r.ByTeam = namedGroups(byTeam, teams)
	slices.Sort(untouched)
	r.UntouchedMedian = number(medianSorted(untouched))
	if n := len(untouched); n > 0 {
		r.UntouchedMax = number(untouched[n-1])
	}
	return r, nil
}

// localDays is the civil day of an instant in every zone of the snapshot.
func (s *Snapshot) localDays(at time.Time) []int {
	days := make([]int, len(s.zones))
	for i, z := range s.zones {
		days[i] = domain.DateOf(at.In(z)).Ordinal()
	}
	return days
}

func newOverdueGroups(n int) []OverdueGroup { return make([]OverdueGroup, n) }

func (g *OverdueGroup) add(late, past int) {
	g.Open++
	if late > 0 {
		g.Overdue++
		g.Burden += late
		g.Buckets[bucketOf(late)]++
	}
	if past > 0 {
		g.PastPromise++
	}
}

// bucketOf is the age class of days overdue.
func bucketOf(days int) int {
	return slices.IndexFunc(ageBuckets(), func(b ageBucket) bool { return days <= b.to })
}

// pastPromiseWeeks counts who was open past the original date at the end of each
// week, by differences: a stretch past the promise adds one from its first
// instant on and takes it back at its last.
func (s *Snapshot) pastPromiseWeeks(rows []int32, w weeks) []OverdueWeek {
	instants := append(slices.Clone(w.starts[1:]), w.asOf)
	change := make([]int, len(instants)+1)
	after := func(ms int64) int { return sort.Search(len(instants), func(i int) bool { return instants[i] >= ms }) }
	var line timeline
	for _, row := range rows {
		if s.deadline[row] == 0 || s.flags[row]&impossibleRow != 0 || int64(s.deadline[row])*1000 > w.asOf {
			continue
		}
		if s.reopened[row] == 0 && s.state[row] != StateOpen && s.closed[row] <= int64(s.deadline[row])*1000 {
			continue // over in time
		}
		s.timeline(row, &line)
		for _, sp := range line.spells {
			if from := max(sp.in, line.overdueFrom); from < sp.out {
				change[after(from)]++
				change[after(sp.out)]--
			}
		}
	}
	out := make([]OverdueWeek, len(instants))
	count := 0
	for i, ms := range instants {
		count += change[i]
		out[i] = OverdueWeek{time.UnixMilli(ms).UTC(), count}
	}
	return out
}

func overdueCounts(name string, ages []int, open int) OverdueCounts {
	slices.Sort(ages)
	c := OverdueCounts{Count: len(ages)}
	if open > 0 {
		c.Share = number(float64(len(ages)) / float64(open))
	}
	sorted := make([]float64, len(ages))
	buckets := ageBuckets()
	counts := make([]int, len(buckets))
	for i, age := range ages {
		sorted[i] = float64(age)
		c.Burden += age
		c.Max = max(c.Max, age)
		counts[bucketOf(age)]++
	}
	for i, b := range buckets {
		c.Buckets = append(c.Buckets, census("A7", name, b.name, counts[i], len(ages)))
	}
	c.Median, c.P85 = number(medianSorted(sorted)), number(quantileSorted(sorted, 0.85))
	return c
}

// enumNames are the group names of codes 0 (none), 1, 2, ...
func enumNames[T ~string](values []T) []string {
	names := []string{""}
	for _, v := range values {
		names = append(names, string(v))
	}
	return names
}

// groupTeams are the sorted names teams are shown under, and the place of every
// team of the snapshot among them.
func (s *Snapshot) groupTeams(p *Pins) (shown []string, place []int) {
	for _, t := range s.teams.list {
		shown = append(shown, p.TeamGroup(t))
	}
	slices.Sort(shown)
	shown = slices.Compact(shown)
	for _, t := range s.teams.list {
		at, _ := slices.BinarySearch(shown, p.TeamGroup(t))
		place = append(place, at)
	}
	return shown, place
}

// namedGroups leaves out groups without open measures.
func namedGroups(groups []OverdueGroup, names []string) []OverdueGroup {
	var out []OverdueGroup
	for i, g := range groups {
		if g.Open > 0 {
			g.Group = names[i]
			out = append(out, g)
		}
	}
	return out
}
