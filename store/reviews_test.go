package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

func reviewing(change func(*domain.Review) error) func(*domain.Review, domain.Incident, func() ([]domain.Measure, []domain.Message, error)) (*domain.ReviewDocument, error) {
	return func(r *domain.Review, _ domain.Incident, _ func() ([]domain.Measure, []domain.Message, error)) (*domain.ReviewDocument, error) {
		return nil, change(r)
	}
}

func summarise(text string) func(*domain.Review) error {
	return func(r *domain.Review) error { return r.Edit(domain.ReviewEdit{Summary: domain.Some(text)}, testNow) }
}

func TestReviews(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		ctx, all := t.Context(), domain.Everything()
		i := addIncident(t, db, func(i *domain.Incident) { i.Title = "Störung im Lager" })
		other := addIncident(t, db, nil)
		m := addMeasure(t, db, func(m *domain.Measure) { m.Incident = i.Key })
		r := must[domain.Review](t)(db.UpdateReview(ctx, all, i.Key, 0, ana(), reviewing(summarise("one"))))
		if r.Version != 1 || r.State != domain.ReviewDraft {
			t.Errorf("begun: %+v", r)
		}
		if _, err := db.UpdateReview(ctx, all, i.Key, 7, ana(), reviewing(summarise("late"))); !errors.Is(err, domain.ErrStale) {
			t.Errorf("a stale version: %v", err)
		}
		addIncident(t, db, func(later *domain.Incident) { later.RecurrenceOf, later.Status = i.Key, domain.IncidentDismissed })
		for key, want := range map[domain.IncidentKey]domain.ReviewMaterial{i.Key: {Review: r, Later: 1}, other.Key: {Review: domain.NewReview(other.Key)}} {
			if got := must[domain.ReviewMaterial](t)(db.ReviewMaterial(ctx, all, key)); got.Later != want.Later || !cmp.Equal(got.Review, want.Review) || got.Incident.Key != key {
				t.Errorf("material of %s: %+v", key, got)
			}
		}
		before := count(t, db, "SELECT value FROM sequences WHERE name = 'history'")
		must[domain.Review](t)(db.UpdateReview(ctx, all, i.Key, 1, ana(), reviewing(summarise("one"))))
		if after := count(t, db, "SELECT value FROM sequences WHERE name = 'history'"); after != before {
			t.Error("no change left a row in the history")
		}
		_, err := db.UpdateReview(ctx, all, i.Key, 0, ana(), reviewing(func(r *domain.Review) error {
			r.Moderator = "p_nobody"
			return nil
		}))
		refused(t, "unknown moderator", err, domain.ErrInvalid)

		// A publication keeps the document; nothing changes or removes it.
		must[domain.Review](t)(db.UpdateReview(ctx, all, i.Key, 0, ana(), func(r *domain.Review, i domain.Incident, plan func() ([]domain.Measure, []domain.Message, error)) (*domain.ReviewDocument, error) {
			measures, _, err := plan()
			r.Published++
			return &domain.ReviewDocument{Review: *r, Incident: i, Measures: measures}, err
		}))
		v := must[domain.ReviewVersion](t)(db.ReviewVersion(ctx, all, i.Key, 1))
		if v.Document.Incident.Title != i.Title || len(v.Document.Measures) != 1 || v.Document.Measures[0].Key != m.Key || v.Document.Review.Summary != "one" {
			t.Errorf("kept: %+v", v)
		}
		for _, statement := range []string{"UPDATE review_versions SET document = ''", "DELETE FROM review_versions"} {
			if _, err := db.sql.ExecContext(ctx, statement); err == nil || !strings.Contains(err.Error(), "published reviews are kept") {
				t.Errorf("%s: %v", statement, err)
			}
		}

		for query, want := range map[string]int{"": 3, "STÖRUNG": 1, "one": 1, "lager one": 1, "nothing": 0, "100%": 0} {
			list := must[domain.List[domain.ReviewHead]](t)(db.Reviews(ctx, all, domain.ReviewFilter{Query: query}, domain.Page{WithTotal: true}))
			if len(list.Items) != want || list.Total != want {
				t.Errorf("%q finds %d of %d, want %d", query, len(list.Items), list.Total, want)
			}
		}
		// Who held a role is found by the name the directory has now.
		must[domain.Person](t)(db.CreatePerson(ctx, ana(), domain.Person{ID: "p_zoe", Name: "Zoë Quitt", Role: domain.Member, CreatedAt: testNow, UpdatedAt: testNow}))
		role := domain.ReviewEntry{ID: "e_1", Section: domain.SectionRole, DeputyID: "p_zoe", Person: "Ms Vendor"}
		must[domain.Review](t)(db.UpdateReview(ctx, all, i.Key, 0, ana(), reviewing(func(r *domain.Review) error { return r.Put(role, testNow) })))
		for query, want := range map[string]int{"quitt": 1, "ZOË one": 1, "vendor": 1, "quitt vendor": 1, "ana": 0, "quitter": 0} {
			if got := len(must[domain.List[domain.ReviewHead]](t)(db.Reviews(ctx, all, domain.ReviewFilter{Query: query}, domain.Page{})).Items); got != want {
				t.Errorf("%q finds %d reviews by who held a role, want %d", query, got, want)
			}
		}
		first := must[domain.List[domain.ReviewHead]](t)(db.Reviews(ctx, all, domain.ReviewFilter{Missing: true}, domain.Page{Limit: 1}))
		next := must[domain.List[domain.ReviewHead]](t)(db.Reviews(ctx, all, domain.ReviewFilter{Missing: true}, domain.Page{Limit: 1, Cursor: first.NextCursor}))
		if first.Items[0].Incident.Key != other.Key || next.Items[0].Incident.Key != i.Key || next.NextCursor != "" {
			t.Errorf("pages: %+v, %+v", first, next)
		}
	})
}

// Neither the place of an answer nor the transaction it is from tells when it
// came: the answers of a group are written together, in the order of random ids.
func TestAnswersKeepNoOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		i := addIncident(t, db, nil)
		must[domain.Review](t)(db.UpdateReview(t.Context(), domain.Everything(), i.Key, 0, ana(), reviewing(func(r *domain.Review) error { return r.OpenFeedback("hash", testNow) })))
		for n, id := range []string{"e", "a", "d", "b", "c", "g", "f"} {
			if err := db.AddAnswer(t.Context(), i.Key, id, domain.FeedbackAnswer{Scales: map[string]int{"calm": 1 + n%5}}); err != nil {
				t.Fatal(err)
			}
		}
		order := "SELECT id FROM review_answers"
		if db.onPostgres() {
			order += " ORDER BY ctid"
			if n := count(t, db, "SELECT count(*) FROM (SELECT batch, count(DISTINCT xmin::text) AS n FROM review_answers GROUP BY batch) AS groups WHERE n <> 1"); n != 0 {
				t.Errorf("%d groups tell their answers apart by transaction", n)
			}
		}
		var ids []string
		if err := db.read(t.Context()).Raw(order).Scan(&ids).Error; err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(ids, ""); got != "abcdefg" {
			t.Errorf("the answers lie as %s", got)
		}
	})
}

func TestReviewsOfOtherTeamsAreNotFound(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		ctx := t.Context()
		addTeam(t, db, "t_a", "p_ana")
		addTeam(t, db, "t_b", "p_bob")
		i := addIncident(t, db, func(i *domain.Incident) { i.Team = "t_a" })
		must[domain.Review](t)(db.UpdateReview(ctx, domain.Everything(), i.Key, 0, ana(), reviewing(summarise("secret"))))
		message := domain.Message{ID: "c_1", Channel: "bridge", Statement: "x"}
		must[domain.MessageImport](t)(db.AddMessages(ctx, domain.Everything(), i.Key, ana(), "", []domain.Message{message}))
		foreign := domain.Scope{Teams: []domain.TeamID{"t_b"}}
		before := count(t, db, "SELECT value FROM sequences WHERE name = 'history'")
		for what, err := range map[string]error{
			"Review":         second(db.Review(ctx, foreign, i.Key)),
			"ReviewMaterial": second(db.ReviewMaterial(ctx, foreign, i.Key)),
			"UpdateReview":   second(db.UpdateReview(ctx, foreign, i.Key, 0, ana(), reviewing(summarise("stolen")))),
			"ReviewVersions": second(db.ReviewVersions(ctx, foreign, i.Key)),
			"ReviewVersion":  second(db.ReviewVersion(ctx, foreign, i.Key, 1)),
			"Messages":       second(db.Messages(ctx, foreign, i.Key)),
			"AddMessages":    second(db.AddMessages(ctx, foreign, i.Key, ana(), "", []domain.Message{message})),
			"UpdateMessages": second(db.UpdateMessages(ctx, foreign, i.Key, ana(), "c_1", "", domain.MessageEdit{Audience: domain.Some("x")})),
			"History":        second(db.History(ctx, foreign, domain.SubjectReview, string(i.Key), domain.Page{})),
		} {
			if !errors.Is(err, domain.ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if n := len(must[domain.List[domain.ReviewHead]](t)(db.Reviews(ctx, foreign, domain.ReviewFilter{Query: "secret"}, domain.Page{})).Items); n != 0 {
			t.Errorf("the search shows %d reviews of another team", n)
		}
		if after := count(t, db, "SELECT value FROM sequences WHERE name = 'history'"); after != before {
			t.Errorf("%d rows were written", after-before)
		}
	})
}
