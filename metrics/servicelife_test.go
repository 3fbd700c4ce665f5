package metrics_test

import (
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// served is a snapshot of incidents of named services, the second of each pair
// a recurrence of the first.
func served(services ...[]string) (*metrics.Snapshot, metrics.Cohort) {
	s := metrics.NewSnapshot(0)
	for n, names := range services {
		key, start := domain.IncidentKey("INC-"+string(rune('1'+n))), day(100*(n+1))
		r := metrics.IncidentRecord{Key: key, Started: start, Resolved: start.Add(time.Hour), Services: names}
		if n%2 == 1 {
			r.RecurrenceOf = domain.IncidentKey("INC-" + string(rune('0'+n)))
		}
		s.PutIncident(r)
	}
	return s, metrics.Cohort{Pins: metrics.Pins{AsOf: day(1000), Policy: domain.DefaultPolicy()}}
}

func day(n int) time.Time { return time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func recurrence(t *testing.T, s *metrics.Snapshot, c metrics.Cohort, in metrics.RecurrenceInput) metrics.RecurrenceReport {
	t.Helper()
	r, err := metrics.Recurrence(s, c, in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The exposure of a service is its life in the catalogue; without a start it is
// opened by the first incident. Either way the figure says so.
func TestExposureComesFromTheCatalogue(t *testing.T) {
	s, c := served([]string{"db"}, []string{"db"})
	for _, k := range []struct {
		name    string
		entries []metrics.ServiceLife
		window  metrics.Period
		days    int
		start   string
		outside int
	}{
		{"no entry", nil, metrics.Period{}, 900, metrics.StartAssumed, 0},
		{"no start", []metrics.ServiceLife{{Service: "db"}}, metrics.Period{}, 900, metrics.StartAssumed, 0},
		{"start", []metrics.ServiceLife{{Service: "db", From: day(0)}}, metrics.Period{}, 1000, metrics.StartCatalogued, 0},
		{"other spelling", []metrics.ServiceLife{{Service: " DB ", From: day(0)}}, metrics.Period{}, 1000, metrics.StartCatalogued, 0},
		{"another service", []metrics.ServiceLife{{Service: "api"}}, metrics.Period{}, 900, metrics.StartAssumed, 0},
		{"retired", []metrics.ServiceLife{{Service: "db", From: day(0), To: day(500)}}, metrics.Period{}, 500, metrics.StartCatalogued, 0},
		{"window", []metrics.ServiceLife{{Service: "db", From: day(0)}}, metrics.Period{From: day(150), To: day(450)}, 300, metrics.StartCatalogued, 0},
		{"began too late", []metrics.ServiceLife{{Service: "db", From: day(150)}}, metrics.Period{}, 850, metrics.StartCatalogued, 1},
		{"not yet", []metrics.ServiceLife{{Service: "db", From: day(2000)}}, metrics.Period{}, 0, "", 0},
	} {
		t.Run(k.name, func(t *testing.T) {
			r := recurrence(t, s, c, metrics.RecurrenceInput{Services: k.entries, Window: k.window})
			if r.Rate.N != k.days {
				t.Errorf("exposure %d days, want %d", r.Rate.N, k.days)
			}
			if k.days == 0 {
				if len(r.PerService) != 0 {
					t.Errorf("rates without exposure: %+v", r.PerService)
				}
				return
			}
			if len(r.PerService) != 1 || r.PerService[0].Start != k.start || r.PerService[0].Outside != k.outside || r.PerService[0].Rate.N != k.days {
				t.Errorf("rates = %+v, want start %s, outside %d", r.PerService, k.start, k.outside)
			}
			if r.CataloguedStarts+r.AssumedStarts != 1 || (r.CataloguedStarts == 1) != (k.start == metrics.StartCatalogued) {
				t.Errorf("%d catalogued and %d assumed starts", r.CataloguedStarts, r.AssumedStarts)
			}
		})
	}
}

// A catalogued start counts the first incident; an assumed one does not.
func TestFirstIncidentCountsWhereTheStartIsKnown(t *testing.T) {
	s, c := served([]string{"db"}, []string{"api"})
	assumed := recurrence(t, s, c, metrics.RecurrenceInput{})
	known := recurrence(t, s, c, metrics.RecurrenceInput{Services: []metrics.ServiceLife{{Service: "db", From: day(0)}, {Service: "api", From: day(0)}}})
	if assumed.Rate.X != 0 || known.Rate.X != 1 {
		t.Errorf("recurrences: %d assumed, %d known; want 0 and 1", assumed.Rate.X, known.Rate.X)
	}
	if len(known.Services) != 2 || len(known.Services[1].Incidents) != 1 {
		t.Errorf("histories = %+v", known.Services)
	}
}

// A service without incidents adds its life, as far as the filter chooses it.
func TestServicesWithoutIncidents(t *testing.T) {
	s, c := served([]string{"db"}, []string{"db"})
	in := metrics.RecurrenceInput{Services: []metrics.ServiceLife{{Service: "Cache", From: day(900)}}}
	if r := recurrence(t, s, c, in); r.Rate.N != 1000 || len(r.PerService) != 2 {
		t.Errorf("exposure %d, rates %+v", r.Rate.N, r.PerService)
	}
	c.Services = []string{"cache"}
	if r := recurrence(t, s, c, in); r.Rate.N != 100 || len(r.PerService) != 1 || r.PerService[0].Service != "Cache" {
		t.Errorf("of cache: exposure %d, rates %+v", r.Rate.N, r.PerService)
	}
}

// Spellings of one name are one service, whatever the order they come in.
func TestSpellingsAreOneService(t *testing.T) {
	for _, names := range [][][]string{{{"api"}, {"API", "Api"}}, {{"API", "Api"}, {"api"}}} {
		s, c := served(names...)
		c.Services = []string{"aPi"}
		r := recurrence(t, s, c, metrics.RecurrenceInput{})
		if len(r.PerService) != 1 || r.PerService[0].Service != "API" || r.Rate.X != 1 || r.Rate.N != 900 {
			t.Errorf("rates = %+v over %d days", r.PerService, r.Rate.N)
		}
		q, err := metrics.Quality(s, c, []metrics.ServiceLife{{Service: "api", From: day(0)}})
		if err != nil {
			t.Fatal(err)
		}
		for _, check := range q.Checks {
			if check.Name == "service_life_unknown" && (check.Count != 0 || check.Of != 1) {
				t.Errorf("%s = %d of %d", check.Name, check.Count, check.Of)
			}
		}
	}
}
