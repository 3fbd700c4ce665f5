package store

import (
	"context"

	"gorm.io/gorm/clause"

	"github.com/followthrough/followthrough/domain"
)

type noticeSettingsRow struct {
	Person         string `gorm:"primaryKey"`
	Reminders      bool
	Digest         bool
	AbsentFromDay  optionalDay
	AbsentUntilDay optionalDay
	Version        int64
}

// TableName implements schema.Tabler.
func (noticeSettingsRow) TableName() string { return "notice_settings" }

func (r noticeSettingsRow) settings() domain.NoticeSettings {
	return domain.NoticeSettings{Person: domain.PersonID(r.Person), Reminders: r.Reminders, Digest: r.Digest,
		AbsentFrom: r.AbsentFromDay.date(), AbsentUntil: r.AbsentUntilDay.date(), Version: r.Version}
}

func noticeSettingsFields(n domain.NoticeSettings) []domain.FieldChange {
	yesNo := map[bool]string{true: "on", false: "off"}
	return []domain.FieldChange{{Field: "reminders", To: yesNo[n.Reminders]}, {Field: "digest", To: yesNo[n.Digest]},
		{Field: "absent_from", To: n.AbsentFrom.String()}, {Field: "absent_until", To: n.AbsentUntil.String()}}
}

// NoticeSettings returns what a person wants to be told.
func (db *DB) NoticeSettings(ctx context.Context, person domain.PersonID) (domain.NoticeSettings, error) {
	var rows []noticeSettingsRow
	if err := db.point(ctx).Where("person = ?", string(person)).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return domain.DefaultNoticeSettings(person), asDomain(err)
	}
	return rows[0].settings(), nil
}

// AllNoticeSettings returns the settings of everybody who chose any.
func (db *DB) AllNoticeSettings(ctx context.Context) (map[domain.PersonID]domain.NoticeSettings, error) {
	var rows []noticeSettingsRow
	if err := db.read(ctx).Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	all := make(map[domain.PersonID]domain.NoticeSettings, len(rows))
	for _, row := range rows {
		all[domain.PersonID(row.Person)] = row.settings()
	}
	return all, nil
}

// SaveNoticeSettings stores what a person wants to be told. Version 0 accepts any.
func (db *DB) SaveNoticeSettings(ctx context.Context, by domain.Attribution, n domain.NoticeSettings) (domain.NoticeSettings, error) {
	err := db.write(ctx, func(tx *txn) error {
		var people []personRow // locked, so that two savers stand in line
		if err := tx.forUpdate().Where("id = ?", string(n.Person)).Find(&people).Error; err != nil {
			return err
		}
		if len(people) == 0 {
			return notFound("person", string(n.Person))
		}
		before := domain.DefaultNoticeSettings(n.Person)
		var rows []noticeSettingsRow
		if err := tx.Where("person = ?", string(n.Person)).Find(&rows).Error; err != nil {
			return err
		}
		if len(rows) > 0 {
			before = rows[0].settings()
		}
		if n.Version != 0 && n.Version != before.Version {
			return stale("settings of", string(n.Person))
		}
		n.Version = before.Version + 1
		row := noticeSettingsRow{Person: string(n.Person), Reminders: n.Reminders, Digest: n.Digest,
			AbsentFromDay: newOptionalDay(n.AbsentFrom), AbsentUntilDay: newOptionalDay(n.AbsentUntil), Version: n.Version}
		if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error; err != nil {
			return err
		}
		return tx.history(domain.SubjectPerson, row.Person, by, entries(configChanges(noticeSettingsFields(before), noticeSettingsFields(n))...))
	})
	return n, err
}
