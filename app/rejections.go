package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// rejectedField marks the history rows that hold a rejected suggestion (To names
// the earlier one) and one that was taken up again (From names it).
const rejectedField = "recurrence_rejected"

// Rejection is a person's word that an incident does not recur from an earlier one.
type Rejection struct {
	Earlier domain.IncidentKey
	By      string
	At      time.Time
	Reason  string
}

// rejections reads from the rows of the history what is ruled out now, the latest
// first. What was linked since then is ruled out no more.
func rejections(rows []domain.Change, linked domain.IncidentKey) []Rejection {
	out := []Rejection{}
	for _, row := range rows {
		if row.Field != rejectedField {
			continue
		}
		key := domain.IncidentKey(row.To + row.From) // one of the two is empty
		out = slices.DeleteFunc(out, func(r Rejection) bool { return r.Earlier == key })
		if row.To != "" && key != linked {
			out = append(out, Rejection{Earlier: key, By: row.Actor, At: row.At, Reason: row.Reason})
		}
	}
	slices.Reverse(out)
	return out
}

func ruledOut(rejected []Rejection) map[domain.IncidentKey]bool {
	out := map[domain.IncidentKey]bool{}
	for _, r := range rejected {
		out[r.Earlier] = true
	}
	return out
}

// Decision is what a person says to a suggested recurrence.
type Decision string

// The decisions: accept links the two, reject is remembered with its reason, and
// reconsider takes a rejected one up again.
const (
	Accept     Decision = "accept"
	Reject     Decision = "reject"
	Reconsider Decision = "reconsider"
)

// Decisions lists every decision.
func Decisions() []Decision { return []Decision{Accept, Reject, Reconsider} }

// Decide accepts a suggestion, rejects it or takes a rejected one up again. All
// but the link itself is nothing but its own record in the history of the later one.
func (s *Incidents) Decide(ctx context.Context, by domain.Actor, key, earlier domain.IncidentKey, decision Decision, reason string) (domain.Incident, error) {
	if err := by.Require(domain.CanEdit); err != nil {
		return domain.Incident{}, err
	}
	reason = strings.TrimSpace(reason)
	switch {
	case !slices.Contains(Decisions(), decision):
		return domain.Incident{}, domain.Invalid("decision", "%q is not accepted; use one of accept, reject, reconsider", decision)
	case decision == Reject && reason == "":
		return domain.Incident{}, domain.Invalid("reason", "is empty; say why the one does not recur from the other")
	case len([]rune(reason)) > domain.MaxReason:
		return domain.Incident{}, domain.Invalid("reason", "is longer than %d characters", domain.MaxReason)
	}
	i, err := s.Store.Incident(ctx, by.Scope, key)
	if err != nil {
		return domain.Incident{}, err
	}
	if _, err := s.Store.Incident(ctx, by.Scope, earlier); err != nil {
		return domain.Incident{}, unknown("earlier", string(earlier), err)
	}
	if decision == Accept {
		return s.acceptRecurrence(ctx, by, i, earlier, reason)
	}
	if i.RecurrenceOf == earlier {
		return domain.Incident{}, domain.Errorf(domain.ErrConflict, "%s is already linked with %s; remove the link instead", key, earlier)
	}
	rows, err := s.Store.NotesOf(ctx, by.Scope, []domain.IncidentKey{key}, rejectedField)
	if err != nil {
		return domain.Incident{}, err
	}
	if ruledOut(rejections(rows, ""))[earlier] == (decision == Reject) {
		return i, nil // it stands so already
	}
	note := domain.FieldChange{Kind: domain.ChangeVerify, Field: rejectedField, To: string(earlier)}
	if decision == Reconsider {
		note.From, note.To = note.To, ""
	}
	return i, s.Store.Note(ctx, by.Scope, attribution(ctx, by, reason), domain.SubjectIncident, string(key), note)
}

// acceptRecurrence links the two; another link that a person made is not replaced.
func (s *Incidents) acceptRecurrence(ctx context.Context, by domain.Actor, i domain.Incident, earlier domain.IncidentKey, reason string) (domain.Incident, error) {
	if i.RecurrenceOf != "" && i.RecurrenceOf != earlier {
		return domain.Incident{}, domain.Errorf(domain.ErrConflict, "%s is already linked with %s; remove that link first", i.Key, i.RecurrenceOf)
	}
	if reason == "" {
		reason = "suggestion accepted"
	}
	linked, _, err := s.Edit(ctx, by, i.Key, i.Version, domain.IncidentEdit{RecurrenceOf: domain.Some(earlier), Reason: reason})
	return linked, err
}
