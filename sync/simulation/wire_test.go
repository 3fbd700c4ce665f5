package simulation

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// wire is the network between a replica and a place.
type wire struct {
	r     *replica
	id    domain.TrackerID
	place place
	next  http.RoundTripper
}

var errDown = errors.New("dial tcp: connection refused")

func (t *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w, call := t.r.w, t.place.classify(req)
	w.point(t.r, "request")
	if t.r.dead {
		return nil, errDown
	}
	w.watch.asked(t.id, call, req)
	if now().Before(w.outages[t.id]) {
		w.count("request in an outage")
		if w.rng.IntN(2) == 0 {
			return nil, errDown
		}
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Content-Type": {"text/html"}},
			Body: io.NopCloser(bytes.NewReader([]byte("<h1>Service Unavailable</h1>"))), Request: req}, nil
	}
	fault := ""
	if w.chaos && w.chance(w.fault) {
		fault = t.place.arm(w.rng.IntN(1<<16), call.Class == domain.CallCreate)
		w.count("fault/" + string(t.id) + "/" + fault)
	}
	asked := now()
	writes := call.Class == domain.CallWrite || call.Class == domain.CallCreate
	var before []truth
	if writes {
		before = t.place.issues()
	}
	resp, err := t.next.RoundTrip(req)
	t.place.disarm()
	w.note("%s %s %s: %s %s", t.r.name, req.Method, req.URL.RequestURI(), outcome(resp, err), fault)
	if writes {
		w.watch.wrote(t, req, before)
	} else if err == nil && resp.StatusCode == http.StatusOK {
		if fault == "" {
			w.watch.read(t, req, asked)
		} else if strings.HasPrefix(fault, "stale") {
			w.watch.readStale(t, req)
		}
	}
	w.point(t.r, "answer")
	w.watch.answered(t.id, call, req, resp, fault) // a replica that died just now has not heard it
	return resp, err
}

func outcome(resp *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	return resp.Status
}

func githubLimits() githubsim.Limits {
	return githubsim.Limits{Enforce: true, PerHour: 600, PointsPerMinute: 120, CreatesPerMinute: 20, CreatesPerHour: 100}
}

func jiraLimits() jirasim.Limits {
	return jirasim.Limits{Enforce: true, Burst: 20, IssueWrites2s: 4, IssueWrites30s: 10, Bucket: 5, Fill: 5, Interval: time.Second}
}

// pause is what a tracker asked for: no request of the scope before then.
type pause struct {
	since time.Time // a request of the same instant was on its way already
	until time.Time
	why   string
}

// answered notes when a tracker wants to be left alone (P10).
func (v *watch) answered(id domain.TrackerID, call domain.Call, req *http.Request, resp *http.Response, fault string) {
	if resp == nil {
		return
	}
	scope, wait := string(id), time.Duration(0)
	switch {
	case strings.HasPrefix(fault, "secondary_limit"), strings.HasPrefix(fault, "primary_limit"):
		wait = 58 * time.Second // told in whole seconds, some as a date
	case resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("Retry-After") != "":
		wait, _ = time.ParseDuration(resp.Header.Get("Retry-After") + "s")
		switch reason := resp.Header.Get("RateLimit-Reason"); {
		case strings.Contains(reason, "burst"):
			scope += " " + call.Resource
		case strings.Contains(reason, "issue") && call.Issue == "":
			return // a limit of writes does not concern reads
		case strings.Contains(reason, "issue"):
			scope += " " + call.Issue
		}
	}
	if until := now().Add(wait); wait > 0 && until.After(v.pauses[scope].until) {
		v.w.count("pause asked for")
		v.pauses[scope] = pause{now(), until, req.Method + " " + req.URL.Path + " " + fault}
	}
}

// asked fails when a request comes although the tracker asked for a pause.
func (v *watch) asked(id domain.TrackerID, call domain.Call, req *http.Request) {
	for _, scope := range []string{string(id), string(id) + " " + call.Resource, string(id) + " " + call.Issue} {
		if p, ok := v.pauses[scope]; ok && now().After(p.since) && now().Before(p.until) {
			v.w.problem("P10: %s %s came %s before the end of the pause that the tracker asked for (%s)", req.Method, req.URL.Path, p.until.Sub(now()), p.why)
		}
	}
}
