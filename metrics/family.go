package metrics

import (
	"slices"
)

// families are the connected components of explicit recurrence links (B2).
type families struct {
	root     []int32 // earliest incident of the component of each incident
	undated  int     // links from or to an incident whose start is not known
	endless  int     // links to an incident whose end is not known
	rejected int     // links to a later or merged incident, or of one with an impossible order
}

// families joins incidents by their links with union-find. A link may only point
// to an incident that started earlier, so no circle can arise.
func (s *Snapshot) families() families {
	f := families{root: make([]int32, len(s.incidents))}
	for i := range f.root {
		f.root[i] = int32(i)
	}
	for i := range s.incidents {
		to := s.incidents[i].recurrenceOf
		from := &s.incidents[i]
		if to < 0 || !from.known || from.merged {
			continue
		}
		if from.undated || (s.incidents[to].undated && s.incidents[to].known) {
			f.undated++
			continue
		}
		if !from.placed() || !s.incidents[to].placed() || !s.earlierThan(to, int32(i)) {
			f.rejected++
			continue
		}
		if s.incidents[to].endless {
			f.endless++
		}
		f.join(s, int32(i), to)
	}
	for i := range f.root {
		f.root[i] = f.find(int32(i))
	}
	return f
}

// earlierThan orders incidents by start; one that began at the same instant is
// not earlier.
func (s *Snapshot) earlierThan(a, b int32) bool {
	return s.incidents[a].started < s.incidents[b].started
}

func (f *families) find(i int32) int32 {
	for f.root[i] != i {
		f.root[i] = f.root[f.root[i]]
		i = f.root[i]
	}
	return i
}

// join keeps the earliest incident as root, the lowest number among equals.
func (f *families) join(s *Snapshot, a, b int32) {
	a, b = f.find(a), f.find(b)
	if a == b {
		return
	}
	if s.earlierThan(b, a) || (!s.earlierThan(a, b) && b < a) {
		a, b = b, a
	}
	f.root[b] = a
}

// family is one component with its members after the index, by start.
type family struct {
	index  int32
	later  []int32
	planAt [2]int32 // rows of its occurrence-reducing measures: plan[planAt[0]:planAt[1]]
}

// byIndex lists the families in the order of their index incidents.
func (f *families) byIndex(s *Snapshot) []family {
	count := make([]int32, len(f.root))
	for _, r := range f.root {
		count[r]++
	}
	place := make([]int32, len(f.root))
	var list []family
	for i, r := range f.root {
		if r == int32(i) && s.incidents[i].placed() {
			place[i] = int32(len(list))
			list = append(list, family{index: r})
		}
	}
	for i, r := range f.root {
		if inc := &s.incidents[i]; r != int32(i) && inc.placed() {
			list[place[r]].later = append(list[place[r]].later, int32(i))
		}
	}
	for i := range list {
		slices.SortStableFunc(list[i].later, func(a, b int32) int {
			switch {
			case s.earlierThan(a, b):
				return -1
			case s.earlierThan(b, a):
				return 1
			}
			return int(a - b)
		})
	}
	return list
}

// plans groups the rows of occurrence-reducing measures by family: a counting
// sort over the portfolio, kinds by the policy of the cohort.
func (s *Snapshot) plans(f *families, list []family, reducing map[uint8]bool) []int32 {
	var reduces [256]bool
	for k := range reduces {
		reduces[k] = reducing[uint8(k)]
	}
	start := make([]int32, len(f.root)+1)
	count := func(visit func(row, root int32)) {
		for row, i := range s.incident {
			if i >= 0 && reduces[s.kind[row]] && s.flags[row]&(excludedRow|impossibleRow|unknownRow) == 0 {
				visit(int32(row), f.root[i])
			}
		}
	}
	count(func(_, root int32) { start[root+1]++ })
	for i := 1; i < len(start); i++ {
		start[i] += start[i-1]
	}
	rows := make([]int32, start[len(start)-1])
	next := slices.Clone(start)
	count(func(row, root int32) {
		rows[next[root]] = row
		next[root]++
	})
	for i := range list {
		list[i].planAt = [2]int32{start[list[i].index], start[list[i].index+1]}
	}
	return rows
}
