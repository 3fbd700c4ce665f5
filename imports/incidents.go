package imports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// addIncident reads one incident. Statements without a home in the domain stay
// readable in the summary.
func (b *builder) addIncident(r row) {
	i := incident{row: r}
	i.Line = r.line
	d := &i.Incident
	d.ExternalID = r.get("incident_id", "external_id", "key")
	i.ids = distinct(r.get("incident_id"), r.get("external_id"), r.get("key"))
	if d.ExternalID == "" {
		b.refuseRow(r, "incident_id", "is empty; every incident needs an id of its source, so that a second import knows it again")
	}
	title, links := splitLinks(r.get("title"))
	summary := domain.NormalText(r.text["summary"])
	d.Title, summary = fitTitle(title, summary)
	d.Severity = b.severity(r)
	d.Status = b.incidentStatus(r)
	d.Services, d.Tags, d.Causes = r.items("services"), r.items("tags"), r.items("causes")
	if source := r.get("source"); source != "" && !slices.Contains(d.Tags, source) {
		d.Tags = append(d.Tags, source)
	}
	if category := r.get("category"); category != "" && !slices.Contains(d.Causes, category) {
		d.Causes = append(d.Causes, category)
	}
	d.Fingerprint = r.get("fingerprint")
	d.ExternalURL = r.get("external_url", "source_url")
	d.Team = domain.TeamID(r.get("team"))
	d.CreatedAt = b.instant(r, "created_at").at
	i.RecurrenceOfID = r.get("recurrence_of")
	b.incidentTimes(&i)
	d.Summary = joinParts(summary, linkList(links), incidentFacts(r))
	b.incidents = append(b.incidents, i)
}

// incidentTimes takes the instants the row states, under our names or those
// of incident logs.
func (b *builder) incidentTimes(i *incident) {
	r, d := i.row, &i.Incident
	d.StartedAt = b.first(r, "started_at", "impact_start_local")
	d.DetectedAt = b.first(r, "detected_at", "first_detected")
	d.MitigatedAt = b.first(r, "mitigated_at", "repaired", "impact_end_local")
	d.ResolvedAt = b.first(r, "resolved_at", "resolved")
	b.moment(r, "declared") // no home, but it must be readable
	on := b.day(r, "incident_date")
	switch {
	case on.IsZero():
	case r.get("incident_date_basis") == "":
		b.warn(r, "incident_date", "%s comes without a word on where it is from (incident_date_basis); left out", on)
	case titleDate(d.Title) != (domain.Date{}) && titleDate(d.Title) != on:
		b.warn(r, "incident_date", "%s contradicts the date in the title, %s; left out", on, titleDate(d.Title))
	case !d.StartedAt.IsZero():
		if zone := b.zone(r); zone != nil && domain.DateOf(d.StartedAt.In(zone)) != on {
			b.warn(r, "incident_date", "%s contradicts the stated start %s; the more exact one is kept", on, d.StartedAt.In(zone).Format(time.RFC3339))
		}
	default:
		d.StartedAt, i.startedOnDate = b.startOf(r, "incident_date", on), true
	}
}

// first returns the first of the columns that states an instant. A start that
// is only a date counts from 00:00, everything else needs its time of day.
func (b *builder) first(r row, columns ...string) time.Time {
	for _, column := range columns {
		if r.get(column) == "" {
			continue
		}
		if column != "started_at" {
			if m := b.instant(r, column); !m.at.IsZero() {
				return m.at
			}
			continue
		}
		m := b.moment(r, column)
		if m.at.IsZero() && !m.day.IsZero() {
			b.warn(r, column, "%s has no time of day; it counts from 00:00", m.day)
			m.at = b.startOf(r, column, m.day)
		}
		if !m.at.IsZero() {
			return m.at
		}
	}
	return time.Time{}
}

// titleDate returns the ISO date a title begins with.
func titleDate(title string) domain.Date {
	if len(title) < 10 {
		return domain.Date{}
	}
	d, err := domain.ParseDate(title[:10])
	if err != nil {
		return domain.Date{}
	}
	return d
}

// incidentFacts lists what the source states and the domain has no field for,
// in the order of the columns and in the source's words.
func incidentFacts(r row) string {
	var facts []string
	for _, f := range []struct{ column, label string }{
		{"incident_id", "source id"}, {"organisation", "organisation"}, {"review_id", "review"},
		{"incident_date", "date"}, {"first_detected", "first detected"}, {"declared", "declared"},
		{"repaired", "repaired"}, {"resolved", "resolved"},
		{"impact_start_local", "impact from"}, {"impact_end_local", "impact until"},
		{"duration_text", "duration"}, {"time_to_detect_text", "time to detect"}, {"time_to_repair_text", "time to repair"},
		{"time_to_resolve_text", "time to resolve"}, {"time_to_recover_text", "time to recover"},
		{"severity", "severity"}, {"report_status", "report status"}, {"report_owner", "report owner"},
		{"report_first_published_on", "report first published"}, {"licence", "licence of the report"},
	} {
		v := r.get(f.column)
		if f.column == "incident_date" && r.get("incident_date_basis") != "" && v != "" {
			v += " (" + r.get("incident_date_basis") + ")"
		}
		if v != "" && (f.column != "severity" || !slices.Contains(domain.Severities(), domain.Severity(strings.ToUpper(v)))) {
			facts = append(facts, fmt.Sprintf("- %s: %s", f.label, domain.NormalTitle(v)))
		}
	}
	return factList(facts)
}

func factList(facts []string) string {
	if len(facts) == 0 {
		return ""
	}
	return "As stated by the source:\n\n" + strings.Join(facts, "\n")
}

// linkList keeps addresses that stood in a title.
func linkList(links []string) string {
	if len(links) == 0 {
		return ""
	}
	return "Links: " + strings.Join(links, " ")
}

func joinParts(parts ...string) string {
	var given []string
	for _, p := range parts {
		if p != "" {
			given = append(given, p)
		}
	}
	return strings.Join(given, "\n\n")
}

func distinct(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}
