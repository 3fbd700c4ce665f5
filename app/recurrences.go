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
	IncidentsLike(ctx context.Context, scope domain.Scope, words []string, from, to time.Time, limit int) ([]domain.Incident, error)
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
	// Similarity is the share of the telling words of this one's title that the
	// earlier one holds as well; nil when the hint is none of words.
	Similarity *float64
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
	related, err := s.related(ctx, by.Scope, later, window)
	if err != nil {
		return nil, err
	}
	found := map[domain.IncidentKey]Suggestion{}
	for _, earlier := range related {
		if _, known := found[earlier.Key]; known || rejected[earlier.Key] {
			continue
		}
		if suggestion, ok := relate(later, earlier, window); ok {
			found[earlier.Key] = suggestion
		}
	}
	out := make([]Suggestion, 0, len(found))
	for _, suggestion := range found {
		out = append(out, suggestion)
	}
	order := []Level{SameCause, SameFingerprint, SimilarText}
	slices.SortFunc(out, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Level), slices.Index(order, b.Level)), closeness(b)-closeness(a), b.Earlier.StartedAt.Compare(a.Earlier.StartedAt), cmp.Compare(a.Earlier.Key, b.Earlier.Key))
	})
	return out[:min(len(out), 20)], nil
}

// closeness orders suggestions of words, in hundredths.
func closeness(s Suggestion) int {
	if s.Similarity == nil {
		return 0
	}
	return int(100 * *s.Similarity)
}

// maxRelated is how many incidents of one service, or of similar words, are
// looked at: the latest, or the best matches of the full-text search.
const maxRelated = 100

// related asks the database for what may be related; relate judges. Incidents
// that have no service in common are found by their words alone.
func (s *Incidents) related(ctx context.Context, scope domain.Scope, later domain.Incident, window time.Duration) ([]domain.Incident, error) {
	from, to := later.StartedAt.Add(-2*window), later.StartedAt
	var out []domain.Incident
	for _, service := range later.Services {
		list, err := s.Store.Incidents(ctx, scope, domain.IncidentFilter{Service: service, From: from, To: to}, domain.Page{Limit: maxRelated, Sort: []string{"-started_at"}})
		if err != nil {
			return nil, err
		}
		out = append(out, list.Items...)
	}
	words := telling(later.Title)
	if len(words) < minSharedWords {
		return out, nil
	}
	like, err := s.Store.IncidentsLike(ctx, scope, words, from, to, maxRelated)
	return append(out, like...), err
}

// The threshold of similar texts: so many telling words in common, and so large
// a share of the later title's.
const (
	minSharedWords = 2
	minSimilarity  = 0.5
)

// relate judges one pair. The earlier one must have ended before the later one
// began; otherwise the two are one episode.
func relate(later, earlier domain.Incident, window time.Duration) (Suggestion, bool) {
	gap := later.StartedAt.Sub(earlier.ResolvedAt)
	if earlier.Key == later.Key || earlier.Status == domain.IncidentDismissed || earlier.ResolvedAt.IsZero() || gap <= 0 || gap > window {
		return Suggestion{}, false
	}
	out := Suggestion{Earlier: earlier, Days: int(gap / (24 * time.Hour))}
	causes, services := common(later.Causes, earlier.Causes), common(later.Services, earlier.Services)
	wanted := telling(later.Title)
	words := common(wanted, splitWords(earlier.Title+" "+earlier.Summary))
	similarity := float64(len(words)) / float64(max(1, len(wanted)))
	switch {
	case len(causes) > 0 && len(services) > 0:
		out.Level, out.Shared = SameCause, slices.Concat(causes, services)
	case len(services) > 0 && later.Fingerprint != "" && later.Fingerprint == earlier.Fingerprint:
		out.Level, out.Shared = SameFingerprint, append([]string{later.Fingerprint}, services...)
	case len(words) >= minSharedWords && similarity >= minSimilarity:
		out.Level, out.Shared, out.Similarity = SimilarText, words, &similarity
	default:
		return Suggestion{}, false
	}
	return out, true
}

// telling are the words of a title that say something, in lower case; at most twelve.
func telling(title string) []string {
	var out []string
	for _, word := range splitWords(title) {
		if len([]rune(word)) >= 4 && !slices.Contains(out, word) && len(out) < 12 {
			out = append(out, word)
		}
	}
	return out
}

func splitWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
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
