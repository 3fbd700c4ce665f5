package domain

import (
	"slices"
	"time"
)

// LooseEnds are what step 4 of a review still lacks.
type LooseEnds struct {
	// Findings lead to no measure.
	Findings []ReviewEntry
	// Measures follow from no finding.
	Measures []Measure
	// Unprevented causes have measures, and none of a kind that can prevent.
	Unprevented []ReviewEntry
	// Causes have no finding at all.
	Causes []ReviewEntry
}

// LooseEndsOf compares findings with the plan of the incident.
func LooseEndsOf(r Review, plan []Measure, p Policy) LooseEnds {
	var out LooseEnds
	kinds := map[MeasureKey]MeasureKind{}
	for _, m := range plan {
		if m.Status != Cancelled {
			kinds[m.Key] = m.Kind
		}
	}
	linked := map[MeasureKey]bool{}
	found, acted, prevented := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, f := range r.Section(SectionFinding) {
		live := false
		for _, key := range f.Measures {
			linked[key] = true
			kind, ok := kinds[key]
			live = live || ok
			acted[f.Cause] = acted[f.Cause] || ok
			prevented[f.Cause] = prevented[f.Cause] || ok && p.Prevents(kind)
		}
		found[f.Cause] = true
		if !live {
			out.Findings = append(out.Findings, f)
		}
	}
	for _, c := range r.Section(SectionCause) {
		switch {
		case !found[c.ID]:
			out.Causes = append(out.Causes, c)
		case acted[c.ID] && !prevented[c.ID]:
			out.Unprevented = append(out.Unprevented, c)
		}
	}
	for _, m := range plan {
		if m.Status != Cancelled && !linked[m.Key] {
			out.Measures = append(out.Measures, m)
		}
	}
	return out
}

// ReviewFilter selects reviews; empty members do not filter.
type ReviewFilter struct {
	State []ReviewState
	// Query is words anywhere in the review, or in the incident's title or key.
	Query string
	// From and To select incidents that started in between, or were recorded
	// then where the start is not known.
	From, To time.Time
	// Missing selects incidents whose review is neither published, archived nor
	// not required.
	Missing bool
	// SharedWith adds the reviews of other teams that were published and are
	// shared with the role; their words are the published ones. Empty adds none.
	SharedWith Role
}

// ReviewHead is a review in a list.
type ReviewHead struct {
	Incident  Incident
	State     ReviewState
	Reason    string
	Published int
	// Foreign is another team's review, of which the published version is shown.
	Foreign bool
}

// Reviewed reports whether the state answers "what did you learn?".
func (s ReviewState) Reviewed() bool {
	return slices.Contains([]ReviewState{ReviewPublished, ReviewArchived, ReviewNotRequired}, s)
}

// ReviewMaterial is everything a review is shown and judged with.
type ReviewMaterial struct {
	Incident Incident
	Review   Review
	Measures []Measure
	Messages []Message
	// Later counts the incidents that name this one as their earlier one.
	Later int
	// Answers are the anonymous answers by batch.
	Answers map[int][]FeedbackAnswer
}
