package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

type viewRow struct {
	ID        string `gorm:"primaryKey"`
	Name      string
	Page      string
	Query     string
	Owner     string
	Share     string
	Team      ref
	CreatedAt instant `gorm:"autoCreateTime:false"`
	UpdatedAt instant `gorm:"autoUpdateTime:false"`
	Version   int64
}

// TableName implements schema.Tabler.
func (viewRow) TableName() string { return "saved_views" }

func newViewRow(v domain.SavedView) viewRow {
	return viewRow{ID: v.ID, Name: v.Name, Page: string(v.Page), Query: v.Query, Owner: v.Owner, Share: string(v.Share), Team: ref(v.Team),
		CreatedAt: newInstant(v.CreatedAt), UpdatedAt: newInstant(v.UpdatedAt), Version: v.Version}
}

func (r viewRow) view() domain.SavedView {
	return domain.SavedView{ID: r.ID, Name: r.Name, Page: domain.ViewPage(r.Page), Query: r.Query, Owner: r.Owner, Share: domain.ViewShare(r.Share),
		Team: domain.TeamID(r.Team), CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(), Version: r.Version}
}

func viewFields(v domain.SavedView) []domain.FieldChange {
	return []domain.FieldChange{{Field: "name", To: v.Name}, {Field: "page", To: string(v.Page)}, {Field: "query", To: v.Query},
		{Field: "owner", To: v.Owner}, {Field: "share", To: string(v.Share)}, {Field: "team", To: string(v.Team)}}
}

// seenBy limits to the views an actor sees: domain.SavedView.VisibleTo in SQL.
func (c *conditions) seenBy(a domain.Actor) {
	switch {
	case a.Scope.All:
		c.add("owner = ? OR share <> 'none'", a.ID)
	case len(a.Scope.Teams) == 0:
		c.add("owner = ? OR share = 'organisation'", a.ID)
	default:
		c.add("owner = ? OR share = 'organisation' OR share = 'team' AND team IN ?", a.ID, texts(a.Scope.Teams))
	}
}

// SavedViews lists the views an actor sees, by name.
func (db *DB) SavedViews(ctx context.Context, by domain.Actor) ([]domain.SavedView, error) {
	var c conditions
	c.seenBy(by)
	var rows []viewRow
	if err := db.read(ctx).Where(c.bare(), c.args...).Order("name, id").Limit(10 * domain.MaxViews).Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	views := make([]domain.SavedView, len(rows))
	for n, row := range rows {
		views[n] = row.view()
	}
	return views, nil
}

// SavedView returns one view that an actor sees.
func (db *DB) SavedView(ctx context.Context, by domain.Actor, id string) (domain.SavedView, error) {
	var c conditions
	c.add("id = ?", id)
	c.seenBy(by)
	var row viewRow
	if err := db.point(ctx).Where(c.bare(), c.args...).Take(&row).Error; err != nil {
		return domain.SavedView{}, asDomain(found(err, "view", id))
	}
	return row.view(), nil
}

// CreateSavedView keeps a new view.
func (db *DB) CreateSavedView(ctx context.Context, by domain.Attribution, v domain.SavedView) (domain.SavedView, error) {
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		var kept int64
		if err := tx.Model(&viewRow{}).Where("owner = ?", v.Owner).Count(&kept).Error; err != nil {
			return err
		}
		if kept >= domain.MaxViews {
			return domain.Errorf(domain.ErrConflict, "you keep %d views, which is the most; remove one first", kept)
		}
		v.Version = 1
		row := newViewRow(v)
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		if err := tx.history(domain.SubjectView, row.ID, by, entries(createdFields(viewFields(v)))); err != nil {
			return err
		}
		return tx.remember(by, domain.SubjectView, row.ID)
	})
	if err != nil {
		return domain.SavedView{}, db.explainTeam(ctx, err, v.Team)
	}
	return v, nil
}

// UpdateSavedView changes a view.
func (db *DB) UpdateSavedView(ctx context.Context, by domain.Attribution, id string, version int64, change func(*domain.SavedView) error) (domain.SavedView, error) {
	var v domain.SavedView
	err := db.write(ctx, func(tx *txn) error {
		row, err := tx.lockView(id, version)
		if err != nil {
			return err
		}
		before := row.view()
		v = before
		if err := change(&v); err != nil {
			return err
		}
		changes := configChanges(viewFields(before), viewFields(v))
		if len(changes) == 0 {
			v = before
			return nil
		}
		v.Version = row.Version + 1
		after := newViewRow(v)
		if err := tx.update(&row, &after, "id", id, row.Version); err != nil {
			return err
		}
		return tx.history(domain.SubjectView, id, by, entries(changes...))
	})
	if err != nil {
		return domain.SavedView{}, db.explainTeam(ctx, err, v.Team)
	}
	return v, nil
}

// RemoveSavedView takes a view away. may says whether it may go.
func (db *DB) RemoveSavedView(ctx context.Context, by domain.Attribution, id string, version int64, may func(domain.SavedView) error) error {
	return db.write(ctx, func(tx *txn) error {
		row, err := tx.lockView(id, version)
		if err != nil {
			return err
		}
		if err := may(row.view()); err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM saved_views WHERE id = ?", id).Error; err != nil {
			return err
		}
		return tx.history(domain.SubjectView, id, by, entries(domain.FieldChange{Kind: domain.ChangeConfig, Field: "removed", From: row.Name, To: "true"}))
	})
}

func (tx *txn) lockView(id string, version int64) (viewRow, error) {
	var row viewRow
	err := tx.forUpdate().Where("id = ?", id).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return row, notFound("view", id)
	}
	if err == nil && version != 0 && version != row.Version {
		return row, stale("view", id)
	}
	return row, err
}
