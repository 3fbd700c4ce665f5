package app

import (
	"context"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// An audit is what an auditor looks at: everything is read from the log up to a
// cut and nothing from the rows as they are today, so the same cut gives the
// same answer at any later time, unless values were erased. It is read in parts,
// so that no look needs the whole log: what is counted comes from the kept
// reading of the log, what is shown from the leaves of the few things that are
// looked at.

// The parts of an audit are what the log says.
type (
	// AuditItem is one measure or incident.
	AuditItem = evidence.Item
	// AuditTrace is the way from an incident to the effect of its measures.
	AuditTrace = evidence.Trace
	// RedFlag is a place to look at twice.
	RedFlag = evidence.Flag
	// Clause is one clause of a standard and the records that answer it.
	Clause = evidence.Clause
)

// AuditSummary is how much there is to look at.
type AuditSummary struct {
	KnownAt             time.Time
	Measures, Incidents int
	// Flags counts the red flags by their names.
	Flags   map[string]int
	Clauses []Clause
}

// FlagNames lists the names of red flags.
func FlagNames() []string { return evidence.FlagNames() }

// cutOf is the instant of a report about knownAt, and what readings are asked for:
// now is the whole log.
func (s *Evidence) cutOf(knownAt time.Time) (at, cut time.Time) {
	if now := s.Now(); knownAt.IsZero() || knownAt.After(now) {
		return now, time.Time{}
	}
	return knownAt, knownAt
}

// Summary counts what the log says.
func (s *Evidence) Summary(ctx context.Context, by domain.Actor, knownAt time.Time) (AuditSummary, error) {
	out := AuditSummary{Flags: map[string]int{}}
	var cut time.Time
	out.KnownAt, cut = s.cutOf(knownAt)
	err := s.tallied(ctx, by, cut, func(t *evidence.Tally) {
		out.Measures, out.Incidents, out.Clauses = len(t.Keys("measure")), len(t.Keys("incident")), t.Mapping()
		for _, f := range t.Flags() {
			out.Flags[f.Flag]++
		}
	})
	return out, err
}

// Flags returns a page of the red flags, the oldest first; of one name, or all.
// The cursor is a place in the list: a flag that was lifted moves the others up.
func (s *Evidence) Flags(ctx context.Context, by domain.Actor, knownAt time.Time, name string, page domain.Page) (domain.List[RedFlag], error) {
	from, err := placeOf(page.Cursor)
	if err == nil && name != "" && !slices.Contains(FlagNames(), name) {
		err = domain.Invalid("flag", "%q is no flag", name)
	}
	if err != nil {
		return domain.List[RedFlag]{}, err
	}
	var list domain.List[RedFlag]
	_, cut := s.cutOf(knownAt)
	err = s.tallied(ctx, by, cut, func(t *evidence.Tally) {
		flags := t.Flags()
		if name != "" {
			flags = slices.DeleteFunc(slices.Clone(flags), func(f RedFlag) bool { return f.Flag != name })
		}
		list.Total = len(flags)
		until := min(from+limitOf(page), len(flags))
		if from < until {
			list.Items = slices.Clone(flags[from:until])
		}
		if until < len(flags) {
			list.NextCursor = strconv.Itoa(until)
		}
	})
	return list, err
}

func placeOf(cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(cursor)
	if err != nil || n < 0 {
		return 0, domain.Invalid("cursor", "%q is not from this list", cursor)
	}
	return n, nil
}

func limitOf(page domain.Page) int {
	if page.Limit <= 0 {
		return 50
	}
	return min(page.Limit, maxAuditPage)
}

const maxAuditPage = 200

// Register returns a page of the register of measures, by key; the cursor is
// the last key of the page before.
func (s *Evidence) Register(ctx context.Context, by domain.Actor, knownAt time.Time, page domain.Page) (domain.List[*AuditItem], error) {
	var list domain.List[*AuditItem]
	var keys []string
	at, cut := s.cutOf(knownAt)
	err := s.tallied(ctx, by, cut, func(t *evidence.Tally) {
		keys, list.Total = slices.Clone(t.After("measure", page.Cursor, limitOf(page)+1)), len(t.Keys("measure"))
	})
	if err != nil {
		return list, err
	}
	if len(keys) > limitOf(page) {
		keys = keys[:limitOf(page)]
		list.NextCursor = keys[len(keys)-1]
	}
	book, err := s.bookOf(ctx, at, nil, keys)
	if err != nil {
		return list, err
	}
	list.Items = book.Register("measure")
	return list, nil
}

// WriteRegister writes the whole register of measures as a table, some measures
// at a time.
func (s *Evidence) WriteRegister(ctx context.Context, by domain.Actor, knownAt time.Time, w io.Writer) error {
	page, done := domain.Page{Limit: maxAuditPage}, false
	return evidence.WriteRegister(w, func() ([]*AuditItem, error) {
		for !done { // a part whose measures nobody had heard of at the time is empty and not the last
			list, err := s.Register(ctx, by, knownAt, page)
			if err != nil {
				return nil, err
			}
			page.Cursor, done = list.NextCursor, list.NextCursor == ""
			if len(list.Items) > 0 {
				return list.Items, nil
			}
		}
		return nil, nil
	})
}

// Traces returns n traces that a word chooses, and of how many: whoever knows
// the word gets the same incidents, and nobody can choose them beforehand.
func (s *Evidence) Traces(ctx context.Context, by domain.Actor, knownAt time.Time, word string, n int) (traces []AuditTrace, of int, err error) {
	traces, err = s.tracesOf(ctx, by, knownAt, func(t *evidence.Tally) []string {
		of = len(t.Keys("incident"))
		return t.Sample(word, n)
	})
	return traces, of, err
}

// AllTraces returns a page of the traces of every incident, by key; the cursor
// is the last key of the page before.
func (s *Evidence) AllTraces(ctx context.Context, by domain.Actor, knownAt time.Time, page domain.Page) (list domain.List[AuditTrace], err error) {
	list.Items, err = s.tracesOf(ctx, by, knownAt, func(t *evidence.Tally) []string {
		list.Total = len(t.Keys("incident"))
		keys := t.After("incident", page.Cursor, limitOf(page)+1)
		if len(keys) > limitOf(page) {
			keys = keys[:limitOf(page)]
			list.NextCursor = keys[len(keys)-1]
		}
		return keys
	})
	return list, err
}

func (s *Evidence) tracesOf(ctx context.Context, by domain.Actor, knownAt time.Time, choose func(*evidence.Tally) []string) ([]AuditTrace, error) {
	var incidents, measures []string
	at, cut := s.cutOf(knownAt)
	err := s.tallied(ctx, by, cut, func(t *evidence.Tally) {
		incidents = slices.Clone(choose(t))
		measures = t.Plans(incidents)
	})
	if err != nil {
		return nil, err
	}
	book, err := s.bookOf(ctx, at, incidents, measures)
	if err != nil {
		return nil, err
	}
	return book.Traces(), nil
}

// bookOf reads the leaves of a few incidents and measures up to a cut.
func (s *Evidence) bookOf(ctx context.Context, until time.Time, incidents, measures []string) (*evidence.Book, error) {
	book := evidence.NewBook(until)
	add := func(r *evidence.Record) error { book.Add(r); return nil }
	for _, subject := range []domain.Subject{domain.SubjectIncident, domain.SubjectReview} { // a review has the key of its incident
		if err := s.Store.RecordsOf(ctx, subject, incidents, add); err != nil {
			return nil, err
		}
	}
	return book, s.Store.RecordsOf(ctx, domain.SubjectMeasure, measures, add)
}
