package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// CreateTracker configures a tracker; its secrets are stored encrypted.
func (db *DB) CreateTracker(ctx context.Context, by domain.Attribution, tracker domain.Tracker, secrets domain.Secrets) (domain.Tracker, error) {
	var made domain.Tracker
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		tracker.Version = 1
		row := newTrackerRow(tracker)
		if err := db.seal.sealInto(&row, secrets); err != nil {
			return err
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		status := trackerStatusRow{Tracker: row.ID}
		if err := tx.Create(&status).Error; err != nil {
			return err
		}
		var err error
		if made, err = row.tracker(); err != nil {
			return err
		}
		changes := entries(createdFields(trackerFields(made)))
		if err := tx.history(domain.SubjectTracker, row.ID, by, changes); err != nil {
			return err
		}
		return tx.remember(by, domain.SubjectTracker, row.ID)
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return domain.Tracker{}, &domain.Error{Kind: domain.ErrConflict, Err: err,
			Message: "a tracker " + string(tracker.ID) + " exists or existed; choose another id"}
	}
	if err != nil {
		return domain.Tracker{}, db.explainTeam(ctx, err, tracker.Team)
	}
	return made, nil
}

func (db *DB) explainTeam(ctx context.Context, err error, team domain.TeamID) error {
	if !errors.Is(err, gorm.ErrForeignKeyViolated) {
		return err
	}
	return db.explainReferences(ctx, err, []reference{{"team", "teams", string(team), "team"}})
}

// TrackerByID returns a tracker without its secrets.
func (db *DB) TrackerByID(ctx context.Context, scope domain.Scope, id domain.TrackerID) (domain.Tracker, error) {
	var row trackerRow
	err := db.point(ctx).Where("id = ? AND removed_at IS NULL", string(id)).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && !scope.Allows(domain.TeamID(row.Team)) {
		return domain.Tracker{}, notFound("tracker", string(id))
	}
	if err != nil {
		return domain.Tracker{}, asDomain(err)
	}
	return row.tracker()
}

// liveTracker makes sure inside an operation that the caller may use a tracker.
func (tx *txn) liveTracker(scope domain.Scope, id domain.TrackerID) error {
	var row trackerRow
	err := tx.Where("id = ? AND removed_at IS NULL", string(id)).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && !scope.Allows(domain.TeamID(row.Team)) {
		return notFound("tracker", string(id))
	}
	return err
}

// TrackersInScope lists the trackers of the caller's teams and of none.
func (db *DB) TrackersInScope(ctx context.Context, scope domain.Scope) ([]domain.Tracker, error) {
	var c conditions
	c.add("removed_at IS NULL")
	c.scope(scope)
	var rows []trackerRow
	if err := db.read(ctx).Where(c.bare(), c.args...).Order("id").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	trackers := make([]domain.Tracker, len(rows))
	for n, row := range rows {
		var err error
		if trackers[n], err = row.tracker(); err != nil {
			return nil, err
		}
	}
	return trackers, nil
}

// UpdateTracker changes a tracker and, when change does so, its secrets.
func (db *DB) UpdateTracker(ctx context.Context, by domain.Attribution, id domain.TrackerID, version int64,
	change func(*domain.Tracker, *domain.Secrets) error,
) (domain.Tracker, error) {
	var t domain.Tracker
	err := db.write(ctx, func(tx *txn) error {
		row, err := tx.lockTracker(id, version)
		if err != nil {
			return err
		}
		before, err := row.tracker()
		if err != nil {
			return err
		}
		if t, err = row.tracker(); err != nil { // a copy with maps of its own
			return err
		}
		secrets, unreadable := db.seal.secretsOf(row) // a lost key must not keep the new credential out
		old := secrets
		old.WebhookSecrets = slices.Clone(secrets.WebhookSecrets)
		if err := change(&t, &secrets); err != nil {
			return err
		}
		t.ID, t.CreatedAt = before.ID, before.CreatedAt
		after := newTrackerRow(t)
		after.Credential, after.WebhookSecrets, after.Version = row.Credential, row.WebhookSecrets, row.Version
		var rows []entry
		if secrets.Credential != old.Credential || !slices.Equal(secrets.WebhookSecrets, old.WebhookSecrets) || unreadable != nil {
			if err := db.seal.sealInto(&after, secrets); err != nil {
				return err
			}
			rows = entries(domain.FieldChange{Kind: domain.ChangeConfig, Field: "secrets", From: row.CredentialHint, To: after.CredentialHint})
		}
		rows = append(entries(configChanges(trackerFields(before), trackerFields(t))...), rows...)
		after.Version++
		if err := tx.update(&row, &after, "id", row.ID, row.Version); err != nil {
			return err
		}
		if t, err = after.tracker(); err != nil {
			return err
		}
		return tx.history(domain.SubjectTracker, row.ID, by, rows)
	})
	if err != nil {
		return domain.Tracker{}, db.explainTeam(ctx, err, t.Team)
	}
	return t, nil
}

func (tx *txn) lockTracker(id domain.TrackerID, version int64) (trackerRow, error) {
	var row trackerRow
	if err := tx.forUpdate().Where("id = ? AND removed_at IS NULL", string(id)).Take(&row).Error; err != nil {
		return row, found(err, "tracker", string(id))
	}
	if version != 0 && version != row.Version {
		return row, stale("tracker", string(id))
	}
	return row, nil
}

// RemoveTracker ends a tracker: its secrets are erased, its links detached,
// its work is taken off the schedule. Issues, measures and history stay.
func (db *DB) RemoveTracker(ctx context.Context, by domain.Attribution, id domain.TrackerID, version int64) error {
	return db.write(ctx, func(tx *txn) error {
		row, err := tx.lockTracker(id, version)
		if err != nil {
			return err
		}
		after := row
		after.RemovedAt, after.UpdatedAt, after.Version = newInstant(tx.now), newInstant(tx.now), row.Version+1
		after.Credential, after.WebhookSecrets, after.CredentialHint = "", "", ""
		if err := tx.update(&row, &after, "id", row.ID, row.Version); err != nil {
			return err
		}
		var links []linkRow
		if err := tx.forUpdate().Where("tracker = ? AND state <> 'detached'", row.ID).Order("id").Find(&links).Error; err != nil {
			return err
		}
		for _, link := range links {
			if _, err := tx.detach(link, "the tracker was removed"); err != nil {
				return err
			}
			if err := tx.history(domain.SubjectMeasure, link.Measure, by, entries(linkChange(domain.ChangeUnlink, link))); err != nil {
				return err
			}
		}
		for _, statement := range []string{"DELETE FROM identities WHERE tracker = ?", "DELETE FROM deliveries WHERE tracker = ?"} {
			if err := tx.Exec(statement, row.ID).Error; err != nil {
				return err
			}
		}
		if err := tx.Exec("DELETE FROM works WHERE key IN ?", []string{"poll:" + row.ID, "sweep:" + row.ID, HookWork + ":" + row.ID}).Error; err != nil {
			return err
		}
		return tx.history(domain.SubjectTracker, row.ID, by, entries(domain.FieldChange{Kind: domain.ChangeConfig, Field: "removed", To: "true"}))
	})
}

// trackerFields is the canonical text of what is history about a tracker.
// Secrets are represented by their hint.
func trackerFields(t domain.Tracker) []domain.FieldChange {
	flag := func(b bool) string {
		if b {
			return "true"
		}
		return ""
	}
	return []domain.FieldChange{
		{Field: "kind", To: string(t.Kind)}, {Field: "flavor", To: string(t.Flavor)}, {Field: "base_url", To: t.BaseURL},
		{Field: "repository", To: t.Repository}, {Field: "project", To: t.Project}, {Field: "team", To: string(t.Team)},
		{Field: "account", To: t.Account}, {Field: "mapping", To: toJSON(t.Mapping)}, {Field: "conflict_policy", To: toJSON(t.ConflictPolicy)},
		{Field: "import_rule", To: strings.TrimPrefix(toJSON(t.ImportRule), `{"Labels":null,"JQL":""}`)},
		{Field: "allow_public", To: flag(t.AllowPublic)}, {Field: "paused", To: flag(t.Paused)}, {Field: "pause_reason", To: t.PauseReason},
		{Field: "credential", To: t.CredentialHint}, {Field: "webhook_secret", To: flag(t.WebhookSecretSet)},
	}
}

// configChanges compares two lists of fields of one kind of configuration.
func configChanges(before, after []domain.FieldChange) []domain.FieldChange {
	var changes []domain.FieldChange
	for n := range after {
		if before[n].To != after[n].To {
			changes = append(changes, domain.FieldChange{Kind: domain.ChangeConfig, Field: after[n].Field, From: before[n].To, To: after[n].To})
		}
	}
	return changes
}

// createdFields is the history row of something new: its non-empty fields as JSON.
func createdFields(fields []domain.FieldChange) domain.FieldChange {
	values := map[string]string{}
	for _, f := range fields {
		if f.To != "" {
			values[f.Field] = f.To
		}
	}
	return domain.FieldChange{Kind: domain.ChangeCreate, To: toJSON(values)}
}
