package domain

import (
	"time"
	"unicode/utf8"
)

// FeedbackState says whether the anonymous form of a review takes answers.
type FeedbackState string

// The states; empty is a form that was never opened.
const (
	FeedbackOpen   FeedbackState = "open"
	FeedbackClosed FeedbackState = "closed"
)

// FeedbackFloor is how many answers there must be before any is shown: below
// it, knowing who took part is knowing who said what.
const FeedbackFloor = 5

// MaxFeedback bounds the answers of one form.
const MaxFeedback = 500

// FeedbackScales are questions answered from 1 (not at all) to 5 (fully).
func FeedbackScales() []string { return []string{"role_clear", "heard", "calm"} }

// FeedbackQuestions are the open questions. They ask for what was good first.
func FeedbackQuestions() []string { return []string{"strength", "help", "unsure", "easier", "keep"} }

// FeedbackAnswer is what one person says. It carries no name, no time, no
// address and no order.
type FeedbackAnswer struct {
	Scales map[string]int    `json:"scales,omitempty"`
	Texts  map[string]string `json:"texts,omitempty"`
}

// Check normalises an answer and refuses one that says nothing or too much.
func (a *FeedbackAnswer) Check() error {
	var bad problems
	said := false
	scales, texts := map[string]int{}, map[string]string{}
	for _, name := range FeedbackScales() {
		switch n := a.Scales[name]; {
		case n == 0:
		case n < 1 || n > 5:
			bad.add(name, "%d is not accepted; choose 1 to 5", n)
		default:
			scales[name], said = n, true
		}
	}
	for _, name := range FeedbackQuestions() {
		text := NormalText(a.Texts[name])
		checkText(&bad, name, text, MaxReason)
		if text != "" && utf8.ValidString(text) {
			texts[name], said = text, true
		}
	}
	if len(bad) == 0 && !said {
		bad.add("answer", "is empty; answer at least one question")
	}
	a.Scales, a.Texts = scales, texts
	return bad.err()
}

// Feedback is what may be shown of the answers.
type Feedback struct {
	State FeedbackState
	// Given counts the answers; Released how many of them are in Scales and Texts.
	Given    int
	Released int
	// Scales counts the choices 1 to 5 of each scale, at 0 to 4.
	Scales map[string][5]int
	// Texts are the answers to each question, each question in an order of its own.
	Texts map[string][]string
}

// ReleaseFeedback shows complete batches of FeedbackFloor answers, and on a
// closed form that reached the floor the rest. Batches keep the sixth answer
// from being told by looking before and after. shuffle is called per question,
// so that answers of one person do not stand at the same place.
func ReleaseFeedback(state FeedbackState, batches map[int][]FeedbackAnswer, shuffle func(n int, swap func(i, j int))) Feedback {
	f := Feedback{State: state, Scales: map[string][5]int{}, Texts: map[string][]string{}}
	for _, batch := range batches {
		f.Given += len(batch)
	}
	for _, batch := range batches {
		if len(batch) < FeedbackFloor && (state != FeedbackClosed || f.Given < FeedbackFloor) {
			continue
		}
		f.Released += len(batch)
		for _, a := range batch {
			for name, n := range a.Scales {
				counts := f.Scales[name]
				counts[n-1]++
				f.Scales[name] = counts
			}
			for name, text := range a.Texts {
				f.Texts[name] = append(f.Texts[name], text)
			}
		}
	}
	for _, texts := range f.Texts {
		shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	}
	return f
}

// OpenFeedback opens the form under a new address.
func (r *Review) OpenFeedback(hash string, now time.Time) error {
	if err := r.open(now); err != nil {
		return err
	}
	r.Feedback, r.FeedbackHash, r.UpdatedAt = FeedbackOpen, hash, now
	return nil
}

// CloseFeedback ends the form. It may be closed in any state of the review.
func (r *Review) CloseFeedback(now time.Time) error {
	if r.Feedback != FeedbackOpen {
		return Errorf(ErrConflict, "the feedback form of %s is not open", r.Incident)
	}
	r.Feedback, r.UpdatedAt = FeedbackClosed, now
	return nil
}
