package probe_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/probe"
	tracksync "github.com/followthrough/followthrough/sync"
)

var now = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// endpoint is a server that answers every path with one body.
func endpoint(t *testing.T, status int, body string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status == http.StatusFound {
			w.Header().Set("Location", body)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func reader(hosts ...string) *probe.Reader {
	return probe.NewReader(hosts, tracksync.NewTransport(hosts))
}

func of(kind domain.ProbeKind, url, query string) domain.MetricProbe {
	return domain.MetricProbe{Measure: "M-1", Kind: kind, URL: url, Query: query, EveryHours: 24}
}

const vector = `{"status":"success","data":{"resultType":"vector","result":[%s]}}`

// TestAnswers: one number is read, anything else is refused without a word of
// what the other side said.
func TestAnswers(t *testing.T) {
	one := `{"metric":{"job":"db"},"value":[1764061200.123,"4.5"]}`
	for name, tt := range map[string]struct {
		kind   domain.ProbeKind
		status int
		body   string
		query  string
		want   float64
		err    string
	}{
		"vector":            {domain.ProbePrometheus, 200, fmt.Sprintf(vector, one), "x", 4.5, ""},
		"scalar":            {domain.ProbePrometheus, 200, `{"status":"success","data":{"resultType":"scalar","result":[1764061200,"-3"]}}`, "x", -3, ""},
		"two series":        {domain.ProbePrometheus, 200, fmt.Sprintf(vector, one+","+one), "x", 0, "yields 2 series; aggregate"},
		"no series":         {domain.ProbePrometheus, 200, fmt.Sprintf(vector, ""), "x", 0, "yields 0 series"},
		"not a number":      {domain.ProbePrometheus, 200, fmt.Sprintf(vector, `{"value":[1,"NaN"]}`), "x", 0, "no number between"},
		"infinite":          {domain.ProbePrometheus, 200, fmt.Sprintf(vector, `{"value":[1,"+Inf"]}`), "x", 0, "no number between"},
		"odd sample":        {domain.ProbePrometheus, 200, fmt.Sprintf(vector, `{"value":["secret",1]}`), "x", 0, "a sample cannot be read"},
		"prometheus error":  {domain.ProbePrometheus, 400, `{"status":"error","error":"secret"}`, "x", 0, "status 400"},
		"status not so":     {domain.ProbePrometheus, 200, `{"status":"error","error":"secret"}`, "x", 0, "not a successful answer"},
		"not json":          {domain.ProbePrometheus, 200, `<html>secret`, "x", 0, "not a successful answer"},
		"number":            {domain.ProbeJSON, 200, `{"data":{"p95":[0,12.25]}}`, "/data/p95/1", 12.25, ""},
		"text":              {domain.ProbeJSON, 200, `{"a/b":{"~c":"7"}}`, "/a~1b/~0c", 7, ""},
		"whole document":    {domain.ProbeJSON, 200, `42`, "", 42, ""},
		"leads nowhere":     {domain.ProbeJSON, 200, `{"data":1}`, "/data/p95", 0, "leads nowhere"},
		"past the end":      {domain.ProbeJSON, 200, `[1]`, "/7", 0, "leads nowhere"},
		"no number there":   {domain.ProbeJSON, 200, `{"a":"secret"}`, "/a", 0, "no number between"},
		"an object":         {domain.ProbeJSON, 200, `{"a":{}}`, "/a", 0, "leads to no number"},
		"server error":      {domain.ProbeJSON, 500, "secret", "/a", 0, "status 500"},
		"redirect":          {domain.ProbeJSON, 302, "http://169.254.169.254/secret", "/a", 0, "status 302"},
		"larger than asked": {domain.ProbeJSON, 200, `"` + strings.Repeat("x", 1<<20), "", 0, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			s := endpoint(t, tt.status, tt.body)
			got, err := reader(s.URL).Now(t.Context(), of(tt.kind, s.URL, tt.query), now)
			switch {
			case tt.err == "" && (err != nil || got != tt.want):
				t.Errorf("read %v, %v; want %v", got, err, tt.want)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("error %v, want one that says %q", err, tt.err)
			case err != nil && (domain.KindOf(err) != domain.ErrUnavailable || strings.Contains(err.Error(), "secret")):
				t.Errorf("the error says what the other side said, or is of kind %q: %v", domain.KindOf(err), err)
			}
		})
	}
}

// TestForbiddenAddresses: none of these spellings reaches a server on this
// machine; the list and the dialled address are both checked, and a redirect
// leads nowhere.
func TestForbiddenAddresses(t *testing.T) {
	var reached atomic.Int64
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer canary.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(canary.URL, "http://"), ":")
	lists := map[string]domain.HostList{"nothing allowed": nil, "another host": {"prom.example"}, "a family": {"*.example"}, "a public name": {"localtest.example"}}
	for listed, hosts := range lists {
		for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1", "127.1", "prom.example@127.0.0.1", "127.0.0.1#prom.example",
			"prom.example.127.0.0.1.nip.example", "169.254.169.254", "[fd00:ec2::254]", "[64:ff9b::7f00:1]", "100.64.0.1", "10.0.0.1"} {
			for _, scheme := range []string{"http", "https"} {
				for _, kind := range domain.ProbeKinds() {
					ctx, stop := context.WithTimeout(t.Context(), time.Second)
					_, err := reader(hosts...).Now(ctx, of(kind, scheme+"://"+host+":"+port, "/x"), now)
					stop()
					if err == nil {
						t.Errorf("%s: %s://%s was read", listed, scheme, host)
					}
				}
			}
		}
	}
	// A listed family does not open private addresses: the name is public, what it
	// leads to is not.
	for _, name := range []string{"localhost"} {
		transport := tracksync.NewTransport(domain.HostList{"*.example"})
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+name+":"+port, nil)
		if answer, err := transport.RoundTrip(request); err == nil {
			answer.Body.Close()
			t.Errorf("%s was dialled", name)
		}
	}
	moved := endpoint(t, http.StatusFound, canary.URL)
	if _, err := reader(moved.URL).Now(t.Context(), of(domain.ProbeJSON, moved.URL, "/x"), now); err == nil {
		t.Error("a redirect was followed")
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the server on this machine was reached %d times", n)
	}
}

// TestHistory: a Prometheus tells the past of a query, gaps left out.
func TestHistory(t *testing.T) {
	var asked http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = *r
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1764000000,"40"],[1764003600,"NaN"],[1764007200,"41.5"]]}]}}`)
	}))
	defer s.Close()
	got, err := reader(s.URL).History(t.Context(), of(domain.ProbePrometheus, s.URL+"/prom/", "max(lag)"), now.AddDate(0, 0, -30), now)
	if err != nil || len(got) != 2 || got[0].Value != 40 || got[1].Value != 41.5 || !got[1].At.Equal(time.Unix(1764007200, 0)) {
		t.Errorf("read %v, %v", got, err)
	}
	q := asked.URL.Query()
	if asked.URL.Path != "/prom/api/v1/query_range" || q.Get("query") != "max(lag)" || q.Get("start") != "2026-10-26T09:00:00Z" || q.Get("end") != "2026-11-25T09:00:00Z" || q.Get("step") != "86400" {
		t.Errorf("asked %s", asked.URL)
	}
}

// TestSlowAnswer: who does not answer is given up.
func TestSlowAnswer(t *testing.T) {
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}))
	defer s.Close()
	defer close(done)
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := reader(s.URL).Now(ctx, of(domain.ProbeJSON, s.URL, "/x"), now); domain.KindOf(err) != domain.ErrUnavailable {
		t.Errorf("error %v", err)
	}
}
