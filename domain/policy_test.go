package domain_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// TestDefaultPolicy is the table "Default policies" of the product page.
func TestDefaultPolicy(t *testing.T) {
	p := domain.DefaultPolicy()
	refused(t, p.Check())
	day := domain.MustDate("2026-06-15")
	for priority, want := range map[domain.Priority]string{domain.P0: "2026-06-22", domain.P1: "2026-06-30", domain.P2: "2026-07-15", domain.P3: "2026-08-10", domain.P4: "", "": ""} {
		if got := p.DueOn(priority, day).String(); got != want {
			t.Errorf("%q falls due %q, want %q", priority, got, want)
		}
	}
	for _, kind := range domain.MeasureKinds() {
		prevents := map[domain.MeasureKind]bool{domain.Prevent: true, domain.Process: true, domain.Training: true, domain.Cover: true}
		if p.Prevents(kind) != prevents[kind] {
			t.Errorf("%s prevents: %v", kind, p.Prevents(kind))
		}
	}
	for name, pair := range map[string][2]any{
		"SLA":                 {p.SLADays, map[domain.Priority]int{domain.P0: 7, domain.P1: 30, domain.P2: 60, domain.P3: 90}},
		"effectiveness check": {p.VerifyDays, map[domain.Priority]int{domain.P0: 30, domain.P1: 30, domain.P2: 60, domain.P3: 90, domain.P4: 90}},
		"second person":       {p.SecondPerson, []domain.Priority{domain.P0, domain.P1, domain.P2}},
		"gate":                {p.Gate, []domain.Priority{domain.P0, domain.P1}},
		"reminders":           {p.RemindDays, []int{-7, -2, 0, 1}},
		"look again":          {p.LookAgainDays, 90},
		"assessment":          {p.AssessmentMonths, 3},
	} {
		if diff := cmp.Diff(pair[1], pair[0]); diff != "" {
			t.Errorf("%s (-page +policy):\n%s", name, diff)
		}
	}
}

func TestPolicyRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*domain.Policy)
		want   []string
	}{
		"no days":         {func(p *domain.Policy) { p.DueDays[domain.P0] = 0 }, []string{"due_days: 0 days for P0 is not accepted; use 1 to 3650"}},
		"many days":       {func(p *domain.Policy) { p.VerifyDays[domain.P0] = 4000 }, []string{"verify_days: 4000 days for P0"}},
		"strange level":   {func(p *domain.Policy) { p.SLADays["P9"] = 5 }, []string{`sla_days: "P9" is not accepted`}},
		"strange gate":    {func(p *domain.Policy) { p.Gate = []domain.Priority{"P9"} }, []string{`gate: "P9" is not accepted`}},
		"strange second":  {func(p *domain.Policy) { p.SecondPerson = []domain.Priority{"P9"} }, []string{`second_person: "P9" is not accepted`}},
		"strange kind":    {func(p *domain.Policy) { p.Preventing = []domain.MeasureKind{"hope"} }, []string{`preventing: "hope" is not accepted`}},
		"every two weeks": {func(p *domain.Policy) { p.AssessmentMonths = 2 }, []string{"assessment_months: use 1 (DORA) or 3 (NIS2)"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := domain.DefaultPolicy()
			c.change(&p)
			refused(t, p.Check(), c.want...)
		})
	}
}
