package app_test

import (
	"context"
	"testing"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// TestWhoMay calls every operation with every role and from another team. The
// pages and the command line call these directly, so nothing above protects them.
func TestWhoMay(t *testing.T) {
	w := newWorld(t)
	inc := w.incident(domain.IncidentEdit{})
	m := w.measure(func(n *domain.NewMeasure) { n.Incident = inc.Key })
	must(w.Trackers.Create(t.Context(), admin, domain.Tracker{ID: "platform", Kind: domain.GitHub, Flavor: domain.DotCom, BaseURL: "https://api.github.com",
		Repository: "acme/platform", Team: "t_a"}, domain.Secrets{Credential: "ghp_0123456789abcdef"}))(t)
	must(w.Links.Add(t.Context(), ana, m.Key, "platform", ""))(t)
	type operation struct {
		needs domain.Permission
		// scoped says that the operation is about a row of team t_a.
		scoped bool
		run    func(ctx context.Context, by domain.Actor) error
	}
	second := func(_ any, err error) error { return err }
	operations := map[string]operation{
		"create incident": {domain.CanEdit, false, func(ctx context.Context, by domain.Actor) error {
			return second(w.Incidents.Create(ctx, by, domain.IncidentEdit{Title: domain.Some("x")}))
		}},
		"get incident": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error { return second(w.Incidents.Get(ctx, by, inc.Key)) }},
		"list incidents": {domain.CanRead, false, func(ctx context.Context, by domain.Actor) error {
			return second(w.Incidents.List(ctx, by, domain.IncidentFilter{}, domain.Page{}))
		}},
		"edit incident": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			_, _, err := w.Incidents.Edit(ctx, by, inc.Key, 0, domain.IncidentEdit{Summary: domain.Some("by " + by.ID)})
			return err
		}},
		"incident history": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Incidents.History(ctx, by, inc.Key, domain.Page{}))
		}},
		"view review": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error { return second(w.Reviews.View(ctx, by, inc.Key)) }},
		"edit review": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Reviews.Edit(ctx, by, inc.Key, 0, domain.ReviewEdit{Summary: domain.Some("by " + by.ID)}))
		}},
		"step review": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return known(second(w.Reviews.Step(ctx, by, inc.Key, 0, domain.ReviewArchived, "x")))
		}},
		"add to review": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Reviews.Put(ctx, by, inc.Key, 0, domain.ReviewEntry{Section: domain.SectionLesson, Text: "x"}))
		}},
		"drop from review": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return known(w.Reviews.Drop(ctx, by, inc.Key, 0, "e_0"))
		}},
		"list reviews": {domain.CanRead, false, func(ctx context.Context, by domain.Actor) error {
			return second(w.Reviews.List(ctx, by, domain.ReviewFilter{}, domain.Page{}))
		}},
		"review versions": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error { return second(w.Reviews.Versions(ctx, by, inc.Key)) }},
		"review messages": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error { return second(w.Reviews.Messages(ctx, by, inc.Key)) }},
		"add messages": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Reviews.AddMessages(ctx, by, inc.Key, "", []domain.Message{{Channel: "bridge", Statement: "x"}}))
		}},
		"edit channel": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return known(w.Reviews.EditChannel(ctx, by, inc.Key, "nowhere", "team"))
		}},
		"open feedback": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Reviews.OpenFeedback(ctx, by, inc.Key))
		}},
		"review history": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Reviews.History(ctx, by, inc.Key, domain.Page{}))
		}},
		"rollup": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error {
			_, _, err := w.Reports.Rollup(ctx, by, inc.Key)
			return err
		}},
		"rollups": {domain.CanRead, false, func(ctx context.Context, by domain.Actor) error {
			return second(w.Reports.Rollups(ctx, by, []domain.IncidentKey{inc.Key}))
		}},
		"create measure": {domain.CanEdit, false, func(ctx context.Context, by domain.Actor) error {
			return second(w.Measures.Create(ctx, by, domain.NewMeasure{Title: "x"}))
		}},
		"get measure": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error { return second(w.Measures.Get(ctx, by, m.Key)) }},
		"list measures": {domain.CanRead, false, func(ctx context.Context, by domain.Actor) error {
			return second(w.Measures.List(ctx, by, domain.MeasureFilter{}, domain.Page{}))
		}},
		"edit measure": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.to(m.Key, by, domain.MeasureEdit{Description: domain.Some("by " + by.ID)}))
		}},
		"measure history": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Measures.History(ctx, by, m.Key, domain.Page{}))
		}},
		"put back": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return known(second(w.Measures.PutBack(ctx, by, m.Key, 0, 99, app.SideFrom, "")))
		}},
		"add evidence": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Measures.AddEvidence(ctx, by, domain.Evidence{Measure: m.Key, Title: "x", URL: "https://example.org"}))
		}},
		"list evidence": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error { return second(w.Measures.Evidence(ctx, by, m.Key)) }},
		"add observations": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Measures.AddObservations(ctx, by, m.Key, []domain.Observation{{At: w.at, Value: 1}}))
		}},
		"list observations": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Measures.Observations(ctx, by, m.Key))
		}},
		"list links": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error { return second(w.Links.List(ctx, by, m.Key)) }},
		"get link": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Links.Get(ctx, by, m.Key, "platform"))
		}},
		"add link": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return known(second(w.Links.Add(ctx, by, m.Key, "other", "")))
		}},
		"detach link": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return known(second(w.Links.Detach(ctx, by, m.Key, "other")))
		}},
		"list conflicts": {domain.CanRead, false, func(ctx context.Context, by domain.Actor) error {
			return second(w.Conflicts.List(ctx, by, domain.ConflictFilter{}, domain.Page{}))
		}},
		"get tracker": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error { return second(w.Trackers.Get(ctx, by, "platform")) }},
		"tracker status": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Trackers.Status(ctx, by, "platform"))
		}},
		"list trackers": {domain.CanRead, false, func(ctx context.Context, by domain.Actor) error { return second(w.Trackers.List(ctx, by)) }},
		"plan": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error {
			return offline(second(w.Trackers.Plan(ctx, by, "platform")))
		}},
		"drift": {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error {
			return offline(second(w.Trackers.Drift(ctx, by, "platform")))
		}},
		"sync": {domain.CanEdit, true, func(ctx context.Context, by domain.Actor) error {
			return offline(second(w.Trackers.Sync(ctx, by, "platform")))
		}},
		"check": {domain.CanManage, true, func(ctx context.Context, by domain.Actor) error {
			return offline(second(w.Trackers.Check(ctx, by, "platform")))
		}},
		"edit tracker": {domain.CanManage, true, func(ctx context.Context, by domain.Actor) error {
			return second(w.Trackers.Edit(ctx, by, "platform", 0, app.TrackerPatch{}))
		}},
		"create tracker": {domain.CanManage, false, func(ctx context.Context, by domain.Actor) error {
			return invalid(second(w.Trackers.Create(ctx, by, domain.Tracker{}, domain.Secrets{})))
		}},
		"get team":   {domain.CanRead, true, func(ctx context.Context, by domain.Actor) error { return second(w.People.Team(ctx, by, "t_a")) }},
		"list teams": {domain.CanRead, false, func(ctx context.Context, by domain.Actor) error { return second(w.People.Teams(ctx, by)) }},
		"edit team": {domain.CanManage, false, func(ctx context.Context, by domain.Actor) error {
			return second(w.People.EditTeam(ctx, by, "t_a", 0, "", func(*domain.Team) {}))
		}},
		"create team": {domain.CanManage, false, func(ctx context.Context, by domain.Actor) error {
			return invalid(second(w.People.CreateTeam(ctx, by, domain.Team{})))
		}},
		"list people": {domain.CanRead, false, func(ctx context.Context, by domain.Actor) error { return second(w.People.List(ctx, by)) }},
		"create person": {domain.CanManage, false, func(ctx context.Context, by domain.Actor) error {
			return invalid(second(w.People.Create(ctx, by, domain.Person{})))
		}},
		"edit person": {domain.CanManage, false, func(ctx context.Context, by domain.Actor) error {
			return second(w.People.Edit(ctx, by, "p_ana", 0, "", func(*domain.Person) {}))
		}},
		"set identity": {domain.CanManage, false, func(ctx context.Context, by domain.Actor) error {
			return invalid(w.People.SetIdentity(ctx, by, domain.Identity{}))
		}},
		"tokens": {domain.CanManage, false, func(ctx context.Context, by domain.Actor) error { return second(w.Access.Tokens(ctx, by)) }},
		"create token": {domain.CanManage, false, func(ctx context.Context, by domain.Actor) error {
			_, _, err := w.Access.CreateToken(ctx, by, domain.Token{})
			return invalid(err)
		}},
		"revoke token": {domain.CanManage, false, func(ctx context.Context, by domain.Actor) error { return missing(w.Access.RevokeToken(ctx, by, "k_x")) }},
		"policy":       {domain.CanRead, false, func(ctx context.Context, by domain.Actor) error { return second(w.Policies.Current(ctx, by)) }},
		"save policy": {domain.CanManage, false, func(ctx context.Context, by domain.Actor) error {
			return invalid(second(w.Policies.Save(ctx, by, domain.Policy{}, "")))
		}},
		"import": {domain.CanEdit, false, func(ctx context.Context, by domain.Actor) error {
			return second(w.Imports.Run(ctx, by, domain.ImportBatch{File: "x"}, true))
		}},
	}
	for name, op := range operations {
		t.Run(name, func(t *testing.T) {
			for _, by := range []domain.Actor{viewer, ana, auditor, admin} {
				before := w.seq()
				switch err := op.run(t.Context(), by); {
				case by.Role.May(op.needs) && err != nil:
					t.Errorf("%s may, and: %v", by.Role, err)
				case !by.Role.May(op.needs) && (domain.KindOf(err) != domain.ErrForbidden || w.seq() != before):
					t.Errorf("%s may not, and: %v", by.Role, err)
				}
			}
			before := w.seq()
			if err := op.run(t.Context(), bea); op.scoped && bea.Role.May(op.needs) && (domain.KindOf(err) != domain.ErrNotFound || w.seq() != before) {
				t.Errorf("another team's member: %v", err)
			}
		})
	}
}

// The operations above are called with inputs that fail only after the
// question who may; the expected failure counts as success.
func only(err error, kind domain.Kind) error {
	if domain.KindOf(err) == kind {
		return nil
	}
	return err
}

func invalid(err error) error { return only(err, domain.ErrInvalid) }
func offline(err error) error { return only(err, domain.ErrUnavailable) }
func missing(err error) error { return only(err, domain.ErrNotFound) }

// known passes on "not found" about the measure or incident itself and swallows what comes after.
func known(err error) error {
	if err != nil && domain.KindOf(err) == domain.ErrNotFound && (err.Error() == `measure "M-1" does not exist` || err.Error() == `incident "INC-1" does not exist`) {
		return err
	}
	return only(only(err, domain.ErrInvalid), domain.ErrNotFound)
}
