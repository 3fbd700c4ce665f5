package domain

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

func reviewFields(r Review) []FieldChange {
	return []FieldChange{
		{Field: "state", To: string(r.State)},
		{Field: "state_reason", To: r.Reason},
		{Field: "moderator", To: string(r.Moderator)},
		{Field: "submitted_by", To: r.SubmittedBy},
		{Field: "approved_by", To: r.ApprovedBy},
		{Field: "summary", To: r.Summary},
		{Field: "communication", To: r.Communication},
		{Field: "teamwork", To: r.Teamwork},
		{Field: "shared_with", To: joinEnum(r.SharedWith)},
		{Field: "feedback", To: string(r.Feedback)},
	}
}

// ReviewFields is everything of a review whose changes are history: its texts,
// then its entries.
func ReviewFields(r Review) []FieldChange {
	fields := reviewFields(r)
	for _, e := range r.Entries {
		fields = append(fields, FieldChange{Field: EntryField + e.ID, To: e.record()})
	}
	return fields
}

// ReviewCreated is the history row of a new review.
func ReviewCreated(r Review) FieldChange {
	return FieldChange{Kind: ChangeCreate, To: fieldsJSON(reviewFields(NewReview(r.Incident)), map[string]string{"created_at": instant(r.CreatedAt)})}
}

// ReviewChanges lists the differences between two states of a review: texts
// first, then entries by their id as "entry/ID", from and to as JSON.
func ReviewChanges(before, after Review) []FieldChange {
	changes := diff(reviewFields(before), reviewFields(after))
	for n := range changes {
		if changes[n].Field != "state" {
			continue
		}
		switch after.State {
		case ReviewPublished, ReviewArchived, ReviewNotRequired:
			changes[n].Kind = ChangeClose
		case ReviewApproved:
			changes[n].Kind = ChangeVerify
		case ReviewDraft, ReviewInReview, ReviewNone:
		}
	}
	old := make(map[string]ReviewEntry, len(before.Entries))
	for _, e := range before.Entries {
		old[e.ID] = e
	}
	for _, e := range after.Entries {
		from := ""
		if was, ok := old[e.ID]; ok {
			from = was.record()
			delete(old, e.ID)
		}
		if to := e.record(); to != from {
			changes = append(changes, FieldChange{Kind: ChangeField, Field: EntryField + e.ID, From: from, To: to})
		}
	}
	for _, e := range before.Entries {
		if _, gone := old[e.ID]; gone {
			changes = append(changes, FieldChange{Kind: ChangeField, Field: EntryField + e.ID, From: e.record()})
		}
	}
	return changes
}

// EntryField begins the field of a history row about an entry.
const EntryField = "entry/"

func (e ReviewEntry) record() string {
	text, _ := json.Marshal(e) // texts and times always encode
	return string(text)
}

// EntryOf reads an entry from one side of a history row; ok is false for a row
// about something else, and for a side on which there is no entry.
func EntryOf(field, side string) (e ReviewEntry, ok bool) {
	if !strings.HasPrefix(field, EntryField) || side == "" {
		return e, false
	}
	return e, json.Unmarshal([]byte(side), &e) == nil
}

// ReviewVersion is a published review as it was, for ever: later changes of the
// incident, its measures or the statistics do not reach it.
type ReviewVersion struct {
	Incident IncidentKey
	Number   int
	At       time.Time
	By       string
	Document ReviewDocument
}

// ReviewDocument is a review with everything its document shows.
type ReviewDocument struct {
	Review   Review
	Incident Incident
	Measures []Measure
	// Numbers fill the placeholders of the management summary.
	Numbers map[string]string
	Talk    Talk
}

// CompareDocuments lists what changed from one published version to another:
// the review, its summary with the numbers of the day, the facts of the incident,
// how much was said, and the status of its measures.
func CompareDocuments(before, after ReviewDocument) []FieldChange {
	for _, d := range []*ReviewDocument{&before, &after} {
		d.Review.Summary = FillSummary(d.Review.Summary, d.Numbers)
	}
	changes := append(ReviewChanges(before.Review, after.Review), IncidentChanges(before.Incident, after.Incident)...)
	if was, is := before.Talk.Messages, after.Talk.Messages; was != is {
		changes = append(changes, FieldChange{Kind: ChangeField, Field: "messages", From: strconv.Itoa(was), To: strconv.Itoa(is)})
	}
	old := map[MeasureKey]Measure{}
	for _, m := range before.Measures {
		old[m.Key] = m
	}
	for _, m := range after.Measures {
		was, known := old[m.Key]
		if !known || was.Status != m.Status || was.Title != m.Title {
			changes = append(changes, FieldChange{Kind: ChangeField, Field: "measure/" + string(m.Key), From: measureLine(was), To: measureLine(m)})
		}
		delete(old, m.Key)
	}
	for _, m := range before.Measures {
		if _, gone := old[m.Key]; gone {
			changes = append(changes, FieldChange{Kind: ChangeField, Field: "measure/" + string(m.Key), From: measureLine(m)})
		}
	}
	return changes
}

func measureLine(m Measure) string {
	if m.Key == "" {
		return ""
	}
	return string(m.Status) + ": " + m.Title
}
