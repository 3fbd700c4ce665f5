package github_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// hooked is a site whose credential may manage webhooks.
func hooked(t *testing.T, box *inbox, change ...func(*githubsim.Options)) *site {
	t.Helper()
	s := newSite(t, append(change, func(o *githubsim.Options) { o.Sender = box.take })...)
	s.Grant(repo, "sync-user", githubsim.RoleAdmin)
	return s
}

// A webhook is installed once, signed, for JSON, with the events we read; it
// does not answer its secret, and its state is seen.
func TestInstallHook(t *testing.T) {
	for name, change := range map[string]func(*githubsim.Options){"github.com": func(*githubsim.Options) {}, "ghes": func(o *githubsim.Options) { o.Enterprise = "3.19.0" }} {
		t.Run(name, func(t *testing.T) {
			box := &inbox{}
			s := hooked(t, box, change)
			tracker := s.adapter(t)
			made, err := tracker.InstallHook(t.Context(), address, secretA)
			must(t, err)
			again, err := tracker.InstallHook(t.Context(), address, secretA)
			must(t, err)
			if made.ID == 0 || again.ID != made.ID || !made.Active {
				t.Errorf("made %+v, again %+v", made, again)
			}
			if diff := cmp.Diff([]string{"issues", "label", "repository"}, made.Events); diff != "" {
				t.Errorf("events:\n%s", diff)
			}
			create(t, s, tracker)
			s.DeliverAll(t.Context())
			if len(box.all) < 2 || !github.VerifySignature(box.all[1].Header, box.all[1].Body, []string{secretA}) || box.all[1].Header.Get("Content-Type") != "application/json" {
				t.Errorf("deliveries %+v", box.all)
			}
			status, err := tracker.HookStatus(t.Context(), made.ID)
			must(t, err)
			if status.LastCode != http.StatusAccepted {
				t.Errorf("status %+v", status)
			}
			others, err := tracker.Hooks(t.Context(), "https://elsewhere.example/")
			must(t, err)
			if len(others) != 0 {
				t.Errorf("hooks of another address: %+v", others)
			}
		})
	}
}

// T78: a webhook without a real secret is not installed; without the permission
// the answer says what is missing.
func TestInstallHookRefuses(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	for _, secret := range []string{"", "short", strings.Repeat("x", 31)} {
		_, err := tracker.InstallHook(t.Context(), address, secret)
		wantKind(t, err, domain.ErrInvalid)
	}
	if n := s.Requests(); n != 0 {
		t.Errorf("%d requests", n)
	}
	_, err := tracker.InstallHook(t.Context(), address, secretA)
	wantKind(t, err, domain.ErrForbidden)
	if !strings.Contains(err.Error(), "Webhooks") {
		t.Errorf("the error does not say what is missing: %v", err)
	}
}

// T76: deliveries that failed while nobody listened are asked for again, each
// once, whatever their number; what arrived in the meantime is not.
func TestT76FailedDeliveriesAreRepeated(t *testing.T) {
	box := &inbox{}
	s := hooked(t, box)
	tracker := s.adapter(t)
	_, err := tracker.InstallHook(t.Context(), address, secretA)
	must(t, err)
	s.DeliverAll(t.Context())
	s.many(t, 3, time.Second)
	s.DeliverAll(t.Context())
	box.status = http.StatusBadGateway // an old failure is none of ours any more
	s.many(t, 2, time.Second)
	s.DeliverAll(t.Context())
	s.clock.add(time.Hour)
	since := s.clock.now()
	box.status = http.StatusBadGateway
	box.all = nil
	s.many(t, 130, time.Second)
	s.DeliverAll(t.Context())
	s.sent.take()
	missed := map[string]bool{}
	for _, d := range box.all {
		missed[d.GUID] = true
	}
	n, err := tracker.RedeliverFailed(t.Context(), address, since)
	must(t, err)
	if n != len(missed) || n != 130 {
		t.Fatalf("%d of %d failed deliveries were asked for", n, len(missed))
	}
	box.status, box.all = 0, nil
	s.DeliverAll(t.Context())
	for _, d := range box.all {
		if !missed[d.GUID] || !d.Redelivery {
			t.Errorf("%s was not missed", d.GUID)
		}
		delete(missed, d.GUID)
		if _, err := tracker.ParseWebhook(d.Header, d.Body); err != nil {
			t.Error(err)
		}
	}
	if len(missed) > 0 {
		t.Errorf("%d deliveries were not repeated", len(missed))
	}
	if n, err := tracker.RedeliverFailed(t.Context(), address, since); err != nil || n != 0 {
		t.Errorf("asked for %d again, %v", n, err)
	}
}

// A failed attempt that fails again is still one delivery.
func TestFailedTwiceIsOneDelivery(t *testing.T) {
	box := &inbox{status: http.StatusInternalServerError}
	s := hooked(t, box)
	tracker := s.adapter(t)
	made, err := tracker.InstallHook(t.Context(), address, secretA)
	must(t, err)
	s.DeliverAll(t.Context()) // the ping
	_, err = tracker.RedeliverFailed(t.Context(), address, time.Time{})
	must(t, err)
	s.clock.add(time.Second)
	s.DeliverAll(t.Context())
	failed, err := tracker.FailedDeliveries(t.Context(), made.ID, time.Time{})
	must(t, err)
	if len(failed) != 1 || failed[0].Event != "ping" || failed[0].StatusCode != http.StatusInternalServerError || failed[0].Redelivery {
		t.Errorf("failed %+v", failed)
	}
}
