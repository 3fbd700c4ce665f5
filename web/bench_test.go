package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// BenchmarkPages measures pages with 100,000 measures: the whole answer in
// memory, compressed, and the 95th of a hundred.
func BenchmarkPages(b *testing.B) {
	w := newWorld(b)
	batch := domain.ImportBatch{File: "bench"}
	for n := range 2_000 {
		batch.Incidents = append(batch.Incidents, domain.ImportIncident{Line: n + 1, Incident: domain.Incident{Title: fmt.Sprintf("Incident %d", n), ExternalID: fmt.Sprintf("X-%d", n),
			StartedAt: start.AddDate(0, 0, -n%700), CreatedAt: start.AddDate(0, 0, -n%700)}})
	}
	for n := range 100_000 {
		created := start.AddDate(0, 0, -n%600)
		due := domain.DateOf(created.AddDate(0, 0, 30))
		m := domain.Measure{Title: fmt.Sprintf("Measure number %d of many", n), Kind: domain.MeasureKinds()[n%8], Priority: domain.Priorities()[n%5], Owner: "p_member",
			Status: domain.Accepted, DueOn: due, OriginalDueOn: due, CreatedAt: created}
		if n%3 != 0 {
			m.Status, m.DoneAt = domain.Done, created.AddDate(0, 0, 20)
		}
		if m.DoneAt.After(start) {
			m.Status, m.DoneAt = domain.Accepted, time.Time{}
		}
		batch.Measures = append(batch.Measures, domain.ImportMeasure{Line: n + 1, Measure: m, IncidentID: fmt.Sprintf("X-%d", n%2_000)})
	}
	if _, err := w.app.Imports.Run(b.Context(), w.actor("admin"), batch, false); err != nil {
		b.Fatal(err)
	}
	browser := w.as("admin")
	cookie := browser.client.Jar.Cookies(mustURL(b, w.http.URL))[0]
	for _, path := range []string{"/", "/measures", "/measures?overdue=true&priority=P0&sort=original_due_on", "/measures?q=number+777", "/measures/M-500", "/incidents", "/incidents/INC-7", "/conflicts", "/mine", "/statistics"} {
		b.Run(path, func(b *testing.B) {
			var took []time.Duration
			size := 0
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
				r.AddCookie(cookie)
				r.Header.Set("Accept-Encoding", "gzip")
				rec := httptest.NewRecorder()
				began := time.Now()
				w.pages.ServeHTTP(rec, r)
				took = append(took, time.Since(began))
				if rec.Code != http.StatusOK {
					b.Fatalf("status %d", rec.Code)
				}
				size = rec.Body.Len()
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			b.ReportMetric(float64(size)/1000, "kB")
		})
	}
}
