package evidence

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"golang.org/x/mod/sumdb/tlog"
)

// Verify judges a pack with nothing but its bytes and the log's public key, or
// several when the log has changed it, with space between. It
// opens no file and no connection, runs nothing, and reads the pack as a
// stream. since is an older checkpoint that the caller has kept, or nil: the
// log must continue it.
func Verify(pack io.ReaderAt, size int64, key string, since []byte) Verdict {
	v := &verifier{out: Verdict{Completeness: OK}, chains: map[[2]string]*chain{}}
	if err := v.run(pack, size, key, since); err != nil {
		v.out.fail(err)
		return v.out
	}
	v.out.Integrity = OK
	return v.out
}

type verifier struct {
	out     Verdict
	a       *archive
	verify  Keys
	head    Checkpoint
	scope   Scope
	sums    map[string][32]byte
	own     ownLeaf
	chains  map[[2]string]*chain
	reports *reports
	changes hash.Hash // of changes.csv, while the leaves pass by
	sealed  bool
	epochs  []Epoch
	older   *Checkpoint
	// restored says that older is of an epoch before a restore, on leaves that were lost.
	restored bool
}

// ownLeaf is the leaf about the pack itself.
type ownLeaf struct {
	index int64
	leaf  Leaf
	hash  tlog.Hash
}

// chain is what is known of one subject while its leaves pass by.
type chain struct {
	head Head
	// unopened are the values without opening that no erasure has explained yet, by field.
	unopened map[string]int
}

func (v *verifier) run(pack io.ReaderAt, size int64, key string, since []byte) (err error) {
	if v.verify, err = ParseKeys(key); err != nil {
		return fmt.Errorf("%w: %w", errUnjudged, err)
	}
	var older *Checkpoint
	if since != nil {
		c, err := OpenCheckpoint(since, v.verify)
		if err != nil {
			return fmt.Errorf("%w: the older checkpoint: %w", errUnjudged, err)
		}
		older = &c
	}
	if v.a, err = openArchive(pack, size); err != nil {
		return err
	}
	if err := v.readHeads(); err != nil {
		return err
	}
	if err := v.readOwn(); err != nil {
		return err
	}
	if err := v.checkRoot(older); err != nil {
		return err
	}
	for _, step := range []func() error{v.sumFiles, v.checkContent, v.readLeaves, v.checkReports, v.checkIndex} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// readHeads reads what is small: scope and checkpoint, with its signature.
func (v *verifier) readHeads() error {
	signed, err := v.a.small(fileCheckpoint)
	if err != nil {
		return err
	}
	if v.head, err = openOwn(signed, v.verify); err != nil {
		return err
	}
	if want := v.head.Size * tlog.HashSize; v.a.members[fileHashes].size != want {
		return fmt.Errorf("the checkpoint covers %d leaves and the pack has hashes of %d", v.head.Size, v.a.members[fileHashes].size/tlog.HashSize)
	}
	text, err := v.a.small(fileScope)
	if err != nil {
		return err
	}
	if v.scope, err = parseScope(text); err != nil {
		return err
	}
	v.out.Origin, v.out.Size, v.out.Scope = v.head.Origin, v.head.Size, v.scope
	v.out.Root = hexDigest(v.head.Root)
	if v.scope.Log != v.verify.Name() {
		return fmt.Errorf("the pack is of the log %.80q and the key of %q", v.scope.Log, v.verify.Name())
	}
	v.changes = sha256.New()
	v.reports, err = newReports(v.scope, v.changes)
	return err
}
