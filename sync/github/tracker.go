package github

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Config is what an adapter is made of.
type Config struct {
	Tracker    domain.Tracker
	Secrets    domain.Secrets
	Identities []domain.Identity
	// MeasureURL and IncidentURL are used where a draft brings no address.
	MeasureURL  func(measureID string) string
	IncidentURL func(domain.IncidentKey) string
	// Transport carries every request; it is where limits, addresses and times
	// are guarded. There is no default.
	Transport http.RoundTripper
	// Now is the clock.
	Now func() time.Time
	// Cursor is the stored position in the changes, if any. It also remembers
	// which repository the name stands for and what renamed labels stood for.
	Cursor domain.Cursor
}

// Tracker is one GitHub repository. It is safe for concurrent use.
type Tracker struct {
	cfg            Config
	client         *client
	priorityLabels map[domain.Priority]string
	progressLabel  string
	// meaning changes when the mapping or the identities do.
	meaning string

	mu sync.Mutex
	// place is the repository's immutable id once it was seen.
	place string
	// public is true when everybody was seen to be able to read the repository.
	public bool
	// labelIDs remembers what a label meant before it was renamed.
	labelIDs map[int64]string
	// logins are those of accounts that identities know by id only.
	logins map[string]string
	// sweeping is where the last sweep's list stands.
	sweeping listing
}

// The labels used where the mapping names none.
const (
	defaultPriorityLabel = "priority: " // and the priority
	defaultProgressLabel = "status: in progress"
)

// New makes an adapter. It sends nothing.
func New(cfg Config) (*Tracker, error) {
	if cfg.Now == nil {
		return nil, domain.Errorf(domain.ErrInvalid, "tracker %s has no clock", cfg.Tracker.ID)
	}
	if owner, name, ok := strings.Cut(cfg.Tracker.Repository, "/"); !ok || !segment.MatchString(owner) || !segment.MatchString(name) || name == "." || name == ".." {
		return nil, domain.Invalid("repository", "%q is not a repository; write owner/name", cfg.Tracker.Repository)
	}
	c, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	t := &Tracker{cfg: cfg, client: c, priorityLabels: map[domain.Priority]string{}, progressLabel: cfg.Tracker.Mapping.InProgressLabel,
		labelIDs: map[int64]string{}, logins: map[string]string{}}
	for _, p := range domain.Priorities() {
		t.priorityLabels[p] = defaultPriorityLabel + string(p)
		if configured := cfg.Tracker.Mapping.PriorityLabels[p]; configured != "" {
			t.priorityLabels[p] = configured
		}
	}
	if t.progressLabel == "" {
		t.progressLabel = defaultProgressLabel
	}
	t.meaning = t.fingerprint()
	var at cursor
	if json.Unmarshal(cfg.Cursor, &at) == nil && at.fits(t) {
		t.learn(at)
	}
	return t, nil
}

// fingerprint sums up what the mapping and the identities make of an issue.
func (t *Tracker) fingerprint() string {
	parts := []string{"progress " + fold(t.progressLabel)}
	for p, name := range t.priorityLabels {
		parts = append(parts, "label "+string(p)+" "+fold(name))
	}
	for _, i := range t.cfg.Identities {
		parts = append(parts, fmt.Sprintf("person %q %q %q", i.Person, i.Account, fold(i.Login)))
	}
	slices.Sort(parts)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:8])
}

var (
	segment = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	digits  = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)
)

// Fetch reads one issue.
func (t *Tracker) Fetch(ctx context.Context, ref domain.RemoteRef) (domain.Snapshot, error) {
	path, err := t.issuePath(ref)
	if err != nil {
		return domain.Snapshot{}, err
	}
	op := operation{what: "read issue " + t.key(ref.Number), issue: true}
	a, err := t.client.do(ctx, op, http.MethodGet, path, nil)
	if err != nil {
		return domain.Snapshot{}, t.absent(ctx, err)
	}
	i, err := t.decode(op, a)
	if err != nil {
		return domain.Snapshot{}, err
	}
	if ref.ID != "" && i.NodeID != ref.ID && ref.Place == "" {
		return domain.Snapshot{}, &domain.Error{Kind: domain.ErrNotFound, Code: "other_issue", Message: op.what + ": the number belongs to another issue now"}
	}
	return t.snapshot(i, t.placeOf(ref), a.at, a.server), nil
}

// decode reads a whole issue out of an answer.
func (t *Tracker) decode(op operation, a answer) (issue, error) {
	var i issue
	if err := t.client.into(op, a, &i); err != nil {
		return i, err
	}
	if err := i.complete(); err != nil {
		return i, t.client.undecodable(op, err)
	}
	return i, nil
}

// Resolve reads the issue behind an address that a person gave: a web address
// or owner/name#number. Anything outside the configured repository is refused
// without a request: the stored credential must not read for strangers.
func (t *Tracker) Resolve(ctx context.Context, address string) (domain.Snapshot, error) {
	number, err := t.number(strings.TrimSpace(address))
	if err != nil {
		return domain.Snapshot{}, err
	}
	if err := t.ready(ctx); err != nil {
		return domain.Snapshot{}, err
	}
	op := operation{what: "read issue " + t.key(number), issue: true}
	a, err := t.client.do(ctx, op, http.MethodGet, t.repository()+"/issues/"+strconv.Itoa(number), nil)
	if err != nil {
		return domain.Snapshot{}, err
	}
	i, err := t.decode(op, a)
	if err != nil {
		return domain.Snapshot{}, err
	}
	if i.pull() {
		return domain.Snapshot{}, domain.Invalid("address", "%s is a pull request; give an issue", t.key(number))
	}
	return t.snapshot(i, t.knownPlace(), a.at, a.server), nil
}

var shortForm = regexp.MustCompile(`^([A-Za-z0-9._-]+/[A-Za-z0-9._-]+)#([1-9][0-9]{0,8})$`)

// number finds the issue's number in an address of the configured repository.
func (t *Tracker) number(address string) (int, error) {
	refuse := func() (int, error) {
		return 0, domain.Invalid("address", "%q is not an issue of %s; write its web address or %s", clip(address, 200), t.cfg.Tracker.Repository, t.key(118))
	}
	var repository, number string
	if g := shortForm.FindStringSubmatch(address); g != nil {
		repository, number = g[1], g[2]
	} else {
		u, err := url.Parse(address)
		if err != nil || u.User != nil || !sameOrigin(t.web(), u) {
			return refuse()
		}
		parts := strings.Split(strings.Trim(strings.TrimPrefix(u.EscapedPath(), t.web().Path), "/"), "/")
		if len(parts) != 4 || parts[2] != "issues" {
			return refuse()
		}
		repository, number = parts[0]+"/"+parts[1], parts[3]
	}
	if !strings.EqualFold(repository, t.cfg.Tracker.Repository) || !digits.MatchString(number) || len(number) > 9 {
		return refuse()
	}
	n, err := strconv.Atoi(number)
	if err != nil {
		return refuse()
	}
	return n, nil
}

// web is the address of GitHub's pages that belongs to the API's.
func (t *Tracker) web() *url.URL {
	u := *t.client.base
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/api/v3")
	u.Host = strings.TrimPrefix(u.Host, "api.")
	return &u
}
