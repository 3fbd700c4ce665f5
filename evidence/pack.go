package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// recordHeader precedes each leaf in leaves.bin: its index in eight bytes and
// its length in two, big end first.
const recordHeader = 10

// LogRow is one leaf as it is stored, with the history row behind it; Change
// is nil for leaves about the log itself.
type LogRow struct {
	Index  int64
	Leaf   []byte
	Change *domain.Change
	Salts  []byte
}

// Rows reads the leaves of a log in order.
type Rows func(ctx context.Context, f func(LogRow) error) error

// Draft is a pack before its own leaf is in the log.
type Draft struct {
	Scope  Scope
	Heads  Heads
	Leaves int // disclosed
	files  map[string][]byte
	digest [32]byte
}

// NewDraft reads the first Upto leaves twice, first to see what belongs to the
// scope, then to write it down. previous is the last checkpoint that was given
// away, or nil; vkey is the log's public key, for reading only.
func NewDraft(ctx context.Context, scope Scope, rows Rows, vkey string, previous []byte) (*Draft, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	d := &Draft{Scope: scope, Heads: Heads{}, files: map[string][]byte{}}
	members := newMembership(scope)
	err := rows(ctx, func(r LogRow) error {
		l, err := ParseLeaf(r.Leaf)
		if err != nil {
			return err
		}
		d.Heads.Add(r.Index, &l)
		members.see(&l)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if scope.Incident != "" && !members.discloses("incident", scope.Incident) {
		return nil, domain.Errorf(domain.ErrNotFound, "incident: %q is not in the log", scope.Incident)
	}
	var leaves, openings, changes bytes.Buffer
	out, err := newReports(scope, &changes)
	if err != nil {
		return nil, err
	}
	err = rows(ctx, func(r LogRow) error {
		record, err := RecordOf(r)
		if err != nil || !members.has(&record.Leaf) {
			return err
		}
		writeRecord(&leaves, r.Index, r.Leaf)
		writeOpenings(&openings, &record)
		out.add(&record)
		d.Leaves++
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := d.finish(out, &changes); err != nil {
		return nil, err
	}
	d.files[fileLeaves], d.files[fileOpenings] = leaves.Bytes(), openings.Bytes()
	d.files[fileIndex] = d.indexText(members)
	d.files[fileKey] = []byte(vkey + "\n")
	d.files[fileScope] = jsonLines(scope)
	if previous != nil {
		d.files[filePrevious] = previous
	}
	d.digestAgain()
	return d, nil
}

// finish writes the files that are computed from the leaves.
func (d *Draft) finish(out *reports, changes *bytes.Buffer) error {
	if err := out.flush(); err != nil {
		return err
	}
	d.files[fileChanges] = changes.Bytes()
	for name, write := range out.files() {
		var content bytes.Buffer
		if err := write(&content); err != nil {
			return err
		}
		d.files[name] = content.Bytes()
	}
	return nil
}

func (d *Draft) digestAgain() { d.digest = sha256.Sum256([]byte(manifest(sums(d.files)))) }

// Data is what the pack's own leaf says: the index over all subjects and the
// hash of everything in the pack that existed before that leaf.
func (d *Draft) Data() []Field {
	size := 0
	for name, content := range d.files {
		if isContent(name) {
			size += len(content)
		}
	}
	data := append(IndexData(d.Heads, d.Scope.Upto), Datum("content", hexDigest(d.digest)), Datum("bytes", strconv.Itoa(size)), Datum("leaves", strconv.Itoa(d.Leaves)),
		Datum("from", d.Scope.From), Datum("to", d.Scope.To))
	if d.Scope.Incident != "" {
		data = append(data, Datum("incident", d.Scope.Incident))
	}
	if d.Scope.Team != "" {
		data = append(data, Datum("team", d.Scope.Team))
	}
	return data
}

// Digest is the hash of the pack's content, as its leaf has it.
func (d *Draft) Digest() string { return hexDigest(d.digest) }

// Write finishes the pack: its own leaf, the hashes of all leaves up to the
// checkpoint, 32 bytes each, and the signed checkpoint.
func (d *Draft) Write(w io.Writer, index int64, leaf, hashes []byte, checkpoint Checkpoint) error {
	var own bytes.Buffer
	writeRecord(&own, index, leaf)
	d.files[filePackLeaf], d.files[fileHashes], d.files[fileCheckpoint] = own.Bytes(), hashes, checkpoint.Note
	delete(d.files, fileManifest)
	d.files[fileManifest] = []byte(manifest(sums(d.files)))
	return writeArchive(w, d.files)
}

// indexText lists the heads in order: those in scope in clear, of the others
// only the hash, so that the root can be computed and nothing else is learnt.
func (d *Draft) indexText(members *membership) []byte {
	var b bytes.Buffer
	for _, h := range d.Heads.Sorted() {
		if members.discloses(h.Subject, h.Key) {
			b.WriteString(h.line())
		} else {
			hash := h.hash()
			b.WriteString("# " + hex.EncodeToString(hash[:]))
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func writeRecord(b *bytes.Buffer, index int64, leaf []byte) {
	head := binary.BigEndian.AppendUint64(nil, uint64(index))
	b.Write(binary.BigEndian.AppendUint16(head, uint16(len(leaf))))
	b.Write(leaf)
}

func writeOpenings(b *bytes.Buffer, r *Record) {
	for _, o := range r.Openings {
		b.WriteString(strconv.FormatInt(r.Index, 10) + " " + o.Name + " " + hex.EncodeToString(o.Salt) + " " + base64.StdEncoding.EncodeToString([]byte(o.Text)) + "\n")
	}
}

func sums(files map[string][]byte) map[string][32]byte {
	out := make(map[string][32]byte, len(files))
	for name, data := range files {
		out[name] = sha256.Sum256(data)
	}
	return out
}

// manifest lists hashes as sha256sum does, by name.
func manifest(sums map[string][32]byte) string {
	names := make([]string, 0, len(sums))
	for name := range sums {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		b.WriteString(hexDigest(sums[name]) + "  " + name + "\n")
	}
	return b.String()
}

// isContent reports whether a file is covered by the hash in the pack's leaf.
func isContent(name string) bool {
	return !slices.Contains([]string{fileManifest, fileCheckpoint, fileHashes, filePackLeaf}, name)
}
