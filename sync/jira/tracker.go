package jira

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// propertyKey is the issue property that marks our issues.
const propertyKey = "followthrough.sync"

// Config is everything an adapter needs.
type Config struct {
	Tracker    domain.Tracker
	Secrets    domain.Secrets
	Identities []domain.Identity
	// Transport carries the requests; the governor sits there.
	Transport http.RoundTripper
	Now       func() time.Time
	// SaveCredential stores a replaced OAuth credential before it is used.
	SaveCredential func(ctx context.Context, credential string) error
}

// Tracker is one Jira project.
type Tracker struct {
	config  domain.Tracker
	mapping mapping
	client  *client
	now     func() time.Time
	base    string

	mu          sync.Mutex
	version     int    // of a Data Center, once known
	place       string // the project's immutable id, once known
	site        string // the address people use, once known
	transitions map[workflowPlace][]transition
	refused     map[string]bool      // transitions that take no resolution
	absent      map[string]time.Time // fields the create screen does not have
}

// New returns the adapter of one tracker. It sends nothing.
func New(c Config) (*Tracker, error) {
	base, err := url.Parse(strings.TrimRight(c.Tracker.BaseURL, "/"))
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" {
		return nil, domain.Invalid("base_url", "%q is not the address of a Jira; it starts with https://", c.Tracker.BaseURL)
	}
	if c.Transport == nil || c.Now == nil {
		return nil, domain.Errorf(domain.ErrInvalid, "the Jira adapter needs a transport and a clock")
	}
	t := &Tracker{config: c.Tracker, mapping: newMapping(c.Tracker, c.Identities), now: c.Now, base: base.String(),
		site: base.String(), transitions: map[workflowPlace][]transition{}, refused: map[string]bool{}, absent: map[string]time.Time{}}
	auth, secrets, err := t.authorizer(c)
	if err != nil {
		return nil, err
	}
	// Requests are resolved below the base, which needs the slash at its end.
	base.Path += "/"
	t.client, err = newClient(base, c.Transport, auth, c.Now, secrets...)
	return t, err
}

// authorizer picks the authentication of the flavor: a personal access token on
// Data Center; on Cloud an API token with its e-mail address, or OAuth.
func (t *Tracker) authorizer(c Config) (authorizer, []string, error) {
	token := strings.TrimSpace(c.Secrets.Credential)
	secrets := append([]string{token}, c.Secrets.WebhookSecrets...)
	switch {
	case token == "":
		return nil, nil, domain.Invalid("credential", "is missing; store a token for tracker %s", c.Tracker.ID)
	case c.Tracker.Flavor == domain.DataCenter:
		return fixed("Bearer " + token), secrets, nil
	case strings.HasPrefix(token, "{"):
		var o OAuthCredential
		if err := json.Unmarshal([]byte(token), &o); err != nil || o.ClientID == "" || o.ClientSecret == "" || o.RefreshToken == "" {
			return nil, nil, domain.Invalid("credential", "is no OAuth credential; it holds client_id, client_secret and refresh_token as JSON")
		}
		if c.SaveCredential == nil {
			return nil, nil, domain.Errorf(domain.ErrInvalid, "OAuth replaces its refresh token at each use and needs a place to save it")
		}
		t.site = strings.TrimRight(o.Site, "/")
		return &oauth{next: c.Transport, now: c.Now, save: c.SaveCredential, credential: o}, append(secrets, o.ClientSecret, o.RefreshToken), nil
	case c.Tracker.Account == "":
		return nil, nil, domain.Invalid("account", "is empty; an API token of Jira Cloud goes with the e-mail address of its owner")
	}
	return basic(c.Tracker.Account, token), secrets, nil
}

func (t *Tracker) cloud() bool { return t.config.Flavor != domain.DataCenter }

var (
	keyPattern = regexp.MustCompile(`^([A-Z][A-Z0-9_]{1,9})-([0-9]{1,9})$`)
	idPattern  = regexp.MustCompile(`^[0-9]{1,19}$`)
)

// fields lists what is asked for: only what is used (T14, T29).
func (t *Tracker) fields() []string {
	f := []string{"summary", "description", "status", "resolution", "priority", "assignee", "labels", "project", "issuetype", "creator", "created", "updated", t.mapping.due}
	if t.mapping.metric != "" {
		f = append(f, t.mapping.metric)
	}
	slices.Sort(f)
	return slices.Compact(f)
}

// Fetch reads one issue by its id. An issue that went to another project comes
// back together with an ErrGone that says where it is.
func (t *Tracker) Fetch(ctx context.Context, ref domain.RemoteRef) (domain.Snapshot, error) {
	if !idPattern.MatchString(ref.ID) {
		return domain.Snapshot{}, domain.Invalid("remote_id", "%q is not the id of a Jira issue; ids are numbers", ref.ID)
	}
	return t.fetch(ctx, ref.ID)
}

func (t *Tracker) fetch(ctx context.Context, idOrKey string) (domain.Snapshot, error) {
	q := url.Values{"fields": {strings.Join(t.fields(), ",")}, "properties": {propertyKey}, "expand": {"transitions.fields"}}
	var raw json.RawMessage
	a, err := t.client.get(ctx, request{method: http.MethodGet, path: "rest/api/2/issue/" + idOrKey, query: q, class: domain.CallRead}, &raw)
	if err != nil {
		return domain.Snapshot{}, err
	}
	s, broken := t.snapshot(raw, a)
	if broken != nil {
		return domain.Snapshot{}, &domain.Error{Kind: domain.ErrUnavailable, Code: "undecodable", Message: "Jira's answer cannot be used: " + broken.Reason}
	}
	if err := t.home(ctx, &s); err != nil {
		return s, err
	}
	return s, nil
}

// home says whether an issue is in the configured project. Usually the key
// tells; a renamed project is looked up once.
func (t *Tracker) home(ctx context.Context, s *domain.Snapshot) error {
	if t.inside(s) {
		return nil
	}
	place, err := t.projectID(ctx)
	if err != nil {
		return err
	}
	if s.Ref.Place == place {
		return nil
	}
	return &domain.Error{Kind: domain.ErrGone, Code: codeMovedOut, Message: "issue " + s.Ref.Key + " is outside project " + t.config.Project + "; it was moved"}
}

// inside reports what can be said without asking: it also learns the
// project's id from the issues seen.
func (t *Tracker) inside(s *domain.Snapshot) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.place != "" {
		return s.Ref.Place == t.place
	}
	if project, _, _ := strings.Cut(s.Ref.Key, "-"); project == t.config.Project && s.Ref.Place != "" {
		t.place = s.Ref.Place
		return true
	}
	return false
}

// projectID returns the immutable id of the project; asked for once.
func (t *Tracker) projectID(ctx context.Context) (string, error) {
	t.mu.Lock()
	place := t.place
	t.mu.Unlock()
	if place != "" {
		return place, nil
	}
	var p struct {
		ID text `json:"id"`
	}
	_, err := t.client.get(ctx, request{method: http.MethodGet, path: "rest/api/2/project/" + url.PathEscape(t.config.Project), class: domain.CallRead}, &p)
	if err != nil {
		if domain.KindOf(err) == domain.ErrNotFound {
			return "", &domain.Error{Kind: domain.ErrForbidden, Code: codeAccessLost, Message: "project " + t.config.Project + " is not visible to the tracker's account", Err: err}
		}
		return "", err
	}
	if !idPattern.MatchString(string(p.ID)) {
		return "", domain.Errorf(domain.ErrUnavailable, "Jira gave project %s without a usable id", t.config.Project)
	}
	t.learn(string(p.ID))
	return string(p.ID), nil
}

func (t *Tracker) learn(place string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.place = place
}

// browse is the address of an issue for people.
func (t *Tracker) browse(key string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.site == "" || !keyPattern.MatchString(key) {
		return ""
	}
	return t.site + "/browse/" + key
}

// Resolve reads the issue behind a key or a browse address of this project.
func (t *Tracker) Resolve(ctx context.Context, address string) (domain.Snapshot, error) {
	key := strings.TrimSpace(address)
	if strings.Contains(key, "/") {
		key = t.keyOf(key)
	}
	m := keyPattern.FindStringSubmatch(key)
	if m == nil {
		return domain.Snapshot{}, domain.Invalid("address", "%q is not an issue of this Jira; give a key such as %s-42 or an address such as %s/browse/%s-42", address, t.config.Project, t.base, t.config.Project)
	}
	if m[1] != t.config.Project {
		return domain.Snapshot{}, domain.Invalid("address", "%s belongs to another project; this tracker is for %s", key, t.config.Project)
	}
	return t.fetch(ctx, key)
}

// keyOf takes the key out of an address below the site; "" for any other.
func (t *Tracker) keyOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Fragment != "" {
		return ""
	}
	for _, root := range []string{t.site, t.base} {
		b, err := url.Parse(root)
		if err != nil || b.Host == "" || u.Scheme != b.Scheme || !strings.EqualFold(u.Host, b.Host) {
			continue
		}
		if rest, ok := strings.CutPrefix(u.Path, b.Path+"/browse/"); ok {
			return strings.TrimSuffix(rest, "/")
		}
	}
	return ""
}
