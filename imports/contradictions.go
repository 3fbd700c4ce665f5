package imports

import (
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// settle leaves out what contradicts, and says so. Which of two values is wrong
// the file does not tell, so the less exact one goes, or the later in life.
func (b *builder) settle(i *incident) {
	d := &i.Incident
	b.settleStart(i)
	for _, v := range []struct {
		column string
		at     *time.Time
	}{{"detected_at", &d.DetectedAt}, {"mitigated_at", &d.MitigatedAt}, {"resolved_at", &d.ResolvedAt}} {
		if !v.at.IsZero() && !d.StartedAt.IsZero() && v.at.Before(d.StartedAt) {
			b.warn(i.row, i.row.column(v.column), "%s lies before the start, %s; left out", stamp(*v.at), stamp(d.StartedAt))
			*v.at = time.Time{}
		}
	}
	b.settleResolved(i)
	b.noteDeclared(i)
}

// settleStart drops a start that is only a date when an exact time, or another
// date, lies before it.
func (b *builder) settleStart(i *incident) {
	d := &i.Incident
	if !i.startedOnDate {
		return
	}
	on := i.row.get("incident_date")
	for _, column := range []string{"first_detected", "repaired", "resolved", "detected_at", "mitigated_at", "resolved_at"} {
		stated, ok := date(firstN(i.row.get(column), 10))
		if start, known := date(on); ok && known && stated.Before(start) && sameYear(stated, start) {
			b.warn(i.row, "incident_date", "%s lies after %s, %s; left out", on, column, stated)
			d.StartedAt, i.startedOnDate = time.Time{}, false
			return
		}
	}
}

// sameYear: a stamp of another year is itself the odd one.
func sameYear(a, b domain.Date) bool { return a.Year == b.Year }

func (b *builder) settleResolved(i *incident) {
	d, r := &i.Incident, i.row
	switch {
	case d.ResolvedAt.IsZero():
	case !d.DetectedAt.IsZero() && d.ResolvedAt.Before(d.DetectedAt):
		b.warn(r, r.column("resolved_at"), "%s lies before the detection, %s; left out", stamp(d.ResolvedAt), stamp(d.DetectedAt))
		d.ResolvedAt = time.Time{}
	case !d.MitigatedAt.IsZero() && d.ResolvedAt.Before(d.MitigatedAt):
		b.warn(r, r.column("resolved_at"), "%s lies before the repair, %s; left out", stamp(d.ResolvedAt), stamp(d.MitigatedAt))
		d.ResolvedAt = time.Time{}
	case r.get("time_to_repair_text") != "" && r.get("time_to_repair_text") == r.get("time_to_resolve_text") &&
		!d.MitigatedAt.IsZero() && !d.ResolvedAt.Equal(d.MitigatedAt):
		b.warn(r, r.column("resolved_at"), "%s contradicts the repair at %s: the source gives both the same duration, %q; left out",
			stamp(d.ResolvedAt), stamp(d.MitigatedAt), r.get("time_to_resolve_text"))
		d.ResolvedAt = time.Time{}
	}
}

// noteDeclared says when the declaration cannot be where it stands. It has no
// field of its own, so the text stays as the source wrote it.
func (b *builder) noteDeclared(i *incident) {
	quiet := builder{o: b.o} // problems of the value itself were named before
	declared := quiet.moment(i.row, "declared").at
	d := i.Incident
	switch {
	case declared.IsZero():
	case !d.StartedAt.IsZero() && declared.Before(d.StartedAt):
		b.warn(i.row, "declared", "%s lies before the start, %s; kept as text only", i.row.get("declared"), stamp(d.StartedAt))
	case !d.DetectedAt.IsZero() && declared.Before(d.DetectedAt):
		b.warn(i.row, "declared", "%s lies before the detection, %s; kept as text only", i.row.get("declared"), stamp(d.DetectedAt))
	case !d.MitigatedAt.IsZero() && declared.After(d.MitigatedAt):
		b.warn(i.row, "declared", "%s lies after the repair, %s; kept as text only", i.row.get("declared"), stamp(d.MitigatedAt))
	}
}

// applyAnomalies leaves out the values that a list of anomalies names.
func (b *builder) applyAnomalies() {
	byID := b.index()
	for _, a := range b.anomalies {
		i := byID[a.incident]
		if i == nil {
			b.refuseRow(a.row, "incident_id", "%q is not an incident of this import", a.incident)
			continue
		}
		d := &i.Incident
		outcome := "kept as text only"
		for own, at := range map[string]*time.Time{"started_at": &d.StartedAt, "detected_at": &d.DetectedAt,
			"mitigated_at": &d.MitigatedAt, "resolved_at": &d.ResolvedAt} {
			if a.field == i.row.column(own) && !at.IsZero() {
				*at, outcome = time.Time{}, "left out"
			}
		}
		if a.field == "incident_date" && i.startedOnDate {
			d.StartedAt, i.startedOnDate, outcome = time.Time{}, false, "left out"
		}
		b.warn(i.row, a.field, "%q: %s (%s line %d); %s", a.row.get("value_in_source"), a.row.get("what_is_odd"), a.row.file, a.row.line, outcome)
	}
}

// column returns the name under which a row states a value.
func (r row) column(own string) string {
	for _, other := range map[string][]string{
		"started_at": {"impact_start_local"}, "detected_at": {"first_detected"},
		"mitigated_at": {"repaired", "impact_end_local"}, "resolved_at": {"resolved"},
	}[own] {
		if r.get(own) == "" && r.get(other) != "" {
			return other
		}
	}
	return own
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func firstN(s string, n int) string {
	if len(s) < n {
		return s
	}
	return strings.TrimSpace(s[:n])
}
