package main

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// reviewDemo writes and publishes the review of one incident of the demo, with a
// chat that has a long silence, an audience nobody informed, and two channels
// that say different things.
func (s *demoSeed) reviewDemo(ctx context.Context, key domain.IncidentKey) error {
	reviews, by, second := s.p.app.Reviews, s.people["ana"], s.people["ben"]
	v, err := reviews.View(ctx, by, key)
	if err != nil {
		return err
	}
	begin := v.Incident.StartedAt
	if begin.IsZero() || v.Incident.ResolvedAt.Before(begin.Add(2*time.Minute)) {
		return nil // a story without times has no lanes
	}
	length := v.Incident.ResolvedAt.Sub(begin)
	at := func(percent int) time.Time { return begin.Add(length * time.Duration(percent) / 100) }
	if _, err := reviews.TakeTimes(ctx, by, key); err != nil {
		return err
	}
	cause, err := reviews.Put(ctx, by, key, 0, domain.ReviewEntry{Section: domain.SectionCause, Text: "Nobody noticed the first signs, because no alert looked for them."})
	if err != nil {
		return err
	}
	finding := domain.ReviewEntry{Section: domain.SectionFinding, Kind: domain.KindTechnology, Text: "What was seen by hand could have been seen by a machine.", Cause: cause.ID}
	for _, m := range v.Measures {
		finding.Measures = append(finding.Measures, m.Key)
	}
	for _, e := range []domain.ReviewEntry{
		{Section: domain.SectionTimeline, Kind: domain.KindDecision, At: at(70), Text: "Go back to the release of the day before"},
		{Section: domain.SectionLesson, Kind: domain.KindWorked, Text: "The runbook was at hand."}, {Section: domain.SectionLesson, Kind: domain.KindFailed, Text: "Two people restarted the same host."},
		{Section: domain.SectionLesson, Kind: domain.KindLucky, Text: "It happened on a quiet afternoon."},
		{Section: domain.SectionRole, Kind: domain.KindIncidentLead, PersonID: domain.PersonID(by.ID), DeputyID: domain.PersonID(second.ID), At: at(10), Until: at(100)}, finding,
		{Section: domain.SectionFinding, Kind: domain.KindCommFinding, Text: "Customers read that all was well."},
	} {
		if _, err := reviews.Put(ctx, by, key, 0, e); err != nil {
			return err
		}
	}
	if _, err := reviews.AddMessages(ctx, by, key, "demo-chat.zip", demoChat(at)); err != nil {
		return err
	}
	if _, err := reviews.Edit(ctx, by, key, 0, domain.ReviewEdit{SharedWith: domain.Some([]domain.Role{domain.Viewer, domain.Member}),
		Summary: domain.Some("The service was disturbed for {duration} and it took {time_to_detect} until somebody noticed.\n\nThe longest silence lasted {longest_silence}. Of {measures} measures {done} are done and {verified} are verified as effective.")}); err != nil {
		return err
	}
	for _, step := range []struct {
		by domain.Actor
		to domain.ReviewState
	}{{by, domain.ReviewInReview}, {second, domain.ReviewApproved}, {by, domain.ReviewPublished}} {
		if _, err := reviews.Step(ctx, step.by, key, 0, step.to, ""); err != nil {
			return err
		}
	}
	return nil
}

func demoChat(at func(percent int) time.Time) []domain.Message {
	var out []domain.Message
	for _, m := range []struct {
		percent                                        int
		channel, sender, audience, statement, diverges string
	}{
		{12, "#incident", "Ana Lindqvist", "team", "I take the lead. Who can look at the logs?", ""},
		{14, "#incident", "Ben Okafor", "team", "Looking. The errors began with the release.", ""},
		{19, "hotline", "Support", "support", "We have 14 calls about this.", ""},
		{62, "#incident", "Ben Okafor", "team", "Found it.", ""},
		{66, "status page", "Support", "customers", "All systems work as expected.", "#incident: the errors began with the release"},
		{71, "#incident", "Ana Lindqvist", "team", "We go back to the release of yesterday.", ""},
		{92, "#incident", "Ben Okafor", "team", "Errors are gone.", ""},
		{97, "status page", "Support", "customers", "The disturbance is over.", ""},
	} {
		out = append(out, domain.Message{Channel: m.channel, Sender: m.sender, Audience: m.audience, At: at(m.percent), Statement: m.statement, Diverges: m.diverges})
	}
	return out
}
