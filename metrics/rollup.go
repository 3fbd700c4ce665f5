package metrics

import "time"

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
	if remaining := r.Total - r.Cancelled; remaining > 0 {
		if r.Done == remaining || r.Open > 0 {
			r.FollowedThrough = answer(r.Done == remaining)
		}
		if r.Verified == remaining || r.Open > 0 || r.Done > r.Verified {
			r.VerifiedThrough = answer(r.Verified == remaining)
		}
	}
	return r
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

// Completion is done / (total - cancelled); ok is false when nothing is left.
func (r RollUp) Completion() (share float64, ok bool) {
	if r.Total == r.Cancelled {
		return 0, false
	}
	return float64(r.Done) / float64(r.Total-r.Cancelled), true
}
