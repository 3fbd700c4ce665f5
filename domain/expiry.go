package domain

import "time"

// Expiry says how near the end of a credential is.
type Expiry string

// The warnings, 30, 7 and 1 days ahead. The empty one is far or unknown.
const (
	ExpiryMonth Expiry = "month"
	ExpiryWeek  Expiry = "week"
	ExpiryDay   Expiry = "day"
	Expired     Expiry = "expired"
)

// Expiries lists every warning, the mildest first.
func Expiries() []Expiry { return []Expiry{ExpiryMonth, ExpiryWeek, ExpiryDay, Expired} }

const day = 24 * time.Hour

// Expiry returns the warning that is due and the whole days left. A tracker
// that says nothing about the end of its credential is never warned about.
func (t Tracker) Expiry(now time.Time) (Expiry, int) {
	if t.CredentialExpires.IsZero() {
		return "", 0
	}
	left := t.CredentialExpires.Sub(now)
	days := int(left / day)
	switch {
	case left <= 0:
		return Expired, 0
	case left <= day:
		return ExpiryDay, days
	case left <= 7*day:
		return ExpiryWeek, days
	case left <= 30*day:
		return ExpiryMonth, days
	}
	return "", days
}
