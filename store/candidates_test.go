package store

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

var remindSeed = flag.Uint64("remind.seed", 0, "seed of one world of TestRemindCandidates; 0 plays the usual ones")

// TestRemindCandidates: what SQL selects for a span is what the rules of the
// domain say yes to when every measure is judged, whatever the days, policies,
// snoozes, conflicts and the zone. Again: -remind.seed=N.
func TestRemindCandidates(t *testing.T) {
	seeds := []uint64{1, 2, 3, 4, 5, 6}
	if *remindSeed != 0 {
		seeds = []uint64{*remindSeed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			eachEngine(t, func(t *testing.T, db *DB) {
				w := newRemindWorld(t, db, seed)
				for range 6 {
					w.compare(t, db)
				}
			})
		})
	}
}

// remindWorld is a random installation around the day of the tests.
type remindWorld struct {
	*rand.Rand
	zone      *time.Location
	rules     []domain.RemindRules
	measures  []domain.Measure
	snoozes   map[domain.MeasureKey]domain.Snooze
	conflicts map[domain.MeasureKey]time.Time
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func newRemindWorld(t *testing.T, db *DB, seed uint64) *remindWorld {
	t.Helper()
	w := &remindWorld{Rand: rand.New(rand.NewPCG(seed, 11)), snoozes: map[domain.MeasureKey]domain.Snooze{}, conflicts: map[domain.MeasureKey]time.Time{}}
	zone, err := time.LoadLocation(pick(w.Rand, "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kolkata", "UTC"))
	if err != nil {
		t.Fatal(err)
	}
	w.zone = zone
	versions := []int{0, 3, 1, 2}
	for n := range pick(w.Rand, 1, 3) {
		r := domain.RemindRules{Policy: w.policy(), Versions: versions}
		if n > 0 {
			r.Versions = []int{n}
			w.rules[0].Versions = slices.DeleteFunc(w.rules[0].Versions, func(v int) bool { return v == n })
		}
		w.rules = append(w.rules, r)
	}
	addTracker(t, db, "a", nil)
	today := domain.DateOf(testNow)
	for n := range 250 {
		m := addMeasure(t, db, func(m *domain.Measure) { w.fill(m, today) })
		if w.IntN(6) == 0 {
			z := domain.Snooze{Measure: m.Key, Until: today.AddDays(w.IntN(20) - 8), Reason: "x"}
			if err := db.SaveSnooze(t.Context(), domain.Everything(), ana(), z); err != nil {
				t.Fatal(err)
			}
			w.snoozes[m.Key] = z
		}
		if w.IntN(8) == 0 {
			link := addLink(t, db, m.Key, "a", fmt.Sprint("R", n))
			openConflict(t, db, link.ID, domain.FieldTitle)
			at := w.instant(today, 40)
			if err := db.write(t.Context(), func(tx *txn) error {
				return tx.Exec("UPDATE conflicts SET opened_at = ? WHERE measure = ?", newInstant(at), string(m.Key)).Error
			}); err != nil {
				t.Fatal(err)
			}
			w.conflicts[m.Key] = at
		}
		w.measures = append(w.measures, m)
	}
	return w
}

func (w *remindWorld) policy() domain.Policy {
	p := domain.Policy{RemindDays: pick(w.Rand, []int{-7, -2, 0, 1}, nil, []int{-30, 3}, []int{5, -1}), VerifyDays: map[domain.Priority]int{}}
	if w.IntN(3) > 0 {
		p.Reminders = domain.ReminderPolicy{Every: pick(w.Rand, 1, 2, 5, 7, 30), ConflictDays: w.IntN(4), Escalate: map[domain.Priority]int{}}
		for _, priority := range domain.Priorities() {
			if w.IntN(2) == 0 {
				p.Reminders.Escalate[priority] = 1 + w.IntN(20)
			}
		}
	}
	for _, priority := range append(domain.Priorities(), "") {
		if w.IntN(3) > 0 {
			p.VerifyDays[priority] = w.IntN(60)
		}
	}
	return p
}

// instant is within some days before a day, often near midnight.
func (w *remindWorld) instant(day domain.Date, days int) time.Time {
	start := day.AddDays(-w.IntN(days)).Start(w.zone)
	if w.IntN(2) == 0 {
		return start.Add(time.Duration(w.IntN(7200)-3600) * time.Second)
	}
	return start.Add(time.Duration(w.IntN(86400)) * time.Second)
}

func (w *remindWorld) fill(m *domain.Measure, today domain.Date) {
	m.Priority, m.PolicyVersion = pick(w.Rand, append(domain.Priorities(), "")...), w.IntN(4)
	m.Status = pick(w.Rand, domain.Accepted, domain.Accepted, domain.InProgress, domain.Done, domain.Done, domain.Cancelled)
	m.StatusUnknown = w.IntN(12) == 0
	if w.IntN(8) > 0 {
		m.DueOn = today.AddDays(w.IntN(120) - 70)
		m.OriginalDueOn = m.DueOn.AddDays(-pick(w.Rand, 0, 0, 1+w.IntN(80)))
	}
	if m.Status == domain.Done {
		m.DoneAt = w.instant(today, pick(w.Rand, 40, 500))
	}
	if w.IntN(4) == 0 {
		m.Metric.VerifyOn = today.AddDays(-w.IntN(pick(w.Rand, 30, 500)) + 5)
	}
}

// judged says whether the rules of the domain have anything to say.
func (w *remindWorld) judged(m domain.Measure, span domain.Span) bool {
	var rules domain.Policy
	for _, r := range w.rules {
		if slices.Contains(r.Versions, m.PolicyVersion) {
			rules = r.Policy
		}
	}
	z := w.snoozes[m.Key]
	reason, _ := rules.Remind(m, z, span)
	_, escalates := rules.Escalates(m, span)
	days, verifies := rules.RemindsVerification(m, z, span, w.zone)
	contested := false
	if at, ok := w.conflicts[m.Key]; ok {
		_, contested = rules.RemindsConflict(domain.DateOf(at.In(w.zone)), z, span)
	}
	return reason != "" || escalates || verifies && days <= domain.VerifyFor || contested
}

// compare asks for one span and judges all measures beside it.
func (w *remindWorld) compare(t *testing.T, db *DB) {
	t.Helper()
	today := domain.DateOf(testNow).AddDays(w.IntN(30) - 10)
	span := domain.Span{Since: today.AddDays(-pick(w.Rand, 1, 1, 2, 7)), Today: today}
	var want, got, extra []domain.MeasureKey
	for _, m := range w.measures {
		if w.judged(m, span) {
			want = append(want, m.Key)
		}
	}
	err := db.RemindCandidates(t.Context(), domain.RemindQuery{Span: span, Zone: w.zone, Rules: w.rules}, func(c domain.RemindCandidate) error {
		m := c.Measure
		if !w.judged(m, span) { // with what the candidate holds, not with the whole measure
			extra = append(extra, m.Key)
			return nil
		}
		got = append(got, m.Key)
		if z := w.snoozes[m.Key]; c.SnoozedUntil != z.Until || !c.ConflictSince.Equal(w.conflicts[m.Key]) || m.Title != "Measure "+string(m.Key) {
			t.Errorf("candidate %+v, snoozed until %s", c, z.Until)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("from %s to %s in %s (-judged +selected):\n%s", span.Since, span.Today, w.zone, diff)
	}
	// Beside them only what a snooze holds up, and what the clock of a zone
	// leaves open by a day.
	hits := 0
	for _, key := range extra {
		if _, snoozed := w.snoozes[key]; !snoozed {
			hits++
		}
	}
	if hits > 10+len(want)/3 {
		t.Errorf("from %s to %s in %s: %d measures are read in vain beside %d", span.Since, span.Today, w.zone, hits, len(want))
	}
}
