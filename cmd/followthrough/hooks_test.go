package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/api"
	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// front is the HTTP face of the house.
func (h *house) front() http.Handler {
	h.t.Helper()
	server, err := api.New(api.Options{App: h.app, Intake: intake{h.engine}, Ready: h.db.Ready, Log: h.log, Version: "test"})
	if err != nil {
		h.t.Fatal(err)
	}
	return server.Handler()
}

// work claims a row of the work schedule and does it.
func (h *house) work(key, kind string) {
	h.t.Helper()
	work, ok, err := h.db.ClaimKey(h.t.Context(), h.engine.Owner, key, kind, time.Minute, h.clock.now())
	if err != nil || !ok {
		h.t.Fatalf("claim %s: %v %v", key, ok, err)
	}
	h.engine.Do(h.t.Context(), work)
}

// TestRedelivery: deliveries that failed while nobody listened are asked for
// again at start-up and come in through the front door.
func TestRedelivery(t *testing.T) {
	eachEngine(t, func(t *testing.T, databaseURL string) {
		h := newHouse(t, databaseURL)
		h.gh.Grant(houseRepo, "sync-bot", githubsim.RoleAdmin)
		key := h.measureOn(onGitHub, "Before the silence")
		h.pass()
		front, listening := h.front(), false
		h.gh.SetHooks(githubsim.HookPlan{}, func(ctx context.Context, d githubsim.Delivery) (int, error) {
			if !listening {
				return http.StatusBadGateway, nil
			}
			req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/hooks/github/"+string(onGitHub), strings.NewReader(string(d.Body)))
			req.Header = d.Header.Clone()
			answer := httptest.NewRecorder()
			front.ServeHTTP(answer, req)
			return answer.Code, nil
		})
		h.gh.AddRepoHook(houseRepo, githubsim.HookOptions{URL: h.hookAddress(domain.Tracker{ID: onGitHub, Kind: domain.GitHub}), Secret: demoHookSecret})
		h.later(time.Minute)
		if err := h.gh.As("ana").Retitle(houseRepo, h.issue(key).Number, "Said while nobody listened"); err != nil {
			t.Fatal(err)
		}
		h.gh.DeliverAll(t.Context())
		listening = true
		h.later(time.Minute)
		h.work("redeliver:"+string(onGitHub), tracksync.KindRedeliver)
		h.gh.DeliverAll(t.Context())
		h.work("hook:"+string(onGitHub), tracksync.KindHook)
		link := h.must(h.app.Links.List(t.Context(), operator(), key)).([]domain.Link)[0]
		h.work("link:"+string(link.ID), tracksync.KindLink)
		if got := h.measure(key).Title; got != "Said while nobody listened" {
			t.Errorf("the title is %q; the delivery did not come in", got)
		}
	})
}
