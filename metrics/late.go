package metrics

import "github.com/followthrough/followthrough/domain"

// LateCounts counts the open measures by the priority they have now: how late
// they are by the current date and by the first one, judged by the civil day
// today, and how many are due within soon days. counted chooses them by priority
// and team. It is what a work list counts, in one pass over the columns;
// priorities without any are left out.
func (s *Snapshot) LateCounts(today domain.Date, soon int, counted func(domain.Priority, domain.TeamID) bool) []domain.LateCount {
	priorities := append([]domain.Priority{""}, domain.Priorities()...) // in the order of their codes
	counts, shown := make([]domain.LateCount, len(priorities)), make([][]bool, len(priorities))
	for p, priority := range priorities {
		counts[p].Priority = priority
		for _, team := range s.teams.list {
			shown[p] = append(shown[p], counted(priority, team))
		}
	}
	day := int32(today.Ordinal())
	late := make([][domain.LateOver90 + 1]int, len(priorities))
	for row, state := range s.state {
		if state != StateOpen || s.flags[row]&unknownRow != 0 {
			continue
		}
		p := s.prioNow[row]
		if !shown[p][s.teamNow[row]] {
			continue
		}
		c := &counts[p]
		c.Open++
		switch planned := s.plannedOn[row]; {
		case planned == noDate:
			c.Undated++
		case planned < day:
			c.Overdue++
		case planned <= day+int32(soon):
			c.Soon++
		}
		if due := s.due[row]; due != noDate && due < day {
			late[p][lateAge(day-due)]++
		}
		if s.incident[row] == noIncident {
			c.NeedsIncident++
		}
	}
	out := make([]domain.LateCount, 0, len(counts))
	for p, c := range counts {
		if c.Open == 0 {
			continue
		}
		c.ByAge = map[domain.LateAge]int{}
		for _, age := range domain.LateAges() {
			c.ByAge[age] = late[p][age]
		}
		out = append(out, c)
	}
	return out
}

// lateAge is the age of a promise that passed some days ago.
func lateAge(days int32) domain.LateAge {
	for _, age := range domain.LateAges() {
		if _, to := age.Days(); int(days) <= to {
			return age
		}
	}
	return domain.LateOver90
}
