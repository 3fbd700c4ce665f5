package evidence

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Head is the newest leaf of one subject. An index is the tree over all heads,
// sorted: leaving a subject or its last changes out of a pack then contradicts
// a leaf of the log.
type Head struct {
	Subject, Key string
	Seq          int64    // of the newest leaf within the subject
	Index        int64    // of the newest leaf in the log
	Nonce        [16]byte // of the newest leaf; keeps the hash of a hidden head from being guessed
}

func (h Head) line() string {
	return strings.Join([]string{h.Subject, token(h.Key), strconv.FormatInt(h.Seq, 10), strconv.FormatInt(h.Index, 10), hex.EncodeToString(h.Nonce[:])}, " ")
}

func (h Head) hash() tlog.Hash { return tlog.RecordHash([]byte(h.line())) }

// Heads collects the heads of a log, leaf by leaf.
type Heads map[[2]string]Head

// Add notes a leaf.
func (hs Heads) Add(index int64, l *Leaf) {
	if l.Subject != "" {
		hs[[2]string{l.Subject, l.Key}] = Head{l.Subject, l.Key, l.Seq, index, l.Nonce}
	}
}

// Sorted returns the heads in the order of the index.
func (hs Heads) Sorted() []Head {
	out := make([]Head, 0, len(hs))
	for _, h := range hs {
		out = append(out, h)
	}
	slices.SortFunc(out, compareHeads)
	return out
}

func compareHeads(a, b Head) int {
	return cmp.Or(strings.Compare(a.Subject, b.Subject), strings.Compare(token(a.Key), token(b.Key)))
}

// Root returns the root over all heads.
func (hs Heads) Root() tlog.Hash {
	var r Range
	for _, h := range hs.Sorted() {
		r.Add(h.hash())
	}
	return r.Root()
}

// IndexData is what an index leaf says: the root over the heads of the first
// size leaves, and their number.
func IndexData(hs Heads, size int64) []Field {
	root := hs.Root()
	return []Field{Datum("upto", strconv.FormatInt(size, 10)), Datum("subjects", strconv.Itoa(len(hs))), Datum("root", hex.EncodeToString(root[:]))}
}
