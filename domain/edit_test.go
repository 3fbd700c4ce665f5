package domain_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// TestEditMask: what an edit does not set stays, what it sets to nothing is cleared.
func TestEditMask(t *testing.T) {
	base := measure(t, status(domain.Proposed), func(m *domain.Measure) {
		m.Description, m.Deputy, m.Team, m.ExternalOwner = "text", boro, "t_storage", ""
	})
	for name, c := range map[string]struct {
		set, clear domain.MeasureEdit
		field      func(domain.Measure) string
		want       string
	}{
		"incident":    {domain.MeasureEdit{Incident: domain.Some(domain.IncidentKey("INC-2"))}, domain.MeasureEdit{}, func(m domain.Measure) string { return string(m.Incident) }, "INC-2"},
		"title":       {domain.MeasureEdit{Title: domain.Some("  new\n title ")}, domain.MeasureEdit{}, func(m domain.Measure) string { return m.Title }, "new title"},
		"description": {domain.MeasureEdit{Description: domain.Some("a \r\nb\n\n")}, domain.MeasureEdit{Description: domain.Some("")}, func(m domain.Measure) string { return m.Description }, "a\nb"},
		"kind":        {domain.MeasureEdit{Kind: domain.Some(domain.Cover)}, domain.MeasureEdit{Kind: domain.Some(domain.MeasureKind(""))}, func(m domain.Measure) string { return string(m.Kind) }, "cover"},
		"priority":    {domain.MeasureEdit{Priority: domain.Some(domain.P3)}, domain.MeasureEdit{Priority: domain.Some(domain.Priority(""))}, func(m domain.Measure) string { return string(m.Priority) }, "P3"},
		"owner":       {domain.MeasureEdit{Owner: domain.Some(domain.PersonID("p_cem"))}, domain.MeasureEdit{Owner: domain.Some(domain.PersonID(""))}, func(m domain.Measure) string { return string(m.Owner) }, "p_cem"},
		"deputy":      {domain.MeasureEdit{Deputy: domain.Some(domain.PersonID("p_cem"))}, domain.MeasureEdit{Deputy: domain.Some(domain.PersonID(""))}, func(m domain.Measure) string { return string(m.Deputy) }, "p_cem"},
		"team":        {domain.MeasureEdit{Team: domain.Some(domain.TeamID("t_web"))}, domain.MeasureEdit{Team: domain.Some(domain.TeamID(""))}, func(m domain.Measure) string { return string(m.Team) }, "t_web"},
		"due date":    {domain.MeasureEdit{DueOn: domain.Some(domain.MustDate("2026-08-01")), Reason: "r"}, domain.MeasureEdit{DueOn: domain.Some(domain.Date{}), Reason: "r"}, func(m domain.Measure) string { return m.DueOn.String() }, "2026-08-01"},
		"metric":      {domain.MeasureEdit{Metric: domain.Some(domain.Metric{Name: "lag"})}, domain.MeasureEdit{Metric: domain.Some(domain.Metric{})}, func(m domain.Measure) string { return m.Metric.Text() }, "lag"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := edit(t, base, c.set, person(ana))
			refused(t, err)
			if c.field(got) != c.want {
				t.Errorf("set to %q, want %q", c.field(got), c.want)
			}
			changes := domain.MeasureChanges(base, got)
			if len(changes) != 1 || changes[0].To != c.field(got) || changes[0].From != c.field(base) {
				t.Errorf("the edit left more or less than one trace: %+v", changes)
			}
			if c.clear == (domain.MeasureEdit{}) {
				return
			}
			got, err = edit(t, got, c.clear, person(ana))
			refused(t, err)
			if c.field(got) != "" {
				t.Errorf("not cleared: %q", c.field(got))
			}
		})
	}
	same, err := edit(t, base, domain.MeasureEdit{}, person(ana))
	refused(t, err)
	if changes := domain.MeasureChanges(base, same); changes != nil {
		t.Errorf("an empty edit changes %+v", changes)
	}
}

func TestEditRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		edit domain.MeasureEdit
		want []string
	}{
		"title of 255":             {domain.MeasureEdit{Title: domain.Some(strings.Repeat("ä", 255))}, nil},
		"title of 256":             {domain.MeasureEdit{Title: domain.Some(strings.Repeat("ä", 256))}, []string{"title: has 256 characters; at most 255"}},
		"title of 128 emoji":       {domain.MeasureEdit{Title: domain.Some(strings.Repeat("😀", 128))}, []string{"title: has 256 characters; at most 255"}},
		"endless title":            {domain.MeasureEdit{Title: domain.Some(strings.Repeat("x", 1025))}, []string{"title: has 1025 characters; at most 255"}},
		"no title":                 {domain.MeasureEdit{Title: domain.Some("\t\n")}, []string{"title: is empty; say in one line what shall change"}},
		"description of 63,000":    {domain.MeasureEdit{Description: domain.Some(strings.Repeat("😀", 63_000))}, nil},
		"description of 63,001":    {domain.MeasureEdit{Description: domain.Some(strings.Repeat("x", 63_001))}, []string{"description: has 63001 characters; at most 63000"}},
		"NUL":                      {domain.MeasureEdit{Description: domain.Some("a\x00")}, []string{"description: contains the control character U+0000"}},
		"broken text":              {domain.MeasureEdit{Title: domain.Some("a\xff")}, []string{"title: is not valid UTF-8 text"}},
		"kind":                     {domain.MeasureEdit{Kind: domain.Some(domain.MeasureKind("fix"))}, []string{`kind: "fix" is not accepted; use one of prevent, detect`}},
		"priority":                 {domain.MeasureEdit{Priority: domain.Some(domain.Priority("P5"))}, []string{`priority: "P5" is not accepted; use one of P0, P1`}},
		"long reason":              {domain.MeasureEdit{Reason: strings.Repeat("x", 2_001)}, []string{"reason: has 2001 characters; at most 2000"}},
		"deputy is the owner":      {domain.MeasureEdit{Deputy: domain.Some(ana)}, []string{"deputy: is the owner"}},
		"owner becomes the deputy": {domain.MeasureEdit{Owner: domain.Some(boro), Deputy: domain.Some(boro)}, []string{"deputy: is the owner"}},
		"every mistake at once": {domain.MeasureEdit{Title: domain.Some(""), Kind: domain.Some(domain.MeasureKind("x")), DueOn: domain.Some(domain.MustDate("2026-01-01"))},
			[]string{"title: is empty", "kind: not accepted", "due_on: before the day of creation", "reason: is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := edit(t, measure(t), c.edit, person(ana))
			refused(t, err, c.want...)
		})
	}
}

// TestOwnerReplacesLogin: a person as owner takes the place of a mere login.
func TestOwnerReplacesLogin(t *testing.T) {
	got, err := edit(t, measure(t, func(m *domain.Measure) { m.Owner, m.ExternalOwner = "", "octocat" }), domain.MeasureEdit{Owner: domain.Some(ana)}, person(ana))
	refused(t, err)
	if got.Owner != ana || got.ExternalOwner != "" {
		t.Errorf("owner %q, login %q", got.Owner, got.ExternalOwner)
	}
}

// TestUnknownStatus: naming the status, even the same one, ends the not knowing.
func TestUnknownStatus(t *testing.T) {
	unknown := measure(t, status(domain.Proposed), func(m *domain.Measure) { m.StatusUnknown = true })
	got, err := edit(t, unknown, domain.MeasureEdit{Title: domain.Some("other")}, person(ana))
	refused(t, err)
	if !got.StatusUnknown {
		t.Error("a new title says nothing about the status")
	}
	got, err = edit(t, unknown, domain.MeasureEdit{Status: domain.Some(domain.Proposed)}, person(ana))
	refused(t, err)
	if got.StatusUnknown {
		t.Error("the status was named and is still unknown")
	}
}

func TestCreate(t *testing.T) {
	full := domain.NewMeasure{Incident: "INC-1", Title: " Alert\non lag ", Kind: domain.Detect, Priority: domain.P1, Owner: ana, Metric: domain.Metric{Name: "lag"}}
	with := func(change func(*domain.NewMeasure)) domain.NewMeasure { n := full; change(&n); return n }
	for name, c := range map[string]struct {
		in   domain.NewMeasure
		due  string
		want []string
	}{
		"P0":                  {with(func(n *domain.NewMeasure) { n.Priority = domain.P0 }), "2026-06-22", nil},
		"P1":                  {full, "2026-06-30", nil},
		"P2":                  {with(func(n *domain.NewMeasure) { n.Priority = domain.P2 }), "2026-07-15", nil},
		"P3":                  {with(func(n *domain.NewMeasure) { n.Priority = domain.P3 }), "2026-08-10", nil},
		"P4":                  {with(func(n *domain.NewMeasure) { n.Priority = domain.P4 }), "", nil},
		"no priority":         {with(func(n *domain.NewMeasure) { n.Priority = "" }), "", nil},
		"own date":            {with(func(n *domain.NewMeasure) { n.DueOn = domain.MustDate("2026-09-01") }), "2026-09-01", nil},
		"past date":           {with(func(n *domain.NewMeasure) { n.DueOn = domain.MustDate("2026-06-14") }), "", []string{"due_on: 2026-06-14 lies before the day of creation, 2026-06-15"}},
		"accepted":            {with(func(n *domain.NewMeasure) { n.Status = domain.Accepted }), "2026-06-30", nil},
		"accepted, no owner":  {with(func(n *domain.NewMeasure) { n.Status, n.Owner = domain.Accepted, "" }), "", []string{"owner: one owner"}},
		"done from the start": {with(func(n *domain.NewMeasure) { n.Status = domain.Done }), "", []string{"status: starts as proposed, accepted or in_progress, not \"done\""}},
		"no title":            {with(func(n *domain.NewMeasure) { n.Title = "" }), "", []string{"title: is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := c.in.Create("m1", person(ana), domain.DefaultPolicy(), now(), now().Location())
			refused(t, err, c.want...)
			if err != nil {
				if diff := cmp.Diff(domain.Measure{}, m); diff != "" {
					t.Errorf("a refused measure is handed over:\n%s", diff)
				}
				return
			}
			if m.DueOn.String() != c.due || m.OriginalDueOn != m.DueOn || m.Title != "Alert on lag" || m.PolicyVersion != 1 || m.Version != 1 {
				t.Errorf("created %+v, want it due %q", m, c.due)
			}
		})
	}
}
