package domain

import (
	"slices"
	"strings"
	"time"
)

// ReviewState is a review's place in its life.
type ReviewState string

// The states of a review. ReviewNone is an incident nobody has reviewed yet;
// it is never stored.
const (
	ReviewNone        ReviewState = "none"
	ReviewDraft       ReviewState = "draft"
	ReviewInReview    ReviewState = "in_review"
	ReviewApproved    ReviewState = "approved"
	ReviewPublished   ReviewState = "published"
	ReviewArchived    ReviewState = "archived"
	ReviewNotRequired ReviewState = "not_required"
)

// ReviewStates lists every state in life order.
func ReviewStates() []ReviewState {
	return []ReviewState{ReviewNone, ReviewDraft, ReviewInReview, ReviewApproved, ReviewPublished, ReviewArchived, ReviewNotRequired}
}

// Review is the record of what was learned from one incident, in five steps:
// facts, communication, teamwork, measures, and the shared document.
type Review struct {
	Incident IncidentKey
	State    ReviewState
	// Reason says why no review is required, or why it was taken back.
	Reason string
	// Moderator leads the review; who submitted it cannot approve it.
	Moderator   PersonID
	SubmittedBy string
	ApprovedBy  string

	// Summary is the management summary: half a page of Markdown in plain words,
	// with {placeholders} that SummaryNumbers fills.
	Summary string
	// Communication and Teamwork are what the moderator concludes in steps 2 and 3.
	Communication string
	Teamwork      string

	// Entries are timeline, causes, lessons, roles and findings.
	Entries []ReviewEntry
	// SharedWith are the roles that may read the published version beyond the
	// incident's own team; empty shares it with the team alone.
	SharedWith []Role
	// Published counts the published versions.
	Published int
	// Feedback is the state of the anonymous form.
	Feedback FeedbackState
	// FeedbackHash is the hash of the secret in the form's address; it leaves
	// neither the store nor the history.
	FeedbackHash string

	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// Limits of a review.
const (
	MaxReviewEntries = 500
	MaxReviewText    = 20_000
	// MaxSummary is half a page.
	MaxSummary = 3_000
)

// NewReview is the review of an incident before anything was written down.
func NewReview(incident IncidentKey) Review {
	return Review{Incident: incident, State: ReviewNone}
}

// Editable reports whether the content may change: before the approval.
func (r *Review) Editable() bool {
	return r.State == ReviewNone || r.State == ReviewDraft || r.State == ReviewInReview
}

// Words is all text of the review, for the search.
func (r *Review) Words() string {
	parts := []string{r.Summary, r.Communication, r.Teamwork, r.Reason}
	for _, e := range r.Entries {
		parts = append(parts, e.Text, e.Source, e.Person)
	}
	return strings.Join(parts, "\n")
}

// ReviewEdit is a change of the texts of a review.
type ReviewEdit struct {
	Moderator     Opt[PersonID]
	Summary       Opt[string]
	Communication Opt[string]
	Teamwork      Opt[string]
	SharedWith    Opt[[]Role]
	Reason        string
}

// onlySharing reports whether the edit leaves the content alone: whom a
// published review is shown to may be changed at any time.
func (e ReviewEdit) onlySharing() bool {
	return !e.Moderator.Set && !e.Summary.Set && !e.Communication.Set && !e.Teamwork.Set
}

// Edit applies a change of the texts, all of it or nothing.
func (r *Review) Edit(e ReviewEdit, now time.Time) error {
	if !e.onlySharing() {
		if err := r.open(now); err != nil {
			return err
		}
	}
	next := *r
	var bad problems
	e.Moderator.into(&next.Moderator)
	for _, text := range []struct {
		field string
		edit  Opt[string]
		dst   *string
		limit int
	}{{"summary", e.Summary, &next.Summary, MaxSummary}, {"communication", e.Communication, &next.Communication, MaxReviewText},
		{"teamwork", e.Teamwork, &next.Teamwork, MaxReviewText}} {
		if text.edit.Set {
			*text.dst = NormalText(text.edit.Value)
			checkText(&bad, text.field, *text.dst, text.limit)
		}
	}
	if e.Summary.Set {
		checkPlaceholders(&bad, next.Summary)
	}
	if e.SharedWith.Set {
		next.SharedWith = nil
		for _, role := range Roles() {
			if slices.Contains(e.SharedWith.Value, role) {
				next.SharedWith = append(next.SharedWith, role)
			}
		}
		for _, role := range e.SharedWith.Value {
			checkEnum(&bad, "shared_with", role, Roles(), false)
		}
	}
	checkText(&bad, "reason", e.Reason, MaxReason)
	if err := bad.err(); err != nil {
		return err
	}
	next.UpdatedAt = now
	*r = next
	return nil
}

// open makes sure that the content may change; the first change begins a draft.
func (r *Review) open(now time.Time) error {
	if !r.Editable() {
		return Errorf(ErrConflict, "the review of %s is %s; take it back to draft before you change it", r.Incident, r.State)
	}
	r.begin(now)
	return nil
}

func (r *Review) begin(now time.Time) {
	if r.State == ReviewNone {
		r.State, r.CreatedAt = ReviewDraft, now
	}
}

// SharedTo reports whether a role may read the published version although the
// incident belongs to another team.
func (r *Review) SharedTo(role Role) bool {
	return r.Published > 0 && slices.Contains(r.SharedWith, role)
}
