package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// gauges answers /metrics: each scrape reads the numbers of that moment.
type gauges struct {
	reports *app.Reports
	letters *app.Reminders
	failed  func(error)

	open, overdue, past, lag, conflicts, remaining, limit, notices *prometheus.Desc
}

func newGauges(reports *app.Reports, letters *app.Reminders, failed func(error)) *gauges {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("followthrough_"+name, help, labels, nil)
	}
	return &gauges{reports: reports, letters: letters, failed: failed,
		open:      describe("measures_open", "Open measures.", "priority", "team"),
		overdue:   describe("measures_overdue", "Open measures past their due date.", "priority", "team"),
		past:      describe("measures_past_promise", "Open measures past their original due date.", "priority", "team"),
		lag:       describe("sync_lag_seconds", "Time since everything older in the tracker was known.", "tracker"),
		conflicts: describe("conflicts_open", "Fields that both sides changed and a person must decide.", "tracker"),
		remaining: describe("quota_remaining", "Requests the tracker still allows in this period.", "tracker"),
		limit:     describe("quota_limit", "Requests the tracker allows in a period.", "tracker"),
		notices:   describe("notices", "Reminders and digests of the last half year, by how far they have come.", "state"),
	}
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.open, g.overdue, g.past, g.lag, g.conflicts, g.remaining, g.limit, g.notices} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	now, err := g.reports.Gauges(ctx)
	if err != nil {
		g.failed(err)
		out <- prometheus.NewInvalidMetric(g.open, fmt.Errorf("the database cannot be read: %w", err))
		return
	}
	letters, err := g.letters.Counts(ctx)
	if err != nil {
		g.failed(err)
		out <- prometheus.NewInvalidMetric(g.notices, fmt.Errorf("the database cannot be read: %w", err))
		return
	}
	put := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, state := range domain.NoticeStates() {
		put(g.notices, float64(letters[state]), string(state))
	}
	for _, l := range now.Late {
		put(g.open, float64(l.Open), string(l.Priority), l.Team)
		put(g.overdue, float64(l.Overdue), string(l.Priority), l.Team)
		put(g.past, float64(l.PastPromise), string(l.Priority), l.Team)
	}
	for _, t := range now.Trackers {
		id := string(t.Tracker)
		put(g.conflicts, float64(t.Conflicts), id)
		if t.Synced {
			put(g.lag, t.Lag.Seconds(), id)
		}
		if t.QuotaLimit > 0 {
			put(g.remaining, float64(t.QuotaLeft), id)
			put(g.limit, float64(t.QuotaLimit), id)
		}
	}
}

// metricsServer is /metrics on a listener of its own, so that it need not be
// reachable where people are.
func (p *program) metricsServer(ctx context.Context) (*http.Server, net.Listener, error) {
	registry := prometheus.NewRegistry()
	if err := registry.Register(newGauges(p.app.Reports, p.app.Reminders, func(err error) { p.log.Error("cannot read the numbers for /metrics", "error", err) })); err != nil {
		return nil, nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.cfg.MetricsListen)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot listen on %s for /metrics: %w", p.cfg.MetricsListen, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}, listener, nil
}
