package domain

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// ReviewSection is the part of a review that an entry stands in.
type ReviewSection string

// The sections.
const (
	SectionTimeline ReviewSection = "timeline"
	SectionCause    ReviewSection = "cause"
	SectionLesson   ReviewSection = "lesson"
	SectionRole     ReviewSection = "role"
	SectionFinding  ReviewSection = "finding"
)

// ReviewSections lists every section in the order of a review.
func ReviewSections() []ReviewSection {
	return []ReviewSection{SectionTimeline, SectionCause, SectionLesson, SectionRole, SectionFinding}
}

// EntryKind says what an entry of a section is.
type EntryKind string

// The kinds, section by section.
const (
	KindDetection     EntryKind = "detection"
	KindObservation   EntryKind = "observation"
	KindDecision      EntryKind = "decision"
	KindCommunication EntryKind = "communication"
	KindMitigation    EntryKind = "mitigation"
	KindStatusChange  EntryKind = "status_change"

	KindCause        EntryKind = "cause"
	KindContributing EntryKind = "contributing"

	KindWorked EntryKind = "worked"
	KindFailed EntryKind = "failed"
	KindLucky  EntryKind = "lucky"

	KindIncidentLead      EntryKind = "incident_lead"
	KindCommunicationLead EntryKind = "communication_lead"
	KindTechnicalLead     EntryKind = "technical_lead"
	KindScribe            EntryKind = "scribe"
	KindExpert            EntryKind = "expert"

	KindTechnology   EntryKind = "technology"
	KindProcess      EntryKind = "process"
	KindCommFinding  EntryKind = "communication_gap"
	KindTeamwork     EntryKind = "teamwork"
	KindOrganisation EntryKind = "organisation"
)

// EntryKinds lists the kinds of a section; the first is the usual one.
func EntryKinds(s ReviewSection) []EntryKind {
	switch s {
	case SectionTimeline:
		return []EntryKind{KindObservation, KindDetection, KindDecision, KindCommunication, KindMitigation, KindStatusChange}
	case SectionCause:
		return []EntryKind{KindCause, KindContributing}
	case SectionLesson:
		return []EntryKind{KindWorked, KindFailed, KindLucky}
	case SectionRole:
		return []EntryKind{KindIncidentLead, KindCommunicationLead, KindTechnicalLead, KindScribe, KindExpert}
	case SectionFinding:
		return []EntryKind{KindTechnology, KindProcess, KindCommFinding, KindTeamwork, KindOrganisation}
	}
	return nil
}

// ReviewEntry is one line of a review. Which fields have a meaning depends on
// the section: At and Source are the timeline's, people, At and Until a role's,
// Cause and Measures a finding's.
type ReviewEntry struct {
	ID      string        `json:"id"`
	Section ReviewSection `json:"section"`
	Kind    EntryKind     `json:"kind"`
	Text    string        `json:"text"`
	At      time.Time     `json:"at,omitzero"`
	Until   time.Time     `json:"until,omitzero"`
	// Source says where a fact comes from; Link leads there.
	Source string `json:"source,omitempty"`
	Link   string `json:"link,omitempty"`
	// PersonID held the role from At to Until, DeputyID stood in. Somebody who is
	// not in the directory has a name instead: Person, Deputy.
	PersonID PersonID `json:"person_id,omitempty"`
	DeputyID PersonID `json:"deputy_id,omitempty"`
	Person   string   `json:"person,omitempty"`
	Deputy   string   `json:"deputy,omitempty"`
	// Cause is the id of the cause that a finding follows from.
	Cause    string       `json:"cause,omitempty"`
	Measures []MeasureKey `json:"measures,omitempty"`
}

// Put adds an entry, or replaces the one with its id.
func (r *Review) Put(e ReviewEntry, now time.Time) error {
	if err := r.open(now); err != nil {
		return err
	}
	e.normalise()
	var bad problems
	e.check(&bad, now)
	if e.Cause != "" && !slices.ContainsFunc(r.Entries, func(c ReviewEntry) bool { return c.ID == e.Cause && c.Section == SectionCause }) {
		bad.add("cause", "%q is not a cause of this review", e.Cause)
	}
	entries := slices.Clone(r.Entries)
	at := slices.IndexFunc(entries, func(o ReviewEntry) bool { return o.ID == e.ID })
	switch {
	case at >= 0 && entries[at].Section != e.Section:
		bad.add("section", "cannot be changed; remove the entry and write it in the other section")
	case at >= 0:
		entries[at] = e
	case len(entries) >= MaxReviewEntries:
		bad.add("text", "the review has %d entries already; at most %d are accepted", len(entries), MaxReviewEntries)
	default:
		entries = append(entries, e)
	}
	if err := bad.err(); err != nil {
		return err
	}
	SortEntries(entries)
	r.Entries, r.UpdatedAt = entries, now
	return nil
}

// Drop removes an entry; its history stays. Findings of a removed cause stay too.
func (r *Review) Drop(id string, now time.Time) error {
	at := slices.IndexFunc(r.Entries, func(o ReviewEntry) bool { return o.ID == id })
	if at < 0 {
		return Errorf(ErrNotFound, "entry %q does not exist", id)
	}
	if err := r.open(now); err != nil {
		return err
	}
	entries := slices.Delete(slices.Clone(r.Entries), at, at+1)
	for n := range entries {
		if entries[n].Cause == id {
			entries[n].Cause = ""
		}
	}
	r.Entries, r.UpdatedAt = entries, now
	return nil
}

func (e *ReviewEntry) normalise() {
	e.Text, e.Source, e.Link = NormalText(e.Text), NormalTitle(e.Source), strings.TrimSpace(e.Link)
	e.Person, e.Deputy = NormalTitle(e.Person), NormalTitle(e.Deputy)
	if e.Kind == "" && len(EntryKinds(e.Section)) > 0 {
		e.Kind = EntryKinds(e.Section)[0]
	}
	if e.Section != SectionFinding {
		e.Cause, e.Measures = "", nil
	}
	if e.Section != SectionRole {
		e.PersonID, e.DeputyID, e.Person, e.Deputy, e.Until = "", "", "", "", time.Time{}
	}
	if e.Section != SectionTimeline && e.Section != SectionRole {
		e.At = time.Time{}
	}
	slices.SortFunc(e.Measures, func(a, b MeasureKey) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(string(a), string(b)))
	})
	e.Measures = slices.Compact(e.Measures)
}

func (e *ReviewEntry) check(bad *problems, now time.Time) {
	checkEnum(bad, "section", e.Section, ReviewSections(), false)
	if kinds := EntryKinds(e.Section); kinds != nil {
		checkEnum(bad, "kind", e.Kind, kinds, false)
	}
	switch {
	case e.Section == SectionRole && e.Person == "" && e.PersonID == "":
		bad.add("person", "is empty; say who held the role")
	case e.Section != SectionRole && e.Text == "":
		bad.add("text", "is empty; write one sentence")
	}
	for field, named := range map[string]bool{"person": e.Person != "" && e.PersonID != "", "deputy": e.Deputy != "" && e.DeputyID != ""} {
		if named {
			bad.add(field, "is named twice; choose somebody of the directory or write the name of an outsider")
		}
	}
	if e.Section == SectionTimeline && e.At.IsZero() {
		bad.add("at", "is empty; a fact of the timeline has a time")
	}
	for field, at := range map[string]time.Time{"at": e.At, "until": e.Until} {
		if at.After(now.Add(5 * time.Minute)) {
			bad.add(field, "%s lies in the future", at.UTC().Format(time.RFC3339))
		}
	}
	if !e.At.IsZero() && !e.Until.IsZero() && e.Until.Before(e.At) {
		bad.add("until", "lies before the beginning")
	}
	checkText(bad, "text", e.Text, MaxReason)
	checkText(bad, "source", e.Source, MaxName)
	checkText(bad, "person", e.Person, MaxName)
	checkText(bad, "deputy", e.Deputy, MaxName)
	if e.Link != "" {
		checkURL(bad, "link", e.Link)
	}
	if len(e.Measures) > 50 {
		bad.add("measures", "has %d entries; at most 50 are accepted", len(e.Measures))
	}
}

// People are the names of who held a role and who stood in; name gives that of
// somebody in the directory, so that a name erased there is erased here.
func (e ReviewEntry) People(name func(PersonID) string) (person, deputy string) {
	person, deputy = e.Person, e.Deputy
	if e.PersonID != "" {
		person = name(e.PersonID)
	}
	if e.DeputyID != "" {
		deputy = name(e.DeputyID)
	}
	return person, deputy
}

// SortEntries orders by section, then by time; entries without a time keep the
// order in which they were written.
func SortEntries(entries []ReviewEntry) {
	slices.SortStableFunc(entries, func(a, b ReviewEntry) int {
		if d := slices.Index(ReviewSections(), a.Section) - slices.Index(ReviewSections(), b.Section); d != 0 {
			return d
		}
		return a.At.Compare(b.At)
	})
}

// Section returns the entries of a section.
func (r *Review) Section(s ReviewSection) []ReviewEntry {
	var out []ReviewEntry
	for _, e := range r.Entries {
		if e.Section == s {
			out = append(out, e)
		}
	}
	return out
}

// TimelineOf takes the instants that an incident states as entries without ids.
func TimelineOf(i Incident) []ReviewEntry {
	var out []ReviewEntry
	for _, t := range []struct {
		at   time.Time
		kind EntryKind
		text string
	}{{i.StartedAt, KindStatusChange, "started"}, {i.DetectedAt, KindDetection, "detected"}, {i.MitigatedAt, KindMitigation, "mitigated"}, {i.ResolvedAt, KindStatusChange, "resolved"}} {
		if !t.at.IsZero() {
			out = append(out, ReviewEntry{Section: SectionTimeline, Kind: t.kind, Text: t.text, At: t.at})
		}
	}
	SortEntries(out)
	return out
}
