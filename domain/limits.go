package domain

import (
	"slices"
	"time"
)

// Limits is what is known about one credential's rate limits. It lives in the
// store, so that replicas share one budget and a restart resets nothing.
type Limits struct {
	// PauseUntil stops every request of the credential.
	PauseUntil  time.Time
	PauseReason string
	// Resources and Issues hold narrower pauses.
	Resources map[string]time.Time
	Issues    map[string]time.Time
	// NextWrite is the earliest start of the next write.
	NextWrite time.Time
	// Creates are the starts of the creations of the last hour, oldest first.
	Creates []time.Time
	// Strikes counts limit answers in a row.
	Strikes int
	Quota   Quota
}

// Blocked returns until when a call must wait, and why; zero when it may go.
func (l *Limits) Blocked(call Call, now time.Time) (time.Time, string) {
	until, why := l.PauseUntil, l.PauseReason
	if at := l.Resources[call.Resource]; at.After(until) {
		until, why = at, "the limit of "+call.Resource+" is used up"
	}
	if at := l.Issues[call.Issue]; call.Issue != "" && at.After(until) {
		until, why = at, "too many writes to issue "+call.Issue
	}
	if !until.After(now) {
		return time.Time{}, ""
	}
	return until, why
}

// Creation budgets below GitHub's published 80 a minute and 500 an hour, which
// people's own work in the web pages shares.
const (
	createsPerMinute = 60
	createsPerHour   = 400
)

// CreateAt returns when the next creation may start.
func (l *Limits) CreateAt(now time.Time) time.Time {
	l.Creates = slices.DeleteFunc(l.Creates, func(t time.Time) bool { return now.Sub(t) >= time.Hour })
	n := len(l.Creates)
	if n >= createsPerHour {
		return l.Creates[n-createsPerHour].Add(time.Hour)
	}
	if n >= createsPerMinute {
		if at := l.Creates[n-createsPerMinute].Add(time.Minute); at.After(now) {
			return at
		}
	}
	return now
}

// Prune forgets pauses that are over.
func (l *Limits) Prune(now time.Time) {
	for _, pauses := range []map[string]time.Time{l.Resources, l.Issues} {
		for key, until := range pauses {
			if !until.After(now) {
				delete(pauses, key)
			}
		}
	}
}
