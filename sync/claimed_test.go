package sync_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// read is an issue as GitHub sends it.
func (b *bench) read(path string) map[string]any {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, "https://api.github.com/"+path, nil)
	b.must(err)
	r.Header.Set("Authorization", "Bearer "+b.github.Token("robot", githubsim.TokenOptions{Repos: []string{repo}}))
	resp, err := b.github.Transport().RoundTrip(r)
	b.must(err)
	body, err := io.ReadAll(resp.Body)
	b.must(err)
	b.must(resp.Body.Close())
	out := map[string]any{}
	b.must(json.Unmarshal(body, &out))
	return out
}

// deliver sends a signed delivery and works through it.
func (b *bench) deliver(id string, payload map[string]any) {
	b.t.Helper()
	body, err := json.Marshal(payload)
	b.must(err)
	mac := hmac.New(sha256.New, []byte(strings.Repeat("s", 40)))
	mac.Write(body)
	header := http.Header{"X-Github-Event": {"issues"}, "X-Github-Delivery": {id}, "X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}}
	b.must(b.engine.Intake(b.t.Context(), domain.GitHub, "gh", header, body))
	works, err := b.db.ClaimWork(b.t.Context(), "me", []string{tracksync.KindHook}, 1, 30*time.Second, now())
	b.must(err)
	for _, w := range works {
		b.engine.Do(b.t.Context(), w)
	}
	b.work()
}

// TestClaimedIdentity: an account that merely bears the login of somebody here
// is nobody here: what it does is its own, it owns nothing, and closing an
// issue claims that the measure is done and verifies nothing (threat T26).
func TestClaimedIdentity(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.work()
		b.pass()
		time.Sleep(time.Minute)
		issue := b.read("repos/" + repo + "/issues/1")
		impostor := map[string]any{"login": "ana", "id": 999_999, "node_id": "U_999999", "type": "User"}
		issue["state"], issue["state_reason"], issue["updated_at"] = "closed", "completed", now().Format(time.RFC3339)
		issue["assignees"], issue["assignee"] = []any{impostor}, impostor
		b.deliver("d-1", map[string]any{"action": "closed", "issue": issue, "sender": impostor, "repository": b.read("repos/" + repo)})
		m := b.measure()
		if m.Status != domain.Done || m.Verdict != "" || m.VerifiedBy != "" {
			t.Errorf("the measure is %s, verdict %q by %q", m.Status, m.Verdict, m.VerifiedBy)
		}
		if m.Owner == "p_ana" {
			t.Error("an account with Ana's login is taken for Ana")
		}
		history, err := b.app.Measures.History(b.t.Context(), ana, b.key, domain.Page{Limit: 200})
		b.must(err)
		for _, c := range history.Items {
			if c.Field == "status" && c.To == string(domain.Done) && (c.Actor != "github:ana" || c.Source != domain.FromGitHub) {
				t.Errorf("the change is said to be by %s from %s", c.Actor, c.Source)
			}
		}
	})
}

// TestNoOtherRepository: an address outside the tracker's own repository is
// refused without asking GitHub for it, so that nobody learns through our
// credential what they may not see (threat T27).
func TestNoOtherRepository(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.work()
		asked := 0
		b.before = func(*http.Request) { asked++ }
		for _, address := range []string{"https://github.com/other/private/issues/1", "other/private#1", "https://github.com/acme/platform/../../other/private/issues/1",
			"https://github.com/acme/platform/issues/1/../../../../other/private/issues/1", "https://evil.example/acme/platform/issues/1"} {
			if _, err := b.engine.Resolve(b.t.Context(), "gh", address); domain.KindOf(err) != domain.ErrInvalid {
				t.Errorf("%s: %v", address, err)
			}
		}
		if asked != 0 {
			t.Errorf("GitHub was asked %d times", asked)
		}
	})
}

// TestOldDelivery: a delivery that is older than what is known changes nothing,
// under a fresh id and however often it comes (T48, threat T3).
func TestOldDelivery(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.work()
		b.pass()
		old, place := b.read("repos/"+repo+"/issues/1"), b.read("repos/"+repo)
		time.Sleep(time.Minute)
		b.must(b.cleo.Retitle(repo, 1, "The newer title"))
		b.pass()
		before, link := b.measure(), b.link()
		for n := range 3 {
			b.deliver(fmt.Sprintf("replay-%d", n), map[string]any{"action": "edited", "issue": old, "sender": old["user"], "repository": place})
		}
		if m := b.measure(); m.Title != "The newer title" || m.Version != before.Version {
			t.Errorf("the measure is %q, version %d, was %d", m.Title, m.Version, before.Version)
		}
		if after := b.link(); after.Version != link.Version {
			t.Errorf("the link went from version %d to %d", link.Version, after.Version)
		}
	})
}
