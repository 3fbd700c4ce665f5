package api

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

type teamJSON struct {
	ID        string  `json:"id" example:"t_storage"`
	Name      string  `json:"name"`
	Lead      *string `json:"lead"`
	CreatedAt *string `json:"created_at" format:"date-time"`
	UpdatedAt *string `json:"updated_at" format:"date-time"`
	Version   int64   `json:"version"`
}

func teamOf(t domain.Team) teamJSON {
	return teamJSON{string(t.ID), t.Name, orNull(t.Lead), moment(t.CreatedAt), moment(t.UpdatedAt), t.Version}
}

// TeamInput are the members that adding and changing a team share.
type TeamInput struct {
	Name opt[string] `json:"name,omitempty"`
	Lead opt[string] `json:"lead,omitempty"`
}

type teamCreate struct {
	ID opt[string] `json:"id,omitempty" doc:"t_ and lower-case letters, digits, dashes; made from the name when absent"`
	TeamInput
}

type teamPatch struct {
	TeamInput
	Reason opt[string] `json:"reason,omitempty"`
}

func (in *TeamInput) onto(t *domain.Team) {
	put(&t.Name, in.Name, same)
	put(&t.Lead, in.Lead, func(s string) domain.PersonID { return domain.PersonID(s) })
}

func (s *Server) teamRoutes() []route {
	one := func(r route) route {
		r.tag, r.out, r.tagged = "teams", reflect.TypeFor[teamJSON](), true
		return r
	}
	return []route{
		{method: http.MethodGet, path: "/teams", id: "list-teams", summary: "List teams", tag: "teams", needs: domain.CanRead,
			query: listQuery(nil), out: reflect.TypeFor[listJSON[teamJSON]](), run: s.listTeams},
		withBody(one(route{method: http.MethodPost, path: "/teams", id: "create-team", summary: "Add a team",
			needs: domain.CanManage, repeatable: true, status: http.StatusCreated}), s.createTeam),
		one(route{method: http.MethodGet, path: "/teams/{id}", id: "get-team", summary: "Get a team", needs: domain.CanRead, run: s.getTeam}),
		withBody(one(route{method: http.MethodPatch, path: "/teams/{id}", id: "edit-team", summary: "Change a team", needs: domain.CanManage, match: true}), s.editTeam),
	}
}

func cut(s, prefix string) (string, bool) { return strings.CutPrefix(s, prefix) }

func teamReply(t domain.Team, err error) (reply, error) {
	return reply{body: teamOf(t), version: t.Version}, err
}

func (c *call) teamID() (domain.TeamID, error) {
	id, err := c.id("id", "team")
	return domain.TeamID(id), err
}

func (s *Server) listTeams(c *call) (reply, error) {
	all, err := s.app.People.Teams(c.ctx(), c.actor())
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, teamOf)}, err
}

func (s *Server) createTeam(c *call, in *teamCreate) (reply, error) {
	if err := c.actor().Require(domain.CanManage); err != nil {
		return reply{}, err
	}
	if err := ownID(in.ID.value, "t_"); err != nil {
		return reply{}, err
	}
	t := domain.Team{ID: or[domain.TeamID](in.ID)}
	in.onto(&t)
	t, err := s.app.People.CreateTeam(c.ctx(), c.actor(), t)
	out, err := teamReply(t, err)
	out.location = "/teams/" + string(t.ID)
	return out, err
}

func (s *Server) getTeam(c *call) (reply, error) {
	id, err := c.teamID()
	if err != nil {
		return reply{}, err
	}
	return teamReply(s.app.People.Team(c.ctx(), c.actor(), id))
}

func (s *Server) editTeam(c *call, in *teamPatch) (reply, error) {
	id, err := c.teamID()
	if err != nil {
		return reply{}, err
	}
	return teamReply(s.app.People.EditTeam(c.ctx(), c.actor(), id, c.version, in.Reason.value, in.onto))
}
