package imports

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/followthrough/followthrough/domain"
)

// addRecurrence reads one stated recurrence. "no" states that the cause is a
// different one; an earlier event outside the files has no incident to point to.
func (b *builder) addRecurrence(r row) {
	later, earlier := r.get("incident_id"), r.get("recurs_incident_id")
	b.stated = append(b.stated, r)
	same := strings.ToLower(r.get("same_cause"))
	switch {
	case later == "":
		b.refuseRow(r, "incident_id", "is empty; name the later incident")
	case same == "no":
		b.warn(r, "same_cause", "%s and %s had different causes: no recurrence", later, earlier)
	case earlier == "":
		b.warn(r, "recurs_incident_id", "the earlier event of %s (%s) is not an incident of this import: no link", later,
			strings.Join(distinct(r.get("earlier_event_date"), r.get("earlier_event_ref")), ", "))
	case same == "yes" || same == "partly":
		if same == "partly" {
			b.warn(r, "same_cause", "%s shares its cause with %s partly; linked as the source states it", later, earlier)
		}
		b.returns = append(b.returns, recurrence{row: r, later: later, earlier: earlier})
	default:
		b.refuseRow(r, "same_cause", "%q is not accepted; use yes, no or partly", r.get("same_cause"))
	}
}

// checkIDs refuses ids that stand for two rows.
func (b *builder) checkIDs() {
	seen := map[string]row{}
	twice := func(r row, kind, column, id string) {
		if id == "" {
			return
		}
		if before, ok := seen[kind+id]; ok {
			b.refuseRow(r, column, "%q stands already in %s", id, place(before.file, before.line, ""))
			return
		}
		seen[kind+id] = r
		if utf8.RuneCountInString(id) > domain.MaxName || strings.ContainsFunc(id, func(c rune) bool { return c < 0x20 || c == 0x7f }) {
			b.refuseRow(r, column, "is longer than %d characters or has control characters", domain.MaxName)
		}
	}
	for _, i := range b.incidents {
		for _, id := range i.ids {
			twice(i.row, "incident ", i.row.given("incident_id", "external_id", "key"), id)
		}
	}
	for _, m := range b.measures {
		twice(m.row, "measure ", m.row.given("action_id", "key"), m.actionID)
	}
}

// tieRecurrences sets the links that can be true.
func (b *builder) tieRecurrences() {
	byID := b.index()
	b.quoteRecurrences(byID)
	for _, link := range b.returns {
		later, earlier := byID[link.later], byID[link.earlier]
		if later == nil {
			b.refuseRow(link.row, "incident_id", "%q is not an incident of this import", link.later)
			continue
		}
		if later.RecurrenceOfID != "" && later.RecurrenceOfID != link.earlier {
			b.warn(link.row, "recurs_incident_id", "%s is already a recurrence of %s; this one is left out", link.later, later.RecurrenceOfID)
			continue
		}
		later.RecurrenceOfID = link.earlier
		if earlier == nil {
			b.warn(link.row, "recurs_incident_id", "%q is not in these files; it must be stored already", link.earlier)
		}
	}
	for n := range b.incidents {
		b.checkReturn(&b.incidents[n], byID)
	}
}

// quoteRecurrences keeps what the source says about a recurrence, link or not.
func (b *builder) quoteRecurrences(byID map[string]*incident) {
	for _, r := range b.stated {
		later := byID[r.get("incident_id")]
		if later == nil {
			continue // named where the link is made
		}
		of := strings.Join(distinct(r.get("recurs_incident_id"), r.get("earlier_event_date"), r.get("earlier_event_ref")), ", ")
		later.Incident.Summary = joinParts(later.Incident.Summary,
			domain.NormalTitle("Recurrence of "+of+", same cause: "+r.get("same_cause")+": "+r.get("basis_quote")))
	}
}

// checkReturn drops a recurrence that the dates rule out.
func (b *builder) checkReturn(later *incident, byID map[string]*incident) {
	earlier := byID[later.RecurrenceOfID]
	switch {
	case later.RecurrenceOfID == "" || earlier == nil:
		return
	case earlier == later:
		b.warn(later.row, "recurrence_of", "an incident cannot recur from itself; left out")
		later.RecurrenceOfID = ""
		return
	}
	later.RecurrenceOfID = earlier.Incident.ExternalID
	if err := domain.CheckRecurrence(later.Incident, earlier.Incident); err != nil {
		b.warn(later.row, "recurrence_of", "%s did not start before %s; left out", later.RecurrenceOfID, later.Incident.ExternalID)
		later.RecurrenceOfID = ""
	}
}

// earlierFirst brings every incident behind the one it recurs from, so that the
// link finds it; the order stays otherwise. A link of a circle is left out:
// without dates nobody can say where it began.
func (b *builder) earlierFirst() {
	byID := b.index()
	ordered := make([]incident, 0, len(b.incidents))
	const onTheWay, placed = 1, 2
	state := map[string]int{}
	for n := range b.incidents {
		var chain []*incident
		for i := &b.incidents[n]; i != nil && state[i.Incident.ExternalID] != placed; i = byID[i.RecurrenceOfID] {
			if state[i.Incident.ExternalID] == onTheWay {
				last := chain[len(chain)-1]
				b.warn(last.row, "recurrence_of", "%s leads back to itself through %s; left out", last.Incident.ExternalID, last.RecurrenceOfID)
				last.RecurrenceOfID = ""
				break
			}
			state[i.Incident.ExternalID] = onTheWay
			chain = append(chain, i)
		}
		for _, i := range slices.Backward(chain) {
			state[i.Incident.ExternalID] = placed
			ordered = append(ordered, *i)
		}
	}
	b.incidents = ordered
}

// index finds the incidents by every name they have.
func (b *builder) index() map[string]*incident {
	byID := map[string]*incident{}
	for n := range b.incidents {
		for _, id := range b.incidents[n].ids {
			byID[id] = &b.incidents[n]
		}
	}
	return byID
}

// tieMeasures brings measures to their incidents, in the incidents' order. A
// measure without incident waits in the inbox; one whose incident is not in
// the files must find it stored.
func (b *builder) tieMeasures() {
	order := map[string]int{}
	byID := b.index()
	for n, i := range b.incidents {
		order[i.Incident.ExternalID] = n
	}
	for n := range b.measures {
		m := &b.measures[n]
		if i := byID[m.IncidentID]; i != nil {
			m.IncidentID = i.Incident.ExternalID
		} else if m.IncidentID != "" && len(b.incidents) > 0 {
			b.warn(m.row, m.row.given("incident_id", "incident"), "%q is not in these files; it must be stored already", m.IncidentID)
		}
	}
	slices.SortStableFunc(b.measures, func(a, c measure) int {
		return position(order, a, len(b.incidents)) - position(order, c, len(b.incidents))
	})
}

func position(order map[string]int, m measure, last int) int {
	if n, ok := order[m.IncidentID]; ok {
		return n
	}
	return last
}

// checkDomain holds every row against the rules of the domain, so that a row
// that cannot be stored is named by file and line.
func (b *builder) checkDomain() {
	importer := domain.Actor{ID: "import", Role: domain.Admin, Scope: domain.Everything(), Source: domain.FromImport}
	for _, i := range b.incidents {
		trial := i.Incident
		if trial.Status == "" {
			trial.Status = domain.IncidentNew
		}
		b.refuseAll(i.row, trial.Edit(domain.IncidentEdit{}, importer, b.o.Now))
	}
	for _, m := range b.measures {
		trial := m.Measure
		if trial.Status == "" {
			trial.Status = domain.Proposed
		}
		b.refuseAll(m.row, trial.Receive(nil, domain.Attribution{}, b.o.Now))
		if utf8.RuneCountInString(m.OwnerText) > domain.MaxName {
			b.refuseRow(m.row, "owner", "is longer than %d characters", domain.MaxName)
		}
	}
}

func (b *builder) refuseAll(r row, err error) {
	var e *domain.Error
	if !asDomain(err, &e) {
		return
	}
	for _, f := range e.Fields {
		column := r.column(f.Field)
		if column == "external_url" && r.get(column) == "" {
			column = "source_url"
		}
		b.refuseRow(r, column, "%s", f.Message)
	}
}

func asDomain(err error, target **domain.Error) bool { return errors.As(err, target) }
