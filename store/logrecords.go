package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// RecordsOf calls f for every leaf of some measures or incidents, with the
// history row behind it; rows from before the log come without a leaf. The
// leaves of one key come in their order.
func (db *DB) RecordsOf(ctx context.Context, subject domain.Subject, keys []string, f func(*evidence.Record) error) error {
	const some = 256
	for part := range slices.Chunk(keys, some) {
		if err := db.recordsOf(ctx, subject, part, f); err != nil {
			return asDomain(err)
		}
	}
	return nil
}

func (db *DB) recordsOf(ctx context.Context, subject domain.Subject, keys []string, f func(*evidence.Record) error) error {
	columns := changeColumns()
	for n := range columns {
		columns[n] = "h." + columns[n]
	}
	rows, err := db.read(ctx).Raw("SELECT "+strings.Join(columns, ", ")+", h.salt, h.leaf, l.body FROM history AS h LEFT JOIN leaves AS l ON l.num = h.leaf AND l.seq = h.seq "+
		"WHERE h.subject = ? AND h.key IN ? ORDER BY h.key, h.subject_seq", string(subject), padded(slices.Clone(keys))).Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err below tells
	for rows.Next() {
		var r changeRow
		var body []byte
		if err := rows.Scan(append(r.targets(changeColumns()), &r.Salt, &r.Leaf, &body)...); err != nil {
			return err
		}
		change := r.change()
		if r.Leaf == nil {
			if err := f(evidence.SealedRecord(change)); err != nil {
				return err
			}
			continue
		}
		if body == nil {
			return fmt.Errorf("leaf %d of the log is missing", *r.Leaf)
		}
		record, err := evidence.RecordOf(evidence.LogRow{Index: *r.Leaf, Leaf: body, Change: &change, Salts: r.Salt})
		if err != nil {
			return err
		}
		if err := f(&record); err != nil {
			return err
		}
	}
	return rows.Err()
}
