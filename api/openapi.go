package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// specification is the OpenAPI document, ready to be sent.
type specification struct{ json, yaml []byte }

// specify writes the OpenAPI document of a table of routes.
func specify(table []route, version string) (specification, error) {
	if version == "" {
		version = "dev"
	}
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Followthrough", Version: version, License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			Description: "Measures that come out of incident reviews, kept in step with GitHub and Jira.\n\n" +
				"Unknown members and parameters are refused. PATCH is JSON Merge Patch: absent leaves, null clears. " +
				"Errors are RFC 9457 problems. If-Match takes the ETag of what you have seen."},
		Servers:    []*huma.Server{{URL: prefix}},
		Components: &huma.Components{Schemas: registry, SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer", Description: "an API token"}}},
		Security:   []map[string][]string{{"token": {}}},
	}
	for _, tag := range []string{"incidents", "measures", "links", "conflicts", "trackers", "people", "teams", "tokens", "policies", "assessments", "checks", "stats", "evidence"} {
		doc.Tags = append(doc.Tags, &huma.Tag{Name: tag, Description: "Operations on " + tag + "."})
	}
	problem := registry.Schema(reflect.TypeFor[problemJSON](), true, "")
	for n := range table {
		doc.AddOperation(operation(&table[n], registry, problem))
	}
	allowNull(registry)
	asJSON, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return specification{}, err
	}
	asYAML, err := doc.YAML()
	return specification{append(asJSON, '\n'), asYAML}, err
}

// allowNull says of every member that points to an object that it may be null:
// the generator says so of texts and numbers only.
func allowNull(registry huma.Registry) {
	for name, schema := range registry.Map() {
		t := registry.TypeFromRef("#/components/schemas/" + name)
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for _, f := range reflect.VisibleFields(t) {
			member, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			part := schema.Properties[member]
			if part == nil || part.Ref == "" || f.Type.Kind() != reflect.Pointer || options == "omitempty" {
				continue
			}
			schema.Properties[member] = &huma.Schema{OneOf: []*huma.Schema{{Ref: part.Ref}, {Type: "null"}}, Description: f.Tag.Get("doc")}
		}
	}
}

// schemaName drops the suffix that keeps Go names apart.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	return strings.ReplaceAll(name, "JSON", "")
}

func operation(r *route, registry huma.Registry, problem *huma.Schema) *huma.Operation {
	op := &huma.Operation{OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Tags: []string{r.tag}, Responses: map[string]*huma.Response{},
		Description: "Needs the permission to " + string(r.needs) + "."}
	if r.open {
		op.Description, op.Security = "Needs no token.", []map[string][]string{{}}
	}
	for part := range strings.SplitSeq(r.path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			op.Parameters = append(op.Parameters, &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
		}
	}
	for _, p := range r.query {
		op.Parameters = append(op.Parameters, queryParam(p))
	}
	header := func(name, doc string, required bool) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "header", Description: doc, Required: required, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	failures := []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}
	if r.match {
		header("If-Match", "the ETag of what you have seen", true)
		failures = append(failures, http.StatusPreconditionFailed, http.StatusPreconditionRequired)
	}
	if r.repeatable {
		header("Idempotency-Key", "1 to 200 visible characters; the same key and body give the first answer again", false)
	}
	if r.in != nil {
		body := &huma.MediaType{Schema: registry.Schema(r.in, true, r.id+"-request")}
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": body}}
		if r.method == http.MethodPatch {
			op.RequestBody.Content["application/merge-patch+json"] = body
		}
		failures = append(failures, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	}
	if r.takes != "" {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{r.takes: {Schema: &huma.Schema{Type: huma.TypeString}}}}
		failures = append(failures, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	}
	if asksTracker := strings.HasPrefix(r.path, "/trackers/{id}/"); asksTracker || r.method != http.MethodGet {
		failures = append(failures, http.StatusConflict)
	}
	if r.tagged && r.method == http.MethodGet {
		header("If-None-Match", "the ETag of what you have; 304 when it is still the same", false)
		op.Responses["304"] = &huma.Response{Description: "Not Modified"}
	}
	op.Responses[strconv.Itoa(max(r.status, http.StatusOK))] = success(r, registry)
	for _, status := range append(failures, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable) {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: map[string]*huma.MediaType{"application/problem+json": {Schema: problem}}}
	}
	return op
}

func success(r *route, registry huma.Registry) *huma.Response {
	out := &huma.Response{Description: http.StatusText(max(r.status, http.StatusOK)), Headers: map[string]*huma.Param{}}
	if r.out != nil {
		out.Content = map[string]*huma.MediaType{"application/json": {Schema: registry.Schema(r.out, true, r.id+"-response")}}
	}
	for media := range strings.FieldsSeq(r.media) {
		if out.Content == nil {
			out.Content = map[string]*huma.MediaType{}
		}
		out.Content[media] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	if r.csv {
		out.Content["text/csv"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	if r.tagged {
		out.Headers["ETag"] = &huma.Header{Description: "for If-Match and If-None-Match", Schema: &huma.Schema{Type: huma.TypeString}}
	}
	if r.status == http.StatusCreated && r.tagged {
		out.Headers["Location"] = &huma.Header{Description: "the address of what was made", Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return out
}

func queryParam(p param) *huma.Param {
	schema := &huma.Schema{Type: p.kind}
	switch p.kind {
	case "date":
		schema = &huma.Schema{Type: huma.TypeString, Format: "date"}
	case "date-time":
		schema = &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeString, Format: "date-time"}, {Type: huma.TypeString, Format: "date"}}}
	}
	for _, v := range p.enum {
		schema.Enum = append(schema.Enum, v)
	}
	out := &huma.Param{Name: p.name, In: "query", Description: p.doc, Schema: schema}
	if p.list {
		explode := false
		out.Schema, out.Style, out.Explode = &huma.Schema{Type: huma.TypeArray, Items: schema}, "form", &explode
	}
	return out
}
