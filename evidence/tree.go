package evidence

import (
	"crypto/sha256"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Range is the right edge of a growing tree: the hashes of its complete
// subtrees, largest first. Adding a leaf and taking the root cost O(log n).
type Range struct {
	size  int64
	edges []tlog.Hash
}

// NewRange continues a tree of a size from its stored edges.
func NewRange(size int64, edges []byte) (*Range, error) {
	if size < 0 || len(edges) != tlog.HashSize*bits.OnesCount64(uint64(size)) {
		return nil, fmt.Errorf("a tree of %d leaves has not %d bytes of edges", size, len(edges))
	}
	r := &Range{size: size}
	for ; len(edges) > 0; edges = edges[tlog.HashSize:] {
		r.edges = append(r.edges, tlog.Hash(edges[:tlog.HashSize]))
	}
	return r, nil
}

// Size returns the number of leaves.
func (r *Range) Size() int64 { return r.size }

// Edges returns what NewRange continues from.
func (r *Range) Edges() []byte {
	out := make([]byte, 0, len(r.edges)*tlog.HashSize)
	for _, h := range r.edges {
		out = append(out, h[:]...)
	}
	return out
}

// Add appends the hash of a leaf.
func (r *Range) Add(h tlog.Hash) {
	for n := r.size; n&1 == 1; n >>= 1 {
		h = tlog.NodeHash(r.edges[len(r.edges)-1], h)
		r.edges = r.edges[:len(r.edges)-1]
	}
	r.edges = append(r.edges, h)
	r.size++
}

// AddStored appends the hash of a leaf and returns what is to be stored with
// it: that hash and those of the subtrees it completes, level by level.
func (r *Range) AddStored(h tlog.Hash) []byte {
	stored := append(make([]byte, 0, 2*tlog.HashSize), h[:]...)
	edge := len(r.edges)
	for n := r.size; n&1 == 1; n >>= 1 {
		edge--
		h = tlog.NodeHash(r.edges[edge], h)
		stored = append(stored, h[:]...)
	}
	r.edges = append(r.edges[:edge], h)
	r.size++
	return stored
}

// Root returns the tree's head; that of an empty tree is SHA-256 of nothing.
func (r *Range) Root() tlog.Hash {
	if r.size == 0 {
		return sha256.Sum256(nil)
	}
	h := r.edges[len(r.edges)-1]
	for n := len(r.edges) - 2; n >= 0; n-- {
		h = tlog.NodeHash(r.edges[n], h)
	}
	return h
}

// Tree is a whole tree in memory, 64 bytes a leaf, for proofs.
type Tree struct {
	size   int64
	stored []tlog.Hash
}

// NewTree builds a tree from the hashes of its leaves.
func NewTree(leaves []tlog.Hash) (*Tree, error) {
	t := &Tree{stored: make([]tlog.Hash, 0, 2*len(leaves))}
	for _, h := range leaves {
		more, err := tlog.StoredHashesForRecordHash(t.size, h, t)
		if err != nil {
			return nil, err
		}
		t.stored = append(t.stored, more...)
		t.size++
	}
	return t, nil
}

// ReadHashes implements tlog.HashReader.
func (t *Tree) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for n, i := range at {
		if i < 0 || i >= int64(len(t.stored)) {
			return nil, fmt.Errorf("the tree of %d leaves has no hash %d", t.size, i)
		}
		out[n] = t.stored[i]
	}
	return out, nil
}

// Prove returns the proof that leaf n is in the tree: one hash per level.
func (t *Tree) Prove(n int64) (tlog.RecordProof, error) { return tlog.ProveRecord(t.size, n, t) }

// ProveGrowth returns the proof that the tree continues the one of an older size.
func (t *Tree) ProveGrowth(old int64) (tlog.TreeProof, error) {
	return tlog.ProveTree(t.size, old, t)
}
