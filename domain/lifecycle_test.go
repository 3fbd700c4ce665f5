package domain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// TestLifecycle walks every pair of statuses: proposed → accepted → in_progress
// ⇄ blocked → done → verified, with the side exit cancelled, and back with a reason.
func TestLifecycle(t *testing.T) {
	allowed := map[domain.Status][]domain.Status{
		domain.Proposed:   {domain.Accepted, domain.Cancelled},
		domain.Accepted:   {domain.InProgress, domain.Blocked, domain.Done, domain.Cancelled},
		domain.InProgress: {domain.Blocked, domain.Done, domain.Accepted, domain.Cancelled},
		domain.Blocked:    {domain.InProgress, domain.Accepted, domain.Done, domain.Cancelled},
		domain.Done:       {domain.Verified, domain.InProgress, domain.Accepted},
		domain.Verified:   {domain.InProgress, domain.Accepted},
		domain.Cancelled:  {domain.Proposed, domain.Accepted, domain.InProgress},
	}
	for _, from := range domain.Statuses() {
		for _, to := range domain.Statuses() {
			if from == to {
				continue
			}
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				e := domain.MeasureEdit{Status: domain.Some(to), Reason: "it was time"}
				switch to {
				case domain.Verified:
					e.Verdict = domain.Some(domain.Effective)
				case domain.Cancelled:
					e.ClosureReason = domain.Some(domain.WontDo)
				case domain.Proposed, domain.Accepted, domain.InProgress, domain.Blocked, domain.Done:
				}
				got, err := edit(t, measure(t, status(from), evidence), e, person(boro))
				if !slices.Contains(allowed[from], to) {
					refused(t, err, "status: "+string(from)+" cannot become "+string(to)+"; from here it can become ")
					return
				}
				refused(t, err)
				if got.Status != to {
					t.Errorf("status = %s", got.Status)
				}
			})
		}
	}
	_, err := edit(t, measure(t), domain.MeasureEdit{Status: domain.Some(domain.Status("finished"))}, person(ana))
	refused(t, err, `status: "finished" is not accepted; use one of proposed, accepted`)
}

// TestTimesOfStatus: each step leaves its instant, a reopening withdraws the claims.
func TestTimesOfStatus(t *testing.T) {
	type times struct{ Accepted, Done, Verified, Cancelled bool }
	of := func(m domain.Measure) times {
		return times{!m.AcceptedAt.IsZero(), !m.DoneAt.IsZero(), !m.VerifiedAt.IsZero(), !m.CancelledAt.IsZero()}
	}
	m := measure(t, status(domain.Proposed), evidence, func(m *domain.Measure) { m.AcceptedAt = time.Time{} })
	for _, step := range []struct {
		edit domain.MeasureEdit
		want times
	}{
		{domain.MeasureEdit{Status: domain.Some(domain.Cancelled), ClosureReason: domain.Some(domain.Superseded)}, times{Cancelled: true}},
		{domain.MeasureEdit{Status: domain.Some(domain.Accepted), Reason: "needed after all"}, times{Accepted: true}},
		{domain.MeasureEdit{Status: domain.Some(domain.Done)}, times{Accepted: true, Done: true}},
		{domain.MeasureEdit{Status: domain.Some(domain.Verified), Verdict: domain.Some(domain.Partly)}, times{true, true, true, false}},
		{domain.MeasureEdit{Status: domain.Some(domain.InProgress), Reason: "it came back"}, times{Accepted: true}},
	} {
		var err error
		if m, err = edit(t, m, step.edit, person(boro)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, of(m)); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", m.Status, diff)
		}
	}
	if m.Verdict != "" || m.VerifiedBy != "" || m.DoneBy != "" || m.ClosureReason != "" {
		t.Errorf("a reopened measure keeps claims: %+v", m)
	}
}

func TestReopenNeedsReason(t *testing.T) {
	for _, from := range []domain.Status{domain.Done, domain.Verified, domain.Cancelled} {
		_, err := edit(t, measure(t, status(from)), domain.MeasureEdit{Status: domain.Some(domain.Accepted)}, person(ana))
		refused(t, err, "reason: is empty; reopening a "+string(from)+" measure needs a reason")
	}
}

// TestRequired: what must be said before a measure is accepted.
func TestRequired(t *testing.T) {
	all := []string{"owner: one owner", "kind: choose one of prevent", "priority: choose one of P0", "due_on: has a due date", "success_metric: why it is not measurable"}
	bare := measure(t, status(domain.Proposed), func(m *domain.Measure) {
		m.Owner, m.Kind, m.Priority, m.DueOn, m.Metric = "", "", "", domain.Date{}, domain.Metric{}
	})
	accept := domain.MeasureEdit{Status: domain.Some(domain.Accepted)}
	for name, c := range map[string]struct {
		change func(*domain.Measure)
		want   []string
	}{
		"nothing said":       {func(*domain.Measure) {}, all},
		"owner said":         {func(m *domain.Measure) { m.Owner = ana }, all[1:]},
		"owner in a tracker": {func(m *domain.Measure) { m.ExternalOwner = "octocat" }, all[1:]},
		"P4 needs no date":   {func(m *domain.Measure) { m.Priority = domain.P4 }, []string{all[0], all[1], all[4]}},
		"not measurable": {func(m *domain.Measure) {
			m.Owner, m.Kind, m.Priority, m.DueOn = ana, domain.Cover, domain.P2, domain.MustDate("2026-07-01")
			m.Metric = domain.Metric{NotMeasurable: "a rule for deputies"}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := bare
			c.change(&m)
			_, err := edit(t, m, accept, person(ana))
			refused(t, err, c.want...)
		})
	}
	// An accepted measure cannot lose again what it had to say.
	for field, e := range map[string]domain.MeasureEdit{
		"owner: one owner":            {Owner: domain.Some(domain.PersonID(""))},
		"kind: choose one of":         {Kind: domain.Some(domain.MeasureKind(""))},
		"priority: choose one of":     {Priority: domain.Some(domain.Priority(""))},
		"due_on: has a due date":      {DueOn: domain.Some(domain.Date{}), Reason: "later"},
		"success_metric: measurable":  {Metric: domain.Some(domain.Metric{})},
		"incident: cannot be removed": {Incident: domain.Some(domain.IncidentKey(""))},
	} {
		_, err := edit(t, measure(t), e, person(ana))
		refused(t, err, field)
	}
	// One that a tracker moved on without them can still be edited.
	claimed := bare
	claimed.Status = domain.InProgress
	_, err := edit(t, claimed, domain.MeasureEdit{Owner: domain.Some(ana)}, person(ana))
	refused(t, err)
}

func TestDoneNeedsEvidence(t *testing.T) {
	done := domain.MeasureEdit{Status: domain.Some(domain.Done)}
	_, err := edit(t, measure(t), done, person(ana))
	refused(t, err, "evidence: add a link that shows the work is done")
	got, err := edit(t, measure(t, evidence), done, person(ana))
	refused(t, err)
	if got.DoneBy != string(ana) || !got.DoneAt.Equal(now()) {
		t.Errorf("done by %q at %s", got.DoneBy, got.DoneAt)
	}
	lax := rules()
	lax.Policy.EvidenceRequired = false
	m := measure(t)
	refused(t, m.Edit(done, person(ana), lax))
}

func TestVerify(t *testing.T) {
	verify := func(change ...func(*domain.MeasureEdit)) domain.MeasureEdit {
		e := domain.MeasureEdit{Status: domain.Some(domain.Verified), Verdict: domain.Some(domain.Effective)}
		for _, c := range change {
			c(&e)
		}
		return e
	}
	robot := person(boro)
	robot.Source = domain.FromGitHub
	second := "status: measure is verified by somebody other than its owner"
	for name, c := range map[string]struct {
		priority domain.Priority
		edit     domain.MeasureEdit
		by       domain.Actor
		want     []string
	}{
		"somebody else":          {domain.P0, verify(), person(boro), nil},
		"owner of a P0":          {domain.P0, verify(), person(ana), []string{second}},
		"owner of a P1":          {domain.P1, verify(), person(ana), []string{second}},
		"owner of a P2":          {domain.P2, verify(), person(ana), []string{second}},
		"owner of a P3":          {domain.P3, verify(), person(ana), nil},
		"owner of a P4":          {domain.P4, verify(), person(ana), nil},
		"owner who steps aside":  {domain.P0, verify(func(e *domain.MeasureEdit) { e.Owner = domain.Some(boro) }), person(ana), []string{second}},
		"owner who plays it low": {domain.P0, verify(func(e *domain.MeasureEdit) { e.Priority = domain.Some(domain.P3) }), person(ana), []string{second}},
		"who makes himself one":  {domain.P0, verify(func(e *domain.MeasureEdit) { e.Owner = domain.Some(boro) }), person(boro), []string{second}},
		"no verdict":             {domain.P1, domain.MeasureEdit{Status: domain.Some(domain.Verified)}, person(boro), []string{"verdict: choose one of effective"}},
		"strange verdict":        {domain.P1, verify(func(e *domain.MeasureEdit) { e.Verdict = domain.Some(domain.Verdict("good")) }), person(boro), []string{`verdict: "good" is not accepted`}},
		"a tracker":              {domain.P1, verify(), robot, []string{"status: a tracker can only claim done"}},
		"verdict without status": {domain.P1, domain.MeasureEdit{Verdict: domain.Some(domain.Partly)}, person(boro), []string{"verdict: goes with status verified"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := edit(t, measure(t, status(domain.Done), priority(c.priority)), c.edit, c.by)
			refused(t, err, c.want...)
			if err == nil && (got.VerifiedBy != domain.PersonID(c.by.ID) || got.Verdict != domain.Effective || !got.VerifiedAt.Equal(now())) {
				t.Errorf("verified by %q as %q at %s", got.VerifiedBy, got.Verdict, got.VerifiedAt)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	system := domain.System()
	for name, c := range map[string]struct {
		reason domain.ClosureReason
		text   string
		until  string
		by     domain.Actor
		want   []string
	}{
		"no reason":               {"", "", "", person(ana), []string{"closure_reason: choose one of wont_do, risk_accepted"}},
		"strange reason":          {"bored", "", "", person(ana), []string{`closure_reason: "bored" is not accepted`}},
		"wont_do":                 {domain.WontDo, "too dear", "", person(ana), nil},
		"wont_do, silent":         {domain.WontDo, "", "", person(ana), []string{"reason: closing as wont_do needs a text"}},
		"wont_do, nobody":         {domain.WontDo, "too dear", "", system, []string{"closure_reason: wont_do is a person's decision"}},
		"risk_accepted":           {domain.RiskAccepted, "rare", "2026-12-31", person(ana), nil},
		"risk_accepted, silent":   {domain.RiskAccepted, "", "2026-12-31", person(ana), []string{"reason: closing as risk_accepted needs a text"}},
		"risk_accepted, for ever": {domain.RiskAccepted, "rare", "", person(ana), []string{"risk_accepted_until: ends on a date to come"}},
		"risk_accepted, today":    {domain.RiskAccepted, "rare", "2026-06-15", person(ana), []string{"risk_accepted_until: ends on a date to come"}},
		"risk_accepted, nobody":   {domain.RiskAccepted, "rare", "2026-12-31", system, []string{"closure_reason: risk_accepted is a person's decision"}},
		"superseded":              {domain.Superseded, "", "", person(ana), nil},
		"duplicate by the system": {domain.Duplicate, "", "", system, nil},
		"created_in_error":        {domain.CreatedInError, "", "", person(ana), nil},
		"an end without a risk":   {domain.Superseded, "", "2026-12-31", person(ana), []string{"risk_accepted_until: goes with closure reason risk_accepted"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := domain.MeasureEdit{Status: domain.Some(domain.Cancelled), Reason: c.text}
			if c.reason != "" {
				e.ClosureReason = domain.Some(c.reason)
			}
			if c.until != "" {
				e.RiskAcceptedUntil = domain.Some(domain.MustDate(c.until))
			}
			got, err := edit(t, measure(t), e, c.by)
			refused(t, err, c.want...)
			if err == nil && (got.ClosureReason != c.reason || got.ClosureNote != c.text || got.RiskAcceptedUntil.String() != c.until || !got.CancelledAt.Equal(now())) {
				t.Errorf("cancelled as %+v", got)
			}
		})
	}
	_, err := edit(t, measure(t), domain.MeasureEdit{ClosureReason: domain.Some(domain.Duplicate)}, person(ana))
	refused(t, err, "closure_reason: goes with status cancelled")
}

// TestRiskAccepted: the end of an accepted risk moves with a reason, to a day to come.
func TestRiskAccepted(t *testing.T) {
	risk := measure(t, status(domain.Cancelled), func(m *domain.Measure) {
		m.ClosureReason, m.RiskAcceptedUntil = domain.RiskAccepted, domain.MustDate("2026-12-31")
	})
	for name, c := range map[string]struct {
		m      domain.Measure
		until  domain.Date
		reason string
		want   []string
	}{
		"later":        {risk, domain.MustDate("2027-03-31"), "looked at again", nil},
		"unchanged":    {risk, domain.MustDate("2026-12-31"), "", nil},
		"silent":       {risk, domain.MustDate("2027-03-31"), "", []string{"reason: moving the end of an accepted risk needs a reason"}},
		"for ever":     {risk, domain.Date{}, "looked at again", []string{"risk_accepted_until: ends on a date to come"}},
		"in the past":  {risk, domain.MustDate("2026-01-01"), "looked at again", []string{"risk_accepted_until: ends on a date to come"}},
		"without risk": {measure(t), domain.MustDate("2027-03-31"), "x", []string{"risk_accepted_until: goes with closure reason risk_accepted"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := edit(t, c.m, domain.MeasureEdit{RiskAcceptedUntil: domain.Some(c.until), Reason: c.reason}, person(ana))
			refused(t, err, c.want...)
		})
	}
}
