package web

import (
	"net/http"
	"strconv"
	"testing"
)

func text(n int64) string { return strconv.FormatInt(n, 10) }

// A view is kept from the page it shows, found there again, shared and removed.
func TestSavedViews(t *testing.T) {
	w := newWorld(t)
	w.demo()
	member, viewer := w.as("member"), w.as("viewer")
	member.post("/views", "page", "measures", "query", "priority=P0&cursor=abc", "name", "The worst of storage", "share", "team:t_a").leads("/measures?done=view&priority=P0")
	viewer.get("/measures").says("The worst of storage")
	if href, _ := viewer.get("/measures").doc().Find("a.view").Attr("href"); href != "/measures?priority=P0" {
		t.Errorf("the view leads to %q", href)
	}
	if n := viewer.get("/measures?priority=P0").doc().Find("a.view[aria-current]").Length(); n != 1 {
		t.Errorf("%d views are marked as the one shown", n)
	}
	if n := w.as("foreign").get("/measures").doc().Find("a.view").Length(); n != 0 {
		t.Errorf("another team sees %d views", n)
	}
	if n := member.get("/").doc().Find("a.view").Length(); n != 0 {
		t.Errorf("the dashboard shows %d views of another page", n)
	}
	id, _ := member.get("/views").want(200).says("The worst of storage", "team Storage", "Mia Becker").doc().Find("article h2").Attr("id")
	path := "/views/" + id[len("view-"):]
	viewer.post(path+"/edit", "name", "Mine now").want(http.StatusForbidden)
	viewer.post(path + "/remove").want(http.StatusForbidden)
	member.post(path+"/edit", "name", "").want(http.StatusUnprocessableEntity).says("give the view a name")
	member.post(path+"/edit", "name", "Only for me", "share", "none").leads("/views?done=saved")
	if n := viewer.get("/measures").doc().Find("a.view").Length(); n != 0 {
		t.Error("a view that is shared no longer is still shown to others")
	}
	viewer.post("/views", "page", "measures", "query", "q=x", "name", "For all", "share", "organisation").want(http.StatusForbidden).says("only who may edit may share")
	member.post(path + "/remove").leads("/views?done=removed")
	member.get("/views").says("No view is kept yet.")
}
