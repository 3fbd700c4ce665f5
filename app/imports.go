package app

import (
	"context"
	"fmt"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type importStore interface {
	Import(ctx context.Context, by domain.Attribution, batch domain.ImportBatch) (domain.ImportResult, error)
}

// Imports bring in what another system already knows.
type Imports struct {
	Store    importStore
	Policies *Policies
	Now      func() time.Time
	Zone     *time.Location
}

// Run imports a parsed file: all of it or nothing, with every bad row named by
// its line. A dry run checks the same and writes nothing; its result counts
// what would be made.
func (s *Imports) Run(ctx context.Context, by domain.Actor, batch domain.ImportBatch, dryRun bool) (domain.ImportResult, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.ImportResult{}, err
	}
	policy, err := s.Policies.Store.Policy(ctx)
	if err != nil {
		return domain.ImportResult{}, err
	}
	now := s.Now()
	var bad []domain.FieldError
	for n := range batch.Incidents {
		bad = append(bad, s.checkIncident(&batch.Incidents[n], by, now)...)
	}
	for n := range batch.Measures {
		bad = append(bad, s.checkMeasure(&batch.Measures[n], by, policy, now)...)
	}
	if len(bad) > 0 {
		return domain.ImportResult{}, &domain.Error{Kind: domain.ErrInvalid, Fields: bad,
			Message: fmt.Sprintf("%s: %d rows cannot be imported; nothing was imported", batch.File, len(bad))}
	}
	if dryRun {
		return domain.ImportResult{Incidents: make([]domain.IncidentKey, len(batch.Incidents)),
			Measures: make([]domain.MeasureKey, len(batch.Measures)), At: now}, nil
	}
	who := attribution(ctx, by, "import of "+batch.File)
	who.Source, who.External = domain.FromImport, batch.File
	return s.Store.Import(ctx, who, batch)
}

func (s *Imports) checkIncident(row *domain.ImportIncident, by domain.Actor, now time.Time) []domain.FieldError {
	i := &row.Incident
	if i.ID == "" {
		i.ID = newID("")
	}
	if i.Status == "" {
		i.Status = domain.IncidentResolved
	}
	if i.CreatedAt.IsZero() {
		i.CreatedAt = now
	}
	i.Version = 1
	row.Review = domain.NewReview("")
	for _, e := range row.Entries {
		e.ID = newID("e_")
		if err := row.Review.Put(e, now); err != nil {
			return atLine(row.Line, err)
		}
	}
	return atLine(row.Line, i.Edit(domain.IncidentEdit{}, by, now))
}

func (s *Imports) checkMeasure(row *domain.ImportMeasure, by domain.Actor, policy domain.Policy, now time.Time) []domain.FieldError {
	m := &row.Measure
	if m.ID == "" {
		m.ID = newID("")
	}
	if m.Status == "" {
		m.Status, row.StatusUnknown = domain.Proposed, true
	}
	if m.CreatedAt.IsZero() {
		m.CreatedAt = now
	}
	if m.OriginalDueOn.IsZero() {
		m.OriginalDueOn = m.DueOn
	}
	if m.LastDueOn = m.DueOn; m.DueOn.IsZero() {
		m.LastDueOn = m.OriginalDueOn
	}
	m.StatusUnknown = row.StatusUnknown
	m.Imported, m.PolicyVersion, m.Version = true, policy.Version, 1
	found := atLine(row.Line, m.Receive(nil, domain.Attribution{}, now))
	return append(found, atLine(row.Line, by.RequireTeam(m.Team))...)
}

// atLine names the refused fields by the line they stand on.
func atLine(line int, err error) []domain.FieldError {
	if err == nil {
		return nil
	}
	place := fmt.Sprintf("line %d", line)
	e, ok := err.(*domain.Error) //nolint:errorlint // domain checks return it unwrapped
	if !ok || len(e.Fields) == 0 {
		return []domain.FieldError{{Field: place, Message: err.Error()}}
	}
	var out []domain.FieldError
	for _, f := range e.Fields {
		out = append(out, domain.FieldError{Field: place, Message: f.Field + ": " + f.Message})
	}
	return out
}
