package app_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// TestLife walks every way a measure can go by a person's hand, and every way
// it cannot.
func TestLife(t *testing.T) {
	reach := map[domain.Status]func(*world, domain.MeasureKey){
		domain.Proposed: func(*world, domain.MeasureKey) {},
		domain.Accepted: func(w *world, k domain.MeasureKey) { must(w.to(k, ana, status(domain.Accepted)))(w.t) },
		domain.InProgress: func(w *world, k domain.MeasureKey) {
			must(w.to(k, ana, status(domain.Accepted)))(w.t)
			must(w.to(k, ana, status(domain.InProgress)))(w.t)
		},
		domain.Blocked: func(w *world, k domain.MeasureKey) {
			must(w.to(k, ana, status(domain.Accepted)))(w.t)
			must(w.to(k, ana, status(domain.Blocked)))(w.t)
		},
		domain.Done:      func(w *world, k domain.MeasureKey) { w.done(k) },
		domain.Verified:  func(w *world, k domain.MeasureKey) { w.done(k); must(w.to(k, ben, verdict(domain.Effective)))(w.t) },
		domain.Cancelled: func(w *world, k domain.MeasureKey) { must(w.to(k, ana, cancelled(domain.Superseded, "")))(w.t) },
	}
	allowed := map[domain.Status][]domain.Status{
		domain.Proposed:   {domain.Accepted, domain.Cancelled},
		domain.Accepted:   {domain.InProgress, domain.Blocked, domain.Done, domain.Cancelled},
		domain.InProgress: {domain.Accepted, domain.Blocked, domain.Done, domain.Cancelled},
		domain.Blocked:    {domain.Accepted, domain.InProgress, domain.Done, domain.Cancelled},
		domain.Done:       {domain.Accepted, domain.InProgress, domain.Verified},
		domain.Verified:   {domain.Accepted, domain.InProgress},
		domain.Cancelled:  {domain.Proposed, domain.Accepted, domain.InProgress},
	}
	for from, arrive := range reach {
		t.Run(string(from), func(t *testing.T) {
			w := newWorld(t)
			for _, to := range domain.Statuses() {
				if to == from {
					continue
				}
				m := w.measure(nil)
				arrive(w, m.Key)
				if to == domain.Done && m.EvidenceCount == 0 {
					must(w.Measures.AddEvidence(t.Context(), ana, domain.Evidence{Measure: m.Key, Title: "x", URL: "https://example.org"}))(t)
				}
				edit := domain.MeasureEdit{Status: domain.Some(to), Reason: "because"}
				switch to {
				case domain.Verified:
					edit.Verdict = domain.Some(domain.Effective)
				case domain.Cancelled:
					edit.ClosureReason = domain.Some(domain.WontDo)
				}
				before := w.seq()
				got, err := w.to(m.Key, ben, edit)
				want := false
				for _, s := range allowed[from] {
					want = want || s == to
				}
				if (err == nil) != want || want && got.Status != to {
					t.Errorf("%s to %s: %v, %v; allowed is %v", from, to, got.Status, err, want)
				}
				if !want && w.seq() != before {
					t.Errorf("%s to %s was refused and wrote something", from, to)
				}
			}
		})
	}
}

// TestReopening withdraws every claim, needs a reason, and keeps what was.
func TestReopening(t *testing.T) {
	w := newWorld(t)
	m := w.measure(nil)
	w.done(m.Key)
	must(w.to(m.Key, ben, verdict(domain.Ineffective)))(t)
	if _, err := w.to(m.Key, ben, status(domain.InProgress)); domain.KindOf(err) != domain.ErrInvalid {
		t.Fatalf("reopened without a reason: %v", err)
	}
	again := must(w.to(m.Key, ben, domain.MeasureEdit{Status: domain.Some(domain.InProgress), Reason: "it came back"}))(t)
	if again.Verdict != "" || again.VerifiedBy != "" || !again.DoneAt.IsZero() || again.DoneBy != "" || !again.VerifiedAt.IsZero() {
		t.Errorf("a claim stayed: %+v", again)
	}
	history := must(w.Measures.History(t.Context(), viewer, m.Key, domain.Page{Limit: 200}))(t).Items
	kinds := map[domain.ChangeKind]int{}
	for _, c := range history {
		if c.Field == "status" {
			kinds[c.Kind]++
		}
	}
	if diff := cmp.Diff(map[domain.ChangeKind]int{domain.ChangeField: 1, domain.ChangeClose: 1, domain.ChangeVerify: 1, domain.ChangeReopen: 1}, kinds); diff != "" {
		t.Errorf("history of the status (-want +got):\n%s", diff)
	}
}

// TestSecondPerson: an urgent measure is verified by somebody other than its
// owner; a tracker or the program never verifies.
func TestSecondPerson(t *testing.T) {
	tests := map[string]struct {
		priority domain.Priority
		by       domain.Actor
		fine     bool
	}{
		"owner of P0": {domain.P0, ana, false}, "owner of P1": {domain.P1, ana, false}, "owner of P2": {domain.P2, ana, false},
		"owner of P3": {domain.P3, ana, true}, "owner of P4": {domain.P4, ana, true}, "other of P0": {domain.P0, ben, true},
		"the program": {domain.P3, domain.System(), false},
		"a tracker":   {domain.P3, domain.Actor{ID: "github:ben", Role: domain.Admin, Scope: domain.Everything(), Source: domain.FromGitHub}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.measure(func(n *domain.NewMeasure) { n.Priority = tt.priority })
			w.done(m.Key)
			got, err := w.to(m.Key, tt.by, verdict(domain.Effective))
			if (err == nil) != tt.fine {
				t.Fatalf("verified: %v, want fine %v", err, tt.fine)
			}
			if tt.fine && (got.VerifiedBy != domain.PersonID(tt.by.ID) || got.Verdict != domain.Effective) {
				t.Errorf("verified by %s: %s", got.VerifiedBy, got.Verdict)
			}
		})
	}
}

// TestDuplicate: who closes a measure as a duplicate names another one that goes
// on and that the person may see; a reopening takes the name back.
func TestDuplicate(t *testing.T) {
	w := newWorld(t)
	first, second := w.measure(nil), w.measure(nil)
	foreign := must(w.Measures.Create(t.Context(), bea, domain.NewMeasure{Title: "Of another team", Team: "t_b"}))(t)
	as := func(of domain.MeasureKey) domain.MeasureEdit {
		e := cancelled(domain.Duplicate, "")
		e.DuplicateOf = domain.Some(of)
		return e
	}
	for of, why := range map[domain.MeasureKey]string{"": "nothing named", first.Key: "itself", "M-99": "unknown", foreign.Key: "of another team"} {
		if _, err := w.to(first.Key, ana, as(of)); domain.KindOf(err) != domain.ErrInvalid {
			t.Errorf("%s: %v", why, err)
		}
	}
	must(w.to(first.Key, ana, as(second.Key)))(t)
	if list := must(w.Measures.List(t.Context(), ana, domain.MeasureFilter{DuplicateOf: second.Key}, domain.Page{}))(t); len(list.Items) != 1 || list.Items[0].Key != first.Key {
		t.Errorf("duplicates of %s: %+v", second.Key, list.Items)
	}
	again := must(w.to(first.Key, ana, domain.MeasureEdit{Status: domain.Some(domain.Accepted), Reason: "it is not the same"}))(t)
	rows := must(w.Measures.History(t.Context(), ana, first.Key, domain.Page{}))(t).Items
	last := rows[len(rows)-1]
	if again.DuplicateOf != "" || last.Field != "duplicate_of" || last.From != string(second.Key) || last.To != "" {
		t.Errorf("reopened as duplicate of %q; the last row is %+v", again.DuplicateOf, last)
	}
}

// TestPromise: the first due date never changes, every move is counted and has
// a reason; where none is given the policy suggests one.
func TestPromise(t *testing.T) {
	w := newWorld(t)
	for priority, want := range map[domain.Priority]string{domain.P0: "2026-12-02", domain.P1: "2026-12-10", domain.P2: "2026-12-25", domain.P3: "2027-01-20", domain.P4: ""} {
		if m := w.measure(func(n *domain.NewMeasure) { n.Priority = priority }); m.DueOn.String() != want || m.OriginalDueOn.String() != want {
			t.Errorf("%s is due on %s, promised for %s; want %s", priority, m.DueOn, m.OriginalDueOn, want)
		}
	}
	m := w.measure(func(n *domain.NewMeasure) { n.DueOn = domain.MustDate("2026-12-08") })
	move := func(to, reason string) error {
		due, err := domain.ParseDate(to)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.to(m.Key, ana, domain.MeasureEdit{DueOn: domain.Some(due), Reason: reason})
		return err
	}
	if err := move("2026-12-20", ""); domain.KindOf(err) != domain.ErrInvalid {
		t.Fatalf("moved without a reason: %v", err)
	}
	for _, to := range []string{"2026-12-20", "2026-12-31", "", "2026-12-31"} { // the last date again is no move
		if err := move(to, "vendor is late"); err != nil {
			t.Fatal(err)
		}
	}
	m = must(w.Measures.Get(t.Context(), ana, m.Key))(t)
	if m.OriginalDueOn != domain.MustDate("2026-12-08") || m.DueMoves != 2 {
		t.Errorf("promised %s, moved %d times", m.OriginalDueOn, m.DueMoves)
	}
	w.at = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	if !m.Overdue(w.at, time.UTC) || m.Overdue(w.at.Add(-time.Millisecond), time.UTC) {
		t.Error("overdue does not begin with the day after the due date")
	}
}

// TestPolicyAtCreation: what exists keeps the rules it was made under.
func TestPolicyAtCreation(t *testing.T) {
	w := newWorld(t)
	old := w.measure(func(n *domain.NewMeasure) { n.Priority = domain.P3 })
	policy := must(w.Policies.Current(t.Context(), admin))(t)
	policy.SecondPerson = append(policy.SecondPerson, domain.P3)
	policy.EvidenceRequired = false
	if _, err := w.Policies.Save(t.Context(), ana, policy, "x"); domain.KindOf(err) != domain.ErrForbidden {
		t.Fatalf("a member changed the policy: %v", err)
	}
	saved := must(w.Policies.Save(t.Context(), admin, policy, "four eyes for all"))(t)
	fresh := w.measure(func(n *domain.NewMeasure) { n.Priority = domain.P3 })
	if saved.Version != old.PolicyVersion+1 || fresh.PolicyVersion != saved.Version {
		t.Fatalf("versions: old %d, saved %d, fresh %d", old.PolicyVersion, saved.Version, fresh.PolicyVersion)
	}
	for _, tt := range []struct {
		key        domain.MeasureKey
		noEvidence bool
		owner      bool
	}{{old.Key, false, true}, {fresh.Key, true, false}} {
		must(w.to(tt.key, ana, status(domain.Accepted)))(t)
		if _, err := w.to(tt.key, ana, status(domain.Done)); (err == nil) != tt.noEvidence {
			t.Errorf("%s done without evidence: %v", tt.key, err)
		}
		must(w.Measures.AddEvidence(t.Context(), ana, domain.Evidence{Measure: tt.key, Title: "x", URL: "https://example.org"}))(t)
		if !tt.noEvidence {
			must(w.to(tt.key, ana, status(domain.Done)))(t)
		}
		if _, err := w.to(tt.key, ana, verdict(domain.Effective)); (err == nil) != tt.owner {
			t.Errorf("%s verified by its owner: %v", tt.key, err)
		}
	}
}

// TestBulk: each measure succeeds or fails on its own.
func TestBulk(t *testing.T) {
	w := newWorld(t)
	one, two := w.measure(nil), w.measure(nil)
	foreign := must(w.Measures.Create(t.Context(), bea, domain.NewMeasure{Title: "x", Team: "t_b"}))(t)
	items := []app.BulkItem{{Key: one.Key, Version: 1}, {Key: two.Key, Version: 9}, {Key: foreign.Key}, {Key: "M-99"}, {Key: two.Key}}
	got := must(w.Measures.BulkEdit(t.Context(), ana, items, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{Priority: domain.Some(domain.P0)}}))(t)
	var kinds []domain.Kind
	for _, r := range got {
		kinds = append(kinds, domain.KindOf(r.Err))
	}
	if diff := cmp.Diff([]domain.Kind{"", domain.ErrStale, domain.ErrNotFound, domain.ErrNotFound, ""}, kinds); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if m := must(w.Measures.Get(t.Context(), bea, foreign.Key))(t); m.Priority == domain.P0 {
		t.Error("a foreign measure was changed")
	}
	if _, err := w.Measures.BulkEdit(t.Context(), ana, make([]app.BulkItem, app.MaxBulk+1), app.MeasurePatch{}); domain.KindOf(err) != domain.ErrInvalid {
		t.Errorf("too many: %v", err)
	}
}

// TestPutBack gives any field again what its history shows, as an edit of its own.
func TestPutBack(t *testing.T) {
	w := newWorld(t)
	m := w.measure(func(n *domain.NewMeasure) {
		n.Metric = domain.ParseMetric("lag; target at_most 5 min")
		n.DueOn = domain.MustDate("2026-12-08")
		n.Description = "First text"
	})
	inc := w.incident(domain.IncidentEdit{})
	must(w.to(m.Key, ana, domain.MeasureEdit{Title: domain.Some("Other"), Description: domain.Some("Second text"), Priority: domain.Some(domain.P2), Kind: domain.Some(domain.Repair),
		Owner: domain.Some(domain.PersonID("p_ben")), Deputy: domain.Some(domain.PersonID("p_admin")), DueOn: domain.Some(domain.MustDate("2026-12-20")), Reason: "replanned",
		Metric: domain.Some(domain.ParseMetric("lag; target at_most 9 min")), Incident: domain.Some(inc.Key)}))(t)
	history := must(w.Measures.History(t.Context(), ana, m.Key, domain.Page{Limit: 200}))(t).Items
	back := map[string]bool{}
	for _, row := range history {
		if row.Kind != domain.ChangeField || row.Field == "incident" {
			continue
		}
		must(w.Measures.PutBack(t.Context(), ben, m.Key, 0, row.Seq, app.SideFrom, ""))(t)
		back[row.Field] = true
	}
	got := must(w.Measures.Get(t.Context(), ana, m.Key))(t)
	want := m
	want.Incident, want.DueMoves, want.Version, want.UpdatedAt, want.ChangedFrom = inc.Key, got.DueMoves, got.Version, got.UpdatedAt, got.ChangedFrom
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after putting back %v (-want +got):\n%s", back, diff)
	}
	if len(back) < 8 {
		t.Errorf("only %v were put back", back)
	}
	if _, err := w.Measures.PutBack(t.Context(), bea, m.Key, 0, history[0].Seq, app.SideFrom, ""); domain.KindOf(err) != domain.ErrNotFound {
		t.Errorf("by a foreigner: %v", err)
	}
}

// TestReplay: the same key and body give the first answer, another body is refused.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	with := func(key, hash string) app.Request {
		return app.Request{ID: "r", Idempotency: domain.Idempotency{Key: key, BodyHash: hash}}
	}
	create := func(by domain.Actor, key, hash, title string) (domain.Measure, error) {
		return w.Measures.Create(app.WithRequest(t.Context(), with(key, hash)), by, domain.NewMeasure{Title: title, Team: "t_a"})
	}
	first := must(create(ana, "k", "h", "One"))(t)
	must(w.to(first.Key, ana, domain.MeasureEdit{Title: domain.Some("Renamed")}))(t)
	again := must(create(ana, "k", "h", "One"))(t)
	if again.Key != first.Key || again.Title != "Renamed" {
		t.Errorf("again: %s %q", again.Key, again.Title)
	}
	if _, err := create(ana, "k", "other", "Two"); !hasCode(err, app.CodeMismatch) {
		t.Errorf("another body: %v", err)
	}
	if other := must(create(ben, "k", "h", "One"))(t); other.Key == first.Key {
		t.Error("one person's key gave another person's measure")
	}
	if fresh := must(create(ana, "", "", "One"))(t); fresh.Key == first.Key {
		t.Error("without a key nothing new was made")
	}
}

func hasCode(err error, code string) bool {
	var e *domain.Error
	return errors.As(err, &e) && e.Code == code
}
