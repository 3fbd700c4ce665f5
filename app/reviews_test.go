package app_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

func (w *world) publish(key domain.IncidentKey) {
	w.t.Helper()
	for _, s := range []struct {
		by domain.Actor
		to domain.ReviewState
	}{{ana, domain.ReviewInReview}, {ben, domain.ReviewApproved}, {ana, domain.ReviewPublished}} {
		must(w.Reviews.Step(w.t.Context(), s.by, key, 0, s.to, ""))(w.t)
	}
}

// A published version stays as it was, whatever happens to the review, the
// incident and its measures afterwards.
func TestPublishedReviewsAreKept(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	i := w.incident(domain.IncidentEdit{StartedAt: domain.Some(w.at.Add(-3 * time.Hour)), ResolvedAt: domain.Some(w.at.Add(-time.Hour))})
	m := w.measure(func(n *domain.NewMeasure) { n.Incident = i.Key })
	must(w.Reviews.Edit(ctx, ana, i.Key, 0, domain.ReviewEdit{Summary: domain.Some("Down for {duration}; {done} of {measures} done.")}))(t)
	must(w.Reviews.Put(ctx, ana, i.Key, 0, domain.ReviewEntry{Section: domain.SectionCause, Text: "The disk was full."}))(t)
	if _, err := w.Reviews.Step(ctx, ana, i.Key, 0, domain.ReviewPublished, ""); !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("a draft was published: %v", err)
	}
	w.publish(i.Key)
	w.done(m.Key)
	must(w.Reviews.Step(ctx, ben, i.Key, 0, domain.ReviewDraft, "the cause was another"))(t)
	must(w.Reviews.Put(ctx, ana, i.Key, 0, domain.ReviewEntry{Section: domain.SectionCause, Text: "Nobody watched the disk."}))(t)
	w.publish(i.Key)
	versions := must(w.Reviews.Versions(ctx, ana, i.Key))(t)
	var texts []string
	for _, v := range versions {
		texts = append(texts, fmt.Sprint(v.Number, " ", domain.FillSummary(v.Document.Review.Summary, v.Document.Numbers), " ", len(v.Document.Review.Entries), " ", v.By))
	}
	if want := []string{"1 Down for 2 h; 0 of 1 done. 1 p_ana", "2 Down for 2 h; 1 of 1 done. 2 p_ana"}; !slices.Equal(texts, want) {
		t.Errorf("versions %q", texts)
	}
	var changed []string
	for _, c := range must(w.Reviews.Compare(ctx, ana, i.Key, 1, 2))(t) {
		changed = append(changed, strings.SplitN(c.Field, "_", 2)[0]+" "+c.To)
	}
	if !slices.Contains(changed, "measure/M-1 done: Alert on replication lag") || !slices.Contains(changed, "summary Down for 2 h; 1 of 1 done.") || len(changed) != 3 {
		t.Errorf("changes %q", changed)
	}
}

// A role is held by somebody of the directory or by an outsider, and a version
// shows the name that the directory has today: a name erased there is gone here.
func TestRoleHolders(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	i := w.incident(domain.IncidentEdit{})
	role := func(e domain.ReviewEntry) (domain.ReviewEntry, error) {
		e.Section, e.Kind = domain.SectionRole, domain.KindIncidentLead
		return w.Reviews.Put(ctx, ana, i.Key, 0, e)
	}
	for _, e := range []domain.ReviewEntry{{PersonID: "p_nobody"}, {Person: "Ms Vendor", DeputyID: "p_nobody"}} {
		if _, err := role(e); !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), `"p_nobody" is not known`) {
			t.Errorf("%+v: %v", e, err)
		}
	}
	held := must(role(domain.ReviewEntry{PersonID: "p_ben", Deputy: "Ms Vendor"}))(t)
	must(w.Reviews.Edit(ctx, ana, i.Key, 0, domain.ReviewEdit{Summary: domain.Some("It was down.")}))(t)
	w.publish(i.Key)
	v := must(w.Reviews.Published(ctx, ana, i.Key, 1))(t)
	if e := v.Document.Review.Section(domain.SectionRole)[0]; e.PersonID != "p_ben" || e.Person != "" || e.Deputy != "Ms Vendor" || e.ID != held.ID {
		t.Errorf("published: %+v", e)
	}
}

// The lanes of a version stay when messages come after it.
func TestLanesOfAVersionStay(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	i := w.incident(domain.IncidentEdit{StartedAt: domain.Some(w.at.Add(-3 * time.Hour)), ResolvedAt: domain.Some(w.at.Add(-time.Hour))})
	say := func(hours int) {
		must(w.Reviews.AddMessages(ctx, ana, i.Key, "", []domain.Message{{Channel: "ops", At: w.at.Add(-time.Duration(hours) * time.Hour), Statement: fmt.Sprint(hours)}}))(t)
	}
	say(3)
	must(w.Reviews.Edit(ctx, ana, i.Key, 0, domain.ReviewEdit{Summary: domain.Some("It was down.")}))(t)
	w.publish(i.Key)
	must(w.Reviews.Step(ctx, ben, i.Key, 0, domain.ReviewDraft, "more was found"))(t)
	say(2)
	w.publish(i.Key)
	for number, want := range map[int]int{1: 1, 2: 2} {
		v := must(w.Reviews.Published(ctx, ana, i.Key, number))(t)
		if got := v.Document.Talk.Outline(); len(got) != want {
			t.Errorf("version %d draws %d messages, want %d", number, len(got), want)
		}
	}
}

// Another team reads what is shared with its role, once it is published, and
// never the draft behind it.
func TestSharedReviews(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	i := w.incident(domain.IncidentEdit{})
	must(w.Reviews.Edit(ctx, ana, i.Key, 0, domain.ReviewEdit{Summary: domain.Some("It was down."), SharedWith: domain.Some([]domain.Role{domain.Member})}))(t)
	foreign := actor("p_vb", domain.Viewer, "t_b")
	read := func(by domain.Actor) error {
		_, err := w.Reviews.Published(ctx, by, i.Key, 0)
		return err
	}
	if err := read(bea); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("before publication: %v", err)
	}
	w.publish(i.Key)
	if err := read(bea); err != nil {
		t.Errorf("a member of another team: %v", err)
	}
	if err := read(foreign); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("a role it is not shared with: %v", err)
	}
	if _, err := w.Reviews.View(ctx, bea, i.Key); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("the working copy: %v", err)
	}
	must(w.Reviews.Edit(ctx, ana, i.Key, 0, domain.ReviewEdit{SharedWith: domain.Some([]domain.Role(nil))}))(t)
	if err := read(bea); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("after the sharing ended: %v", err)
	}
}

// Nothing of an answer is told before the fifth, and nothing tells who or when.
func TestFeedbackIsAnonymous(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	i := w.incident(domain.IncidentEdit{})
	secret := must(w.Reviews.OpenFeedback(ctx, ana, i.Key))(t)
	before := w.seq()
	for n := range 7 {
		v := must(w.Reviews.View(ctx, ana, i.Key))(t)
		if want := n / 5 * 5; v.Feedback.Released != want || len(v.Feedback.Texts["keep"]) != want || v.Answers != nil {
			t.Errorf("after %d answers %+v is shown", n, v.Feedback)
		}
		w.at = w.at.Add(time.Minute)
		if err := w.Reviews.GiveFeedback(ctx, secret, domain.FeedbackAnswer{Scales: map[string]int{"calm": 4}, Texts: map[string]string{"keep": fmt.Sprint("answer ", n)}}); err != nil {
			t.Fatal(err)
		}
	}
	if w.seq() != before {
		t.Error("an answer left a row with its time in the history")
	}
	must(w.Reviews.CloseFeedback(ctx, ana, i.Key))(t)
	if v := must(w.Reviews.View(ctx, ana, i.Key))(t); v.Feedback.Released != 7 || v.Feedback.Scales["calm"] != [5]int{0, 0, 0, 7, 0} {
		t.Errorf("closed: %+v", v.Feedback)
	}
	if err := w.Reviews.GiveFeedback(ctx, secret, domain.FeedbackAnswer{Scales: map[string]int{"calm": 4}}); !errors.Is(err, domain.ErrGone) {
		t.Errorf("answer to a closed form: %v", err)
	}
	again := must(w.Reviews.OpenFeedback(ctx, ana, i.Key))(t)
	if _, err := w.Reviews.FeedbackForm(ctx, secret); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("the old address: %v", err)
	}
	if form := must(w.Reviews.FeedbackForm(ctx, again))(t); form.Key != i.Key || form.Summary != "" {
		t.Errorf("form %+v", form)
	}
	if h := must(w.Reviews.History(ctx, ana, i.Key, domain.Page{}))(t); strings.Contains(fmt.Sprint(h.Items), secret) {
		t.Error("the secret stands in the history")
	}
}

// Messages are stored once, and an import is one row of the history.
func TestMessages(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	i := w.incident(domain.IncidentEdit{Severity: domain.Some(domain.SEV1), DetectedAt: domain.Some(w.at.Add(-2 * time.Hour)), ResolvedAt: domain.Some(w.at)})
	chat := func() []domain.Message {
		return []domain.Message{{Channel: "bridge", Sender: "Ana", At: w.at.Add(-100 * time.Minute), Statement: "down"}, {Channel: "bridge", Sender: "Ben", At: w.at.Add(-20 * time.Minute), Statement: "up"},
			{Channel: "mail", Statement: "without a time"}}
	}
	first := must(w.Reviews.AddMessages(ctx, ana, i.Key, "export.zip", chat()))(t)
	before := w.seq()
	again := must(w.Reviews.AddMessages(ctx, ana, i.Key, "export.zip", chat()))(t)
	if first.Added != 3 || again.Added != 0 || again.Skipped != 3 || w.seq() != before {
		t.Errorf("first %+v, again %+v", first, again)
	}
	if err := w.Reviews.EditChannel(ctx, ana, i.Key, "bridge", "team"); err != nil {
		t.Fatal(err)
	}
	v := must(w.Reviews.View(ctx, ana, i.Key))(t)
	if v.Talk.Undated != 1 || len(v.Talk.Gaps) != 2 || !slices.Equal(v.Talk.Never, []string{"support", "management", "customers"}) {
		t.Errorf("talk %+v", v.Talk)
	}
	for name, bad := range map[string][]domain.Message{"none": nil, "no channel": {{Statement: "x"}}, "future": {{Channel: "x", Statement: "x", At: w.at.Add(time.Hour)}},
		"one of two": {{Channel: "x", Statement: "good"}, {Channel: "x"}}} {
		if _, err := w.Reviews.AddMessages(ctx, ana, i.Key, "", bad); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(must(w.Reviews.Messages(ctx, ana, i.Key))(t)); n != 3 {
		t.Errorf("%d messages after the refused ones", n)
	}
}

// What is shared with a role is found by it, by the words that were published
// and not by those of the draft behind them.
func TestSharedReviewsAreFound(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	i := w.incident(domain.IncidentEdit{})
	must(w.Reviews.Edit(ctx, ana, i.Key, 0, domain.ReviewEdit{Summary: domain.Some("The replica was behind."), SharedWith: domain.Some([]domain.Role{domain.Member})}))(t)
	find := func(by domain.Actor, f domain.ReviewFilter) []domain.ReviewHead {
		t.Helper()
		return must(w.Reviews.List(ctx, by, f, domain.Page{WithTotal: true}))(t).Items
	}
	words := func(q string) domain.ReviewFilter { return domain.ReviewFilter{Query: q} }
	if len(find(bea, words("replica"))) != 0 {
		t.Error("found before it was published")
	}
	w.publish(i.Key)
	must(w.Reviews.Step(ctx, ben, i.Key, 0, domain.ReviewDraft, "the cause was another"))(t)
	must(w.Reviews.Put(ctx, ana, i.Key, 0, domain.ReviewEntry{Section: domain.SectionCause, Text: "Nobody watched the cable."}))(t)
	if heads := find(bea, words("replica")); len(heads) != 1 || !heads[0].Foreign || heads[0].State != domain.ReviewPublished || heads[0].Reason != "" || heads[0].Incident.Team != "" {
		t.Errorf("a member of another team finds %+v", heads)
	}
	if heads := find(ana, words("cable")); len(heads) != 1 || heads[0].Foreign || heads[0].State != domain.ReviewDraft {
		t.Errorf("the own team finds %+v", heads)
	}
	for name, f := range map[string]domain.ReviewFilter{"the draft's words": words("cable"), "drafts": {State: []domain.ReviewState{domain.ReviewDraft}}, "missing": {Missing: true}} {
		if heads := find(bea, f); len(heads) != 0 {
			t.Errorf("by %s another team finds %+v", name, heads)
		}
	}
	if heads := find(actor("p_vb", domain.Viewer, "t_b"), words("")); len(heads) != 0 {
		t.Errorf("a role it is not shared with finds %+v", heads)
	}
	must(w.Reviews.Edit(ctx, ana, i.Key, 0, domain.ReviewEdit{SharedWith: domain.Some([]domain.Role(nil))}))(t)
	if heads := find(bea, words("")); len(heads) != 0 {
		t.Errorf("after the sharing ended %+v", heads)
	}
}

// The summary is compared with the numbers of its day.
func TestCompareFillsTheSummary(t *testing.T) {
	of := func(done string) domain.ReviewDocument {
		return domain.ReviewDocument{Review: domain.Review{Summary: "{done} done"}, Numbers: map[string]string{"done": done}}
	}
	if c := domain.CompareDocuments(of("1"), of("2")); len(c) != 1 || c[0].Field != "summary" || c[0].From != "1 done" || c[0].To != "2 done" {
		t.Errorf("changes %+v", c)
	}
}
