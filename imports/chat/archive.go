package chat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"compress/flate"

	"github.com/followthrough/followthrough/domain"
)

// The limits of an archive. All of them are judged by its directory, before
// anything is unpacked; unpacking holds an entry to what the directory said.
const (
	maxArchive   = 64 << 20  // packed
	maxEntries   = 10_000    // files and folders
	maxUnpacked  = 200 << 20 // all files together
	maxRatio     = 100       // of one file, and of all
	smallFile    = 1 << 20   // below it the ratio says nothing
	maxDirectory = 4 << 20
	maxFile      = 16 << 20 // one file that is read
)

const (
	endHeader     = 22
	centralHeader = 46
	localHeader   = 30
)

func refuse(format string, args ...any) error {
	return domain.Errorf(domain.ErrInvalid, "%s", fmt.Sprintf(format, args...)+"; nothing was imported")
}

// entry is a file of an archive.
type entry struct {
	name         string
	method       uint16
	crc          uint32
	packed, size int64
	offset       int64 // of its local header
}

type archive struct {
	r       io.ReaderAt
	entries []entry
	// directory is where the directory begins: no content reaches into it.
	directory int64
}

// openArchive reads and judges the directory of a ZIP file. It is written by
// hand because the standard reader trusts the numbers of the file: it would
// read a million entries before anybody could count them.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	if size > maxArchive {
		return nil, refuse("the archive has %d MiB; at most %d are read", size>>20, maxArchive>>20)
	}
	end, at, err := findEnd(r, size)
	if err != nil {
		return nil, err
	}
	count, length, start := int(binary.LittleEndian.Uint16(end[10:])), int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	switch {
	case count > maxEntries:
		return nil, refuse("the archive has %d or more entries; at most %d are read", count, maxEntries)
	case length > maxDirectory:
		return nil, refuse("the directory of the archive has %d bytes; at most %d are read", length, maxDirectory)
	case start+length != at:
		return nil, refuse("the archive is damaged: its directory is not where it says")
	}
	raw := make([]byte, length)
	if _, err := r.ReadAt(raw, start); err != nil {
		return nil, refuse("the archive is cut off or cannot be read")
	}
	a := &archive{r: r, directory: start}
	for len(raw) > 0 {
		e, n, err := readEntry(raw)
		if err != nil {
			return nil, err
		}
		raw = raw[n:]
		if len(a.entries) == maxEntries {
			return nil, refuse("the archive has more than %d entries", maxEntries)
		}
		a.entries = append(a.entries, e)
	}
	if len(a.entries) != count {
		return nil, refuse("the archive is damaged: it says %d entries and has %d", count, len(a.entries))
	}
	return a, a.judge()
}

// findEnd finds the record at the end of the file; a comment may follow it.
func findEnd(r io.ReaderAt, size int64) ([]byte, int64, error) {
	length := min(size, endHeader+1<<16)
	tail := make([]byte, length)
	if _, err := r.ReadAt(tail, size-length); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, refuse("the archive cannot be read")
	}
	for at := len(tail) - endHeader; at >= 0; at-- {
		if binary.LittleEndian.Uint32(tail[at:]) == 0x06054b50 && at+endHeader+int(binary.LittleEndian.Uint16(tail[at+20:])) == len(tail) {
			return tail[at : at+endHeader], size - length + int64(at), nil
		}
	}
	return nil, 0, refuse("the archive is cut off: its end is missing")
}

func readEntry(raw []byte) (e entry, n int, err error) {
	if len(raw) < centralHeader || binary.LittleEndian.Uint32(raw) != 0x02014b50 {
		return e, 0, refuse("the directory of the archive is damaged")
	}
	name, extra, comment := int(binary.LittleEndian.Uint16(raw[28:])), int(binary.LittleEndian.Uint16(raw[30:])), int(binary.LittleEndian.Uint16(raw[32:]))
	if n = centralHeader + name + extra + comment; n > len(raw) {
		return e, 0, refuse("the directory of the archive is damaged")
	}
	e = entry{name: string(raw[centralHeader : centralHeader+name]), method: binary.LittleEndian.Uint16(raw[10:]), crc: binary.LittleEndian.Uint32(raw[16:]),
		packed: int64(binary.LittleEndian.Uint32(raw[20:])), size: int64(binary.LittleEndian.Uint32(raw[24:])), offset: int64(binary.LittleEndian.Uint32(raw[42:]))}
	const unix, link = 3, 0o120000
	mode := binary.LittleEndian.Uint32(raw[38:]) >> 16
	switch {
	case binary.LittleEndian.Uint16(raw[8:])&1 != 0:
		return e, 0, refuse("%s is encrypted", short(e.name))
	case e.method != 0 && e.method != 8:
		return e, 0, refuse("%s is packed in a way that is not read; make a plain ZIP file", short(e.name))
	case raw[5] == unix && mode&0o170000 == link:
		return e, 0, refuse("%s is a link and no file", short(e.name))
	}
	return e, n, checkName(e.name)
}

// checkName refuses names that lead out of the archive. Nothing is written by
// name, so this catches an attack early rather than prevents one.
func checkName(name string) error {
	clean := strings.TrimSuffix(name, "/")
	if clean == "" || len(name) > 1000 || !utf8.ValidString(name) || strings.ContainsAny(name, "\\\x00:") || path.IsAbs(name) || path.Clean(clean) != clean ||
		clean == ".." || strings.HasPrefix(clean, "../") {
		return refuse("the archive has an entry with the name %s, which could lead out of it", short(name))
	}
	return nil
}

func short(name string) string {
	if r := []rune(strings.ToValidUTF8(name, "?")); len(r) > 60 {
		name = string(r[:60]) + "…"
	}
	return fmt.Sprintf("%q", name)
}

// judge adds up what the entries claim, and refuses entries that share bytes:
// that is how a small file becomes a huge one without a high ratio anywhere.
func (a *archive) judge() error {
	var size, packed int64
	for _, e := range a.entries {
		size, packed = size+e.size, packed+e.packed
		if e.size > smallFile && e.size > maxRatio*e.packed {
			return refuse("%s would unpack to more than %d times its size", short(e.name), maxRatio)
		}
	}
	if size > maxUnpacked {
		return refuse("the archive would unpack to %d MiB; at most %d are read", size>>20, maxUnpacked>>20)
	}
	if size > smallFile && size > maxRatio*packed {
		return refuse("the archive would unpack to more than %d times its size", maxRatio)
	}
	byPlace := slices.Clone(a.entries)
	slices.SortFunc(byPlace, func(x, y entry) int { return int(x.offset - y.offset) })
	next := int64(0)
	for _, e := range byPlace {
		if e.offset < next || e.offset+localHeader+e.packed > a.directory {
			return refuse("%s shares its bytes with another entry, or lies outside the archive", short(e.name))
		}
		next = e.offset + localHeader + int64(len(e.name)) + e.packed
	}
	return nil
}

// read unpacks one file, at most to the size that the directory claims.
func (a *archive) read(e entry) ([]byte, error) {
	if e.size > maxFile {
		return nil, refuse("%s has %d MiB; at most %d are read", short(e.name), e.size>>20, maxFile>>20)
	}
	head := make([]byte, localHeader)
	if _, err := a.r.ReadAt(head, e.offset); err != nil || binary.LittleEndian.Uint32(head) != 0x04034b50 {
		return nil, refuse("%s is not where the directory of the archive says", short(e.name))
	}
	start := e.offset + localHeader + int64(binary.LittleEndian.Uint16(head[26:])) + int64(binary.LittleEndian.Uint16(head[28:]))
	if start+e.packed > a.directory {
		return nil, refuse("%s lies outside the archive", short(e.name))
	}
	var content io.Reader = io.NewSectionReader(a.r, start, e.packed)
	if e.method == 8 {
		content = flate.NewReader(content)
	}
	data, err := io.ReadAll(io.LimitReader(content, e.size+1))
	switch {
	case err != nil:
		return nil, refuse("%s is damaged or cut off", short(e.name))
	case int64(len(data)) != e.size:
		return nil, refuse("%s has another size than the directory of the archive says", short(e.name))
	case crc32.ChecksumIEEE(data) != e.crc:
		return nil, refuse("%s is damaged: its checksum is wrong", short(e.name))
	}
	return data, nil
}

// find returns the entry whose last part has the name, nearest to the top.
func (a *archive) find(name string) (entry, bool) {
	best, found := entry{}, false
	for _, e := range a.entries {
		if path.Base(e.name) == name && !strings.HasSuffix(e.name, "/") && (!found || strings.Count(e.name, "/") < strings.Count(best.name, "/")) {
			best, found = e, true
		}
	}
	return best, found
}
