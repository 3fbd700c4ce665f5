package store

import (
	"context"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// changeColumns are the columns of a history row that are read in bulk, in the
// order of scanChanges.
func changeColumns() []string {
	return []string{"seq", "subject", "key", "subject_seq", "at", "kind", "field", "from_value", "to_value", "overwritten", "source", "actor",
		"on_behalf", "external", "external_at", "request", "reason"}
}

// scanChanges reads history rows without GORM, which costs several times more
// a row: a snapshot of a large portfolio reads millions of them.
func (db *DB) scanChanges(ctx context.Context, query string, args []any, size int) (changes []domain.Change, err error) {
	rows, err := db.read(ctx).Raw(query, args...).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err below tells
	changes = make([]domain.Change, 0, size)
	var r changeRow
	targets := r.targets()
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		changes = append(changes, r.change())
	}
	return changes, rows.Err()
}

// targets are the places of the columns of changeColumns.
func (r *changeRow) targets() []any {
	return []any{&r.Seq, &r.Subject, &r.Key, &r.SubjectSeq, &r.At, &r.Kind, &r.Field, &r.FromValue, &r.ToValue, &r.Overwritten, &r.Source, &r.Actor,
		&r.OnBehalf, &r.External, &r.ExternalAt, &r.Request, &r.Reason}
}

// briefly lists the columns with the named ones read as empty texts.
func briefly(without ...string) []string {
	columns := changeColumns()
	for n, column := range columns {
		if slices.Contains(without, column) {
			columns[n] = "'' AS " + column
		}
	}
	return columns
}
