package domain

import (
	"net/url"
	"strings"
	"time"
)

// ProbeKind says what a probe asks.
type ProbeKind string

// The kinds: a Prometheus answers a query, any other endpoint a JSON document
// in which a pointer (RFC 6901) names the number.
const (
	ProbePrometheus ProbeKind = "prometheus"
	ProbeJSON       ProbeKind = "json"
)

// ProbeKinds lists every kind.
func ProbeKinds() []ProbeKind { return []ProbeKind{ProbePrometheus, ProbeJSON} }

// MetricProbe reads the success metric of one measure by itself, every so many hours,
// from an endpoint whose host the operator has allowed.
type MetricProbe struct {
	Measure MeasureKey
	Kind    ProbeKind
	// URL is the root of a Prometheus, or the address of the JSON document.
	URL string
	// Query is PromQL that yields one number, or the pointer to it.
	Query string
	// EveryHours is the time between two readings; 0 becomes 24.
	EveryHours int
	AddedBy    string
	CreatedAt  time.Time

	// ReadAt is the last time a reading was taken; zero before the first.
	ReadAt      time.Time
	LastError   string
	LastErrorAt time.Time
	Version     int64
}

// MaxProbeQuery bounds the query of a probe.
const MaxProbeQuery = 2000

// KindProbe is the kind of the work that takes a reading.
const KindProbe = "probe"

// ProbeWork is the key of a probe in the work schedule.
func ProbeWork(key MeasureKey) string { return KindProbe + ":" + string(key) }

// ProbeActor is who the history names for readings.
const ProbeActor = "probe"

// Every is the time between two readings.
func (p MetricProbe) Every() time.Duration { return time.Duration(p.EveryHours) * time.Hour }

// Text is the probe in one line, as the history shows it; empty without one.
func (p MetricProbe) Text() string {
	if p.Kind == "" {
		return ""
	}
	return string(p.Kind) + " " + p.URL + " " + p.Query
}

// Check refuses a probe that could not be read, or of a host that the operator
// has not allowed.
func (p MetricProbe) Check(hosts HostList) error {
	var bad problems
	checkEnum(&bad, "kind", p.Kind, ProbeKinds(), false)
	checkText(&bad, "query", p.Query, MaxProbeQuery)
	if p.Query == "" && p.Kind == ProbePrometheus {
		bad.add("query", "is empty; give PromQL that yields one number")
	}
	if p.Kind == ProbeJSON && p.Query != "" && !strings.HasPrefix(p.Query, "/") {
		bad.add("query", "%q is no JSON pointer; it starts with a slash, for example /data/p95", p.Query)
	}
	if p.EveryHours < 1 || p.EveryHours > 24*31 {
		bad.add("every_hours", "%d hours is not accepted; use 1 to %d", p.EveryHours, 24*31)
	}
	bad.addErr("url", p.checkURL(hosts))
	return bad.err()
}

func (p MetricProbe) checkURL(hosts HostList) error {
	u, err := url.Parse(p.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(p.URL) > MaxProbeQuery:
		return Invalid("url", "%q is not a web address; it starts with https://", p.URL)
	case u.User != nil || u.Fragment != "" || strings.Contains(p.URL, "#"):
		return Invalid("url", "%q must not carry a user or a fragment", p.URL)
	case p.Kind == ProbePrometheus && (u.RawQuery != "" || u.ForceQuery):
		return Invalid("url", "%q must not carry a query; give the root of the Prometheus", p.URL)
	}
	for _, entry := range hosts {
		if hosts.matches(entry, u) {
			return nil
		}
	}
	if len(hosts) == 0 {
		return Invalid("url", "no host may be probed; the operator allows hosts with FOLLOWTHROUGH_PROBE_HOSTS")
	}
	return Invalid("url", "%q is not among the hosts that may be probed; the operator allows hosts with FOLLOWTHROUGH_PROBE_HOSTS", u.Hostname())
}
