package web

import (
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
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
	filter, err := measureFilter(p.Query)
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
	list, err := s.app.Measures.List(ctx, p.Actor, late, pageOf(url.Values{"cursor": p.Query["cursor"]}, "original_due_on", "priority", "key"))
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
	return s.show(c, p, templates.Dashboard(p, view))
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
	return s.show(c, p, templates.Mine(p, tilesOf(counts), list.Items, list.NextCursor))
}

func tilesOf(counts []domain.LateCount) templates.Tiles {
	var t templates.Tiles
	for _, c := range counts {
		t.Open += c.N
		if c.Age != domain.InTime {
			t.PastPromise += c.N
		}
		if c.Overdue {
			t.Overdue += c.N
		}
		if c.Soon {
			t.Soon += c.N
		}
		if c.Undated {
			t.Undated += c.N
		}
		if c.NeedsIncident {
			t.NeedsIncident += c.N
		}
	}
	return t
}

// lateBars brings the counts into one bar per priority, in order.
func lateBars(counts []domain.LateCount) []templates.LateBar {
	byPriority := map[domain.Priority]*templates.LateBar{}
	for _, c := range counts {
		if c.Age == domain.InTime {
			continue
		}
		bar, ok := byPriority[c.Priority]
		if !ok {
			bar = &templates.LateBar{Priority: c.Priority, Counts: map[domain.LateAge]int{}}
			byPriority[c.Priority] = bar
		}
		bar.Counts[c.Age] += c.N
		bar.Total += c.N
	}
	var bars []templates.LateBar
	for _, priority := range append(domain.Priorities(), "") {
		if bar, ok := byPriority[priority]; ok {
			bars = append(bars, *bar)
		}
	}
	return bars
}
