package app

import (
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Store is everything the operations need of the database. Each service
// declares its own small part beside its code.
type Store interface {
	incidentStore
	measureStore
	linkStore
	conflictStore
	trackerStore
	importStore
	reportStore
	assessmentStore
	reviewStore
	checkStore
	logStore
	peopleStores
}

// peopleStores are about people, their access, what they have chosen and what
// the organisation has set up.
type peopleStores interface {
	accessStore
	peopleStore
	policyStore
	serviceStore
	savedViewStore
	reminderStore
}

// Options is what the operations are built from.
type Options struct {
	Store Store
	// Now is the clock; Zone is the organisation's time zone, in which due dates end.
	Now  func() time.Time
	Zone *time.Location
	// Hosts lists the hosts trackers may point to.
	Hosts domain.HostList
	// ProbeHosts lists the hosts success metrics may be read from.
	ProbeHosts domain.HostList
	// Remote reaches the trackers; nil where nothing is synchronised, which
	// refuses every operation that would need one.
	Remote Remote
	// TokenCache keeps looked-up tokens for this long. It may be set only where
	// one process alone writes the database: every change made here empties the
	// cache, a change made elsewhere would be seen late. Zero looks up each time.
	TokenCache time.Duration
	// Dumps keeps the folded statistics over a restart; nil folds the history at
	// every start. Version is the program's: another one's dump is dropped.
	Dumps   Dumps
	Version string
	// Language is the organisation's, en or de; Ways are how letters go out.
	Language string
	Ways     Ways
	// Kept keeps the last signed checkpoint of the evidence log outside the
	// database; nil keeps it nowhere else. Post shows checkpoints to the issue
	// that Witness names; nil posts nothing.
	Kept    CheckpointKeeper
	Post    Poster
	Witness WitnessIssue
}

// App is all operations, wired.
type App struct {
	Incidents   *Incidents
	Measures    *Measures
	Links       *Links
	Conflicts   *Conflicts
	Trackers    *Trackers
	Imports     *Imports
	Reports     *Reports
	Access      *Access
	People      *People
	Policies    *Policies
	Assessments *Assessments
	SavedViews  *SavedViews
	Reminders   *Reminders
	Reviews     *Reviews
	Evidence    *Evidence
	Checks      *Checks
	Services    *Services

	// Now and Zone are the clock and the zone the operations judge by.
	Now  func() time.Time
	Zone *time.Location
}

// New wires the operations.
func New(o Options) *App {
	zone := o.Zone
	if zone == nil {
		zone = time.UTC
	}
	policies := &Policies{Store: o.Store, Now: o.Now}
	access := &Access{Store: o.Store, Now: o.Now, cache: newTokenCache(o.TokenCache)}
	live := &portfolios{store: o.Store, now: o.Now, zone: zone, dumps: o.Dumps, version: o.Version}
	late := &lateCounter{store: o.Store, live: live}
	incidents := &Incidents{Store: o.Store, Policies: policies, Now: o.Now, Zone: zone}
	return &App{
		Incidents:   incidents,
		Measures:    &Measures{Store: o.Store, Policies: policies, Now: o.Now, Zone: zone, ProbeHosts: o.ProbeHosts, late: late},
		Links:       &Links{Store: o.Store, Remote: o.Remote, Now: o.Now},
		Conflicts:   &Conflicts{Store: o.Store, Policies: policies, Now: o.Now, Zone: zone},
		Trackers:    &Trackers{Store: o.Store, Remote: o.Remote, Hosts: o.Hosts, Now: o.Now},
		Imports:     &Imports{Store: o.Store, Policies: policies, Now: o.Now, Zone: zone},
		Reports:     &Reports{Store: o.Store, Policies: policies, Now: o.Now, Zone: zone, portfolios: live, late: late},
		Access:      access,
		People:      &People{Store: o.Store, Now: o.Now, forget: access.Forget},
		Policies:    policies,
		Reviews:     &Reviews{Store: o.Store, Policies: policies, Now: o.Now, Zone: zone},
		Assessments: &Assessments{Store: o.Store, Policies: policies, Incidents: incidents, Now: o.Now, Zone: zone},
		SavedViews:  &SavedViews{Store: o.Store, Now: o.Now},
		Reminders:   &Reminders{Store: o.Store, Policies: policies, Now: o.Now, Zone: zone, Language: o.Language, Ways: o.Ways},
		Evidence:    &Evidence{Store: o.Store, Kept: o.Kept, Post: o.Post, Witness: o.Witness, Now: o.Now, Zone: zone, Version: o.Version},
		Checks:      &Checks{Store: o.Store, Policies: policies, Now: o.Now, Zone: zone},
		Services:    &Services{Store: o.Store, Now: o.Now},
		Now:         o.Now,
		Zone:        zone,
	}
}
