package store

import (
	"context"
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// changeColumns are the columns of a history row that are read in bulk, in the
// order of scanChanges.
func changeColumns() []string {
	return []string{"seq", "subject", "key", "subject_seq", "at", "kind", "field", "from_value", "to_value", "overwritten", "source", "actor",
		"on_behalf", "external", "external_at", "request", "reason"}
}

// foldedColumns are those of a history that is read as a whole, subject by
// subject: what statistics do not ask for costs as much as what they do.
func foldedColumns() []string {
	return without("subject", "subject_seq", "on_behalf", "external", "request", "reason")
}

// scanChanges reads history rows without GORM, which costs several times more
// a row: a snapshot of a large portfolio reads millions of them. Columns that are
// not asked for stay as they are in row. The rows are added to into, which a
// caller may use again.
func (db *DB) scanChanges(ctx context.Context, row changeRow, columns []string, from string, args []any, into []domain.Change) (changes []domain.Change, err error) {
	rows, err := db.read(ctx).Raw("SELECT "+strings.Join(columns, ", ")+from, args...).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err below tells
	targets := row.targets(columns)
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		into = append(into, row.change())
	}
	return into, rows.Err()
}

// targets are the places of some columns of changeColumns.
func (r *changeRow) targets(columns []string) []any {
	all := []any{&r.Seq, &r.Subject, &r.Key, &r.SubjectSeq, &r.At, &r.Kind, &r.Field, &r.FromValue, &r.ToValue, &r.Overwritten, &r.Source, &r.Actor,
		&r.OnBehalf, &r.External, &r.ExternalAt, &r.Request, &r.Reason}
	targets := make([]any, 0, len(columns))
	for n, column := range changeColumns() {
		if slices.Contains(columns, column) {
			targets = append(targets, all[n])
		}
	}
	return targets
}

// without are the columns but the named ones.
func without(names ...string) []string {
	return slices.DeleteFunc(changeColumns(), func(column string) bool { return slices.Contains(names, column) })
}
