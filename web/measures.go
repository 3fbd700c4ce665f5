package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) measureRoutes(get, post register) {
	get("/measures", s.measures)
	post("/measures/bulk", s.bulkEdit)
	get("/measures/new", s.newMeasurePage)
	post("/measures/new", s.createMeasure)
	get("/measures/:key", s.measure)
	get("/measures/:key/edit", s.editMeasurePage)
	post("/measures/:key/edit", s.editMeasure)
	post("/measures/:key/status", s.changeStatus)
	post("/measures/:key/evidence", s.addEvidence)
	post("/measures/:key/observations", s.addObservation)
	post("/measures/:key/probe", s.setProbe)
	post("/measures/:key/links", s.addLink)
	post("/measures/:key/unlink", s.detachLink)
	post("/measures/:key/resume", s.resumeLink)
	post("/measures/:key/put-back", s.putBack)
}

func (s *Server) measures(c echo.Context, p *templates.Page) error {
	return s.showMeasures(c, p, nil)
}

// showMeasures lists measures; results are those of a bulk change before it.
func (s *Server) showMeasures(c echo.Context, p *templates.Page, results []templates.BulkResult) error {
	ctx := c.Request().Context()
	p.Title, p.Section = p.T("measures.title"), "measures"
	if p.Query.Get("needs_incident") == "true" {
		p.Title = p.T("measures.inbox")
	}
	filter, err := s.measureFilter(p.Query)
	if err != nil {
		return err
	}
	page := pageOf(p.Query, "due_on", "key")
	page.WithTotal = true
	list, err := s.app.Measures.List(ctx, p.Actor, filter, page)
	if err != nil {
		return err
	}
	trackers, err := s.directory.trackersFor(ctx, p.Actor)
	if err != nil {
		return err
	}
	if err := s.withViews(c, p, domain.ViewMeasures); err != nil {
		return err
	}
	p.Inline = p.May(domain.CanEdit)
	view := templates.MeasureList{Items: list.Items, Next: list.NextCursor, Total: list.Total, Trackers: trackers, Sort: strings.Join(page.Sort, ","), Results: results}
	return s.show(c, p, templates.Measures(p, view))
}

// bulkEdit changes the chosen rows; each one succeeds or fails on its own.
func (s *Server) bulkEdit(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	back := ownPath(form.Get("back"))
	p.Path = "/measures"
	if u, err := url.Parse(back); err == nil {
		p.Query = u.Query()
	}
	items, patch, err := bulkOf(form)
	if err != nil {
		if err := refused(p, "bulk", form, err); err != nil {
			return err
		}
		return s.showMeasures(c, p, nil)
	}
	results, err := s.app.Measures.BulkEdit(c.Request().Context(), p.Actor, items, patch)
	if err != nil {
		if err := refused(p, "bulk", form, err); err != nil {
			return err
		}
		return s.showMeasures(c, p, nil)
	}
	var failed []templates.BulkResult
	for _, r := range results {
		if r.Err != nil {
			failed = append(failed, templates.BulkResult{Key: r.Key, Text: p.Say(r.Err)})
		}
	}
	if len(failed) > 0 {
		return s.showMeasures(c, p, failed)
	}
	p.Query.Set("done", "bulk")
	return c.Redirect(303, "/measures?"+p.Query.Encode())
}

func bulkOf(form url.Values) ([]app.BulkItem, app.MeasurePatch, error) {
	var items []app.BulkItem
	for _, text := range form["item"] {
		key, version, _ := strings.Cut(text, ":")
		n, err := strconv.ParseInt(version, 10, 64)
		if err != nil {
			return nil, app.MeasurePatch{}, domain.Invalid("item", "%q is not accepted; choose rows of the list", text)
		}
		items = append(items, app.BulkItem{Key: domain.MeasureKey(key), Version: n})
	}
	patch := app.MeasurePatch{}
	patch.Reason = strings.TrimSpace(form.Get("reason"))
	if v := form.Get("owner"); v != "" {
		patch.Owner = domain.Some(domain.PersonID(v))
	}
	if v := form.Get("priority"); v != "" {
		patch.Priority = domain.Some(domain.Priority(v))
	}
	if v := strings.TrimSpace(form.Get("incident")); v != "" {
		patch.Incident = domain.Some(domain.IncidentKey(strings.ToUpper(v)))
	}
	if v := form.Get("due_on"); v != "" {
		due, err := dateOf("due_on", v)
		if err != nil {
			return nil, patch, err
		}
		patch.DueOn = domain.Some(due)
	}
	if !patch.Owner.Set && !patch.Priority.Set && !patch.DueOn.Set && !patch.Incident.Set {
		return nil, patch, domain.Errorf(domain.ErrInvalid, "nothing to change was given; choose an owner, a priority, a due date or an incident")
	}
	return items, patch, nil
}
