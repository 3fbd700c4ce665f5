package metrics

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// dumpFormat names the layout of a dump. Any change of the columns needs a new
// name: an old dump is then refused and the snapshot folded anew.
const dumpFormat = "followthrough-snapshot/6\n"

// maxDumpHead bounds the part before the columns.
const maxDumpHead = 1 << 30

// dumpHead is everything of a snapshot that is no column.
type dumpHead struct {
	Position, Latest        int64
	Rows                    int
	Zones                   []string
	Teams                   []domain.TeamID
	Services, Causes        []string
	Incidents               []dumpIncident
	EarlierRow, EarlierSize []int32
	Duplicates              []dumpDuplicate
	Inherited               []dumpOwn
}

// dumpDuplicate is a duplicate and the number of the measure that goes on.
type dumpDuplicate struct{ Row, Of int32 }

// dumpOwn is what a survivor says of itself, with its spells.
type dumpOwn struct {
	ownFacts
	Spells [][4]int64 `json:",omitempty"`
}

// dumpSurvivors adds duplicates and survivors in row order: a map has none.
func (h *dumpHead) dumpSurvivors(s *Snapshot) {
	for _, row := range slices.Sorted(maps.Keys(s.duplicateOf)) {
		h.Duplicates = append(h.Duplicates, dumpDuplicate{row, s.duplicateOf[row]})
	}
	for _, row := range slices.Sorted(maps.Keys(s.inherited)) {
		own := dumpOwn{ownFacts: s.inherited[row]}
		for _, sp := range own.spells {
			own.Spells = append(own.Spells, [4]int64{sp.in, sp.out, int64(sp.cause), sp.verified})
		}
		h.Inherited = append(h.Inherited, own)
	}
}

// readSurvivors puts them back; sound has looked at the rows.
func (h *dumpHead) readSurvivors(s *Snapshot) {
	for _, d := range h.Duplicates {
		s.duplicateOf[d.Row] = d.Of
	}
	for _, own := range h.Inherited {
		for _, sp := range own.Spells {
			own.spells = append(own.spells, spell{sp[0], sp[1], uint8(sp[2]), sp[3]})
		}
		s.inherited[own.Row] = own.ownFacts
	}
}

// dumpIncident is short because there are 100,000 of them. Link is one more than
// the place of the incident it came back from.
type dumpIncident struct {
	Key         domain.IncidentKey `json:"k"`
	Started     int64              `json:"s,omitempty"`
	Resolved    int64              `json:"e,omitempty"`
	LinkedAt    int64              `json:"a,omitempty"`
	Link        int32              `json:"r,omitempty"`
	Services    []int32            `json:"v,omitempty"`
	Causes      []int32            `json:"c,omitempty"`
	Fingerprint string             `json:"p,omitempty"`
	Severity    uint8              `json:"y,omitempty"`
	Marks       uint8              `json:"m,omitempty"` // the bits of marks
}

// marks are the yes and no of an incident, in the order of their bits in a dump.
func (i *incidentRow) marks() [6]*bool {
	return [6]*bool{&i.known, &i.reviewed, &i.edited, &i.merged, &i.undated, &i.endless}
}

func (i *incidentRow) dump() dumpIncident {
	d := dumpIncident{
		Key: i.key, Started: i.started, Resolved: i.resolved, LinkedAt: i.linkedAt, Link: i.recurrenceOf + 1,
		Services: i.services, Causes: i.causes, Fingerprint: i.fingerprint, Severity: i.severity,
	}
	for bit, mark := range i.marks() {
		if *mark {
			d.Marks |= 1 << bit
		}
	}
	return d
}

// row is the incident as the snapshot holds it; its lists go behind each other
// into lists, which has room for them.
func (d *dumpIncident) row(lists *[]int32) incidentRow {
	i := incidentRow{
		key: d.Key, started: d.Started, resolved: d.Resolved, linkedAt: d.LinkedAt, recurrenceOf: d.Link - 1,
		services: tail(lists, d.Services), causes: tail(lists, d.Causes), fingerprint: d.Fingerprint, severity: d.Severity,
	}
	for bit, mark := range i.marks() {
		*mark = d.Marks>>bit&1 == 1
	}
	return i
}

// tail appends a list and returns where it now stands.
func tail(lists *[]int32, list []int32) []int32 {
	if len(list) == 0 {
		return nil
	}
	from := len(*lists)
	*lists = append(*lists, list...)
	return slices.Clip((*lists)[from:])
}

// Dump writes the snapshot so that ReadSnapshot brings it back: a service that
// starts reads it and folds only what the log holds after Position.
func (s *Snapshot) Dump(w io.Writer) error {
	head := dumpHead{Position: s.Position, Latest: s.latest, Rows: s.Len(), Teams: s.teams.list, Services: s.services.list, Causes: s.causes.list}
	for _, z := range s.zones {
		head.Zones = append(head.Zones, z.String())
	}
	for i := range s.incidents {
		head.Incidents = append(head.Incidents, s.incidents[i].dump())
	}
	var spells []int64
	for row := range int32(s.Len()) { // in row order: a map has none
		if list, ok := s.earlier[row]; ok {
			head.EarlierRow, head.EarlierSize = append(head.EarlierRow, row), append(head.EarlierSize, int32(len(list)))
			for _, sp := range list {
				spells = append(spells, sp.in, sp.out, int64(sp.cause), sp.verified)
			}
		}
	}
	head.dumpSurvivors(s)
	text, err := json.Marshal(head)
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	buffered := bufio.NewWriterSize(w, 1<<20)
	sum := crc32.NewIEEE()
	out := io.MultiWriter(buffered, sum)
	parts := append([]any{[]byte(dumpFormat), int64(len(text)), text, spells}, s.columns()...)
	for _, part := range parts {
		if err := binary.Write(out, binary.LittleEndian, part); err != nil {
			return fmt.Errorf("write snapshot: %w", err)
		}
	}
	if err := binary.Write(buffered, binary.LittleEndian, sum.Sum32()); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return buffered.Flush()
}

// columns are all columns in the order of a dump.
func (s *Snapshot) columns() []any {
	all := []any{s.created, s.closed}
	c := s.grow()
	for _, p := range c.u32 {
		all = append(all, *p)
	}
	for _, p := range c.i32 {
		all = append(all, *p)
	}
	for _, p := range c.u8 {
		all = append(all, *p)
	}
	return append(all, s.flags, s.state)
}

// ReadSnapshot reads what Dump wrote. It refuses another format, a damaged dump
// and zones this machine does not know; the caller then folds the log anew.
func ReadSnapshot(r io.Reader) (*Snapshot, error) {
	sum := crc32.NewIEEE()
	in := io.TeeReader(bufio.NewReaderSize(r, 1<<20), sum)
	format, size := make([]byte, len(dumpFormat)), int64(0)
	if _, err := io.ReadFull(in, format); err != nil || string(format) != dumpFormat {
		return nil, invalidf("this is no snapshot of this version; fold the log anew")
	}
	if err := binary.Read(in, binary.LittleEndian, &size); err != nil || size < 0 || size > maxDumpHead {
		return nil, invalidf("the snapshot is damaged; fold the log anew")
	}
	var head dumpHead
	text, err := io.ReadAll(io.LimitReader(in, size)) // grows with what is there, not with what is claimed
	if err != nil || int64(len(text)) != size || json.Unmarshal(text, &head) != nil || !head.sound() {
		return nil, invalidf("the snapshot is damaged; fold the log anew")
	}
	spells, err := head.spells(in)
	if err != nil {
		return nil, err
	}
	first := make([]int64, min(head.Rows, 1<<16))
	if err := binary.Read(in, binary.LittleEndian, first); err != nil {
		return nil, invalidf("the snapshot ends too early; fold the log anew")
	}
	s, err := head.snapshot()
	if err != nil {
		return nil, err
	}
	copy(s.created, first)
	columns := s.columns()
	columns[0] = s.created[len(first):]
	for _, part := range columns {
		if err := binary.Read(in, binary.LittleEndian, part); err != nil {
			return nil, invalidf("the snapshot ends too early; fold the log anew")
		}
	}
	want, got := sum.Sum32(), uint32(0)
	if err := binary.Read(in, binary.LittleEndian, &got); err != nil || got != want {
		return nil, invalidf("the check sum of the snapshot is wrong; fold the log anew")
	}
	for i, row := range head.EarlierRow {
		list := make([]spell, head.EarlierSize[i])
		for k := range list {
			list[k], spells = spell{spells[0], spells[1], uint8(spells[2]), spells[3]}, spells[4:]
		}
		s.earlier[row] = list
	}
	head.readSurvivors(s)
	return s, nil
}

// sound refuses numbers that no dump has.
func (h *dumpHead) sound() bool {
	if h.Rows < 0 || h.Rows > math.MaxInt32 || len(h.EarlierRow) != len(h.EarlierSize) {
		return false
	}
	for i, row := range h.EarlierRow {
		if row < 0 || int(row) >= h.Rows || h.EarlierSize[i] < 0 {
			return false
		}
	}
	for _, d := range h.Duplicates {
		if d.Row < 0 || int(d.Row) >= h.Rows {
			return false
		}
	}
	for _, own := range h.Inherited {
		if own.Row < 0 || int(own.Row) >= h.Rows || int(own.Zone) >= len(h.Zones) {
			return false
		}
	}
	for _, i := range h.Incidents {
		if i.Link < 0 || int(i.Link) > len(h.Incidents) {
			return false
		}
	}
	return true
}

// spells reads the earlier spells, a row at a time: what is claimed is only
// believed as far as it is there.
func (h *dumpHead) spells(in io.Reader) ([]int64, error) {
	var all []int64
	for _, size := range h.EarlierSize {
		part := make([]int64, 4*min(int(size), 1<<16))
		if err := binary.Read(in, binary.LittleEndian, part); err != nil || int(size) > 1<<16 {
			return nil, invalidf("the snapshot ends too early; fold the log anew")
		}
		all = append(all, part...)
	}
	return all, nil
}

// snapshot is the snapshot with empty columns of the right length.
func (h *dumpHead) snapshot() (*Snapshot, error) {
	s := NewSnapshot(h.Rows)
	grow(s.grow(), h.Rows)
	s.created, s.closed = resize(s.created, h.Rows), resize(s.closed, h.Rows)
	s.flags, s.state = resize(s.flags, h.Rows), resize(s.state, h.Rows)
	s.Position, s.latest = h.Position, h.Latest
	for _, name := range h.Zones {
		z, err := time.LoadLocation(name)
		if err != nil {
			return nil, invalidf("the zone %s of the snapshot is not known here; fold the log anew", name)
		}
		s.zones = append(s.zones, z)
	}
	for _, t := range h.Teams {
		s.teams.index(t)
	}
	for _, v := range h.Services {
		s.services.index(v)
	}
	for _, v := range h.Causes {
		s.causes.index(v)
	}
	size := 0
	for n := range h.Incidents {
		size += len(h.Incidents[n].Services) + len(h.Incidents[n].Causes)
	}
	lists := make([]int32, 0, size)
	s.byKey = make(map[domain.IncidentKey]int32, len(h.Incidents))
	s.incidents = make([]incidentRow, 0, len(h.Incidents))
	for n := range h.Incidents {
		s.byKey[h.Incidents[n].Key] = int32(n)
		s.incidents = append(s.incidents, h.Incidents[n].row(&lists))
	}
	return s, nil
}
