package evidence

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

const mutants = 500

// TestMutants changes a pack in 500 ways. Half of them are what a stranger can
// do, among them packs whose checksums and manifest were made anew; the other
// half what somebody who holds the log's key can do. Neither verifier accepts
// one, and they agree on every exit code.
func TestMutants(t *testing.T) {
	seed := uint64(20261125)
	t.Log("seed", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	l := newTestLog(t).story()
	old := l.checkpoint().Note
	erased := l.erase(domain.SubjectMeasure, "M-6", "title")
	base := map[string][]byte{}
	for name, edit := range map[string]func(*Scope){"all": func(*Scope) {}, "team": func(s *Scope) { s.Team = "t_a" }} {
		s := l.scope()
		edit(&s)
		base[name] = l.pack(s, old, nil)
		if v := l.verify(base[name], old); v.ExitCode() != 0 {
			t.Fatalf("%s: %s", name, v)
		}
	}
	if erased == 0 {
		t.Fatal("nothing was erased")
	}
	folder := t.TempDir()
	want := map[string]int{}
	for _, name := range []string{"all", "team"} {
		file := filepath.Join(folder, "good-"+name)
		want[file] = 0
		write(t, file, base[name])
	}
	for n := range mutants {
		pack, what := []byte(nil), ""
		if n%2 == 0 {
			pack, what = strangersMutant(t, rng, base[[]string{"all", "team"}[n/2%2]])
		} else {
			pack, what = l.ownersMutant(rng, n/2)
		}
		v := l.verify(pack, nil)
		if v.ExitCode() == 0 {
			t.Errorf("mutant %d was accepted: %s", n, what)
		}
		file := filepath.Join(folder, fmt.Sprintf("%03d", n))
		want[file] = v.ExitCode()
		write(t, file, pack)
		if testing.Verbose() && n < 40 {
			t.Logf("%s: %s", what, strings.Join(v.Findings, "; "))
		}
	}
	got := secondVerifier(t, l.vkey, slices.Sorted(maps.Keys(want)))
	for file, code := range want {
		if got[file] != code {
			t.Errorf("%s: exit %d here, %d in the second verifier", filepath.Base(file), code, got[file])
		}
	}
	t.Logf("%d mutants, %d verdicts of the second verifier", mutants, len(got))
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// secondVerifier runs docs/verify/verify.py and returns its exit code per pack.
func secondVerifier(t *testing.T, vkey string, files []string, options ...string) map[string]int {
	t.Helper()
	for _, tool := range []string{"python3", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed; the second verifier needs it", tool)
		}
	}
	cmd := exec.CommandContext(t.Context(), "python3", slices.Concat([]string{"../docs/verify/verify.py"}, options, []string{vkey}, files)...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	got := map[string]int{}
	for line := range strings.Lines(string(out)) {
		file, text, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(text, "OK "):
			got[file] = 0
		case strings.HasPrefix(text, "WRONG "):
			got[file] = 1
		case strings.HasPrefix(text, "CANNOT JUDGE"):
			got[file] = 2
		}
		if testing.Verbose() && len(got) < 40 {
			t.Log(strings.TrimSpace(strings.TrimPrefix(line, filepath.Dir(file))))
		}
	}
	return got
}

// unpack takes the files out of a good pack.
func unpack(t testing.TB, pack []byte) map[string][]byte {
	t.Helper()
	a, err := openArchive(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for name := range a.members {
		if files[name], err = a.small(name); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// repack writes an archive whose checksums and manifest are right.
func repack(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	delete(files, fileManifest)
	files[fileManifest] = []byte(manifest(sums(files)))
	var out bytes.Buffer
	if err := writeArchive(&out, files); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func strangersMutant(t testing.TB, rng *rand.Rand, pack []byte) ([]byte, string) {
	t.Helper()
	pack = bytes.Clone(pack)
	files := unpack(t, pack)
	names := slices.Sorted(maps.Keys(files))
	name := names[rng.IntN(len(names))]
	at := func(b []byte) int { return rng.IntN(max(len(b), 1)) }
	switch rng.IntN(9) {
	case 0: // one bit anywhere
		n := at(pack)
		pack[n] ^= 1 << rng.IntN(8)
		return pack, fmt.Sprint("bit at ", n)
	case 1: // one bit in the structure at the end
		n := len(pack) - 1 - rng.IntN(700)
		pack[n] ^= 1 << rng.IntN(8)
		return pack, fmt.Sprint("bit at ", n)
	case 2:
		return pack[:at(pack)], "cut off"
	case 3:
		return append(pack, byte(rng.IntN(256))), "longer"
	case 4: // both checksums of one file
		var crc [4]byte
		binary.LittleEndian.PutUint32(crc[:], crc32.ChecksumIEEE(files[name]))
		wrong := bytes.Clone(crc[:])
		wrong[0] ^= 1
		return bytes.ReplaceAll(pack, crc[:], wrong), "checksum of " + name
	case 5:
		delete(files, name)
		if name == fileManifest {
			delete(files, fileKey)
			name = fileKey
		}
		return repack(t, files), "without " + name
	case 6: // a bit in one file, everything around made right
		if name == fileManifest {
			name = fileCheckpoint
		}
		n := at(files[name])
		files[name] = bytes.Clone(files[name])
		files[name][n] ^= 1 << rng.IntN(7)
		return repack(t, files), fmt.Sprint(name, " bit at ", n)
	case 7: // a line doubled or dropped
		name = []string{fileOpenings, fileIndex, fileChanges, fileRegister, fileCheckpoint}[rng.IntN(5)]
		lines := bytes.SplitAfter(files[name], []byte("\n"))
		n := rng.IntN(len(lines) - 1)
		if rng.IntN(2) == 0 {
			files[name] = bytes.Join(slices.Delete(slices.Clone(lines), n, n+1), nil)
		} else {
			files[name] = bytes.Join(slices.Insert(slices.Clone(lines), n, lines[n]), nil)
		}
		return repack(t, files), fmt.Sprint(name, " line ", n)
	default: // a file longer by a byte or empty
		if name == fileManifest {
			name = fileHashes
		}
		if rng.IntN(2) == 0 || len(files[name]) == 0 {
			files[name] = append(bytes.Clone(files[name]), ' ')
		} else {
			files[name] = nil
		}
		return repack(t, files), name + " of another size"
	}
}

// ownersMutant is a pack that is signed and consistent, but does not show what
// it should: what the holder of the key could hand over.
func (l *testLog) ownersMutant(rng *rand.Rand, n int) ([]byte, string) {
	l.t.Helper()
	s := l.scope()
	kinds := []string{"leaf left out", "leaf left out of the end", "opening left out", "other text", "hidden subject", "head of an older leaf", "subject not in the index", "wrong upto", "gap", "leaf twice", "other digits", "epoch out of nothing"}
	what := kinds[n%len(kinds)]
	switch what {
	case "gap":
		return l.brokenLog(rng), what
	case "epoch out of nothing":
		l.epoch = 1 + int64(rng.IntN(3))
		defer func() { l.epoch = 0 }()
	}
	return l.pack(s, nil, func(d *Draft) {
		leaves := records(d.files[fileLeaves])
		openings := bytes.SplitAfter(d.files[fileOpenings], []byte("\n"))
		openings = openings[:len(openings)-1]
		index := bytes.SplitAfter(d.files[fileIndex], []byte("\n"))
		at := rng.IntN(len(leaves))
		switch what {
		case "leaf left out":
			d.drop(leaves, at)
		case "leaf left out of the end":
			d.drop(leaves, len(leaves)-1)
		case "opening left out":
			at := rng.IntN(len(openings))
			d.files[fileOpenings] = bytes.Join(slices.Delete(openings, at, at+1), nil)
			d.render()
		case "other text":
			line := bytes.Fields(openings[rng.IntN(len(openings))])
			d.files[fileOpenings] = bytes.Replace(d.files[fileOpenings], line[3], []byte("Zm9v"), 1)
		case "other digits": // the same number, salt or text, written in another way
			at := rng.IntN(len(openings))
			line := bytes.Fields(openings[at])
			switch rng.IntN(3) {
			case 0:
				line[0] = append([]byte("0"), line[0]...)
			case 1:
				line[2] = append(bytes.ToUpper(line[2]), ' ')
			default:
				line[3] = append(bytes.TrimRight(line[3], "="), "\r="...)
			}
			openings[at] = append(bytes.Join(line, []byte(" ")), '\n')
			d.files[fileOpenings] = bytes.Join(openings, nil)
		case "hidden subject":
			for n, line := range index {
				if bytes.HasPrefix(line, []byte("measure")) {
					d.files[fileIndex] = bytes.Replace(d.files[fileIndex], index[n], []byte("# "+strings.Repeat("ab", 32)+"\n"), 1)
				}
			}
		case "head of an older leaf":
			for at, h := range d.Heads {
				if h.Seq > 1 {
					h.Seq--
					d.Heads[at] = h
					break
				}
			}
			d.files[fileIndex] = d.indexText(everyone(d))
		case "subject not in the index":
			for at := range d.Heads {
				delete(d.Heads, at)
				break
			}
			d.files[fileIndex] = d.indexText(everyone(d))
		case "wrong upto":
			d.Scope.Upto--
			d.files[fileScope] = jsonLines(d.Scope)
		case "leaf twice":
			leaves = slices.Insert(leaves, at, leaves[at])
			d.files[fileLeaves] = bytes.Join(leaves, nil)
		}
	}), what
}

func everyone(d *Draft) *membership {
	m := newMembership(d.Scope)
	for at := range d.Heads {
		m.in[at] = true
	}
	return m
}

// records splits leaves.bin.
func records(data []byte) [][]byte {
	var out [][]byte
	for len(data) > 0 {
		n := recordHeader + int(binary.BigEndian.Uint16(data[8:]))
		out = append(out, data[:n:n])
		data = data[n:]
	}
	return out
}

// drop leaves a leaf out, with its openings, and makes the reports fit.
func (d *Draft) drop(leaves [][]byte, at int) {
	prefix := fmt.Appendf(nil, "%d ", binary.BigEndian.Uint64(leaves[at]))
	var kept [][]byte
	for _, line := range bytes.SplitAfter(d.files[fileOpenings], []byte("\n")) {
		if !bytes.HasPrefix(line, prefix) {
			kept = append(kept, line)
		}
	}
	d.files[fileOpenings] = bytes.Join(kept, nil)
	d.files[fileLeaves] = bytes.Join(slices.Delete(slices.Clone(leaves), at, at+1), nil)
	d.Leaves--
	d.render()
}

// render computes the reports from the leaves and openings as they are now.
func (d *Draft) render() {
	var changes bytes.Buffer
	out, err := newReports(d.Scope, &changes)
	if err != nil {
		panic(err)
	}
	lines := newOpeningLines(bytes.NewReader(d.files[fileOpenings]))
	for _, r := range records(d.files[fileLeaves]) {
		leaf, err := ParseLeaf(r[recordHeader:])
		if err != nil {
			panic(err)
		}
		record := Record{Index: int64(binary.BigEndian.Uint64(r)), Leaf: leaf}
		own, err := lines.upto(record.Index, nil)
		if err != nil {
			panic(err)
		}
		if _, _, err := new(opener).open(&record, own); err != nil {
			panic(err)
		}
		out.add(&record)
	}
	if err := d.finish(out, &changes); err != nil {
		panic(err)
	}
}

// brokenLog is a log in which one change says that it follows another.
func (l *testLog) brokenLog(rng *rand.Rand) []byte {
	other := newTestLog(l.t)
	other.signer, other.vkey = l.signer, l.vkey
	other.story()
	at := [2]string{"measure", "M-2"}
	last := other.last[at]
	switch rng.IntN(3) {
	case 0:
		last[0]++
	case 1:
		last[1]--
	default:
		last[0]--
	}
	other.last[at] = last
	other.set("M-2", "priority", "P1", "P2")
	return other.pack(other.scope(), nil, nil)
}

// erase empties a field of a subject as the store does, and returns how many
// values that were.
func (l *testLog) erase(subject domain.Subject, key, field string) int {
	n := 0
	for at := range l.rows {
		r := &l.rows[at]
		if r.Change == nil || r.Change.Subject != subject || r.Change.Key != key {
			continue
		}
		leaf, err := ParseLeaf(r.Leaf)
		if err != nil {
			l.t.Fatal(err)
		}
		n += Erase(leaf, r.Change, r.Salts, func(name string) bool { return fieldOf(name) == field })
	}
	l.change(subject, key, ErasedField(field, n))
	return n
}
