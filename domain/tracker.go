package domain

import (
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// TrackerID names a configured tracker, for example acme-platform.
type TrackerID string

// TrackerKind is the product behind a tracker.
type TrackerKind string

// The tracker kinds.
const (
	GitHub TrackerKind = "github"
	Jira   TrackerKind = "jira"
)

// Source returns the history source of changes that come from the tracker.
func (k TrackerKind) Source() Source { return Source(k) }

// Name returns the product's name for people.
func (k TrackerKind) Name() string {
	if k == Jira {
		return "Jira"
	}
	return "GitHub"
}

// Flavor is the deployment of a tracker.
type Flavor string

// The flavors.
const (
	DotCom     Flavor = "dotcom"
	GHES       Flavor = "ghes"
	Cloud      Flavor = "cloud"
	DataCenter Flavor = "dc"
)

// Tracker is one configured GitHub repository or Jira project.
type Tracker struct {
	ID     TrackerID
	Kind   TrackerKind
	Flavor Flavor
	// BaseURL is the API root: https://api.github.com, https://HOST/api/v3, https://SITE.atlassian.net or https://HOST[/context].
	BaseURL string
	// Repository is owner/name on GitHub; Project is the project key on Jira.
	Repository string
	Project    string
	Team       TeamID
	// Account is the e-mail that goes with a Jira Cloud API token.
	Account string
	// AppID and InstallationID select GitHub App authentication; 0 means a token.
	AppID          int64
	InstallationID int64
	Mapping        Mapping
	ConflictPolicy map[Field]Resolution
	ImportRule     ImportRule
	// AllowPublic permits a public repository; incident text would be readable by everyone.
	AllowPublic bool
	Paused      bool
	PauseReason string

	CredentialHint    string // last four characters, for people
	CredentialSetAt   time.Time
	CredentialExpires time.Time
	WebhookSecretSet  bool

	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// Place returns what the tracker points to, for people.
func (t Tracker) Place() string {
	if t.Kind == Jira {
		return t.Project
	}
	return t.Repository
}

// Secrets are a tracker's write-only parts; they exist in clear only in memory.
type Secrets struct {
	// Credential is a token, a GitHub App private key in PEM, or a refresh token.
	Credential string
	// WebhookSecrets are valid at once during rotation, newest first; at most two.
	WebhookSecrets []string
}

// Mapping says how values translate; what is empty falls back to the defaults
// that the mapping check shows. Jira values are ids, never names.
type Mapping struct {
	// GitHub.
	PriorityLabels  map[Priority]string
	InProgressLabel string
	// ExtraLabels are set on issues we create and never looked at again.
	ExtraLabels []string

	// Jira.
	IssueType string
	// Statuses lists, per projection, the acceptable status ids in order of preference.
	Statuses map[Projection][]string
	// Priorities maps to priority ids.
	Priorities map[Priority]string
	// Resolutions maps done and cancelled to resolution ids; WontDo lists further ids read as cancelled.
	Resolutions map[Projection]string
	WontDo      []string
	DueField    string // "duedate" or a custom field id
	MetricField string // custom text field id
}

// IsZero reports whether nothing was decided; the defaults hold then.
func (m Mapping) IsZero() bool { return m.Equal(Mapping{}) }

// Equal reports whether two mappings decide the same.
func (m Mapping) Equal(o Mapping) bool {
	return m.InProgressLabel == o.InProgressLabel && m.IssueType == o.IssueType && m.DueField == o.DueField && m.MetricField == o.MetricField &&
		maps.Equal(m.PriorityLabels, o.PriorityLabels) && maps.Equal(m.Priorities, o.Priorities) && maps.Equal(m.Resolutions, o.Resolutions) &&
		slices.Equal(m.ExtraLabels, o.ExtraLabels) && slices.Equal(m.WontDo, o.WontDo) && maps.EqualFunc(m.Statuses, o.Statuses, slices.Equal[[]string])
}

// ImportRule turns issues into measures in the inbox "needs incident".
type ImportRule struct {
	// Labels of which an issue must carry all (GitHub and Jira).
	Labels []string
	// JQL narrows Jira issues further; it is joined with AND.
	JQL string
}

// IsZero reports whether nothing is imported.
func (r ImportRule) IsZero() bool { return len(r.Labels) == 0 && r.JQL == "" }

var (
	repositoryPattern = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}$`)
	projectPattern    = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,9}$`)
	trackerIDPattern  = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$`)
	labelPattern      = regexp.MustCompile(`^[A-Za-z0-9 :._/-]{1,50}$`)
)

// Check refuses a tracker that could not work; allowed is the operator's host list.
func (t Tracker) Check(allowed HostList) error {
	var bad problems
	if !trackerIDPattern.MatchString(string(t.ID)) {
		bad.add("id", "%q is not accepted; use 1 to 40 lower-case letters, digits and dashes", t.ID)
	}
	checkEnum(&bad, "kind", t.Kind, []TrackerKind{GitHub, Jira}, false)
	switch t.Kind {
	case GitHub:
		checkEnum(&bad, "flavor", t.Flavor, []Flavor{DotCom, GHES}, false)
		if !repositoryPattern.MatchString(t.Repository) {
			bad.add("repository", "%q is not a repository; write owner/name", t.Repository)
		}
		if t.Project != "" {
			bad.add("project", "belongs to Jira; a GitHub tracker has a repository")
		}
	case Jira:
		checkEnum(&bad, "flavor", t.Flavor, []Flavor{Cloud, DataCenter}, false)
		if !projectPattern.MatchString(t.Project) {
			bad.add("project", "%q is not a project key; write it as Jira shows it, for example OPS", t.Project)
		}
		if t.Repository != "" {
			bad.add("repository", "belongs to GitHub; a Jira tracker has a project")
		}
	}
	bad.addErr("base_url", allowed.Check(t.BaseURL))
	t.checkMapping(&bad)
	return bad.err()
}

func (t Tracker) checkMapping(bad *problems) {
	labels := map[string]Priority{}
	for priority, label := range t.Mapping.PriorityLabels {
		checkEnum(bad, "mapping.priority_labels", priority, Priorities(), false)
		if !labelPattern.MatchString(label) {
			bad.add("mapping.priority_labels", "%q is not accepted; use 1 to 50 letters, digits, blanks and : . _ - /", label)
		}
		if other, twice := labels[strings.ToLower(label)]; twice {
			bad.add("mapping.priority_labels", "%q stands for %s and %s; each priority has its own label", label, other, priority)
		}
		labels[strings.ToLower(label)] = priority
	}
	for _, label := range append([]string{}, append(t.ImportRule.Labels, t.Mapping.ExtraLabels...)...) {
		if !labelPattern.MatchString(label) {
			bad.add("import_rule.labels", "%q is not accepted; use 1 to 50 letters, digits, blanks and : . _ - /", label)
		}
	}
	if l := t.Mapping.InProgressLabel; l != "" && !labelPattern.MatchString(l) {
		bad.add("mapping.in_progress_label", "%q is not accepted; use 1 to 50 letters, digits, blanks and : . _ - /", l)
	}
	for field, resolution := range t.ConflictPolicy {
		checkEnum(bad, "conflict_policy", field, SyncedFields(), false)
		checkEnum(bad, "conflict_policy."+string(field), resolution, Resolutions(), false)
		if resolution == ResolveMerge && field != FieldDescription {
			bad.add("conflict_policy."+string(field), "merge is for the description; use ours, tracker, newest or ask")
		}
	}
}

// HostList is the operator's list of hosts that trackers may point to.
// An entry is a host name, *.suffix, host:port, or http://127.0.0.1:PORT.
type HostList []string

// Check refuses a base URL that is not on the list. Names only are compared:
// the dialer checks the address again when it connects.
func (l HostList) Check(base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return Invalid("base_url", "%q is not a web address; it starts with https://", base)
	}
	if u.User != nil || strings.ContainsAny(base, "?#") {
		return Invalid("base_url", "%q must not carry a user, a query or a fragment", base)
	}
	for _, entry := range l {
		if l.matches(entry, u) {
			return nil
		}
	}
	if u.Scheme == "http" {
		return Invalid("base_url", "%q is plain http; use https, or have the operator allow http://127.0.0.1:PORT", base)
	}
	return Invalid("base_url", "%q is not on the list of allowed tracker hosts (FOLLOWTHROUGH_TRACKER_HOSTS: %s)", u.Hostname(), strings.Join(l, ", "))
}

func (l HostList) matches(entry string, u *url.URL) bool {
	if strings.HasPrefix(entry, "http://") {
		e, err := url.Parse(entry)
		return err == nil && u.Scheme == "http" && strings.EqualFold(e.Host, u.Host) && loopback(e.Hostname())
	}
	if u.Scheme != "https" {
		return false
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	name, entryPort, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(entry, "https://")), ":")
	if entryPort != "" && entryPort != port || entryPort == "" && port != "" && port != "443" {
		return false
	}
	if suffix, ok := strings.CutPrefix(name, "*."); ok {
		sub, found := strings.CutSuffix(host, "."+suffix)
		return found && sub != "" && !strings.Contains(sub, ".")
	}
	return host == name
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// Field is one synchronised part of a measure.
type Field string

// The fields that cross to trackers. FieldIncident goes out only.
const (
	FieldTitle       Field = "title"
	FieldDescription Field = "description"
	FieldStatus      Field = "status"
	FieldPriority    Field = "priority"
	FieldOwner       Field = "owner"
	FieldDueOn       Field = "due_on"
	FieldMetric      Field = "success_metric"
	FieldIncident    Field = "incident"
)

// SyncedFields lists the fields in the order in which they are merged.
func SyncedFields() []Field {
	return []Field{FieldTitle, FieldDescription, FieldStatus, FieldPriority, FieldOwner, FieldDueOn, FieldMetric, FieldIncident}
}

// Resolution is a conflict policy for one field.
type Resolution string

// The resolutions.
const (
	ResolveOurs    Resolution = "ours"
	ResolveTracker Resolution = "tracker"
	ResolveNewest  Resolution = "newest"
	ResolveMerge   Resolution = "merge"
	ResolveAsk     Resolution = "ask"
)

// Resolutions lists every conflict policy.
func Resolutions() []Resolution {
	return []Resolution{ResolveOurs, ResolveTracker, ResolveNewest, ResolveMerge, ResolveAsk}
}

// Resolution returns the tracker's policy for a field, or the default of
// sync.md section 0.
func (t Tracker) Resolution(f Field) Resolution {
	if r, ok := t.ConflictPolicy[f]; ok {
		return r
	}
	switch f {
	case FieldStatus, FieldOwner:
		return ResolveTracker
	case FieldTitle:
		return ResolveNewest
	case FieldDescription:
		return ResolveMerge
	case FieldPriority, FieldDueOn, FieldMetric, FieldIncident:
		return ResolveOurs
	}
	return ResolveAsk
}
