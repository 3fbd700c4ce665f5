package metrics

import (
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// life is when a service is under observation, in ms.
type life struct {
	name     string
	from, to int64
	// since and until are what the catalogue says, whatever the window; 0 = nothing.
	since, until int64
	known        bool  // its start is catalogued; else opened by the first incident
	opener       int32 // that incident; -1 = none
	seen         bool  // some incident names it
	chosen       bool  // by the filter
}

// watched reports whether the service adds to the exposure.
func (l *life) watched() bool { return l.chosen && l.to > l.from && (l.seen || l.known) }

// start says where the life begins.
func (l *life) start() string {
	if l.known {
		return StartCatalogued
	}
	return StartAssumed
}

// misses reports whether an instant lies outside what the catalogue says.
func (l *life) misses(ms int64) bool {
	return l.since != 0 && ms < l.since || l.until != 0 && ms >= l.until
}

// HasService reports whether an incident of the snapshot names a service, however
// it writes it.
func (s *Snapshot) HasService(name string) bool { return s.services.find(name) >= 0 }

// lives are the lives of all services inside the window, those of the snapshot
// by their numbers and behind them those that only the catalogue knows.
func (s *Snapshot) lives(in RecurrenceInput, c *Cohort) ([]life, error) {
	first := int64(never)
	for i := range s.incidents {
		if s.incidents[i].placed() {
			first = min(first, s.incidents[i].started)
		}
	}
	from, to := first, c.asOf()
	if !in.Window.From.IsZero() {
		from = in.Window.From.UnixMilli()
	}
	if !in.Window.To.IsZero() {
		to = min(to, in.Window.To.UnixMilli())
	}
	chosen := map[string]bool{}
	for _, name := range c.Services {
		chosen[domain.FoldService(name)] = true
	}
	fresh := func(name string) life {
		return life{name: name, from: from, to: to, opener: -1, chosen: len(chosen) == 0 || chosen[domain.FoldService(name)]}
	}
	lives := make([]life, len(s.services.list))
	for i := range lives {
		lives[i] = fresh(s.services.list[i])
	}
	for _, l := range in.Services {
		if !l.From.IsZero() && !l.To.IsZero() && l.To.Before(l.From) {
			return nil, invalidf("service %s ends at %v, before it begins at %v", l.Service, l.To, l.From)
		}
		i := s.services.find(l.Service)
		if i < 0 {
			// Without incidents a service still counts as exposure.
			lives = append(lives, fresh(l.Service))
			i = int32(len(lives) - 1)
		}
		lives[i].catalogued(l, in.Window.From.IsZero())
	}
	s.openUnknown(lives)
	return lives, nil
}

// catalogued takes what the catalogue says. An open window does not cut a
// catalogued start: the years before the first incident were free of any.
func (l *life) catalogued(entry ServiceLife, open bool) {
	if !entry.From.IsZero() {
		l.known, l.since = true, entry.From.UnixMilli()
		if open {
			l.from = l.since
		} else {
			l.from = max(l.from, l.since)
		}
	}
	if !entry.To.IsZero() {
		l.until = entry.To.UnixMilli()
		l.to = min(l.to, l.until)
	}
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

// serviceNames numbers services in the order they come in. Names that differ in
// their spelling only are one service, shown by the smallest of its spellings,
// whatever the order they came in.
type serviceNames struct {
	list []string
	at   map[string]int32 // by folded name and by every spelling
}

func (n *serviceNames) index(name string) int32 {
	i := n.find(name)
	if i < 0 {
		i = int32(len(n.list))
		n.list = append(n.list, name)
		if n.at == nil {
			n.at = map[string]int32{}
		}
		n.at[domain.FoldService(name)] = i
	}
	n.at[name] = i
	n.list[i] = min(n.list[i], name)
	return i
}

func (n *serviceNames) find(name string) int32 {
	if i, ok := n.at[name]; ok {
		return i
	}
	if i, ok := n.at[domain.FoldService(name)]; ok {
		return i
	}
	return -1
}

// numbers are those of several names, each once.
func (n *serviceNames) numbers(given []string) []int32 {
	var out []int32
	for _, name := range given {
		if i := n.index(name); !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}
