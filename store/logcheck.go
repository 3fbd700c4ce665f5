package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// CheckLog reads the whole log and holds it against everything that it must
// agree with: its hashes, its root, each history row, the seal of the earlier
// rows, and the versions of measures and incidents. The triggers are a speed
// bump; this finds out who went around them.
func (db *DB) CheckLog(ctx context.Context) error {
	head, err := db.LogHead(ctx)
	if err != nil {
		return err
	}
	c := logCheck{head: head, erased: map[[2]string]int{}}
	if c.aliases, err = db.aliases(ctx); err != nil {
		return err
	}
	if err := db.EachLeaf(ctx, 0, head.Size, c.leaf); err != nil {
		return err
	}
	if c.tree.Root() != head.Root {
		return errors.New("the leaves of the log do not add up to its stored root")
	}
	if err := db.checkHashes(ctx, c.tree.Size()); err != nil {
		return err
	}
	for at, n := range c.erased {
		if n > 0 {
			return fmt.Errorf("%d values of %s %s were erased and no leaf says so", n, at[0], at[1])
		}
	}
	if err := c.checkHead(); err != nil {
		return err
	}
	return db.checkRows(ctx, c)
}

// logCheck is what is known while the leaves pass by.
type logCheck struct {
	head   evidence.LogHead
	tree   evidence.Range
	rows   int64
	sealed string
	root   string
	erased map[[2]string]int
	// aliases are the names of people in the log.
	aliases map[string]string
	epoch   evidence.Epoch
	keys    [][2]string // that were changed, each with the one after it
}

func (c *logCheck) leaf(r evidence.LogRow) error {
	c.tree.Add(tlog.RecordHash(r.Leaf))
	l, err := evidence.ParseLeaf(r.Leaf)
	if err != nil {
		return fmt.Errorf("leaf %d: %w", r.Index, err)
	}
	if r.Index == 0 {
		c.sealed, c.root = l.Data("rows"), l.Data("root")
	}
	if r.Change == nil {
		if l.Subject != "" {
			return fmt.Errorf("leaf %d is about %s %s and has no history row", r.Index, l.Subject, l.Key)
		}
		return c.aboutLog(r.Index, &l)
	}
	if r.Change.Subject == domain.SubjectPerson && c.aliases[r.Change.Key] != l.Key {
		return fmt.Errorf("history row %d is about another person than leaf %d", r.Change.Seq, r.Index)
	}
	c.rows++
	at := [2]string{l.Subject, l.Key}
	missing, err := evidence.CheckRow(l, *r.Change, r.Salts)
	if err != nil {
		return fmt.Errorf("history row %d is not the one in the log: %w", r.Change.Seq, err)
	}
	c.erased[at] += missing
	if l.Kind == "erase" {
		c.erased[at] = 0
	}
	return nil
}

// aboutLog notes what leaves say about the log itself.
func (c *logCheck) aboutLog(index int64, l *evidence.Leaf) (err error) {
	switch l.Kind {
	case evidence.KindEpoch:
		c.epoch, err = evidence.ParseEpoch(index, l)
	case evidence.KindKey:
		c.keys = append(c.keys, [2]string{l.Said("before"), l.Said("key")})
	}
	if err != nil {
		return fmt.Errorf("leaf %d: %w", index, err)
	}
	return nil
}

// checkHead holds the epoch and the keys of the log against its leaves: each
// key that signed before has a leaf that names the next one, and has signed it.
func (c *logCheck) checkHead() error {
	if c.head.Epoch != c.epoch.Number || c.head.Epoch > 0 && c.head.EpochLeaf != c.epoch.Leaf {
		return fmt.Errorf("the log is said to be in epoch %d, and its leaves tell of %d", c.head.Epoch, c.epoch.Number)
	}
	former := c.head.Former
	if n := len(c.keys); n < len(former) || n > len(former)+1 { // one may be announced and not yet sign
		return fmt.Errorf("the key of the log is said to have changed %d times, and its leaves tell of %d", len(former), n)
	}
	for n, f := range former {
		next := c.head.Key
		if n+1 < len(former) {
			next = former[n+1].Key
		}
		keys, err := evidence.ParseKeys(f.Key)
		if err == nil {
			_, err = evidence.OpenCheckpoint([]byte(f.Announcement), keys)
		}
		if err != nil || c.keys[n] != [2]string{f.Key, next} {
			return fmt.Errorf("the %d. key of the log is not the one that its leaves tell of", n+1)
		}
	}
	return nil
}

func (db *DB) aliases(ctx context.Context) (map[string]string, error) {
	var rows []aliasRow
	if err := db.read(ctx).Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Person] = r.Alias
	}
	return out, nil
}

// checkHashes compares the hashes that proofs are made of with the leaves.
func (db *DB) checkHashes(ctx context.Context, size int64) error {
	stored, err := tlog.TreeHash(size, storedHashes{ctx: ctx, db: db})
	if err != nil {
		return err
	}
	hashes, err := db.LeafHashes(ctx, size)
	if err != nil {
		return err
	}
	var tree evidence.Range
	for ; len(hashes) > 0; hashes = hashes[tlog.HashSize:] {
		tree.Add(tlog.Hash(hashes[:tlog.HashSize]))
	}
	if tree.Root() != stored {
		return errors.New("the stored hashes of the log do not agree with each other")
	}
	head, err := db.LogHead(ctx)
	if err == nil && head.Size == size && head.Root != stored {
		return errors.New("the stored hashes of the log are not those of its leaves")
	}
	return err
}

// checkRows looks for what happened beside the log.
func (db *DB) checkRows(ctx context.Context, c logCheck) error {
	var sealed int64
	tree := &evidence.Range{}
	err := eachSealed(db.read(ctx), func(row changeRow) error {
		sealed++
		tree.AddSealed(row.sealed())
		return nil
	})
	if err != nil {
		return err
	}
	root := tree.Root()
	if fmt.Sprint(sealed) != c.sealed || hex.EncodeToString(root[:]) != c.root {
		return fmt.Errorf("the %d history rows from before the log are not the %s that its seal covers", sealed, c.sealed)
	}
	var rows, leaves int64
	if err := db.read(ctx).Raw("SELECT count(*) FROM history WHERE leaf < ?", c.head.Size).Scan(&rows).Error; err != nil {
		return asDomain(err)
	}
	if rows != c.rows {
		return fmt.Errorf("%d history rows say that they are in the log, and it has %d", rows, c.rows)
	}
	if err := db.read(ctx).Raw("SELECT COALESCE(MAX(num) + 1, 0) FROM leaves").Scan(&leaves).Error; err != nil {
		return asDomain(err)
	}
	if now, err := db.LogHead(ctx); err != nil {
		return err
	} else if now.Size < leaves {
		return fmt.Errorf("the log has %d leaves and counts %d", leaves, now.Size)
	}
	return db.checkStates(ctx)
}
