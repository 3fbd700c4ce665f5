package jira

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

type classKey struct{}

// withClass notes on the request what it is for: a search may be a poll or a
// probe, which the URL does not tell.
func withClass(ctx context.Context, class domain.CallClass) context.Context {
	return context.WithValue(ctx, classKey{}, class)
}

var issuePath = regexp.MustCompile(`/rest/api/2/issue/([^/?]+)`)

// Classify describes a request to the governor. Cloud limits bursts per
// endpoint and method, and writes per issue; ids are taken out of the endpoint.
func Classify(r *http.Request) domain.Call {
	path := r.URL.Path
	if at := strings.Index(path, "/rest/"); at > 0 {
		path = path[at:]
	}
	call := domain.Call{Class: domain.CallRead}
	if m := issuePath.FindStringSubmatch(path); m != nil && m[1] != "bulkfetch" && m[1] != "createmeta" {
		call.Issue = m[1]
		path = strings.Replace(path, "/"+m[1], "/{issue}", 1)
	}
	call.Resource = r.Method + " " + path
	switch {
	case r.Method == http.MethodPost && path == "/rest/api/2/issue":
		call.Class = domain.CallCreate
	case r.Method == http.MethodGet, strings.HasPrefix(path, "/rest/api/2/search"), strings.HasSuffix(path, "/bulkfetch"), !strings.HasPrefix(path, "/rest/"):
	default:
		call.Class = domain.CallWrite
	}
	if class, ok := r.Context().Value(classKey{}).(domain.CallClass); ok && class != "" {
		call.Class = class
	}
	if call.Class == domain.CallRead || call.Class == domain.CallProbe {
		call.Issue = ""
	}
	return call
}
