package sync_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/store"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/jira"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// jiraBench is an engine on a database and a simulated Jira Cloud, with one
// measure whose issue is in step.
type jiraBench struct {
	*testing.T
	db     *store.DB
	app    *app.App
	engine *tracksync.Engine
	jira   *jirasim.Server
	issue  string
	cleo   string
	key    domain.MeasureKey
}

func inJiraBubble(t *testing.T, play func(*jiraBench)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(26 * 365 * 24 * time.Hour)
		b := &jiraBench{T: t, db: openStore(t, now), jira: jirasim.New(jirasim.Options{Flavor: jirasim.Cloud, Now: now, BaseURL: "https://acme.atlassian.net"})}
		b.setUp()
		play(b)
	})
}

func (b *jiraBench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *jiraBench) setUp() {
	robot := b.jira.AddUser(jirasim.User{AccountID: "robot", DisplayName: "Robot", Email: "robot@example.com"})
	b.cleo = b.jira.AddUser(jirasim.User{AccountID: "cleo", DisplayName: "Cleo", Email: "cleo@example.com"}).Email
	b.jira.AddProject("OPS", "Operations")
	b.jira.SetWorkflow("OPS", "", jirasim.Workflow{Initial: "10000", Steps: []jirasim.Step{
		{ID: "11", Name: "To Do", To: "10000"}, {ID: "21", Name: "In Progress", To: "3"}, {ID: "31", Name: "Done", To: "10001", Sets: "Done"}}})
	token := b.jira.AddToken(robot.Email, "token-of-the-robot", time.Time{})
	hosts := domain.HostList{b.jira.BaseURL()}
	b.app = app.New(app.Options{Store: b.db, Now: now, Hosts: hosts})
	b.engine = tracksync.New(tracksync.Config{Store: b.db, Schedule: b.db, Inbox: b.db, Now: now, Owner: "me", Log: slog.New(slog.DiscardHandler),
		Open: func(view domain.TrackerView) (tracksync.Tracker, error) {
			return jira.New(jira.Config{Tracker: view.Tracker, Secrets: view.Secrets, Identities: view.Identities, Now: now, Transport: b.jira.Transport()})
		},
		MeasureURL:  func(k domain.MeasureKey) string { return "https://followthrough.example/measures/" + string(k) },
		IncidentURL: func(k domain.IncidentKey) string { return "https://followthrough.example/incidents/" + string(k) }})
	ctx := b.Context()
	_, err := b.app.People.CreateTeam(ctx, ana, domain.Team{ID: "t_ops", Name: "Operations"})
	b.must(err)
	_, err = b.app.People.Create(ctx, ana, domain.Person{ID: "p_ana", Name: "Ana", Email: "ana@example.com", Role: domain.Admin})
	b.must(err)
	_, err = b.app.Trackers.Create(ctx, ana, domain.Tracker{ID: "jc", Kind: domain.Jira, Flavor: domain.Cloud, BaseURL: hosts[0], Account: robot.Email, Project: "OPS", Team: "t_ops",
		Mapping: domain.Mapping{IssueType: "Task", Statuses: map[domain.Projection][]string{domain.ProjectionOpen: {"10000"}, domain.ProjectionInProgress: {"3"}, domain.ProjectionDone: {"10001"}}}},
		domain.Secrets{Credential: token})
	b.must(err)
	m, err := b.app.Measures.Create(ctx, ana, domain.NewMeasure{Title: "Alert on lag", Kind: domain.Prevent, Priority: domain.P2, Status: domain.Accepted,
		Owner: "p_ana", Team: "t_ops", DueOn: domain.DateOf(now()).AddDays(30), Metric: domain.ParseMetric("pages per week; target at_most 2")})
	b.must(err)
	b.key = m.Key
	_, err = b.app.Links.Add(ctx, ana, b.key, "jc", "")
	b.must(err)
	b.pass()
	b.issue = b.jira.Oracle()[0].Key
	time.Sleep(5 * time.Minute)
	b.pass()
}

func (b *jiraBench) pass() {
	b.Helper()
	_, err := b.engine.Pass(b.Context(), "jc")
	b.must(err)
}

func (b *jiraBench) edit(e domain.MeasureEdit) {
	b.Helper()
	_, err := b.app.Measures.Edit(b.Context(), ana, b.key, 0, app.MeasurePatch{MeasureEdit: e})
	b.must(err)
}

func (b *jiraBench) status() domain.Status {
	b.Helper()
	m, err := b.db.Measure(b.Context(), domain.Everything(), b.key)
	b.must(err)
	return m.Status
}

// TestT48ListOlderThanOurWrite: Jira answers a transition without the issue, so
// a list that lags behind cannot be told from an edit by its revision. What it
// says about a field we have just written is not believed unread.
func TestT48ListOlderThanOurWrite(t *testing.T) {
	for name, meanwhile := range map[string]func(*jiraBench){
		"nothing else": func(*jiraBench) {},
		"an edit just before our write": func(b *jiraBench) {
			b.must(b.jira.EditIssue(b.cleo, b.issue, jirasim.Values{"summary": "Alert on replica lag"}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inJiraBubble(t, func(b *jiraBench) {
				meanwhile(b)
				time.Sleep(time.Second)
				b.edit(domain.MeasureEdit{Status: domain.Some(domain.InProgress)})
				works, err := b.db.ClaimWork(b.Context(), "me", []string{tracksync.KindLink}, 1, 30*time.Second, now())
				b.must(err)
				b.engine.Do(b.Context(), works[0])
				if x, _ := b.jira.Issue(b.issue); x.StatusID != "3" {
					t.Fatalf("the issue's status is %s", x.StatusID)
				}
				time.Sleep(500 * time.Millisecond)
				b.jira.Fault(jirasim.Rule{Method: "POST", Path: "/rest/api/2/search/**", Times: 1, Do: jirasim.IndexLag(time.Second)})
				b.pass()
				if got := b.status(); got != domain.InProgress {
					t.Errorf("the measure is %s: what the list had not seen yet was taken for an edit", got)
				}
				if x, _ := b.jira.Issue(b.issue); x.StatusID != "3" {
					t.Errorf("the issue was set back to status %s", x.StatusID)
				}
			})
		})
	}
}
