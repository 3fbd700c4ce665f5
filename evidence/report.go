package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// registerColumns are the columns of the register of measures.
func registerColumns() []string {
	return []string{"key", "incident", "title", "kind", "priority", "status", "owner", "external_owner", "team", "original_due_on", "due_on", "due_moves",
		"success_metric", "verdict", "verified_by", "closure_reason", "created_at", "done_at", "verified_at", "evidence", "links", "last_leaf"}
}

// WriteRegister writes the register of measures as a table, in parts: next
// returns some measures at a time, and none behind the last.
func WriteRegister(w io.Writer, next func() ([]*Item, error)) error {
	out := csv.NewWriter(w)
	_ = out.Write(registerColumns()) // Flush tells
	for {
		measures, err := next()
		if err != nil {
			return err
		}
		for _, m := range measures {
			_ = out.Write(registerRow(m))
		}
		if out.Flush(); out.Error() != nil || len(measures) == 0 {
			return out.Error()
		}
	}
}

func registerRow(m *Item) []string {
	row := []string{m.Key, m.Fields["incident"], m.Fields["title"], m.Fields["kind"], m.Fields["priority"], m.Fields["status"], m.Fields["owner"],
		m.Fields["external_owner"], m.Fields["team"], m.OriginalDue, m.Fields["due_on"], strconv.Itoa(m.DueMoves), m.Fields["success_metric"],
		m.Fields["verdict"], m.Fields["verified_by"], m.Fields["closure_reason"], day(m.CreatedAt), day(m.DoneAt), day(m.VerifiedAt),
		strconv.Itoa(m.Evidence), strings.Join(m.Links, " "), strconv.FormatInt(m.LastLeaf, 10)}
	for n := range row {
		row[n] = cell(row[n])
	}
	return row
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeFormat)
}

// cell keeps a spreadsheet from running a text as a formula.
func cell(s string) string {
	for _, first := range s {
		if strings.ContainsRune("=+-@\t\r\x00＝＋－＠", first) {
			return "'" + s
		}
		break //nolint:staticcheck // the first rune alone
	}
	return s
}

func changeColumns() []string {
	return []string{"leaf", "time", "tracker_time", "subject", "key", "seq", "kind", "field", "from", "to", "source", "actor", "reason", "overwritten"}
}

// writeChanges writes one row per changed value of a leaf. What goes wrong is
// told by the writer's Error.
func writeChanges(out *csv.Writer, r *Record) {
	l := &r.Leaf
	if l.Subject == "" {
		return
	}
	overwritten := ""
	if l.Overwritten {
		overwritten = "yes"
	}
	row := [...]string{strconv.FormatInt(r.Index, 10), day(l.Time), day(l.ExtTime), l.Subject, l.Key, strconv.FormatInt(l.Seq, 10), l.Kind, "", "", "", l.Source,
		r.text(named{"actor", l.Actor}), r.text(named{"reason", l.Reason}), overwritten}
	for n := range row {
		row[n] = cell(row[n])
	}
	for _, f := range l.Fields {
		row[7], row[8], row[9] = cell(f.Name), cell(r.text(named{f.Name + "/from", f.From})), cell(r.text(named{f.Name + "/to", f.To}))
		_ = out.Write(row[:])
	}
}

// Trace is the way from one incident to the effect of its measures.
type Trace struct {
	Incident *Item
	// Causes are those of the incident, then those of its review.
	Causes   []string
	Findings []Finding
	// Erased is how many entries of the review were erased.
	Erased   int
	Measures []*Item
}

// Traces returns every incident with its findings and measures, by key.
func (b *Book) Traces() []Trace { return b.traces(b.Register("measure")) }

func (b *Book) traces(measures []*Item) []Trace {
	of := map[string][]*Item{}
	for _, m := range measures {
		of[m.Fields["incident"]] = append(of[m.Fields["incident"]], m)
	}
	traces := []Trace{}
	for _, i := range b.Register("incident") {
		t := Trace{Incident: i, Measures: of[i.Key]}
		if causes := i.Fields["causes"]; causes != "" {
			t.Causes = strings.Split(causes, "\n")
		}
		for _, c := range b.reviews[i.Key].section(domain.SectionCause) {
			t.Causes = append(t.Causes, c.Text)
		}
		t.Findings, t.Erased = b.reviews[i.Key].findings()
		traces = append(traces, t)
	}
	return traces
}

// sampleKeys chooses n keys: those that hash lowest with the word.
func sampleKeys(keys []string, word string, n int) []string {
	if len(keys) <= n {
		return keys
	}
	type ranked struct {
		sum [sha256.Size]byte
		key string
	}
	all := make([]ranked, len(keys))
	for n, key := range keys {
		all[n] = ranked{sha256.Sum256([]byte(word + "\n" + key)), key}
	}
	slices.SortFunc(all, func(a, b ranked) int { return bytes.Compare(a.sum[:], b.sum[:]) })
	chosen := make([]string, n)
	for n := range chosen {
		chosen[n] = all[n].key
	}
	slices.SortFunc(chosen, compareKeys)
	return chosen
}
