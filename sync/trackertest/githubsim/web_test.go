package githubsim_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

func page(t *testing.T, s *githubsim.Server, method, path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "https://github.com"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestPeopleEditOnThePage(t *testing.T) {
	s, bot, _ := world(githubsim.Options{Web: true})
	form := url.Values{"title": {"<b>bold</b>"}, "body": {"a\r\nb </textarea><script>alert(1)</script>"}, "labels": {"p1, p2"}, "assignees": {"ann"}, "as": {"ann"}}
	w := page(t, s, "POST", "/acme/shop/issues", form)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/acme/shop/issues/1" {
		t.Fatalf("creating answered %d to %s: %s", w.Code, w.Header().Get("Location"), w.Body)
	}
	for _, path := range []string{"/", "/acme/shop/issues", "/acme/shop/issues/1"} {
		w := page(t, s, "GET", path, nil)
		if w.Code != http.StatusOK {
			t.Errorf("%s answered %d", path, w.Code)
		}
		if body := w.Body.String(); strings.Contains(body, "<script>") || strings.Contains(body, "<b>bold") {
			t.Errorf("%s lets tracker text through as markup:\n%s", path, body)
		}
	}
	form.Set("state", "not_planned")
	form.Set("title", "plain")
	form.Set("labels", "p2")
	if w := page(t, s, "POST", "/acme/shop/issues/1", form); w.Code != http.StatusSeeOther {
		t.Fatalf("saving answered %d: %s", w.Code, w.Body)
	}
	got, _ := s.Issue("acme/shop", 1)
	if got.Title != "plain" || got.State != "closed" || got.StateReason != "not_planned" || strings.Join(got.Labels, ",") != "p2" || got.ChangedBy != "ann" {
		t.Errorf("saved %+v", got)
	}
	if !strings.HasPrefix(got.Body, "a\r\nb ") {
		t.Errorf("the body %q lost the newlines browsers send", got.Body)
	}
	var seen issue
	newClient(t, s, bot).do("GET", "/repos/acme/shop/issues/1", nil).want(t, 200).into(t, &seen)
	if seen.Title != "plain" {
		t.Errorf("the API shows %+v", seen)
	}
}

func TestThePageRefuses(t *testing.T) {
	s, _, _ := world(githubsim.Options{Web: true})
	if _, err := s.As("ann").Create("acme/shop", "one", ""); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"title": {"two"}, "as": {"ann"}, "state": {"open"}}
	for name, tc := range map[string]struct {
		path    string
		change  func(url.Values)
		headers []string
		status  int
	}{
		"another site":     {"/acme/shop/issues/1", nil, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a person without": {"/acme/shop/issues/1", func(v url.Values) { v.Set("as", "rita") }, nil, 422},
		"a stranger":       {"/acme/shop/issues/1", func(v url.Values) { v.Set("as", "nobody") }, nil, 422},
		"no title":         {"/acme/shop/issues/1", func(v url.Values) { v.Set("title", " ") }, nil, 422},
		"unassignable":     {"/acme/shop/issues/1", func(v url.Values) { v.Set("assignees", "nobody") }, nil, 422},
		"no such issue":    {"/acme/shop/issues/9", nil, nil, 404},
		"no such place":    {"/acme/none/issues", nil, nil, 404},
	} {
		t.Run(name, func(t *testing.T) {
			f := url.Values{}
			for k, v := range form {
				f[k] = append([]string(nil), v...)
			}
			if tc.change != nil {
				tc.change(f)
			}
			if w := page(t, s, "POST", tc.path, f, tc.headers...); w.Code != tc.status {
				t.Errorf("answered %d, want %d: %s", w.Code, tc.status, w.Body)
			}
			if got, _ := s.Issue("acme/shop", 1); got.Title != "one" {
				t.Errorf("changed all the same: %+v", got)
			}
		})
	}
}

func TestNoPagesUnlessAskedFor(t *testing.T) {
	s, _, _ := world(githubsim.Options{})
	if w := page(t, s, "GET", "/acme/shop/issues", nil); w.Code != 404 || !strings.Contains(w.Body.String(), "Not Found") {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}
