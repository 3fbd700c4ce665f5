package web

import (
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) peopleRoutes(get, post register) {
	get("/people", s.people)
	get("/people/new", s.newPersonPage)
	post("/people/new", s.createPerson)
	get("/people/:id", s.person)
	post("/people/:id", s.editPerson)
	post("/people/:id/invite", s.invite)
	post("/people/:id/identity", s.setIdentity)
	post("/people/:id/sign-out", s.signOutPerson)
	post("/teams", s.createTeam)
	post("/teams/:id", s.editTeam)
}

func personID(c echo.Context) domain.PersonID { return domain.PersonID(c.Param("id")) }

func (s *Server) people(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("nav.people"), "people"
	return s.show(c, p, templates.People(p))
}

func (s *Server) newPersonPage(c echo.Context, p *templates.Page) error {
	if err := p.Actor.Require(domain.CanManage); err != nil {
		return err
	}
	p.Title, p.Section = p.T("person.new"), "people"
	return s.show(c, p, templates.PersonForm(p, domain.Person{Role: domain.Member}, nil, nil, "", true))
}

func (s *Server) createPerson(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	person := domain.Person{Name: form.Get("name"), Email: strings.TrimSpace(form.Get("email")), Language: form.Get("language"),
		Role: domain.Role(form.Get("role")), Teams: several[domain.TeamID](form, "teams"), Deputy: domain.PersonID(form.Get("deputy"))}
	made, err := s.app.People.Create(c.Request().Context(), p.Actor, person)
	if err != nil {
		if err := refused(p, "person", form, err); err != nil {
			return err
		}
		return s.newPersonPage(c, p)
	}
	return done(c, "/people/"+string(made.ID), "created")
}

func (s *Server) person(c echo.Context, p *templates.Page) error { return s.showPerson(c, p, "") }

// showPerson shows a person; link is a fresh invitation, shown this once.
func (s *Server) showPerson(c echo.Context, p *templates.Page, link string) error {
	ctx := c.Request().Context()
	person, err := s.app.People.Get(ctx, p.Actor, personID(c))
	if err != nil {
		return err
	}
	identities, err := s.app.People.Identities(ctx, p.Actor, person.ID)
	if err != nil {
		return err
	}
	trackers, err := s.directory.trackersFor(ctx, p.Actor)
	if err != nil {
		return err
	}
	p.Title, p.Section = person.Name, "people"
	return s.show(c, p, templates.PersonForm(p, person, identities, trackers, link, false))
}

func (s *Server) editPerson(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	version, err := formVersion(form)
	if err != nil {
		return err
	}
	_, err = s.app.People.Edit(c.Request().Context(), p.Actor, personID(c), version, form.Get("reason"), func(person *domain.Person) {
		person.Name, person.Email, person.Language = form.Get("name"), strings.TrimSpace(form.Get("email")), form.Get("language")
		person.Role, person.Teams, person.Deputy = domain.Role(form.Get("role")), several[domain.TeamID](form, "teams"), domain.PersonID(form.Get("deputy"))
		person.Disabled = form.Get("disabled") == "true"
	})
	if err != nil {
		if err := refused(p, "person", form, err); err != nil {
			return err
		}
		return s.person(c, p)
	}
	return done(c, "/people/"+string(personID(c)), "saved")
}

func (s *Server) invite(c echo.Context, p *templates.Page) error {
	secret, err := s.app.Access.Invite(c.Request().Context(), p.Actor, personID(c))
	if err != nil {
		return err
	}
	return s.showPerson(c, p, s.publicURL+"/invitation#"+secret)
}

func (s *Server) signOutPerson(c echo.Context, p *templates.Page) error {
	if err := s.app.Access.EndSessions(c.Request().Context(), p.Actor, personID(c)); err != nil {
		return err
	}
	return done(c, "/people/"+string(personID(c)), "saved")
}

func (s *Server) setIdentity(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	ctx, tracker := c.Request().Context(), domain.TrackerID(form.Get("tracker"))
	login, account := strings.TrimSpace(form.Get("login")), strings.TrimSpace(form.Get("account"))
	if form.Get("remove") == "true" {
		err = s.app.People.RemoveIdentity(ctx, p.Actor, tracker, personID(c))
	} else {
		err = s.app.People.SetIdentity(ctx, p.Actor, domain.Identity{Tracker: tracker, Person: personID(c), Login: login, Account: account})
	}
	if err != nil {
		if err := refused(p, "identity", form, err); err != nil {
			return err
		}
		return s.person(c, p)
	}
	return done(c, "/people/"+string(personID(c)), "saved")
}

func (s *Server) createTeam(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	_, err = s.app.People.CreateTeam(c.Request().Context(), p.Actor, domain.Team{Name: form.Get("name"), Lead: domain.PersonID(form.Get("lead"))})
	return s.afterTeam(c, p, "team", form, err)
}

func (s *Server) editTeam(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	version, err := formVersion(form)
	if err != nil {
		return err
	}
	id := domain.TeamID(c.Param("id"))
	_, err = s.app.People.EditTeam(c.Request().Context(), p.Actor, id, version, "", func(t *domain.Team) {
		t.Name, t.Lead = form.Get("name"), domain.PersonID(form.Get("lead"))
	})
	return s.afterTeam(c, p, "team-"+string(id), form, err)
}

func (s *Server) afterTeam(c echo.Context, p *templates.Page, name string, form map[string][]string, err error) error {
	if err == nil {
		return done(c, "/people", "saved")
	}
	if err := refused(p, name, form, err); err != nil {
		return err
	}
	return s.people(c, p)
}
