package api

import (
	"bytes"
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
)

type evidenceJSON struct {
	ID          string  `json:"id"`
	Title       string  `json:"title"`
	URL         string  `json:"url"`
	EffectiveOn *string `json:"effective_on" format:"date" doc:"the date the evidence speaks of"`
	ReceivedAt  *string `json:"received_at" format:"date-time"`
	AddedBy     string  `json:"added_by"`
}

func evidenceOf(e domain.Evidence) evidenceJSON {
	return evidenceJSON{e.ID, e.Title, e.URL, day(e.EffectiveOn), moment(e.ReceivedAt), e.AddedBy}
}

type evidenceInput struct {
	Title       opt[string] `json:"title"`
	URL         opt[string] `json:"url"`
	EffectiveOn opt[date]   `json:"effective_on,omitempty"`
}

type observationJSON struct {
	ID     string  `json:"id"`
	At     *string `json:"at" format:"date-time"`
	Value  float64 `json:"value"`
	Note   *string `json:"note"`
	Source string  `json:"source"`
	Actor  string  `json:"actor"`
}

func observationOf(o domain.Observation) observationJSON {
	return observationJSON{o.ID, moment(o.At), o.Value, orNull(o.Note), string(o.Source), o.Actor}
}

type observationsInput struct {
	Items opt[[]observationInput] `json:"items" doc:"1 to 1000 values: all are taken or none"`
}

type observationInput struct {
	At    opt[instant] `json:"at"`
	Value opt[float64] `json:"value"`
	Note  opt[string]  `json:"note,omitempty"`
}

// observationFileJSON says what became of a file of observations.
type observationFileJSON struct {
	Values  int  `json:"values" doc:"how many the file holds"`
	Written bool `json:"written" doc:"false after a dry run"`
}

func (s *Server) proofRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/measures/{key}/evidence", id: "list-evidence", summary: "The evidence of a measure", tag: "measures",
			needs: domain.CanRead, query: listQuery(nil), out: reflect.TypeFor[listJSON[evidenceJSON]](), run: s.listEvidence},
		withBody(route{method: http.MethodPost, path: "/measures/{key}/evidence", id: "add-evidence", summary: "Add a link that supports a claim of done",
			tag: "measures", needs: domain.CanEdit, repeatable: true, status: http.StatusCreated, out: reflect.TypeFor[evidenceJSON]()}, s.addEvidence),
		{method: http.MethodGet, path: "/measures/{key}/observations", id: "list-observations", summary: "The values of the success metric", tag: "measures",
			needs: domain.CanRead, query: listQuery(nil), out: reflect.TypeFor[listJSON[observationJSON]](), run: s.listObservations},
		withBody(route{method: http.MethodPost, path: "/measures/{key}/observations", id: "add-observations", summary: "Add values of the success metric",
			tag: "measures", needs: domain.CanEdit, repeatable: true, status: http.StatusCreated, out: reflect.TypeFor[listJSON[observationJSON]]()}, s.addObservations),
		{method: http.MethodPost, path: "/observations", id: "import-observations", summary: "Add values of the success metrics of several measures from a CSV: all rows or none",
			tag: "measures", needs: domain.CanEdit, repeatable: true, takes: "text/csv", query: []param{{name: "dry_run", kind: "boolean", doc: "check the file and write nothing"}},
			out: reflect.TypeFor[observationFileJSON](), run: s.importObservations},
	}
}

func (s *Server) listEvidence(c *call) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	all, err := s.app.Measures.Evidence(c.ctx(), c.actor(), key)
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, evidenceOf)}, err
}

func (s *Server) addEvidence(c *call, in *evidenceInput) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	e, err := s.app.Measures.AddEvidence(c.ctx(), c.actor(), domain.Evidence{Measure: key, Title: in.Title.value, URL: in.URL.value, EffectiveOn: in.EffectiveOn.value.Date})
	return reply{body: evidenceOf(e)}, err
}

func (s *Server) listObservations(c *call) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	all, err := s.app.Measures.Observations(c.ctx(), c.actor(), key)
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, observationOf)}, err
}

func (s *Server) addObservations(c *call, in *observationsInput) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	given := make([]domain.Observation, len(in.Items.value))
	var missing []fault
	for n, o := range in.Items.value {
		if !o.Value.has() {
			missing = append(missing, fault{"body.items[" + itoa(n) + "].value", "is missing; give the number that was observed"})
		}
		given[n] = domain.Observation{At: o.At.value.Time, Value: o.Value.value, Note: o.Note.value}
	}
	if len(missing) > 0 {
		return reply{}, unprocessable(missing)
	}
	added, err := s.app.Measures.AddObservations(c.ctx(), c.actor(), key, given)
	return reply{body: listOf(domain.List[domain.Observation]{Items: added, Total: -1}, domain.Page{}, observationOf)}, err
}

func (s *Server) importObservations(c *call) (reply, error) {
	dry := c.flag("dry_run")
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	found, err := imports.Observations(imports.File{Name: "csv", Data: bytes.NewReader(c.body)}, imports.Options{Now: s.now(), Zone: s.app.Zone})
	if err != nil {
		return reply{}, err
	}
	written := dry == nil || !*dry
	err = s.app.Measures.ImportObservations(c.ctx(), c.actor(), found, !written)
	return reply{body: observationFileJSON{len(found), written}}, err
}
