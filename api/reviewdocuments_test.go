package api

import (
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/web/document"
	"github.com/followthrough/followthrough/web/i18n"
)

// documents writes the documents of reviews, in English where nothing is asked for.
func documents(t testing.TB, a *app.App, now func() time.Time) *document.Author {
	t.Helper()
	texts, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	return &document.Author{Reviews: a.Reviews, People: a.People, Texts: texts, Zone: time.UTC, Now: now, Language: "en"}
}

// reviewDocuments reads the document of a review that was published twice, in
// both forms and languages.
func reviewDocuments(t *testing.T, w *world, at string) {
	t.Helper()
	for query, want := range map[string][]string{
		"":                                {"# Review of INC-1: Database down", "version 2", "Down for 2 h, seen late.", "\n[lanes]: data:image/svg+xml;base64,"},
		"?version=1&lang=de":              {"# Nachbereitung von INC-1", "Fassung 1", "Down for 2 h.\n", "![Kommunikation im Zeitverlauf"},
		"?format=html&version=1&lang=de":  {`<html lang="de">`, "<svg", "Fassung 1"},
		"?format=html&draft=true&lang=en": {`<html lang="en">`, "<svg", "Down for 2 h, seen late."},
	} {
		got := w.get("viewer", at+"/document"+query).want(200)
		for _, text := range want {
			if !strings.Contains(string(got.body), text) {
				t.Errorf("%s: %q is missing in\n%.600s", query, text, got.body)
			}
		}
		media, name := "text/markdown; charset=utf-8", ".md"
		if strings.Contains(query, "html") {
			media, name = "text/html; charset=utf-8", ".html"
		}
		if h := got.header; h.Get("Content-Type") != media || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment; filename=\"inc-1-") || !strings.Contains(h.Get("Content-Disposition"), name) {
			t.Errorf("%s: %v", query, h)
		}
	}
	w.get("viewer", at+"/document?version=9").want(404)
	w.get("viewer", strings.Replace(at, "INC-1", "INC-2", 1)+"/document").want(404) // never published
	for query, says := range map[string]string{"format=pdf": "use md or html", "version=0": "a number from 1", "lang=fr": "use en or de", "version=1&draft=true": "leave it out", "draft=yes": "use true or false"} {
		if got := w.get("viewer", at+"/document?"+query).want(400); !strings.Contains(string(got.body), says) {
			t.Errorf("%s: %s", query, got.body)
		}
	}
	// Another team reads what is shared with its role, and never the draft.
	w.get("foreign", at+"/document").want(200)
	w.get("foreign", at+"/document?draft=true").want(404)
}

// A role is held by somebody of the directory, or by an outsider: naming one
// takes the other away.
func TestRoleHoldersInTheAPI(t *testing.T) {
	w := newWorld(t)
	w.post("member", prefix+"/incidents", object{"title": "Database down", "team": "t_a"}).want(201)
	at := prefix + "/incidents/INC-1/review/entries"
	person := w.get("admin", prefix+"/people?limit=1").want(200).json()["items"].([]any)[0].(object)["id"]
	made := w.post("member", at, object{"section": "role", "kind": "scribe", "person_id": person, "deputy": "Ms Vendor"}).want(201)
	if got := made.json(); got["person_id"] != person || got["person"] != nil || got["deputy"] != "Ms Vendor" || got["deputy_id"] != nil {
		t.Errorf("held by %v", got)
	}
	change := func(body object) object { return w.patch("member", at+"/"+made.text("id"), "*", body).want(200).json() }
	if got := change(object{"person": "Mr Outside"}); got["person"] != "Mr Outside" || got["person_id"] != nil {
		t.Errorf("an outsider: %v", got)
	}
	if got := change(object{"person_id": person, "deputy_id": person}); got["person_id"] != person || got["person"] != nil || got["deputy_id"] != person || got["deputy"] != nil {
		t.Errorf("somebody of the directory: %v", got)
	}
	w.patch("member", at+"/"+made.text("id"), "*", object{"person": "Mr Outside", "person_id": person}).want(422)
	w.patch("member", at+"/"+made.text("id"), "*", object{"person_id": "p_nobody"}).want(422)
	w.patch("member", prefix+"/incidents/INC-1/review", "*", object{"summary": "Lost {cost}."}).want(422)
	w.patch("member", prefix+"/incidents/INC-1/review", "*", object{"summary": "{measures} measures."}).want(200)
	if got := w.get("member", prefix+"/incidents/INC-1/review").want(200).json(); got["summary"] != "{measures} measures." || got["summary_text"] != "0 measures." {
		t.Errorf("summary: %v", got)
	}
}
