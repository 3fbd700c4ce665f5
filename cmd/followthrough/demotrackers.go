package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// The places and people of the demo's trackers.
const (
	demoRepository = "nordwind/platform"
	demoProject    = "OPS"
	demoGitHub     = domain.TrackerID("nordwind-platform")
	demoJira       = domain.TrackerID("nordwind-ops")
	demoHookSecret = "the demo signs its webhooks with this"
)

// demoTrackers are the two simulated trackers, reachable with a browser.
type demoTrackers struct {
	github      *githubsim.Server
	jira        *jirasim.Server
	githubURL   string
	jiraURL     string
	githubToken string
	jiraToken   string
	githubIDs   map[string]string // login to account id
	jiraIDs     map[string]string // first name to account id
	listeners   []net.Listener
}

// openDemoTrackers starts both on loopback ports of their own.
func openDemoTrackers(ctx context.Context, people []demoPerson, now func() time.Time) (*demoTrackers, error) {
	d := &demoTrackers{githubIDs: map[string]string{}, jiraIDs: map[string]string{}}
	for range 2 {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
		d.listeners = append(d.listeners, l)
	}
	d.githubURL, d.jiraURL = "http://"+d.listeners[0].Addr().String(), "http://"+d.listeners[1].Addr().String()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{ResponseHeaderTimeout: 5 * time.Second}}
	d.github = githubsim.New(githubsim.Options{Now: now, Seed: 1, BaseURL: d.githubURL + "/api/v3/", WebURL: d.githubURL + "/", Enterprise: "3.19.0", Web: true,
		Sender: githubsim.HTTPSender(client)})
	d.github.AddOrg("nordwind")
	d.github.AddRepo(demoRepository, githubsim.RepoOptions{Private: true})
	d.jira = jirasim.New(jirasim.Options{Flavor: jirasim.Cloud, Now: now, Seed: 1, BaseURL: d.jiraURL, Web: true, Sender: client.Transport})
	d.jira.AddProject(demoProject, "Operations")
	for _, p := range people {
		d.githubIDs[p.login] = strconv.FormatInt(d.github.AddUser(p.login), 10)
		d.github.Grant(demoRepository, p.login, githubsim.RoleWrite)
		d.jiraIDs[p.login] = d.jira.AddUser(jirasim.User{DisplayName: p.name, Email: p.login + "@nordwind.example"}).AccountID
	}
	d.github.AddUser("followthrough-sync")
	d.github.Grant(demoRepository, "followthrough-sync", githubsim.RoleWrite)
	d.githubToken = d.github.Token("followthrough-sync", githubsim.TokenOptions{Repos: []string{demoRepository}})
	robot := d.jira.AddUser(jirasim.User{DisplayName: "Followthrough Sync", Email: "sync@nordwind.example"})
	d.jiraToken = d.jira.AddToken(robot.AccountID, "", time.Time{})
	return d, nil
}

// hosts is the list of hosts the demo's trackers may be reached at.
func (d *demoTrackers) hosts() domain.HostList { return domain.HostList{d.githubURL, d.jiraURL} }

// configured are the trackers as Followthrough is told about them.
func (d *demoTrackers) configured() []struct {
	tracker domain.Tracker
	secrets domain.Secrets
} {
	hooks := []string{demoHookSecret}
	return []struct {
		tracker domain.Tracker
		secrets domain.Secrets
	}{
		{domain.Tracker{ID: demoGitHub, Kind: domain.GitHub, Flavor: domain.GHES, BaseURL: d.githubURL + "/api/v3", Repository: demoRepository,
			ImportRule: domain.ImportRule{Labels: []string{"postmortem"}}, ConflictPolicy: map[domain.Field]domain.Resolution{domain.FieldTitle: domain.ResolveAsk}},
			domain.Secrets{Credential: d.githubToken, WebhookSecrets: hooks}},
		{domain.Tracker{ID: demoJira, Kind: domain.Jira, Flavor: domain.Cloud, BaseURL: d.jiraURL, Project: demoProject, Account: "sync@nordwind.example"},
			domain.Secrets{Credential: d.jiraToken, WebhookSecrets: hooks}},
	}
}

// serve answers browsers and adapters and delivers webhooks until ctx ends.
func (d *demoTrackers) serve(ctx context.Context, service string) {
	d.github.AddRepoHook(demoRepository, githubsim.HookOptions{URL: service + "/hooks/github/" + string(demoGitHub), Secret: demoHookSecret})
	d.jira.AddWebhook(d.jira.Oracle()[0].Creator, jirasim.Webhook{Name: "Followthrough", URL: service + "/hooks/jira/" + string(demoJira), Secret: demoHookSecret,
		Events: []string{"jira:issue_created", "jira:issue_updated", "jira:issue_deleted"}})
	go func() { _ = d.github.Run(ctx) }()
	go d.jira.Run(ctx)
}

// listen answers on both ports until the listeners are closed.
func (d *demoTrackers) listen() {
	for i, h := range []http.Handler{d.github, d.jira} {
		server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
		go func() { _ = server.Serve(d.listeners[i]) }()
	}
}

func (d *demoTrackers) close() error {
	var all error
	for _, l := range d.listeners {
		all = errors.Join(all, l.Close())
	}
	return all
}
