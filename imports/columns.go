package imports

import (
	"slices"
	"strings"
)

// columnName brings a header to its normal name: lower case, blanks and dashes
// as underscore, other words for a column replaced by the column's own.
func columnName(header string) string {
	name := strings.ToLower(strings.TrimSpace(header))
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool {
		return r == ' ' || r == '-' || r == '_' || r == '\t' || r == '\n' || r == '*' || r == ':'
	}), "_")
	if own, ok := columnWords(name); ok {
		return own
	}
	return name
}

// columnWords translates the header words of other systems, English and German.
func columnWords(name string) (string, bool) {
	for _, c := range []struct{ own, words string }{
		{"title", "titel action actions action_item action_items measure measures maßnahme maßnahmen massnahme massnahmen name what was item aufgabe"},
		{"description", "beschreibung details detail body"},
		{"summary", "zusammenfassung"},
		{"kind", "type typ art category_of_action kategorie"},
		{"priority", "prio priorität prioritaet"},
		{"owner", "owners assignee assigned responsible verantwortlich verantwortliche verantwortlicher zuständig zustaendig who wer dri"},
		{"deputy", "vertretung stellvertretung"},
		{"due_on", "due due_date duedate due_by deadline frist fällig faellig fällig_am faellig_am bis termin target_date"},
		{"status", "state stand done erledigt"},
		{"incident", "vorfall störung stoerung"},
		{"ticket_refs", "ticket tickets issue issues bug bugs tracking tracking_bug tracking_issue jira github"},
		{"severity", "sev schweregrad"},
		{"started_at", "start started started_on beginn begonnen"},
		{"detected_at", "detected erkannt"},
		{"mitigated_at", "mitigated entschärft"},
		{"resolved_at", "behoben"},
		{"links", "link url urls"},
		{"success_metric", "metric erfolgskriterium"},
		{"team", "gruppe"},
	} {
		if slices.Contains(strings.Fields(c.words), name) {
			return c.own, true
		}
	}
	return "", false
}

// The columns that have a home in the domain or in the text of the source's
// statements; everything else is named in a warning.
func incidentColumns() []string {
	return strings.Fields(`key incident_id external_id title summary severity status
		started_at detected_at mitigated_at resolved_at services causes tags fingerprint
		recurrence_of external_url team zone created_at
		source organisation review_id incident_date incident_date_basis first_detected declared
		repaired resolved impact_start_local impact_end_local duration_text time_to_detect_text
		time_to_repair_text time_to_resolve_text time_to_recover_text category report_status
		report_owner report_first_published_on n_actions licence source_url actions measures
		closed_at updated_at version`)
}

func measureColumns() []string {
	return strings.Fields(`key action_id incident incident_id seq parent_seq section title description
		kind priority owner external_owner deputy team due_on original_due_on due_moves due_text status status_evidence
		closure_reason closure_note risk_accepted_until verdict verified_by success_metric
		success_metric.name success_metric.unit success_metric.baseline success_metric.target
		success_metric.direction success_metric.window_days success_metric.verify_on success_metric.not_measurable
		completed_on completion_basis completion_evidence marked_done_on first_published_on applies_to
		ticket_refs links source_url source zone created_at accepted_at done_at verified_at cancelled_at
		updated_at version overdue past_promise evidence_count`)
}

func recurrenceColumns() []string {
	return strings.Fields(`incident_id recurs_incident_id earlier_event_date earlier_event_ref same_cause basis_quote source_url`)
}

func anomalyColumns() []string {
	return strings.Fields(`incident_id field value_in_source what_is_odd`)
}

func (s sheet) columns() []string {
	switch s {
	case sheetIncidents:
		return incidentColumns()
	case sheetMeasures:
		return measureColumns()
	case sheetRecurrences:
		return recurrenceColumns()
	case sheetAnomalies:
		return anomalyColumns()
	case sheetUnknown:
	}
	return nil
}

// knownColumns returns the headers that mean something to any sheet.
func knownColumns(headers []string) []string {
	var known []string
	for _, h := range headers {
		name := columnName(h)
		if slices.Contains(incidentColumns(), name) || slices.Contains(measureColumns(), name) {
			known = append(known, name)
		}
	}
	return known
}
