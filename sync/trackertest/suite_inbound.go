package trackertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// maxPages ends a walk through pages that would never end.
const maxPages = 200

// drain reads pages until the cycle is complete.
func (b *bench) drain(t *testing.T, c domain.Cursor) (rows map[string]domain.Snapshot, next domain.Cursor, quiet bool) {
	t.Helper()
	rows = map[string]domain.Snapshot{}
	for range maxPages {
		page, err := b.tracker.Changed(t.Context(), c, nil)
		if err != nil {
			t.Fatalf("Changed: %v", err)
		}
		for _, s := range page.Snapshots {
			rows[s.Ref.ID] = s
		}
		if len(page.Broken) > 0 {
			t.Fatalf("Changed: broken rows %+v", page.Broken)
		}
		c = page.Next
		if !page.More {
			return rows, c, page.NotModified || len(page.Snapshots) == 0
		}
	}
	t.Fatalf("Changed: more than %d pages", maxPages)
	return nil, nil, false
}

func testInbound(t *testing.T, b *bench) {
	s := b.create(t)
	for _, f := range domain.SyncedFields() {
		if f == domain.FieldIncident {
			continue // goes out only
		}
		for _, v := range b.steps()[f] {
			want := values(s)
			b.Edit(t, s.Ref, map[domain.Field]string{f: v})
			b.Wait(t)
			before := s
			s = b.fetch(t, s.Ref)
			want[f] = v
			wantValues(t, fmt.Sprintf("a person set %s to %q", f, v), s, want)
			if s.Fields[f].Raw == before.Fields[f].Raw {
				t.Errorf("%s = %q: Raw did not change, so the merge would not see the edit", f, v)
			}
			if s.Hash == before.Hash {
				t.Errorf("%s = %q: the hash did not change", f, v)
			}
			if s.Revision.Before(before.Revision) {
				t.Errorf("%s = %q: the revision went backwards", f, v)
			}
		}
	}
}

func testText(t *testing.T, b *bench) {
	s := b.create(t)
	b.Append(t, s.Ref, "Seen on db-3, too.")
	b.Wait(t)
	s = b.fetch(t, s.Ref)
	want := b.draft().Values[domain.FieldDescription] + "\nSeen on db-3, too."
	got := s.Fields[domain.FieldDescription].Value
	if strings.ReplaceAll(got, "\n\n", "\n") != strings.ReplaceAll(want, "\n\n", "\n") {
		t.Fatalf("description %q, want %q", got, want)
	}
	_, s = b.push(t, s, map[domain.Field]string{domain.FieldDescription: got + "\n\nOurs."})
	if v := s.Fields[domain.FieldDescription].Value; v != got+"\n\nOurs." {
		t.Errorf("description %q after our edit", v)
	}
}

func testQuiet(t *testing.T, b *bench) {
	s := b.create(t)
	b.Open(t, "another", "text")
	b.Wait(t)
	rows, c, _ := b.drain(t, nil)
	if rows[s.Ref.ID].Hash != s.Hash {
		t.Error("the list and the single read disagree about the content")
	}
	_, c, _ = b.drain(t, c)
	again, c, _ := b.drain(t, c)
	for id, row := range again {
		if old, ok := rows[id]; !ok || old.Hash != row.Hash {
			t.Errorf("%s changed without anybody changing it", row.Ref.Key)
		}
	}
	before := b.Requests()
	_, _, quiet := b.drain(t, c)
	if n := b.Requests() - before; n != 1 {
		t.Errorf("an idle pass took %d requests, want 1", n)
	}
	_ = quiet // an overlapping window may show known rows again
}

func testChanged(t *testing.T, b *bench) {
	s := b.create(t)
	b.Wait(t)
	_, c, _ := b.drain(t, nil)
	for n := range 3 {
		b.Wait(t)
		title := fmt.Sprintf("edit %d", n)
		b.Edit(t, s.Ref, map[domain.Field]string{domain.FieldTitle: title})
		opened := b.Open(t, fmt.Sprintf("new %d", n), "")
		b.Wait(t)
		var rows map[string]domain.Snapshot
		rows, c, _ = b.drain(t, c)
		if got := rows[s.Ref.ID].Fields[domain.FieldTitle].Value; got != title {
			t.Errorf("round %d: the changed issue shows %q, want %q", n, got, title)
		}
		if _, ok := rows[opened.ID]; !ok {
			t.Errorf("round %d: the new issue is missing", n)
		}
	}
}

func testChangedErrors(t *testing.T, b *bench) {
	s := b.create(t)
	b.Wait(t)
	_, c, _ := b.drain(t, nil)
	b.Wait(t)
	b.Edit(t, s.Ref, map[domain.Field]string{domain.FieldTitle: "changed meanwhile"})
	b.Wait(t)
	for _, fault := range []Fault{Down, Empty, Page, Limited} {
		b.Fail(t, domain.CallRead, fault)
		if page, err := b.tracker.Changed(t.Context(), c, nil); err == nil {
			t.Fatalf("%s: answered %d rows instead of an error (T5, T8)", fault, len(page.Snapshots))
		}
	}
	rows, _, _ := b.drain(t, c)
	if got := rows[s.Ref.ID].Fields[domain.FieldTitle].Value; got != "changed meanwhile" {
		t.Errorf("after the errors the change is lost: title %q", got)
	}
}

func testErrors(t *testing.T, b *bench) {
	s := b.create(t)
	for fault, want := range map[Fault]domain.Kind{
		Refused: domain.ErrUnauthorized, Limited: domain.ErrLimited, Forbidden: domain.ErrForbidden, Down: domain.ErrUnavailable,
		Empty: domain.ErrUnavailable, Page: domain.ErrUnavailable, Hidden: domain.ErrNotFound,
	} {
		b.Fail(t, domain.CallRead, fault)
		_, err := b.tracker.Fetch(t.Context(), s.Ref)
		wantKind(t, "fetch, "+string(fault), err, want)
		if fault == Limited && !domain.RetryAt(err).After(s.ReadAt) {
			t.Errorf("fetch, limited: RetryAt %v does not lie ahead", domain.RetryAt(err))
		}
	}
	for fault, want := range map[Fault]domain.Kind{Refused: domain.ErrUnauthorized, Limited: domain.ErrLimited, Forbidden: domain.ErrForbidden} {
		b.Fail(t, domain.CallWrite, fault)
		p := domain.Push{Draft: b.draft(), On: s, Fields: []domain.Field{domain.FieldTitle}}
		p.Values[domain.FieldTitle] = "never written"
		_, err := b.tracker.Push(t.Context(), p)
		wantKind(t, "push, "+string(fault), err, want)
	}
	if got := b.fetch(t, s.Ref).Fields[domain.FieldTitle].Value; got == "never written" {
		t.Error("a refused push changed the title")
	}
}

func testGone(t *testing.T, b *bench) {
	s := b.create(t)
	b.Delete(t, s.Ref)
	b.Wait(t)
	_, err := b.tracker.Fetch(t.Context(), s.Ref)
	if !errors.Is(err, domain.ErrGone) && !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("Fetch of a deleted issue: %v, want gone or not found", err)
	}
	p := domain.Push{Draft: b.draft(), On: s, Fields: []domain.Field{domain.FieldTitle}}
	p.Values[domain.FieldTitle] = "into the void"
	if _, err = b.tracker.Push(t.Context(), p); !errors.Is(err, domain.ErrGone) && !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("Push to a deleted issue: %v, want gone or not found", err)
	}
}

func testSweep(t *testing.T, b *bench) {
	s := b.create(t)
	var refs []domain.RemoteRef
	for n := range 4 {
		refs = append(refs, b.Open(t, fmt.Sprintf("issue %d", n), ""))
	}
	refs = append(refs, s.Ref)
	b.Delete(t, refs[1])
	b.Wait(t)
	seen, err := b.tracker.Sweep(t.Context(), refs)
	if err != nil {
		t.Fatalf("Sweep: %v", err)
	}
	if len(seen) != len(refs) {
		t.Fatalf("Sweep: %d sightings for %d refs", len(seen), len(refs))
	}
	for _, sighting := range seen {
		n := slices.IndexFunc(refs, func(r domain.RemoteRef) bool { return r.ID == sighting.Ref.ID })
		switch {
		case n < 0:
			t.Errorf("Sweep: %s was not asked for", sighting.Ref.ID)
		case n == 1 && sighting.Presence == domain.Present:
			t.Error("Sweep: the deleted issue is present")
		case n != 1 && (sighting.Presence != domain.Present || sighting.Snapshot == nil):
			t.Errorf("Sweep: issue %d is %q", n, sighting.Presence)
		}
	}
	b.Fail(t, domain.CallRead, Down)
	if seen, err := b.tracker.Sweep(t.Context(), refs); err == nil {
		for _, sighting := range seen {
			if sighting.Presence != domain.Present && sighting.Ref.ID != refs[1].ID {
				t.Error("Sweep: a server error was read as absence (T7)")
			}
		}
	}
}

func testMoved(t *testing.T, b *bench) {
	s := b.create(t)
	b.Move(t, s.Ref)
	b.Wait(t)
	seen, err := b.tracker.Sweep(t.Context(), []domain.RemoteRef{s.Ref})
	if err != nil || len(seen) != 1 {
		t.Fatalf("Sweep: %d sightings, %v", len(seen), err)
	}
	if seen[0].Presence != domain.MovedOut && seen[0].Presence != domain.Missing {
		t.Errorf("Sweep: a moved issue is %q", seen[0].Presence)
	}
	p := domain.Push{Draft: b.draft(), On: s, Fields: []domain.Field{domain.FieldTitle}}
	p.Values[domain.FieldTitle] = "written to a foreign place"
	if _, err := b.tracker.Push(t.Context(), p); err == nil {
		t.Error("Push to a moved issue: no error (T1)")
	}
}

func testCopy(t *testing.T, b *bench) {
	s := b.create(t)
	ref := b.Copy(t, s.Ref)
	b.Wait(t)
	c := b.fetch(t, ref)
	if c.Ref.ID == s.Ref.ID {
		t.Error("the copy has the original's id")
	}
	if c.MeasureID != "" && c.MeasureID != s.MeasureID {
		t.Errorf("the copy's marker is %q; want the original's or none (T62)", c.MeasureID)
	}
}

func testForeign(t *testing.T, b *bench) {
	before := b.Requests()
	for _, address := range b.Foreign() {
		_, err := b.tracker.Resolve(t.Context(), address)
		if !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("Resolve %q: %v, want invalid", address, err)
		}
	}
	if n := b.Requests() - before; n != 0 {
		t.Errorf("foreign addresses caused %d requests, want none", n)
	}
	s := b.create(t)
	for _, address := range []string{s.Ref.URL, s.Ref.Key} {
		got, err := b.tracker.Resolve(t.Context(), address)
		if err != nil || got.Ref.ID != s.Ref.ID {
			t.Errorf("Resolve %q: %q, %v, want %q", address, got.Ref.ID, err, s.Ref.ID)
		}
	}
}

func testStranger(t *testing.T, b *bench) {
	_, _, stranger := b.People()
	s := b.create(t)
	b.Edit(t, s.Ref, map[domain.Field]string{domain.FieldOwner: domain.ExternalPrefix + stranger})
	b.Wait(t)
	s = b.fetch(t, s.Ref)
	if got, want := s.Fields[domain.FieldOwner].Value, domain.ExternalPrefix+stranger; got != want {
		t.Errorf("owner %q, want %q", got, want)
	}
	if put := b.tracker.Put(domain.FieldOwner, "p_nobody_mapped", s); put.State != domain.FieldFailed || put.Problem == "" {
		t.Errorf("an unmapped person can be written: %+v", put)
	}
}

func testCheck(t *testing.T, b *bench) {
	report, err := b.tracker.Check(t.Context())
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	if len(report.Problems) > 0 || !report.CanWrite || report.Place == "" {
		t.Errorf("Check of a healthy site: %+v", report)
	}
	for _, row := range report.Rows {
		if row.Loss == domain.Lossless && row.Back != row.Value {
			t.Errorf("%s %q → %q → %q is called lossless", row.Field, row.Value, row.Remote, row.Back)
		}
	}
	for _, p := range domain.Priorities() {
		if !slices.ContainsFunc(report.Rows, func(r domain.MappingRow) bool {
			return r.Field == domain.FieldPriority && r.Value == string(p)
		}) {
			t.Errorf("the report has no row for priority %s", p)
		}
	}
	b.Fail(t, domain.CallRead, Refused)
	_, err = b.tracker.Check(t.Context())
	wantKind(t, "check, refused", err, domain.ErrUnauthorized)
}

func testPutIsPush(t *testing.T, b *bench) {
	s := b.create(t)
	for _, f := range domain.SyncedFields() {
		for _, v := range b.steps()[f] {
			want := b.tracker.Put(f, v, s)
			_, s = b.push(t, s, map[domain.Field]string{f: v})
			if got := s.Fields[f].Raw; got != want.Raw {
				t.Errorf("%s = %q: Put promised %q, the tracker has %q", f, v, want.Raw, got)
			}
		}
	}
}

// testLens checks put(get(r), r) == r and get(put(d, r)) == d (P8) on states
// that people and the program made.
func testLens(t *testing.T, b *bench) {
	s := b.create(t)
	b.Append(t, s.Ref, "typed by a person  ")
	b.Wait(t)
	s = b.fetch(t, s.Ref)
	for f, v := range s.Fields {
		if put := b.tracker.Put(f, v.Value, s); put.Raw != v.Raw {
			t.Errorf("GetPut, %s: %q became %q", f, v.Raw, put.Raw)
		}
	}
	for f, steps := range b.steps() {
		for _, d := range steps {
			put := b.tracker.Put(f, d, s)
			if put.State == domain.FieldFine && put.Value != d {
				t.Errorf("PutGet, %s: %q came back as %q", f, d, put.Value)
			}
			if second := b.tracker.Put(f, d, s); second != put {
				t.Errorf("Put of %s is not pure: %+v, then %+v", f, put, second)
			}
		}
	}
}
