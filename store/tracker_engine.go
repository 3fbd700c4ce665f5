package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/followthrough/followthrough/domain"
)

// Tracker returns a tracker with its secrets in clear, its identities, its
// position and the current policy.
func (db *DB) Tracker(ctx context.Context, id domain.TrackerID) (domain.TrackerView, error) {
	var view domain.TrackerView
	err := db.read(ctx).Transaction(func(g *gorm.DB) error {
		var err error
		view, err = db.trackerView(g, id)
		return err
	})
	return view, asDomain(err)
}

func (db *DB) trackerView(g *gorm.DB, id domain.TrackerID) (domain.TrackerView, error) {
	var view domain.TrackerView
	var row trackerRow
	if err := g.Where("id = ? AND removed_at IS NULL", string(id)).Take(&row).Error; err != nil {
		return view, found(err, "tracker", string(id))
	}
	var err error
	if view.Tracker, err = row.tracker(); err != nil {
		return view, err
	}
	if view.Secrets, err = db.seal.secretsOf(row); err != nil {
		return view, err
	}
	var status trackerStatusRow
	if err := g.Where("tracker = ?", string(id)).Take(&status).Error; err != nil {
		return view, err
	}
	view.Status, view.Cursor = status.status(), domain.Cursor(status.Cursor)
	var identities []identityRow
	if err := g.Where("tracker = ?", string(id)).Order("person").Find(&identities).Error; err != nil {
		return view, err
	}
	for _, i := range identities {
		view.Identities = append(view.Identities, i.identity())
	}
	view.Policy, err = currentPolicy(g)
	return view, err
}

// Trackers lists the ids of all trackers that are not removed.
func (db *DB) Trackers(ctx context.Context) ([]domain.TrackerID, error) {
	var ids []domain.TrackerID
	err := db.read(ctx).Raw("SELECT id FROM trackers WHERE removed_at IS NULL ORDER BY id").Scan(&ids).Error
	return ids, asDomain(err)
}

// TrackerStatus returns how a tracker is doing.
func (db *DB) TrackerStatus(ctx context.Context, id domain.TrackerID) (domain.TrackerStatus, error) {
	var row trackerStatusRow
	if err := db.point(ctx).Where("tracker = ?", string(id)).Take(&row).Error; err != nil {
		return domain.TrackerStatus{}, asDomain(found(err, "tracker", string(id)))
	}
	return row.status(), nil
}

// SaveTrackerStatus stores how a tracker is doing; the cursor and the sweep are not touched.
func (db *DB) SaveTrackerStatus(ctx context.Context, status domain.TrackerStatus) error {
	return db.write(ctx, func(tx *txn) error { return tx.saveStatus(status) })
}

// SaveSweep stores how a tracker's sweep ended: complete at a time, or why not.
func (db *DB) SaveSweep(ctx context.Context, id domain.TrackerID, at time.Time, problem string) error {
	columns := map[string]any{"sweep_error": problem}
	if problem == "" {
		columns["swept_at"] = newInstant(at)
	}
	return db.write(ctx, func(tx *txn) error {
		return one(tx.Model(&trackerStatusRow{}).Where("tracker = ?", string(id)).Updates(columns), "tracker", string(id))
	})
}

func (tx *txn) saveStatus(status domain.TrackerStatus) error {
	return one(tx.Model(&trackerStatusRow{}).Where("tracker = ?", string(status.Tracker)).Updates(statusColumns(status)), "tracker", string(status.Tracker))
}

func (tx *txn) saveCursor(id domain.TrackerID, cursor domain.Cursor) error {
	return one(tx.Model(&trackerStatusRow{}).Where("tracker = ?", string(id)).Update("cursor", []byte(cursor)), "tracker", string(id))
}

// one makes sure that a statement met exactly one row.
func one(done *gorm.DB, what, key string) error {
	if done.Error != nil {
		return done.Error
	}
	if done.RowsAffected != 1 {
		return notFound(what, key)
	}
	return nil
}

type limitsRow struct {
	Credential string `gorm:"primaryKey"`
	Body       string
}

// TableName implements schema.Tabler.
func (limitsRow) TableName() string { return "limits" }

// UpdateLimits changes what is known of a credential's rate limits, under a
// lock that all processes share. credential is a name, never the secret.
func (db *DB) UpdateLimits(ctx context.Context, credential string, change func(*domain.Limits)) error {
	return db.write(ctx, func(tx *txn) error {
		row := limitsRow{Credential: credential}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return err
		}
		if err := tx.forUpdate().Where("credential = ?", credential).Take(&row).Error; err != nil {
			return err
		}
		limits, err := fromJSON[domain.Limits](row.Body, "limits")
		if err != nil {
			limits = domain.Limits{} // an unreadable budget begins again; the tracker corrects it
		}
		change(&limits)
		body := toJSON(limits)
		if body == row.Body {
			return nil
		}
		return tx.Model(&limitsRow{}).Where("credential = ?", credential).Update("body", body).Error
	})
}

// Limits returns what is known of a credential's rate limits.
func (db *DB) Limits(ctx context.Context, credential string) (domain.Limits, error) {
	var row limitsRow
	err := db.read(ctx).Where("credential = ?", credential).Limit(1).Find(&row).Error
	if err != nil || row.Body == "" {
		return domain.Limits{}, asDomain(err)
	}
	return fromJSON[domain.Limits](row.Body, "limits")
}

type identityRow struct {
	Tracker string `gorm:"primaryKey"`
	Person  string `gorm:"primaryKey"`
	Account string
	Login   string
}

// TableName implements schema.Tabler.
func (identityRow) TableName() string { return "identities" }

func (r identityRow) identity() domain.Identity {
	return domain.Identity{Tracker: domain.TrackerID(r.Tracker), Person: domain.PersonID(r.Person), Account: r.Account, Login: r.Login}
}

func (r identityRow) text() string { return r.Tracker + ": " + r.Login + " " + r.Account }

// SetIdentity ties a person to an account of a tracker, in place of an earlier one.
func (db *DB) SetIdentity(ctx context.Context, by domain.Attribution, identity domain.Identity) error {
	row := identityRow{Tracker: string(identity.Tracker), Person: string(identity.Person), Account: identity.Account, Login: identity.Login}
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.liveTracker(domain.Everything(), identity.Tracker); err != nil {
			return err
		}
		before, err := tx.dropIdentity(row)
		if err != nil {
			return err
		}
		if before == row.text() {
			return tx.Create(&row).Error
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return tx.history(domain.SubjectPerson, row.Person, by,
			entries(domain.FieldChange{Kind: domain.ChangeConfig, Field: "identity", From: before, To: row.text()}))
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return &domain.Error{Kind: domain.ErrConflict, Err: err,
			Message: "the account " + identity.Login + " of tracker " + string(identity.Tracker) + " belongs to another person already"}
	}
	if errors.Is(err, gorm.ErrForeignKeyViolated) {
		return notFound("person", row.Person)
	}
	return err
}

// dropIdentity removes a person's account in a tracker and returns its text.
func (tx *txn) dropIdentity(row identityRow) (string, error) {
	var rows []identityRow
	if err := tx.forUpdate().Where("tracker = ? AND person = ?", row.Tracker, row.Person).Find(&rows).Error; err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].text(), tx.Exec("DELETE FROM identities WHERE tracker = ? AND person = ?", row.Tracker, row.Person).Error
}

// RemoveIdentity unties a person from their account of a tracker.
func (db *DB) RemoveIdentity(ctx context.Context, by domain.Attribution, tracker domain.TrackerID, person domain.PersonID) error {
	return db.write(ctx, func(tx *txn) error {
		before, err := tx.dropIdentity(identityRow{Tracker: string(tracker), Person: string(person)})
		if err != nil {
			return err
		}
		if before == "" {
			return domain.Errorf(domain.ErrNotFound, "person %s has no account in tracker %s", person, tracker)
		}
		return tx.history(domain.SubjectPerson, string(person), by,
			entries(domain.FieldChange{Kind: domain.ChangeConfig, Field: "identity", From: before}))
	})
}

// IdentitiesOf lists a person's accounts.
func (db *DB) IdentitiesOf(ctx context.Context, person domain.PersonID) ([]domain.Identity, error) {
	return db.identities(ctx, "person = ?", string(person))
}

// IdentitiesFor lists the accounts of a tracker that belong to somebody.
func (db *DB) IdentitiesFor(ctx context.Context, tracker domain.TrackerID) ([]domain.Identity, error) {
	return db.identities(ctx, "tracker = ?", string(tracker))
}

func (db *DB) identities(ctx context.Context, where, value string) ([]domain.Identity, error) {
	var rows []identityRow
	if err := db.read(ctx).Where(where, value).Order("tracker, person").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := make([]domain.Identity, len(rows))
	for n, row := range rows {
		out[n] = row.identity()
	}
	return out, nil
}
