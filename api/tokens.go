package api

import (
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/domain"
)

type tokenJSON struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Role      string   `json:"role"`
	Person    *string  `json:"person" doc:"whose token it is; it may never do more than the person"`
	Teams     []string `json:"teams" nullable:"false"`
	Hint      string   `json:"hint" doc:"its last four characters"`
	CreatedAt *string  `json:"created_at" format:"date-time"`
	ExpiresAt *string  `json:"expires_at" format:"date-time"`
	RevokedAt *string  `json:"revoked_at" format:"date-time"`
	UsedAt    *string  `json:"used_at" format:"date-time" doc:"to the minute"`
	Secret    *string  `json:"secret,omitempty" doc:"only in the answer that made it"`
}

func tokenOf(t domain.Token) tokenJSON {
	return tokenJSON{ID: t.ID, Name: t.Name, Role: string(t.Role), Person: orNull(t.Person), Teams: list(t.Teams), Hint: t.Hint,
		CreatedAt: moment(t.CreatedAt), ExpiresAt: moment(t.ExpiresAt), RevokedAt: moment(t.RevokedAt), UsedAt: moment(t.UsedAt)}
}

type tokenInput struct {
	Name      opt[string]   `json:"name"`
	Role      opt[string]   `json:"role" doc:"viewer, member, admin or auditor"`
	Person    opt[string]   `json:"person,omitempty"`
	Teams     opt[[]string] `json:"teams,omitempty"`
	ExpiresAt opt[instant]  `json:"expires_at,omitempty"`
}

type meJSON struct {
	Actor  string      `json:"actor" doc:"as the history names you"`
	Role   string      `json:"role" doc:"what this token may do"`
	All    bool        `json:"all_teams"`
	Teams  []string    `json:"teams" nullable:"false"`
	Person *personJSON `json:"person" doc:"null for a token that belongs to nobody"`
	Token  tokenJSON   `json:"token"`
}

func (s *Server) tokenRoutes() []route {
	one := func(r route) route {
		r.tag, r.tagged = "tokens", true
		return r
	}
	return []route{
		{method: http.MethodGet, path: "/tokens", id: "list-tokens", summary: "List API tokens", tag: "tokens", needs: domain.CanManage,
			query: listQuery(nil), out: reflect.TypeFor[listJSON[tokenJSON]](), run: s.listTokens},
		withBody(one(route{method: http.MethodPost, path: "/tokens", id: "create-token", summary: "Make an API token; its secret is shown once",
			needs: domain.CanManage, repeatable: true, status: http.StatusCreated, out: reflect.TypeFor[tokenJSON]()}), s.createToken),
		one(route{method: http.MethodGet, path: "/tokens/{id}", id: "get-token", summary: "Get an API token", needs: domain.CanManage,
			out: reflect.TypeFor[tokenJSON](), run: s.getToken}),
		{method: http.MethodDelete, path: "/tokens/{id}", id: "revoke-token", summary: "Revoke an API token; its next request is refused", tag: "tokens",
			needs: domain.CanManage, match: true, status: http.StatusNoContent, run: s.revokeToken},
		{method: http.MethodGet, path: "/me", id: "get-me", summary: "Who am I, and what may I do", tag: "tokens", needs: domain.CanRead,
			out: reflect.TypeFor[meJSON](), run: s.me},
	}
}

// tokenVersion is what a token's ETag counts: it changes once, when revoked.
func tokenVersion(t domain.Token) int64 {
	if t.RevokedAt.IsZero() {
		return 1
	}
	return 2
}

func (s *Server) listTokens(c *call) (reply, error) {
	all, err := s.app.Access.Tokens(c.ctx(), c.actor())
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, tokenOf)}, err
}

func (s *Server) createToken(c *call, in *tokenInput) (reply, error) {
	t, secret, err := s.app.Access.CreateToken(c.ctx(), c.actor(), domain.Token{Name: in.Name.value, Role: or[domain.Role](in.Role),
		Person: or[domain.PersonID](in.Person), Teams: texts[domain.TeamID](in.Teams.value), ExpiresAt: in.ExpiresAt.value.Time})
	out := tokenOf(t)
	out.Secret = &secret
	return reply{body: out, version: tokenVersion(t), location: "/tokens/" + t.ID}, err
}

func (s *Server) getToken(c *call) (reply, error) {
	id, err := c.id("id", "token")
	if err != nil {
		return reply{}, err
	}
	t, err := s.app.Access.Token(c.ctx(), c.actor(), id)
	return reply{body: tokenOf(t), version: tokenVersion(t)}, err
}

func (s *Server) revokeToken(c *call) (reply, error) {
	id, err := c.id("id", "token")
	if err != nil {
		return reply{}, err
	}
	t, err := s.app.Access.Token(c.ctx(), c.actor(), id)
	if err != nil {
		return reply{}, err
	}
	if c.version != 0 && c.version != tokenVersion(t) {
		return reply{}, domain.Errorf(domain.ErrStale, "token %s has been revoked since you looked", id)
	}
	return reply{}, s.app.Access.RevokeToken(c.ctx(), c.actor(), id)
}

func (s *Server) me(c *call) (reply, error) {
	a := c.actor()
	out := meJSON{Actor: a.ID, Role: string(a.Role), All: a.Scope.All, Teams: list(a.Scope.Teams), Token: tokenOf(c.session.Token)}
	if c.session.Person.ID != "" {
		p := personOf(c.session.Person)
		out.Person = &p
	}
	return reply{body: out}, nil
}
