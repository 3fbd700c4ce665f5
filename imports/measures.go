package imports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// addMeasure reads one measure. Statements without a home in the domain stay
// readable in the description.
func (b *builder) addMeasure(r row) {
	m := measure{row: r, actionID: r.get("action_id", "key")}
	m.Line = r.line
	m.IncidentID = r.get("incident_id", "incident")
	m.OwnerText = r.get("owner", "external_owner")
	m.seq, _ = strconv.Atoi(r.get("seq")) // only for the order; the text is kept
	title, links := splitLinks(r.get("title"))
	d := &m.Measure
	d.Title, d.Description = fitTitle(title, domain.NormalText(r.text["description"]))
	d.Kind = b.kind(r)
	d.Priority = b.priority(r)
	d.Team = domain.TeamID(r.get("team"))
	b.measureStatus(&m)
	b.measureTimes(&m)
	d.Metric = b.metric(r)
	m.Links = b.links(r, links)
	d.Description = joinParts(d.Description, measureFacts(r))
	b.measures = append(b.measures, m)
}

// measureStatus takes the status the row states. Unknown is not open; and
// verified is a judgement that is given here, so an import may only claim done.
func (b *builder) measureStatus(m *measure) {
	r, d := m.row, &m.Measure
	text := r.get("status")
	status, ok := statusWord(text)
	switch {
	case text == "":
		m.StatusUnknown = true
		return
	case !ok:
		b.refuseRow(r, "status", "%q is not accepted; use one of %s, or leave it empty where it is unknown", text, joined(domain.Statuses()))
		return
	case status == domain.Verified:
		b.warn(r, "status", "verified is a person's judgement and is given here; imported as done")
		status = domain.Done
	}
	d.Status = status
	if status == domain.Cancelled {
		b.closure(m)
	}
}

func (b *builder) closure(m *measure) {
	r, d := m.row, &m.Measure
	d.ClosureReason = domain.ClosureReason(strings.ToLower(r.get("closure_reason")))
	d.ClosureNote = r.get("closure_note")
	d.RiskAcceptedUntil = b.day(r, "risk_accepted_until")
	switch {
	case d.ClosureReason == "":
		b.refuseRow(r, "closure_reason", "is empty; a cancelled measure says why: %s", joined(domain.ClosureReasons()))
	case (d.ClosureReason == domain.WontDo || d.ClosureReason == domain.RiskAccepted) && d.ClosureNote == "":
		b.refuseRow(r, "closure_note", "is empty; %s needs a text that says why", d.ClosureReason)
	case d.ClosureReason == domain.RiskAccepted && d.RiskAcceptedUntil.IsZero():
		b.refuseRow(r, "risk_accepted_until", "is empty; an accepted risk ends on a date")
	}
}

// measureTimes takes the instants the source states. completed_on and
// first_published_on are dates; marked_done_on is only an upper bound and stays text.
func (b *builder) measureTimes(m *measure) {
	r, d := m.row, &m.Measure
	d.DueOn = b.day(r, "due_on")
	if d.OriginalDueOn = b.day(r, "original_due_on"); d.OriginalDueOn.IsZero() {
		d.OriginalDueOn = d.DueOn
	}
	if moves := r.get("due_moves"); moves != "" {
		n, err := strconv.Atoi(moves)
		if err != nil || n < 0 || n > 10_000 {
			b.refuseRow(r, "due_moves", "%q is not a count", moves)
		}
		d.DueMoves = n
	}
	d.CreatedAt = b.past(r, "created_at", "first_published_on")
	accepted, done, cancelled := b.past(r, "accepted_at", ""), b.past(r, "done_at", "completed_on"), b.past(r, "cancelled_at", "")
	d.AcceptedAt = accepted
	switch {
	case done.IsZero():
	case !d.Status.Completed():
		b.warn(r, r.given("done_at", "completed_on"), "goes with status done, but the status is %q; left out", r.get("status"))
	default:
		d.DoneAt = done
	}
	if d.Status == domain.Cancelled {
		d.CancelledAt = cancelled
	}
	for _, end := range []struct {
		column string
		at     time.Time
	}{{r.given("done_at", "completed_on"), d.DoneAt}, {"cancelled_at", d.CancelledAt}} {
		if !end.at.IsZero() && !d.CreatedAt.IsZero() && end.at.Before(d.CreatedAt) {
			b.warn(r, end.column, "%s lies before %s, %s; both are kept as stated, figures of time leave the measure out",
				firstN(stamp(end.at), 10), r.given("created_at", "first_published_on"), firstN(stamp(d.CreatedAt), 10))
		}
	}
}

// past reads an instant, or the start of a stated date, that must not lie ahead.
func (b *builder) past(r row, instant, day string) time.Time {
	at := b.instant(r, instant).at
	column := instant
	if at.IsZero() && day != "" {
		column = day
		at = b.startOf(r, day, b.day(r, day))
	}
	if at.After(b.o.Now) {
		b.refuseRow(r, column, "%s lies in the future", r.get(column))
		return time.Time{}
	}
	return at
}

// given returns the first of the columns that has a value.
func (r row) given(columns ...string) string {
	for _, c := range columns {
		if r.get(c) != "" {
			return c
		}
	}
	return columns[0]
}

// links joins what the row lists, its ticket addresses, and what stood in its text.
func (b *builder) links(r row, inTitle []string) []string {
	var links []string
	for _, l := range append(append(r.items("links"), r.items("ticket_refs")...), inTitle...) {
		if isAddress(l) && !slices.Contains(links, l) {
			links = append(links, l)
		}
	}
	return links
}

// metric reads the one-line form, or the members of a JSON object.
func (b *builder) metric(r row) domain.Metric {
	if text := r.get("success_metric"); text != "" {
		return domain.ParseMetric(text)
	}
	m := domain.Metric{
		Name: domain.NormalTitle(r.get("success_metric.name")), Unit: domain.NormalTitle(r.get("success_metric.unit")),
		Direction:     domain.Direction(r.get("success_metric.direction")),
		NotMeasurable: domain.NormalTitle(r.get("success_metric.not_measurable")),
		VerifyOn:      b.day(r, "success_metric.verify_on"),
	}
	for column, dst := range map[string]**float64{"success_metric.baseline": &m.Baseline, "success_metric.target": &m.Target} {
		if text := r.get(column); text != "" {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				b.refuseRow(r, column, "%q is not a number", text)
				continue
			}
			*dst = &v
		}
	}
	if text := r.get("success_metric.window_days"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.refuseRow(r, "success_metric.window_days", "%q is not a number of days", text)
		}
		m.WindowDays = n
	}
	return m
}

// measureFacts lists what the source states and the domain has no field for.
func measureFacts(r row) string {
	var facts []string
	for _, f := range []struct{ column, label string }{
		{"action_id", "source id"}, {"parent_seq", "part of item"}, {"section", "section"}, {"owner", "owner"},
		{"due_text", "due"}, {"status_evidence", "mark of status"},
		{"completed_on", "completed on"}, {"completion_basis", "basis of completion"}, {"completion_evidence", "evidence of completion"},
		{"marked_done_on", "marked done by"}, {"first_published_on", "first published on"},
		{"verdict", "verdict elsewhere"}, {"verified_by", "verified elsewhere by"}, {"verified_at", "verified elsewhere at"},
	} {
		if v := r.get(f.column); v != "" {
			facts = append(facts, fmt.Sprintf("- %s: %s", f.label, domain.NormalTitle(v)))
		}
	}
	for _, f := range []struct{ column, label string }{{"applies_to", "applies to"}, {"ticket_refs", "tickets"}} {
		if list := r.items(f.column); len(list) > 0 {
			facts = append(facts, "- "+f.label+": "+strings.Join(list, ", "))
		}
	}
	if v := r.get("source_url"); v != "" {
		facts = append(facts, "- report: "+v)
	}
	return factList(facts)
}
