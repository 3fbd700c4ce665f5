package domain

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var reviewNow = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

func reviewer(id string, role Role) Actor {
	return Actor{ID: id, Role: role, Scope: Everything(), Source: FromUser}
}

// Every way from state to state, with every role: what is not in the table is
// refused, whoever asks.
func TestReviewStepsByRole(t *testing.T) {
	may := map[string]string{ // from > to: the roles that may
		"none > draft": "member admin", "none > not_required": "member admin",
		"draft > in_review": "member admin", "draft > not_required": "member admin",
		"in_review > draft": "member admin", "in_review > approved": "member admin",
		"approved > draft": "member admin", "approved > published": "member admin",
		"published > draft": "member admin", "published > archived": "admin",
		"archived > draft": "admin", "not_required > draft": "member admin",
	}
	for _, from := range ReviewStates() {
		for _, to := range ReviewStates() {
			for _, role := range Roles() {
				r := Review{Incident: "INC-1", State: from, Summary: "It was down for {duration}.", SubmittedBy: "p_other"}
				before := r
				err := r.Step(to, Incident{Severity: SEV3}, "because", reviewer("p_me", role), reviewNow)
				want := slices.Contains(strings.Fields(may[fmt.Sprintf("%s > %s", from, to)]), string(role))
				if (err == nil) != want {
					t.Errorf("%s > %s as %s: %v", from, to, role, err)
				}
				if err == nil && r.State != to {
					t.Errorf("%s > %s left %s", from, to, r.State)
				}
				if err != nil && !cmp.Equal(before, r) {
					t.Errorf("%s > %s was refused and changed %s", from, to, cmp.Diff(before, r))
				}
			}
		}
	}
}

// What is offered is what is accepted, whoever asks and whatever the incident.
func TestReviewOffersWhatItAccepts(t *testing.T) {
	for _, severity := range Severities() {
		for _, submitter := range []string{"p_me", "p_other"} {
			for _, role := range Roles() {
				for _, from := range ReviewStates() {
					i, by := Incident{Severity: severity}, reviewer("p_me", role)
					r := Review{Incident: "INC-1", State: from, Summary: "{duration}", SubmittedBy: submitter}
					offered := r.Next(i, by)
					for _, to := range ReviewStates() {
						copied := r
						err := copied.Step(to, i, "because", by, reviewNow)
						if slices.Contains(offered, to) != (err == nil) {
							t.Errorf("%s > %s as %s, submitted by %s, %s: offered %v, %v", from, to, role, submitter, severity, offered, err)
						}
					}
				}
			}
		}
	}
}

func TestReviewStepRules(t *testing.T) {
	for name, c := range map[string]struct {
		review   Review
		severity Severity
		role     Role
		to       ReviewState
		reason   string
		says     string
	}{
		"own approval":            {Review{State: ReviewInReview, SubmittedBy: "p_me"}, SEV3, Admin, ReviewApproved, "", "somebody other than"},
		"SEV1 by a member":        {Review{State: ReviewNone}, SEV1, Member, ReviewNotRequired, "a drill", "an administrator decides"},
		"SEV1 by an admin":        {Review{State: ReviewNone}, SEV1, Admin, ReviewNotRequired, "a drill", ""},
		"not required, no reason": {Review{State: ReviewNone}, SEV4, Member, ReviewNotRequired, " ", "reason: is empty"},
		"no summary":              {Review{State: ReviewApproved}, SEV3, Member, ReviewPublished, "", "half a page"},
		"unknown number":          {Review{State: ReviewApproved, Summary: "{duration} {cost}"}, SEV3, Member, ReviewPublished, "", "{cost} is not a number"},
		"back without reason":     {Review{State: ReviewPublished, Summary: "x"}, SEV3, Member, ReviewDraft, "", "reason: is empty"},
		"nonsense":                {Review{State: ReviewDraft}, SEV3, Member, "finished", "", "use one of"},
		"reason too long":         {Review{State: ReviewNone}, SEV3, Member, ReviewNotRequired, strings.Repeat("x", MaxReason+1), "has 2001 characters"},
	} {
		c.review.Incident = "INC-1"
		err := c.review.Step(c.to, Incident{Severity: c.severity}, c.reason, reviewer("p_me", c.role), reviewNow)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// A name that no number belongs to is refused when it is written, with the names
// there are.
func TestSummaryKnowsItsNumbers(t *testing.T) {
	r := NewReview("INC-1")
	for _, name := range SummaryNames() {
		if err := r.Edit(ReviewEdit{Summary: Some("It is {" + name + "}.")}, reviewNow); err != nil {
			t.Errorf("{%s}: %v", name, err)
		}
	}
	err := r.Edit(ReviewEdit{Summary: Some("It cost {cost} in {duration}.")}, reviewNow)
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "summary: {cost} is not a number that can be filled in; use {done} {duration} {gaps}") {
		t.Errorf("an unknown number: %v", err)
	}
	if r.Summary != "It is {"+SummaryNames()[len(SummaryNames())-1]+"}." {
		t.Errorf("the refused summary was kept: %q", r.Summary)
	}
}

// What an outline keeps of a talk is where and when, and what diverged.
func TestOutline(t *testing.T) {
	messages := []Message{{ID: "1", Channel: "ops", Sender: "Ana", At: reviewNow, Statement: "down"}, {ID: "2", Channel: "page", At: reviewNow, Statement: "up", Diverges: "ops: down"},
		{ID: "3", Channel: "ops", Statement: "no time"}}
	talk := TalkOf(Incident{StartedAt: reviewNow, ResolvedAt: reviewNow.Add(time.Hour)}, messages, Policy{})
	want := []Message{{Channel: "ops", At: reviewNow}, {Channel: "page", At: reviewNow, Diverges: "ops: down"}}
	if got := talk.Outline(); !cmp.Equal(got, want) {
		t.Errorf("%s", cmp.Diff(want, got))
	}
}

func TestCompareDocuments(t *testing.T) {
	before := ReviewDocument{Measures: []Measure{{Key: "M-1", Title: "Gone", Status: Accepted}, {Key: "M-2", Title: "Stays", Status: Accepted}}, Talk: Talk{Messages: 2}}
	after := ReviewDocument{Measures: []Measure{{Key: "M-2", Title: "Stays", Status: Accepted}, {Key: "M-3", Title: "Came", Status: Proposed}}, Talk: Talk{Messages: 5}}
	var got []string
	for _, c := range CompareDocuments(before, after) {
		got = append(got, c.Field+" "+c.From+" > "+c.To)
	}
	if want := []string{"messages 2 > 5", "measure/M-3  > proposed: Came", "measure/M-1 accepted: Gone > "}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// What was approved is what is published: content changes before or not at all.
func TestReviewContentIsFixedAfterApproval(t *testing.T) {
	for _, state := range ReviewStates() {
		r := Review{Incident: "INC-1", State: state, Entries: []ReviewEntry{{ID: "e_0", Section: SectionCause, Kind: KindCause, Text: "x"}}}
		want := state == ReviewNone || state == ReviewDraft || state == ReviewInReview
		for name, change := range map[string]func(*Review) error{
			"edit": func(r *Review) error { return r.Edit(ReviewEdit{Summary: Some("x")}, reviewNow) },
			"put": func(r *Review) error {
				return r.Put(ReviewEntry{ID: "e_1", Section: SectionLesson, Kind: KindWorked, Text: "x"}, reviewNow)
			},
			"drop":     func(r *Review) error { return r.Drop("e_0", reviewNow) },
			"feedback": func(r *Review) error { return r.OpenFeedback("hash", reviewNow) },
		} {
			copied := r
			err := change(&copied)
			if (err == nil) != want || err != nil && !errors.Is(err, ErrConflict) {
				t.Errorf("%s in %s: %v", name, state, err)
			}
		}
		copied := r
		if err := copied.Edit(ReviewEdit{SharedWith: Some([]Role{Viewer})}, reviewNow); err != nil {
			t.Errorf("sharing in %s: %v", state, err)
		}
	}
}

func TestReviewEntries(t *testing.T) {
	r := NewReview("INC-1")
	put := func(e ReviewEntry) error { return r.Put(e, reviewNow) }
	for name, c := range map[string]struct {
		e    ReviewEntry
		says string
	}{
		"no time":        {ReviewEntry{ID: "1", Section: SectionTimeline, Text: "x"}, "at: is empty"},
		"future":         {ReviewEntry{ID: "1", Section: SectionTimeline, Text: "x", At: reviewNow.Add(time.Hour)}, "future"},
		"kind":           {ReviewEntry{ID: "1", Section: SectionTimeline, Kind: KindLucky, Text: "x", At: reviewNow}, "use one of observation"},
		"section":        {ReviewEntry{ID: "1", Section: "gossip", Text: "x"}, "use one of timeline"},
		"text":           {ReviewEntry{ID: "1", Section: SectionCause}, "text: is empty"},
		"person":         {ReviewEntry{ID: "1", Section: SectionRole, Kind: KindScribe}, "person: is empty"},
		"person twice":   {ReviewEntry{ID: "1", Section: SectionRole, Person: "Ana", PersonID: "p_ana"}, "person: is named twice"},
		"deputy twice":   {ReviewEntry{ID: "1", Section: SectionRole, PersonID: "p_ana", Deputy: "Ben", DeputyID: "p_ben"}, "deputy: is named twice"},
		"role backwards": {ReviewEntry{ID: "1", Section: SectionRole, Person: "Ana", At: reviewNow, Until: reviewNow.Add(-time.Hour)}, "before the beginning"},
		"link":           {ReviewEntry{ID: "1", Section: SectionCause, Text: "x", Link: "javascript:x"}, "web address"},
		"cause":          {ReviewEntry{ID: "1", Section: SectionFinding, Text: "x", Cause: "nope"}, "not a cause of this review"},
	} {
		if err := put(c.e); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	if r.State != ReviewNone && len(r.Entries) != 0 {
		t.Fatalf("refused entries were kept: %+v", r)
	}
	for _, e := range []ReviewEntry{
		{ID: "f", Section: SectionFinding, Text: "No alert"}, {ID: "t2", Section: SectionTimeline, Text: "Later", At: reviewNow},
		{ID: "t1", Section: SectionTimeline, Text: "Earlier", At: reviewNow.Add(-time.Hour)}, {ID: "c", Section: SectionCause, Text: "Disk full"},
		{ID: "f", Section: SectionFinding, Text: "No alert on space", Cause: "c", Measures: []MeasureKey{"M-10", "M-2", "M-2"}},
	} {
		if err := put(e); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for _, e := range r.Entries {
		ids = append(ids, e.ID)
	}
	if got := strings.Join(ids, " "); got != "t1 t2 c f" {
		t.Errorf("order %s", got)
	}
	if err := put(ReviewEntry{ID: "c", Section: SectionLesson, Text: "x"}); err == nil {
		t.Error("an entry moved to another section")
	}
	f := r.Section(SectionFinding)[0]
	if f.Text != "No alert on space" || !slices.Equal(f.Measures, []MeasureKey{"M-2", "M-10"}) {
		t.Errorf("finding %+v", f)
	}
	if err := r.Drop("c", reviewNow); err != nil || r.Section(SectionFinding)[0].Cause != "" {
		t.Errorf("after dropping its cause: %v %+v", err, r.Section(SectionFinding))
	}
	if err := r.Drop("c", reviewNow); !errors.Is(err, ErrNotFound) {
		t.Errorf("dropping twice: %v", err)
	}
	r.Entries = make([]ReviewEntry, MaxReviewEntries)
	if err := put(ReviewEntry{ID: "more", Section: SectionCause, Text: "x"}); err == nil {
		t.Error("more entries than the limit")
	}
}

// Changes and their undoing are told entry by entry, and read back.
func TestReviewChanges(t *testing.T) {
	a := Review{State: ReviewDraft, Summary: "old", Entries: []ReviewEntry{{ID: "1", Text: "stays"}, {ID: "2", Text: "goes"}, {ID: "3", Text: "was"}}}
	b := Review{State: ReviewPublished, Summary: "new", Entries: []ReviewEntry{{ID: "1", Text: "stays"}, {ID: "3", Text: "is"}, {ID: "4", Text: "comes"}}}
	var got []string
	for _, c := range ReviewChanges(a, b) {
		from, _ := EntryOf(c.Field, c.From)
		to, _ := EntryOf(c.Field, c.To)
		got = append(got, fmt.Sprintf("%s %s %q>%q", c.Kind, c.Field, from.Text, to.Text))
	}
	want := []string{`close state "">""`, `field summary "">""`, `field entry/3 "was">"is"`, `field entry/4 "">"comes"`, `field entry/2 "goes">""`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if changes := ReviewChanges(b, b); len(changes) != 0 {
		t.Errorf("no change gives %v", changes)
	}
}

func TestLooseEnds(t *testing.T) {
	r := Review{Entries: []ReviewEntry{
		{ID: "c1", Section: SectionCause, Text: "treated"}, {ID: "c2", Section: SectionCause, Text: "only mitigated"}, {ID: "c3", Section: SectionCause, Text: "forgotten"},
		{ID: "f1", Section: SectionFinding, Text: "a", Cause: "c1", Measures: []MeasureKey{"M-1"}}, {ID: "f2", Section: SectionFinding, Text: "b", Cause: "c2", Measures: []MeasureKey{"M-2"}},
		{ID: "f3", Section: SectionFinding, Text: "nothing follows"}, {ID: "f4", Section: SectionFinding, Text: "dropped", Measures: []MeasureKey{"M-4"}},
	}}
	plan := []Measure{{Key: "M-1", Kind: Prevent, Status: Accepted}, {Key: "M-2", Kind: Mitigate, Status: Done}, {Key: "M-3", Kind: Detect, Status: Proposed}, {Key: "M-4", Kind: Prevent, Status: Cancelled}}
	got := LooseEndsOf(r, plan, DefaultPolicy())
	text := fmt.Sprint(texts(got.Findings), texts(got.Unprevented), texts(got.Causes), len(got.Measures), got.Measures[0].Key)
	if want := "[nothing follows dropped] [only mitigated] [forgotten] 1M-3"; text != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

func texts(entries []ReviewEntry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Text)
	}
	return out
}

func TestSummary(t *testing.T) {
	at := reviewNow
	i := Incident{Key: "INC-3", Severity: SEV2, StartedAt: at, DetectedAt: at.Add(42 * time.Minute), ResolvedAt: at.Add(130 * time.Minute)}
	numbers := SummaryNumbers(i, Rollup{Total: 4, Done: 3}, Talk{Messages: 7, Dated: 7, Longest: 20 * time.Second})
	got := FillSummary("{key}: {duration}, seen after {time_to_detect}, mitigated after {time_to_mitigate}; {done} of {measures}; silent for {longest_silence}. {nothing}", numbers)
	if want := "INC-3: 2 h 10 min, seen after 42 min, mitigated after ?; 3 of 4; silent for < 1 min. {nothing}"; got != want {
		t.Errorf("got %q", got)
	}
	if got := Placeholders("{a} {b} {a} {A} {}"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("placeholders %v", got)
	}
}

// Below five answers nothing is shown, and never an incomplete batch alone.
func TestFeedbackRelease(t *testing.T) {
	answers := func(n int) []FeedbackAnswer {
		out := make([]FeedbackAnswer, n)
		for i := range out {
			out[i] = FeedbackAnswer{Scales: map[string]int{"calm": 1 + i}, Texts: map[string]string{"keep": fmt.Sprint(i)}}
		}
		return out
	}
	turned := 0
	shuffle := func(n int, _ func(i, j int)) { turned += n }
	for _, c := range []struct {
		state   FeedbackState
		batches map[int][]FeedbackAnswer
		given   int
		shown   int
	}{
		{FeedbackOpen, nil, 0, 0},
		{FeedbackOpen, map[int][]FeedbackAnswer{0: answers(4)}, 4, 0},
		{FeedbackClosed, map[int][]FeedbackAnswer{0: answers(4)}, 4, 0},
		{FeedbackOpen, map[int][]FeedbackAnswer{0: answers(5)}, 5, 5},
		{FeedbackOpen, map[int][]FeedbackAnswer{0: answers(5), 1: answers(1)}, 6, 5},
		{FeedbackClosed, map[int][]FeedbackAnswer{0: answers(5), 1: answers(1)}, 6, 6},
	} {
		turned = 0
		f := ReleaseFeedback(c.state, c.batches, shuffle)
		if f.Given != c.given || f.Released != c.shown || len(f.Texts["keep"]) != c.shown || turned != c.shown {
			t.Errorf("%s %v: %+v, shuffled %d", c.state, c.given, f, turned)
		}
		sum := 0
		for _, n := range f.Scales["calm"] {
			sum += n
		}
		if sum != c.shown {
			t.Errorf("scales %v", f.Scales)
		}
	}
	for name, a := range map[string]FeedbackAnswer{"empty": {}, "scale": {Scales: map[string]int{"calm": 6}}, "long": {Texts: map[string]string{"keep": strings.Repeat("x", 3000)}},
		"other question": {Texts: map[string]string{"name": "Ana"}}} {
		if err := a.Check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
