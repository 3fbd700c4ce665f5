package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
	"github.com/followthrough/followthrough/web/browsertest"
)

// TestStoryInTheBrowser: from the first start to a closed incident, in both
// languages, in a real browser, on the real program, beside a simulated GitHub.
func TestStoryInTheBrowser(t *testing.T) {
	for _, language := range []string{"en", "de"} {
		t.Run(language, func(t *testing.T) { newStory(t, language).tell() })
	}
}

type story struct {
	t        *testing.T
	p        *program
	trackers *demoTrackers
	c        *browsertest.Browser
	language string
	secret   string
}

func newStory(t *testing.T, language string) *story {
	t.Helper()
	ctx := t.Context()
	trackers, err := openDemoTrackers(ctx, demoPeople(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = trackers.close() })
	folder := t.TempDir()
	address := freeAddress(ctx, "127.0.0.1:0")
	cfg := Config{DatabaseURL: "sqlite://story.db", DataDir: folder, SecretKeyFile: filepath.Join(folder, "secret.key"), Listen: address, PublicURL: "http://" + address,
		TrackerHosts: trackers.hosts(), PollInterval: time.Hour, Zone: time.UTC, Language: language, Migrate: true}
	clock := &demoClock{}
	clock.moveTo(time.Now())
	p, err := openDemo(ctx, cfg, slog.New(slog.DiscardHandler), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	trackers.listen()
	secret, _, err := p.app.Access.NewSetup(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.serve() }() // pages only: the passes of the story are asked for
	t.Cleanup(func() { _ = s.http.Close() })
	return &story{t: t, p: p, trackers: trackers, c: browsertest.New(t, s.URL(), language), language: language, secret: secret}
}

func (s *story) tell() {
	s.firstStart()
	s.connect()
	s.incidentWithMeasure()
	s.linkAndSync()
	s.importFromTracker()
	s.changeInList()
	s.importFile()
	s.keepView()
	s.editInTracker()
	s.conflict()
	s.finish()
	s.c.Clean("the story")
}

// say picks the sentence of the story's language.
func (s *story) say(english, german string) string {
	if s.language == "de" {
		return german
	}
	return english
}

// look checks the page as it stands and keeps a picture of it.
func (s *story) look(name string) {
	s.t.Helper()
	s.c.Shot("story-"+name+"-"+s.language, 1280, false)
	s.c.Accessible(name)
	s.c.Clean(name)
}

func (s *story) firstStart() {
	s.c.Open("/setup#" + s.secret)
	s.c.Fill("#setup-name", "Ana Lindqvist")
	s.c.Fill("#setup-email", "ana@nordwind.example")
	s.c.Fill("#setup-password", "a long enough password")
	s.look("setup")
	s.c.Submit("main button")
	s.c.Says(s.say("Nothing open is past its promise.", "Nichts Offenes liegt über der Zusage."))
}

func (s *story) connect() {
	s.c.Open("/trackers/new?kind=github")
	s.c.Fill("#tracker-id", string(demoGitHub))
	s.c.Fill("#tracker-flavor", "ghes")
	s.c.Fill("#tracker-base_url", s.trackers.githubURL+"/api/v3")
	s.c.Fill("#tracker-repository", demoRepository)
	s.c.Fill("#tracker-credential", s.trackers.githubToken)
	s.c.Fill("#tracker-import_labels", "postmortem")
	s.c.Run(chromedp.SetAttributeValue(chromedp.CSS("form.card details:last-of-type"), "open", ""))
	s.c.Fill(`select[name="conflict_policy.title"]`, "ask")
	s.c.Submit("form.card button.primary")
	s.look("set-up")
	s.lacks(`form[action$="/start"]`)
	s.c.Submit(`form[action$="/check"] button`)
	s.c.Says(s.say("nothing would be lost", "nichts ginge verloren"))
	s.look("check")
	s.lacks(`form[action$="/start"]`)
	s.c.Submit(`form[action$="/plan"] button`)
	s.c.Says(s.say("Nothing to do", "Nichts zu tun"))
	s.look("plan")
	s.c.Submit(`form[action$="/start"] button`)
	s.c.Says(s.say("kept in step from now on", "ab jetzt abgeglichen"))
}

// lacks fails when the page has such an element.
func (s *story) lacks(selector string) {
	s.t.Helper()
	if n := browsertest.Result(s.c, chromedp.Evaluate[int]("document.querySelectorAll('"+strings.ReplaceAll(selector, "'", "\\'")+"').length")); n != 0 {
		s.t.Fatalf("the page has %d of %s", n, selector)
	}
}

func (s *story) incidentWithMeasure() {
	s.c.Open("/incidents/new")
	s.c.Fill("#incident-title", "Parcels were sorted to the wrong depot")
	s.c.Fill("#incident-severity", "SEV2")
	s.c.Submit("form.card button.primary")
	s.c.Fill("#measure-title", "Check the depot before sorting")
	s.c.Fill("#measure-kind", "prevent")
	s.c.Fill("#measure-priority", "P3")
	s.c.Fill(`[id="measure-success_metric.name"]`, "parcels in the wrong depot")
	s.c.Submit("form[action='/measures/new'] button")
	s.c.Says("INC-1", "M-1", "Check the depot before sorting")
	s.look("incident")
}

func (s *story) sync() {
	s.t.Helper()
	s.c.Open("/trackers/" + string(demoGitHub))
	s.c.Submit(`form[action$="/sync"] button`)
}

func (s *story) linkAndSync() {
	s.c.Open("/measures/M-1")
	s.c.Run(chromedp.Click(chromedp.CSS("section[aria-labelledby=links] summary")))
	s.c.Submit(`form[action$="/links"] button`)
	s.sync()
	s.c.Open("/measures/M-1")
	s.c.Says(demoRepository+"#1", s.say("in step", "abgeglichen"))
	s.look("measure")
}

func (s *story) importFromTracker() {
	if _, err := s.trackers.github.As(demoPeople()[0].login).Create(demoRepository, "Label the conveyor belts", "They look alike.", "postmortem"); err != nil {
		s.t.Fatal(err)
	}
	s.sync()
	s.c.Open("/measures?needs_incident=true")
	s.c.Says("Label the conveyor belts", s.say("needs an incident", "Vorfall fehlt"))
}

// changeInList gives the adopted issue its incident from the list, on the spot.
func (s *story) changeInList() {
	s.c.Run(chromedp.Click(chromedp.CSS(`a[data-inline][href*="/edit/incident"]`)), chromedp.WaitVisible(chromedp.CSS("dialog #inline-incident")))
	s.look("inline")
	s.c.Fill("dialog #inline-incident", "INC-9")
	s.c.Run(chromedp.Click(chromedp.CSS("dialog button.primary")), chromedp.WaitVisible(chromedp.CSS("dialog .error")))
	s.c.Fill("dialog #inline-incident", "INC-1")
	s.c.Submit("dialog button.primary")
	s.c.Says(s.say("No measure matches.", "Keine Maßnahme passt dazu."))
	s.c.Open("/measures")
	s.c.Run(chromedp.Click(chromedp.CSS(`a[data-inline][href*="M-2/edit/priority"]`)), chromedp.WaitVisible(chromedp.CSS("dialog #inline-priority")))
	s.c.Fill("dialog #inline-priority", "P3")
	s.c.Run(chromedp.Click(chromedp.CSS("dialog button.primary")), chromedp.WaitReady(chromedp.CSS("#row-M-2.fresh .prio-P3")))
	s.look("list")
}

// importFile looks at a post-mortem and takes it in.
func (s *story) importFile() {
	file := filepath.Join(s.t.TempDir(), "outage.md")
	report := "# Labels were printed twice\n\nStarted: 2026-03-02 09:10 UTC\n\n## Action items\n\n- Compare the label with the parcel\n- Rehearse the switch to the second printer\n"
	if err := os.WriteFile(file, []byte(report), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.c.Open("/import")
	s.c.Run(chromedp.SetUploadFiles(chromedp.CSS("#import-file"), []string{file}))
	s.c.Submit(`form[action="/import"] button`)
	s.c.Says("Labels were printed twice", "Compare the label with the parcel", s.say("Nothing has been written yet", "Noch ist nichts geschrieben"))
	s.look("import")
	s.c.Submit(`form[action="/import/confirm"] button`)
	s.c.Says(s.say("1 incident and 2 measures were imported", "1 Vorfall und 2 Maßnahmen importiert"))
}

// keepView keeps the filters of the list under a name.
func (s *story) keepView() {
	s.c.Open("/measures?open=true")
	s.c.Run(chromedp.Click(chromedp.CSS(".keep summary")))
	s.c.Fill("#view-name", "Friday")
	s.look("keep")
	s.c.Submit(".keep button.primary")
	s.c.Says("Friday")
	s.c.Open("/views")
	s.look("views")
}

// issue is the number of the issue a measure is linked with.
func (s *story) issue(key domain.MeasureKey) int {
	s.t.Helper()
	link, err := s.p.app.Links.Get(s.t.Context(), domain.System(), key, demoGitHub)
	if err != nil {
		s.t.Fatal(err)
	}
	n, err := strconv.Atoi(link.Remote.Key[strings.Index(link.Remote.Key, "#")+1:])
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *story) retitle(title string) {
	s.t.Helper()
	if err := s.trackers.github.As(demoPeople()[0].login).Edit(demoRepository, s.issue("M-1"), githubsim.Edit{Title: &title}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) editInTracker() {
	s.retitle("Check the depot code before sorting")
	s.sync()
	s.c.Open("/measures/M-1")
	s.c.Says("Check the depot code before sorting", s.say("from GitHub", "aus GitHub"))
}

func (s *story) conflict() {
	s.retitle("Scan the depot code before sorting")
	s.c.Open("/measures/M-1/edit")
	s.c.Fill("#measure-title", "Check the depot code twice before sorting")
	s.c.Submit("form.card button.primary")
	s.sync()
	s.c.Open("/conflicts")
	s.c.Says("Scan the depot code before sorting", "Check the depot code twice before sorting")
	s.look("conflict")
	s.c.Submit(`button[value=theirs]`)
	s.c.Says(s.say("Both sides agree everywhere.", "Beide Seiten sind sich überall einig."))
	s.sync()
	s.c.Open("/measures/M-1")
	s.c.Says("Scan the depot code before sorting", s.say("put back the former value", "früheren Wert wiederherstellen"))
	s.c.Open("/trackers/" + string(demoGitHub))
	s.c.Submit(`form[action$="/drift"] button`)
	s.c.Says(s.say("Both sides are equal", "Beide Seiten sind gleich"))
}

func (s *story) finish() {
	s.c.Open("/measures/M-1")
	s.c.Submit(`form[action$="/status"] button`) // accept
	s.c.Run(chromedp.Click(chromedp.CSS("section[aria-labelledby=evidence] summary")))
	s.c.Fill("#evidence-title", "The scanner is live")
	s.c.Fill("#evidence-url", "https://wiki.example/scanner")
	s.c.Submit(`form[action$="/evidence"] button`)
	s.c.Submit(`section[aria-labelledby=steps] button.primary`) // done
	s.c.Open("/incidents/INC-1")
	s.c.Says(s.say("Nothing keeps this incident from being closed.", "Dem Abschluss steht nichts entgegen."))
	s.c.Fill("#status-status", "closed")
	s.c.Submit(`form[action$="/status"] button`)
	s.c.Says(s.say("Closed", "Abgeschlossen"))
	s.look("closed")
	s.c.Open("/")
	s.look("dashboard")
}
