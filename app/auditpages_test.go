package app_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
	"github.com/followthrough/followthrough/store"
)

// allOf reads every page of a list.
func allOf[T any](t *testing.T, read func(domain.Page) (domain.List[T], error)) (out []T) {
	t.Helper()
	for page := (domain.Page{Limit: 7}); ; {
		list := must(read(page))(t)
		out = append(out, list.Items...)
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			if list.Total != len(out) {
				t.Errorf("%d of %d were listed", len(out), list.Total)
			}
			return out
		}
	}
}

// compare holds the parts of an audit, which are read from kept counts and a
// few leaves, against the audit that reads the whole log.
func compareAudit(t *testing.T, w *world, knownAt time.Time) {
	t.Helper()
	ctx := t.Context()
	whole := wholeAudit(t, w, knownAt)
	summary := must(w.Evidence.Summary(ctx, auditor, knownAt))(t)
	if summary.Measures != len(whole.Register("measure")) || summary.Incidents != len(whole.Register("incident")) || !summary.KnownAt.Equal(whole.Until) {
		t.Errorf("summary %+v of %d measures and %d incidents", summary, len(whole.Register("measure")), len(whole.Register("incident")))
	}
	if diff := cmp.Diff(whole.Mapping(), summary.Clauses, cmpopts.IgnoreFields(evidence.Answer{}, "Leaves")); diff != "" {
		t.Errorf("clauses (-whole +kept):\n%s", diff)
	}
	flags := allOf(t, func(p domain.Page) (domain.List[app.RedFlag], error) {
		return w.Evidence.Flags(ctx, auditor, knownAt, "", p)
	})
	if diff := cmp.Diff(whole.Flags(), flags, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("flags (-whole +kept):\n%s", diff)
	}
	items := cmpopts.IgnoreUnexported(evidence.Item{})
	register := allOf(t, func(p domain.Page) (domain.List[*app.AuditItem], error) {
		return w.Evidence.Register(ctx, auditor, knownAt, p)
	})
	if diff := cmp.Diff(whole.Register("measure"), register, items); diff != "" {
		t.Errorf("register (-whole +paged):\n%s", diff)
	}
	traces, of, err := w.Evidence.Traces(ctx, auditor, knownAt, "dice", 3)
	if err != nil || of != summary.Incidents {
		t.Errorf("%d incidents: %v", of, err)
	}
	chosen := slices.DeleteFunc(whole.Traces(), func(tr app.AuditTrace) bool {
		return !slices.ContainsFunc(traces, func(got app.AuditTrace) bool { return got.Incident.Key == tr.Incident.Key })
	})
	if len(traces) != min(3, of) {
		t.Errorf("%d traces of %d incidents", len(traces), of)
	}
	if diff := cmp.Diff(chosen, traces, items, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("traces (-whole +read):\n%s", diff)
	}
	all := allOf(t, func(p domain.Page) (domain.List[app.AuditTrace], error) {
		return w.Evidence.AllTraces(ctx, auditor, knownAt, p)
	})
	if diff := cmp.Diff(whole.Traces(), all, items, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("all traces (-whole +paged):\n%s", diff)
	}
}

// TestAuditInParts changes measures at random and looks after each few changes,
// now and as known at an earlier time, so that the kept counts grow by leaves.
func TestAuditInParts(t *testing.T) {
	w, _, _ := newAudit(t)
	w.Evidence.Patience = time.Minute
	policy := must(w.Policies.Current(t.Context(), admin))(t)
	policy.EvidenceRequired = false
	must(w.Policies.Save(t.Context(), admin, policy, "for the test"))(t)
	r := rand.New(rand.NewPCG(5, 5))
	var incidents []domain.IncidentKey
	var measures []domain.MeasureKey
	var cuts []time.Time
	for step := range 160 {
		w.at = w.at.Add(time.Duration(r.IntN(40)) * time.Minute)
		switch n := r.IntN(12); {
		case n == 0 || len(incidents) == 0:
			incidents = append(incidents, w.incident(domain.IncidentEdit{}).Key)
			must(w.Reviews.Put(t.Context(), ana, incidents[len(incidents)-1], 0, domain.ReviewEntry{Section: domain.SectionFinding, Kind: domain.KindTechnology, Text: fmt.Sprint("Finding ", step)}))(t)
		case n < 3 || len(measures) == 0:
			measures = append(measures, w.measure(func(m *domain.NewMeasure) {
				m.Title, m.Incident, m.Status = fmt.Sprint("Measure ", step), incidents[r.IntN(len(incidents))], domain.Accepted
				m.DueOn, m.Metric.NotMeasurable = domain.DateOf(w.at), "x"
			}).Key)
		default:
			edit := domain.MeasureEdit{Reason: "because"}
			switch r.IntN(6) {
			case 0:
				edit.DueOn = domain.Some(domain.DateOf(w.at).AddDays(r.IntN(9) - 2))
			case 1:
				edit.Incident = domain.Some(incidents[r.IntN(len(incidents))])
			case 2:
				edit.Metric = domain.Some(domain.Metric{NotMeasurable: fmt.Sprint("metric ", step)})
			default:
				edit.Status = domain.Some([]domain.Status{domain.Done, domain.Done, domain.Accepted}[r.IntN(3)])
			}
			_, err := w.to(measures[r.IntN(len(measures))], ana, edit)
			if err != nil && domain.KindOf(err) == "" { // what the rules refuse changes nothing
				t.Fatal(err)
			}
		}
		if r.IntN(30) == 0 {
			cuts = append(cuts, w.at)
		}
		if r.IntN(15) == 0 {
			compareAudit(t, w, time.Time{})
		}
	}
	compareAudit(t, w, time.Time{})
	for _, cut := range cuts {
		compareAudit(t, w, cut)
	}
	if flags := must(w.Evidence.Summary(t.Context(), auditor, time.Time{}))(t).Flags; flags[evidence.FlagMoved] == 0 || flags[evidence.FlagNoProof] == 0 || flags[evidence.FlagMetric] == 0 {
		t.Errorf("too few kinds of flags to compare: %v", flags)
	}
	if _, err := w.Evidence.Summary(t.Context(), ana, time.Time{}); !errors.Is(err, domain.ErrForbidden) {
		t.Errorf("a member audits: %v", err)
	}
}

// slowLog is read when the test lets it.
type slowLog struct {
	*store.DB
	gate chan struct{}
}

func (s slowLog) EachLeaf(ctx context.Context, from, upto int64, f func(evidence.LogRow) error) error {
	<-s.gate
	return s.DB.EachLeaf(ctx, from, upto, f)
}

// A page does not wait for a long log; the next look finds it read, although
// whoever asked first has gone.
func TestAuditDoesNotWait(t *testing.T) {
	w, _, _ := newAudit(t)
	w.measure(nil)
	slow := slowLog{w.db, make(chan struct{})}
	w.Evidence.Store, w.Evidence.Patience = slow, time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := w.Evidence.Summary(ctx, auditor, time.Time{}); !errors.Is(err, app.ErrReading) {
		t.Errorf("the first look: %v", err)
	}
	cancel()
	close(slow.gate)
	w.Evidence.Patience = time.Minute
	if s := must(w.Evidence.Summary(t.Context(), auditor, time.Time{}))(t); s.Measures != 1 {
		t.Errorf("the second look: %+v", s)
	}
}

// What was erased is not shown from memory.
func TestAuditForgetsWhatWasErased(t *testing.T) {
	w, _, _ := newAudit(t)
	w.Evidence.Patience = time.Minute
	m := w.measure(nil)
	compareAudit(t, w, time.Time{})
	cut := w.at
	w.at = w.at.Add(time.Hour)
	compareAudit(t, w, cut)
	must(w.Evidence.Erase(t.Context(), admin, app.Erasure{Subject: "measure", Key: string(m.Key), Fields: []string{"title", "reason"}, Reason: "asked for"}))(t)
	compareAudit(t, w, time.Time{})
	compareAudit(t, w, cut)
}
