package simulation

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

const repo = "acme/platform"

// githubPlace is a repository on a simulated github.com.
type githubPlace struct {
	*githubsim.Server
	token string
	ids   map[string]string // login to account id
	cleo  githubsim.Person
}

func newGitHubPlace(o githubsim.Options) *githubPlace {
	p := &githubPlace{Server: githubsim.New(o), ids: map[string]string{}, token: "ghp_simulationsimulationsimulationsimul"}
	p.AddOrg("acme")
	p.AddRepo(repo, githubsim.RepoOptions{Private: true})
	for _, login := range []string{"ana", "ben", "cleo", "sync-user"} {
		p.ids[login] = strconv.FormatInt(p.AddUser(login), 10)
		p.Grant(repo, login, githubsim.RoleWrite)
	}
	p.SetTokenValue(p.Token("sync-user", githubsim.TokenOptions{Repos: []string{repo}}), p.token)
	p.AddRepoHook(repo, githubsim.HookOptions{URL: "https://followthrough.example/hooks/github/gh", Secret: hookSecret})
	p.cleo = p.As("cleo")
	return p
}

func (p *githubPlace) configured() configuration {
	return configuration{
		tracker: domain.Tracker{ID: gh, Kind: domain.GitHub, Flavor: domain.DotCom, BaseURL: "https://api.github.com", Repository: repo, Team: "t_ops",
			ImportRule: domain.ImportRule{Labels: []string{"postmortem"}}, Mapping: domain.Mapping{ExtraLabels: []string{"followthrough"}}},
		secrets: domain.Secrets{Credential: p.token, WebhookSecrets: []string{hookSecret}},
		identities: []domain.Identity{{Tracker: gh, Person: ana, Account: p.ids["ana"], Login: "ana"},
			{Tracker: gh, Person: ben, Account: p.ids["ben"], Login: "ben"}},
	}
}

func (p *githubPlace) transport() http.RoundTripper { return p.Transport() }

func (p *githubPlace) classify(r *http.Request) domain.Call { return github.Classify(r) }

func (p *githubPlace) open(t domain.Tracker, s domain.Secrets, ids []domain.Identity, transport http.RoundTripper, now func() time.Time) (tracksync.Tracker, error) {
	return github.New(github.Config{Tracker: t, Secrets: s, Identities: ids, Transport: transport, Now: now})
}

var blockMark = regexp.MustCompile(`<!-- m:begin v1 id=\S* n=(\S*) -->`)

// cutGitHub separates what people wrote from the block, to the byte.
func cutGitHub(body string) (before, block, after string) {
	at := strings.Index(body, "<!-- m:begin")
	if at < 0 {
		return body, "", ""
	}
	end := strings.Index(body[at:], "<!-- m:end -->")
	if end < 0 {
		return body[:at], body[at:], ""
	}
	end += at + len("<!-- m:end -->")
	return body[:at], body[at:end], body[end:]
}

func (p *githubPlace) truth(i githubsim.Issue) truth {
	before, block, after := cutGitHub(i.Body)
	t := truth{id: i.NodeID, key: strconv.Itoa(i.Number), deleted: i.Deleted, text: before + "\x00" + after}
	if g := blockMark.FindStringSubmatch(i.Body); g != nil {
		t.nonce = g[1]
	}
	v := map[domain.Field]string{domain.FieldTitle: i.Title, domain.FieldDescription: t.text, domain.FieldStatus: i.State + "/" + i.StateReason}
	for _, l := range i.Labels {
		switch {
		case strings.HasPrefix(l, "priority: "):
			v[domain.FieldPriority] += l
		case l == "status: in progress":
			v[domain.FieldStatus] += "+" + l
		default:
			t.labels = append(t.labels, l)
		}
	}
	for _, login := range i.Assignees {
		if login == "ana" || login == "ben" {
			v[domain.FieldOwner] += login
		} else {
			t.others = append(t.others, login)
		}
	}
	for f, name := range map[domain.Field]string{domain.FieldDueOn: "Due", domain.FieldMetric: "Success metric"} {
		if g := blockLineOf(name).FindStringSubmatch(block); g != nil {
			v[f] = strings.TrimSpace(g[2])
		}
	}
	slices.Sort(t.labels)
	slices.Sort(t.others)
	t.values = v
	return t
}

func blockLineOf(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?m)^([-*] \*\*` + name + `:\*\*)(.*?)(\r?)$`)
}

func (p *githubPlace) issues() []truth {
	var out []truth
	for _, i := range p.Oracle() {
		if !i.Pull {
			out = append(out, p.truth(i))
		}
	}
	return out
}

func (p *githubPlace) find(id string) (githubsim.Issue, error) {
	for _, i := range p.Oracle() {
		if i.NodeID == id && !i.Deleted {
			return i, nil
		}
	}
	return githubsim.Issue{}, fmt.Errorf("there is no issue %s", id)
}

func (p *githubPlace) issue(id string) (truth, bool) {
	i, err := p.find(id)
	return p.truth(i), err == nil
}

func (p *githubPlace) create(title, text string, labels ...string) (string, error) {
	n, err := p.cleo.Create(repo, title, text, labels...)
	i, _ := p.Server.Issue(repo, n)
	return i.NodeID, err
}

func (p *githubPlace) edit(id string, f domain.Field, v string) error {
	i, err := p.find(id)
	if err != nil {
		return err
	}
	switch f {
	case domain.FieldTitle:
		return p.cleo.Retitle(repo, i.Number, v)
	case domain.FieldDescription:
		return p.prose(id, func(string) string { return v }, "")
	case domain.FieldDueOn:
		return p.typeLine(i, "Due", v)
	case domain.FieldMetric:
		return p.typeLine(i, "Success metric", v)
	case domain.FieldPriority:
		return p.relabel(i, "priority: ", v)
	case domain.FieldStatus:
		return p.setStatus(i, domain.Projection(v))
	case domain.FieldOwner:
		return p.setOwner(i, v)
	case domain.FieldIncident:
	}
	return fmt.Errorf("nobody edits %s", f)
}

func (p *githubPlace) setOwner(i githubsim.Issue, v string) error {
	logins := slices.DeleteFunc(slices.Clone(i.Assignees), func(l string) bool { return l == "ana" || l == "ben" })
	if login := map[string]string{string(ana): "ana", string(ben): "ben"}[v]; login != "" {
		logins = append(logins, login)
	}
	return p.cleo.SetAssignees(repo, i.Number, logins...)
}

func (p *githubPlace) setStatus(i githubsim.Issue, want domain.Projection) error {
	reason := map[domain.Projection]string{domain.ProjectionDone: "completed", domain.ProjectionCancelled: "not_planned"}[want]
	if reason != "" {
		if i.State == "closed" {
			if err := p.cleo.Reopen(repo, i.Number); err != nil {
				return err
			}
		}
		return p.cleo.Close(repo, i.Number, reason)
	}
	if i.State == "closed" {
		if err := p.cleo.Reopen(repo, i.Number); err != nil {
			return err
		}
	}
	return p.relabel(i, "status: ", map[domain.Projection]string{domain.ProjectionInProgress: "in progress"}[want])
}

func (p *githubPlace) relabel(i githubsim.Issue, prefix, value string) error {
	labels := slices.DeleteFunc(slices.Clone(i.Labels), func(l string) bool { return strings.HasPrefix(l, prefix) })
	if value != "" {
		labels = append(labels, prefix+value)
	}
	return p.cleo.SetLabels(repo, i.Number, labels...)
}

func (p *githubPlace) typeLine(i githubsim.Issue, name, value string) error {
	before, block, after := cutGitHub(i.Body)
	line := blockLineOf(name)
	if !line.MatchString(block) {
		return fmt.Errorf("the block has no line %q", name)
	}
	if value == "" {
		value = "—"
	}
	return p.cleo.Rewrite(repo, i.Number, before+line.ReplaceAllString(block, "${1} "+value+"${3}")+after)
}

func (p *githubPlace) prose(id string, above func(string) string, below string) error {
	i, err := p.find(id)
	if err != nil {
		return err
	}
	before, block, after := cutGitHub(i.Body)
	text := strings.TrimRight(above(strings.TrimRight(before, "\r\n")), "\r\n")
	if block != "" && text != "" {
		text += "\n\n"
	}
	if below != "" {
		after = strings.TrimRight(after, "\r\n") + "\n\n" + below
	}
	return p.cleo.Rewrite(repo, i.Number, text+block+after)
}

func (p *githubPlace) smash(id string) error {
	i, err := p.find(id)
	if err != nil {
		return err
	}
	before, _, after := cutGitHub(i.Body)
	return p.cleo.Rewrite(repo, i.Number, strings.TrimRight(before, "\r\n")+after)
}

func (p *githubPlace) mistype(id, value string) error {
	i, err := p.find(id)
	if err != nil {
		return err
	}
	return p.typeLine(i, "Due", value)
}

func (p *githubPlace) label(id, name string, on bool) error {
	i, err := p.find(id)
	if err != nil {
		return err
	}
	labels := slices.DeleteFunc(slices.Clone(i.Labels), func(l string) bool { return l == name })
	if on {
		labels = append(labels, name)
	}
	return p.cleo.SetLabels(repo, i.Number, labels...)
}

func (p *githubPlace) join(id string) error {
	i, err := p.find(id)
	if err != nil {
		return err
	}
	return p.cleo.SetAssignees(repo, i.Number, append(slices.Clone(i.Assignees), "cleo")...)
}

func (p *githubPlace) copyOf(id string) (string, error) {
	i, err := p.find(id)
	if err != nil {
		return "", err
	}
	return p.create("Copy of "+i.Title, i.Body)
}

func (p *githubPlace) remove(id string) error {
	i, err := p.find(id)
	if err != nil {
		return err
	}
	return p.cleo.Delete(repo, i.Number)
}

// unfit are effects that are a person's or an administrator's doing and not
// bad luck of one request; they are tested with the adapter.
func (p *githubPlace) menu() []githubsim.Effect {
	return slices.DeleteFunc(githubsim.Menu(), func(e githubsim.Effect) bool {
		return e.Name == "silent_drop" || e.Name == "huge"
	})
}

func (p *githubPlace) faults() (names []string) {
	for _, e := range p.menu() {
		names = append(names, e.Name)
	}
	return names
}

func (p *githubPlace) arm(n int, _ bool) string {
	menu := p.menu()
	e := menu[n%len(menu)]
	p.Inject(githubsim.Rule{Times: 1, Effect: e})
	return e.Name
}

func (p *githubPlace) disarm() { p.ClearFaults() }

func (p *githubPlace) lag(d time.Duration) { p.SetListLag(d) }

func (p *githubPlace) hooks(loss, twice float64, late time.Duration) {
	p.SetHooks(githubsim.HookPlan{Loss: loss, Duplicate: twice, Reorder: twice, MaxDelay: late}, nil)
}

func (p *githubPlace) deliver(ctx context.Context) int { return p.Deliver(ctx) }

func (p *githubPlace) waiting() int {
	n, _ := p.Pending()
	return n
}

func (p *githubPlace) sometimes() map[string]int { return p.Sometimes() }

func (p *githubPlace) resetLog() { p.ResetLog() }

func (p *githubPlace) requests() int { return p.Count("", "") }
