package github_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// T24: what each request is for decides which budget it takes from.
func TestClassify(t *testing.T) {
	for request, want := range map[string]domain.Call{
		"GET /repos/acme/platform":                               {Class: domain.CallRead, Resource: "core"},
		"GET /repositories/5/issues?state=all&sort=updated":      {Class: domain.CallRead, Resource: "core"},
		"GET /repositories/5/issues?sort=created&direction=desc": {Class: domain.CallProbe, Resource: "core"},
		"GET /repositories/5/issues?sort=created&direction=asc":  {Class: domain.CallRead, Resource: "core"},
		"POST /repositories/5/issues":                            {Class: domain.CallCreate, Resource: "core"},
		"POST /api/v3/repos/acme/platform/issues":                {Class: domain.CallCreate, Resource: "core"},
		"GET /repositories/5/issues/7":                           {Class: domain.CallRead, Resource: "core", Issue: "repositories/5#7"},
		"PATCH /api/v3/repositories/5/issues/7":                  {Class: domain.CallWrite, Resource: "core", Issue: "repositories/5#7"},
		"POST /repositories/5/issues/7/labels":                   {Class: domain.CallWrite, Resource: "core", Issue: "repositories/5#7"},
		"DELETE /repositories/5/issues/7/labels/a%2Fb":           {Class: domain.CallWrite, Resource: "core", Issue: "repositories/5#7"},
		"POST /repositories/5/labels":                            {Class: domain.CallWrite, Resource: "core"},
		"POST /repositories/5/hooks":                             {Class: domain.CallWrite, Resource: "core"},
		"POST /app/installations/3/access_tokens":                {Class: domain.CallRead, Resource: "core"},
		"POST /api/v3/app/installations/3/access_tokens":         {Class: domain.CallRead, Resource: "core"},
		"GET /user": {Class: domain.CallRead, Resource: "core"},
	} {
		method, target, _ := strings.Cut(request, " ")
		if diff := cmp.Diff(want, github.Classify(httptest.NewRequestWithContext(t.Context(), method, target, nil))); diff != "" {
			t.Errorf("%s:\n%s", request, diff)
		}
	}
}

// classes counts requests by what they are for.
type classes struct {
	next  http.RoundTripper
	count map[domain.CallClass]int
}

func (c classes) RoundTrip(r *http.Request) (*http.Response, error) {
	c.count[github.Classify(r).Class]++
	return c.next.RoundTrip(r)
}

// The classes are right for the requests that are really sent: one create, and
// every other write paced as a write.
func TestClassifyWhatIsSent(t *testing.T) {
	s := newSite(t, func(o *githubsim.Options) { o.Enterprise = "3.19.0" })
	c := classes{s.sent, map[domain.CallClass]int{}}
	s.transport = c
	exercise(t, s)
	if c.count[domain.CallCreate] != 1 || c.count[domain.CallWrite] < 6 || c.count[domain.CallProbe] != 1 || c.count[domain.CallRead] < 5 {
		t.Errorf("classes %v", c.count)
	}
}
