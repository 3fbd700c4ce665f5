package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// prepare connects with a new configuration before anything is stored. What
// cannot be reached is refused; a mapping that would lose data silently keeps
// the tracker paused until somebody has corrected it.
func (s *Trackers) prepare(ctx context.Context, t domain.Tracker, secrets domain.Secrets) (domain.Tracker, error) {
	if s.Remote == nil || t.Paused {
		return t, nil
	}
	report, err := s.Remote.Try(ctx, t, secrets)
	if err != nil {
		return t, fromTracker(err)
	}
	if report.Loses() && t.Mapping.IsZero() {
		t.Mapping = report.Suggested
		if report, err = s.Remote.Try(ctx, t, secrets); err != nil {
			return t, fromTracker(err)
		}
	}
	t.CredentialExpires = report.CredentialExpires
	if report.Loses() {
		t.Paused, t.PauseReason = true, "the mapping would lose data: "+losses(report)
	}
	return t, nil
}

// checkActive refuses a change after which an active tracker would lose data.
// It returns when the credential ends, as far as the tracker was asked.
func (s *Trackers) checkActive(ctx context.Context, before, after domain.Tracker, secrets domain.Secrets) (time.Time, error) {
	if s.Remote == nil || after.Paused || !needsCheck(before, after, secrets) {
		return time.Time{}, nil
	}
	report, err := s.Remote.Try(ctx, after, secrets)
	if err != nil {
		return time.Time{}, fromTracker(err)
	}
	if report.Loses() {
		return time.Time{}, domain.Errorf(domain.ErrConflict, "the tracker stays as it is, because its mapping would lose data: %s; correct the mapping, or keep it paused", losses(report))
	}
	return report.CredentialExpires, nil
}

// needsCheck reports whether a change touches what the mapping check looks at.
func needsCheck(before, after domain.Tracker, secrets domain.Secrets) bool {
	return before.Paused || secrets.Credential != "" || before.BaseURL != after.BaseURL || before.Repository != after.Repository ||
		before.Project != after.Project || before.Account != after.Account || !before.Mapping.Equal(after.Mapping)
}

// losses names what would be lost, the first three of it.
func losses(report domain.MappingReport) string {
	all := append([]string(nil), report.Problems...)
	for _, row := range report.Rows {
		if row.Loss == domain.Unreachable || row.Loss == domain.Lossy && row.Note == "" {
			all = append(all, fmt.Sprintf("%s %s is %s", row.Field, row.Value, row.Loss))
		}
	}
	if n := len(all); n > 3 {
		all = append(all[:3], fmt.Sprintf("and %d more", n-3))
	}
	return strings.Join(all, "; ")
}

// noteExpiry keeps what the tracker said about its credential, so that people
// are told before it ends.
func (s *Trackers) noteExpiry(ctx context.Context, by domain.Actor, id domain.TrackerID, expires time.Time) error {
	t, err := s.Store.TrackerByID(ctx, by.Scope, id)
	if err != nil || t.CredentialExpires.Equal(expires) {
		return err
	}
	_, err = s.Store.UpdateTracker(ctx, domain.By(domain.System(), "read by the mapping check"), id, t.Version, func(t *domain.Tracker, _ *domain.Secrets) error {
		t.CredentialExpires = expires
		return nil
	})
	return err
}
