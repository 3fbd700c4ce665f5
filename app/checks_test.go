package app_test

import (
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

const restore domain.QuestionID = "backups.restore"

// check answers a whole check of a team and finishes it; backups.restore gets a
// step of its own.
func (w *world) check(by domain.Actor, team domain.TeamID, step domain.Step) domain.Check {
	w.t.Helper()
	c := must(w.Checks.Start(w.t.Context(), by, team))(w.t)
	catalogue := must(domain.CatalogueVersion(c.Catalogue))(w.t)
	var answers []domain.CheckAnswer
	for _, q := range catalogue.Questions() {
		a := domain.CheckAnswer{Question: q.ID, Step: 2}
		if q.ID == restore {
			a.Step, a.Evidence = step, "restored on a Tuesday"
		}
		answers = append(answers, a)
	}
	must(w.Checks.Answer(w.t.Context(), by, c.Key, c.Version, answers))(w.t)
	return must(w.Checks.Finish(w.t.Context(), by, c.Key, 0))(w.t)
}

// TestCheckScoreFollowsItsMeasure plays the whole loop: a gap, its measure, a
// higher answer that is held, the verification that lifts it, and the reopening
// that takes it back.
func TestCheckScoreFollowsItsMeasure(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	first := w.check(ana, "t_a", 0)
	m := must(w.Checks.AddMeasure(ctx, ana, first.Key, app.CheckMeasure{Question: restore, Owner: "p_ana", Language: "de"}))(t)
	if m.Priority != domain.P1 || m.Kind != domain.Training || m.DueOn != domain.MustDate("2026-12-10") || m.Team != "t_a" || m.NeedsIncident() || m.Question != restore {
		t.Errorf("the proposed measure is %+v", m)
	}
	if _, err := w.Checks.AddMeasure(ctx, ana, first.Key, app.CheckMeasure{Question: restore}); domain.KindOf(err) != domain.ErrConflict {
		t.Errorf("a second measure for the question: %v", err)
	}
	w.at = w.at.AddDate(0, 3, 0)
	second := w.check(ana, "t_a", 3)
	counts := func(key domain.CheckKey) (domain.Step, int) {
		t.Helper()
		r := must(w.Checks.Readiness(ctx, viewer, key))(t)
		for _, s := range r.Score.Standings {
			if s.Question.ID == restore {
				return s.Counted, r.Score.Counted
			}
		}
		return -1, 0
	}
	if step, score := counts(second.Key); step != 0 || score != 64 {
		t.Errorf("before the measure is done: step %d, score %d", step, score)
	}
	w.at = w.at.Add(time.Hour)
	w.done(m.Key)
	if step, _ := counts(second.Key); step != 0 {
		t.Errorf("done is a claim, and step %d counts", step)
	}
	must(w.to(m.Key, ben, verdict(domain.Effective)))(t)
	if step, score := counts(second.Key); step != 3 || score != 68 {
		t.Errorf("verified: step %d, score %d", step, score)
	}
	if step, _ := counts(first.Key); step != 0 {
		t.Errorf("the earlier check changed to step %d", step)
	}
	reopened := status(domain.InProgress)
	reopened.Reason = "the restore failed on the next try"
	must(w.to(m.Key, ana, reopened))(t)
	if step, _ := counts(second.Key); step != 0 {
		t.Errorf("reopened: step %d", step)
	}
	if _, err := w.Checks.AddMeasure(ctx, ana, first.Key, app.CheckMeasure{Question: "plans.order"}); domain.KindOf(err) != domain.ErrConflict {
		t.Errorf("a measure for an older check: %v", err)
	}
}

// TestCheckMeasuresAreNoFault: a measure that came from a check does not wait in
// the inbox of measures without an incident, in the list and in the counts.
func TestCheckMeasuresAreNoFault(t *testing.T) {
	w := newWorld(t)
	ctx, yes := t.Context(), true
	c := w.check(ana, "t_a", 0)
	must(w.Checks.AddMeasure(ctx, ana, c.Key, app.CheckMeasure{Question: restore}))(t)
	stray := w.measure(nil)
	inbox := must(w.Measures.List(ctx, ana, domain.MeasureFilter{NeedsIncident: &yes}, domain.Page{}))(t)
	if len(inbox.Items) != 1 || inbox.Items[0].Key != stray.Key {
		t.Errorf("the inbox holds %d measures", len(inbox.Items))
	}
	homeless := 0
	for _, n := range must(w.Measures.Late(ctx, ana, domain.MeasureFilter{}))(t) {
		homeless += n.NeedsIncident
	}
	if homeless != 1 {
		t.Errorf("%d measures are counted as without an incident", homeless)
	}
	if list := must(w.Measures.List(ctx, ana, domain.MeasureFilter{Checks: []domain.CheckKey{c.Key}}, domain.Page{}))(t); len(list.Items) != 1 {
		t.Errorf("%d measures came from %s", len(list.Items), c.Key)
	}
}

// TestChecksKeepToTheirTeam: roles, teams, one draft at a time, and
// the history.
func TestChecksKeepToTheirTeam(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for name, by := range map[string]domain.Actor{"viewer": viewer, "auditor": auditor} {
		if _, err := w.Checks.Start(ctx, by, ""); domain.KindOf(err) != domain.ErrForbidden {
			t.Errorf("%s starts a check: %v", name, err)
		}
	}
	if _, err := w.Checks.Start(ctx, bea, "t_a"); domain.KindOf(err) != domain.ErrInvalid {
		t.Errorf("bea starts a check of another team: %v", err)
	}
	c := w.check(ana, "t_a", 1)
	draft := must(w.Checks.Start(ctx, ana, "t_a"))(t)
	if _, err := w.Checks.Start(ctx, ben, "t_a"); domain.KindOf(err) != domain.ErrConflict {
		t.Errorf("a second draft: %v", err)
	}
	if _, err := w.Checks.Readiness(ctx, ana, draft.Key); domain.KindOf(err) != domain.ErrConflict {
		t.Errorf("the score of a draft: %v", err)
	}
	before := w.seq()
	for what, err := range map[string]error{
		"get":     second(w.Checks.Get(ctx, bea, c.Key)),
		"score":   second(w.Checks.Readiness(ctx, bea, c.Key)),
		"history": second(w.Checks.History(ctx, bea, c.Key, domain.Page{})),
		"answer":  second(w.Checks.Answer(ctx, bea, draft.Key, 0, []domain.CheckAnswer{{Question: restore, Step: 1}})),
		"finish":  second(w.Checks.Finish(ctx, bea, draft.Key, 0)),
		"discard": second(w.Checks.Discard(ctx, bea, draft.Key, 0, "")),
		"measure": second(w.Checks.AddMeasure(ctx, bea, c.Key, app.CheckMeasure{Question: restore})),
	} {
		if domain.KindOf(err) != domain.ErrNotFound {
			t.Errorf("bea, %s: %v", what, err)
		}
	}
	if w.seq() != before {
		t.Error("something was written for another team")
	}
	if series := must(w.Checks.Series(ctx, bea))(t); len(series) != 1 || len(series[0].Finished) != 0 {
		t.Errorf("bea sees %d series", len(series))
	}
	series := must(w.Checks.Series(ctx, ana))(t)
	if len(series) != 2 || series[1].Team != "t_a" || len(series[1].Finished) != 1 || series[1].Draft.Key != draft.Key {
		t.Errorf("ana sees %+v", series)
	}
	if _, err := w.Checks.Answer(ctx, ana, draft.Key, draft.Version+7, nil); domain.KindOf(err) != domain.ErrStale {
		t.Errorf("an old version: %v", err)
	}
	if d := must(w.Checks.Discard(ctx, ana, draft.Key, 0, "begun by mistake"))(t); d.Status != domain.CheckDiscarded {
		t.Errorf("discarded is %s", d.Status)
	}
	rows := must(w.Checks.History(ctx, viewer, c.Key, domain.Page{Limit: 200}))(t).Items
	if len(rows) != 1+24+2 || rows[0].Kind != domain.ChangeCreate || rows[1].Field != "answer.plans.first_hour" || rows[25].To != "finished" {
		t.Errorf("%d rows in the history: %+v", len(rows), rows)
	}
}

func second[T any](_ T, err error) error { return err }
