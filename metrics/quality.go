package metrics

import "slices"

// markAbove is the share of failing inputs from which a statistic is marked.
const markAbove = 0.10

// withoutMeasuresDays is how long a resolved incident may go without measures.
const withoutMeasuresDays = 14

// QualityReport is the state of the data, shown before everything else (1.4).
// Checks are sorted by share, worst first; each links to a list by its name.
type QualityReport struct {
	Cohort  Cohort
	Checks  []QualityCheck
	LinkLag [2]*float64 // P50 and P90 days from incident start to link made
}

// QualityCheck is one kind of defect: count out of denominator.
type QualityCheck struct {
	Name  string
	Count int
	Of    int
	// Marks names the definitions whose figures carry a mark while more than 10 %
	// of the inputs fail; Marked says that this is so.
	Marks  []string
	Marked bool
}

// Share is Count/Of, 0 for nothing.
func (q QualityCheck) Share() float64 {
	if q.Of == 0 {
		return 0
	}
	return float64(q.Count) / float64(q.Of)
}

// Quality counts defects over the cohort. Errors as Completion.
func Quality(s *Snapshot, c Cohort, services []ServiceLife) (QualityReport, error) {
	sel, err := s.begin(&c)
	if err != nil {
		return QualityReport{}, err
	}
	r := QualityReport{Cohort: c}
	r.Checks = append(s.measureChecks(&sel), s.incidentChecks(&c, services)...)
	for i := range r.Checks {
		q := &r.Checks[i]
		q.Marked = len(q.Marks) > 0 && q.Share() > markAbove
	}
	slices.SortStableFunc(r.Checks, func(a, b QualityCheck) int {
		// Exact comparison of fractions, so that equal shares keep their order.
		return b.Count*max(1, a.Of) - a.Count*max(1, b.Of)
	})
	var lags []float64
	for i := range s.incidents {
		if inc := &s.incidents[i]; inc.recurrenceOf >= 0 && inc.linkedAt > 0 {
			lags = append(lags, float64(max(0, inc.linkedAt-inc.started))/msPerDay)
		}
	}
	slices.Sort(lags)
	r.LinkLag = [2]*float64{number(quantileSorted(lags, 0.5)), number(quantileSorted(lags, 0.9))}
	return r, nil
}

// measureTally counts what the checks on measures need.
type measureTally struct {
	all, closed, completed, verified, withDue                                                  int
	noDue, noOwner, noKind, noTarget, noBaseline, noEvidence, self, edited, bulk, reclassified int
	lateMoves, onDueDay, impossible, imported                                                  int
}

func (s *Snapshot) measureChecks(sel *selection) []QualityCheck {
	var t measureTally
	for _, row := range sel.rows {
		t.add(s, row)
	}
	return []QualityCheck{
		{Name: "measures_without_due_date", Count: t.noDue, Of: t.all, Marks: []string{"A4", "A7"}},
		{Name: "measures_without_owner", Count: t.noOwner, Of: t.all},
		{Name: "measures_without_kind", Count: t.noKind, Of: t.all, Marks: []string{"B9", "B10"}},
		{Name: "measures_without_target", Count: t.noTarget, Of: t.all, Marks: []string{"C1", "C2"}},
		{Name: "measures_without_baseline", Count: t.noBaseline, Of: t.all, Marks: []string{"C2"}},
		{Name: "impossible_order", Count: t.impossible, Of: t.all, Marks: []string{"A3", "A5", "A6"}},
		{Name: "timestamps_edited", Count: t.edited, Of: t.all, Marks: []string{"A3", "A5", "A6"}},
		{Name: "bulk_closures", Count: t.bulk, Of: t.closed, Marks: []string{"A3", "A5", "A6"}},
		{Name: "done_on_due_day", Count: t.onDueDay, Of: t.withDue},
		{Name: "due_moved_at_deadline", Count: t.lateMoves, Of: t.withDue, Marks: []string{"A4"}},
		{Name: "closed_without_evidence", Count: t.noEvidence, Of: t.completed, Marks: []string{"A9"}},
		{Name: "verified_by_doer", Count: t.self, Of: t.verified, Marks: []string{"A9"}},
		{Name: "reclassified", Count: t.reclassified, Of: t.all},
		{Name: "duplicates", Count: sel.duplicates, Of: len(sel.rows) + sel.excluded},
		{Name: "duplicates_unnamed", Count: sel.unnamed, Of: sel.duplicates},
		{Name: "imported", Count: t.imported, Of: t.all},
		{Name: "status_unknown", Count: sel.unknown, Of: len(sel.rows) + sel.unknown, Marks: []string{"A2", "A3", "A4", "A5", "A6", "A7", "A8", "A10", "B9", "B10"}},
	}
}

func (t *measureTally) add(s *Snapshot, row int32) {
	f := s.flags[row]
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	cause := s.cause(row)
	t.all++
	count(&t.closed, cause != CauseOpen)
	count(&t.completed, cause == CauseDone)
	count(&t.verified, s.state[row] == StateVerified)
	count(&t.withDue, s.due[row] != noDate)
	count(&t.noDue, s.due[row] == noDate)
	count(&t.noOwner, f&HasOwner == 0)
	count(&t.noKind, s.kind[row] == 0)
	count(&t.noTarget, f&HasTarget == 0)
	count(&t.noBaseline, f&HasBaseline == 0)
	count(&t.noEvidence, cause == CauseDone && f&HasEvidence == 0)
	count(&t.self, s.state[row] == StateVerified && f&SelfVerified != 0)
	count(&t.edited, f&Edited != 0)
	count(&t.bulk, cause != CauseOpen && f&BulkClosed != 0)
	count(&t.reclassified, f&Reclassified != 0)
	count(&t.lateMoves, f&lateMove != 0)
	count(&t.impossible, f&impossibleRow != 0)
	count(&t.imported, s.entry[row] > 0)
	if cause == CauseDone && s.planned[row] != 0 {
		const day = 86400
		late := int64(s.planned[row]) - s.closed[row]/1000
		count(&t.onDueDay, late > 0 && late <= day)
	}
}

func (s *Snapshot) incidentChecks(c *Cohort, services []ServiceLife) []QualityCheck {
	m := newMatcher(s, Filter{Severities: c.Severities, Services: c.Services, Created: c.Created})
	tally := s.tallies()
	byCategory, byPrint := s.candidates(c)
	due := c.asOf() - withoutMeasuresDays*msPerDay
	var all, resolved, without, unreviewed, impossible, edited, undated, endless, planless, candidates, unlinked, settled int
	for i := range s.incidents {
		inc := &s.incidents[i]
		if !m.incident(inc) || inc.merged {
			continue
		}
		all++
		if inc.edited {
			edited++
		}
		if inc.undated {
			undated++
		}
		if inc.endless {
			endless++
		}
		if tally[i].all == 0 {
			planless++
		}
		if inc.resolved != 0 {
			resolved++
			if inc.resolved < inc.started {
				impossible++
			}
			if !inc.reviewed {
				unreviewed++
			}
			if inc.resolved <= due {
				settled++
				if tally[i].all == 0 {
					without++
				}
			}
		}
		if byCategory[i] || byPrint[i] {
			candidates++
			if inc.recurrenceOf < 0 {
				unlinked++
			}
		}
	}
	known := map[int32]bool{}
	for _, l := range services {
		if i := s.services.find(l.Service); i >= 0 && !l.From.IsZero() {
			known[i] = true
		}
	}
	return []QualityCheck{
		{Name: "incidents_without_measures", Count: planless, Of: all},
		{Name: "resolved_without_measures", Count: without, Of: settled, Marks: []string{"A2"}},
		{Name: "resolved_without_review", Count: unreviewed, Of: resolved, Marks: []string{"B4"}},
		{Name: "resolved_before_start", Count: impossible, Of: resolved, Marks: []string{"B3", "B4"}},
		{Name: "incident_instants_edited", Count: edited, Of: all, Marks: []string{"B3", "B5"}},
		{Name: "incidents_without_start", Count: undated, Of: all, Marks: []string{"B3", "B4", "B5"}},
		{Name: "incidents_without_end", Count: endless, Of: resolved + endless, Marks: []string{"B3", "B10"}},
		{Name: "unlinked_candidates", Count: unlinked, Of: candidates, Marks: []string{"B3", "B4", "B10"}},
		{Name: "service_life_unknown", Count: len(s.services.list) - len(known), Of: len(s.services.list), Marks: []string{"B5"}},
	}
}

// Mark sets Marked on the figures whose definition a failing check names.
func (r *QualityReport) Mark(figures []Figure) {
	for i := range figures {
		for _, q := range r.Checks {
			if q.Marked && slices.Contains(q.Marks, figures[i].ID) {
				figures[i].Marked = true
			}
		}
	}
}
