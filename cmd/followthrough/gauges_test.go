package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestMetrics scrapes a running service.
func TestMetrics(t *testing.T) {
	h := newHouse(t, "sqlite://test.db")
	key := h.measureOn(onGitHub, "To be counted")
	h.edit(h.measure(key), domain.MeasureEdit{DueOn: domain.Some(domain.MustDate("2026-03-03")), Reason: "sooner than the policy says"})
	h.pass()
	h.later(48 * time.Hour)
	h.pass()
	h.cfg.MetricsListen = "127.0.0.1:0"
	server, listener, err := h.metricsServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	resp, err := http.Get("http://" + listener.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`followthrough_measures_open{priority="P2",team=""} 1`, `followthrough_measures_overdue{priority="P2",team=""} 1`, `followthrough_measures_past_promise{priority="P2",team=""} 0`,
		`followthrough_notices{state="failed"} 0`,
		`followthrough_conflicts_open{tracker="acme-platform"} 0`, `followthrough_sync_lag_seconds{tracker="acme-platform"}`, `followthrough_quota_limit{tracker="acme-platform"} 5000`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
}
