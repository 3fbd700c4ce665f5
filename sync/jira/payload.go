package jira

import (
	"maps"

	"github.com/followthrough/followthrough/domain"
)

// payload is the body of a create or an edit: native fields, and a description
// whose block holds the rest. Bodies are plain maps, because a typed one
// cannot clear a field (T57, T58).
type payload struct {
	t      *Tracker
	fields map[string]any
	block  managed
	// text is true when the description text itself changes, lines when the block does.
	text  bool
	lines map[domain.Field]bool
	// before and after are the texts around the block as they were.
	before, after string
}

func newPayload(t *Tracker, b managed) payload {
	if b.lines == nil {
		b.lines = map[domain.Field]string{}
	}
	return payload{t: t, fields: map[string]any{}, block: b, lines: map[domain.Field]bool{}, before: b.before, after: b.after}
}

// nameOf is the Jira field a value lives in.
func (p *payload) nameOf(f domain.Field) string {
	switch f {
	case domain.FieldTitle:
		return "summary"
	case domain.FieldPriority:
		return "priority"
	case domain.FieldOwner:
		return "assignee"
	case domain.FieldDueOn:
		return p.t.mapping.due
	case domain.FieldMetric:
		return p.t.mapping.metric
	case domain.FieldDescription:
		return "description"
	case domain.FieldStatus, domain.FieldIncident:
		return ""
	}
	return ""
}

// fieldOf finds the value that was sent under a Jira field's name.
func (p *payload) fieldOf(name string) (domain.Field, bool) {
	for _, f := range domain.SyncedFields() {
		_, sent := p.fields[name]
		sent = sent || f == domain.FieldDescription && p.text
		if name != "" && p.nameOf(f) == name && sent {
			return f, true
		}
	}
	return "", false
}

// set puts a raw value into a native field; empty clears it with an explicit null.
func (p *payload) set(f domain.Field, raw string) {
	name := p.nameOf(f)
	switch {
	case f == domain.FieldOwner:
		key := "name"
		if p.t.cloud() {
			key = "accountId"
		}
		p.fields[name] = map[string]any{key: orNull(raw)}
	case f == domain.FieldPriority && raw != "":
		p.fields[name] = map[string]any{"id": raw}
	default:
		p.fields[name] = orNull(raw)
	}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// setText replaces the text around the block; line ends stay those of the old one.
func (p *payload) setText(wiki, old string) {
	p.text = true
	p.block.before, p.block.after = sameEnds(wiki, old), ""
}

// setLine puts a value into the block.
func (p *payload) setLine(f domain.Field, raw string, d domain.Draft) {
	p.lines[f] = true
	p.block.lines[f] = raw
	if f == domain.FieldIncident {
		p.block.incident = incidentLine(raw, d.IncidentURL, d.IncidentTitle)
	}
}

// dropLine takes a line out of the block.
func (p *payload) dropLine(f domain.Field) {
	p.lines[f] = true
	delete(p.block.lines, f)
}

// unset takes a field out again; a refused text leaves the old one.
func (p *payload) unset(f domain.Field) {
	delete(p.fields, p.nameOf(f))
	if f == domain.FieldDescription {
		p.text, p.block.before, p.block.after = false, p.before, p.after
	}
}

// description is the whole text with its block, in the line ends of the old one.
func (p *payload) description(d domain.Draft, old string) string {
	if !p.text && len(p.lines) == 0 {
		return old
	}
	b := p.block
	if d.MeasureURL != "" {
		b.found, b.url = true, d.MeasureURL
		if !p.t.cloud() { // Cloud drops anchors; there the property carries the marker
			b.id = d.MeasureID
			if d.Nonce != "" {
				b.nonce = d.Nonce
			}
		}
	}
	return b.join(old)
}

// edit is the body of a PUT with only what changed; empty when nothing did.
func (p *payload) edit(d domain.Draft, old string) map[string]any {
	fields := maps.Clone(p.fields)
	if text := p.description(d, old); text != old {
		fields["description"] = orNull(text)
	}
	if len(fields) == 0 {
		return map[string]any{}
	}
	return map[string]any{"fields": fields}
}

// marker is the issue property that finds the issue again after a lost answer.
func marker(d domain.Draft) []map[string]any {
	return []map[string]any{{"key": propertyKey, "value": property{Measure: d.MeasureID, Link: d.MeasureURL, Nonce: d.Nonce}}}
}
