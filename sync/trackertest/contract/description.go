// Package contract checks HTTP exchanges against the OpenAPI descriptions the
// trackers publish. The simulated trackers and the adapters are both held to
// it, so that neither can drift into a dialect only the other understands.
//
// The package is for tests: nothing that ships may import it.
package contract

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Description is a loaded OpenAPI 3.0 description with its own router. The
// router works on escaped paths and ignores the host, because simulators live
// on hosts no description names.
type Description struct {
	doc    *openapi3.T
	routes map[int][]template
}

// template is one path of the description, cut at its slashes.
type template struct {
	path     string
	segments []string
	item     *openapi3.PathItem
}

// Load reads a gzip-compressed OpenAPI description from file.
func Load(file string) (*Description, error) {
	data, err := readGzip(file)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("description %s: %w", file, err)
	}
	d := &Description{doc: doc, routes: map[int][]template{}}
	for path, item := range doc.Paths.Map() {
		segments := strings.Split(strings.Trim(path, "/"), "/")
		d.routes[len(segments)] = append(d.routes[len(segments)], template{path, segments, item})
	}
	return d, nil
}

func readGzip(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it is only read
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s is not gzip: %w", file, err)
	}
	return io.ReadAll(z)
}

// Find returns the operation that answers method on the escaped path, with the
// path parameters unescaped. It reports false where the description has none.
func (d *Description) Find(method, escapedPath string) (*routers.Route, map[string]string, bool) {
	segments := strings.Split(strings.Trim(escapedPath, "/"), "/")
	var best *routers.Route
	var bestParams map[string]string
	bestLiterals := -1
	for _, t := range d.routes[len(segments)] {
		params, literals, ok := t.match(segments)
		if !ok || literals <= bestLiterals {
			continue
		}
		op := t.item.GetOperation(method)
		if op == nil {
			continue
		}
		best = &routers.Route{Spec: d.doc, Path: t.path, PathItem: t.item, Method: method, Operation: op}
		bestParams, bestLiterals = params, literals
	}
	return best, bestParams, best != nil
}

func (t template) match(segments []string) (params map[string]string, literals int, ok bool) {
	params = map[string]string{}
	for i, want := range t.segments {
		if strings.HasPrefix(want, "{") && strings.HasSuffix(want, "}") {
			value, err := url.PathUnescape(segments[i])
			if err != nil || value == "" {
				return nil, 0, false
			}
			params[want[1:len(want)-1]] = value
			continue
		}
		if want != segments[i] {
			return nil, 0, false
		}
		literals++
	}
	return params, literals, true
}

// Exchange is one request and its answer, bodies read.
type Exchange struct {
	Request      *http.Request
	RequestBody  []byte
	Status       int
	Header       http.Header
	ResponseBody []byte
}

// Check validates both halves of the exchange and returns every violation.
func (d *Description) Check(x Exchange, o Options) []error {
	if o.Exempt != nil && o.Exempt(x.Request) {
		return nil
	}
	path := strings.TrimPrefix(x.Request.URL.EscapedPath(), strings.TrimSuffix(o.BasePath, "/"))
	if o.Rewrite != nil {
		path = o.Rewrite(path)
	}
	route, params, ok := d.Find(x.Request.Method, path)
	if !ok {
		if o.Undocumented != nil && o.Undocumented(x.Request) {
			return nil
		}
		return []error{fmt.Errorf("the description has no %s %s", x.Request.Method, path)}
	}
	input := d.input(x, route, params)
	var violations []error
	ctx := x.Request.Context()
	if !o.SkipRequests {
		if err := openapi3filter.ValidateRequest(ctx, input); err != nil {
			violations = append(violations, fmt.Errorf("request %s %s: %w", route.Method, route.Path, err))
		}
	}
	if err := d.checkResponse(x, input, o); err != nil {
		violations = append(violations, fmt.Errorf("answer %d to %s %s: %w", x.Status, route.Method, route.Path, err))
	}
	return violations
}

func (d *Description) input(x Exchange, route *routers.Route, params map[string]string) *openapi3filter.RequestValidationInput {
	r := x.Request.Clone(x.Request.Context())
	r.Body = io.NopCloser(bytes.NewReader(x.RequestBody))
	if len(x.RequestBody) == 0 {
		r.Body = http.NoBody
	}
	r.ContentLength = int64(len(x.RequestBody))
	return &openapi3filter.RequestValidationInput{
		Request:    r,
		PathParams: params,
		Route:      route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
			IncludeResponseStatus: true,
			MultiError:            true,
			SkipSettingDefaults:   true,
		},
	}
}

func (d *Description) checkResponse(x Exchange, input *openapi3filter.RequestValidationInput, o Options) error {
	if input.Route.Operation.Responses.Status(x.Status) == nil && o.allows(x.Status) {
		return nil
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 x.Status,
		Header:                 x.Header,
		Options:                input.Options,
	}
	out.SetBodyBytes(x.ResponseBody)
	return openapi3filter.ValidateResponse(x.Request.Context(), out)
}
