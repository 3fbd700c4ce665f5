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
	KinOf(ctx context.Context, scope domain.Scope, kin domain.Kinship, limit int) ([]domain.Incident, error)
	Unlinked(ctx context.Context, scope domain.Scope, span domain.Kinship, limit int) ([]domain.Incident, error)
	Recurrences(ctx context.Context, scope domain.Scope, of domain.IncidentKey, limit int) ([]domain.Incident, error)
	NotesOf(ctx context.Context, scope domain.Scope, keys []domain.IncidentKey, field string) ([]domain.Change, error)
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

// Levels lists every level, the strongest first.
func Levels() []Level { return []Level{SameCause, SameFingerprint, SimilarText} }

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

// RecurrenceHints is what is known of an incident's earlier ones beside the link:
// what the rules suggest, and what people have ruled out.
type RecurrenceHints struct {
	Suggestions []Suggestion
	Rejected    []Rejection
}

// Suggestions lists earlier incidents that this one may recur from, the
// strongest hint and the latest incident first, and those that were rejected.
// Nothing is linked by itself: a person accepts or rejects, and what was rejected
// is not suggested again unless somebody takes it up again.
func (s *Incidents) Suggestions(ctx context.Context, by domain.Actor, key domain.IncidentKey) (RecurrenceHints, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return RecurrenceHints{}, err
	}
	later, err := s.Store.Incident(ctx, by.Scope, key)
	if err != nil {
		return RecurrenceHints{}, err
	}
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return RecurrenceHints{}, err
	}
	rows, err := s.Store.NotesOf(ctx, by.Scope, []domain.IncidentKey{key}, rejectedField)
	if err != nil {
		return RecurrenceHints{}, err
	}
	return s.hints(ctx, by, later, policy, rows)
}

// hints asks the database once, for what may be related; relate judges.
func (s *Incidents) hints(ctx context.Context, by domain.Actor, later domain.Incident, policy domain.Policy, rows []domain.Change) (RecurrenceHints, error) {
	out := RecurrenceHints{Rejected: rejections(rows, later.RecurrenceOf)}
	if !mayRecur(later) {
		return out, nil
	}
	window := sameCauseWindow(policy)
	kin := kinshipOf(later, window)
	if words := telling(later.Title); len(words) >= minSharedWords {
		kin.Words = words
	}
	related, err := s.Store.KinOf(ctx, by.Scope, kin, maxRelated)
	if err != nil {
		return out, err
	}
	out.Suggestions = suggest(later, candidatesOf(related), window, ruledOut(out.Rejected))
	out.Suggestions = out.Suggestions[:min(len(out.Suggestions), maxSuggestions)]
	return out, nil
}

// mayRecur reports whether earlier incidents are looked for at all.
func mayRecur(i domain.Incident) bool {
	return i.RecurrenceOf == "" && !i.StartedAt.IsZero() && i.Status != domain.IncidentDismissed
}

func sameCauseWindow(policy domain.Policy) time.Duration {
	return time.Duration(policy.Windows.OrDefault().SameCause) * 24 * time.Hour
}

// kinshipOf is what an incident could have in common with an earlier one, words
// apart. One that ended within the window may have begun before it.
func kinshipOf(later domain.Incident, window time.Duration) domain.Kinship {
	kin := domain.Kinship{From: later.StartedAt.Add(-2 * window), To: later.StartedAt, Services: later.Services, Causes: later.Causes}
	if later.Fingerprint != "" {
		kin.Fingerprints = []string{later.Fingerprint}
	}
	return kin
}

// maxRelated is how many incidents of one kinship, or of similar words, are
// looked at: the latest, or the best matches of the full-text search.
// maxSuggestions is how many of them are shown.
const (
	maxRelated     = 100
	maxSuggestions = 20
)

// candidate is an incident with the words of its title and summary.
type candidate struct {
	domain.Incident
	words map[string]bool
}

func candidatesOf(incidents []domain.Incident) []candidate {
	out, seen := make([]candidate, 0, len(incidents)), map[domain.IncidentKey]bool{}
	for _, i := range incidents {
		if seen[i.Key] {
			continue
		}
		seen[i.Key] = true
		c := candidate{Incident: i, words: map[string]bool{}}
		for _, word := range splitWords(i.Title + " " + i.Summary) {
			c.words[word] = true
		}
		out = append(out, c)
	}
	return out
}

// suggest judges candidates and orders those that are suggestions.
func suggest(later domain.Incident, candidates []candidate, window time.Duration, rejected map[domain.IncidentKey]bool) []Suggestion {
	out, wanted := []Suggestion{}, telling(later.Title)
	for _, earlier := range candidates {
		if rejected[earlier.Key] {
			continue
		}
		if suggestion, ok := relate(later, earlier, wanted, window); ok {
			out = append(out, suggestion)
		}
	}
	order := Levels()
	slices.SortFunc(out, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Level), slices.Index(order, b.Level)), closeness(b)-closeness(a), b.Earlier.StartedAt.Compare(a.Earlier.StartedAt), cmp.Compare(a.Earlier.Key, b.Earlier.Key))
	})
	return out
}

// closeness orders suggestions of words, in hundredths.
func closeness(s Suggestion) int {
	if s.Similarity == nil {
		return 0
	}
	return int(100 * *s.Similarity)
}

// The threshold of similar texts: so many telling words in common, and so large
// a share of the later title's.
const (
	minSharedWords = 2
	minSimilarity  = 0.5
)

// relate judges one pair; wanted are the telling words of the later one's title.
// The earlier one must have ended before the later one began; otherwise the two
// are one episode.
func relate(later domain.Incident, earlier candidate, wanted []string, window time.Duration) (Suggestion, bool) {
	gap := later.StartedAt.Sub(earlier.ResolvedAt)
	if earlier.Key == later.Key || earlier.Status == domain.IncidentDismissed || earlier.ResolvedAt.IsZero() || gap <= 0 || gap > window {
		return Suggestion{}, false
	}
	out := Suggestion{Earlier: earlier.Incident, Days: int(gap / (24 * time.Hour))}
	causes, services := common(later.Causes, earlier.Causes), common(later.Services, earlier.Services)
	var words []string
	for _, word := range wanted {
		if earlier.words[word] {
			words = append(words, word)
		}
	}
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
