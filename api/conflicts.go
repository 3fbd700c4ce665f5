package api

import (
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/domain"
)

type conflictJSON struct {
	ID         int64   `json:"id"`
	Measure    string  `json:"measure"`
	Tracker    string  `json:"tracker"`
	Field      string  `json:"field"`
	Base       string  `json:"base" doc:"what both sides last agreed on"`
	Ours       string  `json:"ours"`
	Theirs     string  `json:"theirs"`
	OursBy     *string `json:"ours_by" doc:"null when it is not known"`
	OursAt     *string `json:"ours_at" format:"date-time"`
	TheirsBy   *string `json:"theirs_by" doc:"null when the tracker does not say"`
	TheirsAt   *string `json:"theirs_at" format:"date-time"`
	Open       bool    `json:"open"`
	Resolution *string `json:"resolution" doc:"how it was decided: by a policy, or ask for a person"`
	Winner     *string `json:"winner"`
	OpenedAt   *string `json:"opened_at" format:"date-time"`
	ResolvedAt *string `json:"resolved_at" format:"date-time"`
	ResolvedBy *string `json:"resolved_by"`
	Version    int64   `json:"version"`
}

func conflictOf(k domain.Conflict) conflictJSON {
	out := conflictJSON{ID: k.ID, Measure: string(k.Measure), Tracker: string(k.Tracker), Field: string(k.Field), Base: k.Base, Ours: k.Ours, Theirs: k.Theirs,
		OursBy: orNull(k.OursBy), OursAt: moment(k.OursAt), TheirsBy: orNull(k.TheirsBy), TheirsAt: moment(k.TheirsAt), Open: k.Open(),
		Resolution: orNull(k.Resolution), OpenedAt: moment(k.OpenedAt), ResolvedAt: moment(k.ResolvedAt), ResolvedBy: orNull(k.ResolvedBy), Version: k.Version}
	if !k.Open() {
		out.Winner = &k.Winner
	}
	return out
}

type resolveInput struct {
	Choice opt[string] `json:"choice" doc:"ours, theirs or value"`
	Value  opt[string] `json:"value,omitempty" doc:"with choice value: what both sides shall have"`
	Reason opt[string] `json:"reason,omitempty"`
}

func (s *Server) conflictRoutes() []route {
	filters := []param{{name: "measure", kind: "string"}, {name: "tracker", kind: "string"},
		{name: "field", kind: "string", enum: names(domain.SyncedFields())}, {name: "open", kind: "boolean", doc: "waits for a person"}}
	return []route{
		{method: http.MethodGet, path: "/conflicts", id: "list-conflicts", summary: "Fields that both sides changed", tag: "conflicts", needs: domain.CanRead,
			query: listQuery(nil, filters...), out: reflect.TypeFor[listJSON[conflictJSON]](), run: s.listConflicts},
		{method: http.MethodGet, path: "/conflicts/{id}", id: "get-conflict", summary: "One conflict", tag: "conflicts", needs: domain.CanRead,
			tagged: true, out: reflect.TypeFor[conflictJSON](), run: s.getConflict},
		withBody(route{method: http.MethodPost, path: "/conflicts/{id}/resolve", id: "resolve-conflict", summary: "Decide a conflict", tag: "conflicts",
			needs: domain.CanEdit, tagged: true, out: reflect.TypeFor[conflictJSON]()}, s.resolveConflict),
	}
}

func (s *Server) listConflicts(c *call) (reply, error) {
	filter := domain.ConflictFilter{Measure: domain.MeasureKey(c.query.Get("measure")), Tracker: domain.TrackerID(c.query.Get("tracker")), Open: c.flag("open")}
	if fields := several(c, "field", domain.SyncedFields()); len(fields) == 1 {
		filter.Field = fields[0]
	} else if len(fields) > 1 {
		c.refuse("field", "%q is not accepted; name one field")
	}
	page := c.page()
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	list, err := s.app.Conflicts.List(c.ctx(), c.actor(), filter, page)
	if err != nil {
		return reply{}, queryFault(err)
	}
	return reply{body: listOf(list, page, conflictOf)}, nil
}

func (s *Server) getConflict(c *call) (reply, error) {
	id, err := c.number("id", "conflict")
	if err != nil {
		return reply{}, err
	}
	k, err := s.app.Conflicts.Get(c.ctx(), c.actor(), id)
	return reply{body: conflictOf(k), version: k.Version}, err
}

func (s *Server) resolveConflict(c *call, in *resolveInput) (reply, error) {
	id, err := c.number("id", "conflict")
	if err != nil {
		return reply{}, err
	}
	var value *string
	if in.Value.has() {
		value = &in.Value.value
	}
	k, err := s.app.Conflicts.Resolve(c.ctx(), c.actor(), id, 0, domain.Choice(in.Choice.value), value, in.Reason.value)
	return reply{body: conflictOf(k), version: k.Version}, err
}
