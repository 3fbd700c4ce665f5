package main

import (
	"github.com/followthrough/followthrough/domain"
)

// The demo's fiction: Nordwind Parcels, its people, incidents and measures.
// Days count backwards from the moment the demo starts.

type demoPerson struct {
	login, name, team string
	role              domain.Role
}

type demoIncident struct {
	title, summary   string
	severity         domain.Severity
	daysAgo, minutes int // when it started, how long it lasted
	services, causes []string
	team             string
	recurrenceOf     int // 1 is the first incident of the list; 0 is none
	closedAfterDays  int // 0 leaves it in review
	measures         []demoMeasure
}

type demoMeasure struct {
	title, description string
	kind               domain.MeasureKind
	priority           domain.Priority
	owner, metric      string
	// Days after the incident; zero means that it has not happened.
	startedAfter, doneAfter, verifiedAfter, cancelledAfter int
	verdict                                                domain.Verdict
	closure                                                domain.ClosureReason
	// movedAfter days after the incident its due date was moved by moveDays.
	movedAfter, moveDays int
	moveReason           string
	links                []domain.TrackerID
}

func demoPeople() []demoPerson {
	return []demoPerson{
		{"ana", "Ana Lindqvist", "platform", domain.Admin},
		{"ben", "Ben Okafor", "platform", domain.Member},
		{"cleo", "Cleo Marchetti", "delivery", domain.Member},
		{"dario", "Dario Feld", "delivery", domain.Member},
		{"edda", "Edda Nowak", "platform", domain.Auditor},
	}
}

func demoTeams() map[string]string {
	return map[string]string{"platform": "Platform", "delivery": "Delivery"}
}

func demoIncidents() []demoIncident {
	github, jira := []domain.TrackerID{demoGitHub}, []domain.TrackerID{demoJira}
	both := []domain.TrackerID{demoGitHub, demoJira}
	return []demoIncident{
		{title: "Parcel tracking shows yesterday's positions", summary: "The read replica lagged for six hours; nobody was told.", severity: domain.SEV2,
			daysAgo: 415, minutes: 372, services: []string{"tracking"}, causes: []string{"replication"}, team: "platform", closedAfterDays: 70, measures: []demoMeasure{
				{title: "Alert when replication lags over 30 s", kind: domain.Detect, priority: domain.P1, owner: "ben", metric: "time to detect replication lag; target at_most 5 min; baseline 42; window 30 d",
					startedAfter: 2, doneAfter: 11, verifiedAfter: 45, verdict: domain.Effective},
				{title: "Serve tracking from the primary when the replica lags", kind: domain.Mitigate, priority: domain.P2, owner: "cleo", metric: "requests with stale data; target at_most 10 per day; baseline 4100; window 30 d",
					startedAfter: 5, doneAfter: 52, verifiedAfter: 69, verdict: domain.Partly, movedAfter: 28, moveDays: 21, moveReason: "the routing change waited for the load test"},
			}},
		{title: "Label printing stopped in the Hamburg hub", summary: "A certificate of the print gateway expired on a Sunday.", severity: domain.SEV1,
			daysAgo: 352, minutes: 214, services: []string{"labels"}, causes: []string{"expired certificate"}, team: "delivery", closedAfterDays: 60, measures: []demoMeasure{
				{title: "Renew certificates automatically", kind: domain.Prevent, priority: domain.P0, owner: "dario", metric: "certificates with less than 20 days left; target at_most 0; baseline 7; window 90 d",
					startedAfter: 1, doneAfter: 6, verifiedAfter: 40, verdict: domain.Effective},
				{title: "Write down who is called when printing stops", kind: domain.Cover, priority: domain.P2, owner: "cleo", metric: "time until the right person answers; target at_most 10 min; baseline 55; window 60 d",
					startedAfter: 8, doneAfter: 24, verifiedAfter: 58, verdict: domain.Effective},
				{title: "Keep a spare printer configured at each hub", kind: domain.Mitigate, priority: domain.P3, owner: "dario", metric: "hubs with a tested spare; target at_least 6 hubs; baseline 1; window 30 d",
					startedAfter: 30, cancelledAfter: 48, closure: domain.WontDo},
			}},
		{title: "Checkout answered 502 for a quarter of all customers", summary: "A deployment filled the connection pool.", severity: domain.SEV2,
			daysAgo: 288, minutes: 96, services: []string{"checkout"}, causes: []string{"connection pool"}, team: "platform", closedAfterDays: 75, measures: []demoMeasure{
				{title: "Limit connections per instance", kind: domain.Repair, priority: domain.P1, owner: "ben", metric: "refused connections per deployment; target at_most 0; baseline 310; window 30 d",
					startedAfter: 1, doneAfter: 9, verifiedAfter: 50, verdict: domain.Effective},
				{title: "Roll deployments out in four steps", kind: domain.Process, priority: domain.P1, owner: "ana", metric: "customers hit by a bad deployment; target at_most 5 %; baseline 25; window 60 d",
					startedAfter: 4, doneAfter: 22, verifiedAfter: 72, verdict: domain.Partly, movedAfter: 13, moveDays: 10, moveReason: "the traffic split needed a newer proxy"},
			}},
		{title: "Parcel tracking stale again during the sale", summary: "The replica lagged under load; the alert fired within two minutes.", severity: domain.SEV3,
			daysAgo: 231, minutes: 58, services: []string{"tracking"}, causes: []string{"replication"}, team: "platform", recurrenceOf: 1, closedAfterDays: 90, measures: []demoMeasure{
				{title: "Give the replica its own disk", kind: domain.Prevent, priority: domain.P1, owner: "ben", metric: "replication lag at peak; target at_most 5 s; baseline 340; window 30 d",
					startedAfter: 3, doneAfter: 20, verifiedAfter: 80, verdict: domain.Effective},
				{title: "Rehearse the sale with last year's load", kind: domain.Training, priority: domain.P2, owner: "ana", metric: "load tests before a sale; target at_least 1; baseline 0; window 180 d",
					startedAfter: 20, doneAfter: 61},
			}},
		{title: "Customs declarations rejected at the border", summary: "A supplier changed a code list without notice.", severity: domain.SEV3,
			daysAgo: 150, minutes: 640, services: []string{"customs"}, causes: []string{"supplier change"}, team: "delivery", measures: []demoMeasure{
				{title: "Compare the supplier's code list every night", kind: domain.Detect, priority: domain.P2, owner: "cleo", metric: "time until a changed code is noticed; target at_most 24 h; baseline 190; window 60 d",
					startedAfter: 6, doneAfter: 33, links: github},
				{title: "Agree on a notice period with the customs supplier", kind: domain.Process, priority: domain.P2, owner: "dario", metric: "changes announced in time; target at_least 95 %; baseline 20; window 180 d",
					startedAfter: 12, movedAfter: 29, moveDays: 60, moveReason: "the contract is renewed in spring", links: jira},
				{title: "Train the night shift to declare by hand", kind: domain.Training, priority: domain.P3, owner: "cleo", metric: "people who can declare by hand; target at_least 4; baseline 1; window 30 d",
					startedAfter: 40, links: jira},
			}},
		{title: "Mobile app could not sign in", summary: "The identity provider's rate limit was hit after a marketing mail.", severity: domain.SEV2,
			daysAgo: 84, minutes: 47, services: []string{"sign-in"}, causes: []string{"rate limit"}, team: "platform", measures: []demoMeasure{
				{title: "Cache tokens in the app", description: "Keep a token until **five minutes** before it expires.", kind: domain.Prevent, priority: domain.P1, owner: "ben", metric: "sign-in calls per user and day; target at_most 3; baseline 41; window 30 d",
					startedAfter: 2, doneAfter: 14, links: both},
				{title: "Marketing tells the on-call person before a large mail", kind: domain.Process, priority: domain.P2, owner: "ana", metric: "large mails announced; target at_least 100 %; baseline 0; window 90 d",
					startedAfter: 5, links: jira},
				{title: "Show a clear message when sign-in is throttled", kind: domain.Mitigate, priority: domain.P3, owner: "cleo", metric: "support calls per throttled hour; target at_most 5; baseline 60; window 30 d", links: github},
			}},
		{title: "Route planning used last week's road closures", summary: "The import job failed silently for eight days.", severity: domain.SEV3,
			daysAgo: 38, minutes: 11400, services: []string{"routing"}, causes: []string{"silent job failure"}, team: "delivery", measures: []demoMeasure{
				{title: "Alert when an import is older than a day", kind: domain.Detect, priority: domain.P1, owner: "dario", metric: "age of the newest import; target at_most 26 h; baseline 192; window 30 d",
					startedAfter: 1, movedAfter: 12, moveDays: 14, moveReason: "the scheduler is replaced first", links: both},
				{title: "Name a deputy for every import job", kind: domain.Cover, priority: domain.P2, owner: "cleo", metric: "jobs with a named deputy; target at_least 12; baseline 3; window 30 d",
					startedAfter: 4, links: jira},
				{title: "Investigate why the retry did not fire", kind: domain.Investigate, priority: domain.P2, owner: "ben", metric: "explained failures; target at_least 1; baseline 0; window 30 d", links: github},
			}},
		{title: "Checkout slow for an hour after a deployment", summary: "The pool limit held, but a migration locked the orders table.", severity: domain.SEV3,
			daysAgo: 19, minutes: 62, services: []string{"checkout"}, causes: []string{"schema migration"}, team: "platform", measures: []demoMeasure{
				{title: "Refuse migrations that lock a large table", kind: domain.Prevent, priority: domain.P1, owner: "ben", metric: "locks over one second per month; target at_most 0; baseline 3; window 60 d",
					startedAfter: 1, links: github},
				{title: "Practise rolling a migration back", kind: domain.Training, priority: domain.P2, owner: "ana", metric: "people who have done it; target at_least 5; baseline 1; window 60 d", links: both},
			}},
		{title: "Two hubs lost the network after a switch update", summary: "Both paths ran through the same closet.", severity: domain.SEV1,
			daysAgo: 6, minutes: 131, services: []string{"network", "labels"}, causes: []string{"single path"}, team: "platform", measures: []demoMeasure{
				{title: "Lay a second path to Hamburg and Hanover", kind: domain.Prevent, priority: domain.P0, owner: "ana", metric: "hubs with two separate paths; target at_least 6 hubs; baseline 4; window 30 d",
					startedAfter: 1, links: github},
				{title: "Update switches of one path at a time", kind: domain.Process, priority: domain.P1, owner: "ben", metric: "updates that touched both paths; target at_most 0; baseline 1; window 90 d", links: jira},
			}},
	}
}
