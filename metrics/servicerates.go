package metrics

import (
	"cmp"
	"slices"
	"time"
)

// MeanPoint is one step of the mean cumulative number of incidents per service.
type MeanPoint struct {
	Day    float64 // from the start of the window
	AtRisk int
	Mean   float64
	Lower  *float64
	Upper  *float64
}

// TrendFigures are the trend tests over services (B7).
type TrendFigures struct {
	Events   int
	Shown    bool
	LaplaceU *float64 // negative = getting rarer
	LaplaceP *float64
	MILP     *float64
}

// ServiceHistory is what happened to one service in the window, for the pictures
// of B6 and B7.
type ServiceHistory struct {
	Service   string
	Start     string    // StartCatalogued or StartAssumed
	FromDay   float64   // start of its observation, days from the start of the window
	Days      float64   // length of the window
	Incidents []float64 // days from the start of the window
	Completed []float64 // when the preventive plan of a family that hit it was completed
	Beta      Figure    // Crow-AMSAA exponent: below 1 = getting rarer
}

// topServices is how many services are shown one by one.
const topServices = 12

// meanPoints bounds the steps of the mean cumulative function that are drawn.
const meanPoints = 120

// ServiceRate is the recurrence rate of one service with what its exposure
// rests on.
type ServiceRate struct {
	Service string
	// Start says where the exposure begins: StartCatalogued is the first day in the
	// catalogue, StartAssumed the first incident, which is then not counted.
	Start    string
	From, To time.Time // the exposure inside the window
	// Outside are incidents of the window before or after the catalogued life: in no
	// rate, and a sign that the catalogue is wrong.
	Outside int
	Rate    Figure
}

// Where the exposure of a service begins.
const (
	StartCatalogued = "catalogue"
	StartAssumed    = "first_incident"
)

// serviceRates is B5 (recurrences per service-year), B6 and B7 (incidents per
// service). An incident on three services counts once per service and once in
// the portfolio, so the services do not add up to it.
func (s *Snapshot) serviceRates(r *RecurrenceReport, f *families, lives []life, w *recurrenceWalk) {
	events, outside := make([]int, len(lives)), make([]int, len(lives))
	times := make([][]float64, len(lives))
	total := 0
	for i := range s.incidents {
		inc := &s.incidents[i]
		if !w.m.incident(inc) || !inc.placed() {
			continue
		}
		root := &s.incidents[f.root[i]]
		repeat := f.root[i] != int32(i) && root.resolved != 0 && inc.started > root.resolved
		counted := false
		for _, v := range inc.services {
			l := &lives[v]
			if w.in.Window.contains(inc.started) && l.misses(inc.started) {
				outside[v]++
			}
			if l.opener == int32(i) || inc.started <= l.from || inc.started > l.to {
				continue
			}
			times[v] = append(times[v], float64(inc.started)/msPerDay)
			if repeat {
				events[v]++
				counted = true
			}
		}
		if counted {
			total++
		}
	}
	exposure := 0.0
	for v := range lives {
		l := &lives[v]
		if !l.watched() {
			continue
		}
		days := float64(l.to-l.from) / msPerDay
		exposure += days
		if l.known {
			r.CataloguedStarts++
		} else {
			r.AssumedStarts++
		}
		if events[v] > 0 || outside[v] > 0 || l.known {
			r.PerService = append(r.PerService, ServiceRate{Service: l.name, Start: l.start(), From: time.UnixMilli(l.from).UTC(), To: time.UnixMilli(l.to).UTC(),
				Outside: outside[v], Rate: rateFigure("B5", "recurrence_rate", l.name, events[v], days)})
		}
	}
	r.Services = s.histories(lives, times)
	slices.SortFunc(r.PerService, func(a, b ServiceRate) int { return cmp.Compare(a.Service, b.Service) })
	r.Rate = rateFigure("B5", "recurrence_rate", "", total, exposure)
	s.meanAndTrend(r, lives, times)
}

func (s *Snapshot) meanAndTrend(r *RecurrenceReport, lives []life, times [][]float64) {
	origin := int64(never)
	for _, l := range lives {
		if l.watched() {
			origin = min(origin, l.from)
		}
	}
	var subjects []Recurrent
	var systems []System
	zero := float64(origin) / msPerDay
	for v, l := range lives {
		if !l.watched() {
			continue
		}
		from, to := float64(l.from)/msPerDay, float64(l.to)/msPerDay
		sub, sys := Recurrent{Start: from - zero, End: to - zero}, System{End: to - from}
		for _, t := range times[v] {
			sub.Events = append(sub.Events, min(t-zero, sub.End))
			sys.Times = append(sys.Times, min(t-from, sys.End))
		}
		subjects, systems = append(subjects, sub), append(systems, sys)
	}
	if m, err := MeanCumulativeFunction(subjects); err == nil {
		every := max(1, (len(m.Time)+meanPoints-1)/meanPoints)
		for i := every - 1; i < len(m.Time); i += every {
			band := m.Band(i, conf)
			r.Mean = append(r.Mean, MeanPoint{m.Time[i], m.AtRisk[i], m.M[i], number(band.Lower), number(band.Upper)})
		}
	}
	if t, err := EventTrend(systems, conf); err == nil {
		r.Trend = TrendFigures{Events: t.N, Shown: t.N >= minTrendEvents, LaplaceU: number(t.LaplaceU), LaplaceP: number(t.LaplaceP), MILP: number(t.P)}
	}
}

// histories are the services with the most incidents, times in days.
func (s *Snapshot) histories(lives []life, times [][]float64) []ServiceHistory {
	var order []int32
	origin, end := int64(never), int64(0)
	for v := range s.services.list {
		if l := &lives[v]; len(times[v]) > 0 && l.to > l.from {
			order = append(order, int32(v))
			origin, end = min(origin, l.from), max(end, l.to)
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(len(times[b])-len(times[a]), cmp.Compare(s.services.list[a], s.services.list[b]))
	})
	var out []ServiceHistory
	for _, v := range order[:min(len(order), topServices)] {
		l, zero := &lives[v], float64(origin)/msPerDay
		h := ServiceHistory{Service: s.services.list[v], Start: l.start(), FromDay: float64(l.from)/msPerDay - zero, Days: float64(end-origin) / msPerDay}
		sys := System{End: float64(l.to-l.from) / msPerDay}
		for _, t := range slices.Sorted(slices.Values(times[v])) {
			h.Incidents = append(h.Incidents, t-zero)
			sys.Times = append(sys.Times, min(t-float64(l.from)/msPerDay, sys.End))
		}
		h.Beta = Figure{ID: "B7", Name: "growth_exponent", Group: h.Service, Unit: "none", N: len(sys.Times), Events: len(sys.Times)}
		if t, err := EventTrend([]System{sys}, conf); err == nil && t.PowerLaw != nil {
			h.Beta = h.Beta.with(t.PowerLaw.Beta, t.PowerLaw.BetaInterval)
		}
		h.Beta = h.Beta.needs(h.Beta.N, minTrendEvents, "incidents")
		out = append(out, h)
	}
	return out
}

// completions adds to the histories when plans of families that hit the service
// were completed.
func (s *Snapshot) completions(histories []ServiceHistory, lives []life, list []family, plan []int32) {
	if len(histories) == 0 {
		return
	}
	place := map[int32]int{}
	for i := range histories {
		place[s.services.find(histories[i].Service)] = i
	}
	first := s.services.find(histories[0].Service)
	origin := float64(lives[first].from)/msPerDay - histories[0].FromDay
	for i := range list {
		f := &list[i]
		done, ok := s.planCompleted(plan[f.planAt[0]:f.planAt[1]])
		if !ok {
			continue
		}
		for _, v := range s.incidents[f.index].services {
			if at, shown := place[v]; shown {
				if day := float64(done)/msPerDay - origin; day >= 0 && day <= histories[at].Days {
					histories[at].Completed = append(histories[at].Completed, day)
				}
			}
		}
	}
	for i := range histories {
		slices.Sort(histories[i].Completed)
	}
}
