package app

import (
	"bufio"
	"bytes"

	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// Dumps keep the folded portfolio over a restart. A dump is a cache: whatever is
// missing, damaged or from another version is dropped and folded anew.
type Dumps interface {
	// Read opens the newest dump; domain.ErrNotFound when there is none.
	Read() (io.ReadCloser, error)
	// Write replaces the dump by what write writes, whole or not at all.
	Write(write func(io.Writer) error) error
}

// portfolioFormat names the layout of a dump. Any change of it, or of what is
// folded, needs a new name.
const portfolioFormat = "followthrough-portfolio/5\n"

// maxPortfolioHead bounds the part before the rows.
const maxPortfolioHead = 1 << 30

// portfolioHead is what a portfolio is besides rows and snapshot, and what the
// dump belongs to.
type portfolioHead struct {
	// Version is the program's: another one may fold differently.
	Version string
	Zone    string
	// Mark is the secret number of the history row at the position. A database that
	// was restored or replaced has another one, so its dump is not believed.
	Mark     []byte
	Numbers  int
	Sizes    map[domain.TeamID]int
	Services []domain.Service
	Closings []metrics.Closure
	Measured []dumpMeasured
}

type dumpMeasured struct {
	Row      int32
	Metric   string
	Readings []metrics.Reading
}

// dump writes the portfolio with what it belongs to.
func (p *portfolio) dump(w io.Writer, version, zone string, mark []byte) error {
	head := portfolioHead{Version: version, Zone: zone, Mark: mark, Numbers: len(p.rows), Sizes: p.sizes, Services: p.services, Closings: p.closings}
	for row := range int32(p.snapshot.Len()) { // in row order: a map has none
		if m, ok := p.measured[row]; ok {
			head.Measured = append(head.Measured, dumpMeasured{row, m.Metric.Text(), m.Readings})
		}
	}
	text, err := json.Marshal(head)
	if err != nil {
		return fmt.Errorf("write the dump: %w", err)
	}
	sum := crc32.NewIEEE()
	out := io.MultiWriter(w, sum)
	for _, part := range []any{[]byte(portfolioFormat), int64(len(text)), text, p.rows} {
		if err := binary.Write(out, binary.LittleEndian, part); err != nil {
			return fmt.Errorf("write the dump: %w", err)
		}
	}
	if err := binary.Write(w, binary.LittleEndian, sum.Sum32()); err != nil {
		return fmt.Errorf("write the dump: %w", err)
	}
	return p.snapshot.Dump(w)
}

var errDump = errors.New("the dump is damaged or of another version")

// readPortfolio reads what dump wrote. It refuses another version and zone, and
// whatever is damaged.
func readPortfolio(r io.Reader, version, zone string) (p *portfolio, mark []byte, err error) {
	buffered := bufio.NewReaderSize(r, 1<<20)
	sum := crc32.NewIEEE()
	in := io.TeeReader(buffered, sum)
	format, size := make([]byte, len(portfolioFormat)), int64(0)
	if _, err := io.ReadFull(in, format); err != nil || string(format) != portfolioFormat {
		return nil, nil, errDump
	}
	if err := binary.Read(in, binary.LittleEndian, &size); err != nil || size < 0 || size > maxPortfolioHead {
		return nil, nil, errDump
	}
	var head portfolioHead
	text, err := io.ReadAll(io.LimitReader(in, size)) // grows with what is there, not with what is claimed
	if err != nil || int64(len(text)) != size || json.Unmarshal(text, &head) != nil || head.Version != version || head.Zone != zone ||
		head.Numbers < 0 || head.Numbers > math.MaxInt32 {
		return nil, nil, errDump
	}
	p = newPortfolio()
	if p.rows, err = readNumbers(in, head.Numbers); err != nil {
		return nil, nil, err
	}
	want, got := sum.Sum32(), uint32(0)
	if err := binary.Read(buffered, binary.LittleEndian, &got); err != nil || got != want {
		return nil, nil, errDump
	}
	if p.snapshot, err = metrics.ReadSnapshot(buffered); err != nil {
		return nil, nil, err
	}
	return p, head.Mark, p.take(&head)
}

// readNumbers reads n numbers; what is claimed is believed as far as it is there.
func readNumbers(in io.Reader, n int) ([]int32, error) {
	var all []int32
	for n > 0 {
		part := make([]int32, min(n, 1<<20))
		if err := binary.Read(in, binary.LittleEndian, part); err != nil {
			return nil, errDump
		}
		if all == nil && len(part) == n {
			return part, nil
		}
		all, n = append(all, part...), n-len(part)
	}
	return all, nil
}

// take fills in the head and checks that everything points at rows that exist.
func (p *portfolio) take(head *portfolioHead) error {
	rows := int32(p.snapshot.Len())
	for _, row := range p.rows {
		if row < 0 || row > rows {
			return errDump
		}
	}
	for _, m := range head.Measured {
		if m.Row < 0 || m.Row >= rows {
			return errDump
		}
		p.measured[m.Row] = metrics.MeasuredRow{Metric: domain.ParseMetric(m.Metric), Readings: m.Readings}
	}
	p.closings, p.services = head.Closings, head.Services
	if head.Sizes != nil {
		p.sizes = head.Sizes
	}
	return nil
}

// restore reads the dump of everything; nil when there is none to be believed.
func (p *portfolios) restore(ctx context.Context) *portfolio {
	if p.dumps == nil {
		return nil
	}
	in, err := p.dumps.Read()
	if err != nil {
		return nil
	}
	defer func() { _ = in.Close() }() // only read from
	out, mark, err := readPortfolio(in, p.version, p.zone.String())
	if err != nil {
		return nil
	}
	now, err := p.store.LogMark(ctx, out.snapshot.Position)
	if err != nil || len(mark) == 0 || !bytes.Equal(mark, now) {
		return nil
	}
	return out
}

// save writes the portfolio of everything when it has moved since the last dump.
func (p *portfolios) save(ctx context.Context) error {
	l := p.of(domain.Everything())
	l.mu.RLock()
	defer l.mu.RUnlock()
	if p.dumps == nil || l.current == nil || l.current.snapshot.Position == l.saved.Load() {
		return nil
	}
	position := l.current.snapshot.Position
	mark, err := p.store.LogMark(ctx, position)
	if err != nil || len(mark) == 0 {
		return err
	}
	err = p.dumps.Write(func(w io.Writer) error { return l.current.dump(w, p.version, p.zone.String(), mark) })
	if err == nil {
		l.saved.Store(position)
	}
	return err
}
