package domain

import "slices"

// ErasedText stands where a text must be and none may be any more.
const ErasedText = "[erased]"

// MessageField begins the field of a history row about one message.
const MessageField = "message/"

// blank takes a text away if its field is among those that are erased.
func blank(fields []string, field string, text *string, instead string) {
	if *text != "" && slices.Contains(fields, field) {
		*text = instead
	}
}

// Erase takes texts out of a measure, in any state.
func (m *Measure) Erase(fields []string) {
	blank(fields, "title", &m.Title, ErasedText)
	blank(fields, "description", &m.Description, "")
	blank(fields, "closure_note", &m.ClosureNote, ErasedText)
	blank(fields, "external_owner", &m.ExternalOwner, "")
}

// Erase takes texts out of an incident, in any state.
func (i *Incident) Erase(fields []string) {
	blank(fields, "title", &i.Title, ErasedText)
	blank(fields, "summary", &i.Summary, "")
}

// Erase takes texts out of a review, in any state: its own, and those of the
// entries that are named as "entry/ID".
func (r *Review) Erase(fields []string) {
	blank(fields, "summary", &r.Summary, ErasedText)
	blank(fields, "communication", &r.Communication, ErasedText)
	blank(fields, "teamwork", &r.Teamwork, ErasedText)
	r.Entries = slices.Clone(r.Entries)
	for n := range r.Entries {
		e := &r.Entries[n]
		if slices.Contains(fields, EntryField+e.ID) {
			e.Text, e.Source, e.Link = ErasedText, "", ""
			e.erasePeople()
		}
	}
}

// erasePeople takes out who held a role, in the directory or not.
func (e *ReviewEntry) erasePeople() {
	if e.Person != "" || e.PersonID != "" {
		e.PersonID, e.Person = "", ErasedText
	}
	if e.Deputy != "" || e.DeputyID != "" {
		e.DeputyID, e.Deputy = "", ErasedText
	}
}

// Erase takes out who said what. When and where it was said stays.
func (m *Message) Erase() {
	m.Statement = ErasedText
	for _, text := range []*string{&m.Sender, &m.Diverges} {
		if *text != "" {
			*text = ErasedText
		}
	}
}

// Erase takes the texts of a subject out of a document that shows them too, and
// reports whether there were any. Fields are those of the subject's history.
func (d *ReviewDocument) Erase(subject Subject, key string, fields []string) bool {
	touched := false
	switch subject {
	case SubjectReview:
		touched = string(d.Review.Incident) == key
		d.Review.Erase(fields)
		for n := range d.Talk.Diverging {
			if m := &d.Talk.Diverging[n]; slices.Contains(fields, MessageField+m.ID) {
				m.Erase()
			}
		}
	case SubjectIncident:
		touched = string(d.Incident.Key) == key
		d.Incident.Erase(fields)
	case SubjectMeasure:
		for n := range d.Measures {
			if m := &d.Measures[n]; string(m.Key) == key {
				touched = true
				m.Erase(fields)
			}
		}
	default:
	}
	return touched
}
