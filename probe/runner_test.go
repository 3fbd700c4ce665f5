package probe_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/probe"
	"github.com/followthrough/followthrough/store"
)

var _ probe.Book = (*store.DB)(nil)

// prometheus answers with a value that can be set, and with a past.
type prometheus struct {
	*httptest.Server
	value string
	past  string
}

func newPrometheus(t *testing.T) *prometheus {
	t.Helper()
	p := &prometheus{value: "12"}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case p.value == "":
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/api/v1/query_range":
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"values":[%s]}]}}`, p.past)
		default:
			fmt.Fprintf(w, vector, fmt.Sprintf(`{"value":[1764061200,"%s"]}`, p.value))
		}
	}))
	t.Cleanup(p.Close)
	return p
}

// TestRunner: a probe reads on its rhythm, writes what it read with its source,
// remembers failures, and rests while nothing is left to judge.
func TestRunner(t *testing.T) {
	clock := now
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite://test.db", DataDir: t.TempDir(), SecretKey: bytes.Repeat([]byte{7}, 32), Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	prom := newPrometheus(t)
	prom.past = fmt.Sprintf(`[%d,"40"],[%d,"41"]`, now.AddDate(0, 0, -20).Unix(), now.AddDate(0, 0, -10).Unix())
	a := app.New(app.Options{Store: db, Now: func() time.Time { return clock }, Zone: time.UTC, ProbeHosts: domain.HostList{prom.URL}})
	admin := domain.System()
	m, err := a.Measures.Create(t.Context(), admin, domain.NewMeasure{Title: "Alert on lag", Metric: domain.ParseMetric("lag; target at_most 15 min; baseline 40; window 30 d")})
	if err != nil {
		t.Fatal(err)
	}
	r := &probe.Runner{Book: db, Reader: reader(prom.URL), Now: func() time.Time { return clock }, Log: slog.New(slog.DiscardHandler), Owner: "test"}
	if r.Step(t.Context()) {
		t.Error("something was read before anything was set")
	}
	set, err := a.Measures.SetProbe(t.Context(), admin, domain.MetricProbe{Measure: m.Key, Kind: domain.ProbePrometheus, URL: prom.URL, Query: "max(lag)"}, "")
	if err != nil || set.EveryHours != 24 {
		t.Fatalf("set %+v, %v", set, err)
	}
	values := func() string {
		t.Helper()
		all, err := a.Measures.Observations(t.Context(), admin, m.Key)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, o := range all {
			text += fmt.Sprint(o.Value, " ")
			if o.Source != domain.FromSystem || o.Actor != domain.ProbeActor {
				t.Errorf("the reading %v comes from %s %s", o.Value, o.Source, o.Actor)
			}
		}
		return text
	}
	step := func(after time.Duration, worked bool, want string) {
		t.Helper()
		clock = clock.Add(after)
		if got := r.Step(t.Context()); got != worked {
			t.Errorf("worked %v, want %v", got, worked)
		}
		if got := values(); got != want {
			t.Errorf("readings %q, want %q", got, want)
		}
	}
	step(0, true, "40 41 12 ") // the first one brings the past: the baseline
	step(time.Hour, false, "40 41 12 ")
	prom.value = "11"
	step(23*time.Hour, true, "40 41 12 11 ")
	prom.value = ""
	step(24*time.Hour, true, "40 41 12 11 ")
	if p, _ := a.Measures.Probe(t.Context(), admin, m.Key); p.LastError == "" || !p.LastErrorAt.Equal(clock) {
		t.Errorf("the failure is not remembered: %+v", p)
	}
	prom.value = "10"
	step(time.Hour, true, "40 41 12 11 10 ") // tried again sooner than the rhythm
	if p, _ := a.Measures.Probe(t.Context(), admin, m.Key); p.LastError != "" || !p.ReadAt.Equal(clock) {
		t.Errorf("after a reading: %+v", p)
	}
	if _, err := a.Measures.Edit(t.Context(), admin, m.Key, 0, app.MeasurePatch{MeasureEdit: domain.MeasureEdit{Status: domain.Some(domain.Cancelled), ClosureReason: domain.Some(domain.Superseded)}}); err != nil {
		t.Fatal(err)
	}
	step(24*time.Hour, true, "40 41 12 11 10 ") // nothing is left to judge
	if err := a.Measures.RemoveProbe(t.Context(), admin, m.Key, 0); err != nil {
		t.Fatal(err)
	}
	step(48*time.Hour, false, "40 41 12 11 10 ")
	history, err := a.Measures.History(t.Context(), admin, m.Key, domain.Page{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	configs := 0
	for _, row := range history.Items {
		if row.Field == "probe" {
			configs++
		}
	}
	if configs != 2 {
		t.Errorf("%d rows of the history tell of the probe, want it set and removed", configs)
	}
	for name, p := range map[string]domain.MetricProbe{
		"host":  {Measure: m.Key, Kind: domain.ProbePrometheus, URL: "https://evil.example", Query: "x"},
		"port":  {Measure: m.Key, Kind: domain.ProbePrometheus, URL: "http://127.0.0.1:1", Query: "x"},
		"query": {Measure: m.Key, Kind: domain.ProbePrometheus, URL: prom.URL},
		"kind":  {Measure: m.Key, Kind: "shell", URL: prom.URL, Query: "x"},
		"often": {Measure: m.Key, Kind: domain.ProbeJSON, URL: prom.URL, Query: "/x", EveryHours: 9999},
		"path":  {Measure: m.Key, Kind: domain.ProbeJSON, URL: prom.URL, Query: "x"},
		"user":  {Measure: m.Key, Kind: domain.ProbeJSON, URL: "http://user:pass@" + prom.Listener.Addr().String(), Query: "/x"},
	} {
		if _, err := a.Measures.SetProbe(t.Context(), admin, p, ""); domain.KindOf(err) != domain.ErrInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
