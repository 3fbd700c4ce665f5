package web

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) evidenceRoutes(get, post register) {
	get("/evidence", s.evidence)
	get("/evidence/flags", s.redFlags)
	get("/evidence/traces", s.traces)
	get("/evidence/register", s.register)
	get("/evidence/register.csv", s.registerCSV)
	get("/evidence/checkpoint.txt", s.checkpoint)
	post("/evidence/pack", s.pack)
}

// sampleSize is how many incidents an auditor gets to trace at once.
const sampleSize = 5

// evidence is the overview: the state of the log and how much there is to look
// at. What is looked at has pages of its own.
func (s *Server) evidence(c echo.Context, p *templates.Page) error {
	at, err := s.knownOn(p)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	status, err := s.app.Evidence.Overview(ctx, p.Actor)
	if err != nil {
		return err
	}
	summary, err := s.app.Evidence.Summary(ctx, p.Actor, at)
	if err != nil && !errors.Is(err, app.ErrReading) {
		return err
	}
	return s.show(c, p, templates.Evidence(p, templates.EvidenceView{Status: status, Summary: summary, Reading: err != nil}))
}

// knownOn is the end of the day in the address, no time without one.
func (s *Server) knownOn(p *templates.Page) (time.Time, error) {
	p.Title, p.Section = p.T("audit.title"), "evidence"
	d, err := dateOf("known_on", p.Query.Get("known_on"))
	if err != nil || d.IsZero() {
		return time.Time{}, err
	}
	return s.app.Reports.EndOf(d), nil
}

// audited shows a part of an audit, or that the log is still being read.
func audited[T any](s *Server, c echo.Context, p *templates.Page, title string, read func(at time.Time) (T, error), show func(T) templ.Component) error {
	at, err := s.knownOn(p)
	if err != nil {
		return err
	}
	p.Title = p.T(title)
	v, err := read(at)
	if errors.Is(err, app.ErrReading) {
		return s.show(c, p, templates.AuditPart(p, templates.LogReading(p)))
	}
	if err != nil {
		return err
	}
	return s.show(c, p, templates.AuditPart(p, show(v)))
}

func (s *Server) redFlags(c echo.Context, p *templates.Page) error {
	return audited(s, c, p, "audit.flags", func(at time.Time) (domain.List[app.RedFlag], error) {
		return s.app.Evidence.Flags(c.Request().Context(), p.Actor, at, p.Query.Get("flag"), domain.Page{Cursor: p.Query.Get("cursor")})
	}, func(list domain.List[app.RedFlag]) templ.Component { return templates.RedFlags(p, list) })
}

func (s *Server) traces(c echo.Context, p *templates.Page) error {
	return audited(s, c, p, "audit.traces", func(at time.Time) (v templates.TracesView, err error) {
		v.Traces, v.Of, err = s.app.Evidence.Traces(c.Request().Context(), p.Actor, at, p.Query.Get("sample"), sampleSize)
		return v, err
	}, func(v templates.TracesView) templ.Component { return templates.Traces(p, v) })
}

func (s *Server) register(c echo.Context, p *templates.Page) error {
	return audited(s, c, p, "audit.register", func(at time.Time) (domain.List[*app.AuditItem], error) {
		return s.app.Evidence.Register(c.Request().Context(), p.Actor, at, domain.Page{Cursor: p.Query.Get("cursor")})
	}, func(list domain.List[*app.AuditItem]) templ.Component { return templates.Register(p, list) })
}

func (s *Server) registerCSV(c echo.Context, p *templates.Page) error {
	at, err := s.knownOn(p)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := s.app.Evidence.Await(ctx, p.Actor, at); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := s.app.Evidence.WriteRegister(ctx, p.Actor, at, &text); err != nil {
		return err
	}
	return attach(c, "register.csv", "text/csv; charset=utf-8", text.Bytes())
}

func (s *Server) checkpoint(c echo.Context, p *templates.Page) error {
	note, err := s.app.Evidence.Checkpoint(c.Request().Context(), p.Actor)
	if err != nil {
		return err
	}
	return attach(c, "checkpoint.txt", "text/plain; charset=utf-8", note)
}

// pack hands out a pack, or the page again with what was refused.
func (s *Server) pack(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	q := app.PackQuery{Incident: domain.IncidentKey(strings.TrimSpace(form.Get("incident"))), Team: domain.TeamID(form.Get("team"))}
	if q.From, err = dateOf("from", form.Get("from")); err == nil {
		q.To, err = dateOf("to", form.Get("to"))
	}
	var pack app.Pack
	var content []byte
	if err == nil {
		pack, content, err = s.app.Evidence.ExportBytes(c.Request().Context(), p.Actor, q)
	}
	if err != nil {
		if err := refused(p, "pack", form, err); err != nil {
			return err
		}
		return s.evidence(c, p)
	}
	return attach(c, pack.Name, "application/zip", content)
}

func attach(c echo.Context, name, media string, content []byte) error {
	c.Response().Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	return c.Blob(http.StatusOK, media, content)
}
