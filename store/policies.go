package store

import (
	"context"
	"errors"
	"strconv"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

type policyRow struct {
	Version   int64 `gorm:"primaryKey;autoIncrement:false"`
	ValidFrom instant
	Body      string
}

// TableName implements schema.Tabler.
func (policyRow) TableName() string { return "policies" }

func (r policyRow) policy() (domain.Policy, error) {
	p, err := fromJSON[domain.Policy](r.Body, "policy "+strconv.FormatInt(r.Version, 10))
	p.Version, p.From = int(r.Version), r.ValidFrom.time()
	return p, err
}

// Policy returns the current policy: the shipped one until another is saved.
func (db *DB) Policy(ctx context.Context) (domain.Policy, error) {
	p, err := currentPolicy(db.point(ctx))
	return p, asDomain(err)
}

func currentPolicy(g *gorm.DB) (domain.Policy, error) {
	var row policyRow
	err := g.Order("version DESC").Limit(1).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return domain.DefaultPolicy(), nil
	}
	if err != nil {
		return domain.Policy{}, err
	}
	return row.policy()
}

// PolicyVersion returns one version. Version 1 is the shipped policy.
func (db *DB) PolicyVersion(ctx context.Context, version int) (domain.Policy, error) {
	if version == domain.DefaultPolicy().Version {
		return domain.DefaultPolicy(), nil
	}
	var row policyRow
	if err := db.point(ctx).Where("version = ?", version).Take(&row).Error; err != nil {
		return domain.Policy{}, asDomain(found(err, "policy", strconv.Itoa(version)))
	}
	return row.policy()
}

// SavePolicy stores the policy as the next version; earlier ones keep applying
// to what was created under them.
func (db *DB) SavePolicy(ctx context.Context, by domain.Attribution, policy domain.Policy) (domain.Policy, error) {
	err := db.write(ctx, func(tx *txn) error {
		if db.onPostgres() { // two savers at once would draw the same version
			if err := tx.Exec("LOCK TABLE policies IN EXCLUSIVE MODE").Error; err != nil {
				return err
			}
		}
		before, err := currentPolicy(tx.DB)
		if err != nil {
			return err
		}
		policy.Version, policy.From = before.Version+1, tx.now
		row := policyRow{Version: int64(policy.Version), ValidFrom: newInstant(policy.From), Body: toJSON(policy)}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return tx.history(domain.SubjectPolicy, strconv.Itoa(policy.Version), by,
			entries(domain.FieldChange{Kind: domain.ChangeConfig, Field: "policy", From: toJSON(before), To: row.Body}))
	})
	if err != nil {
		return domain.Policy{}, err
	}
	return policy, nil
}
