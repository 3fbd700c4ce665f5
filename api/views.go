package api

import (
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/domain"
)

type viewJSON struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Page      string  `json:"page" enum:"dashboard,measures,incidents,statistics"`
	Query     string  `json:"query" doc:"the part of the page's address behind its question mark" example:"priority=P0&team=t_storage"`
	Owner     string  `json:"owner"`
	Share     string  `json:"share" enum:"none,team,organisation"`
	Team      *string `json:"team"`
	CreatedAt *string `json:"created_at" format:"date-time"`
	UpdatedAt *string `json:"updated_at" format:"date-time"`
	Version   int64   `json:"version"`
}

func viewOf(v domain.SavedView) viewJSON {
	return viewJSON{v.ID, v.Name, string(v.Page), v.Query, v.Owner, string(v.Share), orNull(v.Team), moment(v.CreatedAt), moment(v.UpdatedAt), v.Version}
}

type viewInput struct {
	Name  opt[string] `json:"name,omitempty" doc:"at most 80 characters"`
	Page  opt[string] `json:"page,omitempty" doc:"dashboard, measures, incidents or statistics"`
	Query opt[string] `json:"query,omitempty" doc:"filters as the page's address has them"`
	Share opt[string] `json:"share,omitempty" doc:"none, team or organisation; none when absent"`
	Team  opt[string] `json:"team,omitempty" doc:"with share team"`
}

func (in *viewInput) onto(v *domain.SavedView) {
	put(&v.Name, in.Name, same)
	put(&v.Page, in.Page, func(s string) domain.ViewPage { return domain.ViewPage(s) })
	put(&v.Query, in.Query, same)
	put(&v.Share, in.Share, func(s string) domain.ViewShare { return domain.ViewShare(s) })
	put(&v.Team, in.Team, func(s string) domain.TeamID { return domain.TeamID(s) })
}

func (s *Server) viewRoutes() []route {
	one := func(r route) route {
		r.tag, r.out, r.tagged = "views", reflect.TypeFor[viewJSON](), true
		return r
	}
	return []route{
		{method: http.MethodGet, path: "/views", id: "list-views", summary: "List saved views: your own and those shared with you", tag: "views", needs: domain.CanRead,
			query: listQuery(nil), out: reflect.TypeFor[listJSON[viewJSON]](), run: s.listViews},
		withBody(one(route{method: http.MethodPost, path: "/views", id: "create-view", summary: "Keep the filters of a page under a name",
			needs: domain.CanRead, repeatable: true, status: http.StatusCreated}), s.createView),
		one(route{method: http.MethodGet, path: "/views/{id}", id: "get-view", summary: "Get a saved view", needs: domain.CanRead, run: s.getView}),
		withBody(one(route{method: http.MethodPatch, path: "/views/{id}", id: "edit-view", summary: "Change a saved view", needs: domain.CanRead, match: true}), s.editView),
		{method: http.MethodDelete, path: "/views/{id}", id: "remove-view", summary: "Remove a saved view", tag: "views",
			needs: domain.CanRead, match: true, status: http.StatusNoContent, run: s.removeView},
	}
}

func viewReply(v domain.SavedView, err error) (reply, error) {
	return reply{body: viewOf(v), version: v.Version}, err
}

func (s *Server) listViews(c *call) (reply, error) {
	all, err := s.app.SavedViews.List(c.ctx(), c.actor())
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, viewOf)}, err
}

func (s *Server) createView(c *call, in *viewInput) (reply, error) {
	var v domain.SavedView
	in.onto(&v)
	v, err := s.app.SavedViews.Create(c.ctx(), c.actor(), v)
	out, err := viewReply(v, err)
	out.location = "/views/" + v.ID
	return out, err
}

func (s *Server) getView(c *call) (reply, error) {
	id, err := c.id("id", "view")
	if err != nil {
		return reply{}, err
	}
	return viewReply(s.app.SavedViews.Get(c.ctx(), c.actor(), id))
}

func (s *Server) editView(c *call, in *viewInput) (reply, error) {
	id, err := c.id("id", "view")
	if err != nil {
		return reply{}, err
	}
	return viewReply(s.app.SavedViews.Edit(c.ctx(), c.actor(), id, c.version, in.onto))
}

func (s *Server) removeView(c *call) (reply, error) {
	id, err := c.id("id", "view")
	if err != nil {
		return reply{}, err
	}
	return reply{}, s.app.SavedViews.Remove(c.ctx(), c.actor(), id, c.version)
}
