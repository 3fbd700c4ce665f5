package app_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// outage is an incident of a service that lasted an hour.
func (w *world) outage(service string, daysAgo int, of domain.IncidentKey) domain.IncidentKey {
	w.t.Helper()
	start := w.at.AddDate(0, 0, -daysAgo)
	edit := domain.IncidentEdit{StartedAt: domain.Some(start), ResolvedAt: domain.Some(start.Add(time.Hour)), Services: domain.Some([]string{service})}
	if of != "" {
		edit.RecurrenceOf = domain.Some(of)
	}
	return w.incident(edit).Key
}

func since(date string) func(*domain.Service) {
	return func(s *domain.Service) { s.Since = domain.MustDate(date) }
}

func (w *world) recurrence(by domain.Actor, q app.ReportQuery) metrics.RecurrenceReport {
	w.t.Helper()
	return must(w.Reports.Recurrence(w.t.Context(), by, q))(w.t)
}

// The catalogue is for administrators to write and for all to read; a name is
// one entry however it is written.
func TestServiceCatalogue(t *testing.T) {
	w := newWorld(t)
	w.outage("Payments API", 30, "")
	w.outage("payments api", 20, "")
	if _, err := w.Services.Set(t.Context(), ana, "x", since("2026-01-01")); !errors.Is(err, domain.ErrForbidden) {
		t.Errorf("a member adds: %v", err)
	}
	unlisted := must(w.Services.Unlisted(t.Context(), viewer))(t)
	if len(unlisted) != 1 || unlisted[0].Incidents != 2 {
		t.Errorf("unlisted = %+v", unlisted)
	}
	made := must(w.Services.Set(t.Context(), admin, " PAYMENTS  API", since("2026-01-01")))(t)
	if made.Name != "PAYMENTS API" || made.Version != 1 {
		t.Errorf("made = %+v", made)
	}
	again := must(w.Services.Set(t.Context(), admin, "payments api", func(s *domain.Service) { s.Retired = domain.MustDate("2026-11-20") }))(t)
	if again.ID != made.ID || again.Version != 2 || again.Since.IsZero() || again.Name != "PAYMENTS API" {
		t.Errorf("set again = %+v", again)
	}
	if list := must(w.Services.Unlisted(t.Context(), viewer))(t); len(list) != 0 {
		t.Errorf("still unlisted: %+v", list)
	}
	_, err := w.Services.Edit(t.Context(), admin, made.ID, 2, "", func(s *domain.Service) { s.Retired = domain.MustDate("2025-12-31") })
	var refused *domain.Error
	if !errors.As(err, &refused) || len(refused.Fields) != 1 || refused.Fields[0].Field != "retired" {
		t.Errorf("retired before it began: %v", err)
	}
	if _, err := w.Services.Create(t.Context(), admin, domain.Service{Name: "payments api"}, ""); !errors.Is(err, domain.ErrConflict) {
		t.Errorf("a second entry: %v", err)
	}
	if err := w.Services.Remove(t.Context(), admin, made.ID, 2); err != nil {
		t.Fatal(err)
	}
	if list := must(w.Services.List(t.Context(), viewer))(t); len(list) != 0 {
		t.Errorf("after the removal: %+v", list)
	}
}

// Rates take their exposure from the catalogue as it was known at the pins; what
// is entered, changed or removed later moves no pinned report.
func TestRatesTakeTheCatalogue(t *testing.T) {
	w := newWorld(t)
	w.outage("api", 100, w.outage("api", 200, ""))
	assumed := w.recurrence(auditor, app.ReportQuery{})
	before := app.ReportQuery{AsOf: w.at, KnownAt: w.at}
	w.at = w.at.Add(time.Hour)
	made := must(w.Services.Set(t.Context(), admin, "API", since("2025-11-25")))(t)
	must(w.Services.Set(t.Context(), admin, "quiet", since("2025-11-25")))(t)
	check := func(name string, r metrics.RecurrenceReport, days, catalogued, assumed int) {
		t.Helper()
		if r.Rate.N != days || r.CataloguedStarts != catalogued || r.AssumedStarts != assumed {
			t.Errorf("%s: %d days, %d catalogued, %d assumed; want %d, %d, %d", name, r.Rate.N, r.CataloguedStarts, r.AssumedStarts, days, catalogued, assumed)
		}
	}
	check("without a catalogue", assumed, 200, 0, 1)
	check("live", w.recurrence(auditor, app.ReportQuery{}), 730, 2, 0)
	check("before it was written", w.recurrence(auditor, before), 200, 0, 1)
	// A report about then, with what is known now.
	check("known later", w.recurrence(auditor, app.ReportQuery{AsOf: before.AsOf, KnownAt: w.at}), 730, 2, 0)
	pinned := app.ReportQuery{AsOf: w.at, KnownAt: w.at}
	first := allReports(t, w.App, auditor, pinned)
	w.at = w.at.Add(time.Hour)
	must(w.Services.Edit(t.Context(), admin, made.ID, 0, "", since("2026-11-01")))(t)
	check("moved", w.recurrence(auditor, app.ReportQuery{}), 24+365, 2, 0)
	// What was corrected after as_of is known all the same: it speaks about before.
	check("corrected later", w.recurrence(auditor, app.ReportQuery{AsOf: before.AsOf, KnownAt: w.at}), 24+365, 2, 0)
	if r := w.recurrence(auditor, app.ReportQuery{}); r.PerService[0].Outside != 2 {
		t.Errorf("incidents before the catalogued start: %+v", r.PerService)
	}
	if err := w.Services.Remove(t.Context(), admin, made.ID, 0); err != nil {
		t.Fatal(err)
	}
	check("removed", w.recurrence(auditor, app.ReportQuery{}), 200+365, 1, 1)
	if diff := cmp.Diff(first, allReports(t, w.App, auditor, pinned)); diff != "" {
		t.Errorf("a pinned report moved:\n%s", diff)
	}
}

// Whoever sees some teams has the exposure of their services, and the life of
// another team's where one of their incidents names it.
func TestCatalogueOfOtherTeams(t *testing.T) {
	w := newWorld(t)
	w.outage("shared", 100, "")
	for _, name := range []string{"shared", "theirs"} {
		must(w.Services.Set(t.Context(), admin, name, func(s *domain.Service) { s.Since, s.Team = domain.MustDate("2025-11-25"), "t_b" }))(t)
	}
	if list := must(w.Services.List(t.Context(), ana))(t); len(list) != 0 {
		t.Errorf("another team's entries: %+v", list)
	}
	if r := w.recurrence(ana, app.ReportQuery{}); r.Rate.N != 365 || r.CataloguedStarts != 1 {
		t.Errorf("exposure of %d days over %d services", r.Rate.N, r.CataloguedStarts)
	}
	w.outage("theirs", 50, "")
	if r := w.recurrence(ana, app.ReportQuery{}); r.Rate.N != 730 || r.CataloguedStarts != 2 {
		t.Errorf("after an incident: exposure of %d days over %d services", r.Rate.N, r.CataloguedStarts)
	}
}

// The day from which recurrences were linked is part of the policy.
func TestLinksSince(t *testing.T) {
	w := newWorld(t)
	w.outage("api", 100, w.outage("api", 200, ""))
	exposure := func() (days float64) {
		for _, s := range w.recurrence(auditor, app.ReportQuery{}).ByState {
			days += s.ExposureDays
		}
		return days
	}
	all := exposure()
	policy := must(w.Policies.Current(t.Context(), admin))(t)
	policy.LinksSince = domain.DateOf(w.at.AddDate(0, 0, -150))
	must(w.Policies.Save(t.Context(), admin, policy, ""))(t)
	if got := all - exposure(); got < 49 || got > 50 {
		t.Errorf("watched %.1f days less, want the 49.5 before links were kept", got)
	}
}
