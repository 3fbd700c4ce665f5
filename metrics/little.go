package metrics

import "time"

// Spell is one stretch of being open. A zero Out is "still open".
type Spell struct {
	In, Out time.Time
}

// Little is the flow of items through a window.
type Little struct {
	Window      time.Duration
	TotalOpen   time.Duration // Σ open time inside the window
	AverageOpen float64       // TotalOpen / Window
	Arrivals    int
	Departures  int
	OpenAtStart int
	OpenAtEnd   int
}

// LittlesLaw counts the spells that meet the window [start, end): the
// time-average number open is total open time inside the window over its length,
// and OpenAtStart + Arrivals - Departures = OpenAtEnd holds always. An arrival
// or departure at the end instant belongs to the next window. It refuses an
// empty window and a spell that ends before it begins. Source: Little 1961.
func LittlesLaw(start, end time.Time, spells []Spell) (Little, error) {
	if !end.After(start) {
		return Little{}, invalidf("a window from %v to %v; need end after start", start, end)
	}
	l := Little{Window: end.Sub(start)}
	for i, s := range spells {
		open := s.Out.IsZero()
		if !open && s.Out.Before(s.In) {
			return Little{}, invalidf("spell %d ends at %v before it begins at %v", i, s.Out, s.In)
		}
		l.add(s.In.UnixMilli(), s.Out.UnixMilli(), open, start.UnixMilli(), end.UnixMilli())
	}
	l.AverageOpen = l.TotalOpen.Seconds() / l.Window.Seconds()
	return l, nil
}

func (l *Little) add(in, out int64, open bool, start, end int64) {
	if in >= end {
		return
	}
	if !open && out < start {
		return
	}
	if in < start {
		l.OpenAtStart++
	} else {
		l.Arrivals++
	}
	if open || out >= end {
		l.OpenAtEnd++
		out = end
	} else {
		l.Departures++
	}
	l.TotalOpen += time.Duration(out-max(in, start)) * time.Millisecond
}
