package domain

import (
	"slices"
	"time"
)

// VerifyLimit says from when on a measure waits for a verdict, as a list can ask
// for it: of those that go by some versions of the policy, with a priority, what
// was done before an instant is due.
type VerifyLimit struct {
	// Versions are the versions of the policy; none is every one.
	Versions   []int
	Priority   Priority
	DoneBefore time.Time
}

// VerifyLimits are the limits of the versions of a policy for a day; measures
// without a version go by the last one. They say what VerifyOn says: the day of
// the check has come.
func VerifyLimits(versions []Policy, today Date, zone *time.Location) []VerifyLimit {
	var out []VerifyLimit
	for n, p := range versions {
		numbers := []int{p.Version}
		if n == len(versions)-1 {
			numbers = append(numbers, 0)
		}
		for _, priority := range append(Priorities(), "") {
			before := today.AddDays(1 - p.VerifyDays[priority]).Start(zone)
			same := slices.IndexFunc(out, func(l VerifyLimit) bool { return l.Priority == priority && l.DoneBefore.Equal(before) })
			if same < 0 {
				out = append(out, VerifyLimit{Priority: priority, DoneBefore: before})
				same = len(out) - 1
			}
			out[same].Versions = append(out[same].Versions, numbers...)
		}
	}
	for n := range out {
		if len(out[n].Versions) == len(versions)+1 {
			out[n].Versions = nil
		}
	}
	return out
}
