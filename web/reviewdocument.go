package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/document"
	"github.com/followthrough/followthrough/web/templates"
)

// documentInput is a published version for version > 0, and the working copy
// for 0. Another team gets neither messages nor the working copy.
func (s *Server) documentInput(c echo.Context, p *templates.Page, version int) (document.Input, error) {
	ctx, key := c.Request().Context(), incidentKey(c)
	in := document.Input{Texts: p.Texts, Zone: s.zone, Person: p.Person}
	if version != 0 {
		v, err := s.app.Reviews.Published(ctx, p.Actor, key, version)
		if err != nil {
			return in, err
		}
		err = s.fillPublished(c, p, &in, v)
		return in, err
	}
	v, err := s.app.Reviews.View(ctx, p.Actor, key)
	if err != nil {
		return in, err
	}
	in.Document, in.Messages, in.At = v.Document(), v.Messages, s.now()
	return in, nil
}

// fillPublished takes a published version over, with the messages behind it.
func (s *Server) fillPublished(c echo.Context, p *templates.Page, in *document.Input, v domain.ReviewVersion) (err error) {
	in.Document, in.Version, in.At = v.Document, v.Number, v.At
	in.Messages, err = s.app.Reviews.Messages(c.Request().Context(), p.Actor, incidentKey(c))
	if domain.KindOf(err) == domain.ErrNotFound {
		return nil // shared with the role: the document, not the messages behind it
	}
	return err
}

func versionParam(p *templates.Page) (int, error) {
	text := p.Query.Get("version")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, domain.Invalid("version", "%q is not a version; use a number from 1", text)
	}
	return n, nil
}

// reviewDocument is the review as a file: Markdown, or HTML that a browser
// prints as PDF.
func (s *Server) reviewDocument(c echo.Context, p *templates.Page) error {
	version, err := versionParam(p)
	if err != nil {
		return err
	}
	if lang := p.Query.Get("language"); lang != "" {
		p.Texts = s.texts.Texts(lang)
	}
	in, err := s.documentInput(c, p, version)
	if err != nil {
		return err
	}
	name := strings.ToLower(string(in.Document.Incident.Key)) + "-" + p.Lang
	if p.Query.Get("format") == "markdown" {
		attachment(c, name+".md")
		return c.Blob(http.StatusOK, "text/markdown; charset=utf-8", []byte(document.Markdown(in)))
	}
	attachment(c, name+".html")
	return c.Blob(http.StatusOK, "text/html; charset=utf-8", []byte(document.HTML(in, chartTexts(p))))
}

func (s *Server) publishedReview(c echo.Context, p *templates.Page) error {
	ctx, key := c.Request().Context(), incidentKey(c)
	number, err := versionParam(p)
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
	in := document.Input{Texts: p.Texts, Zone: s.zone, Person: p.Person, Untitled: true}
	if err := s.fillPublished(c, p, &in, v.Version); err != nil {
		return err
	}
	p.Title, p.Section, p.Pictures = document.Title(in), "reviews", true
	v.Body = document.Body(in, chartTexts(p))
	if number > 1 {
		v.Changes = differences(p, domain.CompareDocuments(versions[number-2].Document, v.Version.Document))
	}
	return s.show(c, p, templates.Published(p, v))
}
