package domain

import (
	"slices"
	"time"
)

// reviewStep is one way from state to state and who may go it.
type reviewStep struct {
	from, to ReviewState
	// needs is the permission; a reason is asked for where reason is true.
	needs  Permission
	reason bool
}

// reviewSteps is every way there is. Approving is a second person's; see Step.
func reviewSteps() []reviewStep {
	return []reviewStep{
		{ReviewNone, ReviewDraft, CanEdit, false},
		{ReviewNone, ReviewNotRequired, CanEdit, true},
		{ReviewDraft, ReviewInReview, CanEdit, false},
		{ReviewDraft, ReviewNotRequired, CanEdit, true},
		{ReviewInReview, ReviewDraft, CanEdit, true},
		{ReviewInReview, ReviewApproved, CanEdit, false},
		{ReviewApproved, ReviewDraft, CanEdit, true},
		{ReviewApproved, ReviewPublished, CanEdit, false},
		{ReviewPublished, ReviewDraft, CanEdit, true},
		{ReviewPublished, ReviewArchived, CanManage, true},
		{ReviewArchived, ReviewDraft, CanManage, true},
		{ReviewNotRequired, ReviewDraft, CanEdit, true},
	}
}

// Next lists the states that somebody can bring the review of an incident to.
func (r *Review) Next(i Incident, by Actor) []ReviewState {
	var out []ReviewState
	for _, s := range reviewSteps() {
		if s.from == r.State && by.Role.May(s.needs) && (s.to != ReviewApproved || by.ID != r.SubmittedBy) && (s.to != ReviewNotRequired || mayWaive(i, by)) {
			out = append(out, s.to)
		}
	}
	return out
}

// mayWaive reports whether somebody may decide that an incident needs no review.
func mayWaive(i Incident, by Actor) bool {
	return i.Severity != SEV1 && i.Severity != SEV2 || by.Role.May(CanManage)
}

// Step moves the review along its life.
//
// Who submitted a review cannot approve it. That none is required is a person's
// decision with a reason, and an administrator's for SEV1 and SEV2. Publishing
// needs a management summary whose placeholders are all known.
func (r *Review) Step(to ReviewState, i Incident, reason string, by Actor, now time.Time) error {
	var bad problems
	checkEnum(&bad, "state", to, ReviewStates()[1:], false)
	reason = NormalText(reason)
	checkText(&bad, "reason", reason, MaxReason)
	if err := bad.err(); err != nil {
		return err
	}
	n := slices.IndexFunc(reviewSteps(), func(s reviewStep) bool { return s.from == r.State && s.to == to })
	if n < 0 {
		var next []ReviewState
		for _, s := range reviewSteps() {
			if s.from == r.State {
				next = append(next, s.to)
			}
		}
		return Invalid("state", "%s cannot become %s; from here it can become %s", r.State, to, joinEnum(next))
	}
	step := reviewSteps()[n]
	if err := by.Require(step.needs); err != nil {
		return err
	}
	if step.reason && reason == "" {
		bad.add("reason", "is empty; say why the review becomes %s", to)
	}
	switch to {
	case ReviewApproved:
		if by.ID == r.SubmittedBy {
			bad.add("state", "somebody other than the one who submitted the review approves it")
		}
	case ReviewNotRequired:
		if !mayWaive(i, by) {
			bad.add("state", "an administrator decides that a %s incident needs no review", i.Severity)
		}
	case ReviewPublished:
		r.checkPublication(&bad)
	case ReviewNone, ReviewDraft, ReviewInReview, ReviewArchived:
	}
	if err := bad.err(); err != nil {
		return err
	}
	r.begin(now)
	r.settle(to, by)
	r.State, r.Reason, r.UpdatedAt = to, reason, now
	return nil
}

func (r *Review) settle(to ReviewState, by Actor) {
	switch to {
	case ReviewInReview:
		r.SubmittedBy, r.ApprovedBy = by.ID, ""
	case ReviewApproved:
		r.ApprovedBy = by.ID
	case ReviewPublished:
		r.Published++
	case ReviewDraft:
		r.SubmittedBy, r.ApprovedBy = "", ""
	case ReviewNone, ReviewArchived, ReviewNotRequired:
	}
}

func (r *Review) checkPublication(bad *problems) {
	if r.Summary == "" {
		bad.add("summary", "is empty; a published review begins with half a page for the management")
	}
	checkPlaceholders(bad, r.Summary) // saved before this was checked at saving
}
