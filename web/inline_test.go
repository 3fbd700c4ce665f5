package web

import (
	"net/http"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// Each field of a list has a form of its own, which leads back to the list.
func TestInlineEdit(t *testing.T) {
	w := newWorld(t)
	i := w.incident("An outage")
	m := w.newMeasure(domain.NewMeasure{Title: "One", Priority: domain.P1})
	b := w.as("member")
	path := "/measures/M-1/edit/"
	b.get(path+"owner?back=/measures%3Fq%3Done").want(200).says("Owner of M-1", "Save")
	version := m.Version
	for _, c := range []struct{ field, value, reason string }{{"title", "Two", ""}, {"priority", "P0", ""}, {"owner", "p_member", ""}, {"incident", string(i.Key), ""},
		{"due_on", "2026-12-24", "the vendor delivers late"}} {
		b.post(path+c.field, "version", text(version), "back", "/measures?q=one", c.field, c.value, "reason", c.reason).leads("/measures?done=saved&q=one")
		version++
	}
	got, err := w.app.Measures.Get(t.Context(), w.actor("admin"), m.Key)
	if err != nil {
		t.Fatal(err)
	}
	if got.Title != "Two" || got.Priority != domain.P0 || got.Owner != "p_member" || got.Incident != i.Key || got.DueOn.String() != "2026-12-24" {
		t.Errorf("changed to %+v", got)
	}
	b.post(path+"due_on", "version", text(version), "due_on", "2027-01-31").want(http.StatusUnprocessableEntity).says("needs a reason")
	b.post(path+"title", "version", "1", "title", "Three").want(http.StatusConflict).says("changed in the meantime")
	b.post(path+"title", "version", text(version), "title", "Four", "back", "https://evil.example/").leads("/?done=saved")
	b.get(path + "status").want(http.StatusNotFound)
	b.post(path+"status", "version", "1", "status", "done").want(http.StatusNotFound)
	w.as("viewer").get(path + "owner").want(http.StatusForbidden)
	w.as("foreign").get(path + "owner").want(http.StatusNotFound)
}
