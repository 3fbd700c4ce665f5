package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/followthrough/followthrough/domain"
)

type recurrenceStore interface {
	Incident(ctx context.Context, scope domain.Scope, key domain.IncidentKey) (domain.Incident, error)
	Incidents(ctx context.Context, scope domain.Scope, filter domain.IncidentFilter, page domain.Page) (domain.List[domain.Incident], error)
	History(ctx context.Context, scope domain.Scope, subject domain.Subject, key string, page domain.Page) (domain.List[domain.Change], error)
	Note(ctx context.Context, scope domain.Scope, by domain.Attribution, subject domain.Subject, key string, changes ...domain.FieldChange) error
}

// Level says how strong a hint is that one incident recurs from another; the
// levels are never blended (rule B1).
type Level string

// The levels of a suggestion. An explicit link is a person's word and no suggestion.
const (
	SameCause       Level = "cause_and_service" // L2
	SameFingerprint Level = "fingerprint"       // L3
	SimilarText     Level = "text"
)

// Suggestion is an earlier incident that this one may recur from.
type Suggestion struct {
	Earlier domain.Incident
	Level   Level
	// Shared is what the two have in common: causes and services, or words.
	Shared []string
	// Days is the time between the end of the earlier one and the start of this one.
	Days int
}

// rejectedField marks the history rows that hold a rejected suggestion.
const rejectedField = "recurrence_rejected"

// Suggestions lists earlier incidents that this one may recur from, the
// strongest hint and the latest incident first. Nothing is linked by itself: a
// person accepts or rejects, and what was rejected is not suggested again.
func (s *Incidents) Suggestions(ctx context.Context, by domain.Actor, key domain.IncidentKey) ([]Suggestion, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	later, err := s.Store.Incident(ctx, by.Scope, key)
	if err != nil || later.RecurrenceOf != "" || later.StartedAt.IsZero() || later.Status == domain.IncidentDismissed {
		return nil, err
	}
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return nil, err
	}
	rejected, err := s.rejected(ctx, by.Scope, key)
	if err != nil {
		return nil, err
	}
	window := time.Duration(policy.Windows.OrDefault().SameCause) * 24 * time.Hour
	found := map[domain.IncidentKey]Suggestion{}
	for _, filter := range suggestionFilters(later) {
		filter.From, filter.To = later.StartedAt.Add(-2*window), later.StartedAt
		list, err := s.Store.Incidents(ctx, by.Scope, filter, domain.Page{Limit: 100, Sort: []string{"-started_at"}})
		if err != nil {
			return nil, err
		}
		for _, earlier := range list.Items {
			if _, known := found[earlier.Key]; known || rejected[earlier.Key] {
				continue
			}
			if suggestion, ok := relate(later, earlier, window); ok {
				found[earlier.Key] = suggestion
			}
		}
	}
	out := make([]Suggestion, 0, len(found))
	for _, suggestion := range found {
		out = append(out, suggestion)
	}
	order := []Level{SameCause, SameFingerprint, SimilarText}
	slices.SortFunc(out, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Level), slices.Index(order, b.Level)), b.Earlier.StartedAt.Compare(a.Earlier.StartedAt), cmp.Compare(a.Earlier.Key, b.Earlier.Key))
	})
	return out[:min(len(out), 20)], nil
}

// suggestionFilters ask the database for what may be related; relate judges.
func suggestionFilters(later domain.Incident) []domain.IncidentFilter {
	var out []domain.IncidentFilter
	for _, service := range later.Services {
		out = append(out, domain.IncidentFilter{Service: service})
	}
	for _, word := range telling(later.Title) {
		out = append(out, domain.IncidentFilter{Query: word})
	}
	return out
}

// relate judges one pair. The earlier one must have ended before the later one
// began; otherwise the two are one episode.
func relate(later, earlier domain.Incident, window time.Duration) (Suggestion, bool) {
	gap := later.StartedAt.Sub(earlier.ResolvedAt)
	if earlier.Key == later.Key || earlier.Status == domain.IncidentDismissed || earlier.ResolvedAt.IsZero() || gap <= 0 || gap > window {
		return Suggestion{}, false
	}
	out := Suggestion{Earlier: earlier, Days: int(gap / (24 * time.Hour))}
	causes, services := common(later.Causes, earlier.Causes), common(later.Services, earlier.Services)
	words := common(telling(later.Title), telling(earlier.Title))
	switch {
	case len(causes) > 0 && len(services) > 0:
		out.Level, out.Shared = SameCause, slices.Concat(causes, services)
	case len(services) > 0 && later.Fingerprint != "" && later.Fingerprint == earlier.Fingerprint:
		out.Level, out.Shared = SameFingerprint, append([]string{later.Fingerprint}, services...)
	case len(words) >= 2:
		out.Level, out.Shared = SimilarText, words
	default:
		return Suggestion{}, false
	}
	return out, true
}

// telling are the words of a title that say something, in lower case; at most six.
func telling(title string) []string {
	var out []string
	for _, word := range strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len([]rune(word)) >= 4 && !slices.Contains(out, word) && len(out) < 6 {
			out = append(out, word)
		}
	}
	return out
}

func common(a, b []string) []string {
	var out []string
	for _, x := range a {
		if slices.ContainsFunc(b, func(y string) bool { return strings.EqualFold(x, y) }) {
			out = append(out, x)
		}
	}
	return out
}

// Decide accepts a suggestion, which links the two, or rejects it, which is
// remembered in the history of the later one.
func (s *Incidents) Decide(ctx context.Context, by domain.Actor, key, earlier domain.IncidentKey, accept bool, reason string) (domain.Incident, error) {
	if accept {
		if reason == "" {
			reason = "suggestion accepted"
		}
		i, _, err := s.Edit(ctx, by, key, 0, domain.IncidentEdit{RecurrenceOf: domain.Some(earlier), Reason: reason})
		return i, err
	}
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Incident{}, err
	}
	if len([]rune(reason)) > domain.MaxReason {
		return domain.Incident{}, domain.Invalid("reason", "is longer than %d characters", domain.MaxReason)
	}
	i, err := s.Store.Incident(ctx, by.Scope, key)
	if err != nil {
		return domain.Incident{}, err
	}
	if i.RecurrenceOf == earlier {
		return domain.Incident{}, domain.Errorf(domain.ErrConflict, "%s is already linked with %s; remove the link instead", key, earlier)
	}
	if _, err := s.Store.Incident(ctx, by.Scope, earlier); err != nil {
		return domain.Incident{}, unknown("earlier", string(earlier), err)
	}
	rejected, err := s.rejected(ctx, by.Scope, key)
	if err != nil || rejected[earlier] {
		return i, err
	}
	return i, s.Store.Note(ctx, by.Scope, attribution(ctx, by, reason), domain.SubjectIncident, string(key),
		domain.FieldChange{Kind: domain.ChangeVerify, Field: rejectedField, To: string(earlier)})
}

// rejected reads which earlier incidents a person has ruled out.
func (s *Incidents) rejected(ctx context.Context, scope domain.Scope, key domain.IncidentKey) (map[domain.IncidentKey]bool, error) {
	rows, err := wholeHistory(ctx, s.Store, scope, domain.SubjectIncident, string(key))
	out := map[domain.IncidentKey]bool{}
	for _, row := range rows {
		if row.Field == rejectedField {
			out[domain.IncidentKey(row.To)] = true
		}
	}
	return out, err
}
