package main

import (
	"slices"
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// TestBothSidesChangeTheSameField: the policy decides, the losing value is in
// the history and can be put back.
func TestBothSidesChangeTheSameField(t *testing.T) {
	eachEngine(t, func(t *testing.T, databaseURL string) {
		tests := map[string]struct {
			policy        domain.Resolution
			winner, loser string
			asks          bool
		}{
			"ours":    {policy: domain.ResolveOurs, winner: "Changed here", loser: "Changed there"},
			"tracker": {policy: domain.ResolveTracker, winner: "Changed there", loser: "Changed here"},
			"newest":  {policy: domain.ResolveNewest, winner: "Changed there", loser: "Changed here"},
			"ask":     {policy: domain.ResolveAsk, asks: true},
		}
		h := newHouse(t, databaseURL)
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				h.t = t
				h.policy(domain.FieldTitle, tt.policy)
				key := h.measureOn(onGitHub, "Contested")
				h.pass()
				h.edit(h.measure(key), domain.MeasureEdit{Title: domain.Some("Changed here")})
				h.later(5 * time.Minute) // the other edit is clearly newer
				if err := h.gh.As("ben").Retitle(houseRepo, h.issue(key).Number, "Changed there"); err != nil {
					t.Fatal(err)
				}
				h.pass()
				h.pass()
				if tt.asks {
					h.decide(key, domain.ChooseTheirs)
					h.pass()
					tt.winner, tt.loser = "Changed there", "Changed here"
				}
				if got, there := h.measure(key).Title, h.issue(key).Title; got != tt.winner || there != tt.winner {
					t.Fatalf("the title is %q here and %q there, want %q", got, there, tt.winner)
				}
				h.putBack(key, domain.FieldTitle, tt.loser)
				h.pass()
				if got, there := h.measure(key).Title, h.issue(key).Title; got != tt.loser || there != tt.loser {
					t.Errorf("after putting it back the title is %q here and %q there, want %q", got, there, tt.loser)
				}
			})
		}
	})
}

// policy says who wins when both sides change a field on GitHub.
func (h *house) policy(f domain.Field, r domain.Resolution) {
	h.t.Helper()
	tracker := h.must(h.app.Trackers.Get(h.t.Context(), operator(), onGitHub)).(domain.Tracker)
	h.must(h.app.Trackers.Edit(h.t.Context(), operator(), onGitHub, tracker.Version, app.TrackerPatch{Change: func(t *domain.Tracker) {
		t.ConflictPolicy = map[domain.Field]domain.Resolution{f: r}
	}}))
}

// measureOn makes an accepted measure of a new incident and links it.
func (h *house) measureOn(id domain.TrackerID, title string) domain.MeasureKey {
	h.t.Helper()
	ctx := h.t.Context()
	incident := h.must(h.app.Incidents.Create(ctx, h.boss, domain.IncidentEdit{Title: domain.Some("Something broke"), Severity: domain.Some(domain.SEV3),
		StartedAt: domain.Some(h.clock.now())})).(domain.Incident)
	m := h.must(h.app.Measures.Create(ctx, h.boss, domain.NewMeasure{Incident: incident.Key, Title: title, Kind: domain.Prevent, Priority: domain.P2, Status: domain.Accepted,
		Owner: "p_ben", Metric: domain.ParseMetric("alarms; target at_most 2; baseline 9; window 30 d")})).(domain.Measure)
	h.must(h.app.Links.Add(ctx, h.boss, m.Key, id, ""))
	return m.Key
}

// decide answers the open conflict of a measure.
func (h *house) decide(key domain.MeasureKey, choice domain.Choice) {
	h.t.Helper()
	open := true
	list := h.must(h.app.Conflicts.List(h.t.Context(), operator(), domain.ConflictFilter{Measure: key, Open: &open}, domain.Page{Limit: 10})).(domain.List[domain.Conflict])
	if len(list.Items) != 1 {
		h.t.Fatalf("%s has %d open conflicts, want 1", key, len(list.Items))
	}
	c := list.Items[0]
	if c.Ours != "Changed here" || c.Theirs != "Changed there" || c.Base != "Contested" {
		h.t.Errorf("the conflict shows base %q, ours %q, theirs %q", c.Base, c.Ours, c.Theirs)
	}
	if c.OursBy != "p_ana" || c.OursAt.IsZero() || c.TheirsAt.IsZero() {
		h.t.Errorf("the conflict does not say who and when: ours by %q at %v, theirs at %v", c.OursBy, c.OursAt, c.TheirsAt)
	}
	h.must(h.app.Conflicts.Resolve(h.t.Context(), h.boss, c.ID, c.Version, choice, nil, ""))
}

// putBack restores an overwritten value from the history.
func (h *house) putBack(key domain.MeasureKey, f domain.Field, value string) {
	h.t.Helper()
	list := h.must(h.app.Measures.History(h.t.Context(), operator(), key, domain.Page{Limit: 200})).(domain.List[domain.Change])
	n := slices.IndexFunc(list.Items, func(c domain.Change) bool {
		return c.Field == string(f) && c.Overwritten && (c.From == value || c.To == value)
	})
	if n < 0 {
		h.t.Fatalf("the history of %s does not hold the overwritten %q: %+v", key, value, list.Items)
	}
	c := list.Items[n]
	side := app.SideFrom
	if c.To == value {
		side = app.SideTo
	}
	h.must(h.app.Measures.PutBack(h.t.Context(), h.boss, key, h.measure(key).Version, c.Seq, side, "it was right"))
}
