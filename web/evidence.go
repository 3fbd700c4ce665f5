package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) evidenceRoutes(get, post register) {
	get("/evidence", s.evidence)
	get("/evidence/register.csv", s.registerCSV)
	get("/evidence/checkpoint.txt", s.checkpoint)
	post("/evidence/pack", s.pack)
}

// sampleSize is how many incidents an auditor gets to trace at once.
const sampleSize = 5

func (s *Server) evidence(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("audit.title"), "evidence"
	status, err := s.app.Evidence.Overview(c.Request().Context(), p.Actor)
	if err != nil {
		return err
	}
	audit, err := s.audit(c, p)
	if err != nil {
		return err
	}
	audit.Sample(p.Query.Get("sample"), sampleSize)
	return s.show(c, p, templates.Evidence(p, templates.EvidenceView{Status: status, Audit: audit}))
}

// audit reads the log up to the end of the day in the address.
func (s *Server) audit(c echo.Context, p *templates.Page) (*app.Audit, error) {
	d, err := dateOf("known_on", p.Query.Get("known_on"))
	if err != nil {
		return nil, err
	}
	var at time.Time
	if !d.IsZero() {
		at = s.app.Reports.EndOf(d)
	}
	return s.app.Evidence.Audit(c.Request().Context(), p.Actor, at)
}

func (s *Server) registerCSV(c echo.Context, p *templates.Page) error {
	audit, err := s.audit(c, p)
	if err != nil {
		return err
	}
	text, err := audit.RegisterCSV()
	if err != nil {
		return err
	}
	return attach(c, "register.csv", "text/csv; charset=utf-8", text)
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
