package store

import (
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// openConflict opens a conflict on a field of a link and returns it as stored.
func openConflict(t testing.TB, db *DB, link domain.LinkID, field domain.Field) domain.Conflict {
	t.Helper()
	view := must[domain.LinkView](t)(db.Link(t.Context(), link))
	view = must[domain.LinkView](t)(db.CommitLink(t.Context(), domain.LinkCommit{Link: view.Link, MeasureVersion: view.Measure.Version, By: fromGitHub(), Now: testNow,
		Conflicts: []domain.Conflict{{Field: field, Base: "base", Ours: "ours", Theirs: "theirs"}}}))
	for _, c := range view.Conflicts {
		if c.Field == field {
			return c
		}
	}
	t.Fatalf("no open conflict on %s: %+v", field, view.Conflicts)
	return domain.Conflict{}
}

func fromGitHub() domain.Attribution {
	return domain.Attribution{Source: domain.FromGitHub, Actor: "octo", OnBehalf: "a", External: "R1", ExternalTime: testNow.Add(-1000), Request: "job 7"}
}

func linked(t testing.TB, db *DB) (domain.Measure, domain.Link) {
	t.Helper()
	addTracker(t, db, "a", nil)
	m := addMeasure(t, db, nil)
	return m, addLink(t, db, m.Key, "a", "R1")
}

func TestConflictIsOpenedOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m, link := linked(t, db)
		first := openConflict(t, db, link.ID, domain.FieldTitle)
		again := openConflict(t, db, link.ID, domain.FieldTitle)
		if again.ID != first.ID {
			t.Errorf("a second opening made conflict %d beside %d", again.ID, first.ID)
		}
		other := openConflict(t, db, link.ID, domain.FieldPriority)
		want := domain.Conflict{ID: 1, Link: link.ID, Measure: m.Key, Tracker: "a", Field: domain.FieldTitle, Base: "base", Ours: "ours", Theirs: "theirs",
			OursBy: "p_ana", OursAt: testNow, OpenedAt: testNow, Version: 1}
		same(t, "conflict", want, must[domain.Conflict](t)(db.Conflict(t.Context(), domain.Everything(), first.ID)))
		yes, no := true, false
		for name, c := range map[string]struct {
			filter domain.ConflictFilter
			want   []int64
		}{
			"all":      {domain.ConflictFilter{}, []int64{other.ID, first.ID}},
			"open":     {domain.ConflictFilter{Open: &yes, Measure: m.Key, Tracker: "a"}, []int64{other.ID, first.ID}},
			"decided":  {domain.ConflictFilter{Open: &no}, nil},
			"a field":  {domain.ConflictFilter{Field: domain.FieldTitle}, []int64{first.ID}},
			"measure":  {domain.ConflictFilter{Measure: "M-99"}, nil},
			"tracker":  {domain.ConflictFilter{Tracker: "none"}, nil},
			"nothing ": {domain.ConflictFilter{Open: &no, Field: domain.FieldTitle}, nil},
		} {
			var got []int64
			for _, c := range must[domain.List[domain.Conflict]](t)(db.Conflicts(t.Context(), domain.Everything(), c.filter, domain.Page{})).Items {
				got = append(got, c.ID)
			}
			same(t, name, c.want, got)
		}
		h := changesOf(t, db, domain.SubjectMeasure, string(m.Key))
		rows := 0
		for _, c := range h {
			if c.Kind == domain.ChangeConflict {
				rows++
			}
		}
		if rows != 2 {
			t.Errorf("%d history rows for two conflicts", rows)
		}
	})
}

func TestResolveConflict(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m, link := linked(t, db)
		c := openConflict(t, db, link.ID, domain.FieldTitle)
		settle(t, db)
		decide := func(c *domain.Conflict, m *domain.Measure) error {
			c.Winner, c.ResolvedAt, c.ResolvedBy, c.Resolution = "theirs", testNow, "p_ana", domain.ResolveAsk
			m.Title = "theirs"
			return nil
		}
		_, err := db.ResolveConflict(t.Context(), domain.Everything(), ana(), c.ID, 99, decide)
		refused(t, "an older version", err, domain.ErrStale)
		_, err = db.ResolveConflict(t.Context(), domain.Everything(), ana(), 99, 0, decide)
		refused(t, "an unknown conflict", err, domain.ErrNotFound)
		no := domain.Errorf(domain.ErrInvalid, "no")
		_, err = db.ResolveConflict(t.Context(), domain.Everything(), ana(), c.ID, 0, func(c *domain.Conflict, m *domain.Measure) error {
			m.Title, c.ResolvedAt = "never", testNow
			return no
		})
		refused(t, "a refusal", err, domain.ErrInvalid)
		if got := must[domain.Conflict](t)(db.Conflict(t.Context(), domain.Everything(), c.ID)); !got.Open() {
			t.Error("the refusal decided the conflict")
		}
		got := must[domain.Conflict](t)(db.ResolveConflict(t.Context(), domain.Everything(), ana(), c.ID, 1, decide))
		if got.Open() || got.Winner != "theirs" || got.Version != 2 {
			t.Errorf("got %+v", got)
		}
		if title := must[domain.Measure](t)(db.Measure(t.Context(), domain.Everything(), m.Key)).Title; title != "theirs" {
			t.Errorf("the measure has the title %q", title)
		}
		if !pending(t, db, link.ID) {
			t.Error("the decision does not wake the link")
		}
		h := changesOf(t, db, domain.SubjectMeasure, string(m.Key))
		field, lost := h[len(h)-2], h[len(h)-1]
		if field.Field != "title" || field.To != "theirs" || field.Overwritten {
			t.Errorf("the edit in the history: %+v", field)
		}
		if lost.Kind != domain.ChangeConflict || !lost.Overwritten || lost.From != "ours" || lost.To != "theirs" {
			t.Errorf("the losing value in the history: %+v", lost)
		}
	})
}

// A conflict that was decided by policy is stored with its loser in the history.
func TestDecidedConflictKeepsTheLoser(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m, link := linked(t, db)
		view := must[domain.LinkView](t)(db.Link(t.Context(), link.ID))
		must[domain.LinkView](t)(db.CommitLink(t.Context(), domain.LinkCommit{Link: view.Link, MeasureVersion: 1, By: fromGitHub(), Now: testNow,
			Conflicts: []domain.Conflict{
				{Field: domain.FieldTitle, Ours: "ours", Theirs: "theirs", Winner: "ours", ResolvedAt: testNow, Resolution: domain.ResolveOurs},
				{Field: domain.FieldDescription, Ours: "a", Theirs: "b", Winner: "a b", ResolvedAt: testNow, Resolution: domain.ResolveMerge},
			}}))
		var lost []string
		for _, c := range changesOf(t, db, domain.SubjectMeasure, string(m.Key)) {
			if c.Overwritten {
				lost = append(lost, c.Field+": "+c.From+" → "+c.To)
				if c.Attribution != fromGitHub() {
					t.Errorf("attribution: %+v", c.Attribution)
				}
			}
		}
		same(t, "losing values", []string{"title: theirs → ours", "description: b → a b", "description: a → a b"}, lost)
	})
}
