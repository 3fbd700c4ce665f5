package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

func TestParseFacts(t *testing.T) {
	kinds := map[string]domain.EntryKind{"decision": domain.KindDecision, "entscheidung": domain.KindDecision}
	day := domain.MustDate("2026-11-20")
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseFacts("23:50 Entscheidung: zurückgenommen\n\n0:10 Note: all is well\n2026-11-22 9:00 seen again\n", day, berlin, kinds)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range got {
		lines = append(lines, e.At.UTC().Format("01-02 15:04 ")+string(e.Kind)+" "+e.Text)
	}
	want := []string{"11-20 22:50 decision zurückgenommen", "11-20 23:10  Note: all is well", "11-22 08:00  seen again"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "no time", "25:00 x", "14:05", "2026-02-31 14:05 x"} {
		if e, err := parseFacts(bad, day, time.UTC, kinds); domain.KindOf(err) != domain.ErrInvalid {
			t.Errorf("%q: %v, %v", bad, e, err)
		}
	}
}

// sendChat posts a file to the import of a chat.
func (b *browser) sendChat(path, name string, content []byte, header ...string) answer {
	b.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	f, err := m.CreateFormFile("file", name)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		b.t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		b.t.Fatal(err)
	}
	return b.do(http.MethodPost, path, &body, append([]string{"Content-Type", m.FormDataContentType(), "Sec-Fetch-Site", "same-origin"}, header...)...)
}

// The story of a review through its pages: facts, chat, a gap, anonymous
// answers, finding, publication by two people, and sharing.
func TestReviewStory(t *testing.T) {
	w := newWorld(t)
	i := w.incident("Replication lag hid writes")
	at := "/incidents/" + string(i.Key) + "/review"
	member, admin := w.as("member"), w.as("admin")
	if _, _, err := w.app.Incidents.Edit(t.Context(), w.actor("admin"), i.Key, 0, domain.IncidentEdit{Severity: domain.Some(domain.SEV1),
		StartedAt: domain.Some(start.Add(-5 * time.Hour)), DetectedAt: domain.Some(start.Add(-5 * time.Hour)), ResolvedAt: domain.Some(start.Add(-time.Hour))}); err != nil {
		t.Fatal(err)
	}
	member.post(at+"/facts", "lines", "04:10 decision: promoted the replica\nnonsense").want(422)
	member.post(at+"/facts", "lines", "04:10 decision: promoted the replica").want(303)
	member.post(at+"/entries", "section", "cause", "kind", "cause", "text", "Nobody watched the lag.").want(303)
	member.sendChat(at+"/chat", "log.txt", []byte("[04:05] Ana: it is down\n[07:50] Ana: it is up")).want(303)
	if text := member.get(at).want(200).text(); !strings.Contains(text, "longer than 30 min") {
		t.Error("the silence is not named")
	}
	before := w.count(t, i.Key)
	for name, bad := range map[string][]byte{"bomb.zip": []byte("PK\x03\x04 and no more"), "empty.txt": nil, "x.bin": {0x7f, 'E', 'L', 'F', 0, 0}} {
		if text := member.sendChat(at+"/chat", name, bad).want(422).text(); strings.Contains(text, "internal") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if after := w.count(t, i.Key); after != before || before != 2 {
		t.Errorf("%d messages, %d after the refused files", before, after)
	}
	form := member.post(at + "/feedback").want(200)
	secret := form.doc().Find("#feedback-url").Text()
	path := secret[strings.LastIndex(secret, "/feedback/"):]
	nobody := w.browser()
	nobody.get("/feedback/nonsense").want(404)
	for range 5 {
		nobody.get(path).want(200)
		nobody.post(path, "calm", "4", "keep", "Short stand-ups").want(200)
	}
	nobody.post(path).want(422)
	if text := member.get(at).want(200).text(); !strings.Contains(text, "Short stand-ups") {
		t.Error("five answers are not shown")
	}
	member.post(at+"/text", "name", "summary", "summary", "Down for {duration}.", "version", "99").want(409)
	member.post(at+"/text", "name", "summary", "summary", "Down for {duration}.", "version", "0").want(303)
	state := func(b *browser, to string, status int) {
		b.post(at+"/state", "state", to).want(status)
	}
	state(member, "in_review", 303)
	state(member, "approved", 422)
	state(admin, "approved", 303)
	member.get(at + "/published").want(404)
	state(member, "published", 303)
	if text := member.get(at + "/published").want(200).text(); !strings.Contains(text, "Down for 4 h.") {
		t.Error("the published summary has no numbers")
	}
	for _, lang := range []string{"en", "de"} {
		html := member.get(at + "/document?format=html&version=1&lang=" + lang).want(200)
		if body := string(html.body); !strings.Contains(body, `<html lang="`+lang+`">`) || !strings.Contains(body, "<svg") || strings.Contains(body, "<script") {
			t.Errorf("document in %s", lang)
		}
		if body := string(member.get(at + "/document?format=md&version=1&lang=" + lang).want(200).body); !strings.Contains(body, "Down for 4 h.") {
			t.Errorf("Markdown in %s: %s", lang, body)
		}
	}
	state(member, "draft", 422)
	member.post(at+"/state", "state", "draft", "reason", "more was found").want(303)
	member.post(at+"/entries", "section", "role", "kind", "scribe", "person_id", "p_member", "deputy", "Ms Vendor").want(303)
	member.post(at+"/entries", "section", "role", "kind", "scribe", "person_id", "p_member", "person", "Mr Outside").want(422).says("named twice")
	state(member, "in_review", 303)
	state(admin, "approved", 303)
	state(member, "published", 303)
	if text := member.get(at + "/published?version=1&since=2").want(200).text(); !strings.Contains(text, "(Deputy: Ms Vendor)") {
		t.Errorf("versions 2 and 1 are not compared: %s", text)
	}
	if text := member.get(at + "/published?version=1").want(200).text(); strings.Contains(text, "Ms Vendor") {
		t.Error("the first version is compared with one that nobody chose")
	}
	member.get(at + "/published?since=3").want(404)
	member.get(at + "/published?since=x").want(422)
	if text := member.get("/reviews?q=lag+watched").want(200).text(); !strings.Contains(text, i.Title) {
		t.Error("the search does not find the cause")
	}
	if text := member.get("/reviews?missing=true&year=2026").want(200).text(); strings.Contains(text, i.Title) {
		t.Error("a published review is missing")
	}
}

func (w *world) count(t *testing.T, key domain.IncidentKey) int {
	t.Helper()
	list, err := w.app.Reviews.Messages(t.Context(), w.actor("admin"), key)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// An import that left something out says what, in the language of the reader;
// so does a refusal.
func TestChatImportSaysWhatWasLeftOut(t *testing.T) {
	w := newWorld(t)
	i := w.incident("Replication lag hid writes")
	at := "/incidents/" + string(i.Key) + "/review/chat"
	b := w.as("member")
	log := []byte("Ana says it is down.\n\nBen says it is up.")
	b.sendChat(at, "log.txt", log).want(200).says("log.txt: 2 messages imported, 0 were there already", "2 messages have no time that can be read")
	b.sendChat(at, "log.txt", log, "Accept-Language", "de").want(200).says("log.txt: 0 Nachrichten importiert, 2 waren schon da", "ohne lesbare Zeit: 2 Nachrichten")
	b.sendChat(at, "x.zip", []byte("PK\x03\x04"), "Accept-Language", "de").want(422).says("das Archiv ist abgeschnitten: sein Ende fehlt; nichts wurde importiert")
}
