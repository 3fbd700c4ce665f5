package api

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// description is our own document as another library reads it.
var description = sync.OnceValues(func() (routers.Router, error) {
	spec, err := specify((&Server{}).routes(), "test")
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(spec.json)
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

// described holds a real exchange against the document: a request that was
// accepted must be one the document allows, and every answer must have a
// documented status and the documented form. Every test of this package goes
// through here. It returns the operation, empty outside the API.
func described(t testing.TB, r *http.Request, body []byte, rec *httptest.ResponseRecorder) string {
	t.Helper()
	if !strings.HasPrefix(r.URL.Path, prefix+"/") {
		return ""
	}
	router, err := description()
	if err != nil {
		t.Fatalf("another library cannot read the document: %v", err)
	}
	r = r.Clone(t.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	found, params, err := router.FindRoute(r)
	if err != nil {
		if rec.Code != http.StatusNotFound && rec.Code != http.StatusMethodNotAllowed && rec.Code != http.StatusForbidden {
			t.Errorf("%s %s answers %d and is not documented", r.Method, r.URL.Path, rec.Code)
		}
		return ""
	}
	options := &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: found, Options: options}
	if rec.Code < 300 {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s %s was accepted although the document does not allow it: %v\n%s", r.Method, r.URL, err, body)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: rec.Code, Header: rec.Header(), Options: options}
	out.SetBodyBytes(rec.Body.Bytes())
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("%s %s answers %d in a form that is not documented: %v\n%s", r.Method, r.URL, rec.Code, err, rec.Body)
	}
	return found.Operation.OperationID
}
