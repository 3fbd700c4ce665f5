package trackertest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
)

// Run holds a tracker to everything the engine relies on. New makes a fresh
// site; every test gets its own.
func Run(t *testing.T, newSite func(testing.TB) Site) {
	for name, test := range map[string]func(*testing.T, *bench){
		"CreateCarriesEverything":      testCreate,
		"CreateAnswersAreTriState":     testCreateOutcomes,
		"FindByNonce":                  testFind,
		"PushWritesEachField":          testPushFields,
		"PushWritesNothingElse":        testPushNothingElse,
		"PushClears":                   testPushClears,
		"UnlinkLeavesTheTextAlone":     testUnlink,
		"PeoplesEditsComeIn":           testInbound,
		"PeoplesTextSurvives":          testText,
		"PutIsWhatPushDoes":            testPutIsPush,
		"PutGetAndGetPut":              testLens,
		"ChangedIsQuietAfterwards":     testQuiet,
		"ChangedMissesNothing":         testChanged,
		"ChangedKeepsItsPlaceOnErrors": testChangedErrors,
		"EveryErrorSpeaks":             testErrors,
		"GoneIsASuspicion":             testGone,
		"SweepSeesEveryone":            testSweep,
		"MovedIsNotFollowed":           testMoved,
		"CopiesKeepTheirMarker":        testCopy,
		"ForeignAddressesAreRefused":   testForeign,
		"UnmappedOwnersAreShown":       testStranger,
		"CheckIsHonest":                testCheck,
	} {
		t.Run(name, func(t *testing.T) {
			site := newSite(t)
			test(t, &bench{Site: site, tracker: site.Tracker(t)})
		})
	}
}

// bench is a site with an adapter on it.
type bench struct {
	Site
	tracker tracksync.Tracker
}

const (
	measureID = "01JA0000000000000000000001"
	nonce     = "n0nceFAVKX2Q4T7"
)

// draft is a measure with a value in every field.
func (b *bench) draft() domain.Draft {
	owner, _, _ := b.People()
	return domain.Draft{
		MeasureID: measureID, MeasureURL: "https://followthrough.example/measures/M-7", Nonce: nonce,
		IncidentURL: "https://followthrough.example/incidents/INC-3", IncidentTitle: "Replica lag went unnoticed",
		Values: map[domain.Field]string{
			domain.FieldTitle:       "Alert on replica lag",
			domain.FieldDescription: "Page the owner when the lag passes 5 minutes.\n\n- both regions\n- all replicas",
			domain.FieldStatus:      string(domain.ProjectionOpen),
			domain.FieldPriority:    string(domain.P1),
			domain.FieldOwner:       string(owner),
			domain.FieldDueOn:       "2026-03-31",
			domain.FieldMetric:      "time to detect lag; target at_most 5 min; baseline 42; window 30 d; verify 2027-01-07",
			domain.FieldIncident:    "INC-3",
		},
	}
}

// create makes the issue and reads it back.
func (b *bench) create(t *testing.T) domain.Snapshot {
	t.Helper()
	made, err := b.tracker.Create(t.Context(), b.draft())
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	if made.Ref.ID == "" {
		t.Fatal("Create: the snapshot has no immutable id")
	}
	b.Wait(t)
	return b.fetch(t, made.Ref)
}

func (b *bench) fetch(t *testing.T, ref domain.RemoteRef) domain.Snapshot {
	t.Helper()
	s, err := b.tracker.Fetch(t.Context(), ref)
	if err != nil {
		t.Fatalf("Fetch %s: %v", ref.Key, err)
	}
	return s
}

// push writes fields and reads the issue back.
func (b *bench) push(t *testing.T, on domain.Snapshot, values map[domain.Field]string) (domain.Pushed, domain.Snapshot) {
	t.Helper()
	p := domain.Push{Draft: b.draft(), On: on}
	p.Nonce = ""
	maps.Copy(p.Values, values)
	for _, f := range domain.SyncedFields() {
		if _, ok := values[f]; ok {
			p.Fields = append(p.Fields, f)
		} else if v, ok := on.Fields[f]; ok {
			p.Values[f] = v.Value
		}
	}
	pushed, err := b.tracker.Push(t.Context(), p)
	if err != nil {
		t.Fatalf("Push of %v: %v", values, err)
	}
	b.Wait(t)
	return pushed, b.fetch(t, on.Ref)
}

// values are the canonical forms of a snapshot.
func values(s domain.Snapshot) map[domain.Field]string {
	out := map[domain.Field]string{}
	for f, v := range s.Fields {
		out[f] = v.Value
	}
	return out
}

func wantValues(t *testing.T, what string, s domain.Snapshot, want map[domain.Field]string) {
	t.Helper()
	for _, f := range domain.SyncedFields() {
		w, asked := want[f]
		got, known := s.Fields[f]
		if asked && (got.Value != w || !known && w != "") {
			t.Errorf("%s: %s is %q (state %q %s), want %q", what, f, got.Value, got.State, got.Problem, w)
		}
	}
}

func wantKind(t *testing.T, what string, err error, want domain.Kind) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: %v is not a *domain.Error", what, err)
	}
	if e.Kind != want {
		t.Errorf("%s: kind %q (%v), want %q", what, e.Kind, err, want)
	}
}

func testCreate(t *testing.T, b *bench) {
	s := b.create(t)
	d := b.draft()
	wantValues(t, "created", s, d.Values)
	if s.MeasureID != d.MeasureID || s.Nonce != d.Nonce {
		t.Errorf("marker: measure %q nonce %q, want %q %q", s.MeasureID, s.Nonce, d.MeasureID, d.Nonce)
	}
	if s.Ref.Key == "" || s.Ref.URL == "" || s.Revision.IsZero() || s.Hash == "" || s.ReadAt.IsZero() || s.CreatedAt.IsZero() {
		t.Errorf("the snapshot is incomplete: %+v", s)
	}
	if n := len(b.Issues(t, nonce)); n != 1 {
		t.Errorf("%d issues carry the nonce, want 1", n)
	}
	again := b.fetch(t, s.Ref)
	if again.Hash != s.Hash {
		t.Error("two reads of the same content have different hashes")
	}
}

func testCreateOutcomes(t *testing.T, b *bench) {
	for fault, want := range map[Fault]struct {
		kind domain.Kind
		made int
	}{
		Refused: {domain.ErrUnauthorized, 0}, Limited: {domain.ErrLimited, 0}, Forbidden: {domain.ErrForbidden, 0},
		Down: {domain.ErrUncertain, 0}, DownAfter: {domain.ErrUncertain, 1}, Lost: {domain.ErrUncertain, 1},
		Empty: {domain.ErrUncertain, 1}, Page: {domain.ErrUncertain, 1},
	} {
		d := b.draft()
		d.Nonce = "n" + strings.ReplaceAll(string(fault), " ", "")
		b.Fail(t, domain.CallCreate, fault)
		_, err := b.tracker.Create(t.Context(), d)
		wantKind(t, "create, "+string(fault), err, want.kind)
		b.Wait(t)
		if n := len(b.Issues(t, d.Nonce)); n != want.made {
			t.Errorf("create, %s: %d issues exist, want %d", fault, n, want.made)
		}
	}
}

func testFind(t *testing.T, b *bench) {
	early := b.create(t)
	b.Wait(t)
	other := b.draft()
	other.Nonce = "anotherNonce42"
	if _, err := b.tracker.Create(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	b.Open(t, "unrelated", "no marker here")
	b.Wait(t)
	found, err := b.tracker.Find(t.Context(), domain.Probe{Nonce: nonce, Since: early.CreatedAt.Add(-5 * 60e9)})
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	if len(found) != 1 || found[0].Ref.ID != early.Ref.ID {
		t.Errorf("Find: %d issues, want the one created", len(found))
	}
	none, err := b.tracker.Find(t.Context(), domain.Probe{Nonce: "neverSent", Since: early.CreatedAt.Add(-5 * 60e9)})
	if err != nil || len(none) != 0 {
		t.Errorf("Find of an unknown nonce: %d issues, %v", len(none), err)
	}
	b.Fail(t, domain.CallProbe, Down)
	if _, err := b.tracker.Find(t.Context(), domain.Probe{Nonce: nonce, Since: early.CreatedAt}); err == nil {
		t.Error("Find: an error was read as an answer (T7)")
	}
}

// steps are values per field to walk through, each different from the last.
func (b *bench) steps() map[domain.Field][]string {
	first, second, _ := b.People()
	return map[domain.Field][]string{
		domain.FieldTitle:       {"Alert on replica lag in both regions", `Quotes " and <tags> & ümlauts 🙂`},
		domain.FieldDescription: {"One line.", "Two\nlines with `code` and **bold**"},
		domain.FieldStatus:      {"in_progress", "done", "open", "cancelled", "in_progress", "open"},
		domain.FieldPriority:    {"P0", "P3", "P1"},
		domain.FieldOwner:       {string(second), string(first)},
		domain.FieldDueOn:       {"2026-04-01", "2026-12-31"},
		domain.FieldMetric:      {"pages per week; target at_most 2", "not measurable: a one-off cleanup"},
		domain.FieldIncident:    {"INC-4"},
	}
}

func testPushFields(t *testing.T, b *bench) {
	s := b.create(t)
	for _, f := range domain.SyncedFields() {
		for _, v := range b.steps()[f] {
			before := values(s)
			var pushed domain.Pushed
			pushed, s = b.push(t, s, map[domain.Field]string{f: v})
			if len(pushed.Refused) > 0 {
				t.Fatalf("%s = %q was refused: %v", f, v, pushed.Refused)
			}
			before[f] = v
			wantValues(t, fmt.Sprintf("%s = %q", f, v), s, before)
			if pushed.Snapshot.Fields != nil && pushed.Snapshot.Hash != s.Hash {
				t.Errorf("%s = %q: the confirmed hash differs from the one read back", f, v)
			}
		}
	}
}

func testPushNothingElse(t *testing.T, b *bench) {
	s := b.create(t)
	b.Label(t, s.Ref, "area-storage")
	b.Append(t, s.Ref, "A person's own line.  ")
	b.Wait(t)
	s = b.fetch(t, s.Ref)
	text := b.Text(t, s.Ref)
	_, s = b.push(t, s, map[domain.Field]string{domain.FieldTitle: "New title", domain.FieldDueOn: "2026-05-05",
		domain.FieldPriority: "P0", domain.FieldStatus: "in_progress"})
	if got := b.Text(t, s.Ref); got != text {
		t.Errorf("the text people write was touched (P7):\n%s", cmp.Diff(text, got))
	}
	if !slices.Contains(b.Labels(t, s.Ref), "area-storage") {
		t.Errorf("a person's label is gone; labels are %q", b.Labels(t, s.Ref))
	}
}

func testPushClears(t *testing.T, b *bench) {
	s := b.create(t)
	cleared := map[domain.Field]string{domain.FieldDescription: "", domain.FieldPriority: "", domain.FieldOwner: "", domain.FieldDueOn: "", domain.FieldMetric: ""}
	pushed, s := b.push(t, s, cleared)
	for f := range cleared {
		if pushed.Refused[f] != "" || b.tracker.Put(f, "", s).State != domain.FieldFine {
			delete(cleared, f) // a tracker may be unable to say "none", openly
		}
	}
	wantValues(t, "cleared", s, cleared)
}

func testUnlink(t *testing.T, b *bench) {
	s := b.create(t)
	text := b.Text(t, s.Ref)
	if _, err := b.tracker.Push(t.Context(), domain.Push{Draft: b.draft(), On: s, Unlink: true}); err != nil {
		t.Fatalf("unlink: %v", err)
	}
	b.Wait(t)
	after := b.fetch(t, s.Ref)
	if after.MeasureID != "" {
		t.Errorf("the marker is still there: %q", after.MeasureID)
	}
	if got := b.Text(t, s.Ref); strings.TrimSpace(got) != strings.TrimSpace(text) {
		t.Errorf("the text changed:\n%s", cmp.Diff(text, got))
	}
	if after.Fields[domain.FieldTitle].Value != s.Fields[domain.FieldTitle].Value {
		t.Error("the title changed")
	}
}
