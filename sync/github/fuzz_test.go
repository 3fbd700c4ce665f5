package github

import (
	"net/http"
	"strings"
	"testing"

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
