package evidence

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"testing"
)

// zipOf makes an ordinary ZIP file, as another program would.
func zipOf(t testing.TB, method uint16, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for n := 0; n+1 < len(files); n += 2 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: files[n], Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[n+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// zeros is a file of any size without the memory for it.
type zeros struct{ tail []byte }

func (z zeros) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	return len(p), nil
}

// tailed is a huge file of nothing that ends like a pack.
type tailed struct {
	zeros
	size int64
}

func (f tailed) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.zeros.ReadAt(p, at)
	if from := f.size - int64(len(f.tail)); at+int64(len(p)) > from {
		for i := range p {
			if pos := at + int64(i) - from; pos >= 0 && pos < int64(len(f.tail)) {
				p[i] = f.tail[pos]
			}
		}
	}
	return n, err
}

// A pack comes from a stranger. Each of these is refused with a sentence, and
// without unpacking, allocating or reading much: the figures of the benchmark
// below are in docs/evidence.md.
func hostilePacks(t testing.TB) map[string][]byte {
	t.Helper()
	l := newTestLog(t).story()
	good := l.pack(l.scope(), nil, nil)
	files := unpack(t, good)
	million := manyEntries(t, 1_000_000)
	lying := bytes.Clone(good)
	binary.LittleEndian.PutUint32(lying[len(lying)-10:], 0xfffffff0) // size of the directory
	sized := bytes.Clone(good)
	at := bytes.LastIndex(sized, []byte(fileScope)) - centralHeader
	binary.LittleEndian.PutUint32(sized[at+24:], 1<<31) // a file that claims two gigabytes
	bigCheckpoint := mapsClone(files)
	bigCheckpoint[fileCheckpoint] = bytes.Repeat([]byte("x"), 10<<20)
	manySignatures := mapsClone(files)
	manySignatures[fileCheckpoint] = append(bytes.Clone(files[fileCheckpoint]), strings.Repeat("— w AAAAAAAA\n", 1000)...)
	hugeLine := mapsClone(files)
	hugeLine[fileOpenings] = bytes.Repeat([]byte("1"), 50<<20)
	hugeLeaf := mapsClone(files)
	hugeLeaf[fileLeaves] = bytes.Repeat([]byte{0xff}, 50<<20)
	return map[string][]byte{
		"nothing":             nil,
		"text":                []byte("this is no pack, " + strings.Repeat("really ", 100)),
		"bomb":                zipOf(t, zip.Deflate, fileLeaves, strings.Repeat("\x00", 64<<20)),
		"bomb in a bomb":      zipOf(t, zip.Deflate, fileLeaves, string(zipOf(t, zip.Deflate, fileLeaves, strings.Repeat("\x00", 1<<20)))),
		"way out":             zipOf(t, zip.Store, "../../etc/passwd", "x"),
		"absolute":            zipOf(t, zip.Store, "/etc/passwd", "x"),
		"link":                zipOf(t, zip.Store, "leaves.bin\x00", "/etc/passwd"),
		"drive":               zipOf(t, zip.Store, `C:\leaves.bin`, "x"),
		"name twice":          zipOf(t, zip.Store, fileLeaves, "x", fileLeaves, "y"),
		"million entries":     million,
		"lying directory":     lying,
		"lying size":          sized,
		"large checkpoint":    repack(t, bigCheckpoint),
		"thousand signatures": repack(t, manySignatures),
		"endless line":        repack(t, hugeLine),
		"endless leaf":        repack(t, hugeLeaf),
		"another program's":   zipOf(t, zip.Store, flat(files)...),
		"something in front":  append([]byte("MZ"), good...),
	}
}

func mapsClone(in map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	maps.Copy(out, in)
	return out
}

func flat(files map[string][]byte) []string {
	var out []string
	for name, data := range files {
		out = append(out, name, string(data))
	}
	return out
}

func manyEntries(t testing.TB, n int) []byte {
	t.Helper()
	var b []byte
	for i := range n {
		m := member{name: fmt.Sprintf("%07d", i), offset: localHeader + 7}
		b = append(b, m.central()...)
	}
	size := len(b)
	b = append(b, "PK\x05\x06\x00\x00\x00\x00\xff\xff\xff\xff"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	return append(b, make([]byte, 6)...)
}

func TestHostilePacks(t *testing.T) {
	vkey := newTestLog(t).vkey
	for name, pack := range hostilePacks(t) {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			v := Verify(bytes.NewReader(pack), int64(len(pack)), vkey, nil)
			runtime.ReadMemStats(&after)
			if v.ExitCode() == 0 || len(v.Findings) != 1 || len(v.Findings[0]) > 400 {
				t.Errorf("verdict %s", v)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
				t.Errorf("%d bytes were allocated", used)
			}
			t.Log(v.Findings[0])
		})
	}
}

// The owner's own key does not make a hostile pack cheap to refuse by
// accident: these pass the signature and are refused by size or hash.
func TestHostilePacksWithAGoodCheckpoint(t *testing.T) {
	l := newTestLog(t).story()
	files := unpack(t, l.pack(l.scope(), nil, nil))
	for name, data := range map[string][]byte{fileOpenings: bytes.Repeat([]byte("1"), 50<<20), fileLeaves: bytes.Repeat([]byte{0xff}, 50<<20), fileIndex: bytes.Repeat([]byte("#"), 50<<20)} {
		changed := mapsClone(files)
		changed[name] = data
		pack := repack(t, changed)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		v := l.verify(pack, nil)
		runtime.ReadMemStats(&after)
		if v.ExitCode() != 1 || after.TotalAlloc-before.TotalAlloc > 8<<20 {
			t.Errorf("%s: %d bytes allocated, %s", name, after.TotalAlloc-before.TotalAlloc, v)
		}
	}
}

func TestHugeFileIsNotRead(t *testing.T) {
	l := newTestLog(t).story()
	good := l.pack(l.scope(), nil, nil)
	for _, size := range []int64{1 << 30, 1 << 40} {
		v := Verify(tailed{zeros{tail: good[len(good)-3000:]}, size}, size, l.vkey, nil)
		if v.ExitCode() == 0 {
			t.Error("accepted")
		}
	}
}

func TestKeyAndSinceAreChecked(t *testing.T) {
	l := newTestLog(t).story()
	early := l.checkpoint()
	pack := l.pack(l.scope(), nil, nil)
	l.set("M-1", "priority", "P1", "P2")
	late := l.checkpoint()
	other := newTestLog(t).story() // another key of the same name
	fork := newTestLog(t).story()
	fork.signer, fork.vkey = l.signer, l.vkey
	for name, c := range map[string]struct {
		key   string
		since []byte
		want  int
	}{
		"no key":                  {"nonsense", nil, 2},
		"key of another":          {other.vkey, nil, 1},
		"older":                   {l.vkey, early.Note, 0},
		"newer than the pack":     {l.vkey, late.Note, 2},
		"no checkpoint":           {l.vkey, []byte("x"), 2},
		"checkpoint of another":   {l.vkey, other.checkpoint().Note, 2},
		"checkpoint of a fork":    {l.vkey, fork.checkpoint().Note, 1},
		"checkpoint of a restore": {l.vkey, restored(t, fork).Note, 2},
	} {
		v := Verify(bytes.NewReader(pack), int64(len(pack)), c.key, c.since)
		if v.ExitCode() != c.want {
			t.Errorf("%s: exit %d, want %d: %s", name, v.ExitCode(), c.want, v)
		}
	}
}

// restored is a checkpoint of another epoch.
func restored(t *testing.T, l *testLog) Checkpoint {
	t.Helper()
	c := l.checkpoint()
	c, err := Sign(l.signer, 1, c.Size, c.Root)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func FuzzVerify(f *testing.F) {
	l := newTestLog(f).story()
	good := l.pack(l.scope(), nil, nil)
	f.Add(good)
	for _, pack := range hostilePacks(f) {
		if len(pack) < 1<<16 {
			f.Add(pack)
		}
	}
	f.Fuzz(func(t *testing.T, pack []byte) {
		if v := l.verify(pack, nil); v.ExitCode() == 0 && !bytes.Equal(pack, good) {
			t.Error("a changed pack was accepted")
		}
	})
}
