package evidence

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// readLeaves checks every disclosed leaf against its hash, its chain and its
// openings.
func (v *verifier) readLeaves() error {
	hashes := v.a.open(fileHashes)
	window := make([]byte, 1<<15) // of hashes, from leaf start on
	var start, count, last int64 = 0, 0, -1
	ahead, batches := readAhead(v.a.open(fileLeaves), v.a.open(fileOpenings), v.reports)
	defer close(ahead.stop)
	for b := range batches {
		<-b.done
		for n := range b.leaves {
			l := &b.leaves[n]
			index := l.record.Index
			if index <= last || index >= v.scope.Upto {
				return fmt.Errorf("leaf %d is not in order, or newer than the pack", index)
			}
			last = index
			if index >= start+count {
				n, err := hashes.ReadAt(window, index*tlog.HashSize)
				if n < tlog.HashSize {
					return fmt.Errorf("%w: the hashes cannot be read: %w", errUnjudged, err)
				}
				start, count = index, int64(n/tlog.HashSize)
			}
			if at := (index - start) * tlog.HashSize; l.hash != tlog.Hash(window[at:at+tlog.HashSize]) {
				return fmt.Errorf("leaf %d is not the one in the log", index)
			}
			if err := v.leaf(l); err != nil {
				return fmt.Errorf("leaf %d: %w", index, err)
			}
		}
		if err := errors.Join(b.wrong, b.unread); err != nil {
			return err
		}
		v.changes.Write(b.changes.Bytes())
		ahead.spare.Put(b)
	}
	return v.judgeEpochs()
}

// leaf checks one disclosed leaf.
func (v *verifier) leaf(shown *shownLeaf) error {
	if shown.wrong != nil {
		return shown.wrong
	}
	r := &shown.record
	l := &r.Leaf
	if l.Log != v.verify.Name() {
		return errors.New("it is of another log")
	}
	v.out.Leaves++
	var err error
	switch {
	case l.Subject != "":
		err = v.chain(r, shown.missing)
	case l.Kind == KindSeal && r.Index == 0:
		v.sealed = l.Data("rows") != "0"
	case l.Kind == KindKey:
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("leaf %d says: the key that signs was changed to %q, reason %q", r.Index, l.Said("key"), l.Said("reason")))
	case l.Kind == KindEpoch:
		var e Epoch
		if e, err = ParseEpoch(r.Index, l); err == nil {
			v.epochs = append(v.epochs, e)
		}
	}
	v.reports.book.Add(r)
	return err
}

// chain checks that a subject's leaves follow each other without a gap.
func (v *verifier) chain(r *Record, missing []string) error {
	l := &r.Leaf
	c := v.chains[[2]string{l.Subject, l.Key}]
	if c == nil {
		at := [2]string{strings.Clone(l.Subject), strings.Clone(l.Key)} // a leaf is much larger
		c = &chain{head: Head{Subject: at[0], Key: at[1], Index: -1}}
		if l.Seq > 1 && l.Prev == 0 && v.sealed {
			c.head.Seq, c.head.Index = l.Seq-1, 0
			v.out.Notes = append(v.out.Notes, fmt.Sprintf("%s: changes 1 to %d were written before the log and are covered by its seal only", token(l.Key), l.Seq-1))
		}
		v.chains[at] = c
	}
	if l.Seq != c.head.Seq+1 || l.Prev != c.head.Index {
		return fmt.Errorf("%s is change %d of %s after leaf %d, but the pack has change %d at leaf %d before it", l.Kind, l.Seq, token(l.Key), l.Prev, c.head.Seq, c.head.Index)
	}
	c.head.Seq, c.head.Index, c.head.Nonce = l.Seq, r.Index, l.Nonce
	for _, name := range missing {
		if c.unopened == nil {
			c.unopened = map[string]int{}
		}
		c.unopened[fieldOf(name)]++
	}
	v.out.Unopened += len(missing)
	if l.Kind == "erase" {
		for _, f := range l.Fields {
			delete(c.unopened, f.Name)
		}
	}
	return nil
}

// fieldOf is the field of a value's place: "title" of "title/to".
func fieldOf(name string) string {
	field, _, _ := strings.Cut(name, "/")
	return field
}
