package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

func TestMeasureRoundTrip(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		i := addIncident(t, db, nil)
		want := full[domain.Measure]()
		want.Incident, want.Owner, want.Deputy, want.Team, want.Status, want.Version = i.Key, "p_ana", "p_ana", "t_a", domain.Cancelled, 1
		want.Succeeds, want.Check = ineffective(t, db), addCheck(t, db)
		want.DuplicateOf = want.Succeeds
		made := addMeasure(t, db, func(m *domain.Measure) { want.Key = m.Key; *m = want })
		got := must[domain.Measure](t)(db.Measure(t.Context(), domain.Everything(), made.Key))
		again := must[domain.Measure](t)(db.Measure(t.Context(), domain.Everything(), made.Key)) // from the cache
		same(t, "created", want, made)
		same(t, "read", want, got)
		same(t, "cached", want, again)

		empty := addMeasure(t, db, nil)
		same(t, "without anything", empty, must[domain.Measure](t)(db.Measure(t.Context(), domain.Everything(), empty.Key)))
	})
}

func addCheck(t *testing.T, db *DB) domain.CheckKey {
	t.Helper()
	return must[domain.Check](t)(db.CreateCheck(t.Context(), domain.Everything(), ana(), domain.Check{Status: domain.CheckDraft, Catalogue: 1, StartedAt: testNow, UpdatedAt: testNow})).Key
}

// ineffective is a measure that another one may take over from.
func ineffective(t *testing.T, db *DB) domain.MeasureKey {
	t.Helper()
	return addMeasure(t, db, func(m *domain.Measure) { m.Status, m.Verdict = domain.Verified, domain.Ineffective }).Key
}

// Every field that an edit may change reaches its column.
func TestUpdateMeasureStoresEveryField(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		i := addIncident(t, db, nil)
		before := addMeasure(t, db, nil)
		want := full[domain.Measure]()
		want.ID, want.Key, want.CreatedAt, want.Version = before.ID, before.Key, before.CreatedAt, 2
		want.Incident, want.Owner, want.Deputy, want.Team, want.Status = i.Key, "p_ana", "p_ana", "t_a", domain.Cancelled
		want.Succeeds, want.Check = ineffective(t, db), addCheck(t, db)
		want.DuplicateOf = want.Succeeds
		made := must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), before.Key, 1, ana(), func(m *domain.Measure) error {
			*m = want
			return nil
		}))
		same(t, "answered", want, made)
		same(t, "read", want, must[domain.Measure](t)(db.Measure(t.Context(), domain.Everything(), before.Key)))
	})
}

// The survivor of a duplicate is another measure in scope that goes on itself;
// of two that name each other at once, one is refused.
func TestSurvivor(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		first, second, third := addMeasure(t, db, nil), addMeasure(t, db, nil), addMeasure(t, db, nil)
		hidden := addMeasure(t, db, func(m *domain.Measure) { m.Team = "t_a" })
		closeAs := func(scope domain.Scope, key, survivor domain.MeasureKey) error {
			_, err := db.UpdateMeasure(t.Context(), scope, key, 0, ana(), func(m *domain.Measure) error {
				m.Status, m.ClosureReason, m.DuplicateOf = domain.Cancelled, domain.Duplicate, survivor
				return nil
			})
			return err
		}
		refusedAs := func(err error, says string) {
			t.Helper()
			var e *domain.Error
			if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != "duplicate_of" || !strings.Contains(e.Fields[0].Message, says) {
				t.Errorf("got %v, want %q", err, says)
			}
		}
		refusedAs(closeAs(domain.Scope{}, first.Key, hidden.Key), "there is no measure")
		refusedAs(closeAs(domain.Everything(), first.Key, "M-99"), "there is no measure")
		refusedAs(closeAs(domain.Everything(), first.Key, first.Key), "is the measure itself")
		if err := closeAs(domain.Scope{}, first.Key, second.Key); err != nil {
			t.Fatal(err)
		}
		refusedAs(closeAs(domain.Everything(), second.Key, first.Key), "is closed as a duplicate of "+string(second.Key))
		refusedAs(closeAs(domain.Everything(), third.Key, first.Key), "name that one")

		var together sync.WaitGroup
		outcomes := make([]error, 2)
		for n, pair := range [][2]domain.MeasureKey{{second.Key, third.Key}, {third.Key, second.Key}} {
			together.Go(func() { outcomes[n] = closeAs(domain.Everything(), pair[0], pair[1]) })
		}
		together.Wait()
		if (outcomes[0] == nil) == (outcomes[1] == nil) {
			t.Errorf("both at once: %v, %v; want one of them refused", outcomes[0], outcomes[1])
		}
	})
}

func TestUpdateMeasureWritesHistoryAndVersion(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m := addMeasure(t, db, nil)
		got := must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 1, ana(), retitle("New title")))
		if got.Version != 2 || got.Title != "New title" {
			t.Fatalf("got version %d, title %q", got.Version, got.Title)
		}
		// A change of nothing is no change.
		same := must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 2, ana(), retitle("New title")))
		if same.Version != 2 {
			t.Errorf("a change of nothing raised the version to %d", same.Version)
		}
		_, err := db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 1, ana(), retitle("Other"))
		if !errors.Is(err, domain.ErrStale) {
			t.Errorf("stale version: got %v, want ErrStale", err)
		}
		h := must[domain.List[domain.Change]](t)(db.History(t.Context(), domain.Everything(), domain.SubjectMeasure, string(m.Key), domain.Page{}))
		if len(h.Items) != 2 {
			t.Fatalf("got %d history rows, want create and title: %+v", len(h.Items), h.Items)
		}
		want := domain.Change{Seq: 2, Subject: domain.SubjectMeasure, Key: string(m.Key), SubjectSeq: 2, At: testNow, Kind: domain.ChangeField,
			Field: "title", From: "Measure M-1", To: "New title", Attribution: ana()}
		if diff := cmp.Diff(want, h.Items[1]); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
	})
}

func TestRefusedChangeLeavesNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		refuse := domain.Errorf(domain.ErrInvalid, "no")
		_, err := db.CreateMeasure(t.Context(), domain.Everything(), ana(), func(domain.MeasureKey) (domain.Measure, error) { return domain.Measure{}, refuse })
		if !errors.Is(err, refuse) {
			t.Fatalf("got %v, want the refusal", err)
		}
		m := addMeasure(t, db, nil)
		if m.Key != "M-1" {
			t.Errorf("the refused create used up a key: got %s", m.Key)
		}
		for name, edit := range map[string]func(*domain.Measure){
			"owner":    func(m *domain.Measure) { m.Owner = "p_nobody" },
			"team":     func(m *domain.Measure) { m.Team = "t_nowhere" },
			"incident": func(m *domain.Measure) { m.Incident = "INC-99" },
		} {
			_, err := db.CreateMeasure(t.Context(), domain.Everything(), ana(), newMeasure(edit))
			var e *domain.Error
			if !errors.As(err, &e) || e.Kind != domain.ErrInvalid || len(e.Fields) != 1 || e.Fields[0].Field != name {
				t.Errorf("%s that does not exist: got %v", name, err)
			}
		}
		if n := count(t, db, "SELECT count(*) FROM history"); n != 1 {
			t.Errorf("got %d history rows, want 1", n)
		}
	})
}

func TestSixteenWritersLeaveNoGap(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		const writers, each = 16, 12
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				for n := range each {
					m, err := db.CreateMeasure(t.Context(), domain.Everything(), ana(), newMeasure(nil))
					if err == nil {
						_, err = db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle(fmt.Sprintf("%d %d", w, n)))
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		var seqs []int64
		subject := map[string]int64{}
		err := db.EachChange(t.Context(), domain.Everything(), 0, func(c domain.Change) error {
			seqs = append(seqs, c.Seq)
			if subject[c.Key]++; c.SubjectSeq != subject[c.Key] {
				t.Errorf("%s: row %d has number %d", c.Key, subject[c.Key], c.SubjectSeq)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(seqs) != 2*writers*each {
			t.Fatalf("got %d history rows, want %d", len(seqs), 2*writers*each)
		}
		for n, seq := range seqs {
			if seq != int64(n+1) {
				t.Fatalf("row %d has number %d", n+1, seq)
			}
		}
	})
}

func TestHundredEditorsOneWinner(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m := addMeasure(t, db, nil)
		var group sync.WaitGroup
		results := make([]error, 100)
		for n := range results {
			group.Go(func() {
				_, results[n] = db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 1, ana(), retitle(fmt.Sprint("editor ", n)))
			})
		}
		group.Wait()
		won := 0
		for _, err := range results {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, domain.ErrStale):
				t.Errorf("got %v, want ErrStale", err)
			}
		}
		if won != 1 {
			t.Errorf("%d editors won version 1, want one", won)
		}
	})
}

func TestIdempotency(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		by := ana()
		by.Idempotency = domain.Idempotency{Key: "k", BodyHash: "h"}
		create := func(by domain.Attribution) (domain.Measure, error) {
			return db.CreateMeasure(t.Context(), domain.Everything(), by, newMeasure(nil))
		}
		first := must[domain.Measure](t)(create(by))
		var e *domain.Error
		if _, err := create(by); !errors.As(err, &e) || e.Code != "idempotent_replay" || e.Fields[0].Message != string(first.Key) {
			t.Errorf("same body: got %v", err)
		}
		other := by
		other.Idempotency.BodyHash = "x"
		if _, err := create(other); !errors.As(err, &e) || e.Code != "idempotency_mismatch" || e.Kind != domain.ErrInvalid {
			t.Errorf("other body: got %v", err)
		}
		stranger := by
		stranger.Actor = "p_bob"
		if _, err := create(stranger); err != nil {
			t.Errorf("another actor's key is another key: got %v", err)
		}
		if n := count(t, db, "SELECT count(*) FROM measures"); n != 2 {
			t.Errorf("got %d measures, want 2", n)
		}
	})
}

// The same request twice at once, as from an impatient client: one measure,
// and the others learn its key.
func TestSameIdempotencyKeyAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		by := ana()
		by.Idempotency = domain.Idempotency{Key: "k", BodyHash: "h"}
		results := make(chan error, 16)
		for range 16 {
			go func() { results <- second(db.CreateMeasure(t.Context(), domain.Everything(), by, newMeasure(nil))) }()
		}
		made := 0
		for range 16 {
			err := <-results
			var e *domain.Error
			switch {
			case err == nil:
				made++
			case !errors.As(err, &e) || e.Code != "idempotent_replay" || e.Fields[0].Message != "M-1":
				t.Errorf("got %v, want the key of the first", err)
			}
		}
		if n := count(t, db, "SELECT count(*) FROM measures"); made != 1 || n != 1 {
			t.Errorf("%d made, %d stored", made, n)
		}
	})
}

// Every kind of create answers a repetition with what it made first.
func TestEveryCreateIsRepeatable(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		m := addMeasure(t, db, nil)
		for want, create := range map[string]func(by domain.Attribution) error{
			"INC-1": func(by domain.Attribution) error {
				return second(db.CreateIncident(t.Context(), domain.Everything(), by, func(key domain.IncidentKey) (domain.Incident, error) {
					return domain.Incident{ID: "i", Key: key, Title: "T", CreatedAt: testNow, UpdatedAt: testNow}, nil
				}))
			},
			"t_1": func(by domain.Attribution) error {
				return second(db.CreateTeam(t.Context(), by, domain.Team{ID: "t_1", Name: "T", CreatedAt: testNow, UpdatedAt: testNow}))
			},
			"p_1": func(by domain.Attribution) error {
				return second(db.CreatePerson(t.Context(), by, domain.Person{ID: "p_1", Name: "P", CreatedAt: testNow, UpdatedAt: testNow}))
			},
			"k_1": func(by domain.Attribution) error {
				return second(db.CreateToken(t.Context(), by, domain.Token{ID: "k_1", Name: "K", CreatedAt: testNow}, [32]byte{1}))
			},
			"b": func(by domain.Attribution) error {
				return second(db.CreateTracker(t.Context(), by, domain.Tracker{ID: "b", CreatedAt: testNow, UpdatedAt: testNow}, domain.Secrets{}))
			},
			string(m.Key): func(by domain.Attribution) error {
				return second(db.CreateLink(t.Context(), domain.Everything(), by, newLink("L", m.Key, "a", "R")))
			},
			"e_1": func(by domain.Attribution) error {
				return second(db.AddEvidence(t.Context(), domain.Everything(), by, domain.Evidence{ID: "e_1", Measure: m.Key, ReceivedAt: testNow}))
			},
			"o_1": func(by domain.Attribution) error {
				return db.AddObservation(t.Context(), domain.Everything(), by, []domain.Observation{{ID: "o_1", Measure: m.Key, At: testNow}})
			},
			"f.csv": func(by domain.Attribution) error {
				return second(db.Import(t.Context(), by, domain.ImportBatch{File: "f.csv"}))
			},
		} {
			by := ana()
			by.Idempotency = domain.Idempotency{Key: want, BodyHash: "h"}
			if err := create(by); err != nil {
				t.Errorf("%s: %v", want, err)
			}
			before := count(t, db, "SELECT value FROM sequences WHERE name = 'history'")
			var e *domain.Error
			if err := create(by); !errors.As(err, &e) || e.Code != "idempotent_replay" || e.Fields[0].Message != want {
				t.Errorf("%s again: %v", want, err)
			}
			if after := count(t, db, "SELECT value FROM sequences WHERE name = 'history'"); after != before {
				t.Errorf("%s again wrote %d history rows", want, after-before)
			}
		}
	})
}
