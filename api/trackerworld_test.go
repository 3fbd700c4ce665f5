package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/jira"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// trackers are the simulated GitHub and Jira that the engine of a world talks
// to, and the engine itself.
type trackers struct {
	github     *githubsim.Server
	jira       *jirasim.Server
	engine     *tracksync.Engine
	githubUser string // token of an account that may write to acme/platform
	jiraUser   string
	jiraMail   string
	limits     domain.Limits
}

const hookSecret = "0123456789abcdef0123456789abcdef"

// newTrackers starts both simulators and an engine on the world's store.
func newTrackers(w *world, log *slog.Logger) *trackers {
	k := &trackers{github: githubsim.New(githubsim.Options{Now: w.now, Seed: 1}), jira: jirasim.New(jirasim.Options{Flavor: jirasim.Cloud, Now: w.now, Seed: 1})}
	k.github.AddOrg("acme")
	k.github.AddRepo("acme/platform", githubsim.RepoOptions{Private: true})
	k.github.AddUser("robot")
	k.github.Grant("acme/platform", "robot", githubsim.RoleWrite)
	k.githubUser = k.github.Token("robot", githubsim.TokenOptions{Repos: []string{"acme/platform"}})
	k.jira.AddProject("OPS", "Operations")
	robot := k.jira.AddUser(jirasim.User{DisplayName: "Robot", Email: "robot@acme.example"})
	k.jiraUser, k.jiraMail = k.jira.AddToken(robot.Email, "", time.Time{}), robot.Email
	k.engine = tracksync.New(tracksync.Config{Store: w.db, Schedule: w.db, Inbox: w.db, Now: w.now, Log: log,
		MeasureURL:  func(key domain.MeasureKey) string { return "https://follow.example/measures/" + string(key) },
		IncidentURL: func(key domain.IncidentKey) string { return "https://follow.example/incidents/" + string(key) },
		Hooks: map[domain.TrackerKind]tracksync.HookReader{
			domain.GitHub: {Verify: github.VerifySignature, Headers: []string{"X-GitHub-Event", "X-GitHub-Delivery"}},
			domain.Jira:   {Verify: jira.VerifySignature, Headers: []string{"X-Atlassian-Webhook-Identifier"}},
		},
		Open: func(v domain.TrackerView) (tracksync.Tracker, error) {
			if v.Tracker.Kind == domain.Jira {
				return jira.New(jira.Config{Tracker: v.Tracker, Secrets: v.Secrets, Identities: v.Identities, Transport: k.jira.Transport(), Now: w.now})
			}
			return github.New(github.Config{Tracker: v.Tracker, Secrets: v.Secrets, Identities: v.Identities, Transport: k.github.Transport(), Now: w.now})
		}})
	return k
}

// Intake implements Intake.
func (k *trackers) Intake(ctx context.Context, kind, tracker string, header http.Header, body []byte) error {
	return k.engine.Intake(ctx, domain.TrackerKind(kind), domain.TrackerID(tracker), header, body)
}

// Resolve implements app.Remote.
func (k *trackers) Resolve(ctx context.Context, id domain.TrackerID, address string) (domain.Snapshot, error) {
	return k.engine.Resolve(ctx, id, address)
}

// Check implements app.Remote.
func (k *trackers) Check(ctx context.Context, id domain.TrackerID) (domain.MappingReport, error) {
	return k.engine.Check(ctx, id)
}

// Plan implements app.Remote.
func (k *trackers) Plan(ctx context.Context, id domain.TrackerID) (app.Plan, error) {
	report, err := k.engine.Plan(ctx, id)
	return app.Plan{Tracker: id, At: k.engine.Now(), Steps: stepsFrom(report)}, err
}

// SyncNow implements app.Remote.
func (k *trackers) SyncNow(ctx context.Context, id domain.TrackerID) (app.Pass, error) {
	report, err := k.engine.Pass(ctx, id)
	return app.Pass{Tracker: id, StartedAt: k.engine.Now(), EndedAt: k.engine.Now(), Steps: stepsFrom(report)}, err
}

// Drift implements app.Remote.
func (k *trackers) Drift(ctx context.Context, id domain.TrackerID) (app.Drift, error) {
	report, err := k.engine.Drift(ctx, id)
	out := app.Drift{Tracker: id, At: k.engine.Now(), Compared: report.Compared}
	for _, d := range report.Differences {
		out.Differences = append(out.Differences, app.Difference{Measure: d.Measure, Link: d.Link, Remote: d.Remote, Field: d.Field, Ours: d.Ours, Theirs: d.Theirs, Reason: d.Reason})
	}
	return out, err
}

// Repair implements app.Remote.
func (k *trackers) Repair(ctx context.Context, id domain.TrackerID, differences []app.Difference) (app.Pass, error) {
	found := make([]tracksync.Difference, len(differences))
	for i, d := range differences {
		found[i] = tracksync.Difference{Link: d.Link}
	}
	report, err := k.engine.Repair(ctx, id, found)
	return app.Pass{Tracker: id, StartedAt: k.engine.Now(), EndedAt: k.engine.Now(), Steps: stepsFrom(report)}, err
}

// Try implements app.Remote.
func (k *trackers) Try(ctx context.Context, t domain.Tracker, secrets domain.Secrets) (domain.MappingReport, error) {
	return k.engine.Try(ctx, t, secrets)
}

// Limits implements app.Remote: the simulators are reached without a governor.
func (k *trackers) Limits(context.Context, domain.TrackerID) (domain.Limits, error) {
	return k.limits, nil
}

func stepsFrom(report *tracksync.Report) []app.Step {
	if report == nil {
		return nil
	}
	var out []app.Step
	for _, e := range report.Entries() {
		out = append(out, app.Step{Action: string(e.Action), Measure: e.Measure, Remote: e.Remote, Field: e.Field, From: e.From, To: e.To, Note: e.Note})
	}
	return out
}

// platform configures the simulated repository as tracker "platform".
func (w *world) platform(more object) answer {
	w.t.Helper()
	body := object{"id": "platform", "kind": "github", "flavor": "dotcom", "base_url": "https://api.github.com", "repository": "acme/platform",
		"team": "t_a", "credential": w.trackers.githubUser, "webhook_secret": hookSecret}
	maps.Copy(body, more)
	return w.post("admin", "/api/v1/trackers", body)
}

// ops configures the simulated Jira project as tracker "ops".
func (w *world) ops(more object) answer {
	w.t.Helper()
	body := object{"id": "ops", "kind": "jira", "flavor": "cloud", "base_url": "https://acme.atlassian.net", "project": "OPS", "account": w.trackers.jiraMail,
		"team": "t_a", "credential": w.trackers.jiraUser, "webhook_secret": hookSecret}
	maps.Copy(body, more)
	return w.post("admin", "/api/v1/trackers", body)
}

// sync does passes until one sends nothing any more.
func (w *world) sync(id domain.TrackerID) {
	w.t.Helper()
	for range 4 {
		w.advance(5 * time.Second)
		if _, err := w.trackers.engine.Pass(w.t.Context(), id); err != nil {
			w.t.Fatal(err)
		}
	}
}

// issue returns the one issue of the simulated repository that carries the title.
func (w *world) issue(title string) githubsim.Issue {
	w.t.Helper()
	for _, i := range w.trackers.github.Oracle() {
		if i.Title == title {
			return i
		}
	}
	w.t.Fatalf("no issue is called %q", title)
	return githubsim.Issue{}
}

// problem spells out what a problem says, one line per refused input.
func (a answer) problem() string {
	a.t.Helper()
	var lines []string
	body := a.json()
	if list, ok := body["errors"].([]any); ok {
		for _, e := range list {
			lines = append(lines, e.(object)["location"].(string)+" "+e.(object)["message"].(string))
		}
	}
	if len(lines) == 0 {
		lines = append(lines, body["detail"].(string))
	}
	return strings.Join(lines, "\n")
}

// mac signs a delivery the way GitHub does.
func mac(secret, body string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(body))
	return hex.EncodeToString(h.Sum(nil))
}
