package api

import (
	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

type traceJSON struct {
	Incident      string        `json:"incident"`
	Title         string        `json:"title"`
	Causes        []string      `json:"causes" nullable:"false"`
	Findings      []findingJSON `json:"findings" nullable:"false" doc:"of its review, as they were written last"`
	ErasedEntries int           `json:"erased_entries" doc:"entries of the review whose text was erased"`
	Measures      []tracedJSON  `json:"measures" nullable:"false"`
}

type findingJSON struct {
	Text     string   `json:"text"`
	Kind     string   `json:"kind"`
	Cause    *string  `json:"cause"`
	Measures []string `json:"measures" nullable:"false"`
	Leaf     int64    `json:"leaf" doc:"that wrote it last; -1 when it is older than the log"`
}

type tracedJSON struct {
	Key           string   `json:"key"`
	Title         string   `json:"title"`
	Status        string   `json:"status"`
	DueOn         *string  `json:"due_on"`
	DueMoves      int      `json:"due_moves"`
	Issues        []string `json:"issues" nullable:"false"`
	Evidence      []string `json:"evidence" nullable:"false"`
	SuccessMetric *string  `json:"success_metric"`
	Verdict       *string  `json:"verdict"`
	VerifiedBy    *string  `json:"verified_by"`
	LastLeaf      int64    `json:"last_leaf"`
}

func traceOf(t app.AuditTrace) traceJSON {
	i := t.Incident
	out := traceJSON{Incident: i.Key, Title: i.Fields["title"], Causes: append([]string{}, t.Causes...), Findings: []findingJSON{}, ErasedEntries: t.Erased, Measures: []tracedJSON{}}
	for _, f := range t.Findings {
		out.Findings = append(out.Findings, findingJSON{f.Text, f.Kind, orNull(f.Cause), append([]string{}, f.Measures...), f.Leaf})
	}
	for _, m := range t.Measures {
		out.Measures = append(out.Measures, tracedJSON{m.Key, m.Fields["title"], m.Fields["status"], orNull(m.Fields["due_on"]), m.DueMoves, append([]string{}, m.Links...),
			append([]string{}, m.Proofs...), orNull(m.Fields["success_metric"]), orNull(m.Fields["verdict"]), orNull(m.Fields["verified_by"]), m.LastLeaf})
	}
	return out
}

func (s *Server) traces(c *call) (reply, error) {
	at, err := s.audit(c)
	if err != nil {
		return reply{}, err
	}
	page := c.page()
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	var list domain.List[app.AuditTrace]
	if word := c.query.Get("sample"); word != "" {
		list.Items, _, err = s.app.Evidence.Traces(c.ctx(), c.actor(), at, word, page.Limit)
		list.Total = len(list.Items)
	} else {
		list, err = s.app.Evidence.AllTraces(c.ctx(), c.actor(), at, page)
	}
	return reply{body: listOf(list, page, traceOf)}, err
}
