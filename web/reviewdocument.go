package web

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/document"
	"github.com/followthrough/followthrough/web/templates"
)

// versionParam is a number of a version in the address, 0 without one.
func versionParam(p *templates.Page, name string) (int, error) {
	text := p.Query.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, domain.Invalid(name, "%q is not a version; use a number from 1", text)
	}
	return n, nil
}

// reviewDocument is the review as a file: Markdown, or HTML that a browser
// prints as PDF; without a version it is the working copy.
func (s *Server) reviewDocument(c echo.Context, p *templates.Page) error {
	version, err := versionParam(p, "version")
	if err != nil {
		return err
	}
	r := domain.DocumentRequest{Incident: incidentKey(c), Version: version, Draft: version == 0, Format: domain.DocumentFormat(p.Query.Get("format")), Language: p.Query.Get("lang")}
	if r.Language == "" {
		r.Language = p.Lang
	}
	file, err := s.documents.Write(c.Request().Context(), p.Actor, r)
	if err != nil {
		return err
	}
	attachment(c, file.Name)
	return c.Blob(http.StatusOK, file.Media, file.Text)
}

func (s *Server) publishedReview(c echo.Context, p *templates.Page) error {
	ctx, key := c.Request().Context(), incidentKey(c)
	number, err := versionParam(p, "version")
	if err != nil {
		return err
	}
	versions, err := s.app.Reviews.Versions(ctx, p.Actor, key)
	if err != nil {
		return err
	}
	if number == 0 {
		number = len(versions)
	}
	if number < 1 || number > len(versions) {
		return domain.Errorf(domain.ErrNotFound, "the review of %s was never published", key)
	}
	v := templates.PublishedView{Version: versions[number-1], Versions: versions}
	in := document.Input{Document: v.Version.Document, Version: v.Version.Number, At: v.Version.At, Texts: p.Texts, Charts: chartTexts(p), Zone: s.zone, Person: p.Person, Untitled: true}
	p.Title, p.Section, p.Pictures = document.Title(in), "reviews", true
	v.Body = document.Body(in)
	if v.Since, err = versionParam(p, "since"); err != nil {
		return err
	}
	if v.Since == 0 {
		v.Since = number - 1 // the one before; the first version has none
	}
	if v.Since > len(versions) {
		return domain.Errorf(domain.ErrNotFound, "version %d does not exist", v.Since)
	}
	if v.Since > 0 && v.Since != number {
		v.Changes = differences(p, domain.CompareDocuments(versions[v.Since-1].Document, v.Version.Document))
	}
	return s.show(c, p, templates.Published(p, v))
}
