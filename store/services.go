package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

type serviceRow struct {
	ID         string `gorm:"primaryKey"`
	Name       string
	Folded     string
	SinceDay   optionalDay
	RetiredDay optionalDay
	Team       ref
	CreatedAt  instant `gorm:"autoCreateTime:false"`
	UpdatedAt  instant `gorm:"autoUpdateTime:false"`
	Version    int64
}

// TableName implements schema.Tabler.
func (serviceRow) TableName() string { return "services" }

func newServiceRow(s domain.Service) serviceRow {
	return serviceRow{ID: string(s.ID), Name: s.Name, Folded: domain.FoldService(s.Name), SinceDay: newOptionalDay(s.Since), RetiredDay: newOptionalDay(s.Retired),
		Team: ref(s.Team), CreatedAt: newInstant(s.CreatedAt), UpdatedAt: newInstant(s.UpdatedAt), Version: s.Version}
}

func (r serviceRow) service() domain.Service {
	return domain.Service{ID: domain.ServiceID(r.ID), Name: r.Name, Since: r.SinceDay.date(), Retired: r.RetiredDay.date(), Team: domain.TeamID(r.Team),
		CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(), Version: r.Version}
}

// Services lists the catalogue as far as it is in scope, by name.
func (db *DB) Services(ctx context.Context, scope domain.Scope) ([]domain.Service, error) {
	var c conditions
	c.scope(scope)
	var rows []serviceRow
	if err := db.read(ctx).Where(c.bare(), c.args...).Order("folded").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	services := make([]domain.Service, len(rows))
	for n, row := range rows {
		services[n] = row.service()
	}
	return services, nil
}

// Service returns one entry of the catalogue.
func (db *DB) Service(ctx context.Context, scope domain.Scope, id domain.ServiceID) (domain.Service, error) {
	var c conditions
	c.scope(scope)
	c.add("id = ?", string(id))
	var row serviceRow
	if err := db.point(ctx).Where(c.bare(), c.args...).Take(&row).Error; err != nil {
		return domain.Service{}, asDomain(found(err, "service", string(id)))
	}
	return row.service(), nil
}

// NamedServices are the services that the incidents in scope name, each spelling
// by itself, those of most incidents first.
func (db *DB) NamedServices(ctx context.Context, scope domain.Scope) ([]domain.UnlistedService, error) {
	var c conditions
	c.scope(scope)
	c.add("kind = 'service'")
	var rows []struct {
		Term  string
		N     int
		First instant
	}
	err := db.read(ctx).Raw("SELECT term, count(*) AS n, min(started_at) AS first FROM incident_terms JOIN incidents ON num = incident"+c.where()+
		" GROUP BY term ORDER BY n DESC, term", c.args...).Scan(&rows).Error
	named := make([]domain.UnlistedService, len(rows))
	for n, row := range rows {
		named[n] = domain.UnlistedService{Name: row.Term, Incidents: row.N, First: row.First.time()}
	}
	return named, asDomain(err)
}

// CreateService adds an entry to the catalogue.
func (db *DB) CreateService(ctx context.Context, by domain.Attribution, s domain.Service) (domain.Service, error) {
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.repeated(by); err != nil {
			return err
		}
		s.Version = 1
		row := newServiceRow(s)
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		s = row.service()
		if err := tx.history(domain.SubjectService, row.ID, by, entries(createdFields(domain.ServiceFields(s)))); err != nil {
			return err
		}
		return tx.remember(by, domain.SubjectService, row.ID)
	})
	if err != nil {
		return domain.Service{}, db.explainService(ctx, err, s)
	}
	return s, nil
}

// UpdateService changes an entry of the catalogue.
func (db *DB) UpdateService(ctx context.Context, scope domain.Scope, by domain.Attribution, id domain.ServiceID, version int64, change func(*domain.Service) error) (domain.Service, error) {
	var s domain.Service
	err := db.write(ctx, func(tx *txn) error {
		row, err := tx.lockService(scope, id, version)
		if err != nil {
			return err
		}
		before := row.service()
		s = before
		if err := change(&s); err != nil {
			return err
		}
		changes := configChanges(domain.ServiceFields(before), domain.ServiceFields(s))
		if len(changes) == 0 {
			s = before
			return nil
		}
		s.ID, s.CreatedAt, s.Version = before.ID, before.CreatedAt, row.Version+1
		after := newServiceRow(s)
		if err := tx.update(&row, &after, "id", row.ID, row.Version); err != nil {
			return err
		}
		s = after.service()
		return tx.history(domain.SubjectService, row.ID, by, entries(changes...))
	})
	if err != nil {
		return domain.Service{}, db.explainService(ctx, err, s)
	}
	return s, nil
}

// RemoveService takes an entry out of the catalogue; its history stays.
func (db *DB) RemoveService(ctx context.Context, scope domain.Scope, by domain.Attribution, id domain.ServiceID, version int64) error {
	return db.write(ctx, func(tx *txn) error {
		row, err := tx.lockService(scope, id, version)
		if err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM services WHERE id = ?", row.ID).Error; err != nil {
			return err
		}
		return tx.history(domain.SubjectService, row.ID, by, entries(domain.FieldChange{Kind: domain.ChangeConfig, Field: "removed", From: row.Name, To: "true"}))
	})
}

func (tx *txn) lockService(scope domain.Scope, id domain.ServiceID, version int64) (serviceRow, error) {
	var c conditions
	c.scope(scope)
	c.add("id = ?", string(id))
	var row serviceRow
	err := tx.forUpdate().Where(c.bare(), c.args...).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return row, notFound("service", string(id))
	}
	if err == nil && version != 0 && version != row.Version {
		return row, stale("service", string(id))
	}
	return row, err
}

func (db *DB) explainService(ctx context.Context, err error, s domain.Service) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return domain.Errorf(domain.ErrConflict, "the catalogue has the service %q already; change that entry", s.Name)
	}
	return db.explainTeam(ctx, err, s.Team)
}
