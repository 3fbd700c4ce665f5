package api

import (
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/domain"
)

type personJSON struct {
	ID        string   `json:"id" example:"p_ana"`
	Name      string   `json:"name"`
	Email     *string  `json:"email"`
	Language  *string  `json:"language" doc:"en or de; null means the organisation's"`
	Role      string   `json:"role"`
	Teams     []string `json:"teams" nullable:"false"`
	Deputy    *string  `json:"deputy"`
	Disabled  bool     `json:"disabled"`
	CreatedAt *string  `json:"created_at" format:"date-time"`
	UpdatedAt *string  `json:"updated_at" format:"date-time"`
	Version   int64    `json:"version"`
}

func personOf(p domain.Person) personJSON {
	return personJSON{string(p.ID), p.Name, orNull(p.Email), orNull(p.Language), string(p.Role), list(p.Teams), orNull(p.Deputy), p.Disabled,
		moment(p.CreatedAt), moment(p.UpdatedAt), p.Version}
}

// PersonInput are the members that adding and changing a person share.
type PersonInput struct {
	Name     opt[string]   `json:"name,omitempty"`
	Email    opt[string]   `json:"email,omitempty"`
	Language opt[string]   `json:"language,omitempty"`
	Role     opt[string]   `json:"role,omitempty" doc:"viewer, member, admin or auditor"`
	Teams    opt[[]string] `json:"teams,omitempty"`
	Deputy   opt[string]   `json:"deputy,omitempty"`
	Disabled opt[bool]     `json:"disabled,omitempty" doc:"closes the door at once; what the person did stays"`
}

type personCreate struct {
	ID opt[string] `json:"id,omitempty" doc:"p_ and lower-case letters, digits, dashes; made from the name when absent"`
	PersonInput
}

type personPatch struct {
	PersonInput
	Reason opt[string] `json:"reason,omitempty"`
}

func (in *PersonInput) onto(p *domain.Person) {
	put(&p.Name, in.Name, same)
	put(&p.Email, in.Email, same)
	put(&p.Language, in.Language, same)
	put(&p.Role, in.Role, func(s string) domain.Role { return domain.Role(s) })
	put(&p.Teams, in.Teams, texts[domain.TeamID])
	put(&p.Deputy, in.Deputy, func(s string) domain.PersonID { return domain.PersonID(s) })
	put(&p.Disabled, in.Disabled, same)
}

type identityJSON struct {
	Tracker string  `json:"tracker"`
	Login   *string `json:"login"`
	Account *string `json:"account" doc:"the immutable account id"`
}

func identityOf(i domain.Identity) identityJSON {
	return identityJSON{string(i.Tracker), orNull(i.Login), orNull(i.Account)}
}

type identityInput struct {
	Tracker opt[string] `json:"tracker"`
	Login   opt[string] `json:"login,omitempty"`
	Account opt[string] `json:"account,omitempty"`
}

func (s *Server) peopleRoutes() []route {
	one := func(r route) route {
		r.tag, r.out, r.tagged = "people", reflect.TypeFor[personJSON](), true
		return r
	}
	return []route{
		{method: http.MethodGet, path: "/people", id: "list-people", summary: "List people", tag: "people", needs: domain.CanRead,
			query: listQuery(nil), out: reflect.TypeFor[listJSON[personJSON]](), run: s.listPeople},
		withBody(one(route{method: http.MethodPost, path: "/people", id: "create-person", summary: "Add a person",
			needs: domain.CanManage, repeatable: true, status: http.StatusCreated}), s.createPerson),
		one(route{method: http.MethodGet, path: "/people/{id}", id: "get-person", summary: "Get a person", needs: domain.CanRead, run: s.getPerson}),
		withBody(one(route{method: http.MethodPatch, path: "/people/{id}", id: "edit-person", summary: "Change a person", needs: domain.CanManage, match: true}), s.editPerson),
		{method: http.MethodGet, path: "/people/{id}/identities", id: "list-identities", summary: "A person's accounts in trackers", tag: "people",
			needs: domain.CanRead, query: listQuery(nil), out: reflect.TypeFor[listJSON[identityJSON]](), run: s.listIdentities},
		withBody(route{method: http.MethodPost, path: "/people/{id}/identities", id: "set-identity", summary: "Say which account a person has in a tracker",
			tag: "people", needs: domain.CanManage, status: http.StatusCreated, out: reflect.TypeFor[identityJSON]()}, s.setIdentity),
		{method: http.MethodDelete, path: "/people/{id}/identities/{tracker}", id: "remove-identity", summary: "Forget a person's account in a tracker", tag: "people",
			needs: domain.CanManage, match: true, status: http.StatusNoContent, run: s.removeIdentity},
	}
}

func personReply(p domain.Person, err error) (reply, error) {
	return reply{body: personOf(p), version: p.Version}, err
}

func (c *call) personID() (domain.PersonID, error) {
	id, err := c.id("id", "person")
	return domain.PersonID(id), err
}

// ownID checks an id that somebody chooses.
func ownID(id, prefix string) error {
	rest, ok := cut(id, prefix)
	if id == "" || ok && rest != "" && len(rest) <= 40 && rest == domain.Slug(rest) {
		return nil
	}
	return domain.Invalid("id", "%q is not accepted; write %s and lower-case letters, digits and dashes", clip(id, 60), prefix)
}

func (s *Server) listPeople(c *call) (reply, error) {
	all, err := s.app.People.List(c.ctx(), c.actor())
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, personOf)}, err
}

func (s *Server) createPerson(c *call, in *personCreate) (reply, error) {
	if err := c.actor().Require(domain.CanManage); err != nil {
		return reply{}, err
	}
	if err := ownID(in.ID.value, "p_"); err != nil {
		return reply{}, err
	}
	p := domain.Person{ID: or[domain.PersonID](in.ID)}
	in.onto(&p)
	p, err := s.app.People.Create(c.ctx(), c.actor(), p)
	out, err := personReply(p, err)
	out.location = "/people/" + string(p.ID)
	return out, err
}

func (s *Server) getPerson(c *call) (reply, error) {
	id, err := c.personID()
	if err != nil {
		return reply{}, err
	}
	return personReply(s.app.People.Get(c.ctx(), c.actor(), id))
}

func (s *Server) editPerson(c *call, in *personPatch) (reply, error) {
	id, err := c.personID()
	if err != nil {
		return reply{}, err
	}
	return personReply(s.app.People.Edit(c.ctx(), c.actor(), id, c.version, in.Reason.value, in.onto))
}

func (s *Server) listIdentities(c *call) (reply, error) {
	id, err := c.personID()
	if err != nil {
		return reply{}, err
	}
	all, err := s.app.People.Identities(c.ctx(), c.actor(), id)
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, identityOf)}, err
}

func (s *Server) setIdentity(c *call, in *identityInput) (reply, error) {
	id, err := c.personID()
	if err != nil {
		return reply{}, err
	}
	i := domain.Identity{Person: id, Tracker: or[domain.TrackerID](in.Tracker), Login: in.Login.value, Account: in.Account.value}
	return reply{body: identityOf(i)}, s.app.People.SetIdentity(c.ctx(), c.actor(), i)
}

func (s *Server) removeIdentity(c *call) (reply, error) {
	id, err := c.personID()
	if err != nil {
		return reply{}, err
	}
	tracker, err := c.id("tracker", "tracker")
	if err != nil {
		return reply{}, err
	}
	return reply{}, s.app.People.RemoveIdentity(c.ctx(), c.actor(), domain.TrackerID(tracker), id)
}
