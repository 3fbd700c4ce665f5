package web

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// BenchmarkPages measures pages with 100,000 measures: the whole answer in
// memory, compressed, and the 95th of a hundred.
func BenchmarkPages(b *testing.B) {
	w := newWorld(b)
	w.many(2_000, 100_000)
	browser := w.as("admin")
	cookie := browser.client.Jar.Cookies(mustURL(b, w.http.URL))[0]
	for _, path := range []string{"/", "/measures", "/measures?overdue=true&priority=P0&sort=original_due_on", "/measures?q=number+777", "/measures/M-500", "/incidents", "/incidents/INC-7", "/conflicts", "/mine", "/statistics", "/import", "/views", "/trackers", "/people", "/reminders", "/reviews", "/checks", "/evidence", "/evidence/register", "/evidence/flags", "/evidence/traces?sample=dice"} {
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
