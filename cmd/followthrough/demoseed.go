package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// demoSeed plays the demo's fiction through the operations that people use, at
// the times at which it happened, so that the history is a real one.
type demoSeed struct {
	p        *program
	trackers *demoTrackers
	clock    *demoClock
	start    time.Time
	people   map[string]domain.Actor
	events   []demoEvent
	keys     []domain.IncidentKey
	linked   map[domain.TrackerID][]domain.MeasureKey
}

type demoEvent struct {
	at time.Time
	do func(context.Context) error
}

// seedDemo makes everything and returns the token for the tour.
func seedDemo(ctx context.Context, p *program, trackers *demoTrackers, clock *demoClock) (string, error) {
	s := &demoSeed{p: p, trackers: trackers, clock: clock, start: clock.now(), people: map[string]domain.Actor{}, linked: map[domain.TrackerID][]domain.MeasureKey{}}
	clock.moveTo(s.daysAgo(420))
	token, err := s.makePeople(ctx)
	if err != nil {
		return "", err
	}
	stories := demoIncidents()
	s.keys = make([]domain.IncidentKey, len(stories))
	for n := range stories {
		s.plan(n, stories[n])
	}
	s.planChecks()
	sort.SliceStable(s.events, func(a, b int) bool { return s.events[a].at.Before(s.events[b].at) })
	for _, e := range s.events {
		clock.moveTo(e.at)
		if err := e.do(ctx); err != nil {
			return "", err
		}
	}
	clock.moveTo(s.start.Add(-3 * time.Hour))
	if err := s.reviewDemo(ctx, s.keys[0]); err != nil {
		return "", err
	}
	clock.moveTo(s.start.Add(-2 * time.Hour))
	if err := s.syncAll(ctx); err != nil {
		return "", err
	}
	clock.moveTo(s.start.Add(-time.Hour))
	if err := s.workInTrackers(ctx); err != nil {
		return "", err
	}
	clock.moveTo(s.start.Add(-time.Minute))
	err = s.syncAll(ctx)
	clock.moveTo(time.Now())
	return token, err
}

func (s *demoSeed) daysAgo(n int) time.Time {
	return s.start.AddDate(0, 0, -n).Truncate(time.Hour).Add(17 * time.Minute)
}

func (s *demoSeed) makePeople(ctx context.Context) (token string, err error) {
	boss, token, err := demoAdministrator(ctx, s.p)
	if err != nil {
		return "", err
	}
	var teams []domain.TeamID
	for _, name := range slices.Sorted(maps.Keys(demoTeams())) {
		team, err := s.p.app.People.CreateTeam(ctx, operator(), domain.Team{ID: domain.TeamID("t_" + name), Name: demoTeams()[name], Lead: boss.ID})
		if err != nil {
			return "", err
		}
		teams = append(teams, team.ID)
	}
	for _, t := range s.trackers.configured() {
		if _, err := s.p.app.Trackers.Create(ctx, operator(), t.tracker, t.secrets); err != nil {
			return "", err
		}
	}
	for i, d := range demoPeople() {
		person := boss
		if i > 0 {
			person, err = s.p.app.People.Create(ctx, operator(), domain.Person{ID: domain.PersonID("p_" + d.login), Name: d.name, Email: d.login + "@nordwind.example", Role: d.role, Teams: teams})
			if err != nil {
				return "", err
			}
		}
		s.people[d.login] = app.ActorOf(person)
		for _, identity := range []domain.Identity{
			{Tracker: demoGitHub, Person: person.ID, Account: s.trackers.githubIDs[d.login], Login: d.login},
			{Tracker: demoJira, Person: person.ID, Account: s.trackers.jiraIDs[d.login]},
		} {
			if err := s.p.app.People.SetIdentity(ctx, operator(), identity); err != nil {
				return "", err
			}
		}
	}
	return token, nil
}

// plan notes the events of one incident and its measures.
func (s *demoSeed) plan(n int, story demoIncident) {
	began := s.daysAgo(story.daysAgo)
	over := began.Add(time.Duration(story.minutes) * time.Minute)
	s.at(over.Add(3*time.Hour), func(ctx context.Context) error {
		edit := domain.IncidentEdit{Title: domain.Some(story.title), Summary: domain.Some(story.summary), Severity: domain.Some(story.severity),
			Status: domain.Some(domain.IncidentInReview), StartedAt: domain.Some(began), DetectedAt: domain.Some(began.Add(time.Duration(story.minutes/5) * time.Minute)),
			MitigatedAt: domain.Some(over.Add(-time.Duration(story.minutes/10) * time.Minute)), ResolvedAt: domain.Some(over),
			Services: domain.Some(story.services), Causes: domain.Some(story.causes), Team: domain.Some(domain.TeamID("t_" + story.team))}
		if story.recurrenceOf > 0 {
			edit.RecurrenceOf = domain.Some(s.keys[story.recurrenceOf-1])
		}
		incident, err := s.p.app.Incidents.Create(ctx, s.people["ana"], edit)
		s.keys[n] = incident.Key
		return named(err, story.title)
	})
	for _, m := range story.measures {
		s.planMeasure(n, story, m, over.Add(20*time.Hour))
	}
	if story.closedAfterDays > 0 {
		s.at(began.AddDate(0, 0, story.closedAfterDays+2), func(ctx context.Context) error {
			_, _, err := s.p.app.Incidents.Edit(ctx, s.people["ana"], s.keys[n], 0, domain.IncidentEdit{Status: domain.Some(domain.IncidentClosed)})
			return named(err, story.title)
		})
	}
}

// planMeasure notes the events of one measure, counted from its creation.
func (s *demoSeed) planMeasure(n int, story demoIncident, m demoMeasure, made time.Time) {
	var key domain.MeasureKey
	owner := s.people[m.owner]
	s.at(made, func(ctx context.Context) error {
		measure, err := s.p.app.Measures.Create(ctx, s.people["ana"], domain.NewMeasure{Incident: s.keys[n], Title: m.title, Description: m.description, Kind: m.kind,
			Priority: m.priority, Status: domain.Accepted, Owner: domain.PersonID(owner.ID), Team: domain.TeamID("t_" + story.team), Metric: domain.ParseMetric(m.metric)})
		key = measure.Key
		for _, tracker := range m.links {
			s.linked[tracker] = append(s.linked[tracker], key)
		}
		return named(err, m.title)
	})
	edit := func(days int, by domain.Actor, change func(domain.Measure) domain.MeasureEdit) {
		if days == 0 {
			return
		}
		s.at(made.AddDate(0, 0, days-1).Add(5*time.Hour), func(ctx context.Context) error {
			before, err := s.p.app.Measures.Get(ctx, by, key)
			if err != nil {
				return named(err, m.title)
			}
			_, err = s.p.app.Measures.Edit(ctx, by, key, before.Version, app.MeasurePatch{MeasureEdit: change(before)})
			return named(err, m.title)
		})
	}
	edit(m.startedAfter, owner, func(domain.Measure) domain.MeasureEdit {
		return domain.MeasureEdit{Status: domain.Some(domain.InProgress)}
	})
	edit(m.movedAfter, owner, func(before domain.Measure) domain.MeasureEdit {
		return domain.MeasureEdit{DueOn: domain.Some(before.DueOn.AddDays(m.moveDays)), Reason: m.moveReason}
	})
	if m.doneAfter > 0 {
		s.at(made.AddDate(0, 0, m.doneAfter-1).Add(4*time.Hour), func(ctx context.Context) error {
			_, err := s.p.app.Measures.AddEvidence(ctx, owner, domain.Evidence{Measure: key, Title: "Change and its test", URL: fmt.Sprintf("https://wiki.nordwind.example/evidence/%s", key), EffectiveOn: domain.DateOf(s.clock.now())})
			return named(err, m.title)
		})
	}
	edit(m.doneAfter, owner, func(domain.Measure) domain.MeasureEdit {
		return domain.MeasureEdit{Status: domain.Some(domain.Done)}
	})
	edit(m.verifiedAfter, s.verifier(m.owner), func(domain.Measure) domain.MeasureEdit {
		return domain.MeasureEdit{Status: domain.Some(domain.Verified), Verdict: domain.Some(m.verdict)}
	})
	edit(m.cancelledAfter, s.people["ana"], func(domain.Measure) domain.MeasureEdit {
		return domain.MeasureEdit{Status: domain.Some(domain.Cancelled), ClosureReason: domain.Some(m.closure), Reason: "two hubs share one spare; the cost is not worth it"}
	})
}

// verifier is somebody other than the owner.
func (s *demoSeed) verifier(owner string) domain.Actor {
	if owner == "ana" {
		return s.people["ben"]
	}
	return s.people["ana"]
}

func (s *demoSeed) at(when time.Time, do func(context.Context) error) {
	s.events = append(s.events, demoEvent{when, do})
}

// syncAll links what is still to be linked and does one pass over each tracker.
func (s *demoSeed) syncAll(ctx context.Context) error {
	for _, id := range []domain.TrackerID{demoGitHub, demoJira} {
		for _, key := range s.linked[id] {
			if _, err := s.p.app.Links.Add(ctx, s.people["ana"], key, id, ""); err != nil {
				return named(err, string(key))
			}
		}
		pass, err := s.p.app.Trackers.Sync(ctx, operator(), id)
		if err != nil {
			return err
		}
		if pass.Failed > 0 {
			return fmt.Errorf("%s: %v", id, pass.Problems)
		}
		s.linked[id] = nil
	}
	return nil
}

// workInTrackers lets people work where they always work: an issue is closed,
// one is commented into a new title while its measure gets another one, and a
// new issue asks to become a measure.
func (s *demoSeed) workInTrackers(ctx context.Context) error {
	issues := s.trackers.github.Oracle()
	if len(issues) < 4 {
		return fmt.Errorf("only %d issues were created", len(issues))
	}
	ben := s.trackers.github.As("ben")
	if err := ben.Close(demoRepository, issues[1].Number, "completed"); err != nil {
		return err
	}
	contested := issues[3]
	if err := ben.Retitle(demoRepository, contested.Number, contested.Title+" (Postgres first)"); err != nil {
		return err
	}
	if _, err := s.trackers.github.As("cleo").Create(demoRepository, "Hubs need paper forms for a day without network", "Came up in the review of INC-9.", "postmortem"); err != nil {
		return err
	}
	cleo := s.trackers.jiraIDs["cleo"]
	for _, issue := range s.trackers.jira.Oracle()[:2] {
		if err := s.trackers.jira.EditIssue(cleo, issue.Key, map[string]any{"duedate": domain.DateOf(s.clock.now()).AddDays(21).String()}); err != nil {
			return err
		}
	}
	return s.retitleMeasureOf(ctx, contested)
}

// retitleMeasureOf changes the same title on our side: two edits, one conflict.
func (s *demoSeed) retitleMeasureOf(ctx context.Context, issue githubsim.Issue) error {
	list, err := s.p.app.Measures.List(ctx, operator(), domain.MeasureFilter{Query: issue.Title}, domain.Page{Limit: 1})
	if err != nil || len(list.Items) == 0 {
		return named(err, "find the measure of "+issue.Title)
	}
	m := list.Items[0]
	_, err = s.p.app.Measures.Edit(ctx, s.people["ana"], m.Key, m.Version, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{Title: domain.Some(m.Title + " everywhere")}})
	return err
}

// named says whose event failed.
func named(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
