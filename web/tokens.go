package web

import (
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) tokenRoutes(get, post register) {
	get("/tokens", s.tokens)
	post("/tokens", s.createToken)
	post("/tokens/:id/revoke", s.revokeToken)
}

func (s *Server) tokens(c echo.Context, p *templates.Page) error { return s.showTokens(c, p, "") }

// showTokens lists the tokens; secret is that of a new one, shown this once.
func (s *Server) showTokens(c echo.Context, p *templates.Page, secret string) error {
	p.Title, p.Section = p.T("tokens.title"), "tokens"
	list, err := s.app.Access.Tokens(c.Request().Context(), p.Actor)
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b domain.Token) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return s.show(c, p, templates.Tokens(p, list, secret))
}

func (s *Server) createToken(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	t := domain.Token{Name: form.Get("name"), Role: domain.Role(form.Get("role")), Person: domain.PersonID(form.Get("person")), Teams: several[domain.TeamID](form, "teams")}
	days, err := strconv.Atoi(form.Get("days"))
	if err != nil || days < 0 || days > 3650 {
		err = domain.Invalid("days", "%q is not accepted; use 1 to 3650, or 0 for no end", form.Get("days"))
	} else if days > 0 {
		t.ExpiresAt = p.Now.AddDate(0, 0, days)
	}
	secret := ""
	if err == nil {
		_, secret, err = s.app.Access.CreateToken(c.Request().Context(), p.Actor, t)
	}
	if err != nil {
		if err := refused(p, "token", form, err); err != nil {
			return err
		}
	}
	return s.showTokens(c, p, secret)
}

func (s *Server) revokeToken(c echo.Context, p *templates.Page) error {
	if err := s.app.Access.RevokeToken(c.Request().Context(), p.Actor, c.Param("id")); err != nil {
		return err
	}
	return done(c, "/tokens", "removed")
}
