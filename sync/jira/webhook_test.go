package jira_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/jira"
	"github.com/followthrough/followthrough/sync/trackertest/contract"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

var hookSecret = strings.Repeat("s3cret-", 6)

// signed are the headers of a delivery as Jira signs it.
func signed(secret string, body []byte) http.Header {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return http.Header{"X-Hub-Signature": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}}
}

// TestT80Signatures: exactly one SHA-256 over the very bytes, by a secret that
// is not empty; two secrets are valid while one is replaced.
func TestT80Signatures(t *testing.T) {
	body := []byte(`{"webhookEvent":"jira:issue_updated"}`)
	good := signed(hookSecret, body).Get("X-Hub-Signature")
	one := []string{hookSecret}
	for name, tc := range map[string]struct {
		header  http.Header
		body    []byte
		secrets []string
		want    bool
	}{
		"good":                         {http.Header{"X-Hub-Signature": {good}}, body, one, true},
		"old secret":                   {http.Header{"X-Hub-Signature": {good}}, body, []string{"newer", hookSecret}, true},
		"new secret":                   {http.Header{"X-Hub-Signature": {good}}, body, []string{hookSecret, "older"}, true},
		"none":                         {http.Header{}, body, one, false},
		"two":                          {http.Header{"X-Hub-Signature": {good, good}}, body, one, false},
		"other body":                   {http.Header{"X-Hub-Signature": {good}}, []byte(`{"webhookEvent":"jira:issue_deleted"}`), one, false},
		"other secret":                 {http.Header{"X-Hub-Signature": {good}}, body, []string{"another one"}, false},
		"no secrets":                   {http.Header{"X-Hub-Signature": {good}}, body, nil, false},
		"empty secret":                 {signed("", body), body, []string{""}, false},
		"sha1":                         {http.Header{"X-Hub-Signature": {"sha1=" + strings.TrimPrefix(good, "sha256=")}}, body, one, false},
		"bare":                         {http.Header{"X-Hub-Signature": {strings.TrimPrefix(good, "sha256=")}}, body, one, false},
		"63 digits":                    {http.Header{"X-Hub-Signature": {good[:len(good)-1]}}, body, one, false},
		"no hex":                       {http.Header{"X-Hub-Signature": {"sha256=" + strings.Repeat("z", 64)}}, body, one, false},
		"one bit off":                  {http.Header{"X-Hub-Signature": {good[:len(good)-1] + map[bool]string{true: "0", false: "1"}[good[len(good)-1] == '1']}}, body, one, false},
		"address token":                {http.Header{jira.AddressTokenHeader: {jira.AddressToken(hookSecret)}}, body, one, true},
		"wrong token":                  {http.Header{jira.AddressTokenHeader: {jira.AddressToken("x")}}, body, one, false},
		"secret as token":              {http.Header{jira.AddressTokenHeader: {hookSecret}}, body, one, false},
		"empty token":                  {http.Header{jira.AddressTokenHeader: {jira.AddressToken("")}}, body, []string{""}, false},
		"two tokens":                   {http.Header{jira.AddressTokenHeader: {jira.AddressToken(hookSecret), "x"}}, body, one, false},
		"bad signature beside a token": {http.Header{"X-Hub-Signature": {"sha256=00"}, jira.AddressTokenHeader: {jira.AddressToken(hookSecret)}}, body, one, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := jira.VerifySignature(tc.header, tc.body, tc.secrets); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// recordedEvent is what the index of the recordings says of one.
type recordedEvent struct {
	File       string   `json:"file"`
	Event      string   `json:"webhookEvent"`
	Deployment string   `json:"deployment"`
	Fields     []string `json:"changelog_fields"`
}

// TestT82RecordedDeliveries reads every recorded delivery, signed here, with a
// tracker of its project: events about issues carry the whole issue, all
// others are ignored, and nothing fails.
func TestT82RecordedDeliveries(t *testing.T) {
	index := contract.SharedFile(t, "jira-webhooks", "index.json")
	raw, err := os.ReadFile(index)
	must(t, err)
	var list []recordedEvent
	must(t, json.Unmarshal(raw, &list))
	if len(list) < 50 {
		t.Fatalf("only %d recordings", len(list))
	}
	for _, x := range list {
		t.Run(x.File, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join(filepath.Dir(index), filepath.FromSlash(x.File)))
			must(t, err)
			var payload struct {
				Issue *struct {
					ID     string `json:"id"`
					Key    string `json:"key"`
					Self   string `json:"self"`
					Fields map[string]json.RawMessage
				}
			}
			must(t, json.Unmarshal(body, &payload))
			tracker := domain.Tracker{ID: "t", Kind: domain.Jira, Flavor: domain.Cloud, BaseURL: "https://some-instance-test.atlassian.net", Account: "a@b.example", Project: "NONE"}
			if x.Deployment == "server" {
				tracker.Flavor = domain.DataCenter
			}
			if payload.Issue != nil {
				tracker.Project, _, _ = strings.Cut(payload.Issue.Key, "-")
			}
			header := signed(hookSecret, body)
			header.Set("X-Atlassian-Webhook-Identifier", "id-"+strings.ReplaceAll(filepath.Base(x.File), "_", "-")[:20])
			if !jira.VerifySignature(header, body, []string{hookSecret}) {
				t.Fatal("the signature is refused")
			}
			adapter, err := jira.New(jira.Config{Tracker: tracker, Secrets: domain.Secrets{Credential: "token"}, Now: newClock().now,
				Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					return nil, errors.New("reading a delivery asked for " + r.URL.Path)
				})})
			must(t, err)
			event, err := adapter.ParseWebhook(header, body)
			must(t, err)
			about := strings.HasPrefix(x.Event, "jira:issue_")
			if event.Ignored == about || !strings.HasPrefix(event.Delivery, "id-") || !strings.HasPrefix(event.Name, x.Event) {
				t.Fatalf("event %+v", event)
			}
			if !about {
				return
			}
			if event.Ref.ID != payload.Issue.ID || event.Ref.Key != payload.Issue.Key {
				t.Errorf("ref %+v", event.Ref)
			}
			if event.Gone != (x.Event == "jira:issue_deleted") {
				t.Errorf("gone is %v", event.Gone)
			}
			if event.Gone {
				return
			}
			if event.Snapshot == nil && payload.Issue.Fields["updated"] == nil {
				return // without a time it is read again
			}
			if event.Snapshot == nil || event.Snapshot.Revision.IsZero() || event.Snapshot.Ref.Place == "" {
				t.Fatalf("the delivery carries the issue, and the event has %+v", event.Snapshot)
			}
			for f, v := range event.Snapshot.Fields {
				if v.State == domain.FieldFailed {
					t.Errorf("%s: %s", f, v.Problem)
				}
			}
			for _, field := range x.Fields { // what the changelog names has an earlier value
				f, ours := map[string]domain.Field{"summary": domain.FieldTitle, "description": domain.FieldDescription, "assignee": domain.FieldOwner, "priority": domain.FieldPriority}[field]
				if _, ok := event.Before[f]; ours && !ok {
					t.Errorf("the earlier %s is missing: %v", f, event.Before)
				}
			}
		})
	}
}

// TestT82Before: what an event says was there before, in our own values.
func TestT82Before(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		s.AddWebhook(s.sync.Email, jirasim.Webhook{Name: "w", URL: "https://x.example/h", Secret: hookSecret, Events: []string{"jira:issue_created", "jira:issue_updated", "jira:issue_deleted"}})
		for f, values := range map[domain.Field][2]string{
			domain.FieldTitle: {"Alert on replica lag", "x"}, domain.FieldDescription: {"Page the owner.\n\n- both regions", "y"}, domain.FieldStatus: {"open", "done"},
			domain.FieldPriority: {"P1", "P4"}, domain.FieldOwner: {"p_ana", "p_ben"}, domain.FieldDueOn: {"2026-03-31", "2026-05-01"},
			domain.FieldMetric: {"pages per week; target at_most 2", "other"},
		} {
			n := len(s.Deliveries())
			s.Edit(t, on.Ref, map[domain.Field]string{f: values[1]})
			all := s.Deliveries()
			d := all[len(all)-1]
			if len(all) != n+1 {
				t.Fatalf("%d deliveries", len(all)-n)
			}
			if !jira.VerifySignature(d.Header, d.Body, []string{hookSecret}) {
				t.Fatal("the simulator's signature is refused")
			}
			event, err := tracker.ParseWebhook(d.Header, d.Body)
			must(t, err)
			if event.Before[f] != values[0] {
				t.Errorf("%s was %q, the event says %q", f, values[0], event.Before[f])
			}
			if event.Actor != s.account(s.cleo) || event.Delivery != d.ID || event.Snapshot == nil || event.Snapshot.Fields[f].Value != values[1] {
				t.Errorf("event %+v", event)
			}
			s.Wait(t)
			if now := s.read(t, tracker, on.Ref); now.Hash != event.Snapshot.Hash || !now.Revision.Equal(event.Snapshot.Revision) {
				t.Errorf("%s: the delivery and the issue disagree:\n%s", f, cmp.Diff(now, *event.Snapshot))
			}
		}
	})
}

// TestT66Deletion and moves: a delete is a suspicion with a name, a move out
// and a move in are told apart, other projects are ignored.
func TestT66Deletion(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		tracker := s.adapter(t)
		on := s.made(t, tracker)
		s.AddWebhook(s.sync.Email, jirasim.Webhook{Name: "w", URL: "https://x.example/h", Events: []string{"jira:issue_created", "jira:issue_updated", "jira:issue_deleted"}})
		last := func() domain.Event {
			t.Helper()
			all := s.Deliveries()
			event, err := tracker.ParseWebhook(all[len(all)-1].Header, all[len(all)-1].Body)
			must(t, err)
			return event
		}
		s.Move(t, on.Ref)
		if e := last(); e.Moved == nil || e.Moved.Key != "OTHER-1" || e.Snapshot != nil || e.Ignored || e.Ref.ID != on.Ref.ID {
			t.Errorf("moved out: %+v", e)
		}
		must(t, s.EditIssue(s.cleo.Email, on.Ref.ID, jirasim.Values{"summary": "there"}))
		if e := last(); !e.Ignored {
			t.Errorf("an edit elsewhere: %+v", e)
		}
		s.MoveIssue(s.cleo.Email, on.Ref.ID, "OPS")
		if e := last(); e.Snapshot == nil || e.Ignored {
			t.Errorf("moved back: %+v", e)
		}
		s.Delete(t, on.Ref)
		if e := last(); !e.Gone || e.Ignored || e.Snapshot != nil || e.Ref.ID != on.Ref.ID {
			t.Errorf("deleted: %+v", e)
		}
	})
}

// TestT77OddDeliveries: unknown events are taken and ignored; what is no event
// at all is refused; nothing odd within one field refuses the rest.
func TestT77OddDeliveries(t *testing.T) {
	s := newSite(t, cloud())
	tracker := s.adapter(t)
	issue := `"issue":{"id":"10001","key":"OPS-1","fields":{"summary":"s","project":{"id":"10000","key":"OPS"},"updated":"2026-01-05T09:00:00.000+0000"}}`
	for name, tc := range map[string]struct {
		body    string
		ignored bool
		refused bool
	}{
		"sprint":          {`{"webhookEvent":"sprint_started","sprint":{}}`, true, false},
		"new kind":        {`{"webhookEvent":"jira:issue_teleported",` + issue + `}`, true, false},
		"no event":        {`{}`, true, false},
		"no issue":        {`{"webhookEvent":"jira:issue_updated"}`, false, true},
		"hostile id":      {`{"webhookEvent":"jira:issue_updated","issue":{"id":"1/../2","key":"OPS-1","fields":{}}}`, false, true},
		"hostile key":     {`{"webhookEvent":"jira:issue_updated","issue":{"id":"1","key":"../x","fields":{}}}`, false, true},
		"no JSON":         {`<xml>`, false, true},
		"list":            {`[]`, false, true},
		"trailing":        {`{"webhookEvent":"sprint_started"} {}`, false, true},
		"odd user":        {`{"webhookEvent":"jira:issue_updated","user":"ana",` + issue + `}`, false, false},
		"odd changelog":   {`{"webhookEvent":"jira:issue_updated","changelog":{"items":[7,null,"x",{"field":{}}]},` + issue + `}`, false, false},
		"odd time":        {`{"webhookEvent":"jira:issue_updated","timestamp":1e99,` + issue + `}`, false, false},
		"no fields":       {`{"webhookEvent":"jira:issue_updated","issue":{"id":"10001","key":"OPS-1"}}`, false, false}, // read again
		"another project": {`{"webhookEvent":"jira:issue_updated","issue":{"id":"1","key":"ELSE-1","fields":{"project":{"id":"7"},"updated":"2026-01-05T09:00:00.000+0000"}}}`, true, false},
		"hostile name":    {`{"webhookEvent":"jira:issue_updated\n` + `","issue":{}}`, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.ReplaceAll(tc.body, "\n", `\n`)
			e, err := tracker.ParseWebhook(http.Header{"X-Atlassian-Webhook-Identifier": {"bad id\n"}}, []byte(body))
			if tc.refused {
				wantKind(t, err, domain.ErrInvalid)
				return
			}
			must(t, err)
			if e.Ignored != tc.ignored || !strings.HasPrefix(e.Delivery, "body-") || strings.ContainsAny(e.Name, "\n ") {
				t.Errorf("event %+v", e)
			}
			again, err := tracker.ParseWebhook(http.Header{}, []byte(body))
			must(t, err)
			if again.Delivery != e.Delivery { // T79: attempts of one delivery have one id
				t.Error("the same body has two names")
			}
		})
	}
}

// TestT48OldDeliveries: when a delivered issue was read is unknown, so no
// write is planned on it without looking.
func TestT48OldDeliveries(t *testing.T) {
	s := newSite(t, dataCenter())
	tracker := s.adapter(t)
	on := s.made(t, tracker)
	s.AddWebhook(s.sync.Email, jirasim.Webhook{Name: "w", URL: "https://x.example/h", Events: []string{"jira:issue_updated"}})
	s.Edit(t, on.Ref, map[domain.Field]string{domain.FieldTitle: "x"})
	s.clock.add(time.Hour)
	e, err := tracker.ParseWebhook(http.Header{}, s.Deliveries()[0].Body)
	must(t, err)
	if !e.Snapshot.ReadAt.IsZero() || e.Snapshot.ServerTime.IsZero() {
		t.Errorf("read at %v, server time %v", e.Snapshot.ReadAt, e.Snapshot.ServerTime)
	}
}

// TestT81HookRegistration: where and how a webhook is registered depends on
// the product and its version; twice makes one; a missing right says so.
func TestT81HookRegistration(t *testing.T) {
	version := func(v string) fixture {
		return fixture{options: func(o *jirasim.Options) { o.Flavor, o.Version = jirasim.DataCenter, v }}
	}
	for name, tc := range map[string]struct {
		f      fixture
		path   string
		signed bool
	}{
		"cloud":          {cloud(), "/rest/webhooks/1.0/webhook", true},
		"data center 8":  {version("8.20.1"), "/rest/webhooks/1.0/webhook", false},
		"data center 9":  {version("9.12.4"), "/rest/webhooks/1.0/webhook", false},
		"data center 10": {version("10.3.2"), "/rest/jira-webhook/1.0/webhooks", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, tc.f)
			s.Grant(s.sync.Email, "", jirasim.Admin)
			w := s.watch()
			tracker := s.adapter(t)
			const address = "https://followthrough.example/hooks/jira/acme-ops"
			_, err := tracker.InstallHook(t.Context(), address, "short")
			wantKind(t, err, domain.ErrInvalid)
			made, err := tracker.InstallHook(t.Context(), address, hookSecret)
			must(t, err)
			sent := w.take()
			if last := sent[len(sent)-1]; !strings.HasSuffix(last.path, tc.path) || last.method != "POST" {
				t.Errorf("registered at %s %s", last.method, last.path)
			}
			if made.Signed != tc.signed || !made.Enabled || made.ID == "" {
				t.Errorf("hook %+v", made)
			}
			again, err := tracker.InstallHook(t.Context(), address, hookSecret)
			must(t, err)
			if again.ID != made.ID {
				t.Error("a second webhook was registered")
			}
			list, err := tracker.Hooks(t.Context(), address)
			must(t, err)
			if len(list) != 1 {
				t.Fatalf("%d webhooks lead here", len(list))
			}
			// It works: deliveries are signed, or come to an address nobody else knows.
			s.Open(t, "x", "")
			must(t, func() error {
				_, err := s.CreateIssue(s.cleo.Email, "OTHER", "Task", jirasim.Values{"summary": "elsewhere"})
				return err
			}())
			all := s.Deliveries()
			if len(all) != 1 {
				t.Fatalf("%d deliveries, want that of our project", len(all))
			}
			header := all[0].Header.Clone()
			if _, token, ok := strings.Cut(all[0].URL, "?token="); ok {
				header.Set(jira.AddressTokenHeader, token)
			}
			if strings.Contains(all[0].URL, hookSecret) {
				t.Error("the secret is in the address")
			}
			if !jira.VerifySignature(header, all[0].Body, []string{hookSecret}) || jira.VerifySignature(header, all[0].Body, []string{"another secret"}) {
				t.Errorf("the delivery to %s cannot be told from a forged one", all[0].URL)
			}
			must(t, tracker.RemoveHook(t.Context(), made.ID))
			must(t, tracker.RemoveHook(t.Context(), made.ID)) // gone already
			wantKind(t, tracker.RemoveHook(t.Context(), "../1"), domain.ErrInvalid)
			list, err = tracker.Hooks(t.Context(), address)
			must(t, err)
			if len(list) != 0 {
				t.Errorf("still %d webhooks", len(list))
			}
			s.Deny(s.sync.Email, "", jirasim.Admin)
			_, err = tracker.InstallHook(t.Context(), address, hookSecret)
			wantKind(t, err, domain.ErrForbidden)
		})
	}
}
