package store

import (
	"errors"
	"reflect"
	"strconv"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/followthrough/followthrough/domain"
)

// forUpdate locks the rows that are read until the transaction ends. SQLite
// has one writer and needs no row locks; its dialect leaves the clause out.
func (tx *txn) forUpdate() *gorm.DB {
	return tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
}

// next draws n numbers from a counter and returns the first. The counter row
// stays locked until the commit, so the numbers have no gaps and their order
// is the order of commits.
func (tx *txn) next(counter string, n int) (int64, error) {
	var last int64
	err := tx.Raw("UPDATE sequences SET value = value + ? WHERE name = ? RETURNING value", n, counter).Scan(&last).Error
	return last - int64(n) + 1, err
}

// update writes the columns that differ between two states of a row, guarded
// by the version that was read. The row types are structs of comparable
// fields; the second one carries the raised version.
func (tx *txn) update(before, after any, key string, keyValue any, version int64) error {
	changed := changedColumns(tx.DB, before, after)
	if len(changed) == 0 {
		return nil
	}
	model := reflect.New(reflect.TypeOf(before).Elem()).Interface() // GORM writes the new values into it
	done := tx.Model(model).Where(clause.Eq{Column: clause.Column{Name: key}, Value: keyValue}).
		Where("version = ?", version).Updates(changed)
	if done.Error != nil {
		return done.Error
	}
	if done.RowsAffected != 1 {
		return stale("row", strconv.FormatInt(version, 10))
	}
	return nil
}

// changedColumns compares two rows of one type. Only changed columns are
// written, which spares every index that does not hold them.
func changedColumns(db *gorm.DB, before, after any) map[string]any {
	stmt := &gorm.Statement{DB: db}
	if err := stmt.Parse(before); err != nil {
		panic(err) // a row type of this package that GORM cannot read
	}
	b, a := reflect.Indirect(reflect.ValueOf(before)), reflect.Indirect(reflect.ValueOf(after))
	changed := map[string]any{}
	for _, field := range stmt.Schema.Fields {
		x, y := b.FieldByIndex(field.StructField.Index).Interface(), a.FieldByIndex(field.StructField.Index).Interface()
		if x != y {
			changed[field.DBName] = y
		}
	}
	return changed
}

// changeRow is one row of the history.
type changeRow struct {
	Seq        int64 `gorm:"primaryKey;autoIncrement:false"`
	Subject    string
	Key        string
	SubjectSeq int64
	At         instant
	Kind       string
	Field      string
	FromValue  string
	ToValue    string

	Overwritten bool
	Source      string
	Actor       string
	OnBehalf    string
	External    string
	ExternalAt  instant
	Request     string
	Reason      string
	App         string
	// Salt holds one random number for each value that the leaf hides.
	Salt []byte
	// Leaf is the row's number in the log; nil in rows from before the log.
	Leaf     *int64
	ErasedAt instant
}

// TableName implements schema.Tabler.
func (changeRow) TableName() string { return "history" }

func (r changeRow) change() domain.Change {
	return domain.Change{
		Seq: r.Seq, Subject: domain.Subject(r.Subject), Key: r.Key, SubjectSeq: r.SubjectSeq, At: r.At.time(),
		Kind: domain.ChangeKind(r.Kind), Field: r.Field, From: r.FromValue, To: r.ToValue, Overwritten: r.Overwritten,
		Attribution: domain.Attribution{
			Source: domain.Source(r.Source), Actor: r.Actor, OnBehalf: domain.TrackerID(r.OnBehalf),
			External: r.External, ExternalTime: r.ExternalAt.time(), Request: r.Request, Reason: r.Reason,
		},
	}
}

// entry is one history row to be written; overwritten marks a losing value.
type entry struct {
	domain.FieldChange
	overwritten bool
}

func entries(changes ...domain.FieldChange) []entry {
	out := make([]entry, len(changes))
	for n, c := range changes {
		out[n] = entry{FieldChange: c}
	}
	return out
}

// history appends rows about one subject, and their leaves. It is called last
// in an operation: from the log's end on, every other writer waits for the commit.
func (tx *txn) history(subject domain.Subject, key string, by domain.Attribution, rows []entry) error {
	if len(rows) == 0 {
		return nil
	}
	before, err := tx.newestHeld(subject, key, rows[0].Kind)
	if err != nil {
		return err
	}
	end, err := tx.logEnd()
	if err != nil {
		return err
	}
	if before == nil {
		if before, err = tx.newest(subject, key); err != nil {
			return err
		}
	}
	stored := make([]changeRow, len(rows))
	for n, row := range rows {
		stored[n] = changeRow{
			Seq: end.Seq + 1 + int64(n), Subject: string(subject), Key: key, SubjectSeq: before.SubjectSeq + 1 + int64(n), At: newInstant(tx.now),
			Kind: string(row.Kind), Field: row.Field, FromValue: row.From, ToValue: row.To, Overwritten: row.overwritten,
			Source: string(by.Source), Actor: by.Actor, OnBehalf: string(by.OnBehalf), External: by.External,
			ExternalAt: newInstant(by.ExternalTime), Request: by.Request, Reason: by.Reason, App: tx.db.app,
		}
	}
	return tx.appendHistory(end, before.Leaf, stored)
}

// remember stores the caller's idempotency key in the create's own
// transaction, and answers a repetition with the first subject.
func (tx *txn) remember(by domain.Attribution, subject domain.Subject, key string) error {
	if by.Idempotency.Key == "" {
		return nil
	}
	row := idempotencyRow{Actor: by.Actor, Key: by.Idempotency.Key, Hash: by.Idempotency.BodyHash,
		Subject: string(subject), SubjectKey: key, CreatedAt: newInstant(tx.now)}
	err := tx.Create(&row).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return errRepeated
	}
	return err
}

// repeated refuses a create whose idempotency key was used before.
func (tx *txn) repeated(by domain.Attribution) error {
	if by.Idempotency.Key == "" {
		return nil
	}
	var rows []idempotencyRow
	if err := tx.Where("actor = ? AND key = ?", by.Actor, by.Idempotency.Key).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return err
	}
	if rows[0].Hash != by.Idempotency.BodyHash {
		return &domain.Error{Kind: domain.ErrInvalid, Code: "idempotency_mismatch",
			Message: "the idempotency key was used before with a different body; use a new key for a new request"}
	}
	return &domain.Error{Kind: domain.ErrConflict, Code: "idempotent_replay",
		Message: "this request was answered before with " + rows[0].SubjectKey,
		Fields:  []domain.FieldError{{Field: "key", Message: rows[0].SubjectKey}}}
}

type idempotencyRow struct {
	Actor      string `gorm:"primaryKey"`
	Key        string `gorm:"primaryKey"`
	Hash       string
	Subject    string
	SubjectKey string
	CreatedAt  instant `gorm:"autoCreateTime:false"`
}

// TableName implements schema.Tabler.
func (idempotencyRow) TableName() string { return "idempotency" }
