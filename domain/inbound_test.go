package domain_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
)

func fromGitHub() domain.Attribution {
	return domain.Attribution{Source: domain.FromGitHub, Actor: "github:octocat"}
}

// TestReceiveStatus: what a tracker's four states do to each of our seven.
// Within one projection nothing moves; a close is a claim; a reopening resumes.
func TestReceiveStatus(t *testing.T) {
	want := map[domain.Status]map[domain.Projection]domain.Status{
		domain.Proposed:   {"open": domain.Proposed, "in_progress": domain.InProgress, "done": domain.Done, "cancelled": domain.Cancelled},
		domain.Accepted:   {"open": domain.Accepted, "in_progress": domain.InProgress, "done": domain.Done, "cancelled": domain.Cancelled},
		domain.InProgress: {"open": domain.Accepted, "in_progress": domain.InProgress, "done": domain.Done, "cancelled": domain.Cancelled},
		domain.Blocked:    {"open": domain.Blocked, "in_progress": domain.InProgress, "done": domain.Done, "cancelled": domain.Cancelled},
		domain.Done:       {"open": domain.InProgress, "in_progress": domain.InProgress, "done": domain.Done, "cancelled": domain.Cancelled},
		domain.Verified:   {"open": domain.InProgress, "in_progress": domain.InProgress, "done": domain.Verified, "cancelled": domain.Cancelled},
		domain.Cancelled:  {"open": domain.InProgress, "in_progress": domain.InProgress, "done": domain.Done, "cancelled": domain.Cancelled},
	}
	for from, row := range want {
		for projection, to := range row {
			m := measure(t, status(from), func(m *domain.Measure) { m.StatusUnknown = true })
			if err := m.Receive([]domain.FieldUpdate{{Field: domain.FieldStatus, Value: string(projection)}}, fromGitHub(), now()); err != nil {
				t.Fatal(err)
			}
			if m.Status != to || m.StatusUnknown {
				t.Errorf("%s, and the tracker says %s: %s, unknown %v; want %s", from, projection, m.Status, m.StatusUnknown, to)
			}
			if to != domain.Verified && (m.Verdict != "" || m.VerifiedBy != "" || !m.VerifiedAt.IsZero()) {
				t.Errorf("%s after %s keeps a verdict", to, projection)
			}
			if from != domain.Cancelled && to == domain.Cancelled && (m.ClosureReason != domain.WontDo || m.ClosureNote != "closed as not planned in GitHub") {
				t.Errorf("cancelled as %q, %q", m.ClosureReason, m.ClosureNote)
			}
			if from != to && to == domain.Done && m.DoneBy != "github:octocat" {
				t.Errorf("done by %q", m.DoneBy)
			}
		}
	}
	m := measure(t)
	refused(t, m.Receive([]domain.FieldUpdate{{Field: domain.FieldStatus, Value: "verified"}}, fromGitHub(), now()), `status: "verified" is not accepted; use one of open`)
}

// TestReceiveDuplicate: where a tracker says duplicate, so does the measure; of
// which one stays unknown until a person names it.
func TestReceiveDuplicate(t *testing.T) {
	m := measure(t)
	if err := m.Receive([]domain.FieldUpdate{{Field: domain.FieldStatus, Value: "cancelled", Closure: domain.Duplicate}}, fromGitHub(), now()); err != nil {
		t.Fatal(err)
	}
	if m.Status != domain.Cancelled || m.ClosureReason != domain.Duplicate || m.DuplicateOf != "" || m.ClosureNote != "closed as a duplicate in GitHub" {
		t.Errorf("closed as %q of %q, %q", m.ClosureReason, m.DuplicateOf, m.ClosureNote)
	}
	if err := m.Receive([]domain.FieldUpdate{{Field: domain.FieldStatus, Value: "open"}}, fromGitHub(), now()); err != nil || m.ClosureReason != "" {
		t.Errorf("reopened with %q, %v", m.ClosureReason, err)
	}
}

// TestReceiveFields: the canonical texts of all fields, and what is refused
// leaves the measure as it was.
func TestReceiveFields(t *testing.T) {
	for name, c := range map[string]struct {
		field domain.Field
		value string
		want  string // the value afterwards
		bad   string
	}{
		"title":              {domain.FieldTitle, " new  title", "new title", ""},
		"long title":         {domain.FieldTitle, string(make300()), string(make300()), ""},
		"no title":           {domain.FieldTitle, "", "", "title: is empty"},
		"description":        {domain.FieldDescription, "a\r\nb \n", "a\nb", ""},
		"priority":           {domain.FieldPriority, "P0", "P0", ""},
		"no priority":        {domain.FieldPriority, "", "", ""},
		"strange priority":   {domain.FieldPriority, "urgent", "", `priority: "urgent" is not accepted`},
		"owner":              {domain.FieldOwner, "p_boro", "p_boro", ""},
		"login":              {domain.FieldOwner, "external:octocat", "external:octocat", ""},
		"nobody":             {domain.FieldOwner, "", "", ""},
		"due date":           {domain.FieldDueOn, "2020-01-01", "2020-01-01", ""},
		"no due date":        {domain.FieldDueOn, "", "", ""},
		"impossible date":    {domain.FieldDueOn, "2026-02-30", "", `due_on: "2026-02-30" is not a date`},
		"metric":             {domain.FieldMetric, "lag; target at_most 5 min", "lag; target at_most 5 min", ""},
		"any metric":         {domain.FieldMetric, "we look at it", "we look at it", ""},
		"odd metric":         {domain.FieldMetric, "lag; window 9999 d", "lag; window 9999 d", ""},
		"incident goes out":  {domain.FieldIncident, "INC-9", "INC-1", ""},
		"control characters": {domain.FieldDescription, "a\x00b", "", "description: control character U+0000"},
	} {
		t.Run(name, func(t *testing.T) {
			m := measure(t)
			before := m
			err := m.Receive([]domain.FieldUpdate{{Field: c.field, Value: c.value}}, fromGitHub(), now())
			if c.bad != "" {
				refused(t, err, c.bad)
				if diff := cmp.Diff(before, m); diff != "" {
					t.Errorf("a refused value changed the measure:\n%s", diff)
				}
				return
			}
			refused(t, err)
			if got := m.Values()[c.field]; got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if m.ChangedFrom != domain.FromGitHub {
				t.Errorf("changed from %q", m.ChangedFrom)
			}
		})
	}
	inbox := measure(t, func(m *domain.Measure) { m.Incident = "" })
	refused(t, inbox.Receive([]domain.FieldUpdate{{Field: domain.FieldIncident, Value: "INC-9"}}, fromGitHub(), now()))
	if inbox.Incident != "INC-9" {
		t.Errorf("a measure in the inbox takes the incident its issue names, got %q", inbox.Incident)
	}
	deputy := measure(t, func(m *domain.Measure) { m.Deputy = boro })
	refused(t, deputy.Receive([]domain.FieldUpdate{{Field: domain.FieldOwner, Value: string(boro)}}, fromGitHub(), now()))
	if deputy.Owner != boro || deputy.Deputy != "" {
		t.Errorf("owner %q, deputy %q: a deputy who becomes owner is deputy no more", deputy.Owner, deputy.Deputy)
	}
}

func make300() []byte {
	title := make([]byte, 300)
	for n := range title {
		title[n] = 'x'
	}
	return title
}

// TestValuesSettle: giving a measure its own values back changes nothing that
// trackers see, so an echo never makes a write.
func TestValuesSettle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := domain.Measure{
			Title: rapid.StringMatching(`[a-z]{1,5}( [a-z]{1,5}){0,3}`).Draw(t, "title"), Description: domain.NormalText(rapid.StringMatching(`[a-z \n]{0,20}`).Draw(t, "text")),
			Status:   rapid.SampledFrom(domain.Statuses()).Draw(t, "status"),
			Priority: rapid.SampledFrom(append(domain.Priorities(), "")).Draw(t, "priority"),
			Metric:   domain.ParseMetric(rapid.SampledFrom([]string{"", "lag", "lag; target at_least 5", "not measurable: x"}).Draw(t, "metric")),
			DueOn:    domain.MustDate(rapid.SampledFrom([]string{"", "2026-07-01"}).Draw(t, "due")),
		}
		if rapid.Bool().Draw(t, "login") {
			m.ExternalOwner = "octocat"
		} else {
			m.Owner = rapid.SampledFrom([]domain.PersonID{"", ana}).Draw(t, "owner")
		}
		before := m.Values()
		was := m
		var updates []domain.FieldUpdate
		for _, f := range domain.SyncedFields() {
			updates = append(updates, domain.FieldUpdate{Field: f, Value: before[f]})
		}
		if err := m.Receive(updates, fromGitHub(), now()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, m.Values()); diff != "" {
			t.Fatalf("own values change the measure:\n%s", diff)
		}
		if changes := domain.MeasureChanges(was, m); changes != nil {
			t.Fatalf("own values leave history: %+v", changes)
		}
	})
}

func TestAdopt(t *testing.T) {
	value := func(v string) domain.RemoteValue { return domain.RemoteValue{Value: v} }
	created := now().AddDate(0, -2, 0)
	m, bad := domain.Adopt("m1", domain.Snapshot{
		Ref: domain.RemoteRef{Key: "acme/platform#7"}, CreatedAt: created,
		Fields: map[domain.Field]domain.RemoteValue{
			domain.FieldTitle: value("Alert on lag"), domain.FieldStatus: value("in_progress"), domain.FieldDueOn: value("2026-02-30"),
			domain.FieldPriority: value("P1"), domain.FieldOwner: value("external:octocat"),
			domain.FieldMetric: {Value: "half read", State: domain.FieldFailed},
		},
	}, "t_storage", domain.DefaultPolicy(), fromGitHub(), now())
	if len(bad) != 1 || bad[0].Field != "due_on" {
		t.Errorf("refused %v, want the due date alone", bad)
	}
	if !m.NeedsIncident() || !m.Imported || m.Team != "t_storage" || !m.CreatedAt.Equal(created) || m.Title != "Alert on lag" ||
		m.Status != domain.InProgress || m.Priority != domain.P1 || m.ExternalOwner != "octocat" || !m.DueOn.IsZero() || !m.Metric.IsZero() {
		t.Errorf("adopted %+v", m)
	}
	untitled, bad := domain.Adopt("m2", domain.Snapshot{Ref: domain.RemoteRef{Key: "OPS-7"}}, "", domain.DefaultPolicy(), fromGitHub(), now())
	if len(bad) > 0 || untitled.Title != "Untitled issue OPS-7" || untitled.Status != domain.Proposed || !untitled.CreatedAt.Equal(now()) {
		t.Errorf("adopted %+v, refused %v", untitled, bad)
	}
}
