package store

import (
	"context"
	"fmt"

	"github.com/followthrough/followthrough/domain"
)

// checkStates replays the history of every measure and incident and compares
// the outcome with the row as it is: nothing changes without a history row.
func (db *DB) checkStates(ctx context.Context) error {
	err := db.checkState(ctx, domain.SubjectMeasure, func(key string) (domain.FieldChange, error) {
		m, err := db.Measure(ctx, domain.Everything(), domain.MeasureKey(key))
		return domain.MeasureCreated(m), err
	})
	if err != nil {
		return err
	}
	return db.checkState(ctx, domain.SubjectIncident, func(key string) (domain.FieldChange, error) {
		i, err := db.Incident(ctx, domain.Everything(), domain.IncidentKey(key))
		return domain.IncidentCreated(i), err
	})
}

func (db *DB) checkState(ctx context.Context, subject domain.Subject, now func(key string) (domain.FieldChange, error)) error {
	var erased []string
	if err := db.read(ctx).Raw("SELECT DISTINCT key FROM history WHERE subject = ? AND erased_at IS NOT NULL", string(subject)).Scan(&erased).Error; err != nil {
		return asDomain(err)
	}
	hasErased := map[string]bool{}
	for _, key := range erased {
		hasErased[key] = true
	}
	return db.EachHistory(ctx, domain.Everything(), subject, func(key string, rows []domain.Change) error {
		want := replayed(rows)
		current, err := now(key)
		if err != nil {
			return err
		}
		got, err := domain.Change{Kind: current.Kind, To: current.To}.Created()
		if err != nil {
			return err
		}
		for field, value := range got {
			if _, stated := want[field]; field == "done_at" && !stated {
				continue // it follows from the status, whose rows say when
			}
			if known, ok := want[field]; field != "created_at" && known != value && (ok || !hasErased[key]) && (known != "" || !hasErased[key]) {
				return fmt.Errorf("%s of %s %s is not what its history says", field, subject, key)
			}
		}
		return nil
	})
}

// replayed is the state that a history leads to.
func replayed(rows []domain.Change) map[string]string {
	state := map[string]string{}
	for _, row := range rows {
		switch row.Kind {
		case domain.ChangeCreate:
			if created, err := row.Created(); err == nil {
				state = created
			}
		case domain.ChangeField, domain.ChangeClose, domain.ChangeVerify, domain.ChangeReopen:
			if !row.Overwritten {
				state[row.Field] = row.To
				if row.Field == string(domain.FieldStatus) {
					delete(state, "done_at")
				}
			}
		case domain.ChangeLink, domain.ChangeUnlink, domain.ChangeConflict, domain.ChangeEvidence, domain.ChangeObservation, domain.ChangeConfig, domain.ChangeErase:
		}
	}
	return state
}
