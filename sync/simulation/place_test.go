package simulation

import (
	"context"
	"net/http"
	"time"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// configuration is how Followthrough is told about a place.
type configuration struct {
	tracker    domain.Tracker
	secrets    domain.Secrets
	identities []domain.Identity
}

// truth is an issue as it really is, whatever anybody was told.
type truth struct {
	id      string
	key     string
	nonce   string
	deleted bool
	labels  []string
	others  []string // assignees that nobody here knows
	text    string   // what people wrote, byte for byte
	values  map[domain.Field]string
}

// place is one repository or project in a simulated tracker, with the people
// who work there.
type place interface {
	configured() configuration
	transport() http.RoundTripper
	open(t domain.Tracker, s domain.Secrets, ids []domain.Identity, transport http.RoundTripper, now func() time.Time) (tracksync.Tracker, error)
	classify(*http.Request) domain.Call

	// issues are all issues ever made, in order.
	issues() []truth
	issue(id string) (truth, bool)
	// create is a person opening an issue; edit a person changing one field,
	// given in the domain's canonical form.
	create(title, text string, labels ...string) (string, error)
	edit(id string, f domain.Field, value string) error
	// prose is a person rewriting the text around the block.
	prose(id string, above func(string) string, below string) error
	// smash is a person deleting the block; mistype one writing nonsense into it.
	smash(id string) error
	mistype(id, value string) error
	label(id, name string, on bool) error
	// join adds an assignee nobody here knows; it does nothing where there is only one.
	join(id string) error
	copyOf(id string) (string, error)
	remove(id string) error

	// arm lets the next request go wrong; disarm forgets what did not strike.
	arm(n int, creates bool) (name string)
	faults() []string
	disarm()
	lag(d time.Duration)
	hooks(loss, twice float64, late time.Duration)
	deliver(ctx context.Context) int
	waiting() int
	sometimes() map[string]int
	resetLog()
	requests() int
}

// The trackers of every world.
const (
	gh = domain.TrackerID("gh")
	jc = domain.TrackerID("jc")
	jd = domain.TrackerID("jd")
)

var hosts = domain.HostList{"https://api.github.com", "https://acme.atlassian.net", "https://jira.example"}

const hookSecret = "the simulation signs its webhooks with this one"

// receiver takes webhook deliveries; it answers with an HTTP status.
type receiver func(ctx context.Context, id domain.TrackerID, header http.Header, body []byte) int

// sites are the three places of a world.
type sites struct {
	github  *githubPlace
	cloud   *jiraPlace
	centre  *jiraPlace
	receive receiver
}

func newSites(seed uint64, now func() time.Time) *sites {
	s := &sites{receive: func(context.Context, domain.TrackerID, http.Header, []byte) int { return http.StatusServiceUnavailable }}
	s.github = newGitHubPlace(githubsim.Options{Now: now, Seed: seed, Sender: func(ctx context.Context, d githubsim.Delivery) (int, error) {
		return s.receive(ctx, gh, d.Header, d.Body), nil
	}})
	s.cloud = newJiraPlace(jc, jirasim.Options{Now: now, Seed: seed, Sender: jirasim.ToHandler(s.handler(jc))})
	s.centre = newJiraPlace(jd, jirasim.Options{Now: now, Seed: seed, Flavor: jirasim.DataCenter, Version: "10.3.2", Sender: jirasim.ToHandler(s.handler(jd))})
	return s
}

func (s *sites) places() []place { return []place{s.github, s.cloud, s.centre} }

func (s *sites) at(id domain.TrackerID) place {
	switch id {
	case gh:
		return s.github
	case jc:
		return s.cloud
	}
	return s.centre
}
