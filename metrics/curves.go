package metrics

import (
	"cmp"
	"slices"
)

// causeBits is how many low bits of a packed exit hold its cause.
const causeBits = 2

// exits are the ends of some rows, packed as milliseconds << 2 | cause so that
// they sort as integers.
type exits struct {
	packed  []uint64
	entries []float64
	late    int // rows over before complete records begin: never at risk
}

// timesToEnd are the times from creation to the end of every row, cut at as_of.
func (s *Snapshot) timesToEnd(rows []int32, asOf int64) exits {
	e := exits{packed: make([]uint64, 0, len(rows))}
	for _, row := range rows {
		if s.flags[row]&impossibleRow != 0 {
			continue
		}
		took := s.ended(row, asOf) - s.created[row]
		if s.flags[row]&overBeforeLog != 0 {
			e.late++
			continue
		}
		if entry := int64(s.entry[row]) * 1000; entry > 0 {
			if took <= entry {
				e.late++
				continue
			}
			e.entries = append(e.entries, float64(entry)/msPerDay)
		}
		e.packed = append(e.packed, uint64(max(0, took))<<causeBits|uint64(s.cause(row)))
	}
	return e
}

// maxItems bounds the items shown one by one.
const maxItems = 200

// items lists the exits by time, evenly spaced by rank when there are many.
func (e *exits) items() []CompletionItem {
	n := min(len(e.packed), maxItems)
	items := make([]CompletionItem, n)
	for i := range items {
		p := e.packed[i*len(e.packed)/n]
		items[i] = CompletionItem{float64(p>>causeBits) / msPerDay, uint8(p & (1<<causeBits - 1))}
	}
	return items
}

// table sorts the exits and counts them.
func (e *exits) table() *lifeTable {
	sortPacked(e.packed, 0)
	slices.Sort(e.entries)
	return tabulate(len(e.packed), e.entries, func(i int) (float64, uint8) {
		p := e.packed[i]
		return float64(p>>causeBits) / msPerDay, uint8(p & (1<<causeBits - 1))
	})
}

// radixBits is the digit size of sortPacked: 2048 counters stay in cache.
const radixBits = 11

// sortPacked sorts in place by the bits from low upwards, least significant digit
// first; small inputs, for which clearing the counters would cost more, are sorted
// by comparison.
func sortPacked(keys []uint64, low int) {
	if len(keys) < 1<<radixBits {
		slices.SortFunc(keys, func(a, b uint64) int { return cmp.Compare(a>>low, b>>low) })
		return
	}
	used := uint64(0)
	for _, k := range keys {
		used |= k
	}
	from, to := keys, make([]uint64, len(keys))
	for shift := low; used>>shift != 0; shift += radixBits {
		var count [1 << radixBits]uint32
		for _, k := range from {
			count[k>>(shift&63)&(1<<radixBits-1)]++
		}
		sum := uint32(0)
		for d, n := range count {
			count[d], sum = sum, sum+n
		}
		for _, k := range from {
			d := k >> (shift & 63) & (1<<radixBits - 1)
			to[count[d]] = k
			count[d]++
		}
		from, to = to, from
	}
	if len(from) > 0 && &from[0] != &keys[0] {
		copy(keys, from)
	}
}

// CurvePoint is one step of the completion curve as it is drawn: open, done and
// cancelled shares add up to 1.
type CurvePoint struct {
	Day       float64
	AtRisk    int
	Open      float64
	Done      float64
	DoneLower *float64
	DoneUpper *float64
	Cancelled float64
}

// curvePoints bounds how many steps a report draws.
const curvePoints = 240

// drawn thins a curve to evenly spaced steps, up to where fewer than five are at
// risk (section 1.5).
func drawn(c *IncidenceCurves) []CurvePoint {
	last := len(c.Time)
	for last > 0 && c.AtRisk[last-1] < minAtRisk {
		last--
	}
	var points []CurvePoint
	every := max(1, (last+curvePoints-1)/curvePoints)
	for i := every - 1; i < last; i += every {
		p := CurvePoint{Day: c.Time[i], AtRisk: int(c.AtRisk[i]), Open: c.EventFree[i]}
		done := &c.Cause[0]
		p.Done = done.F[i]
		band := done.Band(i, conf)
		p.DoneLower, p.DoneUpper = number(band.Lower), number(band.Upper)
		if len(c.Cause) > 1 {
			p.Cancelled = c.Cause[1].F[i]
		}
		points = append(points, p)
	}
	return points
}
