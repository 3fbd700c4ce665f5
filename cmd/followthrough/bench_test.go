package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// BenchmarkFirstSync adopts 10,000 existing issues of one repository by an
// import rule, in a process of its own.
func BenchmarkFirstSync(b *testing.B) {
	const issues = 10_000
	for b.Loop() {
		b.StopTimer()
		h := newHouse(b, "sqlite://bench.db")
		tracker := h.must(h.app.Trackers.Get(b.Context(), operator(), onGitHub)).(domain.Tracker)
		h.must(h.app.Trackers.Edit(b.Context(), operator(), onGitHub, tracker.Version, app.TrackerPatch{Change: func(t *domain.Tracker) { t.ImportRule.Labels = []string{"postmortem"} }}))
		for n := range issues {
			if _, err := h.gh.As("ana").Create(houseRepo, fmt.Sprintf("Existing issue %d", n), strings.Repeat("Some text. ", 50), "postmortem"); err != nil {
				b.Fatal(err)
			}
		}
		h.later(time.Hour)
		servers := map[string]string{}
		for host, handler := range map[string]http.Handler{"api.github.com": h.gh, "acme.atlassian.net": h.jira[onCloud], "jira.example": h.jira[onServer]} {
			server := httptest.NewServer(handler)
			b.Cleanup(server.Close)
			servers[host] = server.Listener.Addr().String()
		}
		h.gh.ResetLog()
		b.StartTimer()
		out := h.childOutput(childOrders{DatabaseURL: "sqlite://bench.db", Servers: servers})
		b.StopTimer()
		list := h.must(h.app.Measures.List(b.Context(), operator(), domain.MeasureFilter{}, domain.Page{Limit: 1, WithTotal: true})).(domain.List[domain.Measure])
		if list.Total != issues {
			b.Fatalf("adopted %v measures, want %d", list.Total, issues)
		}
		requests := len(h.gh.Requests())
		if requests > issues/100+3 {
			b.Errorf("%d requests, want at most %d", requests, issues/100+3)
		}
		peak, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimPrefix(out, "peak ")), 10, 64)
		b.ReportMetric(float64(requests), "requests")
		b.ReportMetric(float64(peak>>20), "MiB-peak")
		b.StartTimer()
	}
}

// BenchmarkIdlePass does a pass over 1,000 links of one repository in which
// nothing has changed, then one with one changed issue, then one local edit.
func BenchmarkIdlePass(b *testing.B) {
	h := newHouse(b, "sqlite://bench.db")
	tracker := h.must(h.app.Trackers.Get(b.Context(), operator(), onGitHub)).(domain.Tracker)
	h.must(h.app.Trackers.Edit(b.Context(), operator(), onGitHub, tracker.Version, app.TrackerPatch{Change: func(t *domain.Tracker) { t.ImportRule.Labels = []string{"postmortem"} }}))
	for n := range 1000 {
		h.later(time.Minute) // spread over time: the look-back of two minutes holds few of them
		if _, err := h.gh.As("ana").Create(houseRepo, fmt.Sprintf("Issue %d", n), "", "postmortem"); err != nil {
			b.Fatal(err)
		}
	}
	sync := func() (requests int) {
		h.later(10 * time.Minute)
		h.gh.ResetLog()
		h.must(h.app.Trackers.Sync(b.Context(), operator(), onGitHub))
		return len(h.gh.Requests())
	}
	sync()
	sync()
	for b.Loop() {
		if n := sync(); n != 1 {
			b.Fatalf("an idle pass sent %d requests, want 1", n)
		}
	}
	idle := h.gh.Requests()[0].Status
	if err := h.gh.As("ana").Retitle(houseRepo, 500, "Changed there"); err != nil {
		b.Fatal(err)
	}
	changed := sync()
	sync()
	key := h.must(h.app.Measures.List(b.Context(), operator(), domain.MeasureFilter{}, domain.Page{Limit: 1})).(domain.List[domain.Measure]).Items[0].Key
	h.edit(h.measure(key), domain.MeasureEdit{Title: domain.Some("Changed here")})
	sync()
	patches := 0
	for _, r := range h.gh.Requests() {
		if r.Method != http.MethodGet {
			patches++
		}
	}
	if idle != http.StatusNotModified || changed > 2 || patches != 1 {
		b.Errorf("idle answered %d, a changed issue took %d requests, a local edit %d writes; want 304, at most 2, 1", idle, changed, patches)
	}
	b.ReportMetric(float64(changed), "requests/changed-issue")
	b.ReportMetric(float64(patches), "writes/local-edit")
}
