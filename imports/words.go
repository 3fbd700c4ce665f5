package imports

import (
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// statusWord translates what people write as status. An open item is proposed:
// nobody has accepted it here yet.
func statusWord(text string) (domain.Status, bool) {
	word := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), "_", " "))
	for status, words := range map[domain.Status][]string{
		domain.Proposed:   {"proposed", "open", "to do", "todo", "new", "not started", "offen", "neu", "vorgeschlagen"},
		domain.Accepted:   {"accepted", "angenommen"},
		domain.InProgress: {"in progress", "doing", "in arbeit", "in bearbeitung", "wip"},
		domain.Blocked:    {"blocked", "blockiert"},
		domain.Done:       {"done", "closed", "complete", "completed", "erledigt", "abgeschlossen", "fertig", "✅", "✔", "✔️", "✓", "☑", "x"},
		domain.Verified:   {"verified", "wirksamkeitsgeprüft"},
		domain.Cancelled:  {"cancelled", "canceled", "abgebrochen"},
	} {
		if slices.Contains(words, word) {
			return status, true
		}
	}
	return "", false
}

// priorityWord knows our own values and Jira's names, which map one to one.
func priorityWord(text string) (domain.Priority, bool) {
	word := strings.ToLower(strings.TrimSpace(text))
	for priority, words := range map[domain.Priority][]string{
		domain.P0: {"p0", "highest", "höchste"},
		domain.P1: {"p1", "high", "hoch"},
		domain.P2: {"p2", "medium", "mittel"},
		domain.P3: {"p3", "low", "niedrig"},
		domain.P4: {"p4", "lowest", "niedrigste"},
	} {
		if slices.Contains(words, word) {
			return priority, true
		}
	}
	return "", false
}

// kindWord knows our own values and the words postmortems use for them, also
// as headings.
func kindWord(text string) (domain.MeasureKind, bool) {
	word := strings.ToLower(strings.TrimSpace(text))
	for kind, words := range map[domain.MeasureKind][]string{
		domain.Prevent:     {"prevent", "prevention", "preventive", "preventative", "vorbeugung", "vorbeugend"},
		domain.Detect:      {"detect", "detection", "detective", "erkennung"},
		domain.Mitigate:    {"mitigate", "mitigation", "mitigative", "begrenzung", "eindämmung"},
		domain.Repair:      {"repair", "reparatur"},
		domain.Investigate: {"investigate", "investigation", "investigative", "untersuchung"},
		domain.Process:     {"process", "prozess"},
		domain.Training:    {"training", "schulung"},
		domain.Cover:       {"cover", "vertretung"},
	} {
		if slices.Contains(words, word) {
			return kind, true
		}
	}
	return "", false
}

func (b *builder) priority(r row) domain.Priority {
	text := r.get("priority")
	p, ok := priorityWord(text)
	if text != "" && !ok {
		b.refuseRow(r, "priority", "%q is not accepted; use one of %s, or highest to lowest", text, joined(domain.Priorities()))
	}
	return p
}

func (b *builder) kind(r row) domain.MeasureKind {
	text := r.get("kind")
	k, ok := kindWord(text)
	if text != "" && !ok {
		b.refuseRow(r, "kind", "%q is not accepted; use one of %s", text, joined(domain.MeasureKinds()))
	}
	return k
}

// severity takes our own scale only. Another organisation's word stays in the
// summary: which of ours it means is not stated.
func (b *builder) severity(r row) domain.Severity {
	text := r.get("severity")
	s := domain.Severity(strings.ToUpper(text))
	if text == "" || slices.Contains(domain.Severities(), s) {
		return s
	}
	b.warn(r, "severity", "%q is not one of %s; left empty, the word is kept in the summary", text, joined(domain.Severities()))
	return ""
}

// incidentStatus takes our own words. Closing is decided here, by the gate.
func (b *builder) incidentStatus(r row) domain.IncidentStatus {
	text := r.get("status")
	s := domain.IncidentStatus(strings.ReplaceAll(strings.ToLower(text), " ", "_"))
	switch {
	case text == "":
		return ""
	case s == domain.IncidentClosed:
		b.warn(r, "status", "closed is decided here, when its measures allow it; imported as in_review")
		return domain.IncidentInReview
	case !slices.Contains(domain.IncidentStatuses(), s):
		b.refuseRow(r, "status", "%q is not accepted; use one of %s", text, joined(domain.IncidentStatuses()))
		return ""
	}
	return s
}

func joined[T ~string](values []T) string {
	texts := make([]string, len(values))
	for n, v := range values {
		texts[n] = string(v)
	}
	return strings.Join(texts, ", ")
}
