package domain

import (
	"slices"
	"time"
)

// Queue is what waits to be done for one tracker.
type Queue struct {
	// Creates are issues still to be made or found.
	Creates int
	// Pushes are links whose measure has moved on since it was last written.
	Pushes int
	// Deliveries are webhook deliveries that were acknowledged and not processed yet.
	Deliveries int
	// Due are rows of the work schedule whose time has come, Parked those set
	// aside after too many failures.
	Due    int
	Parked int
}

// Writes is how many issues are still to be written.
func (q Queue) Writes() int { return q.Creates + q.Pushes }

// pace is what one write takes: the governor keeps writes a second apart.
const pace = time.Second

// ETA estimates when the last write of the queue will have been sent, under
// the pauses and budgets of the credential; zero when nothing waits. It knows
// nothing of other trackers that spend the same budget.
func (q Queue) ETA(kind TrackerKind, l Limits, now time.Time) time.Time {
	if q.Writes() == 0 {
		return time.Time{}
	}
	at := latest(latest(now, l.PauseUntil), l.NextWrite)
	bucket := Limits{Creates: slices.Clone(l.Creates)}
	for range q.Creates {
		if kind == GitHub {
			at = latest(at, bucket.CreateAt(at))
			bucket.Creates = append(bucket.Creates, at)
		}
		at = at.Add(pace)
	}
	at = at.Add(time.Duration(q.Pushes) * pace)
	return latest(at, l.Quota.refilled(q.Creates+2*q.Pushes, now)) // a push reads the issue first
}

// Reserved is the share of an hourly budget that is kept for people.
const Reserved = 0.2

// refilled is when the share of the background has allowed n more requests.
func (q Quota) refilled(n int, now time.Time) time.Time {
	hourly := float64(q.Limit) * (1 - Reserved)
	left := float64(q.Remaining) - float64(q.Limit)*Reserved
	if missing := float64(n) - max(0, left); q.Limit > 0 && q.ResetAt.After(now) && missing > 0 {
		return q.ResetAt.Add(time.Duration(int(missing/hourly)) * time.Hour)
	}
	return time.Time{}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
