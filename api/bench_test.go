package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// filled is a world with n measures in 100 incidents, one in four overdue.
func filled(b *testing.B, n int) *world {
	b.Helper()
	w := newWorld(b)
	batch := domain.ImportBatch{File: "bench"}
	for i := range 100 {
		batch.Incidents = append(batch.Incidents, domain.ImportIncident{Incident: domain.Incident{Title: fmt.Sprintf("Incident %d", i), ExternalID: fmt.Sprint(i), Team: "t_a"}})
	}
	for i := range n {
		m := domain.Measure{Title: fmt.Sprintf("Measure %d", i), Team: "t_a", Kind: domain.Detect, Priority: domain.Priorities()[i%5], Status: domain.Accepted, Owner: "p_member",
			Description: strings.Repeat("Some text. ", 20), DueOn: domain.MustDate("2026-11-01").AddDays(i % 100), CreatedAt: start.AddDate(0, 0, -60)}
		batch.Measures = append(batch.Measures, domain.ImportMeasure{Measure: m, IncidentID: fmt.Sprint(i % 100)})
	}
	if _, err := w.app.Imports.Run(b.Context(), domain.System(), batch, false); err != nil {
		b.Fatal(err)
	}
	return w
}

func (w *world) serve(b *testing.B, method, path, body string) {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+w.tokens["member"])
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("If-Match", "*")
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if rec.Code > 299 {
		b.Fatalf("%d %s", rec.Code, rec.Body)
	}
}

// BenchmarkAPI measures the whole way of a request but the network.
func BenchmarkAPI(b *testing.B) {
	w := filled(b, 20_000)
	for name, r := range map[string][2]string{
		"one measure":        {http.MethodGet, "/api/v1/measures/M-%d"},
		"50 overdue by date": {http.MethodGet, "/api/v1/measures?overdue=true&sort=due_on&limit=50"},
		"create":             {http.MethodPost, "/api/v1/measures"},
		"change":             {http.MethodPatch, "/api/v1/measures/M-%d"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				path := r[1]
				if strings.Contains(path, "%d") {
					path = fmt.Sprintf(path, n%20_000+1)
				}
				body := ""
				if r[0] != http.MethodGet {
					body = fmt.Sprintf(`{"title":"Alert %d","kind":"detect","priority":"P1"}`, n)
				}
				w.serve(b, r[0], path, body)
			}
		})
	}
}

// BenchmarkStats measures the first and every further look at a statistic.
func BenchmarkStats(b *testing.B) {
	w := filled(b, 20_000)
	b.Run("live", func(b *testing.B) {
		for b.Loop() {
			w.serve(b, http.MethodGet, "/api/v1/stats/completion", "")
		}
	})
	b.Run("pinned", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n++ // another pin each time, so that nothing is kept
			w.serve(b, http.MethodGet, "/api/v1/stats/completion?known_at="+start.Add(-time.Duration(n)*time.Second).Format(time.RFC3339), "")
		}
	})
}
