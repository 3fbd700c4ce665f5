package app

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// Side chooses one of the two values of a history row.
type Side string

// The sides of a history row.
const (
	SideFrom Side = "from"
	SideTo   Side = "to"
)

// PutBack gives a measure again the value that a history row shows: what was
// there before the change (SideFrom), or what the change brought (SideTo).
// Nothing is undone silently: it is an ordinary edit with its own history row.
func (s *Measures) PutBack(ctx context.Context, by domain.Actor, key domain.MeasureKey, version, seq int64, side Side, reason string) (domain.Measure, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Measure{}, err
	}
	row, err := s.change(ctx, by, key, seq)
	if err != nil {
		return domain.Measure{}, err
	}
	value := row.From
	switch side {
	case SideFrom, "":
	case SideTo:
		value = row.To
	default:
		return domain.Measure{}, domain.Invalid("side", "%q is not accepted; use one of from, to", side)
	}
	edit, err := editOf(row.Field, value)
	if err != nil {
		return domain.Measure{}, err
	}
	edit.Reason = reason
	if reason == "" {
		edit.Reason = "put back from the history"
	}
	return s.Edit(ctx, by, key, version, MeasurePatch{MeasureEdit: edit})
}

// change finds one row of a measure's history.
func (s *Measures) change(ctx context.Context, by domain.Actor, key domain.MeasureKey, seq int64) (domain.Change, error) {
	page := domain.Page{Limit: 200}
	for {
		list, err := s.History(ctx, by, key, page)
		if err != nil {
			return domain.Change{}, err
		}
		for _, row := range list.Items {
			if row.Seq == seq {
				return row, nil
			}
		}
		if list.NextCursor == "" {
			return domain.Change{}, domain.Invalid("seq", "%d is not a row of the history of %s", seq, key)
		}
		page.Cursor = list.NextCursor
	}
}

// editOf is the edit that gives a field the value its history shows.
func editOf(field, value string) (domain.MeasureEdit, error) {
	var e domain.MeasureEdit
	switch field {
	case "incident":
		e.Incident = domain.Some(domain.IncidentKey(value))
	case "title":
		e.Title = domain.Some(value)
	case "description":
		e.Description = domain.Some(value)
	case "kind":
		e.Kind = domain.Some(domain.MeasureKind(value))
	case "priority":
		e.Priority = domain.Some(domain.Priority(value))
	case "owner":
		e.Owner = domain.Some(domain.PersonID(value))
	case "deputy":
		e.Deputy = domain.Some(domain.PersonID(value))
	case "team":
		e.Team = domain.Some(domain.TeamID(value))
	case "due_on":
		due, err := domain.ParseDate(value)
		if err != nil {
			return e, err
		}
		e.DueOn = domain.Some(due)
	case "success_metric":
		e.Metric = domain.Some(domain.ParseMetric(value))
	case "status":
		e = statusEdit(value)
	default:
		return e, domain.Invalid("seq", "a change of %q cannot be put back", field)
	}
	return e, nil
}

// statusEdit reads a status, or what a tracker can say of one.
func statusEdit(value string) domain.MeasureEdit {
	switch domain.Projection(value) {
	case domain.ProjectionOpen:
		return domain.MeasureEdit{Status: domain.Some(domain.Accepted)}
	case domain.ProjectionCancelled:
		return domain.MeasureEdit{Status: domain.Some(domain.Cancelled), ClosureReason: domain.Some(domain.WontDo)}
	case domain.ProjectionInProgress, domain.ProjectionDone:
	}
	return domain.MeasureEdit{Status: domain.Some(domain.Status(value))}
}
