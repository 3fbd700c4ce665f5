package app

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type reviewStore interface {
	ReviewMaterial(ctx context.Context, scope domain.Scope, key domain.IncidentKey) (domain.ReviewMaterial, error)
	Review(ctx context.Context, scope domain.Scope, key domain.IncidentKey) (domain.Review, error)
	UpdateReview(ctx context.Context, scope domain.Scope, key domain.IncidentKey, version int64, by domain.Attribution,
		change func(r *domain.Review, i domain.Incident, plan func() ([]domain.Measure, []domain.Message, error)) (*domain.ReviewDocument, error)) (domain.Review, error)
	ReviewVersions(ctx context.Context, scope domain.Scope, key domain.IncidentKey) ([]domain.ReviewVersion, error)
	ReviewVersion(ctx context.Context, scope domain.Scope, key domain.IncidentKey, number int) (domain.ReviewVersion, error)
	Reviews(ctx context.Context, scope domain.Scope, f domain.ReviewFilter, page domain.Page) (domain.List[domain.ReviewHead], error)
	MeasuresByKey(ctx context.Context, scope domain.Scope, keys []domain.MeasureKey) ([]domain.Measure, error)
	Incident(ctx context.Context, scope domain.Scope, key domain.IncidentKey) (domain.Incident, error)
	Person(ctx context.Context, id domain.PersonID) (domain.Person, error)
	messageStore
	feedbackStore
}

// Reviews are the operations on the five-step record of an incident.
type Reviews struct {
	Store    reviewStore
	Policies *Policies
	Now      func() time.Time
	Zone     *time.Location
}

// ReviewView is a review with what is shown beside it.
type ReviewView struct {
	domain.ReviewMaterial
	Policy   domain.Policy
	Rollup   domain.Rollup
	Talk     domain.Talk
	Loose    domain.LooseEnds
	Numbers  map[string]string
	Feedback domain.Feedback
	// Next are the states that the caller may bring the review to.
	Next []domain.ReviewState
}

// Advice is what may be said about the wording of the measures that are open.
func (v *ReviewView) Advice() map[domain.MeasureKey][]domain.Advice {
	out := map[domain.MeasureKey][]domain.Advice{}
	for _, m := range v.Measures {
		if advice := domain.Wording(m); len(advice) > 0 && m.Status.Open() {
			out[m.Key] = advice
		}
	}
	return out
}

// Summary is the management summary with its numbers as they are now.
func (v *ReviewView) Summary() string { return domain.FillSummary(v.Review.Summary, v.Numbers) }

// Document is the review as it would be published now.
func (v *ReviewView) Document() domain.ReviewDocument {
	return documentOf(v.Review, v.Incident, v.Measures, v.Numbers, v.Talk)
}

func documentOf(r domain.Review, i domain.Incident, measures []domain.Measure, numbers map[string]string, talk domain.Talk) domain.ReviewDocument {
	r.FeedbackHash = ""
	return domain.ReviewDocument{Review: r, Incident: i, Measures: measures, Numbers: numbers, Talk: talk}
}

// View reads a review and judges it: gaps of communication, loose ends of step
// 4, and the numbers of its management summary.
func (s *Reviews) View(ctx context.Context, by domain.Actor, key domain.IncidentKey) (ReviewView, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return ReviewView{}, err
	}
	m, err := s.Store.ReviewMaterial(ctx, by.Scope, key)
	if err != nil {
		return ReviewView{}, err
	}
	v := ReviewView{ReviewMaterial: m}
	if v.Policy, err = s.Policies.Store.Policy(ctx); err != nil {
		return ReviewView{}, err
	}
	v.Rollup = domain.RollupOf(m.Measures, s.today(), m.Later)
	v.Talk = domain.TalkOf(m.Incident, m.Messages, v.Policy)
	v.Loose = domain.LooseEndsOf(m.Review, m.Measures, v.Policy)
	v.Numbers = domain.SummaryNumbers(m.Incident, v.Rollup, v.Talk)
	v.Feedback = domain.ReleaseFeedback(m.Review.Feedback, m.Answers, rand.Shuffle)
	v.Next = m.Review.Next(m.Incident, by)
	v.Answers = nil // released or not, they are read through Feedback alone
	return v, nil
}

func (s *Reviews) today() domain.Date { return domain.DateOf(s.Now().In(s.Zone)) }

// Get returns the review alone.
func (s *Reviews) Get(ctx context.Context, by domain.Actor, key domain.IncidentKey) (domain.Review, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Review{}, err
	}
	return s.Store.Review(ctx, by.Scope, key)
}

// change runs a change of the content.
func (s *Reviews) change(ctx context.Context, by domain.Actor, key domain.IncidentKey, version int64, reason string, f func(r *domain.Review, i domain.Incident) error) (domain.Review, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Review{}, err
	}
	return s.Store.UpdateReview(ctx, by.Scope, key, version, attribution(ctx, by, reason),
		func(r *domain.Review, i domain.Incident, _ func() ([]domain.Measure, []domain.Message, error)) (*domain.ReviewDocument, error) {
			return nil, f(r, i)
		})
}

// Edit changes the texts of a review, its moderator and whom it is shared with.
func (s *Reviews) Edit(ctx context.Context, by domain.Actor, key domain.IncidentKey, version int64, edit domain.ReviewEdit) (domain.Review, error) {
	return s.change(ctx, by, key, version, edit.Reason, func(r *domain.Review, _ domain.Incident) error { return r.Edit(edit, s.Now()) })
}

// Step brings a review to another state. Publishing keeps the document for ever.
func (s *Reviews) Step(ctx context.Context, by domain.Actor, key domain.IncidentKey, version int64, to domain.ReviewState, reason string) (domain.Review, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Review{}, err
	}
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return domain.Review{}, err
	}
	m, err := s.Store.ReviewMaterial(ctx, by.Scope, key)
	if err != nil {
		return domain.Review{}, err
	}
	return s.Store.UpdateReview(ctx, by.Scope, key, version, attribution(ctx, by, reason),
		func(r *domain.Review, i domain.Incident, plan func() ([]domain.Measure, []domain.Message, error)) (*domain.ReviewDocument, error) {
			measures, messages, err := plan()
			if err != nil {
				return nil, err
			}
			talk := domain.TalkOf(i, messages, policy)
			numbers := domain.SummaryNumbers(i, domain.RollupOf(measures, s.today(), m.Later), talk)
			if err := r.Step(to, i, reason, by, s.Now()); err != nil {
				return nil, err
			}
			if to != domain.ReviewPublished {
				return nil, nil //nolint:nilnil // nothing is published
			}
			document := documentOf(*r, i, measures, numbers, talk)
			return &document, nil
		})
}

// Put adds an entry, or changes the one with its id. version is the review's; 0
// accepts any, so that several people can write the timeline at once.
func (s *Reviews) Put(ctx context.Context, by domain.Actor, key domain.IncidentKey, version int64, e domain.ReviewEntry) (domain.ReviewEntry, error) {
	if err := s.checkMeasures(ctx, by, key, e.Measures); err != nil {
		return domain.ReviewEntry{}, err
	}
	if err := s.checkPeople(ctx, e); err != nil {
		return domain.ReviewEntry{}, err
	}
	fresh := e.ID == ""
	if fresh {
		e.ID = newID("e_")
	}
	r, err := s.change(ctx, by, key, version, "", func(r *domain.Review, _ domain.Incident) error {
		if !fresh && !slices.ContainsFunc(r.Entries, func(o domain.ReviewEntry) bool { return o.ID == e.ID }) {
			return domain.Errorf(domain.ErrNotFound, "entry %q does not exist", e.ID)
		}
		return r.Put(e, s.Now())
	})
	if err != nil {
		return domain.ReviewEntry{}, err
	}
	return entryOf(r, e.ID), nil
}

// Entry returns one entry of a review.
func (s *Reviews) Entry(ctx context.Context, by domain.Actor, key domain.IncidentKey, id string) (domain.ReviewEntry, error) {
	r, err := s.Get(ctx, by, key)
	if err != nil {
		return domain.ReviewEntry{}, err
	}
	e := entryOf(r, id)
	if e.ID == "" {
		return e, domain.Errorf(domain.ErrNotFound, "entry %q does not exist", id)
	}
	return e, nil
}

func entryOf(r domain.Review, id string) domain.ReviewEntry {
	for _, e := range r.Entries {
		if e.ID == id {
			return e
		}
	}
	return domain.ReviewEntry{}
}

// PutAll adds several entries: all of them or none.
func (s *Reviews) PutAll(ctx context.Context, by domain.Actor, key domain.IncidentKey, entries []domain.ReviewEntry) error {
	for n := range entries {
		entries[n].ID = newID("e_")
	}
	_, err := s.change(ctx, by, key, 0, "", func(r *domain.Review, _ domain.Incident) error {
		for _, e := range entries {
			if err := r.Put(e, s.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// checkMeasures makes sure that a finding links to measures of its incident.
func (s *Reviews) checkMeasures(ctx context.Context, by domain.Actor, key domain.IncidentKey, keys []domain.MeasureKey) error {
	if len(keys) == 0 {
		return nil
	}
	found, err := s.Store.MeasuresByKey(ctx, by.Scope, keys)
	if err != nil {
		return err
	}
	for _, wanted := range keys {
		if !slices.ContainsFunc(found, func(m domain.Measure) bool { return m.Key == wanted && m.Incident == key }) {
			return domain.Invalid("measures", "%q is not a measure of %s", string(wanted), string(key))
		}
	}
	return nil
}

// checkPeople makes sure that a role is held by somebody the directory knows.
// Who has left since may have held it all the same.
func (s *Reviews) checkPeople(ctx context.Context, e domain.ReviewEntry) error {
	for _, named := range []struct {
		field string
		id    domain.PersonID
	}{{"person_id", e.PersonID}, {"deputy_id", e.DeputyID}} {
		if named.id == "" {
			continue
		}
		if _, err := s.Store.Person(ctx, named.id); err != nil {
			return unknown(named.field, string(named.id), err)
		}
	}
	return nil
}

// Drop removes an entry; the history keeps it.
func (s *Reviews) Drop(ctx context.Context, by domain.Actor, key domain.IncidentKey, version int64, id string) error {
	_, err := s.change(ctx, by, key, version, "", func(r *domain.Review, _ domain.Incident) error { return r.Drop(id, s.Now()) })
	return err
}

// TakeTimes writes the instants that the incident states into the timeline;
// those that stand there already are left out.
func (s *Reviews) TakeTimes(ctx context.Context, by domain.Actor, key domain.IncidentKey) (domain.Review, error) {
	return s.change(ctx, by, key, 0, "", func(r *domain.Review, i domain.Incident) error {
		for _, e := range domain.TimelineOf(i) {
			if slices.ContainsFunc(r.Entries, func(o domain.ReviewEntry) bool { return o.At.Equal(e.At) && o.Kind == e.Kind }) {
				continue
			}
			e.ID, e.Source = newID("e_"), string(i.Key)
			if err := r.Put(e, s.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// List searches the reviews, or lists the incidents that lack one. What another
// team published and shared with the caller's role is found by its published words.
func (s *Reviews) List(ctx context.Context, by domain.Actor, filter domain.ReviewFilter, page domain.Page) (domain.List[domain.ReviewHead], error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.List[domain.ReviewHead]{}, err
	}
	if err := checkPage(page, nil); err != nil {
		return domain.List[domain.ReviewHead]{}, err
	}
	filter.SharedWith = by.Role
	return s.Store.Reviews(ctx, by.Scope, filter, page)
}

// Year is the filter of the incidents of one year in the organisation's zone.
func (s *Reviews) Year(filter domain.ReviewFilter, year int) (domain.ReviewFilter, error) {
	if year < 1970 || year > 9998 {
		return filter, domain.Invalid("year", "%d is not a year that can be asked for", year)
	}
	filter.From = time.Date(year, time.January, 1, 0, 0, 0, 0, s.Zone)
	filter.To = filter.From.AddDate(1, 0, 0)
	return filter, nil
}

// History returns every change of a review, newest last.
func (s *Reviews) History(ctx context.Context, by domain.Actor, key domain.IncidentKey, page domain.Page) (domain.List[domain.Change], error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.List[domain.Change]{}, err
	}
	return s.Store.History(ctx, by.Scope, domain.SubjectReview, string(key), page)
}
