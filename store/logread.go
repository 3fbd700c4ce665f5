package store

import (
	"context"
	"fmt"
	"math/bits"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// SettledHead is LogHead with all that it covers on the disk: what is signed must
// not get lost again.
func (db *DB) SettledHead(ctx context.Context) (evidence.LogHead, error) {
	head, err := db.LogHead(ctx)
	if err == nil {
		err = asDomain(db.flush(ctx))
	}
	return head, err
}

// LogHead returns the log as it is now.
func (db *DB) LogHead(ctx context.Context) (evidence.LogHead, error) {
	var row logRow
	if err := db.point(ctx).Take(&row).Error; err != nil {
		return evidence.LogHead{}, asDomain(err)
	}
	tree, err := evidence.NewRange(row.Size, row.Edges)
	if err != nil {
		return evidence.LogHead{}, fmt.Errorf("the log is damaged: %w", err)
	}
	former, err := db.formerKeys(ctx)
	return evidence.LogHead{Name: row.Name, Epoch: row.Epoch, EpochLeaf: row.EpochLeaf, Size: row.Size, Root: tree.Root(), Key: row.PublicKey, Former: former}, err
}

// EachLeaf calls f for the leaves from one number up to, not including, another,
// each with the history row and the salts behind it, without holding them all.
func (db *DB) EachLeaf(ctx context.Context, from, upto int64, f func(evidence.LogRow) error) error {
	const batch = 1000
	for from < upto {
		rows, err := db.scanLeaves(ctx, from, min(upto, from+batch))
		if err != nil {
			return asDomain(err)
		}
		for _, row := range rows {
			if row.Index != from {
				return fmt.Errorf("leaf %d of the log is missing", from)
			}
			from++
			if err := f(row); err != nil {
				return err
			}
		}
		if len(rows) == 0 {
			return fmt.Errorf("leaf %d of the log is missing", from)
		}
	}
	return nil
}

// scanLeaves reads without GORM, like scanChanges.
func (db *DB) scanLeaves(ctx context.Context, from, upto int64) (out []evidence.LogRow, err error) {
	columns := make([]string, 0, len(changeColumns()))
	for _, c := range changeColumns() {
		switch c {
		case "seq", "subject_seq":
			c = "COALESCE(h." + c + ", 0)"
		case "overwritten":
			c = "COALESCE(h.overwritten, FALSE)"
		case "at", "external_at": // an instant reads NULL as zero
			c = "h." + c
		default:
			c = "COALESCE(h." + c + ", '')"
		}
		columns = append(columns, c)
	}
	rows, err := db.read(ctx).Raw("SELECT l.num, l.body, l.seq, "+strings.Join(columns, ", ")+
		", h.salt FROM leaves AS l LEFT JOIN history AS h ON h.seq = l.seq WHERE l.num >= ? AND l.num < ? ORDER BY l.num", from, upto).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err below tells
	for rows.Next() {
		var l leafRow
		var r changeRow
		if err := rows.Scan(append(append([]any{&l.Num, &l.Body, &l.Seq}, r.targets(changeColumns())...), &r.Salt)...); err != nil {
			return nil, err
		}
		row := evidence.LogRow{Index: l.Num, Leaf: l.Body}
		if l.Seq != 0 {
			if r.Seq != int64(l.Seq) {
				return nil, fmt.Errorf("the history row of leaf %d is missing", l.Num)
			}
			change := r.change()
			row.Change, row.Salts = &change, r.Salt
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// LeafHashes returns the hashes of the first leaves, 32 bytes each, as they
// were stored with them.
func (db *DB) LeafHashes(ctx context.Context, upto int64) ([]byte, error) {
	rows, err := db.read(ctx).Raw("SELECT substr(hashes, 1, 32) FROM leaves WHERE num < ? ORDER BY num", upto).Rows()
	if err != nil {
		return nil, asDomain(err)
	}
	defer func() { _ = rows.Close() }() // Err below tells
	out := make([]byte, 0, upto*tlog.HashSize)
	var hash []byte
	for rows.Next() {
		if err := rows.Scan(&hash); err != nil {
			return nil, err
		}
		out = append(out, hash...)
	}
	if err := rows.Err(); err != nil {
		return nil, asDomain(err)
	}
	if int64(len(out)) != upto*tlog.HashSize {
		return nil, fmt.Errorf("the log has not %d leaves", upto)
	}
	return out, nil
}

// ProveGrowth returns the proof that the tree of a size continues the one of an
// older size, from a few stored hashes.
func (db *DB) ProveGrowth(ctx context.Context, size, old int64) (tlog.TreeProof, error) {
	return tlog.ProveTree(size, old, storedHashes{ctx: ctx, db: db})
}

// ProveLeaf returns the proof that a leaf is in the tree of a size, and the
// leaf's bytes.
func (db *DB) ProveLeaf(ctx context.Context, size, num int64) (tlog.RecordProof, []byte, error) {
	if num < 0 || num >= size {
		return nil, nil, domain.Errorf(domain.ErrNotFound, "leaf %d is not in the log of %d leaves", num, size)
	}
	var row leafRow
	if err := db.point(ctx).Where("num = ?", num).Take(&row).Error; err != nil {
		return nil, nil, asDomain(found(err, "leaf", fmt.Sprint(num)))
	}
	proof, err := tlog.ProveRecord(size, num, storedHashes{ctx: ctx, db: db})
	return proof, row.Body, err
}

// storedHashes reads hashes of the tree by their place. Each is stored with the
// leaf that completed its subtree.
type storedHashes struct {
	ctx context.Context //nolint:containedctx // the interface has no place for it
	db  *DB
}

// ReadHashes implements tlog.HashReader.
func (s storedHashes) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for n, index := range at {
		level, node := tlog.SplitStoredHashIndex(index)
		num := (node+1)<<level - 1
		if bits.TrailingZeros64(uint64(num+1)) < level {
			return nil, fmt.Errorf("no leaf completes the hash %d", index)
		}
		var hashes []byte
		if err := s.db.point(s.ctx).Raw("SELECT hashes FROM leaves WHERE num = ?", num).Row().Scan(&hashes); err != nil {
			return nil, err
		}
		if len(hashes) < (level+1)*tlog.HashSize {
			return nil, fmt.Errorf("the hashes of leaf %d are missing", num)
		}
		out[n] = tlog.Hash(hashes[level*tlog.HashSize : (level+1)*tlog.HashSize])
	}
	return out, nil
}
