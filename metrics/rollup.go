package metrics

import (
	"time"

	"github.com/followthrough/followthrough/domain"
)

// RollUp is the plan of one incident in counts (A1, A2). It is shown as "2 of 4
// done, 1 overdue, 1 cancelled" and never as a percentage.
type RollUp struct {
	Total       int // without the excluded
	Unknown     int // imported without a status: in Total, in none of the others
	Done        int // completed, verified ones included
	Verified    int
	Effective   int
	Cancelled   int
	Open        int
	Overdue     int // open past the current due date
	PastPromise int // open past the original due date
	Excluded    int // duplicates and created in error
	WithoutDue  int // never had a date
	// FollowedThrough: every remaining measure is completed. VerifiedThrough:
	// every one is verified. Both are undecided for "no plan" and "plan dropped", and while a measure of
	// unknown status could decide either way.
	FollowedThrough Answer
	VerifiedThrough Answer
}

// RollUpIncident counts the measures of one incident at as_of.
func RollUpIncident(measures []Facts, asOf time.Time) RollUp {
	var r RollUp
	for i := range measures {
		r.add(&measures[i], asOf)
	}
	r.judge()
	return r
}

// judge answers what the counts decide.
func (r *RollUp) judge() {
	if remaining := r.Total - r.Cancelled; remaining > 0 {
		if r.Done == remaining || r.Open > 0 {
			r.FollowedThrough = answer(r.Done == remaining)
		}
		if r.Verified == remaining || r.Open > 0 || r.Done > r.Verified {
			r.VerifiedThrough = answer(r.Verified == remaining)
		}
	}
}

func (r *RollUp) add(f *Facts, asOf time.Time) {
	if f.Excluded {
		r.Excluded++
		return
	}
	r.Total++
	if f.Unknown {
		r.Unknown++
		return
	}
	if f.Original.Date.IsZero() {
		r.WithoutDue++
	}
	switch f.State {
	case StateOpen:
		r.Open++
	case StateCancelled:
		r.Cancelled++
	case StateVerified:
		r.Verified++
		r.Done++
	case StateDone:
		r.Done++
	}
	if f.Effective() == Yes {
		r.Effective++
	}
	if f.Overdue(f.Current, asOf) {
		r.Overdue++
	}
	if f.Overdue(f.Original, asOf) {
		r.PastPromise++
	}
}

// RollUp counts the measures of an incident at as_of as RollUpIncident does, and
// the later incidents that name it; ok is false when it is not known. It is the
// way to counts pinned by as_of and known_at.
func (s *Snapshot) RollUp(key domain.IncidentKey, asOf time.Time) (r RollUp, recurrences int, ok bool) {
	at, ok := s.byKey[key]
	if !ok || !s.incidents[at].known {
		return RollUp{}, 0, false
	}
	for i := range s.incidents {
		if s.incidents[i].known && s.incidents[i].recurrenceOf == at {
			recurrences++
		}
	}
	for row := range int32(s.Len()) {
		if s.incident[row] == at {
			f := s.factsAt(row)
			r.add(&f, asOf)
		}
	}
	r.judge()
	return r, recurrences, true
}

// factsAt is as much of the facts of a row as a roll-up reads.
func (s *Snapshot) factsAt(row int32) Facts {
	due := func(deadline uint32, day int32) Due {
		if day == noDate {
			return Due{}
		}
		return Due{Date: domain.DateOf(time.UnixMilli(int64(day) * msPerDay).UTC()), Deadline: time.Unix(int64(deadline), 0)}
	}
	return Facts{State: s.state[row], Excluded: s.flags[row]&excludedRow != 0, Unknown: s.flags[row]&unknownRow != 0, Verdict: s.verdictOf(row),
		Original: due(s.deadline[row], s.due[row]), Current: due(s.planned[row], s.plannedOn[row])}
}

// Completion is done / (total - cancelled); ok is false when nothing is left.
func (r RollUp) Completion() (share float64, ok bool) {
	if r.Total == r.Cancelled {
		return 0, false
	}
	return float64(r.Done) / float64(r.Total-r.Cancelled), true
}
