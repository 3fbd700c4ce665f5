package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/followthrough/followthrough/web/browsertest"
)

// TestReviewStoryInTheBrowser: what one incident teaches, from its facts to the
// evidence that an auditor verifies on a machine of his own. Two people, five
// anonymous ones and a tracker take part, in both languages, on the real program.
func TestReviewStoryInTheBrowser(t *testing.T) {
	for _, language := range []string{"en", "de"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel() // each has a program, a tracker and a browser of its own
			s := reviewStory{newStory(t, language)}
			s.firstStart()
			s.connect()
			invitation := s.inviteBen()
			s.incident()
			s.leave()

			s.acceptInvitation(invitation)
			s.facts()
			s.chat()
			s.measureAndFinding()
			form := s.openFeedback()
			s.leave()

			s.fiveAnswers(form)

			s.enter("ana", "a long enough password")
			s.trackerCloses()
			s.leave()

			s.enter("ben", "another long password")
			s.evidence()
			s.submit()
			s.leave()

			s.enter("ana", "a long enough password")
			s.verify()
			s.publish()
			s.audit()
			s.c.Clean("the story")
		})
	}
}

type reviewStory struct{ *story }

const reviewPage = "/incidents/INC-1/review"

// send fills fields (selector, value, selector, value …) and submits the form
// that holds the first one. What is folded is unfolded.
func (s reviewStory) send(values ...string) {
	s.t.Helper()
	s.unfold(values[0])
	for n := 0; n < len(values); n += 2 {
		s.c.Fill(values[n], values[n+1])
	}
	s.submitFormOf(values[0])
}

func (s reviewStory) submitFormOf(field string) {
	s.c.Submit("form:has(" + field + ") button[type=submit]")
}

func (s reviewStory) unfold(selector string) {
	s.t.Helper()
	const up = `(() => { for (let d = document.querySelector(%q).closest('details'); d; d = d.parentElement.closest('details')) d.open = true; return true })()`
	_ = browsertest.Result(s.c, chromedp.Evaluate[bool](fmt.Sprintf(up, selector)))
}

// look checks the page as it stands, on a telephone and on a small screen, and
// on others that are asked for, and keeps pictures of it.
func (s reviewStory) look(name string, more ...int64) {
	s.t.Helper()
	for _, width := range append([]int64{390, 1024}, more...) {
		s.c.Shot(fmt.Sprintf("review-story-%s-%s-%d", name, s.language, width), width, false)
		s.c.NotWider(fmt.Sprintf("%s at %d", name, width))
	}
	s.c.Accessible(name)
	s.c.Clean(name)
}

func (s reviewStory) leave() {
	s.t.Helper()
	s.unfold(`form[action="/sign-out"]`)
	s.c.Submit(`form[action="/sign-out"] button`)
}

func (s reviewStory) enter(login, password string) {
	s.t.Helper()
	s.c.Open("/sign-in")
	s.send("#signin-email", login+"@nordwind.example", "#signin-password", password)
}

// inviteBen adds the second person and returns the way in.
func (s reviewStory) inviteBen() string {
	s.c.Open("/people/new")
	s.send("#person-name", "Ben Okafor", "#person-email", "ben@nordwind.example", "#person-role", "member")
	s.send("#identity-tracker", string(demoGitHub), "#identity-login", "ben")
	s.c.Submit(`form[action$="/invite"] button`)
	s.look("invited")
	link := browsertest.Result(s.c, chromedp.Text(chromedp.CSS(".secret")))
	return link[strings.Index(link, "/invitation"):]
}

func (s reviewStory) incident() {
	s.c.Open("/incidents/new")
	s.send("#incident-title", s.say("No route was planned for a night", "Eine Nacht lang wurde keine Route geplant"), "#incident-severity", "SEV2",
		"#incident-started_at", "2016-03-26T22:50", "#incident-detected_at", "2016-03-26T22:55", "#incident-mitigated_at", "2016-03-27T05:50", "#incident-resolved_at", "2016-03-27T06:30",
		"#incident-services", s.say("route planning", "Routenplanung"))
	s.c.Says("INC-1")
	s.look("incident")
}

func (s reviewStory) acceptInvitation(path string) {
	s.c.Open(path)
	s.look("invitation")
	s.send("#invitation-password", "another long password")
	s.c.Says("Ben Okafor")
}

func (s reviewStory) facts() {
	s.c.Open("/incidents/INC-1")
	s.c.Submit(`.head a[href$="/review"]`)
	s.look("empty")
	s.send("#facts-lines", s.say("no time at all", "ohne jede Zeit"))
	s.c.Says(s.say("does not begin with a time", "beginnt nicht mit einer Zeit"))
	s.look("refused")
	s.send("#facts-lines", s.say("22:57 detection: The map of the lorries stood still\n23:10 decision: Restart the planner\n00:05 observation: The planner is up and plans nothing\n05:46 mitigation: Planned with half of the cities",
		"22:57 Entdeckung: Die Karte der Lastwagen stand still\n23:10 Entscheidung: Planer neu starten\n00:05 Beobachtung: Der Planer läuft und plant nichts\n05:46 Abhilfe: Mit der Hälfte der Städte geplant"))
	s.c.Submit(`form[action$="/times"] button`)
	s.c.Says(s.say("Restart the planner", "Planer neu starten"))
	s.send("#entry-cause-text", s.say("One city without a position stopped every plan.", "Eine Stadt ohne Position hielt jeden Plan auf."), "#entry-cause-kind", "cause")
	s.send("#entry-lesson-text", s.say("The runbook was at hand.", "Das Handbuch lag bereit."), "#entry-lesson-kind", "worked")
	s.send("#entry-role-person", "Ben Okafor", "#entry-role-deputy", "Ana Lindqvist", "#entry-role-kind", "incident_lead", "#entry-role-at", "2016-03-26T23:00")
}

// chat brings in what was said: a real export where it is there, and a log that
// is pasted. The silence of the night is found.
func (s reviewStory) chat() {
	file, messages := nightChat(s.t)
	s.unfold("#chat-file")
	s.c.Run(chromedp.SetUploadFiles(chromedp.CSS("#chat-file"), []string{file}))
	s.submitFormOf("#chat-file")
	s.c.Says(s.say(fmt.Sprintf("%d messages", messages), fmt.Sprintf("%d Nachrichten", messages)), "04:27", "05:46")
	s.send(`input[name=channel][value="#traveling-sailor"] ~ .field input`, "team")
	calm := s.say("All parcels are on their way as usual.", "Alle Pakete sind wie gewohnt unterwegs.")
	s.send("#chat-pasted", "[23:30] Status: "+calm+"\n[06:20] Status: "+s.say("Some parcels will be late today.", "Einige Pakete kommen heute später."),
		"#chat-channel", s.say("status page", "Statusseite"), "#chat-audience", "customers")
	mark := browsertest.Result(s.c, chromedp.Evaluate[string](fmt.Sprintf(`[...document.querySelectorAll('.entries > li')].find((li) => li.textContent.includes(%q)).id`, calm)))
	s.send("#mark-"+mark+"-diverges", s.say("In the team nobody knew when it would go on.", "Im Team wusste niemand, wann es weitergeht."))
	s.c.Says(s.say("Statements that diverge", "Abweichende Aussagen"), s.say("Never informed:", "Nie informiert:"))
	s.look("talk", 1600)
}

// nightChat is a file with the talk of the night and how many messages it
// has: a real export of a workspace, or a short log of our own.
func nightChat(t *testing.T) (string, int) {
	t.Helper()
	root := os.Getenv("FOLLOWTHROUGH_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	export := filepath.Join(root, "data", "chat", "slack-export")
	if _, err := os.Stat(export); err != nil && os.Getenv("FOLLOWTHROUGH_REQUIRE_SHARED") != "1" {
		file := filepath.Join(t.TempDir(), "#traveling-sailor.txt")
		log := "2016-03-26 23:00 - Ana: The planner is up\n2016-03-26 23:48 - Ben: and plans nothing\n2016-03-27 00:40 - Ana: Same again\n2016-03-27 01:30 - Ben: No change\n2016-03-27 02:20 - Ana: It is one city\n2016-03-27 03:15 - Ben: Which one?\n2016-03-27 03:50 - Ana: No position\n2016-03-27 04:27 - Ben: I take it out\n2016-03-27 05:46 - Ben: It plans\n2016-03-27 06:23 - Ana: It is over\n"
		if err := os.WriteFile(file, []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
		return file, 10
	}
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	if err := w.AddFS(os.DirFS(export)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "export.zip")
	if err := os.WriteFile(file, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, 150
}

// measureAndFinding agrees on what is to change and ties it to its cause.
func (s reviewStory) measureAndFinding() {
	s.c.Open("/incidents/INC-1")
	s.send("#measure-title", s.say("Refuse a city without a position on entry", "Städte ohne Position bei der Eingabe abweisen"),
		"#measure-kind", "prevent", "#measure-priority", "P1", `[id="measure-success_metric.name"]`, s.say("nights without a plan", "Nächte ohne Plan"))
	s.c.Says("M-1")
	s.c.Open("/measures/M-1")
	s.c.Submit(`form[action$="/status"] button.primary`) // accept
	s.c.Open(reviewPage)
	s.c.Says(s.say("1 measure follows from no finding:", "1 Maßnahme folgt aus keiner Erkenntnis:"), s.say("1 cause has no finding:", "1 Ursache hat keine Erkenntnis:"))
	s.unfold("#entry-finding-text")
	cause := browsertest.Result(s.c, chromedp.Evaluate[string](`document.querySelector('#entry-finding-cause option:last-child').value`))
	s.c.Run(chromedp.Click(chromedp.CSS(`form:has(#entry-finding-text) input[name=measures][value="M-1"]`)))
	s.send("#entry-finding-text", s.say("Nothing checks the positions of the cities.", "Nichts prüft die Positionen der Städte."), "#entry-finding-kind", "technology", "#entry-finding-cause", cause)
	s.c.Says(s.say("follows from this cause", "folgt aus dieser Ursache"))
	s.look("finding")
}

// openFeedback returns the path of the anonymous form.
func (s reviewStory) openFeedback() string {
	s.c.Submit(`form[action$="/feedback"] button`)
	s.look("feedback-link")
	link := browsertest.Result(s.c, chromedp.Text(chromedp.CSS("#feedback-url")))
	return link[strings.Index(link, "/feedback/"):]
}

// fiveAnswers is five people who have no account.
func (s reviewStory) fiveAnswers(path string) {
	for n := range 5 {
		s.c.Open(path)
		if n == 0 {
			s.look("form")
		}
		s.c.Run(chromedp.Click(chromedp.CSS(fmt.Sprintf(`input[name=calm][value="%d"]`, 1+n%5))), chromedp.Click(chromedp.CSS(`input[name=heard][value="5"]`)))
		s.send("#feedback-keep", s.say("Short calls every hour", "Kurze Gespräche zu jeder Stunde"))
		s.c.Says(s.say("Thank you.", "Vielen Dank."))
	}
	s.look("thanks")
}

func (s reviewStory) trackerCloses() {
	s.linkAndSync()
	if err := s.trackers.github.As("ben").Close(demoRepository, s.issue("M-1"), "completed"); err != nil {
		s.t.Fatal(err)
	}
	s.sync()
	s.c.Open("/measures/M-1")
	s.c.Says(s.say("Done was claimed without evidence.", "„Erledigt“ wurde ohne Nachweis gemeldet."))
	s.look("closed-by-tracker")
}

// evidence is added by the owner, who cannot judge the effect himself.
func (s reviewStory) evidence() {
	s.c.Open("/measures/M-1")
	s.send("#evidence-title", s.say("Refused since release 14", "Abgewiesen seit Release 14"), "#evidence-url", "https://wiki.example/release-14")
	s.send("#status-verified-verdict", "effective", "#status-verified-reason", s.say("I am sure", "Da bin ich sicher"))
	s.c.Says(s.say("somebody other than its owner", "jemand anderes als"))
	s.look("not-by-owner")
}

// submit writes the summary and hands the review on.
func (s reviewStory) submit() {
	s.c.Open(reviewPage)
	s.c.Says(s.say("Short calls every hour", "Kurze Gespräche zu jeder Stunde"))
	s.send("#text-teamwork-teamwork", s.say("We stayed in touch; who decides was not always clear.", "Wir blieben in Verbindung; wer entscheidet, war nicht immer klar."))
	s.send("#text-summary-summary", s.say("The night ({key}, {severity}) lasted {duration}. Silences that were too long: {gaps}. Measures: {measures}, done: {done}.",
		"Die Nacht ({key}, {severity}) dauerte {duration}, und {gaps}-mal war es zu lange still. Maßnahmen: {measures}, erledigt: {done}."))
	s.step("in_review")
	s.c.Says(s.say("In review", "In Prüfung"), s.say("too long: 1.", "und 1-mal"))
	s.c.Says(s.say("somebody else approves it", "freigeben muss sie jemand anderes"))
	s.lacks("#state-state option[value=approved]")
	s.look("submitted")
}

func (s reviewStory) step(to string) {
	s.t.Helper()
	s.send("#state-state", to)
}

// verify is the judgement of a second person.
func (s reviewStory) verify() {
	s.c.Open("/measures/M-1")
	s.send("#status-verified-verdict", "effective", "#status-verified-reason", s.say("No night without a plan since", "Seither keine Nacht ohne Plan"))
	s.c.Says(s.say("Verified", "Geprüft"))
	s.look("verified")
}

func (s reviewStory) publish() {
	s.c.Open(reviewPage)
	s.step("approved")
	s.step("published")
	s.c.Says(s.p.cfg.PublicURL + reviewPage + "/published")
	s.look("published-review", 1600)
	s.c.Paper("review-story-review-" + s.language)
	s.c.PDF("review-story-review-" + s.language)
	s.c.Open(reviewPage + "/published")
	s.c.Says(s.say("The night (INC-1, SEV2) lasted 7 h 40 min", "Die Nacht (INC-1, SEV2) dauerte 7 h 40 min"))
	s.c.Says(s.say("Review of INC-1: No route", "Nachbereitung von INC-1: Eine Nacht"), s.say("Communication over time", "Kommunikation im Zeitverlauf"), s.say("Print / save as PDF", "Drucken / als PDF speichern"))
	s.look("published", 1600)
	_ = browsertest.Result(s.c, chromedp.Evaluate[bool](`window.print = () => { document.title = 'printed' }; true`))
	s.c.Run(chromedp.Click(chromedp.CSS("[data-print]")))
	if title := browsertest.Result(s.c, chromedp.Evaluate[string](`document.title`)); title != "printed" {
		s.t.Errorf("the button does not print: the title is still %q", title)
	}
	s.c.Paper("review-story-published-" + s.language)
	if pages := bytes.Count(s.c.PDF("review-story-published-"+s.language), []byte("/Type /Page\n")); pages < 1 || pages > 2 {
		s.t.Errorf("the document takes %d sheets, want two at most: none is empty", pages)
	}
}

// audit downloads the evidence and verifies it elsewhere: with the command
// and with the verifier that shares no code. A changed word is found by both.
func (s reviewStory) audit() {
	s.c.Open("/evidence")
	s.look("evidence", 1600)
	key := browsertest.Result(s.c, chromedp.Text(chromedp.CSS("section[aria-labelledby=log] code")))
	for selector, value := range map[string]string{"#pack-from": "2016-03-01", "#pack-incident": "INC-1"} {
		s.c.Fill(selector, value)
	}
	pack := s.c.Download(`form[action="/evidence/pack"] button`)
	s.c.Open("/evidence/traces")
	s.c.Says(s.say("Causes: One city without a position", "Ursachen: Eine Stadt ohne Position"), s.say("Nothing checks the positions", "Nichts prüft die Positionen"))
	s.look("traces", 1600)
	elsewhere := newTerminal(s.t)
	if out := elsewhere.ok("evidence verify --key", key, pack); !strings.Contains(out, "integrity: ok") || !strings.Contains(out, "completeness: ok") {
		s.t.Errorf("the pack: %s", out)
	}
	if code, out := second(s.t, key, pack); code != 0 {
		s.t.Errorf("the second verifier: exit %d: %s", code, out)
	}
	content, err := os.ReadFile(pack)
	if err != nil {
		s.t.Fatal(err)
	}
	changed := bytes.Replace(content, []byte("effective"), []byte("defective"), 1)
	if bytes.Equal(changed, content) {
		s.t.Fatal("the pack does not tell the judgement")
	}
	tampered := elsewhere.file("tampered.zip", string(changed))
	if code, out, _ := elsewhere.run("evidence verify --key", key, tampered); code != exitFinding || !strings.Contains(out, "integrity: wrong") {
		s.t.Errorf("a tampered pack: exit %d: %s", code, out)
	}
	if code, out := second(s.t, key, tampered); code != 1 {
		s.t.Errorf("the second verifier takes a tampered pack: exit %d: %s", code, out)
	}
}
