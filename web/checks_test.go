package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/browsertest"
)

// finishedCheck is a check of everybody with gaps in backups, and a measure for one.
func (w *world) finishedCheck() domain.Check {
	w.t.Helper()
	ctx, by := w.t.Context(), w.actor("admin")
	check, err := w.app.Checks.Start(ctx, by, "")
	if err != nil {
		w.t.Fatal(err)
	}
	catalogue, err := domain.CatalogueVersion(check.Catalogue)
	if err != nil {
		w.t.Fatal(err)
	}
	var answers []domain.CheckAnswer
	for _, q := range catalogue.Questions() {
		a := domain.CheckAnswer{Question: q.ID, Step: 2}
		if strings.HasPrefix(string(q.ID), "backups.") {
			a.Step = 0
		}
		answers = append(answers, a)
	}
	if _, err := w.app.Checks.Answer(ctx, by, check.Key, 0, answers); err != nil {
		w.t.Fatal(err)
	}
	if check, err = w.app.Checks.Finish(ctx, by, check.Key, 0); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.app.Checks.AddMeasure(ctx, by, check.Key, app.CheckMeasure{Question: "backups.restore", Owner: "p_admin"}); err != nil {
		w.t.Fatal(err)
	}
	return check
}

// demoChecks is a finished check and one that has begun.
func (w *world) demoChecks() {
	w.t.Helper()
	w.finishedCheck()
	if _, err := w.app.Checks.Start(w.t.Context(), w.actor("admin"), ""); err != nil {
		w.t.Fatal(err)
	}
}

// TestCheckInForms goes through a check without a script: page by page, saved as
// it goes, refused in words, finished, and one gap made a measure.
func TestCheckInForms(t *testing.T) {
	w := newWorld(t)
	b := w.as("member")
	b.get("/checks").want(200).says("Begin a check", "Whole organisation")
	b.post("/checks", "team", "t_a").leads("/checks/CHK-1/areas/plans")
	b.get("/checks/CHK-1/areas/plans").want(200).says("Area 1 of 8", "0 of 24 questions answered", "first hour of an emergency")
	b.post("/checks/CHK-1/areas/plans", "step.plans.first_hour", "3", "go", "next").want(422).says("Is there a written plan for the first hour of an emergency?: is called proven without evidence")
	b.post("/checks/CHK-1/areas/plans", "evidence.plans.order", "a list", "go", "next").want(422).says("choose a step")
	b.post("/checks/CHK-1/areas/plans", "step.plans.first_hour", "3", "evidence.plans.first_hour", "drill in May", "go", "later").leads("/checks/CHK-1?done=saved")
	b.get("/checks/CHK-1").want(200).says("1 of 24 questions answered", "1 of 3")
	b.post("/checks/CHK-1/finish").want(422).says("23 questions have no answer yet")
	catalogue, err := domain.CatalogueVersion(1)
	if err != nil {
		t.Fatal(err)
	}
	for n, area := range catalogue.Areas {
		pairs := []string{"go", "next"}
		for _, q := range area.Questions {
			step := "2"
			if area.ID == "suppliers" {
				step = "1"
			}
			pairs = append(pairs, "step."+string(q.ID), step)
		}
		want := "/checks/CHK-1?done=saved"
		if n+1 < len(catalogue.Areas) {
			want = "/checks/CHK-1/areas/" + string(catalogue.Areas[n+1].ID)
		}
		b.post("/checks/CHK-1/areas/"+string(area.ID), pairs...).leads(want)
	}
	b.post("/checks/CHK-1/finish").leads("/checks/CHK-1?done=check_finished")
	result := b.get("/checks/CHK-1").want(200).says("63 %", "List the suppliers behind every important service")
	if n := result.doc().Find(`form[action$="/measures"]`).Length(); n != 3 {
		t.Errorf("%d measures are proposed, want 3", n)
	}
	b.post("/checks/CHK-1/measures", "question", "suppliers.known").leads("/checks/CHK-1?done=check_measure")
	b.post("/checks/CHK-1/measures", "question", "suppliers.known").want(409).says("on its way")
	b.get("/measures/M-1").want(200).says("CHK-1", "suppliers.known")
	if list := b.get("/measures").want(200).says("CHK-1").text(); strings.Contains(list, "needs an incident") {
		t.Error("a measure of a check is said to lack its incident")
	}
	b.get("/checks/CHK-1/management").want(200).says("Readiness stands at 63 %", "Weakest: Suppliers (33 %)", "Strongest: Preparation and plans, Alerting and detection, Roles and deputies,", "Gaps: 3; without a measure on its way: 2.", "1 on their way")
	csv := b.get("/checks/CHK-1/answers.csv").want(200)
	if !strings.Contains(string(csv.body), "CHK-1,Suppliers,suppliers.known,Do we know which suppliers each important service depends on?,1,1,,,,M-1 proposed\r\n") {
		t.Errorf("CSV:\n%s", csv.body)
	}
	b.get("/checks/CHK-1/areas/plans").leads("/checks/CHK-1")
	b.get("/checks/CHK-1/areas/moon").want(404)
	w.as("foreign").get("/checks/CHK-1").want(404)
	w.as("viewer").post("/checks", "team", "").want(403)
	if v := w.as("viewer").get("/checks/CHK-1").want(200); v.doc().Find(`form[action$="/measures"]`).Length() != 0 {
		t.Error("a viewer is offered to make measures")
	}
	b.post("/checks", "team", "").leads("/checks/CHK-2/areas/plans")
	b.post("/checks/CHK-2/discard", "reason", "begun by mistake").leads("/checks?done=removed")
}

// TestCheckInTheBrowser takes a check in both languages with a real browser, and
// looks at every page of it at three widths.
func TestCheckInTheBrowser(t *testing.T) {
	for _, language := range []string{"en", "de"} {
		t.Run(language, func(t *testing.T) {
			w := newWorld(t)
			w.advance(-200 * 24 * time.Hour)
			w.finishedCheck()
			w.advance(200 * 24 * time.Hour)
			c := browsertest.New(t, w.http.URL, language)
			signIn(c, "admin")
			look := func(name, path string) {
				c.Open(path)
				for _, width := range []int64{390, 1024, 1600} {
					c.Shot(fmt.Sprintf("check-%s-%s-%d", name, language, width), width, false)
					c.NotWider(fmt.Sprintf("%s at %d", path, width))
				}
				c.Accessible(path)
				c.Clean(path)
			}
			look("overview", "/checks")
			c.Submit(`form[action="/checks"] button`)
			look("area", "/checks/CHK-2/areas/plans")
			catalogue, err := domain.CatalogueVersion(1)
			if err != nil {
				t.Fatal(err)
			}
			c.Open("/checks/CHK-2/areas/plans")
			for _, area := range catalogue.Areas {
				c.Says(area.Name.In(language), area.Questions[2].Text.In(language))
				for _, q := range area.Questions {
					c.Run(chromedp.Click(chromedp.CSS(fmt.Sprintf(`input[name="step.%s"][value="2"]`, q.ID))))
				}
				c.Submit(`button[value=next]`)
			}
			look("draft", "/checks/CHK-2")
			c.Submit(`form[action$="/finish"] button`)
			said := map[string][]string{"en": {"58 %", "67 %", "In place"}, "de": {"58 %", "67 %", "Vorhanden"}}
			c.Says(said[language]...)
			look("result", "/checks/CHK-2")
			c.Submit(`form[action$="/measures"] button`)
			c.Says(map[string]string{"en": "The measure was created", "de": "Die Maßnahme ist angelegt"}[language])
			look("management", "/checks/CHK-2/management")
		})
	}
}

// A due check stands on the first page, in both languages.
func TestDashboardNamesDueChecks(t *testing.T) {
	w := newWorld(t)
	check := w.finishedCheck()
	b := w.as("member")
	const due = `.note a[href="/checks"]`
	if n := b.get("/").want(200).doc().Find(due).Length(); n != 0 {
		t.Errorf("%d checks are due on the day one was finished", n)
	}
	w.advance(check.NextOn.Start(time.UTC).Sub(w.now()) + 12*time.Hour)
	b = w.as("member")
	for language, want := range map[string]string{"en": "Crisis check due since", "de": "Krisencheck fällig seit"} {
		if text := b.do(http.MethodGet, "/", nil, "Accept-Language", language).want(200).doc().Find(due).Text(); !strings.Contains(text, want) {
			t.Errorf("%s: %q", language, text)
		}
	}
}
