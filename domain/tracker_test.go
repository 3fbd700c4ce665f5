package domain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

func hosts() domain.HostList {
	return domain.HostList{"api.github.com", "*.atlassian.net", "ghes.example.org", "jira.example.org:8443", "http://127.0.0.1:9000", "http://[::1]:9000", "http://10.0.0.5:80"}
}

// TestHostList: a tracker points to hosts of the operator's list and nowhere
// else, in whatever spelling.
func TestHostList(t *testing.T) {
	for _, base := range []string{
		"https://api.github.com", "https://API.GitHub.com", "https://api.github.com:443", "https://api.github.com:", "https://api.github.com/",
		"https://acme.atlassian.net", "https://ghes.example.org/api/v3", "https://jira.example.org:8443/jira",
		"http://127.0.0.1:9000", "http://127.0.0.1:9000/api/v3", "http://[::1]:9000",
	} {
		if err := hosts().Check(base); err != nil {
			t.Errorf("%q: %v", base, err)
		}
	}
	for _, base := range []string{
		// Not an address at all.
		"", "api.github.com", "//api.github.com", "https:", "https://", "https:///path", "https:api.github.com", "ftp://api.github.com",
		"file:///etc/passwd", "gopher://api.github.com", "javascript:alert(1)", "unix:///var/run/docker.sock", " https://api.github.com", "https://api.github.com\x00",
		// Other hosts that look alike.
		"https://api.github.com.evil.example", "https://evilapi.github.com", "https://github.com", "https://xapi.github.com", "https://api.github.com.", "https://api。github.com",
		"https://ａpi.github.com", "https://%61pi.github.com", "https://api.github.com%2eevil.example", "https://api.github.com%00.evil.example",
		"https://atlassian.net", "https://.atlassian.net", "https://a.b.atlassian.net", "https://evilatlassian.net", "https://acme.atlassian.net.evil.example",
		// User, query, fragment, backslash: what stands before and behind the host.
		"https://api.github.com@evil.example", "https://api.github.com:443@evil.example", "https://user@api.github.com", "https://user:pass@api.github.com", "https://@api.github.com",
		"https://evil.example\\@api.github.com", "https://evil.example#@api.github.com", "https://evil.example?@api.github.com", "https://api.github.com?", "https://api.github.com#", "https://api.github.com?x=1", "https://api.github.com/#x",
		// Ports.
		"https://api.github.com:8443", "https://api.github.com:0443", "https://jira.example.org", "https://jira.example.org:443", "https://api.github.com:99999",
		// The machine itself and its neighbours.
		"https://127.0.0.1", "https://localhost", "https://0.0.0.0", "https://[::]", "https://[::1]", "https://127.1", "https://2130706433", "https://0x7f000001", "https://0177.0.0.1", "https://127.0.0.1:9000",
		"https://[::ffff:127.0.0.1]", "https://[::ffff:7f00:1]", "https://[64:ff9b::7f00:1]", "https://[2002:7f00:1::]", "https://[::127.0.0.1]", "https://[fec0::1]", "https://[fe80::1%25eth0]",
		"https://10.0.0.5", "https://192.168.0.1", "https://172.16.0.1", "https://100.64.0.1", "https://198.18.0.1", "https://240.0.0.1", "https://169.254.169.254", "https://metadata.google.internal",
		// Plain http only on loopback, to the very port.
		"http://api.github.com", "http://acme.atlassian.net", "http://127.0.0.1", "http://127.0.0.1:9001", "http://127.0.0.2:9000", "http://localhost:9000", "http://[::ffff:127.0.0.1]:9000", "http://2130706433:9000",
		"http://10.0.0.5:80", "http://10.0.0.5",
	} {
		err := hosts().Check(base)
		if !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("%q is let through: %v", base, err)
			continue
		}
		if !strings.HasPrefix(err.Error(), "base_url: ") {
			t.Errorf("%q: the message %q names no field", base, err)
		}
	}
	if err := (domain.HostList{}).Check("https://api.github.com"); err == nil {
		t.Error("an empty list lets a host through")
	}
	refused(t, hosts().Check("https://evil.example"), "base_url: is not on the list of allowed tracker hosts (FOLLOWTHROUGH_TRACKER_HOSTS: api.github.com, ")
	refused(t, hosts().Check("http://evil.example"), "base_url: is plain http; use https")
	refused(t, hosts().Check("https://user@api.github.com"), "base_url: must not carry a user, a query or a fragment")
}

func TestTrackerRefusals(t *testing.T) {
	gh := domain.Tracker{ID: "acme-platform", Kind: domain.GitHub, Flavor: domain.DotCom, BaseURL: "https://api.github.com", Repository: "acme/platform"}
	jira := domain.Tracker{ID: "ops", Kind: domain.Jira, Flavor: domain.Cloud, BaseURL: "https://acme.atlassian.net", Project: "OPS"}
	with := func(base domain.Tracker, change func(*domain.Tracker)) domain.Tracker { change(&base); return base }
	for name, c := range map[string]struct {
		tracker domain.Tracker
		want    []string
	}{
		"GitHub":              {gh, nil},
		"Jira":                {jira, nil},
		"id with a slash":     {with(gh, func(t *domain.Tracker) { t.ID = "a/b" }), []string{"id: use 1 to 40 lower-case letters"}},
		"id with a dash last": {with(gh, func(t *domain.Tracker) { t.ID = "a-" }), []string{"id: use 1 to 40"}},
		"strange kind":        {with(gh, func(t *domain.Tracker) { t.Kind = "gitlab" }), []string{`kind: "gitlab" is not accepted; use one of github, jira`}},
		"flavor of Jira":      {with(gh, func(t *domain.Tracker) { t.Flavor = domain.Cloud }), []string{`flavor: "cloud" is not accepted; use one of dotcom, ghes`}},
		"flavor of GitHub":    {with(jira, func(t *domain.Tracker) { t.Flavor = domain.GHES }), []string{`flavor: "ghes" is not accepted; use one of cloud, dc`}},
		"no owner":            {with(gh, func(t *domain.Tracker) { t.Repository = "platform" }), []string{"repository: write owner/name"}},
		"path in the name":    {with(gh, func(t *domain.Tracker) { t.Repository = "acme/platform/../x" }), []string{"repository: write owner/name"}},
		"query in the name":   {with(gh, func(t *domain.Tracker) { t.Repository = "acme/platform?x" }), []string{"repository: write owner/name"}},
		"project on GitHub":   {with(gh, func(t *domain.Tracker) { t.Project = "OPS" }), []string{"project: belongs to Jira"}},
		"project in words":    {with(jira, func(t *domain.Tracker) { t.Project = "Operations" }), []string{"project: write it as Jira shows it"}},
		"JQL as a project":    {with(jira, func(t *domain.Tracker) { t.Project = "OPS OR 1=1" }), []string{"project: is not a project key"}},
		"repository on Jira":  {with(jira, func(t *domain.Tracker) { t.Repository = "a/b" }), []string{"repository: belongs to GitHub"}},
		"host off the list":   {with(jira, func(t *domain.Tracker) { t.BaseURL = "https://evil.example" }), []string{"base_url: is not on the list"}},
		"label twice": {with(gh, func(t *domain.Tracker) {
			t.Mapping.PriorityLabels = map[domain.Priority]string{domain.P0: "Urgent", domain.P1: "urgent"}
		}), []string{"mapping.priority_labels: each priority has its own label"}},
		"label with a comma":   {with(gh, func(t *domain.Tracker) { t.ImportRule.Labels = []string{"a,b"} }), []string{"import_rule.labels: use 1 to 50 letters"}},
		"in-progress label":    {with(gh, func(t *domain.Tracker) { t.Mapping.InProgressLabel = "a\nb" }), []string{"mapping.in_progress_label: use 1 to 50 letters"}},
		"policy of no field":   {with(gh, func(t *domain.Tracker) { t.ConflictPolicy = map[domain.Field]domain.Resolution{"kind": "ours"} }), []string{"conflict_policy: not accepted; use one of title"}},
		"strange policy":       {with(gh, func(t *domain.Tracker) { t.ConflictPolicy = map[domain.Field]domain.Resolution{"title": "mine"} }), []string{"conflict_policy.title: not accepted; use one of ours"}},
		"merge of a status":    {with(gh, func(t *domain.Tracker) { t.ConflictPolicy = map[domain.Field]domain.Resolution{"status": "merge"} }), []string{"conflict_policy.status: merge is for the description"}},
		"merge of description": {with(gh, func(t *domain.Tracker) { t.ConflictPolicy = map[domain.Field]domain.Resolution{"description": "merge"} }), nil},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.tracker.Check(hosts()), c.want...) })
	}
}

// TestConflictDefaults: status and owner come from the tracker, the plan is
// ours, the title is the newest, the description is merged.
func TestConflictDefaults(t *testing.T) {
	for field, want := range map[domain.Field]domain.Resolution{
		domain.FieldStatus: domain.ResolveTracker, domain.FieldOwner: domain.ResolveTracker, domain.FieldTitle: domain.ResolveNewest,
		domain.FieldDescription: domain.ResolveMerge, domain.FieldDueOn: domain.ResolveOurs, domain.FieldPriority: domain.ResolveOurs, domain.FieldMetric: domain.ResolveOurs,
	} {
		if got := (domain.Tracker{}).Resolution(field); got != want {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
	}
	own := domain.Tracker{ConflictPolicy: map[domain.Field]domain.Resolution{domain.FieldTitle: domain.ResolveAsk}}
	if got := own.Resolution(domain.FieldTitle); got != domain.ResolveAsk {
		t.Errorf("the tracker's own policy is passed over: %s", got)
	}
}
