package api

import (
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/domain"
)

type serviceJSON struct {
	ID        string  `json:"id" example:"s_payments-k3x9qa"`
	Name      string  `json:"name" doc:"as incidents write it; upper case and spaces do not matter"`
	Since     *string `json:"since" format:"date" doc:"first day in service; null when not known: its first incident then opens the exposure and is not counted"`
	Retired   *string `json:"retired" format:"date" doc:"last day in service; null while it lives"`
	Team      *string `json:"team"`
	CreatedAt *string `json:"created_at" format:"date-time"`
	UpdatedAt *string `json:"updated_at" format:"date-time"`
	Version   int64   `json:"version"`
}

func serviceOf(s domain.Service) serviceJSON {
	return serviceJSON{string(s.ID), s.Name, day(s.Since), day(s.Retired), orNull(s.Team), moment(s.CreatedAt), moment(s.UpdatedAt), s.Version}
}

type unlistedServiceJSON struct {
	Name      string  `json:"name" doc:"one of its spellings"`
	Incidents int     `json:"incidents"`
	First     *string `json:"first" format:"date-time" doc:"when the first of them began; null when not known"`
}

func unlistedServiceOf(s domain.UnlistedService) unlistedServiceJSON {
	return unlistedServiceJSON{s.Name, s.Incidents, moment(s.First)}
}

type serviceInput struct {
	Name    opt[string] `json:"name,omitempty"`
	Since   opt[date]   `json:"since,omitempty"`
	Retired opt[date]   `json:"retired,omitempty"`
	Team    opt[string] `json:"team,omitempty"`
	Reason  opt[string] `json:"reason,omitempty"`
}

func (in *serviceInput) onto(s *domain.Service) {
	put(&s.Name, in.Name, same)
	put(&s.Since, in.Since, plainDate)
	put(&s.Retired, in.Retired, plainDate)
	put(&s.Team, in.Team, func(id string) domain.TeamID { return domain.TeamID(id) })
}

func (s *Server) serviceRoutes() []route {
	one := func(r route) route {
		r.tag, r.out, r.tagged = "services", reflect.TypeFor[serviceJSON](), true
		return r
	}
	return []route{
		{method: http.MethodGet, path: "/services", id: "list-services", summary: "List the service catalogue", tag: "services", needs: domain.CanRead,
			query: listQuery(nil), out: reflect.TypeFor[listJSON[serviceJSON]](), run: s.listServices},
		{method: http.MethodGet, path: "/services/unlisted", id: "list-unlisted-services", summary: "List the services that incidents name and the catalogue does not have",
			tag: "services", needs: domain.CanRead, query: listQuery(nil), out: reflect.TypeFor[listJSON[unlistedServiceJSON]](), run: s.listUnlistedServices},
		withBody(one(route{method: http.MethodPost, path: "/services", id: "create-service", summary: "Add a service to the catalogue",
			needs: domain.CanManage, repeatable: true, status: http.StatusCreated}), s.createService),
		one(route{method: http.MethodGet, path: "/services/{id}", id: "get-service", summary: "Get an entry of the catalogue", needs: domain.CanRead, run: s.getService}),
		withBody(one(route{method: http.MethodPatch, path: "/services/{id}", id: "edit-service", summary: "Change an entry of the catalogue", needs: domain.CanManage, match: true}), s.editService),
		{method: http.MethodDelete, path: "/services/{id}", id: "remove-service", summary: "Remove an entry of the catalogue", tag: "services",
			needs: domain.CanManage, match: true, status: http.StatusNoContent, run: s.removeService},
	}
}

func serviceReply(entry domain.Service, err error) (reply, error) {
	return reply{body: serviceOf(entry), version: entry.Version}, err
}

func (c *call) serviceID() (domain.ServiceID, error) {
	id, err := c.id("id", "service")
	return domain.ServiceID(id), err
}

func (s *Server) listServices(c *call) (reply, error) {
	all, err := s.app.Services.List(c.ctx(), c.actor())
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, serviceOf)}, err
}

func (s *Server) listUnlistedServices(c *call) (reply, error) {
	all, err := s.app.Services.Unlisted(c.ctx(), c.actor())
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, unlistedServiceOf)}, err
}

func (s *Server) createService(c *call, in *serviceInput) (reply, error) {
	var entry domain.Service
	in.onto(&entry)
	entry, err := s.app.Services.Create(c.ctx(), c.actor(), entry, in.Reason.value)
	out, err := serviceReply(entry, err)
	out.location = "/services/" + string(entry.ID)
	return out, err
}

func (s *Server) getService(c *call) (reply, error) {
	id, err := c.serviceID()
	if err != nil {
		return reply{}, err
	}
	return serviceReply(s.app.Services.Get(c.ctx(), c.actor(), id))
}

func (s *Server) editService(c *call, in *serviceInput) (reply, error) {
	id, err := c.serviceID()
	if err != nil {
		return reply{}, err
	}
	return serviceReply(s.app.Services.Edit(c.ctx(), c.actor(), id, c.version, in.Reason.value, in.onto))
}

func (s *Server) removeService(c *call) (reply, error) {
	id, err := c.serviceID()
	if err != nil {
		return reply{}, err
	}
	return reply{}, s.app.Services.Remove(c.ctx(), c.actor(), id, c.version)
}
