package evidence

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unique"

	"github.com/followthrough/followthrough/domain"
)

// erasedText stands for a value whose opening is gone.
const erasedText = "[erased]"

// Record is a leaf with the texts of its opened values.
type Record struct {
	Index    int64
	Leaf     Leaf
	Openings []Opening
}

// RecordOf opens a stored leaf with the history row behind it.
func RecordOf(r LogRow) (Record, error) {
	l, err := ParseLeaf(r.Leaf)
	record := Record{Index: r.Index, Leaf: l}
	if r.Change != nil {
		record.Openings = Openings(l, *r.Change, r.Salts)
	}
	return record, err
}

// SealedRecord is a history row from before the log in the form of a record,
// for reports that go back that far; no leaf has its index.
func SealedRecord(c domain.Change) *Record {
	l, salts := NewLeaf(c, Origin{Random: func(b []byte) { clear(b); b[0] = 1 }}) // not zero: zero means erased
	return &Record{Index: -1, Leaf: l, Openings: Openings(l, c, salts)}
}

// Text returns a value by its place in the leaf, "title/to": the text in
// clear, the opened text, or "[erased]".
func (r *Record) Text(name string) string {
	for _, v := range r.Leaf.values() {
		if v.Name == name {
			return r.text(v)
		}
	}
	return ""
}

func (r *Record) text(v named) string {
	if !v.Value.Committed() {
		text := v.Value.Clear()
		return text
	}
	for _, o := range r.Openings {
		if o.Name == v.Name {
			return o.Text
		}
	}
	return erasedText
}

// Item is what the log says about one measure or incident at a time.
type Item struct {
	Key         string
	Fields      map[string]string
	CreatedAt   time.Time
	DoneAt      time.Time
	VerifiedAt  time.Time
	DueMoves    int
	OriginalDue string
	lastDue     string // the last date that was set
	Links       []string
	Proofs      []string

	track
}

// Book reads records in the order of the log and keeps what reports need: the
// state of every measure and incident, red flags, and which leaf answers which
// clause. It knows nothing but the log, so anybody with the leaves gets the
// same reports, byte by byte.
type Book struct {
	// Until is the cut: later leaves do not count. Zero means no cut.
	Until   time.Time
	items   map[[2]string]*Item
	reviews map[string]entries // by incident
	clauses []Clause
	leaves  int

	watcher
}

// NewBook returns an empty book with a cut.
func NewBook(until time.Time) *Book {
	return &Book{Until: until, items: map[[2]string]*Item{}, reviews: map[string]entries{}, clauses: Clauses()}
}

// Add reads the next record.
func (b *Book) Add(r *Record) {
	b.leaves++
	l := &r.Leaf
	if !b.Until.IsZero() && l.Time.After(b.Until) {
		return
	}
	for n := range b.clauses {
		for a := range b.clauses[n].Answers {
			b.clauses[n].Answers[a].add(r.Index, l)
		}
	}
	switch l.Subject {
	case "review":
		b.review(r)
		return
	case "measure", "incident":
	default:
		return
	}
	m := b.items[[2]string{l.Subject, l.Key}]
	if m == nil {
		m = &Item{Key: strings.Clone(l.Key), Fields: map[string]string{}}
		b.items[[2]string{strings.Clone(l.Subject), m.Key}] = m
	}
	b.follow(m.Key, &m.track, r)
	if l.Overwritten {
		return
	}
	for _, f := range l.Fields { // names and words of ours are many times the same, and would keep their leaves in memory
		to := r.text(named{f.Name + "/to", f.To})
		if !f.To.Committed() {
			to = unique.Make(to).Value()
		}
		m.apply(l, unique.Make(f.Name).Value(), to)
	}
}

// sets reports whether a leaf's fields held their values from then on.
func (l *Leaf) sets() bool { return !l.Overwritten && domain.ChangeKind(l.Kind).Sets() }

func (m *Item) apply(l *Leaf, field, to string) {
	switch l.Kind {
	case "evidence":
		m.Proofs = append(m.Proofs, to)
		return
	case "link":
		m.Links = append(m.Links, to)
		return
	case "create":
		m.CreatedAt = l.Time
		if field == "due_on" {
			m.OriginalDue, m.lastDue = to, to
		}
	}
	if !l.sets() {
		return
	}
	if l.Kind != "create" {
		m.due(field, to)
	}
	if field == "status" {
		switch to {
		case "done":
			m.DoneAt, m.VerifiedAt = l.Time, time.Time{}
		case "verified":
			m.VerifiedAt = l.Time
		case "cancelled":
		default:
			m.DoneAt, m.VerifiedAt = time.Time{}, time.Time{}
		}
	}
	m.Fields[field] = to
}

// due follows the due date; the row of a correction stands before the row of
// the date it corrects.
func (m *Item) due(field, to string) {
	switch {
	case field == "original_due_on":
		m.OriginalDue, m.lastDue = to, to
	case field != "due_on" || to == "":
	case m.OriginalDue == "":
		m.OriginalDue, m.lastDue = to, to
	default:
		last, _ := domain.ParseDate(m.lastDue)
		if next, err := domain.ParseDate(to); err != nil || domain.MovesDue(last, next) {
			m.DueMoves++
		}
		m.lastDue = to
	}
}

// Register returns every measure, or every incident, by key.
func (b *Book) Register(subject string) []*Item {
	var out []*Item
	for at, m := range b.items {
		if at[0] == subject {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(x, y *Item) int { return compareKeys(x.Key, y.Key) })
	return out
}

// compareKeys orders M-9 before M-10.
func compareKeys(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// Mapping returns which leaves answer which clause.
func (b *Book) Mapping() []Clause { return b.clauses }

func jsonLines(v any) []byte {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		panic(err) // plain data
	}
	return append(text, '\n')
}
