package api

import (
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/plainjson"
)

// effectJSON is what the numbers say about one measure.
type effectJSON struct{ effect app.Effect }

// MarshalJSON implements json.Marshaler.
func (e effectJSON) MarshalJSON() ([]byte, error) {
	return json.Marshal(plainjson.Object{}.With("verify_on", day(e.effect.VerifyOn)).With("verify_due", e.effect.VerifyDue).With("report", plainNode(reflect.ValueOf(e.effect.Report))))
}

// Schema implements huma.SchemaProvider.
func (effectJSON) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"report", "verify_due", "verify_on"}, Properties: map[string]*huma.Schema{
		"verify_on":  {Type: huma.TypeString, Format: "date", Nullable: true, Description: "when somebody should look; null unless done and not verified"},
		"verify_due": {Type: huma.TypeBoolean, Description: "that day has come"}, "report": plainSchema(r, reflect.TypeFor[metrics.EffectivenessReport]())}}
}

func (s *Server) effectRoutes() []route {
	return []route{{method: http.MethodGet, path: "/measures/{key}/effect", id: "get-measure-effect", summary: "What the success metric shows, and when to judge it", tag: "measures",
		needs: domain.CanRead, out: reflect.TypeFor[effectJSON](), run: s.measureEffect}}
}

func (s *Server) measureEffect(c *call) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	e, err := s.app.Measures.Effect(c.ctx(), c.actor(), key)
	return reply{body: effectJSON{e}}, err
}
