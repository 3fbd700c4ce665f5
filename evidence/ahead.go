package evidence

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// readRecord reads one leaf of leaves.bin into a buffer that is used again.
func readRecord(in *bufio.Reader, buffer []byte) (int64, []byte, error) {
	var head [recordHeader]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return 0, nil, io.EOF
		}
		return 0, nil, errors.New("the leaves are cut off")
	}
	index, length := binary.BigEndian.Uint64(head[:]), int(binary.BigEndian.Uint16(head[8:]))
	if index > 1<<40 {
		return 0, nil, errors.New("a leaf has no possible index")
	}
	buffer = slices.Grow(buffer[:0], length)[:length]
	if _, err := io.ReadFull(in, buffer); err != nil {
		return 0, nil, errors.New("the leaves are cut off")
	}
	return int64(index), buffer, nil
}

// parsedLeaf is a record of leaves.bin: what it is, or why it is none.
type parsedLeaf struct {
	index int64
	hash  tlog.Hash
	leaf  Leaf
	// unread ends the file, malformed concerns this leaf alone and counts only
	// once its place and hash are judged.
	unread, malformed error
}

// parseAhead reads and parses leaves in batches on a goroutine of its own: that
// is most of the work, while order, chains and openings need the one before.
// stop ends it early.
func parseAhead(file io.Reader) (leaves <-chan []parsedLeaf, stop func()) {
	out, done := make(chan []parsedLeaf, 4), make(chan struct{})
	go func() {
		defer close(out)
		in := bufio.NewReaderSize(file, 1<<18)
		var data []byte
		for more := true; more; {
			batch := make([]parsedLeaf, 0, 256)
			for more && len(batch) < cap(batch) {
				var p parsedLeaf
				if p.index, data, p.unread = readRecord(in, data); errors.Is(p.unread, io.EOF) {
					more = false
					break
				}
				if more = p.unread == nil; more {
					p.hash = tlog.RecordHash(data)
					p.leaf, p.malformed = ParseLeaf(data)
				}
				batch = append(batch, p)
			}
			select {
			case out <- batch:
			case <-done:
				return
			}
		}
	}()
	return out, func() { close(done) }
}
