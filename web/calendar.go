package web

import (
	"net/http"
	"strings"

	ics "github.com/arran4/golang-ical"
	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

// makeCalendar shows the address of a person's calendar feed, once. A calendar
// program cannot sign in, so the address itself is the key: it opens the due
// dates of one person and nothing else.
func (s *Server) makeCalendar(c echo.Context, p *templates.Page) error {
	secret, err := s.app.Access.CalendarLink(c.Request().Context(), p.Actor)
	if err != nil {
		return err
	}
	p.Title, p.Section = p.T("calendar.title"), "account"
	return s.show(c, p, templates.Calendar(p, s.publicURL+"/calendar/"+secret+".ics"))
}

// calendar is the feed: the open measures a person owns or stands in for.
func (s *Server) calendar(c echo.Context, p *templates.Page) error {
	ctx := c.Request().Context()
	secret, ok := strings.CutSuffix(c.Param("file"), ".ics")
	if !ok {
		return echo.ErrNotFound
	}
	person, err := s.app.Access.CalendarPerson(ctx, secret)
	if err != nil {
		return err
	}
	p.Texts = s.texts.Texts(first(person.Language, s.language))
	open := true
	list, err := s.app.Measures.List(ctx, app.ActorOf(person), domain.MeasureFilter{Owner: person.ID, Open: &open}, domain.Page{Limit: 200, Sort: []string{"due_on"}})
	if err != nil {
		return err
	}
	cal := ics.NewCalendarFor("Followthrough")
	cal.SetMethod(ics.MethodPublish)
	cal.SetName(p.T("calendar.name", "Who", person.Name))
	cal.SetRefreshInterval("PT1H")
	for _, m := range list.Items {
		if m.DueOn.IsZero() {
			continue
		}
		event := cal.AddEvent(m.ID + "@followthrough")
		event.SetDtStampTime(m.UpdatedAt)
		event.SetAllDayStartAt(m.DueOn.Start(s.zone))
		event.SetAllDayEndAt(m.DueOn.AddDays(1).Start(s.zone))
		event.SetSummary(string(m.Key) + " " + m.Title)
		event.SetURL(s.publicURL + measurePath(m.Key))
		event.SetProperty(ics.ComponentPropertyTransp, "TRANSPARENT")
	}
	return c.Blob(http.StatusOK, "text/calendar; charset=utf-8", []byte(cal.Serialize(ics.WithNewLineWindows)))
}
