package app_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// wholeAudit reads the log from its beginning into one book. The audit in
// parts is held against it.
func wholeAudit(t *testing.T, w *world, knownAt time.Time) *evidence.Book {
	t.Helper()
	if knownAt.IsZero() {
		knownAt = w.at
	}
	book := evidence.NewBook(knownAt)
	if err := w.db.EachSealed(t.Context(), func(c domain.Change) error { book.Add(evidence.SealedRecord(c)); return nil }); err != nil {
		t.Fatal(err)
	}
	err := w.db.EachLeaf(t.Context(), 0, must(w.db.LogHead(t.Context()))(t).Size, func(r evidence.LogRow) error {
		record, err := evidence.RecordOf(r)
		book.Add(&record)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// registerCSV is the register of measures as it was known.
func (w *world) registerCSV(knownAt time.Time) string {
	w.t.Helper()
	if err := w.Evidence.Await(w.t.Context(), auditor, knownAt); err != nil {
		w.t.Fatal(err)
	}
	var out bytes.Buffer
	if err := w.Evidence.WriteRegister(w.t.Context(), auditor, knownAt, &out); err != nil {
		w.t.Fatal(err)
	}
	return out.String()
}

func (w *world) sample(word string, n int) []app.AuditTrace {
	w.t.Helper()
	traces, _, err := w.Evidence.Traces(w.t.Context(), auditor, time.Time{}, word, n)
	if err != nil {
		w.t.Fatal(err)
	}
	return traces
}
