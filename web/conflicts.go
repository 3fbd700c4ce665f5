package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) conflictRoutes(get, post register) {
	get("/conflicts", s.conflicts)
	post("/conflicts/:id/resolve", s.resolveConflict)
	post("/conflicts/bulk", s.resolveConflicts)
}

// conflicts is the inbox: what both sides changed, side by side. Decided ones
// are a click away.
func (s *Server) conflicts(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("conflicts.title"), "conflicts"
	open := p.Query.Get("decided") != "true"
	filter := domain.ConflictFilter{Open: &open, Measure: domain.MeasureKey(strings.ToUpper(p.Query.Get("measure"))),
		Tracker: domain.TrackerID(p.Query.Get("tracker")), Field: domain.Field(p.Query.Get("field"))}
	ctx := c.Request().Context()
	list, err := s.app.Conflicts.List(ctx, p.Actor, filter, domain.Page{Limit: 25, Cursor: p.Query.Get("cursor"), WithTotal: true})
	if err != nil {
		return err
	}
	view := templates.ConflictList{Next: list.NextCursor, Total: list.Total, Decided: !open}
	for _, conflict := range list.Items {
		view.Items = append(view.Items, conflictView(p, conflict))
	}
	trackers, err := s.directory.trackersFor(ctx, p.Actor)
	if err != nil {
		return err
	}
	view.Trackers = trackers
	return s.show(c, p, templates.Conflicts(p, view))
}

func conflictView(p *templates.Page, c domain.Conflict) templates.ConflictView {
	field := string(c.Field)
	base, ours, theirs := valueOf(p, field, c.Base), valueOf(p, field, c.Ours), valueOf(p, field, c.Theirs)
	return templates.ConflictView{Conflict: c, Base: base, Ours: wordDiff(base, ours), Theirs: wordDiff(base, theirs), Winner: valueOf(p, field, c.Winner)}
}

func (s *Server) resolveConflict(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	if err := s.resolve(c, p, c.Param("id"), form); err != nil {
		if err := refused(p, "conflict-"+c.Param("id"), form, err); err != nil {
			return err
		}
		p.Path = "/conflicts"
		return s.conflicts(c, p)
	}
	return done(c, "/conflicts", "resolved")
}

func (s *Server) resolve(c echo.Context, p *templates.Page, idText string, form url.Values) error {
	id, err := strconv.ParseInt(idText, 10, 64)
	if err != nil {
		return echo.ErrNotFound
	}
	version, err := formVersion(form)
	if err != nil {
		return err
	}
	choice := domain.Choice(form.Get("choice"))
	var value *string
	if choice == domain.ChooseValue {
		text := form.Get("value")
		value = &text
	}
	_, err = s.app.Conflicts.Resolve(c.Request().Context(), p.Actor, id, version, choice, value, strings.TrimSpace(form.Get("reason")))
	return err
}

// resolveConflicts decides the chosen conflicts the same way; each one
// succeeds or fails on its own.
func (s *Server) resolveConflicts(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	items := form["item"]
	if len(items) == 0 || len(items) > 100 {
		err = domain.Errorf(domain.ErrInvalid, "choose 1 to 100 conflicts")
	}
	var failed []string
	for _, item := range items {
		if err != nil {
			break
		}
		id, version, _ := strings.Cut(item, ":")
		one := s.resolve(c, p, id, url.Values{"version": {version}, "choice": {form.Get("choice")}})
		if one != nil && domain.KindOf(one) == "" {
			return one
		}
		if one != nil {
			failed = append(failed, fmt.Sprintf("%s: %s", id, p.Say(one)))
		}
	}
	if len(failed) > 0 {
		err = &domain.Error{Kind: domain.ErrConflict, Message: strings.Join(failed, "; ")}
	}
	if err != nil {
		p.Path = "/conflicts"
		if err := refused(p, "bulk", form, err); err != nil {
			return err
		}
		return s.conflicts(c, p)
	}
	return done(c, "/conflicts", "resolved")
}
