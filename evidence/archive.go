package evidence

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// A pack is a ZIP file in one canonical form: known names in order, stored
// without compression, no dates, no extra fields, nothing between or behind. A
// reader therefore never unpacks anything, and knows before it reads a byte of
// content that all sizes are true.

// MaxPack bounds a pack in bytes.
const MaxPack = 2 << 30

// The files of a pack.
const (
	fileManifest    = "MANIFEST.sha256"
	fileChanges     = "changes.csv"
	fileCheckpoint  = "checkpoint.txt"
	fileFlags       = "flags.json"
	fileIndex       = "index.txt"
	fileKey         = "key.txt"
	fileHashes      = "leafhashes.bin"
	fileLeaves      = "leaves.bin"
	fileMapping     = "mapping.json"
	fileOpenings    = "openings.txt"
	filePackLeaf    = "pack-leaf.bin"
	filePrevious    = "prev-checkpoint.txt" // optional
	fileRegister    = "register.csv"
	fileReport      = "report.html"
	fileScope       = "scope.json"
	smallFile       = MaxCheckpoint
	localHeader     = 30
	centralHeader   = 46
	endHeader       = 22
	zipDate         = 0x21 // 1980-01-01, the first day a ZIP file knows
	maxCentralBytes = 4096
)

// packFiles lists every name in order, and the most bytes a small one may have.
func packFiles() []string {
	return []string{fileManifest, fileChanges, fileCheckpoint, fileFlags, fileIndex, fileKey, fileHashes, fileLeaves, fileMapping,
		fileOpenings, filePackLeaf, filePrevious, fileRegister, fileReport, fileScope}
}

func isSmall(name string) bool {
	return slices.Contains([]string{fileManifest, fileCheckpoint, fileKey, filePrevious, fileScope}, name)
}

// errUnjudged marks what is not a pack at all, or not one this program reads.
var errUnjudged = errors.New("cannot judge") //nolint:gochecknoglobals // a sentinel

type member struct {
	name   string
	crc    uint32
	size   int64
	offset int64 // of the content
}

func (m member) local() []byte {
	b := make([]byte, 0, localHeader+len(m.name))
	b = binary.LittleEndian.AppendUint32(b, 0x04034b50)
	return append(m.common(b), m.name...)
}

// common is what both headers of a member share: version, flags, method, time,
// date, checksum, sizes, length of the name, no extra field.
func (m member) common(b []byte) []byte {
	for _, v := range []uint16{20, 0, 0, 0, zipDate} {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	for _, v := range []uint32{m.crc, uint32(m.size), uint32(m.size), uint32(len(m.name))} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func (m member) central() []byte {
	b := make([]byte, 0, centralHeader+len(m.name))
	b = binary.LittleEndian.AppendUint32(b, 0x02014b50)
	b = binary.LittleEndian.AppendUint16(b, 20)
	b = m.common(b)
	b = append(b, make([]byte, 10)...)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.offset)-uint32(localHeader+len(m.name)))
	return append(b, m.name...)
}

func directory(members []member) []byte {
	var b []byte
	var start int64
	for _, m := range members {
		b = append(b, m.central()...)
		start = m.offset + m.size
	}
	size := len(b)
	b = binary.LittleEndian.AppendUint32(b, 0x06054b50)
	for _, v := range []uint16{0, 0, uint16(len(members)), uint16(len(members))} {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = binary.LittleEndian.AppendUint32(b, uint32(start))
	return binary.LittleEndian.AppendUint16(b, 0)
}

// writeArchive writes the files in their canonical form.
func writeArchive(w io.Writer, files map[string][]byte) error {
	var members []member
	var at int64
	for _, name := range packFiles() {
		data, ok := files[name]
		if !ok {
			continue
		}
		m := member{name: name, crc: crc32.ChecksumIEEE(data), size: int64(len(data)), offset: at + localHeader + int64(len(name))}
		if at = m.offset + m.size; at > MaxPack {
			return fmt.Errorf("the pack would have more than %d bytes; choose a shorter period, an incident or a team", MaxPack)
		}
		members = append(members, m)
		for _, part := range [][]byte{m.local(), data} {
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
	}
	_, err := w.Write(directory(members))
	return err
}

// archive is an opened pack whose structure is canonical.
type archive struct {
	r       io.ReaderAt
	members map[string]member
}

// openArchive reads the directory and refuses every other form.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	if size > MaxPack {
		return nil, fmt.Errorf("%w: the file has %d bytes; at most %d are read", errUnjudged, size, int64(MaxPack))
	}
	if size < endHeader {
		return nil, fmt.Errorf("%w: the file is no evidence pack", errUnjudged)
	}
	end, err := readPart(r, size-endHeader, endHeader)
	if err != nil {
		return nil, err
	}
	entries, length := int(binary.LittleEndian.Uint16(end[10:])), int64(binary.LittleEndian.Uint32(end[12:]))
	if binary.LittleEndian.Uint32(end) != 0x06054b50 || entries > len(packFiles()) || length > maxCentralBytes || length+endHeader > size {
		return nil, errors.New("the file is not in the one form that a pack has; it was damaged, changed or packed anew")
	}
	central, err := readPart(r, size-endHeader-length, length+endHeader)
	if err != nil {
		return nil, err
	}
	members, err := readDirectory(central[:length])
	if err != nil {
		return nil, err
	}
	a := &archive{r: r, members: map[string]member{}}
	for _, m := range members {
		header, err := readPart(r, m.offset-int64(localHeader+len(m.name)), int64(localHeader+len(m.name)))
		if err != nil || !bytes.Equal(header, m.local()) {
			return nil, fmt.Errorf("the header of %s is not the one a pack has", m.name)
		}
		if isSmall(m.name) && m.size > smallFile || m.name == filePackLeaf && m.size > MaxLeaf+recordHeader {
			return nil, fmt.Errorf("%s has %d bytes, which is too many", m.name, m.size)
		}
		a.members[m.name] = m
	}
	last := members[len(members)-1]
	if !bytes.Equal(central, directory(members)) || last.offset+last.size+int64(len(central)) != size {
		return nil, errors.New("the directory of the file is not the one a pack has")
	}
	for _, name := range packFiles() {
		if _, ok := a.members[name]; !ok && name != filePrevious {
			return nil, fmt.Errorf("the pack has no %s", name)
		}
	}
	return a, nil
}

// readDirectory takes names, checksums and sizes; positions follow from them.
func readDirectory(central []byte) ([]member, error) {
	var members []member
	var at int64
	names := packFiles()
	for len(central) > 0 {
		if len(central) < centralHeader {
			return nil, errors.New("the directory of the file is cut off")
		}
		length := int(binary.LittleEndian.Uint16(central[28:]))
		if len(central) < centralHeader+length {
			return nil, errors.New("the directory of the file is cut off")
		}
		name := string(central[centralHeader : centralHeader+length])
		found := slices.Index(names, name)
		if found < 0 {
			return nil, fmt.Errorf("%.60q is not a file of a pack, or not in its place", name)
		}
		names = names[found+1:]
		m := member{name: name, crc: binary.LittleEndian.Uint32(central[16:]), size: int64(binary.LittleEndian.Uint32(central[24:]))}
		m.offset = at + localHeader + int64(length)
		at = m.offset + m.size
		members = append(members, m)
		central = central[centralHeader+length:]
	}
	if len(members) == 0 {
		return nil, errors.New("the file is empty")
	}
	return members, nil
}

func readPart(r io.ReaderAt, at, length int64) ([]byte, error) {
	b := make([]byte, length)
	if at < 0 {
		return nil, errors.New("the file is cut off")
	}
	if _, err := r.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: the file cannot be read: %w", errUnjudged, err)
	}
	return b, nil
}

func (a *archive) has(name string) bool { _, ok := a.members[name]; return ok }

func (a *archive) open(name string) *io.SectionReader {
	m := a.members[name]
	return io.NewSectionReader(a.r, m.offset, m.size)
}

// small reads a whole small file.
func (a *archive) small(name string) ([]byte, error) {
	return readPart(a.r, a.members[name].offset, a.members[name].size)
}
