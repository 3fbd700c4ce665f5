package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// What is missing from measures is found, each gap alone and several together;
// what was said not to be measurable lacks no target.
func TestMeasuresThatLackSomething(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTeam(t, db, "t_a", "p_ana")
		one := 1.0
		whole := func(m *domain.Measure) {
			m.Owner, m.DueOn, m.Kind, m.Priority, m.Status = "p_ana", domain.MustDate("2026-12-01"), domain.Detect, domain.P1, domain.Accepted
			m.Metric = domain.Metric{Name: "lag", Target: &one, Baseline: &one, Direction: domain.AtMost}
		}
		named := map[domain.MeasureKey]string{}
		add := func(name string, change func(*domain.Measure)) {
			m := addMeasure(t, db, func(m *domain.Measure) { whole(m); change(m) })
			named[m.Key] = name
		}
		add("whole", func(*domain.Measure) {})
		add("no owner", func(m *domain.Measure) { m.Owner = "" })
		add("somebody outside", func(m *domain.Measure) { m.Owner, m.ExternalOwner = "", "octo" })
		add("no date", func(m *domain.Measure) { m.DueOn = domain.Date{} })
		add("no kind", func(m *domain.Measure) { m.Kind = "" })
		add("no priority", func(m *domain.Measure) { m.Priority = "" })
		add("no numbers", func(m *domain.Measure) { m.Metric = domain.Metric{Name: "lag"} })
		add("not measurable", func(m *domain.Measure) { m.Metric = domain.Metric{NotMeasurable: "a one-off"} })
		add("done, no proof", func(m *domain.Measure) { m.Status = domain.Done })
		add("done, proof", func(m *domain.Measure) { m.Status, m.EvidenceCount = domain.Done, 1 })
		add("cancelled", func(m *domain.Measure) { m.Status = domain.Cancelled })
		add("nothing at all", func(m *domain.Measure) {
			*m = domain.Measure{ID: m.ID, Key: m.Key, Title: m.Title, Status: domain.Proposed, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt}
		})
		for gaps, want := range map[string]string{
			"owner":          "no owner, nothing at all",
			"due_on":         "no date, nothing at all",
			"kind":           "no kind, nothing at all",
			"priority":       "no priority, nothing at all",
			"target":         "no numbers, nothing at all",
			"baseline":       "no numbers, nothing at all",
			"evidence":       "done, no proof",
			"kind priority":  "nothing at all",
			"evidence owner": "",
			"beauty":         "",
		} {
			var filter domain.MeasureFilter
			for gap := range strings.FieldsSeq(gaps) {
				filter.Missing = append(filter.Missing, domain.MeasureGap(gap))
			}
			list := must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), domain.Everything(), filter, domain.Page{WithTotal: true}))
			var got []string
			for _, m := range list.Items {
				got = append(got, named[m.Key])
			}
			if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" || list.Total != len(got) {
				t.Errorf("missing %s, %d in all (-want +got):\n%s", gaps, list.Total, diff)
			}
		}
		for _, gap := range domain.MeasureGaps() { // "evidence" is of what is done
			list := must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), domain.Everything(), domain.MeasureFilter{Missing: []domain.MeasureGap{gap}}, domain.Page{}))
			if len(list.Items) == 0 {
				t.Errorf("nothing lacks %s", gap)
			}
		}
	})
}

// A period holds its first instant and not its end, for measures, incidents and
// reviews; an incident without a start counts from when it was written down,
// for its review.
func TestPeriods(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		from, to := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		step := time.Microsecond
		instants := map[string]time.Time{"before": from.Add(-step), "first": from, "within": from.AddDate(0, 0, 9), "last": to.Add(-step), "end": to}
		names := map[string]string{}
		for _, name := range []string{"before", "first", "within", "last", "end"} {
			at := instants[name]
			names[string(addMeasure(t, db, func(m *domain.Measure) { m.CreatedAt = at }).Key)] = name
			names[string(addIncident(t, db, func(i *domain.Incident) { i.StartedAt = at }).Key)] = name
			names[string(addIncident(t, db, func(i *domain.Incident) { i.StartedAt, i.CreatedAt = time.Time{}, at }).Key)] = name + ", no start"
		}
		measures := func(from, to time.Time) (got []string) {
			for _, m := range must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), domain.Everything(), domain.MeasureFilter{CreatedFrom: from, CreatedTo: to}, domain.Page{})).Items {
				got = append(got, names[string(m.Key)])
			}
			return got
		}
		incidents := func(from, to time.Time) (got []string) {
			for _, i := range must[domain.List[domain.Incident]](t)(db.Incidents(t.Context(), domain.Everything(), domain.IncidentFilter{From: from, To: to}, domain.Page{})).Items {
				got = append(got, names[string(i.Key)])
			}
			return got
		}
		reviews := func(from, to time.Time) (got []string) {
			for _, r := range must[domain.List[domain.ReviewHead]](t)(db.Reviews(t.Context(), domain.Everything(), domain.ReviewFilter{From: from, To: to}, domain.Page{})).Items {
				got = append(got, names[string(r.Incident.Key)])
			}
			return got
		}
		withStart := func(list []string) (all []string) {
			for _, name := range list {
				all = append(all, name, name+", no start")
			}
			return all
		}
		var none time.Time
		for what, c := range map[string]struct {
			from, to time.Time
			want     []string
		}{
			"from":          {from, none, []string{"first", "within", "last", "end"}},
			"to":            {none, to, []string{"before", "first", "within", "last"}},
			"from and to":   {from, to, []string{"first", "within", "last"}},
			"an empty span": {to, from, nil},
		} {
			for of, got := range map[string][2][]string{"measures": {c.want, measures(c.from, c.to)}, "incidents": {c.want, incidents(c.from, c.to)}, "reviews": {withStart(c.want), reviews(c.from, c.to)}} {
				slices.Sort(got[0])
				slices.Sort(got[1])
				if diff := cmp.Diff(got[0], got[1]); diff != "" {
					t.Errorf("%s, %s (-want +got):\n%s", of, what, diff)
				}
			}
		}
	})
}
