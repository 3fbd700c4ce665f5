package github

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// unreachable refuses every request: what is fuzzed here must not need any.
type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, domain.Errorf(domain.ErrUnavailable, "there is no network here")
}

// FuzzWebhook: whatever is posted to us, signed or not, is read without harm,
// and an event that counts says which issue of our repository it is about.
func FuzzWebhook(f *testing.F) {
	f.Add("issues", "sha256=00", []byte(`{"action":"edited","issue":{"node_id":"I_1","number":7,"title":"t","body":"b","state":"open","updated_at":"2026-01-05T09:00:00Z"},"changes":{"body":{"from":"x"}},"repository":{"id":5,"full_name":"acme/platform","private":true},"sender":{"id":1,"login":"ana"}}`))
	f.Add("issues", "", []byte(`{"action":"transferred","issue":{"node_id":"I_1","number":7},"changes":{"new_issue":{"number":-1},"new_repository":{"id":0}},"repository":{"full_name":"acme/platform"}}`))
	f.Add("repository", "sha1=", []byte(`{"action":"publicized","repository":{"id":5,"full_name":"acme/platform","private":false}}`))
	f.Fuzz(func(t *testing.T, event, signature string, body []byte) {
		h := http.Header{"X-Github-Event": {event}, "X-Github-Delivery": {"d-1"}, "X-Hub-Signature-256": {signature}}
		if VerifySignature(h, body, []string{"", "a secret that the input cannot know"}) {
			t.Fatal("a signature was guessed")
		}
		tracker := plainTracker(t)
		e, err := tracker.ParseWebhook(h, body)
		if err != nil {
			if domain.KindOf(err) != domain.ErrInvalid {
				t.Fatalf("not an error about the input: %v", err)
			}
			return
		}
		if e.Ignored {
			return
		}
		if event != "issues" || e.Ref.ID == "" || e.Ref.Number <= 0 || e.Delivery != "d-1" {
			t.Fatalf("an event that counts: %+v", e)
		}
		if s := e.Snapshot; s != nil && (s.Ref != e.Ref || s.Hash == "" || s.Revision.IsZero() || s.Fields[domain.FieldTitle].Raw == "" && s.Fields == nil) {
			t.Fatalf("a snapshot that is not whole: %+v", s)
		}
	})
}

// FuzzAdoptionAddress: an address is an issue of the configured repository, or
// it is refused before anything is asked.
func FuzzAdoptionAddress(f *testing.F) {
	for _, address := range []string{"acme/platform#118", "https://github.com/acme/platform/issues/118", "https://github.com/acme/platform/issues/118#issuecomment-1",
		"https://github.com/acme/platform/../../user/issues/1", "https://github.com@evil.example/acme/platform/issues/1", "https://github.com/acme%2fplatform/issues/1", "acme/platform#0", "//github.com/acme/platform/issues/1"} {
		f.Add(address)
	}
	tracker := plainTracker(f)
	f.Fuzz(func(t *testing.T, address string) {
		n, err := tracker.number(address)
		if err != nil {
			if domain.KindOf(err) != domain.ErrInvalid || n != 0 {
				t.Fatalf("%q: %d, %v", address, n, err)
			}
			return
		}
		low := strings.ToLower(address)
		if n <= 0 || !strings.HasPrefix(low, "acme/platform#") && !strings.HasPrefix(low, "https://github.com/") && !strings.HasPrefix(low, "https://github.com:443/") {
			t.Fatalf("%q was taken for issue %d", address, n)
		}
	})
}

// canned gives every request the same answer and notes where it went.
type canned struct {
	status int
	link   string
	body   []byte
	asked  *[]*http.Request
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	*c.asked = append(*c.asked, r)
	h := http.Header{"Link": {c.link}, "Location": {c.link}, "Retry-After": {c.link}}
	return &http.Response{StatusCode: c.status, Header: h, Body: io.NopCloser(bytes.NewReader(c.body)), Request: r}, nil
}

// FuzzAnswers: whatever the other side answers, nothing crashes, every error is
// one for people, and no request leaves the host or the API.
func FuzzAnswers(f *testing.F) {
	f.Add(200, `<https://api.github.com/repositories/5/issues?page=2>; rel="next"`, []byte(`[{"number":7,"node_id":"I_7","title":"t","body":"b","state":"open","updated_at":"2026-01-05T09:00:00Z","labels":[{"id":1,"name":"priority: P0"}],"assignees":[{"id":1,"login":"ana"}]}]`))
	f.Add(200, `<https://evil.example/>; rel="next"`, []byte(`{"id":5,"full_name":"acme/platform","private":true,"number":7,"node_id":"I_7","title":"t","state":"closed","updated_at":"2026-01-05T09:00:00Z"}`))
	f.Add(301, `https://api.github.com/repositories/9/issues/1`, []byte(``))
	f.Add(403, `120`, []byte(`{"message":"You have exceeded a secondary rate limit"}`))
	f.Fuzz(func(t *testing.T, status int, link string, body []byte) {
		if status < 200 || status > 599 {
			t.Skip("no final answer has this status")
		}
		var asked []*http.Request
		tracker, err := New(Config{
			Tracker: domain.Tracker{ID: "a", BaseURL: "https://api.github.com", Repository: "acme/platform"}, Secrets: domain.Secrets{Credential: "token"},
			Transport: canned{status, link, body, &asked}, Now: func() time.Time { return time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC) },
		})
		if err != nil {
			t.Fatal(err)
		}
		tracker.learnPlace("5")
		ref := domain.RemoteRef{ID: "I_7", Number: 7, Place: "5"}
		page, err1 := tracker.Changed(t.Context(), nil, nil)
		snapshot, err2 := tracker.Fetch(t.Context(), ref)
		_, err3 := tracker.Create(t.Context(), domain.Draft{MeasureID: "OWN", Nonce: "n", Values: map[domain.Field]string{domain.FieldTitle: "t"}})
		_, err4 := tracker.Sweep(t.Context(), []domain.RemoteRef{ref})
		_, err5 := tracker.Check(t.Context())
		for _, err := range []error{err1, err2, err3, err4, err5} {
			var told *domain.Error
			if err != nil && (!errors.As(err, &told) || told.Message == "") {
				t.Fatalf("an error that speaks to nobody: %v", err)
			}
		}
		if err1 == nil && len(page.Next) == 0 || err2 == nil && (snapshot.Ref.ID == "" || snapshot.Hash == "") {
			t.Fatalf("half a result: %+v %+v", page, snapshot)
		}
		for _, r := range asked {
			if r.URL.Scheme != "https" || r.URL.Host != "api.github.com" || !strings.HasPrefix(r.URL.Path, "/repositories/") && !strings.HasPrefix(r.URL.Path, "/repos/acme/platform") && r.URL.Path != "/user" {
				t.Fatalf("asked for %s", r.URL)
			}
		}
	})
}
