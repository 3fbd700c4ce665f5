package github_test

import (
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// T6, T8, T19: whatever happens to the answer, the issue is found again by the
// nonce that travelled inside the one request, and there is one issue.
func TestT6UncertainCreatesAreFound(t *testing.T) {
	for name, effect := range map[string]githubsim.Effect{
		"reset": githubsim.Reset(true), "503": githubsim.ServerError(503, true), "empty": githubsim.EmptyBody(), "html": githubsim.HTML(),
		"truncated": githubsim.Truncated(300), "cut off": githubsim.CutOff(300), "number zero": githubsim.WrongType("number"),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.many(t, 130, time.Second) // the issue is not alone
			tracker := s.adapter(t)
			since := s.clock.now().Add(-5 * time.Minute)
			s.once("POST", effect)
			_, err := tracker.Create(t.Context(), draft())
			wantKind(t, err, domain.ErrUncertain)
			s.clock.add(time.Minute)
			s.many(t, 130, time.Second)
			found, err := tracker.Find(t.Context(), domain.Probe{Nonce: "n0nce", Since: since})
			must(t, err)
			if len(found) != 1 || found[0].MeasureID != measure {
				t.Fatalf("found %d issues", len(found))
			}
			if n := s.Count("POST", "/repositories/{id}/issues"); n != 1 {
				t.Errorf("%d creates were sent", n)
			}
		})
	}
}

// T16: the probe is not filtered by author or label, reads lists and not the
// search index, and is ended by its window.
func TestT16ProbesAreUnfiltered(t *testing.T) {
	s := newSite(t)
	s.many(t, 250, time.Minute)
	tracker := s.adapter(t)
	for n := range 250 { // old issues that somebody touches now are in the window of changes, not in ours
		must(t, s.As("cleo").Retitle(repo, n+1, "touched"))
	}
	on := create(t, s, tracker)
	s.sent.take()
	must(t, s.As("cleo").SetLabels(repo, on.Ref.Number))
	found, err := tracker.Find(t.Context(), domain.Probe{Nonce: "n0nce", Since: s.clock.now().Add(-10 * time.Minute)})
	must(t, err)
	if len(found) != 1 {
		t.Errorf("found %d", len(found))
	}
	all := s.sent.take()
	if len(all) != 1 || strings.Contains(all[0].Path, "search") {
		t.Errorf("sent %v", methods(all))
	}
	for k := range all[0].Query {
		if k == "creator" || k == "labels" || k == "assignee" {
			t.Errorf("the probe is filtered by %s", k)
		}
	}
	// Without times to go by, the number seen before the create ends it.
	found, err = tracker.Find(t.Context(), domain.Probe{Nonce: "never", AfterNumber: 240})
	must(t, err)
	if all := s.sent.take(); len(found) != 0 || len(all) != 1 {
		t.Errorf("found %d with %d requests", len(found), len(all))
	}
}

// The nonce is found whichever block of a text carries it, and twins come
// oldest first.
func TestFindTwins(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	on := create(t, s, tracker)
	body := s.state(t, on.Ref).Body
	s.Open(t, "twin", "quoting\n\n"+body+"\n\n"+strings.ReplaceAll(body, measure, "OTHER"))
	s.Wait(t)
	found, err := tracker.Find(t.Context(), domain.Probe{Nonce: "n0nce", Since: on.CreatedAt.Add(-time.Minute)})
	must(t, err)
	if len(found) != 2 || found[0].Ref.Number != 1 {
		t.Errorf("found %d", len(found))
	}
	for _, nonce := range []string{"", " ", "a b", "-->", strings.Repeat("x", 100)} {
		_, err := tracker.Find(t.Context(), domain.Probe{Nonce: nonce})
		wantKind(t, err, domain.ErrInvalid)
	}
}

// Ids that could end the comment never travel.
func TestDraftsThatCannotTravel(t *testing.T) {
	s := newSite(t)
	tracker := s.adapter(t)
	for _, id := range []string{"", "a b", "-->", "x\ny", strings.Repeat("x", 81)} {
		d := draft()
		d.MeasureID = id
		_, err := tracker.Create(t.Context(), d)
		wantKind(t, err, domain.ErrInvalid)
		d = draft()
		d.Nonce = id
		_, err = tracker.Create(t.Context(), d)
		wantKind(t, err, domain.ErrInvalid)
	}
	if n := s.Requests(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// T73: nothing is written where everybody could read it, unless that is
// allowed; a sweep or a delivery notices when a repository becomes public.
func TestT73PublicRepositories(t *testing.T) {
	for name, notice := range map[string]func(*testing.T, *site, func() error, func()){
		"a sweep":    func(t *testing.T, _ *site, sweep func() error, _ func()) { must(t, sweep()) },
		"a delivery": func(_ *testing.T, _ *site, _ func() error, deliver func()) { deliver() },
	} {
		t.Run(name, func(t *testing.T) {
			box := &inbox{}
			s := newSite(t, func(o *githubsim.Options) { o.Sender = box.take })
			s.AddRepoHook(repo, githubsim.HookOptions{URL: "https://followthrough.example/hooks/github/acme-platform", Secret: secretA})
			tracker := s.adapter(t)
			on := create(t, s, tracker)
			must(t, s.As("admin").SetVisibility(repo, false))
			notice(t, s, func() error { _, err := tracker.Sweep(t.Context(), []domain.RemoteRef{on.Ref}); return err }, func() {
				s.DeliverAll(t.Context())
				for _, d := range box.all {
					_, err := tracker.ParseWebhook(d.Header, d.Body)
					must(t, err)
				}
			})
			s.sent.take()
			_, err := tracker.Create(t.Context(), draft())
			wantKind(t, err, domain.ErrForbidden)
			_, err = tracker.Push(t.Context(), pushOf(on, map[domain.Field]string{domain.FieldTitle: "x"}))
			wantKind(t, err, domain.ErrForbidden)
			if codeOf(err) != "public" || len(s.sent.take()) > 0 {
				t.Errorf("code %q: %v", codeOf(err), err)
			}
			must(t, s.As("admin").SetVisibility(repo, true))
			_, err = tracker.Check(t.Context())
			must(t, err)
			push(t, tracker, on, map[domain.Field]string{domain.FieldTitle: "x"})
		})
	}
	s := newSite(t)
	must(t, s.As("admin").SetVisibility(repo, false))
	_, err := s.adapter(t).Create(t.Context(), draft())
	wantKind(t, err, domain.ErrForbidden)
	s.config = allowPublic
	_, err = s.adapter(t).Create(t.Context(), draft())
	must(t, err)
}
