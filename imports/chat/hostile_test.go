package chat

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

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

func slackFiles() []string {
	return []string{"users.json", `[{"id":"U1","name":"ana","profile":{"real_name":"Ana Roth"}}]`, "channels.json", `[{"id":"C1","name":"ops"}]`,
		"ops/2026-11-20.json", `[{"type":"message","user":"U1","text":"down","ts":"1763640000.000100"}]`}
}

// centralOf finds the directory entry of a file, to be lied in.
func centralOf(t testing.TB, data []byte, name string) []byte {
	t.Helper()
	at := bytes.LastIndex(data, []byte(name))
	if at < centralHeader {
		t.Fatal("no such entry")
	}
	return data[at-centralHeader:]
}

func changed(data []byte, change func([]byte)) []byte {
	data = bytes.Clone(data)
	change(data)
	return data
}

// manyEntries claims what a directory of n entries claims, honestly or not.
func manyEntries(n int, claimed uint16) []byte {
	var b []byte
	for i := range n {
		h := make([]byte, centralHeader)
		binary.LittleEndian.PutUint32(h, 0x02014b50)
		binary.LittleEndian.PutUint16(h[28:], 7)
		b = append(append(b, h...), fmt.Sprintf("%07d", i)...)
	}
	end := make([]byte, endHeader)
	binary.LittleEndian.PutUint32(end, 0x06054b50)
	binary.LittleEndian.PutUint16(end[8:], claimed)
	binary.LittleEndian.PutUint16(end[10:], claimed)
	binary.LittleEndian.PutUint32(end[12:], uint32(len(b)))
	return append(b, end...)
}

// overlapping is a small archive whose entries all unpack the same bytes.
func overlapping(t testing.TB) []byte {
	one := zipOf(t, zip.Deflate, "users.json", strings.Repeat("[]", 1000))
	start := binary.LittleEndian.Uint32(one[len(one)-endHeader+16:])
	entry := one[start : len(one)-endHeader]
	out := bytes.Clone(one[:start])
	for range 1000 {
		out = append(out, entry...)
	}
	end := bytes.Clone(one[len(one)-endHeader:])
	binary.LittleEndian.PutUint16(end[8:], 1000)
	binary.LittleEndian.PutUint16(end[10:], 1000)
	binary.LittleEndian.PutUint32(end[12:], uint32(1000*len(entry)))
	return append(out, end...)
}

func hostile(t testing.TB) map[string]struct {
	data []byte
	says string
} {
	good := zipOf(t, zip.Deflate, slackFiles()...)
	stored := zipOf(t, zip.Store, slackFiles()...)
	type c = struct {
		data []byte
		says string
	}
	return map[string]c{
		"bomb":              {zipOf(t, zip.Deflate, "channels.json", strings.Repeat("\x00", 64<<20)), "100 times its size"},
		"bomb in a bomb":    {zipOf(t, zip.Deflate, "channels.json", string(zipOf(t, zip.Deflate, "channels.json", strings.Repeat("\x00", 64<<20)))), "is not a Slack export|neither|no message"},
		"many bombs":        {zipOf(t, zip.Store, many(14, strings.Repeat("x", 15<<20))...), "at most 64 are read"},
		"overlapping":       {overlapping(t), "shares its bytes"},
		"way out":           {zipOf(t, zip.Store, "../../etc/passwd", "x"), "lead out"},
		"way out inside":    {zipOf(t, zip.Store, "ops/../../2026-11-20.json", "[]"), "lead out"},
		"absolute":          {zipOf(t, zip.Store, "/etc/passwd", "x"), "lead out"},
		"drive":             {zipOf(t, zip.Store, `C:\channels.json`, "x"), "lead out"},
		"NUL":               {zipOf(t, zip.Store, "channels.json\x00", "x"), "lead out"},
		"link":              {linked(t), "is a link"},
		"encrypted":         {changed(good, func(b []byte) { centralOf(t, b, "channels.json")[8] |= 1 }), "encrypted"},
		"strange method":    {changed(good, func(b []byte) { centralOf(t, b, "channels.json")[10] = 99 }), "a way that is not read"},
		"million entries":   {manyEntries(1_000_000, 0xffff), "at most 10000 are read"},
		"million, claims 1": {manyEntries(1_000_000, 1), "directory of the archive has"},
		"20k, claims 5":     {manyEntries(20_000, 5), "more than 10000 entries"},
		"claims too many":   {changed(good, func(b []byte) { b[len(b)-endHeader+10]++ }), "says 4 entries and has 3"},
		"size too small":    {changed(good, func(b []byte) { binary.LittleEndian.PutUint32(centralOf(t, b, "users.json")[24:], 5) }), "another size"},
		"size too large":    {changed(good, func(b []byte) { binary.LittleEndian.PutUint32(centralOf(t, b, "users.json")[24:], 500_000) }), "another size"},
		"size of 4 GiB":     {changed(good, func(b []byte) { binary.LittleEndian.PutUint32(centralOf(t, b, "users.json")[24:], 1<<32-1) }), "times its size"},
		"packed elsewhere":  {changed(good, func(b []byte) { binary.LittleEndian.PutUint32(centralOf(t, b, "users.json")[20:], 1<<30) }), "outside the archive"},
		"checksum":          {changed(good, func(b []byte) { centralOf(t, b, "users.json")[16] ^= 1 }), "checksum"},
		"moved":             {changed(good, func(b []byte) { binary.LittleEndian.PutUint32(centralOf(t, b, "users.json")[42:], 7) }), "not where|shares"},
		"cut off":           {good[:len(good)-10], "cut off"},
		"cut in the middle": {good[:len(good)/2], "cut off"},
		"only a beginning":  {[]byte("PK\x03\x04"), "cut off"},
		"content cut off":   {append(bytes.Clone(stored[:40]), stored[60:]...), "not where it says"},
		"another archive":   {zipOf(t, zip.Store, "readme.txt", "x"), "neither a Slack export"},
		"broken day":        {zipOf(t, zip.Store, "channels.json", "[]", "ops/2026-11-20.json", `[{"text":"x","ts":"1`), "damaged or cut off"},
		"binary":            {append([]byte("\x7fELF\x00\x00"), make([]byte, 1000)...), "is not text"},
		"empty":             {nil, "is empty"},
		"blank":             {[]byte(" \n\t "), "is empty"},
		"huge file":         {make([]byte, 17<<20), "at most 16 are read"},
		"broken JSON":       {[]byte(`[{"ts":"1","text":"x"`), "damaged or cut off|cut off"},
		"no JSON":           {[]byte(`{"type":`), "no JSON"},
		"deep JSON":         {[]byte(`[{"a":` + strings.Repeat("[", 1<<20)), "damaged"},
		"deep replies":      {[]byte(strings.Repeat(`{"type":"post","post":{"replies":[`, 5000)), "no JSON"},
		"too many messages": {[]byte("[" + strings.Repeat(`{"ts":"1763640000.1","text":"x"},`, 20_001) + `{"ts":"1","text":"x"}]`), "more than 20000 messages"},
	}
}

func many(n int, content string) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("ops/2026-11-%02d.json", i+1), content)
	}
	return out
}

func linked(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	h := &zip.FileHeader{Name: "channels.json"}
	h.SetMode(0o777 | os.ModeSymlink)
	f, err := w.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("/etc/passwd")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// T21: whatever an archive claims, it is refused with a sentence, in less than
// a second, with little memory, and nothing of it is returned.
func TestHostileExports(t *testing.T) {
	for name, c := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			chat, err := Read("export", bytes.NewReader(c.data), int64(len(c.data)), domain.ChatOptions{Zone: time.UTC})
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			matched := false
			for says := range strings.SplitSeq(c.says, "|") {
				matched = matched || err != nil && strings.Contains(err.Error(), says)
			}
			if !errors.Is(err, domain.ErrInvalid) || !matched || len(err.Error()) > 300 || len(chat.Messages) != 0 {
				t.Errorf("%d messages, %v; want %q", len(chat.Messages), err, c.says)
			}
			if used := after.TotalAlloc - before.TotalAlloc; took > time.Second || used > 80<<20 {
				t.Errorf("took %v and %d MiB", took, used>>20)
			}
			t.Log(took.Round(time.Microsecond), (after.TotalAlloc-before.TotalAlloc)>>10, "KiB", err)
		})
	}
}

// The good archive behind the lies above is read.
func TestGoodArchive(t *testing.T) {
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		data := zipOf(t, method, slackFiles()...)
		chat, err := Read("export.zip", bytes.NewReader(data), int64(len(data)), domain.ChatOptions{})
		if err != nil || len(chat.Messages) != 1 || chat.Messages[0].Sender != "Ana Roth" || chat.Messages[0].Channel != "#ops" || chat.Messages[0].Statement != "down" {
			t.Errorf("%+v, %v", chat, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(zipOf(f, zip.Deflate, slackFiles()...))
	f.Add([]byte("From: a@b\nDate: Thu, 18 Oct 2012 22:48:39 -0700\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nhi\n--x--"))
	f.Add([]byte("[1:04 PM]Ana: down\n14:05 <ben> up"))
	f.Fuzz(func(t *testing.T, data []byte) {
		chat, err := Read("x", bytes.NewReader(data), int64(len(data)), domain.ChatOptions{Now: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)})
		if err != nil && domain.KindOf(err) != domain.ErrInvalid {
			t.Fatal(err)
		}
		for _, m := range chat.Messages {
			if err := m.Check(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)); err != nil {
				t.Fatalf("%+v: %v", m, err)
			}
		}
	})
}
