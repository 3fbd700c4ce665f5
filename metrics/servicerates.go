package metrics

import (
	"cmp"
	"slices"
)

// life is when a service is under observation, in ms.
type life struct {
	from, to int64
	known    bool // from the catalogue; else opened by the first incident
	opener   int32
	seen     bool
}

// lives are the lives of all services of the snapshot inside the window.
func (s *Snapshot) lives(in RecurrenceInput, asOf int64) ([]life, error) {
	first := int64(never)
	for i := range s.incidents {
		if s.incidents[i].placed() {
			first = min(first, s.incidents[i].started)
		}
	}
	from, to := first, asOf
	if !in.Window.From.IsZero() {
		from = in.Window.From.UnixMilli()
	}
	if !in.Window.To.IsZero() {
		to = min(to, in.Window.To.UnixMilli())
	}
	lives := make([]life, len(s.services.list))
	for i := range lives {
		lives[i] = life{from: from, to: to, opener: -1}
	}
	for _, l := range in.Services {
		if !l.From.IsZero() && !l.To.IsZero() && l.To.Before(l.From) {
			return nil, invalidf("service %s ends at %v, before it begins at %v", l.Service, l.To, l.From)
		}
		i := s.services.find(l.Service)
		if i < 0 {
			// Without incidents a service still counts as exposure.
			lives = append(lives, life{opener: -1, from: from, to: to})
			i = int32(len(lives) - 1)
		}
		if !l.From.IsZero() {
			lives[i].known = true
			lives[i].from = max(from, l.From.UnixMilli())
		}
		if !l.To.IsZero() {
			lives[i].to = min(to, l.To.UnixMilli())
		}
	}
	s.openUnknown(lives)
	return lives, nil
}

// openUnknown lets the first incident of a service of unknown age open its life.
func (s *Snapshot) openUnknown(lives []life) {
	for i := range s.incidents {
		inc := &s.incidents[i]
		if !inc.placed() {
			continue
		}
		for _, v := range inc.services {
			l := &lives[v]
			l.seen = true
			if !l.known && (l.opener < 0 || inc.started < s.incidents[l.opener].started) {
				l.opener = int32(i)
			}
		}
	}
	for v := range lives {
		if l := &lives[v]; !l.known && l.opener >= 0 {
			l.from = max(l.from, s.incidents[l.opener].started)
		}
	}
}

// retirement is when the last service of an incident ended, never while one lives.
func (s *Snapshot) retirement(inc *incidentRow, lives []life) int64 {
	end := int64(0)
	for _, v := range inc.services {
		end = max(end, lives[v].to)
	}
	if len(inc.services) == 0 {
		return never
	}
	return end
}

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

// meanPoints bounds the steps of the mean cumulative function that are drawn.
const meanPoints = 120

// serviceRates is B5 (recurrences per service-year), B6 and B7 (incidents per
// service). An incident on three services counts once per service and once in
// the portfolio, so the services do not add up to it.
func (s *Snapshot) serviceRates(r *RecurrenceReport, f *families, lives []life, w *recurrenceWalk) {
	events := make([]int, len(lives))
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
		if l := &lives[v]; l.to > l.from && (l.seen || l.known) && w.m.hasService(int32(v)) {
			exposure += float64(l.to-l.from) / msPerDay
			if v < len(s.services.list) && events[v] > 0 {
				r.PerService = append(r.PerService, rateFigure("B5", "recurrence_rate", s.services.list[v], events[v], float64(l.to-l.from)/msPerDay))
			}
		}
	}
	slices.SortFunc(r.PerService, func(a, b Figure) int { return cmp.Compare(a.Group, b.Group) })
	r.Rate = rateFigure("B5", "recurrence_rate", "", total, exposure)
	s.meanAndTrend(r, lives, times, w)
}

func (m *matcher) hasService(v int32) bool { return m.service == nil || m.service[v] }

func (s *Snapshot) meanAndTrend(r *RecurrenceReport, lives []life, times [][]float64, w *recurrenceWalk) {
	origin := int64(never)
	for _, l := range lives {
		if l.to > l.from {
			origin = min(origin, l.from)
		}
	}
	var subjects []Recurrent
	var systems []System
	zero := float64(origin) / msPerDay
	for v, l := range lives {
		if l.to <= l.from || !(l.seen || l.known) || !w.m.hasService(int32(v)) {
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
