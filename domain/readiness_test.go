package domain

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// checkDay is a day of the tests' year.
func checkDay(n int) time.Time { return time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

const restore QuestionID = "backups.restore"

// claimed is a finished check that says the same step to every question, and
// another one to backups.restore.
func claimed(day int, others, step Step) Check {
	c := Check{Key: "CHK-1", Catalogue: 1, Status: CheckFinished, Target: 67, FinishedAt: checkDay(day)}
	catalogue, _ := CatalogueVersion(1)
	for _, q := range catalogue.Questions() {
		a := CheckAnswer{Question: q.ID, Step: others}
		if q.ID == restore {
			a.Step = step
		}
		c.Answers = append(c.Answers, a)
	}
	return c
}

// made is a measure for backups.restore.
func made(created int, status Status, verdict Verdict, verified int) Measure {
	m := Measure{Check: "CHK-1", Question: restore, Status: status, Verdict: verdict, CreatedAt: checkDay(created)}
	if verified > 0 {
		m.VerifiedAt = checkDay(verified)
	}
	return m
}

// TestAScoreRisesOnlyThroughVerifiedMeasures is the rule of the crisis check,
// case by case. Checks lie on days 0, 100 and 200.
func TestAScoreRisesOnlyThroughVerifiedMeasures(t *testing.T) {
	for name, tt := range map[string]struct {
		claims   []Step
		measures []Measure
		want     Step
	}{
		"the first answer counts as given":           {claims: []Step{3}, want: 3},
		"the first answer is not lifted by measures": {claims: []Step{0}, measures: []Measure{made(1, Verified, Effective, 50)}, want: 0},
		"a fall counts at once":                      {claims: []Step{3, 1}, want: 1},
		"a fall counts although a measure is open":   {claims: []Step{2, 1}, measures: []Measure{made(1, InProgress, "", 0)}, want: 1},
		"the same again":                             {claims: []Step{2, 2}, want: 2},
		"a rise without a measure is held":           {claims: []Step{0, 3}, want: 0},
		"a proposed measure holds":                   {claims: []Step{0, 3}, measures: []Measure{made(1, Proposed, "", 0)}, want: 0},
		"done is a claim and holds":                  {claims: []Step{0, 3}, measures: []Measure{made(1, Done, "", 0)}, want: 0},
		"verified as effective lifts":                {claims: []Step{0, 2}, measures: []Measure{made(1, Verified, Effective, 50)}, want: 2},
		"and no higher than what is claimed":         {claims: []Step{0, 1}, measures: []Measure{made(1, Verified, Effective, 50)}, want: 1},
		"verified later lifts later":                 {claims: []Step{0, 2}, measures: []Measure{made(1, Verified, Effective, 150)}, want: 2},
		"made after the answer and verified lifts":   {claims: []Step{0, 2}, measures: []Measure{made(110, Verified, Effective, 150)}, want: 2},
		"partly effective holds":                     {claims: []Step{0, 2}, measures: []Measure{made(1, Verified, Partly, 50)}, want: 0},
		"ineffective holds":                          {claims: []Step{0, 2}, measures: []Measure{made(1, Verified, Ineffective, 50)}, want: 0},
		"not measurable holds":                       {claims: []Step{0, 2}, measures: []Measure{made(1, Verified, NotMeasurable, 50)}, want: 0},
		"cancelled holds":                            {claims: []Step{0, 2}, measures: []Measure{made(1, Cancelled, "", 0)}, want: 0},
		"a second try lifts":                         {claims: []Step{0, 2}, measures: []Measure{made(1, Verified, Ineffective, 50), made(51, Verified, Effective, 90)}, want: 2},
		"all measures of the answer must be through": {claims: []Step{0, 2}, measures: []Measure{made(1, Verified, Effective, 50), made(2, InProgress, "", 0)}, want: 0},
		"a cancelled one beside does not matter":     {claims: []Step{0, 2}, measures: []Measure{made(1, Verified, Effective, 50), made(2, Cancelled, "", 0)}, want: 2},
		"a later measure takes nothing away":         {claims: []Step{0, 2}, measures: []Measure{made(1, Verified, Effective, 50), made(120, InProgress, "", 0)}, want: 2},
		"one verification carries one rise":          {claims: []Step{0, 1, 3}, measures: []Measure{made(1, Verified, Effective, 50)}, want: 1},
		"the next rise needs the next verification":  {claims: []Step{0, 1, 3}, measures: []Measure{made(1, Verified, Effective, 50), made(101, Verified, Effective, 150)}, want: 3},
		"proof from before a fall does not lift":     {claims: []Step{2, 0, 2}, measures: []Measure{made(1, Verified, Effective, 50)}, want: 0},
		"a late proof is spent on the first rise":    {claims: []Step{0, 2, 3}, measures: []Measure{made(1, Verified, Effective, 150)}, want: 2},
		"held twice, lifted by one":                  {claims: []Step{0, 2, 2}, measures: []Measure{made(1, Verified, Effective, 250)}, want: 2},
		"another question's measure does not lift": {claims: []Step{0, 2}, measures: []Measure{
			{Question: "backups.separate", Status: Verified, Verdict: Effective, CreatedAt: checkDay(1), VerifiedAt: checkDay(50)}}, want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			var checks []Check
			for n, step := range tt.claims {
				checks = append(checks, claimed(100*n, 2, step))
			}
			r, err := Judge(checks, tt.measures)
			if err != nil {
				t.Fatal(err)
			}
			s := find(t, r, restore)
			if s.Counted != tt.want {
				t.Errorf("step %d counts, want %d", s.Counted, tt.want)
			}
			if last := tt.claims[len(tt.claims)-1]; s.Held() != (tt.want < last) || s.Answer.Step != last {
				t.Errorf("held %v with answer %d, counted %d", s.Held(), s.Answer.Step, s.Counted)
			}
		})
	}
}

func find(t *testing.T, r Readiness, id QuestionID) Standing {
	t.Helper()
	for _, s := range r.Score.Standings {
		if s.Question.ID == id {
			return s
		}
	}
	t.Fatalf("no standing of %s", id)
	return Standing{}
}

func TestScores(t *testing.T) {
	r, err := Judge([]Check{claimed(0, 2, 0), claimed(100, 2, 3)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	type score struct{ Counted, Claimed, Last, Held, Gaps int }
	got := map[AreaID]score{"": {r.Score.Counted, r.Score.Claimed, *r.Score.Last, r.Score.Held, r.Score.Gaps}}
	for _, a := range r.Areas {
		got[a.Area.ID] = score{a.Counted, a.Claimed, *a.Last, a.Held, a.Gaps}
	}
	even := score{67, 67, 67, 0, 0}
	want := map[AreaID]score{"": {64, 68, 64, 1, 1}, "backups": {44, 78, 44, 1, 1}, "plans": even, "alerting": even, "roles": even,
		"communication": even, "exercises": even, "suppliers": even, "learning": even}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	first, err := Judge([]Check{claimed(0, 3, 3)}, nil)
	if err != nil || first.Score.Last != nil || first.Score.Counted != 100 {
		t.Errorf("first check: last %v, counted %d, %v", first.Score.Last, first.Score.Counted, err)
	}
	if _, err := Judge(nil, nil); KindOf(err) != ErrNotFound {
		t.Errorf("nothing to judge: %v", err)
	}
}

func TestProposals(t *testing.T) {
	for name, tt := range map[string]struct {
		question QuestionID
		step     Step
		target   int
		priority Priority
		aim      float64
	}{
		"urgent and missing":       {"backups.restore", 0, 67, P1, 2},
		"urgent and partly there":  {"backups.restore", 1, 67, P2, 2},
		"urgent and only unproven": {"backups.restore", 2, 100, P3, 3},
		"missing":                  {"learning.share", 0, 67, P2, 2},
		"partly there":             {"learning.share", 1, 30, P3, 2},
		"proven already":           {"learning.share", 3, 67, P3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			c := claimed(0, tt.step, tt.step)
			c.Target = tt.target
			r, err := Judge([]Check{c}, nil)
			if err != nil {
				t.Fatal(err)
			}
			n := r.Propose(find(t, r, tt.question), "de")
			if n.Priority != tt.priority || *n.Metric.Target != tt.aim || n.Check != c.Key || n.Question != tt.question || n.Kind == "" {
				t.Errorf("proposed %+v with target %v", n, *n.Metric.Target)
			}
			by := Actor{ID: "p_ana", Role: Member, Source: FromUser}
			m, err := n.Create("x", by, DefaultPolicy(), checkDay(0), time.UTC)
			if err != nil {
				t.Fatalf("the proposal cannot be created: %v", err)
			}
			if m.NeedsIncident() || m.DueOn != DefaultPolicy().DueOn(tt.priority, DateOf(checkDay(0))) {
				t.Errorf("needs an incident %v, due %s", m.NeedsIncident(), m.DueOn)
			}
		})
	}
}

func TestWhatIsProposed(t *testing.T) {
	for name, tt := range map[string]struct {
		step     Step
		measures []Measure
		want     bool
	}{
		"a gap":                         {0, nil, true},
		"no gap":                        {2, nil, false},
		"a gap with a measure on it":    {0, []Measure{made(1, Done, "", 0)}, false},
		"a gap with a finished measure": {0, []Measure{made(1, Verified, Ineffective, 50)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Judge([]Check{claimed(0, 2, tt.step)}, tt.measures)
			if err != nil {
				t.Fatal(err)
			}
			if s := find(t, r, restore); s.Proposes() != tt.want {
				t.Errorf("proposes %v, want %v", s.Proposes(), tt.want)
			}
		})
	}
	held, err := Judge([]Check{claimed(0, 2, 2), claimed(100, 2, 3)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s := find(t, held, restore); s.Gap || !s.Proposes() {
		t.Errorf("a held rise above the target proposes %v, gap %v", s.Proposes(), s.Gap)
	}
}

// TestCatalogue: the questions are complete in both languages, and as many as
// ten minutes allow.
func TestCatalogue(t *testing.T) {
	c, err := CatalogueVersion(0)
	if err != nil || c.Version != CurrentCatalogue {
		t.Fatalf("version %d, %v", c.Version, err)
	}
	if _, err := CatalogueVersion(99); KindOf(err) != ErrNotFound {
		t.Errorf("version 99: %v", err)
	}
	if len(c.Areas) != 8 || len(c.Questions()) != 24 || len(c.Steps) != int(StepProven)+1 {
		t.Errorf("%d areas, %d questions, %d steps", len(c.Areas), len(c.Questions()), len(c.Steps))
	}
	full := func(what string, texts ...Bilingual) {
		for _, w := range texts {
			if w.EN == "" || w.DE == "" || w.EN == w.DE || strings.Contains(w.EN+w.DE, "\n") {
				t.Errorf("%s: %q, %q", what, w.EN, w.DE)
			}
		}
	}
	seen := map[QuestionID]bool{}
	for _, a := range c.Areas {
		full(string(a.ID), a.Name)
		if got, _, ok := c.Area(a.ID); !ok || got.ID != a.ID {
			t.Errorf("area %s is not found", a.ID)
		}
		for _, q := range a.Questions {
			full(string(q.ID), q.Text, q.Help, q.Measure)
			if !strings.HasPrefix(string(q.ID), string(a.ID)+".") || seen[q.ID] {
				t.Errorf("the id %s is doubled or not of area %s", q.ID, a.ID)
			}
			seen[q.ID] = true
			var bad problems
			checkEnum(&bad, "kind", q.Kind, MeasureKinds(), false)
			checkTitle(&bad, q.Measure.DE)
			if err := bad.err(); err != nil {
				t.Errorf("%s: %v", q.ID, err)
			}
		}
	}
	for _, s := range c.Steps {
		full("step", s.Name, s.Meaning)
	}
	if s := (Bilingual{EN: "a", DE: "b"}); s.In("de") != "b" || s.In("en") != "a" || s.In("fr") != "a" {
		t.Error("a wording in a language")
	}
}
