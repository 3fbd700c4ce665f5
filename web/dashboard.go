package web

import (
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/chart"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) dashboardRoutes(get, _ register) {
	get("/", s.dashboard)
	get("/mine", s.mine)
}

// dashboard shows first what is past its promise: counts, bars by priority and
// age, and the list below, the longest broken promise on top.
func (s *Server) dashboard(c echo.Context, p *templates.Page) error {
	ctx := c.Request().Context()
	p.Title, p.Section = p.T("dashboard.title"), "dashboard"
	filter, err := s.measureFilter(p.Query)
	if err != nil {
		return err
	}
	counts, err := s.app.Measures.Late(ctx, p.Actor, filter)
	if err != nil {
		return err
	}
	yes := true
	late := filter
	late.PastPromise = &yes
	page := pageOf(url.Values{"cursor": p.Query["cursor"]}, "original_due_on", "priority", "key")
	page.Limit = dashboardRows
	list, err := s.app.Measures.List(ctx, p.Actor, late, page)
	if err != nil {
		return err
	}
	open := true
	conflicts, err := s.app.Conflicts.List(ctx, p.Actor, domain.ConflictFilter{Open: &open}, domain.Page{Limit: 100})
	if err != nil {
		return err
	}
	trackers, err := s.directory.trackersFor(ctx, p.Actor)
	if err != nil {
		return err
	}
	view := templates.DashboardView{Items: list.Items, Next: list.NextCursor, Trackers: trackers, Conflicts: len(conflicts.Items),
		MoreConflicts: conflicts.NextCursor != "", Bars: lateBars(counts)}
	view.Tiles = tilesOf(counts)
	if view.DueChecks, err = s.app.Checks.Due(ctx, p.Actor, p.Today); err != nil {
		return err
	}
	if err := s.withViews(c, p, domain.ViewDashboard); err != nil {
		return err
	}
	if err := s.board(c, p, &view); err != nil {
		return err
	}
	return s.show(c, p, templates.Dashboard(p, view))
}

// dashboardRows is how many late measures the dashboard shows at once.
const dashboardRows = 12

// worstChecks is how many checks of the data the dashboard names.
const worstChecks = 6

// board draws the small pictures: the statistics page has all of them.
func (s *Server) board(c echo.Context, p *templates.Page, view *templates.DashboardView) error {
	q, err := s.reportQuery(p.Query)
	if err != nil {
		return err
	}
	all, err := s.app.Reports.All(c.Request().Context(), p.Actor, q)
	if err != nil {
		return err
	}
	p.Pictures = true
	o := s.chartOptions(p)
	view.Weeks = chart.LateWeeks(all.Overdue, o)
	quality, worst := chart.Quality(all.Quality, o), all.Quality
	worst.Checks = nil
	for _, check := range all.Quality.Checks {
		if check.Count > 0 && len(worst.Checks) < worstChecks {
			worst.Checks = append(worst.Checks, check)
		}
	}
	short := chart.Quality(worst, o)
	short.Lead = quality.Lead
	view.Texts = o.Texts
	view.Pictures = []chart.Picture{chart.OnTime(all.Completion.OnTime, byPriority(all), o), chart.Completion(all.Completion.Completion, targets(all), o),
		chart.Flow(all.Flow.Flow, all.Flow.Forecast, o), chart.Recurrence(all.Recurrence, o), chart.States(all.Recurrence, o), short}
	return nil
}

// mine lists what the person owes.
func (s *Server) mine(c echo.Context, p *templates.Page) error {
	ctx := c.Request().Context()
	p.Title, p.Section = p.T("nav.mine"), "mine"
	open := true
	filter := domain.MeasureFilter{Owner: p.Me.ID, Open: &open}
	counts, err := s.app.Measures.Late(ctx, p.Actor, filter)
	if err != nil {
		return err
	}
	list, err := s.app.Measures.List(ctx, p.Actor, filter, pageOf(url.Values{"cursor": p.Query["cursor"]}, "due_on", "priority", "key"))
	if err != nil {
		return err
	}
	tiles := tilesOf(counts)
	if tiles.Unjudged, err = s.app.Measures.EffectivenessDue(ctx, p.Actor, domain.MeasureFilter{Owner: p.Me.ID}); err != nil {
		return err
	}
	return s.show(c, p, templates.Mine(p, tiles, list.Items, list.NextCursor))
}

func tilesOf(counts []domain.LateCount) templates.Tiles {
	var t templates.Tiles
	for _, c := range counts {
		t.Open += c.Open
		t.PastPromise += c.PastPromise()
		t.Overdue += c.Overdue
		t.Soon += c.Soon
		t.NeedsIncident += c.NeedsIncident
	}
	return t
}

// lateBars are the counts of the priorities that have something past its
// promise, those without a priority last.
func lateBars(counts []domain.LateCount) []templates.LateBar {
	var bars []templates.LateBar
	for _, priority := range append(domain.Priorities(), "") {
		for _, c := range counts {
			if total := c.PastPromise(); c.Priority == priority && total > 0 {
				bars = append(bars, templates.LateBar{Priority: priority, Counts: c.ByAge, Total: total})
			}
		}
	}
	return bars
}
