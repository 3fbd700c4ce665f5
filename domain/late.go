package domain

// LateAge is how long an open measure is past its original date.
type LateAge int

// The ages of statistics.md A7.
const (
	Late1To7 LateAge = iota + 1
	Late8To30
	Late31To90
	LateOver90
)

// LateAges lists the ages that are late, shortest first.
func LateAges() []LateAge { return []LateAge{Late1To7, Late8To30, Late31To90, LateOver90} }

// Days returns the range of days past the original date, both included; the
// last age has no upper end and returns 0 for it.
func (a LateAge) Days() (from, to int) {
	switch a {
	case Late1To7:
		return 1, 7
	case Late8To30:
		return 8, 30
	case Late31To90:
		return 31, 90
	case LateOver90:
		return 91, 0
	}
	return 0, 0
}

// LateCount counts the open measures of one priority: a census, without
// interval.
type LateCount struct {
	Priority Priority // empty for those without one
	Open     int
	// Overdue is judged by the current date, ByAge by the original one.
	Overdue int
	ByAge   map[LateAge]int
	// Soon are due today or within the days that were asked for.
	Soon          int
	Undated       int
	NeedsIncident int
}

// PastPromise counts those past their original date.
func (c LateCount) PastPromise() int {
	n := 0
	for _, count := range c.ByAge {
		n += count
	}
	return n
}

// RollupOf counts the measures of one incident (statistics.md A1, A2);
// recurrences is the number of later incidents that name it.
func RollupOf(measures []Measure, today Date, recurrences int) Rollup {
	r := Rollup{Recurrences: recurrences}
	for _, m := range measures {
		r.count(m, today)
	}
	remaining := r.Total - r.Cancelled
	if remaining == 0 {
		return r
	}
	completion := float64(r.Done) / float64(remaining)
	r.Completion = &completion
	if followed := r.Done == remaining; followed || r.Open > 0 {
		r.FollowedThrough = &followed
	}
	if verified := r.Verified == remaining; verified || r.Open > 0 || r.Done > r.Verified {
		r.VerifiedThrough = &verified
	}
	return r
}

func (r *Rollup) count(m Measure, today Date) {
	if m.Status == Cancelled && (m.ClosureReason == Duplicate || m.ClosureReason == CreatedInError) {
		r.Excluded++
		return
	}
	r.Total++
	if m.StatusUnknown {
		r.Unknown++
		return
	}
	if m.OriginalDueOn.IsZero() {
		r.WithoutDue++
	}
	if m.Status.Open() && !m.DueOn.IsZero() && m.DueOn.Before(today) {
		r.Overdue++
	}
	if m.Status.Open() && !m.OriginalDueOn.IsZero() && m.OriginalDueOn.Before(today) {
		r.PastPromise++
	}
	switch m.Status {
	case Cancelled:
		r.Cancelled++
	case Verified:
		r.Done++
		r.Verified++
		if m.Verdict == Effective {
			r.Effective++
		}
	case Done:
		r.Done++
	case Proposed, Accepted, InProgress, Blocked:
		r.Open++
	}
}
