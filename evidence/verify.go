package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/url"
	"strconv"
	"strings"

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
	sealed  bool
	epochs  []string
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
	v.reports, err = newReports(v.scope)
	return err
}

// sumFiles hashes every file once and compares checksums and manifest.
func (v *verifier) sumFiles() error {
	v.sums = map[string][32]byte{}
	buffer := make([]byte, 1<<18)
	for name, m := range v.a.members {
		sum, crc := sha256.New(), crc32.NewIEEE()
		n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(sum, crc)}, struct{ io.Reader }{v.a.open(name)}, buffer)
		if err != nil || n != m.size {
			return fmt.Errorf("%w: %s cannot be read", errUnjudged, name)
		}
		if crc.Sum32() != m.crc {
			return fmt.Errorf("%s was damaged or changed", name)
		}
		v.sums[name] = [32]byte(sum.Sum(nil))
	}
	all := make(map[string][32]byte, len(v.sums))
	for name, sum := range v.sums {
		if name != fileManifest {
			all[name] = sum
		}
	}
	text, err := v.a.small(fileManifest)
	if err != nil {
		return err
	}
	if string(text) != manifest(all) {
		return errors.New("MANIFEST.sha256 does not name the files of the pack with their hashes")
	}
	return nil
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
	root, ok := roots[older.Size]
	switch {
	case !ok:
		return fmt.Errorf("%w: the older checkpoint covers %d leaves and this pack only %d; ask for a newer pack", errUnjudged, older.Size, v.head.Size)
	case root == older.Root:
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("the log continues the checkpoint of %d leaves that you kept", older.Size))
	case older.Origin == v.head.Origin:
		return fmt.Errorf("the log does not continue the checkpoint of %d leaves that you kept: it was rewritten", older.Size)
	default:
		v.restored = true // judged when the leaves have said why
	}
	return nil
}

// readLeaves checks every disclosed leaf against its hash, its chain and its
// openings.
func (v *verifier) readLeaves() error {
	hashes := v.a.open(fileHashes)
	openings := newOpeningReader(v.a.open(fileOpenings))
	window := make([]byte, 1<<15) // of hashes, from leaf start on
	var start, count, last int64 = 0, 0, -1
	leaves, stop := parseAhead(v.a.open(fileLeaves))
	defer stop()
	for batch := range leaves {
		for _, p := range batch {
			if p.unread != nil {
				return p.unread
			}
			if p.index <= last || p.index >= v.scope.Upto {
				return fmt.Errorf("leaf %d is not in order, or newer than the pack", p.index)
			}
			last = p.index
			if p.index >= start+count {
				n, err := hashes.ReadAt(window, p.index*tlog.HashSize)
				if n < tlog.HashSize {
					return fmt.Errorf("%w: the hashes cannot be read: %w", errUnjudged, err)
				}
				start, count = p.index, int64(n/tlog.HashSize)
			}
			if at := (p.index - start) * tlog.HashSize; p.hash != tlog.Hash(window[at:at+tlog.HashSize]) {
				return fmt.Errorf("leaf %d is not the one in the log", p.index)
			}
			if err := v.leaf(p, openings); err != nil {
				return fmt.Errorf("leaf %d: %w", p.index, err)
			}
		}
	}
	if err := openings.end(); err != nil {
		return err
	}
	if v.restored {
		return fmt.Errorf("%w: the log was restored and began a new epoch, so it does not continue your checkpoint of %d leaves%s", errUnjudged, v.older.Size, strings.Join(v.epochs, ""))
	}
	return nil
}

// leaf checks one disclosed leaf.
func (v *verifier) leaf(p parsedLeaf, openings *openingReader) error {
	if p.malformed != nil {
		return p.malformed
	}
	l := p.leaf
	if l.Log != v.verify.Name() {
		return errors.New("it is of another log")
	}
	v.out.Leaves++
	record := Record{Index: p.index, Leaf: l}
	missing, err := openings.of(&record)
	if err != nil {
		return err
	}
	switch {
	case l.Subject != "":
		err = v.chain(&record, missing)
	case l.Kind == KindSeal && p.index == 0:
		v.sealed = l.Data("rows") != "0"
	case l.Kind == KindKey:
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("leaf %d says: the key that signs was changed to %s, reason %s", p.index, l.Data("key"), l.Data("reason")))
	case l.Kind == KindEpoch:
		v.epochs = append(v.epochs, fmt.Sprintf("; leaf %d says: it was at %s leaves, reason %s", p.index, l.Data("lost_size"), l.Data("reason")))
	}
	v.reports.add(&record)
	return err
}

// chain checks that a subject's leaves follow each other without a gap.
func (v *verifier) chain(r *Record, missing []string) error {
	l := &r.Leaf
	at := [2]string{l.Subject, l.Key}
	c := v.chains[at]
	if c == nil {
		c = &chain{head: Head{Index: -1}}
		if l.Seq > 1 && l.Prev == 0 && v.sealed {
			c.head = Head{Seq: l.Seq - 1, Index: 0}
			v.out.Notes = append(v.out.Notes, fmt.Sprintf("%s: changes 1 to %d were written before the log and are covered by its seal only", token(l.Key), l.Seq-1))
		}
		v.chains[at] = c
	}
	if l.Seq != c.head.Seq+1 || l.Prev != c.head.Index {
		return fmt.Errorf("%s is change %d of %s after leaf %d, but the pack has change %d at leaf %d before it", l.Kind, l.Seq, token(l.Key), l.Prev, c.head.Seq, c.head.Index)
	}
	c.head = Head{l.Subject, l.Key, l.Seq, r.Index, l.Nonce}
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

// checkReports computes the readable files again from the leaves.
func (v *verifier) checkReports() error {
	files, err := v.reports.finish()
	if err != nil {
		return err
	}
	v.out.Flags = len(v.reports.book.Flags())
	for name, data := range files {
		if sha256.Sum256(data) != v.sums[name] {
			return fmt.Errorf("%s is not what the leaves say", name)
		}
	}
	return nil
}

// checkIndex judges completeness: the heads in the pack against the root that
// the pack's leaf holds.
func (v *verifier) checkIndex() error {
	var r Range
	in := bufio.NewScanner(v.a.open(fileIndex))
	in.Buffer(make([]byte, 4096), 4096)
	var last string
	shown := 0
	for in.Scan() {
		line := in.Text()
		if text, ok := strings.CutPrefix(line, "# "); ok {
			h, err := hex.DecodeString(text)
			if err != nil || len(h) != tlog.HashSize {
				return errors.New("index.txt has a line that is no hash")
			}
			r.Add(tlog.Hash(h))
			v.out.Hidden++
			continue
		}
		shown++
		parts := strings.SplitN(line, " ", 3)
		if len(parts) != 3 || parts[0]+" "+parts[1] <= last {
			return errors.New("the lines of index.txt are not in order")
		}
		last = parts[0] + " " + parts[1]
		r.Add(tlog.RecordHash([]byte(line)))
		if !v.shown(line, parts) {
			v.out.incomplete(Wrong, "the log has other or newer changes of %.80s than the pack shows", last)
		}
	}
	if in.Err() != nil {
		return errors.New("index.txt has a line that is too long")
	}
	v.out.Subjects = len(v.chains)
	root := r.Root()
	if hex.EncodeToString(root[:]) != v.own.leaf.Data("root") || strconv.Itoa(shown+v.out.Hidden) != v.own.leaf.Data("subjects") {
		return errors.New("index.txt does not have the root that the log holds")
	}
	v.judge(shown)
	return nil
}

// shown reports whether a line of the index is the head of a chain in the pack.
func (v *verifier) shown(line string, parts []string) bool {
	key, err := url.PathUnescape(parts[1])
	if err != nil {
		return false
	}
	c := v.chains[[2]string{parts[0], key}]
	return c != nil && c.head.line() == line
}

func (v *verifier) judge(shown int) {
	if shown != len(v.chains) {
		v.out.incomplete(Wrong, "the pack shows changes of %d subjects and its index names %d", len(v.chains), shown)
	}
	if v.scope.Everything() && (v.out.Hidden > 0 || int64(v.out.Leaves) != v.scope.Upto) {
		v.out.incomplete(Wrong, "the pack claims to show everything, but shows %d of %d leaves", v.out.Leaves, v.scope.Upto)
	}
	if strconv.Itoa(v.out.Leaves) != v.own.leaf.Data("leaves") {
		v.out.incomplete(Wrong, "the pack shows %d leaves and the log says %.20s", v.out.Leaves, v.own.leaf.Data("leaves"))
	}
	withheld := 0
	for _, c := range v.chains {
		for _, n := range c.unopened {
			withheld += n
		}
	}
	if withheld > 0 {
		v.out.incomplete(CannotJudge, "%d values are not opened and no leaf says that they were erased", withheld)
	}
	if v.out.Hidden > 0 {
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("%d subjects of the log are outside the scope and not shown", v.out.Hidden))
	}
	if v.out.Unopened > withheld {
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("%d values were erased; the log says so", v.out.Unopened-withheld))
	}
	if n := len(v.reports.book.Flags()); n > 0 {
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("%d red flags; see report.html", n))
	}
}
