package evidence

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// Verifying a pack is one pass over leaves.bin and openings.txt. What one leaf
// needs of itself alone, parsing, hashes, commitments, its lines of
// changes.csv, is most of the work and is done ahead, a batch of leaves on each
// processor; order, chains and reports follow leaf by leaf.

const (
	batchLeaves = 256
	batchBytes  = 1 << 20
)

// readRecord reads one leaf of leaves.bin behind what is in a buffer.
func readRecord(in *bufio.Reader, buffer []byte) (int64, []byte, error) {
	var head [recordHeader]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return 0, buffer, io.EOF
		}
		return 0, buffer, errors.New("the leaves are cut off")
	}
	index, length := binary.BigEndian.Uint64(head[:]), int(binary.BigEndian.Uint16(head[8:]))
	if index > 1<<40 {
		return 0, buffer, errors.New("a leaf has no possible index")
	}
	at := len(buffer)
	buffer = slices.Grow(buffer, length)[:at+length]
	if _, err := io.ReadFull(in, buffer[at:]); err != nil {
		return 0, buffer, errors.New("the leaves are cut off")
	}
	return int64(index), buffer, nil
}

// shownLeaf is a leaf of a pack with what was found out about it alone.
type shownLeaf struct {
	record Record
	hash   tlog.Hash
	// missing are the places of the commitments that stay closed.
	missing []string
	// wrong concerns this leaf alone and counts only once its place and hash are judged.
	wrong error
}

// batch is a part of leaves.bin with the lines of openings.txt that belong to it.
type batch struct {
	raw, lines []byte
	ends       []int   // of the leaves in raw
	indexes    []int64 // of the leaves
	unread     error   // what ended the files, behind these leaves

	leaves   []shownLeaf
	openings []Opening
	changes  bytes.Buffer // the lines of changes.csv
	wrong    error        // about all leaves together
	done     chan struct{}
}

// ahead reads a pack's leaves.
type ahead struct {
	leaves  *bufio.Reader
	lines   *openingLines
	reports *reports
	stop    chan struct{}
	spare   sync.Pool
}

// readAhead returns the batches in order; each is to be waited for, and given
// back when it is judged. stop ends it early.
func readAhead(leaves, openings io.Reader, out *reports) (a *ahead, batches <-chan *batch) {
	a = &ahead{leaves: bufio.NewReaderSize(leaves, 1<<18), lines: newOpeningLines(openings), reports: out, stop: make(chan struct{})}
	a.spare.New = func() any { return &batch{} }
	workers := runtime.GOMAXPROCS(0)
	work, order := make(chan *batch), make(chan *batch, 2*workers)
	for range workers {
		go func() {
			var w worker
			for b := range work {
				w.do(b, a.reports)
				close(b.done)
			}
		}()
	}
	go func() {
		defer close(order)
		defer close(work)
		for more := true; more; {
			var b *batch
			b, more = a.read()
			for _, to := range []chan *batch{work, order} {
				select {
				case to <- b:
				case <-a.stop:
					return
				}
			}
		}
	}()
	return a, order
}

// read reads the next batch; more says that others follow.
func (a *ahead) read() (b *batch, more bool) {
	b, _ = a.spare.Get().(*batch)
	b.raw, b.lines, b.ends, b.indexes, b.unread, b.wrong, b.done = b.raw[:0], b.lines[:0], b.ends[:0], b.indexes[:0], nil, nil, make(chan struct{})
	for len(b.ends) < batchLeaves && len(b.raw)+len(b.lines) < batchBytes {
		var index int64
		index, b.raw, b.unread = readRecord(a.leaves, b.raw)
		if b.unread == nil {
			b.ends, b.indexes = append(b.ends, len(b.raw)), append(b.indexes, index)
			b.lines, b.unread = a.lines.upto(index, b.lines)
		}
		if errors.Is(b.unread, io.EOF) {
			b.unread = a.lines.end()
			return b, false
		}
		if b.unread != nil {
			return b, false
		}
	}
	return b, true
}

// worker finds out what can be known of leaves one by one.
type worker struct {
	opener
	encoded []byte
}

func (w *worker) do(b *batch, out *reports) {
	b.changes.Reset()
	b.leaves = slices.Grow(b.leaves[:0], len(b.ends))[:len(b.ends)]
	w.openings = b.openings[:0]
	defer func() { b.openings = w.openings }()
	changes, from, lines := csv.NewWriter(&b.changes), 0, b.lines
	for n := range b.leaves {
		l := &b.leaves[n]
		*l = shownLeaf{record: Record{Index: b.indexes[n]}}
		data := b.raw[from:b.ends[n]]
		from = b.ends[n]
		l.hash = tlog.RecordHash(data)
		if l.record.Leaf, w.encoded, l.wrong = parseLeaf(data, w.encoded); l.wrong != nil {
			return // the verifier stops there
		}
		if l.missing, lines, l.wrong = w.open(&l.record, lines); l.wrong != nil {
			return
		}
		out.writeChanges(changes, &l.record)
	}
	changes.Flush()
	if len(lines) > 0 {
		line, _, _ := bytes.Cut(lines, []byte("\n"))
		b.wrong = unopenable(line)
	}
}
