package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"runtime"
	"strconv"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// sumFiles hashes every file once, a few at a time, and compares checksums and
// manifest.
func (v *verifier) sumFiles() error {
	names := make(chan string, len(v.a.members))
	for _, name := range packFiles() {
		if v.a.has(name) {
			names <- name
		}
	}
	close(names)
	var all sync.WaitGroup
	var mu sync.Mutex // guards sums and wrong
	v.sums = map[string][32]byte{}
	wrong := map[string]error{}
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			buffer := make([]byte, 1<<18)
			for name := range names {
				sum, err := v.sumFile(name, buffer)
				mu.Lock()
				v.sums[name], wrong[name] = sum, err
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for _, name := range packFiles() {
		if err := wrong[name]; err != nil {
			return err
		}
	}
	content := maps.Clone(v.sums)
	delete(content, fileManifest)
	text, err := v.a.small(fileManifest)
	if err != nil {
		return err
	}
	if string(text) != manifest(content) {
		return errors.New("MANIFEST.sha256 does not name the files of the pack with their hashes")
	}
	return nil
}

func (v *verifier) sumFile(name string, buffer []byte) (out [32]byte, err error) {
	m, sum, crc := v.a.members[name], sha256.New(), crc32.NewIEEE()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(sum, crc)}, struct{ io.Reader }{v.a.open(name)}, buffer)
	if err != nil || n != m.size {
		return out, fmt.Errorf("%w: %s cannot be read", errUnjudged, name)
	}
	if crc.Sum32() != m.crc {
		return out, fmt.Errorf("%s was damaged or changed", name)
	}
	return [32]byte(sum.Sum(nil)), nil
}

// readOwn reads the leaf about the pack: it fixes every byte of the content.
func (v *verifier) readOwn() error {
	data, err := v.a.small(filePackLeaf)
	if err != nil {
		return err
	}
	in := bufio.NewReader(bytes.NewReader(data))
	index, leaf, err := readRecord(in, nil)
	if err != nil {
		return err
	}
	if _, err := in.ReadByte(); err != io.EOF { //nolint:errorlint // bytes.Reader returns it bare
		return errors.New("pack-leaf.bin has more than one leaf")
	}
	l, err := ParseLeaf(leaf)
	if err != nil {
		return fmt.Errorf("the leaf of the pack: %w", err)
	}
	v.own = ownLeaf{index: index, leaf: l, hash: tlog.RecordHash(leaf)}
	same := func(name, want string) bool { return l.Data(name) == clearToken(want) }
	var bytes int64
	for name, m := range v.a.members {
		if isContent(name) {
			bytes += m.size
		}
	}
	switch {
	case l.Kind != KindPack || l.Log != v.verify.Name():
		return errors.New("pack-leaf.bin holds another kind of leaf")
	case l.Data("bytes") != strconv.FormatInt(bytes, 10):
		return errors.New("the content has not the size that the log holds")
	case index < v.scope.Upto || l.Data("upto") != strconv.FormatInt(v.scope.Upto, 10):
		return errors.New("the leaf of the pack does not lie behind the leaves it is about")
	case !same("from", v.scope.From) || !same("to", v.scope.To) || !same("incident", v.scope.Incident) || !same("team", v.scope.Team):
		return errors.New("the scope is not the one the log holds")
	}
	return nil
}

// checkContent compares the content with its hash in the pack's leaf.
func (v *verifier) checkContent() error {
	content := map[string][32]byte{}
	for name, sum := range v.sums {
		if isContent(name) {
			content[name] = sum
		}
	}
	if sum := sha256.Sum256([]byte(manifest(content))); v.own.leaf.Data("content") != hexDigest(sum) {
		return errors.New("the content is not the one whose hash the log holds")
	}
	return nil
}

// clearToken is how Datum writes a text.
func clearToken(s string) string {
	if s == "" {
		return ""
	}
	return token(s)
}
