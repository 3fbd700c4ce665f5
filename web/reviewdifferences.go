package web

import (
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

// differences show a comparison with its entries as sentences and its values as
// the pages show them elsewhere.
func differences(p *templates.Page, changes []domain.FieldChange) []templates.ReviewDifference {
	out := make([]templates.ReviewDifference, 0, len(changes))
	for _, c := range changes {
		if slices.Contains([]string{"state", "state_reason", "submitted_by", "approved_by", "feedback"}, c.Field) {
			continue
		}
		d := templates.ReviewDifference{Field: p.T("field." + c.Field), From: valueOf(p, c.Field, c.From), To: valueOf(p, c.Field, c.To)}
		was, had := domain.EntryOf(c.Field, c.From)
		is, has := domain.EntryOf(c.Field, c.To)
		if had {
			d.Field, d.From = p.T("entry."+string(was.Kind)), entryLine(p, was)
		}
		if has {
			d.Field, d.To = p.T("entry."+string(is.Kind)), entryLine(p, is)
		}
		if key, ok := strings.CutPrefix(c.Field, "measure/"); ok {
			d = templates.ReviewDifference{Field: key, From: measureLine(p, c.From), To: measureLine(p, c.To)}
		}
		out = append(out, d)
	}
	return out
}

// entryLine is an entry in one line: who held the role, and what it says.
func entryLine(p *templates.Page, e domain.ReviewEntry) string {
	person, deputy := e.People(p.Person)
	if deputy != "" {
		person += " (" + p.T("field.deputy") + ": " + deputy + ")"
	}
	return strings.TrimSpace(person + " " + p.EntryText(e))
}

// measureLine is a measure of a version: its status then, and its title.
func measureLine(p *templates.Page, text string) string {
	status, title, ok := strings.Cut(text, ": ")
	if !ok {
		return text
	}
	return p.T("status."+status) + ": " + title
}
