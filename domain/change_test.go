package domain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// TestMeasureHistory: every change leaves one row per field, with its kind.
func TestMeasureHistory(t *testing.T) {
	row := func(kind domain.ChangeKind, field, from, to string) domain.FieldChange {
		return domain.FieldChange{Kind: kind, Field: field, From: from, To: to}
	}
	for name, c := range map[string]struct {
		before domain.Measure
		edit   domain.MeasureEdit
		want   []domain.FieldChange
	}{
		"two fields": {measure(t), domain.MeasureEdit{Title: domain.Some("New"), DueOn: domain.Some(domain.MustDate("2026-08-01")), Reason: "r"},
			[]domain.FieldChange{row(domain.ChangeField, "title", "Alert on replication lag", "New"), row(domain.ChangeField, "due_on", "2026-07-01", "2026-08-01")}},
		"start": {measure(t), domain.MeasureEdit{Status: domain.Some(domain.InProgress)},
			[]domain.FieldChange{row(domain.ChangeField, "status", "accepted", "in_progress")}},
		"done": {measure(t, evidence), domain.MeasureEdit{Status: domain.Some(domain.Done)},
			[]domain.FieldChange{row(domain.ChangeClose, "status", "accepted", "done")}},
		"cancel": {measure(t), domain.MeasureEdit{Status: domain.Some(domain.Cancelled), ClosureReason: domain.Some(domain.WontDo), Reason: "too dear"},
			[]domain.FieldChange{row(domain.ChangeClose, "status", "accepted", "cancelled"), row(domain.ChangeField, "closure_reason", "", "wont_do"), row(domain.ChangeField, "closure_note", "", "too dear")}},
		"verify": {measure(t, status(domain.Done)), domain.MeasureEdit{Status: domain.Some(domain.Verified), Verdict: domain.Some(domain.Partly)},
			[]domain.FieldChange{row(domain.ChangeVerify, "status", "done", "verified"), row(domain.ChangeField, "verdict", "", "partly"), row(domain.ChangeField, "verified_by", "", "p_boro")}},
		"reopen": {measure(t, status(domain.Done)), domain.MeasureEdit{Status: domain.Some(domain.InProgress), Reason: "r"},
			[]domain.FieldChange{row(domain.ChangeReopen, "status", "done", "in_progress")}},
	} {
		t.Run(name, func(t *testing.T) {
			after, err := edit(t, c.before, c.edit, person(boro))
			refused(t, err)
			if diff := cmp.Diff(c.want, domain.MeasureChanges(c.before, after)); diff != "" {
				t.Errorf("history (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIncidentHistory(t *testing.T) {
	before := incident(t, domain.IncidentEdit{Tags: domain.Some([]string{"a"})})
	after := before
	if err := after.Edit(domain.IncidentEdit{Tags: domain.Some([]string{"a", "b"}), Status: domain.Some(domain.IncidentClosed)}, person(ana), now()); err != nil {
		t.Fatal(err)
	}
	want := []domain.FieldChange{{Kind: domain.ChangeClose, Field: "status", From: "new", To: "closed"}, {Kind: domain.ChangeField, Field: "tags", From: "a", To: "a\nb"}}
	if diff := cmp.Diff(want, domain.IncidentChanges(before, after)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if back := domain.IncidentChanges(after, before); back[0].Kind != domain.ChangeReopen {
		t.Errorf("reopening is recorded as %s", back[0].Kind)
	}
}

// TestCreatedRow: a create row carries every field that was given, and reads back.
func TestCreatedRow(t *testing.T) {
	m := measure(t, status(domain.Done))
	created := domain.MeasureCreated(m)
	values, err := domain.Change{Kind: created.Kind, To: created.To}.Created()
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{"title": m.Title, "status": "done", "success_metric": m.Metric.Text(), "due_on": "2026-07-01",
		"created_at": m.CreatedAt.Format(time.RFC3339Nano), "done_at": m.DoneAt.Format(time.RFC3339Nano)} {
		if values[field] != want {
			t.Errorf("%s = %q, want %q", field, values[field], want)
		}
	}
	if _, given := values["deputy"]; given {
		t.Error("an empty field is recorded")
	}
	if again := domain.MeasureCreated(m); again != created {
		t.Error("the same measure gives another row")
	}
	for _, bad := range []domain.Change{{Kind: domain.ChangeField, To: created.To}, {Kind: domain.ChangeCreate, To: "{"}} {
		if _, err := bad.Created(); err == nil {
			t.Errorf("%q of kind %s is read as a creation", bad.To, bad.Kind)
		}
	}
	for _, part := range []string{`"title"`, `"incident":"INC-1"`} {
		if !strings.Contains(created.To, part) {
			t.Errorf("%s has no %s", created.To, part)
		}
	}
}

func TestSortChanges(t *testing.T) {
	changes := []domain.Change{{Seq: 3}, {Seq: 1}, {Seq: 2}}
	domain.SortChanges(changes)
	if changes[0].Seq != 1 || changes[2].Seq != 3 {
		t.Errorf("order %v", changes)
	}
}
