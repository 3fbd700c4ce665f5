package web

import (
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

// storyOf tells the history as sentences, newest first. current are the values
// of today: a former value that is valid now needs no putting back.
func storyOf(p *templates.Page, changes []domain.Change, current map[string]string) []templates.Sentence {
	out := make([]templates.Sentence, 0, len(changes))
	for _, c := range changes {
		s := templates.Sentence{Seq: c.Seq, At: c.At, Who: p.Who(c.Actor), Reason: c.Reason, Overwritten: c.Overwritten}
		if c.Source == domain.FromGitHub || c.Source == domain.FromJira || c.Source == domain.FromImport {
			s.Source = p.T("source." + string(c.Source))
		}
		s.Text, s.From, s.To = sentence(p, c)
		s.PutBack = mayPutBack(c) && current[c.Field] != c.From
		out = append(out, s)
	}
	return out
}

// mayPutBack reports whether the value before a change can be given again.
func mayPutBack(c domain.Change) bool {
	fields := []string{"incident", "title", "description", "kind", "priority", "owner", "deputy", "team", "due_on", "success_metric"}
	if c.Kind == domain.ChangeConflict || c.Kind == domain.ChangeField {
		return slices.Contains(fields, c.Field) && (c.From != "" || c.Field != "incident") || c.Overwritten && c.Field == "status"
	}
	return false
}

// sentence is what a change says. Long texts are returned beside it instead.
func sentence(p *templates.Page, c domain.Change) (text, from, to string) {
	field := p.T("field." + c.Field)
	switch c.Kind {
	case domain.ChangeCreate:
		return p.T("story.create"), "", ""
	case domain.ChangeLink:
		return p.T("story.link", "To", first(c.To, c.From)), "", ""
	case domain.ChangeUnlink:
		return p.T("story.unlink", "To", first(c.From, c.To)), "", ""
	case domain.ChangeEvidence:
		return p.T("story.evidence", "To", c.To), "", ""
	case domain.ChangeObservation:
		return p.T("story.observation", "To", observed(p, c.To)), "", ""
	case domain.ChangeConfig:
		if c.Field == "link_state" {
			return p.T("story.link_state", "From", c.From, "To", c.To), "", ""
		}
		return p.T("story.config", "Field", field), c.From, c.To
	case domain.ChangeErase:
		return p.T("story.erase", "Field", field), "", ""
	case domain.ChangeConflict:
		if c.Overwritten {
			return p.T("story.overwritten", "Field", field), valueOf(p, c.Field, c.From), valueOf(p, c.Field, c.To)
		}
		return p.T("story.conflict", "Field", field), valueOf(p, c.Field, c.From), valueOf(p, c.Field, c.To)
	case domain.ChangeField, domain.ChangeVerify, domain.ChangeClose, domain.ChangeReopen:
	}
	from, to = valueOf(p, c.Field, c.From), valueOf(p, c.Field, c.To)
	switch {
	case c.Field == "description" || c.Field == "summary" || strings.Contains(from+to, "\n"):
		return p.T("story.text", "Field", field), from, to
	case c.Field == "due_on" && c.From != "" && c.To != "":
		return p.T("story.due_moved", "From", from, "To", to), "", ""
	case from == "":
		return p.T("story.set", "Field", field, "To", to), "", ""
	case to == "":
		return p.T("story.cleared", "Field", field, "From", from), "", ""
	}
	return p.T("story.changed", "Field", field, "From", from, "To", to), "", ""
}

// valueOf shows a value of the history the way the pages show it elsewhere.
func valueOf(p *templates.Page, field, value string) string {
	if value == "" {
		return ""
	}
	switch field {
	case "owner", "deputy", "verified_by", "lead", "moderator":
		return p.Who(strings.TrimPrefix(value, domain.ExternalPrefix))
	case "team":
		return p.Team(domain.TeamID(value))
	case "kind", "priority", "closure_reason", "verdict", "severity":
		return p.T(field + "." + value)
	case "status":
		if text := p.T("status." + value); text != "status."+value {
			return text
		}
		return known(p, "incident_status.", value)
	case "success_metric":
		return p.MetricText(value)
	case "started_at", "detected_at", "mitigated_at", "resolved_at":
		if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
			return p.Instant(at)
		}
	case "due_on", "original_due_on", "risk_accepted_until", "snoozed_until":
		if d, err := domain.ParseDate(value); err == nil {
			return p.Date(d)
		}
	}
	return value
}

// known is the text of an enumeration's value, or the value itself.
func known(p *templates.Page, prefix, value string) string {
	if text := p.T(prefix + value); text != prefix+value {
		return text
	}
	return value
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// observed shows "4 at 2026-10-11T07:00:00Z" with the time as people write it.
func observed(p *templates.Page, text string) string {
	value, at, ok := strings.Cut(text, " at ")
	if t, err := time.Parse(time.RFC3339Nano, at); ok && err == nil {
		return value + " (" + p.Instant(t) + ")"
	}
	return text
}
