package app

import (
	"bytes"
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// Audit is what an auditor looks at: everything is read from the log up to a
// cut and nothing from the rows as they are today, so the same cut gives the
// same bytes at any later time, unless values were erased.
type Audit struct {
	KnownAt time.Time
	Traces  []AuditTrace
	// Incidents is how many there are to sample from.
	Incidents int
	Measures  []*AuditItem
	Flags     []RedFlag
	Clauses   []Clause

	book *evidence.Book
}

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

// Audit reads the log as it was known at the end of an instant; zero means now.
func (s *Evidence) Audit(ctx context.Context, by domain.Actor, knownAt time.Time) (*Audit, error) {
	if err := by.Require(domain.CanAudit); err != nil {
		return nil, err
	}
	if now := s.Now(); knownAt.IsZero() || knownAt.After(now) {
		knownAt = now
	}
	book := evidence.NewBook(knownAt)
	if err := s.Store.EachSealed(ctx, func(c domain.Change) error { book.Add(evidence.SealedRecord(c)); return nil }); err != nil {
		return nil, err
	}
	head, err := s.Store.LogHead(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Store.EachLeaf(ctx, 0, head.Size, func(r evidence.LogRow) error {
		record, err := evidence.RecordOf(r)
		if err == nil && !record.Leaf.Time.After(knownAt) {
			book.Add(&record)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Audit{KnownAt: knownAt, Traces: book.Traces(), Incidents: len(book.Register("incident")), Measures: book.Register("measure"), Flags: book.Flags(),
		Clauses: book.Mapping(), book: book}, nil
}

// Sample keeps n traces that a word chooses: whoever knows the word gets the
// same incidents, and nobody can choose them beforehand.
func (a *Audit) Sample(word string, n int) { a.Traces = evidence.Sample(a.Traces, word, n) }

// RegisterCSV is the register of measures as a table.
func (a *Audit) RegisterCSV() ([]byte, error) {
	var out bytes.Buffer
	err := evidence.RegisterCSV(&out, a.book)
	return out.Bytes(), err
}
