package evidence

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"
)

// checkRoot computes the root from the hashes of all leaves and compares it
// with the signed one, and with older checkpoints on the way. From here on the
// hashes are known to be the log's own, so nothing after this reads content
// that a stranger could have made up.
func (v *verifier) checkRoot(older *Checkpoint) error {
	var previous *Checkpoint
	if v.a.has(filePrevious) {
		signed, err := v.a.small(filePrevious)
		if err != nil {
			return err
		}
		c, err := openOwn(signed, v.verify)
		if err != nil {
			return fmt.Errorf("the previous checkpoint: %w", err)
		}
		previous = &c
	}
	var r Range
	roots := map[int64]tlog.Hash{0: r.Root()}
	hashes := bufio.NewReaderSize(v.a.open(fileHashes), 1<<18)
	for r.size < v.head.Size {
		var h tlog.Hash
		if _, err := io.ReadFull(hashes, h[:]); err != nil {
			return fmt.Errorf("%w: the hashes cannot be read", errUnjudged)
		}
		if r.size == v.own.index && h != v.own.hash {
			return errors.New("the leaf of the pack is not in the log")
		}
		r.Add(h)
		if older != nil && older.Size == r.size || previous != nil && previous.Size == r.size {
			roots[r.size] = r.Root()
		}
	}
	if r.Root() != v.head.Root {
		return errors.New("the hashes of the leaves do not add up to the signed root")
	}
	if v.own.index >= v.head.Size {
		return errors.New("the leaf of the pack lies behind the checkpoint")
	}
	if previous != nil && previous.Origin == v.head.Origin {
		if root, ok := roots[previous.Size]; !ok || root != previous.Root {
			return errors.New("the log does not continue the checkpoint of its previous pack")
		}
	}
	if older == nil {
		return nil
	}
	v.older, v.out.SinceGiven, v.out.SinceSize = older, true, older.Size
	before, _ := EpochOf(v.verify.Name(), older.Origin)
	root, ok := roots[older.Size]
	switch {
	case before < v.headEpoch() && (!ok || root != older.Root):
		v.restored = true // judged when the leaves have said why
	case !ok || before > v.headEpoch() && root != older.Root:
		return fmt.Errorf("%w: the older checkpoint covers %d leaves of %s and this pack %d of %s; ask for a newer pack", errUnjudged, older.Size, older.Origin, v.head.Size, v.head.Origin)
	case root != older.Root:
		return fmt.Errorf("the log does not continue the checkpoint of %d leaves that you kept: it was rewritten", older.Size)
	default:
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("the log continues the checkpoint of %d leaves that you kept", older.Size))
	}
	return nil
}

func (v *verifier) headEpoch() int64 {
	epoch, _ := EpochOf(v.verify.Name(), v.head.Origin)
	return epoch
}

// judgeEpochs holds the epoch of the checkpoint, and an older checkpoint of an
// earlier epoch, against what the leaves say about restores.
func (v *verifier) judgeEpochs() error {
	var last Epoch
	for _, e := range v.epochs {
		if e.Number <= last.Number || e.Kept > e.Leaf {
			return fmt.Errorf("leaf %d: the epochs of the log do not follow each other", e.Leaf)
		}
		last = e
	}
	if now := v.headEpoch(); last.Number != now {
		return fmt.Errorf("the checkpoint is of epoch %d and the last one that a leaf tells of is %d", now, last.Number)
	}
	if !v.restored {
		return nil
	}
	before, _ := EpochOf(v.verify.Name(), v.older.Origin)
	kept, told := v.head.Size, ""
	for _, e := range v.epochs {
		if e.Number > before {
			kept, told = min(kept, e.Kept), told+fmt.Sprintf("; leaf %d says: it was at %d leaves, reason %q", e.Leaf, e.Lost, e.Reason)
		}
	}
	if v.older.Size <= kept {
		return fmt.Errorf("the log does not continue the checkpoint of %d leaves that you kept: it was rewritten, although it says that its first %d leaves were kept%s", v.older.Size, kept, told)
	}
	return fmt.Errorf("%w: the log was restored and began a new epoch, so it does not continue your checkpoint of %d leaves%s", errUnjudged, v.older.Size, told)
}
