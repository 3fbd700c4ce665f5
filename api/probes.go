package api

import (
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/domain"
)

type probeJSON struct {
	Kind        string  `json:"kind" doc:"prometheus or json"`
	URL         string  `json:"url" doc:"the root of a Prometheus, or the address of a JSON document"`
	Query       string  `json:"query" doc:"PromQL that yields one number, or a JSON pointer to it"`
	EveryHours  int     `json:"every_hours"`
	AddedBy     string  `json:"added_by"`
	CreatedAt   *string `json:"created_at" format:"date-time"`
	ReadAt      *string `json:"read_at" format:"date-time" doc:"the last reading; null before the first"`
	LastError   *string `json:"last_error" doc:"why the last attempt brought nothing; null after a reading"`
	LastErrorAt *string `json:"last_error_at" format:"date-time"`
}

func probeOf(p domain.MetricProbe) probeJSON {
	return probeJSON{string(p.Kind), p.URL, p.Query, p.EveryHours, p.AddedBy, moment(p.CreatedAt), moment(p.ReadAt), orNull(p.LastError), moment(p.LastErrorAt)}
}

type probeInput struct {
	Kind       opt[string] `json:"kind" doc:"prometheus or json"`
	URL        opt[string] `json:"url" doc:"on a host that the operator has allowed with FOLLOWTHROUGH_PROBE_HOSTS"`
	Query      opt[string] `json:"query,omitempty" doc:"PromQL that yields one number, or a JSON pointer to it"`
	EveryHours opt[int]    `json:"every_hours,omitempty" doc:"1 to 744; 24 when absent"`
	Reason     opt[string] `json:"reason,omitempty"`
}

func (s *Server) probeRoutes() []route {
	one := func(r route) route {
		r.path, r.tag, r.tagged = "/measures/{key}/probe", "measures", true
		if r.method != http.MethodDelete {
			r.out = reflect.TypeFor[probeJSON]()
		}
		return r
	}
	return []route{
		one(route{method: http.MethodGet, id: "get-probe", summary: "From where the success metric is read", needs: domain.CanRead, run: s.getProbe}),
		withBody(one(route{method: http.MethodPost, id: "set-probe", summary: "Read the success metric from a Prometheus or a JSON document", needs: domain.CanEdit}), s.setProbe),
		one(route{method: http.MethodDelete, id: "remove-probe", summary: "Read it no more; what was read stays", needs: domain.CanEdit, match: true,
			status: http.StatusNoContent, run: s.removeProbe}),
	}
}

func probeReply(p domain.MetricProbe, err error) (reply, error) {
	return reply{body: probeOf(p), version: p.Version}, err
}

func (s *Server) getProbe(c *call) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	return probeReply(s.app.Measures.Probe(c.ctx(), c.actor(), key))
}

func (s *Server) setProbe(c *call, in *probeInput) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	return probeReply(s.app.Measures.SetProbe(c.ctx(), c.actor(), domain.MetricProbe{Measure: key, Kind: domain.ProbeKind(in.Kind.value), URL: in.URL.value,
		Query: in.Query.value, EveryHours: in.EveryHours.value}, in.Reason.value))
}

func (s *Server) removeProbe(c *call) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	return reply{}, s.app.Measures.RemoveProbe(c.ctx(), c.actor(), key, c.version)
}
