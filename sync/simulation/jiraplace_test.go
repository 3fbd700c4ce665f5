package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/jira"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// jiraPlace is a project in a simulated Jira.
type jiraPlace struct {
	*jirasim.Server
	id                   domain.TrackerID
	cloud                bool
	ana, ben, cleo, sync jirasim.User
	token                string
	metric, cancelled    string
}

func newJiraPlace(id domain.TrackerID, o jirasim.Options) *jiraPlace {
	p := &jiraPlace{Server: jirasim.New(o), id: id, cloud: o.Flavor == jirasim.Cloud}
	user := func(name, display string) jirasim.User {
		return p.AddUser(jirasim.User{AccountID: "account-" + name, Name: name, Key: "key-" + name, DisplayName: display, Email: name + "@example.com"})
	}
	p.ana, p.ben, p.cleo, p.sync = user("ana", "Ana Diaz"), user("ben", "Ben Okri"), user("cleo", "Cleo"), user("sync", "Sync Account")
	p.AddProject("OPS", "Operations")
	p.cancelled = p.AddStatus("Cancelled", jirasim.CategoryDone)
	p.SetWorkflow("OPS", "", workflow(p.cancelled))
	p.metric = p.AddField("Success metric", jirasim.Paragraph)
	p.token = p.AddToken(p.sync.Email, "simulation-token-"+string(id), time.Time{})
	p.AddWebhook(p.ana.Email, jirasim.Webhook{Name: "Followthrough", URL: "https://followthrough.example/hooks/jira/" + string(id), Secret: hookSecret,
		Events: []string{"jira:issue_created", "jira:issue_updated", "jira:issue_deleted"}})
	return p
}

// handler carries deliveries of a place to the world's receiver.
func (s *sites) handler(id domain.TrackerID) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a body in memory never fails
		w.WriteHeader(s.receive(r.Context(), id, r.Header, body))
	})
}

func (p *jiraPlace) account(u jirasim.User) string {
	if p.cloud {
		return u.AccountID
	}
	return u.Name
}

func (p *jiraPlace) configured() configuration {
	t := domain.Tracker{ID: p.id, Kind: domain.Jira, Flavor: domain.DataCenter, BaseURL: p.BaseURL(), Project: "OPS", Team: "t_ops",
		ImportRule: domain.ImportRule{Labels: []string{"postmortem"}},
		Mapping: domain.Mapping{IssueType: "Task", ExtraLabels: []string{"followthrough"}, MetricField: p.metric, Statuses: map[domain.Projection][]string{
			domain.ProjectionOpen: {"10000"}, domain.ProjectionInProgress: {"3"}, domain.ProjectionDone: {"10001"}, domain.ProjectionCancelled: {p.cancelled}}}}
	if p.cloud {
		t.Flavor, t.Account = domain.Cloud, p.sync.Email
	}
	return configuration{tracker: t, secrets: domain.Secrets{Credential: p.token, WebhookSecrets: []string{hookSecret}},
		identities: []domain.Identity{{Tracker: p.id, Person: ana, Account: p.account(p.ana), Login: p.ana.Name},
			{Tracker: p.id, Person: ben, Account: p.account(p.ben), Login: p.ben.Name}}}
}

func (p *jiraPlace) transport() http.RoundTripper { return p.Transport() }

func (p *jiraPlace) classify(r *http.Request) domain.Call { return jira.Classify(r) }

func (p *jiraPlace) open(t domain.Tracker, s domain.Secrets, ids []domain.Identity, transport http.RoundTripper, now func() time.Time) (tracksync.Tracker, error) {
	return jira.New(jira.Config{Tracker: t, Secrets: s, Identities: ids, Transport: transport, Now: now,
		SaveCredential: func(context.Context, string) error { return nil }})
}

var jiraBlock = regexp.MustCompile(`(?m)^----\r?\n\*Tracked measure\*.*(?:\r?\n\* \*[A-Za-z ]+:\*.*)*`)

// cutJira separates what people wrote from the block, to the byte.
func cutJira(description string) (before, block, after string) {
	at := jiraBlock.FindStringIndex(description)
	if at == nil {
		return description, "", ""
	}
	return description[:at[0]], description[at[0]:at[1]], description[at[1]:]
}

var anchor = regexp.MustCompile(`\{anchor:m-[A-Za-z0-9_.]+-([A-Za-z0-9_.-]+)\}`)

func (p *jiraPlace) truth(x jirasim.Issue) truth {
	before, block, after := cutJira(x.Description)
	t := truth{id: x.ID, key: x.Key, deleted: x.Deleted, text: before + "\x00" + after}
	for _, raw := range x.Properties {
		var marker struct {
			Nonce string `json:"nonce"`
		}
		if json.Unmarshal(raw, &marker) == nil && marker.Nonce != "" {
			t.nonce = marker.Nonce
		}
	}
	if g := anchor.FindStringSubmatch(block); g != nil && t.nonce == "" {
		t.nonce = g[1]
	}
	metric, _ := x.Custom[p.metric].(string)
	t.labels = slices.Sorted(slices.Values(x.Labels))
	t.values = map[domain.Field]string{domain.FieldTitle: x.Summary, domain.FieldDescription: t.text, domain.FieldStatus: x.StatusID,
		domain.FieldPriority: x.Priority, domain.FieldOwner: x.Assignee, domain.FieldDueOn: x.DueDate, domain.FieldMetric: metric}
	return t
}

func (p *jiraPlace) issues() []truth {
	var out []truth
	for _, x := range p.Oracle() {
		out = append(out, p.truth(x))
	}
	return out
}

func (p *jiraPlace) find(id string) (jirasim.Issue, error) {
	x, ok := p.Server.Issue(id)
	if !ok || x.Deleted {
		return x, fmt.Errorf("there is no issue %s", id)
	}
	return x, nil
}

func (p *jiraPlace) issue(id string) (truth, bool) {
	x, err := p.find(id)
	return p.truth(x), err == nil
}

func (p *jiraPlace) create(title, text string, labels ...string) (string, error) {
	x, err := p.CreateIssue(p.cleo.Email, "OPS", "Task", jirasim.Values{"summary": title, "description": text, "labels": labels})
	return x.ID, err
}

func (p *jiraPlace) set(id, field string, value any) error {
	if _, err := p.find(id); err != nil {
		return err
	}
	return p.EditIssue(p.cleo.Email, id, jirasim.Values{field: value})
}

func (p *jiraPlace) edit(id string, f domain.Field, v string) error {
	switch f {
	case domain.FieldTitle:
		return p.set(id, "summary", v)
	case domain.FieldDescription:
		return p.prose(id, func(string) string { return v }, "")
	case domain.FieldPriority:
		return p.set(id, "priority", map[string]string{"P0": "Highest", "P1": "High", "P2": "Medium", "P3": "Low", "P4": "Lowest"}[v])
	case domain.FieldStatus:
		if _, err := p.find(id); err != nil {
			return err
		}
		return p.TransitionIssue(p.cleo.Email, id, map[string]string{"open": "10000", "in_progress": "3", "done": "10001", "cancelled": p.cancelled}[v], "")
	case domain.FieldOwner:
		who := map[string]string{string(ana): p.ana.Email, string(ben): p.ben.Email}[v]
		if strings.HasPrefix(v, domain.ExternalPrefix) {
			who = p.cleo.Email
		}
		return p.set(id, "assignee", who)
	case domain.FieldDueOn:
		if v == "" {
			return p.set(id, "duedate", nil)
		}
		return p.set(id, "duedate", v)
	case domain.FieldMetric:
		return p.set(id, p.metric, v)
	case domain.FieldIncident:
	}
	return fmt.Errorf("nobody edits %s", f)
}

func (p *jiraPlace) prose(id string, above func(string) string, below string) error {
	x, err := p.find(id)
	if err != nil {
		return err
	}
	before, block, after := cutJira(x.Description)
	text := strings.TrimRight(above(strings.TrimRight(before, "\r\n")), "\r\n")
	if block != "" && text != "" {
		text += "\n\n"
	}
	if below != "" {
		after = strings.TrimRight(after, "\r\n") + "\n\n" + below
	}
	return p.set(id, "description", text+block+after)
}

func (p *jiraPlace) smash(id string) error {
	x, err := p.find(id)
	if err != nil {
		return err
	}
	before, _, after := cutJira(x.Description)
	return p.set(id, "description", strings.TrimRight(before, "\r\n")+after)
}

// mistype is nonsense typed into the one line of the block that a Jira with
// fields of its own has.
func (p *jiraPlace) mistype(id, value string) error {
	x, err := p.find(id)
	if err != nil {
		return err
	}
	line := regexp.MustCompile(`(?m)^(\* \*Incident:\*)(.*?)(\r?)$`)
	return p.set(id, "description", line.ReplaceAllString(x.Description, "${1} "+value+"${3}"))
}

func (p *jiraPlace) label(id, name string, on bool) error {
	x, err := p.find(id)
	if err != nil {
		return err
	}
	labels := slices.DeleteFunc(slices.Clone(x.Labels), func(l string) bool { return l == name })
	if on {
		labels = append(labels, name)
	}
	return p.set(id, "labels", labels)
}

func (p *jiraPlace) join(string) error { return nil }

func (p *jiraPlace) copyOf(id string) (string, error) {
	if _, err := p.find(id); err != nil {
		return "", err
	}
	return p.CloneIssue(p.cleo.Email, id, true).ID, nil
}

func (p *jiraPlace) remove(id string) error {
	if _, err := p.find(id); err != nil {
		return err
	}
	p.DeleteIssue(p.cleo.Email, id)
	return nil
}

func (p *jiraPlace) menu(creates bool) []jirasim.Effect {
	effects := []jirasim.Effect{
		jirasim.Fail(400, "The request is not understood."), jirasim.Fail(401, "Client must be authenticated to access this resource."),
		jirasim.Fail(403, "You do not have permission to edit issues in this project."), jirasim.Fail(404, "Issue does not exist or you do not have permission to see it."),
		jirasim.Fail(409, "Conflict"), jirasim.Redirect(302, p.BaseURL()+"/login"), jirasim.ServerError(500, false), jirasim.ServerError(502, true),
		jirasim.ServerError(503, false), jirasim.ServerError(503, true), jirasim.Reset(false), jirasim.Reset(true), jirasim.SlowAnswer(2 * time.Minute),
		jirasim.Truncated(60), jirasim.EmptyBody(), jirasim.HTMLBody(false), jirasim.HTMLBody(true), jirasim.StaleRead(3), jirasim.IndexLag(5 * time.Minute),
		jirasim.EmptyIndex(), jirasim.HalfIndex(), jirasim.ClockOffset(5 * time.Minute), jirasim.ClockOffset(-5 * time.Minute),
	}
	if p.cloud {
		effects = append(effects, jirasim.RepeatToken(), jirasim.EmptyPage(), jirasim.NoIsLast(), jirasim.TooManyRequests(jirasim.ReasonBurst, 40*time.Second),
			jirasim.TooManyRequests(jirasim.ReasonQuotaTenant, 5*time.Minute), jirasim.TooManyRequests(jirasim.ReasonIssueWrites, 30*time.Second))
	} else {
		effects = append(effects, jirasim.TooManyRequestsDC(30*time.Second), jirasim.TooManyRequestsDC(0))
	}
	if creates {
		effects = append(effects, jirasim.LateCommit(20*time.Second), jirasim.LateCommit(40*time.Second))
	}
	return effects
}

func (p *jiraPlace) faults() (names []string) {
	for _, e := range p.menu(true) {
		names = append(names, e.Name)
	}
	return names
}

func (p *jiraPlace) arm(n int, creates bool) string {
	menu := p.menu(creates)
	if creates && n%5 == 0 {
		menu = menu[len(menu)-2:] // creates are few, and these are what breaks them
	}
	e := menu[n%len(menu)]
	p.Fault(jirasim.Rule{Do: e})
	return e.Name
}

func (p *jiraPlace) disarm() { p.ClearFaults() }

func (p *jiraPlace) lag(d time.Duration) { p.SetIndexLag(d, d/2) }

func (p *jiraPlace) hooks(loss, twice float64, late time.Duration) {
	p.SetHookPlan(jirasim.HookPlan{Loss: loss, Duplicate: twice, MaxDelay: late, Shuffle: twice > 0})
}

func (p *jiraPlace) deliver(ctx context.Context) int { return p.Deliver(ctx) }

func (p *jiraPlace) waiting() int {
	n, _ := p.Pending()
	return n
}

func (p *jiraPlace) sometimes() map[string]int { return p.Sometimes() }

func (p *jiraPlace) resetLog() { p.ResetLog() }

func (p *jiraPlace) requests() int { return p.Count("", "", 0) }
