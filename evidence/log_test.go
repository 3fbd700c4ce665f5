package evidence

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/followthrough/followthrough/domain"
)

// testLog is a whole log in memory, written the way the store writes it.
type testLog struct {
	t      testing.TB
	now    time.Time
	rows   []LogRow
	last   map[[2]string][2]int64 // subject → seq, index
	signer note.Signer
	vkey   string
	epoch  int64
}

const testName = "followthrough/test"

func newTestLog(t testing.TB) *testLog {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, testName)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	l := &testLog{t: t, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), last: map[[2]string][2]int64{}, signer: signer, vkey: vkey}
	l.about(KindSeal, Datum("rows", "0"))
	return l
}

func (l *testLog) origin(prev int64) Origin {
	return Origin{Log: testName, App: "test", Prev: prev, Alias: func(key string) string { return "alias-" + fmt.Sprint(len(key)) }, Random: func(b []byte) { _, _ = rand.Read(b) }}
}

func (l *testLog) append(leaf Leaf, c *domain.Change, salts []byte) int64 {
	data, err := leaf.Encode()
	if err != nil {
		l.t.Fatal(err)
	}
	index := int64(len(l.rows))
	l.rows = append(l.rows, LogRow{Index: index, Leaf: data, Change: c, Salts: salts})
	return index
}

func (l *testLog) about(kind string, data ...Field) int64 {
	return l.append(LogLeaf(kind, l.origin(-1), l.now, data...), nil, nil)
}

// change adds one change of a subject.
func (l *testLog) change(subject domain.Subject, key string, c domain.FieldChange, by ...string) int64 {
	l.now = l.now.Add(time.Minute)
	at := [2]string{string(subject), key}
	last, known := l.last[at]
	prev := int64(-1)
	if known {
		prev = last[1]
	}
	actor := "p_ana-x1"
	if len(by) > 0 {
		actor = by[0]
	}
	row := domain.Change{Seq: int64(len(l.rows)), Subject: subject, Key: key, SubjectSeq: last[0] + 1, At: l.now, Kind: c.Kind, Field: c.Field, From: c.From, To: c.To,
		Attribution: domain.Attribution{Source: domain.FromUser, Actor: actor, Reason: "because of " + key, Request: "req-1"}}
	leaf, salts := NewLeaf(row, l.origin(prev))
	index := l.append(leaf, &row, salts)
	l.last[at] = [2]int64{row.SubjectSeq, index}
	return index
}

func (l *testLog) set(key, field, from, to string, by ...string) int64 {
	kind := domain.ChangeField
	if field == "status" && to == "done" {
		kind = domain.ChangeClose
	}
	return l.change(domain.SubjectMeasure, key, domain.FieldChange{Kind: kind, Field: field, From: from, To: to}, by...)
}

func (l *testLog) create(key string, m domain.Measure) {
	m.CreatedAt = l.now
	l.change(domain.SubjectMeasure, key, domain.MeasureCreated(m))
}

// entry writes an entry of the review of an incident; without a section it is removed.
func (l *testLog) entry(incident string, e domain.ReviewEntry) int64 {
	text, err := json.Marshal(e)
	if err != nil {
		l.t.Fatal(err)
	}
	if e.Section == "" {
		text = nil
	}
	return l.change(domain.SubjectReview, incident, domain.FieldChange{Kind: domain.ChangeField, Field: domain.EntryField + e.ID, To: string(text)})
}

// story fills the log with two incidents and measures of every fate.
func (l *testLog) story() *testLog {
	l.change(domain.SubjectPerson, "p_ana-x1", domain.FieldChange{Kind: domain.ChangeCreate, To: `{"name":"Ana Anders","email":"ana@example.com","role":"admin"}`})
	for n, team := range []domain.TeamID{"t_a", "t_b"} {
		l.change(domain.SubjectIncident, fmt.Sprintf("INC-%d", n+1), domain.IncidentCreated(domain.Incident{Title: "Outage <b>", Summary: "=cmd()", Severity: domain.SEV1, Status: domain.IncidentNew, Causes: []string{"a disk", "ein Kabel"}, Team: team, StartedAt: l.now}))
	}
	due, _ := domain.ParseDate("2026-03-01")
	for n := range 6 {
		l.create(fmt.Sprintf("M-%d", n+1), domain.Measure{Title: fmt.Sprintf("Measure %d", n+1), Incident: domain.IncidentKey(fmt.Sprintf("INC-%d", n%2+1)), Team: []domain.TeamID{"t_a", "t_b"}[n%2],
			Owner: "p_bo-y2", Status: domain.InProgress, DueOn: due, Kind: domain.Prevent, Priority: domain.P1})
	}
	for n := range 3 {
		l.set(fmt.Sprintf("M-%d", n+1), "status", "in_progress", "done", "p_bo-y2")
	}
	l.change(domain.SubjectMeasure, "M-1", domain.FieldChange{Kind: domain.ChangeEvidence, Field: "evidence", To: "Run book https://example.com/1"})
	l.set("M-1", "status", "done", "verified", "p_bo-y2")
	l.set("M-1", "verified_by", "", "p_bo-y2", "p_bo-y2")
	l.set("M-4", "success_metric", "outages per month below 1", "outages per month below 5")
	l.set("M-4", "status", "in_progress", "done")
	l.now = l.now.Add(50 * time.Hour)
	l.set("M-5", "due_on", "2026-03-01", "2026-06-01")
	l.set("M-6", "title", "Measure 6", "Massnahme sechs – größer")
	l.entry("INC-1", domain.ReviewEntry{ID: "e_1", Section: domain.SectionCause, Text: "The disk <filled>"})
	l.entry("INC-1", domain.ReviewEntry{ID: "e_3", Section: domain.SectionFinding, Text: "Nobody saw it", Cause: "e_1", Measures: []domain.MeasureKey{"M-1", "M-3"}})
	l.entry("INC-1", domain.ReviewEntry{ID: "e_2", Section: domain.SectionFinding, Text: "No deputy"})
	return l
}

func (l *testLog) each(_ context.Context, f func(LogRow) error) error {
	for _, r := range l.rows {
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}

func (l *testLog) hashes() []byte {
	var out []byte
	for _, r := range l.rows {
		h := tlog.RecordHash(r.Leaf)
		out = append(out, h[:]...)
	}
	return out
}

func (l *testLog) checkpoint() Checkpoint {
	var r Range
	for _, row := range l.rows {
		r.Add(tlog.RecordHash(row.Leaf))
	}
	c, err := Sign(l.signer, l.epoch, r.Size(), r.Root())
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

func (l *testLog) scope() Scope {
	return Scope{Format: 1, Log: testName, From: "2026-01-01", To: "2026-12-31", Upto: int64(len(l.rows)), MadeAt: l.now.Format(timeFormat), App: "test"}
}

// pack exports a scope; edit may change the draft before its leaf is made, as
// somebody who holds the key could.
func (l *testLog) pack(s Scope, previous []byte, edit func(*Draft)) []byte {
	l.t.Helper()
	d, err := NewDraft(context.Background(), s, l.upto(s.Upto), l.vkey, previous)
	if err != nil {
		l.t.Fatal(err)
	}
	if edit != nil {
		edit(d)
		d.digestAgain()
	}
	index := l.about(KindPack, d.Data()...)
	var out bytes.Buffer
	if err := d.Write(&out, index, l.rows[index].Leaf, l.hashes(), l.checkpoint()); err != nil {
		l.t.Fatal(err)
	}
	return out.Bytes()
}

func (l *testLog) upto(n int64) Rows {
	return func(ctx context.Context, f func(LogRow) error) error {
		return l.each(ctx, func(r LogRow) error {
			if r.Index >= n {
				return nil
			}
			return f(r)
		})
	}
}

func (l *testLog) verify(pack, since []byte) Verdict {
	return Verify(bytes.NewReader(pack), int64(len(pack)), l.vkey, since)
}
