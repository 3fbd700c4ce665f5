package web

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

// newPage is the beginning of every view. The person's language wins, then
// what the browser asks for, then the organisation's.
func (s *Server) newPage(c echo.Context, language string) *templates.Page {
	r := c.Request()
	if language == "" {
		language = s.texts.Match(r.Header.Get("Accept-Language"), s.language)
	}
	now := s.now()
	p := &templates.Page{Texts: s.texts.Texts(language), Path: r.URL.Path, Query: r.URL.Query(), Now: now, Zone: s.zone,
		Today: domain.DateOf(now.In(s.zone)), Assets: s.assets, Version: s.version}
	if done := p.Query.Get("done"); slices.Contains(doneTexts(), done) {
		p.Done = done
	}
	return p
}

// doneTexts are the endings of the texts that a page may show after a change;
// the address can ask for no other.
func doneTexts() []string {
	return []string{"saved", "created", "bulk", "linked", "unlinked", "resumed", "put_back", "evidence", "observation", "resolved", "password", "synced", "invited", "signed_out", "removed", "imported", "check_finished", "check_measure", "retried", "view", "started", "recurrence", "assessment"}
}

// render makes the whole page before the first byte is sent, so that a page
// that fails half way becomes an error page.
func (s *Server) render(c echo.Context, status int, p *templates.Page, view templ.Component) error {
	var b bytes.Buffer
	if err := view.Render(c.Request().Context(), &b); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Language", p.Lang)
	return c.HTMLBlob(status, b.Bytes())
}

// show renders a page that was asked for, or the same page again with what was
// refused.
func (s *Server) show(c echo.Context, p *templates.Page, view templ.Component) error {
	status := http.StatusOK
	if p.Problem != nil {
		status = statusOf(p.Problem)
	}
	return s.render(c, status, p, view)
}

// done leads to a page after a change; text is one of doneTexts.
func done(c echo.Context, path, text string) error {
	u := url.URL{Path: path, RawQuery: "done=" + text}
	return c.Redirect(http.StatusSeeOther, u.String())
}

// refused prepares a page to show a form again: what it contained and why it
// was refused. Errors that are not for people are returned.
func refused(p *templates.Page, form string, values url.Values, err error) error {
	if domain.KindOf(err) == "" || domain.KindOf(err) == domain.ErrNotFound {
		return err
	}
	p.Form, p.Old, p.Problem = form, values, err
	return nil
}

// formOf reads the form of a request.
func formOf(c echo.Context) (url.Values, error) {
	if err := c.Request().ParseForm(); err != nil {
		return nil, domain.Errorf(domain.ErrInvalid, "the form cannot be read; go back and send it again")
	}
	return c.Request().PostForm, nil
}

// formVersion reads the version that a form was made from.
func formVersion(form url.Values) (int64, error) {
	version, err := strconv.ParseInt(form.Get("version"), 10, 64)
	if err != nil {
		return 0, domain.Errorf(domain.ErrInvalid, "the form cannot be read; go back and send it again")
	}
	return version, nil
}

// instantOf reads a datetime-local field in the organisation's zone.
func (s *Server) instantOf(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, s.zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, domain.Invalid(field, "%q is not a time; write YYYY-MM-DDTHH:MM", text)
}
