package web

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/followthrough/followthrough/domain"
)

const incidentsCSV = "incident_id,title,severity,started_at,resolved_at\nO-1,Orders stood still,SEV2,2026-03-02T09:10:00Z,2026-03-02T10:20:00Z\n"

const measuresCSV = "Maßnahme;Vorfall;Priorität;Frist;Status\nAlert on the age of the oldest order;O-1;hoch;2026-12-12;offen\nRehearse the restore;O-1;mittel;;\n"

// upload sends files as the form of the import page does.
func (b *browser) upload(fields map[string]string, files ...string) answer {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			b.t.Fatal(err)
		}
	}
	for n := 0; n+1 < len(files); n += 2 {
		part, err := w.CreateFormFile("file", files[n])
		if err != nil {
			b.t.Fatal(err)
		}
		if _, err := part.Write([]byte(files[n+1])); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.t.Fatal(err)
	}
	return b.do(http.MethodPost, "/import", &body, "Content-Type", w.FormDataContentType(), "Sec-Fetch-Site", "same-origin")
}

// confirmation is the form of the preview, ready to be sent.
func confirmation(a answer) string {
	form := url.Values{}
	a.doc().Find(`form[action="/import/confirm"] input`).Each(func(_ int, s *goquery.Selection) {
		form.Add(s.AttrOr("name", ""), s.AttrOr("value", ""))
	})
	return form.Encode()
}

// Nothing is written before the preview is confirmed, and then all of it; a
// second import of the same source makes nothing twice.
func TestImport(t *testing.T) {
	w := newWorld(t)
	b := w.as("admin")
	b.get("/import").want(200).says("Look at it")
	preview := b.upload(nil, "incidents.csv", incidentsCSV, "measures.csv", measuresCSV).want(200).
		says("What would be written", "1Incidents2Measures", "Orders stood still", "Alert on the age of the oldest order", "Nothing has been written yet.")
	if list, err := w.app.Measures.List(t.Context(), w.actor("admin"), domain.MeasureFilter{}, domain.Page{}); err != nil || len(list.Items) != 0 {
		t.Fatalf("the preview wrote %d measures, %v", len(list.Items), err)
	}
	confirm := func() answer {
		return b.do(http.MethodPost, "/import/confirm", strings.NewReader(confirmation(preview)), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
	}
	confirm().want(200).says("1 incident and 2 measures were imported.")
	confirm().want(200).says("0 incidents and 0 measures were imported.", "were there already")
	if list, err := w.app.Measures.List(t.Context(), w.actor("admin"), domain.MeasureFilter{}, domain.Page{}); err != nil || len(list.Items) != 2 {
		t.Fatalf("%d measures were imported, %v", len(list.Items), err)
	}
}

// A bad row is named with its file and line, and there is nothing to confirm.
func TestImportIsRefused(t *testing.T) {
	w := newWorld(t)
	b := w.as("member")
	bad := b.upload(nil, "incidents.csv", incidentsCSV+"O-2,Twice too long,SEV2\n").want(http.StatusUnprocessableEntity).says("incidents.csv line 3", "has 3 fields, the header has 5")
	if n := bad.doc().Find(`form[action="/import/confirm"]`).Length(); n != 0 {
		t.Error("a file with a bad row can be confirmed")
	}
	b.upload(nil).want(http.StatusUnprocessableEntity).says("choose a CSV, JSON or Markdown file")
	b.upload(nil, "picture.png", "\x89PNG").want(http.StatusUnprocessableEntity)
	b.upload(nil, "big.csv", strings.Repeat("x", maxUpload+1)).want(http.StatusUnprocessableEntity).says("more than 2 MiB")
	many := []string{}
	for n := range maxUploadFiles + 1 {
		many = append(many, fmt.Sprintf("%d.md", n), "# An incident\n")
	}
	b.upload(nil, many...).want(http.StatusUnprocessableEntity).says("more than 20 files")
	w.as("viewer").get("/import").want(http.StatusForbidden)
	w.as("viewer").upload(nil, "incidents.csv", incidentsCSV).want(http.StatusForbidden)
	w.as("viewer").post("/import/confirm", "name", "x").want(http.StatusForbidden)
}

// What comes back with a confirmation is bounded like what was sent first.
func TestConfirmationIsBounded(t *testing.T) {
	w := newWorld(t)
	b := w.as("member")
	bomb, err := pack(bytes.Repeat([]byte{' '}, maxUpload+1))
	if err != nil {
		t.Fatal(err)
	}
	b.post("/import/confirm", "name", "a.csv", "packed", bomb).want(http.StatusUnprocessableEntity).says("more than 2 MiB")
	b.post("/import/confirm", "name", "a.csv", "packed", "no base64").want(http.StatusUnprocessableEntity)
	b.post("/import/confirm", "name", "a.csv", "packed", "aGVsbG8=").want(http.StatusUnprocessableEntity)
}
