package api

import (
	"errors"
	"io"
	"sync/atomic"
)

// maxHook is the largest webhook delivery: GitHub sends up to 25 MB.
const maxHook = 26 << 20

// What deliveries may hold in memory at once, whoever sends them. Ordinary ones
// are far below smallHook; the few larger ones have a budget of their own, so
// that they never keep the others out.
const (
	smallHook  = 1 << 20
	smallHooks = 96 << 20
	largeHooks = 64 << 20
)

// errHooksBusy says that deliveries take all the memory they may.
var errHooksBusy = errors.New("too many deliveries at once")

// hookMemory counts the bytes of the deliveries being taken in.
type hookMemory struct{ small, large atomic.Int64 }

// hookBody is one delivery with the memory it has taken.
type hookBody struct {
	*hookMemory
	bytes []byte
	small int64
	large int64
}

// read takes a delivery in. Memory is taken as bytes really come, never for a
// length that was only claimed. The body is released also after an error.
func (m *hookMemory) read(from io.Reader) (*hookBody, error) {
	b := &hookBody{hookMemory: m}
	for {
		if len(b.bytes) == cap(b.bytes) && !b.grow() {
			return b, errHooksBusy
		}
		n, err := from.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// grow doubles the room, if there is memory for that.
func (b *hookBody) grow() bool {
	size := max(8<<10, 2*cap(b.bytes))
	more := int64(size - cap(b.bytes))
	used, taken, most := &b.hookMemory.small, &b.small, int64(smallHooks)
	if size > smallHook {
		used, taken, most = &b.hookMemory.large, &b.large, largeHooks
	}
	if used.Add(more) > most {
		used.Add(-more)
		return false
	}
	*taken += more
	b.bytes = append(make([]byte, 0, size), b.bytes...)
	return true
}

func (b *hookBody) release() {
	b.hookMemory.small.Add(-b.small)
	b.hookMemory.large.Add(-b.large)
	b.bytes = nil
}
