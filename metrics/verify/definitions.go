package verify

import (
	"encoding/json"
	"math"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// instantFormat is how reference files print instants: UTC milliseconds.
const instantFormat = "2006-01-02T15:04:05.000Z"

type eventInput struct {
	At       time.Time `json:"at"`
	Recorded time.Time `json:"recorded"`
	Type     string    `json:"type"`
	Due      string    `json:"due"`
	Zone     string    `json:"zone"`
	Reason   string    `json:"reason"`
	Outcome  string    `json:"outcome"`
}

func events(in []eventInput) ([]metrics.Event, error) {
	out := make([]metrics.Event, len(in))
	for i, e := range in {
		t, err := metrics.ParseEventType(e.Type)
		if err != nil {
			return nil, err
		}
		due, err := domain.ParseDate(e.Due)
		if err != nil {
			return nil, err
		}
		out[i] = metrics.Event{
			At: e.At, Recorded: e.Recorded, Type: t, Due: due,
			Reason: domain.ClosureReason(e.Reason), Verdict: domain.Verdict(e.Outcome),
		}
		if e.Zone != "" {
			if out[i].Zone, err = zone(e.Zone); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func zone(name string) (*time.Location, error) {
	z, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, domain.Errorf(domain.ErrInvalid, "zone %q is not known; use an IANA name such as Europe/Berlin", name)
	}
	return z, nil
}

func facts(in []eventInput, asOf, knownAt time.Time, zoneName string) (metrics.Facts, error) {
	log, err := events(in)
	if err != nil {
		return metrics.Facts{}, err
	}
	z, err := zone(zoneName)
	if err != nil {
		return metrics.Facts{}, err
	}
	return metrics.FactsOf(log, metrics.Cut{AsOf: asOf, KnownAt: knownAt, Zone: z})
}

func measureFacts(input, _ json.RawMessage) (any, error) {
	var in struct {
		AsOf    time.Time    `json:"as_of"`
		KnownAt time.Time    `json:"known_at"`
		Zone    string       `json:"zone"`
		Events  []eventInput `json:"events"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	f, err := facts(in.Events, in.AsOf, in.KnownAt, in.Zone)
	if err != nil {
		return nil, err
	}
	slippage := math.NaN()
	if days, ok := f.Slippage(); ok {
		slippage = float64(days)
	}
	out := object{
		"state": f.State.String(), "excluded": f.Excluded, "completed": f.Completed(), "cause": int(f.Cause()),
		"t_days": f.Days(in.AsOf), "first_done_at": instant(f.FirstDone), "due_moves": f.DueMoves, "reopened": f.Reopened,
		"effective": f.Effective(), "slippage_days": slippage,
	}
	for name, d := range map[string]metrics.Due{"original": f.Original, "current": f.Current} {
		out[name+"_due"] = date(d.Date)
		out["deadline_"+name] = instant(d.Deadline)
		out["on_time_"+name] = f.OnTime(d, in.AsOf)
		out["overdue_"+name] = f.Overdue(d, in.AsOf)
		out["days_overdue_"+name] = f.DaysOverdue(d, in.AsOf)
	}
	return out, nil
}

func instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(instantFormat)
}

func date(d domain.Date) any {
	if d.IsZero() {
		return nil
	}
	return d.String()
}

func incidentRollUp(input, _ json.RawMessage) (any, error) {
	var in struct {
		AsOf     time.Time      `json:"as_of"`
		KnownAt  time.Time      `json:"known_at"`
		Zone     string         `json:"zone"`
		Measures [][]eventInput `json:"measures"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	var all []metrics.Facts
	for _, m := range in.Measures {
		f, err := facts(m, in.AsOf, in.KnownAt, in.Zone)
		if domain.KindOf(err) == domain.ErrNotFound {
			continue // not created yet
		}
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	r := metrics.RollUpIncident(all, in.AsOf)
	completion := math.NaN()
	if share, ok := r.Completion(); ok {
		completion = share
	}
	return object{
		"total": r.Total, "done": r.Done, "verified": r.Verified, "effective": r.Effective, "cancelled": r.Cancelled,
		"open": r.Open, "overdue": r.Overdue, "excluded": r.Excluded, "without_due": r.WithoutDue, "completion": completion,
		"followed_through": r.FollowedThrough, "verified_through": r.VerifiedThrough,
	}, nil
}

func recurrenceStates(input, _ json.RawMessage) (any, error) {
	var in struct {
		AsOf      time.Time  `json:"as_of"`
		KnownAt   time.Time  `json:"known_at"`
		Zone      string     `json:"zone"`
		Retired   *time.Time `json:"retired"`
		Incidents []struct {
			ID       string     `json:"id"`
			Start    time.Time  `json:"start"`
			Resolved *time.Time `json:"resolved"`
		} `json:"incidents"`
		Measures []struct {
			Type   string       `json:"type"`
			Events []eventInput `json:"events"`
		} `json:"measures"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	policy := domain.DefaultPolicy()
	var plan []metrics.Facts
	for _, m := range in.Measures {
		if !policy.Prevents(domain.MeasureKind(m.Type)) {
			continue
		}
		f, err := facts(m.Events, in.AsOf, in.KnownAt, in.Zone)
		if domain.KindOf(err) == domain.ErrNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		plan = append(plan, f)
	}
	var family []metrics.Occurrence
	for _, i := range in.Incidents {
		o := metrics.Occurrence{ID: i.ID, Start: i.Start}
		if i.Resolved != nil {
			o.Resolved = *i.Resolved
		}
		family = append(family, o)
	}
	end := in.AsOf
	if in.Retired != nil && in.Retired.Before(end) {
		end = *in.Retired
	}
	h, err := metrics.FollowFamily(family, plan, end)
	if err != nil {
		return nil, err
	}
	exposure, struck, classified := counts{}, counts{}, []any{}
	for _, s := range metrics.PlanStates() {
		if h.Exposure[s] > 0 {
			exposure[s.String()] = h.Exposure[s].Hours() / 24
		}
		if h.Events[s] > 0 {
			struck[s.String()] = h.Events[s]
		}
	}
	for _, c := range h.Classified {
		classified = append(classified, object{"id": c.ID, "days_since_resolved": c.DaysSinceResolved, "state": c.State.String()})
	}
	return object{
		"recurrences": h.Recurrences, "overlapping": h.Overlapping, "first_recurrence_days": h.FirstRecurrence,
		"censored_at_days": h.FollowUp, "exposure_days": exposure, "events_by_state": struck, "classified": classified,
	}, nil
}

func little(input, _ json.RawMessage) (any, error) {
	var in struct {
		Window [2]time.Time `json:"window"`
		Items  []struct {
			In  time.Time  `json:"in"`
			Out *time.Time `json:"out"`
		} `json:"items"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	var spells []metrics.Spell
	for _, i := range in.Items {
		s := metrics.Spell{In: i.In}
		if i.Out != nil {
			s.Out = *i.Out
		}
		spells = append(spells, s)
	}
	l, err := metrics.LittlesLaw(in.Window[0], in.Window[1], spells)
	return object{
		"window_days": l.Window.Hours() / 24, "total_age_days": l.TotalOpen.Hours() / 24, "average_open": l.AverageOpen,
		"arrivals": l.Arrivals, "departures": l.Departures, "open_at_start": l.OpenAtStart, "open_at_end": l.OpenAtEnd,
	}, err
}
