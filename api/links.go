package api

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/followthrough/followthrough/domain"
)

func itoa(n int) string { return strconv.Itoa(n) }

type linkJSON struct {
	Tracker     string           `json:"tracker"`
	RemoteKey   *string          `json:"remote_key" doc:"null until the issue is known"`
	URL         *string          `json:"url"`
	State       string           `json:"state"`
	Reason      *string          `json:"reason"`
	Fields      []fieldIssueJSON `json:"fields" nullable:"false" doc:"fields that are not in step, and why"`
	LastError   *string          `json:"last_error"`
	LastErrorAt *string          `json:"last_error_at" format:"date-time"`
	NextAttempt *string          `json:"next_attempt" format:"date-time"`
	SyncedAt    *string          `json:"synced_at" format:"date-time"`
	CreatedAt   *string          `json:"created_at" format:"date-time"`
	Version     int64            `json:"version"`
}

type fieldIssueJSON struct {
	Field   string  `json:"field"`
	State   string  `json:"state"`
	Code    *string `json:"code"`
	Problem string  `json:"problem"`
}

func linkOf(l domain.Link) linkJSON {
	out := linkJSON{Tracker: string(l.Tracker), RemoteKey: orNull(l.Remote.Key), URL: orNull(l.Remote.URL), State: string(l.State), Reason: orNull(l.Reason),
		Fields: []fieldIssueJSON{}, LastError: orNull(l.LastError), LastErrorAt: moment(l.LastErrorAt), NextAttempt: moment(l.NextAttempt),
		SyncedAt: moment(l.SyncedAt), CreatedAt: moment(l.CreatedAt), Version: l.Version}
	for _, f := range domain.SyncedFields() {
		if issue, ok := l.FieldStates[f]; ok {
			out.Fields = append(out.Fields, fieldIssueJSON{string(f), string(issue.State), orNull(issue.Code), issue.Problem})
		}
	}
	return out
}

type linkInput struct {
	Tracker opt[string] `json:"tracker"`
	URL     opt[string] `json:"url,omitempty" doc:"adopts this existing issue; without it a new one is created"`
}

func (s *Server) linkRoutes() []route {
	trackerQuery := []param{{name: "tracker", kind: "string", doc: "the tracker to unlink from"}}
	return []route{
		{method: http.MethodGet, path: "/measures/{key}/links", id: "list-links", summary: "The links of a measure", tag: "links",
			needs: domain.CanRead, query: listQuery(nil), out: reflect.TypeFor[listJSON[linkJSON]](), run: s.listLinks},
		withBody(route{method: http.MethodPost, path: "/measures/{key}/links", id: "add-link", summary: "Create an issue for a measure, or adopt one",
			tag: "links", needs: domain.CanEdit, repeatable: true, status: http.StatusCreated, tagged: true, out: reflect.TypeFor[linkJSON]()}, s.addLink),
		{method: http.MethodDelete, path: "/measures/{key}/links", id: "detach-link-by-tracker", summary: "End the link with ?tracker=; the issue stays", tag: "links",
			needs: domain.CanEdit, match: true, query: trackerQuery, status: http.StatusNoContent, run: s.detachLink},
		{method: http.MethodGet, path: "/measures/{key}/links/{tracker}", id: "get-link", summary: "One link of a measure", tag: "links",
			needs: domain.CanRead, tagged: true, out: reflect.TypeFor[linkJSON](), run: s.getLink},
		{method: http.MethodDelete, path: "/measures/{key}/links/{tracker}", id: "detach-link", summary: "End a link; the issue stays", tag: "links",
			needs: domain.CanEdit, match: true, status: http.StatusNoContent, run: s.detachLink},
		{method: http.MethodPost, path: "/measures/{key}/links/{tracker}/resume", id: "resume-link", summary: "Set a link going again that was stopped as oscillating", tag: "links",
			needs: domain.CanEdit, tagged: true, out: reflect.TypeFor[linkJSON](), run: s.resumeLink},
	}
}

func (s *Server) listLinks(c *call) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	all, err := s.app.Links.List(c.ctx(), c.actor(), key)
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, linkOf)}, err
}

func (s *Server) addLink(c *call, in *linkInput) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	l, err := s.app.Links.Add(c.ctx(), c.actor(), key, domain.TrackerID(in.Tracker.value), in.URL.value)
	return reply{body: linkOf(l), version: l.Version, location: "/measures/" + string(key) + "/links/" + string(l.Tracker)}, err
}

func (s *Server) getLink(c *call) (reply, error) {
	key, tracker, err := c.linkName()
	if err != nil {
		return reply{}, err
	}
	l, err := s.app.Links.Get(c.ctx(), c.actor(), key, tracker)
	return reply{body: linkOf(l), version: l.Version}, err
}

func (s *Server) resumeLink(c *call) (reply, error) {
	key, tracker, err := c.linkName()
	if err != nil {
		return reply{}, err
	}
	l, err := s.app.Links.Resume(c.ctx(), c.actor(), key, tracker)
	return reply{body: linkOf(l), version: l.Version}, err
}

func (s *Server) detachLink(c *call) (reply, error) {
	key, tracker, err := c.linkName()
	if err != nil {
		return reply{}, err
	}
	l, err := s.app.Links.Get(c.ctx(), c.actor(), key, tracker)
	if err != nil {
		return reply{}, err
	}
	if c.version != 0 && c.version != l.Version {
		return reply{}, domain.Errorf(domain.ErrStale, "the link of %s with %s has moved on; look at it again", key, tracker)
	}
	_, err = s.app.Links.Detach(c.ctx(), c.actor(), key, tracker)
	return reply{}, err
}

// linkName reads which link is meant: by path, or by the query of the older form.
func (c *call) linkName() (domain.MeasureKey, domain.TrackerID, error) {
	key, err := c.measureKey()
	if err != nil {
		return "", "", err
	}
	if len(c.route.query) > 0 {
		tracker := c.query.Get("tracker")
		if tracker == "" {
			return "", "", badRequest("tracker: is missing; name the tracker to unlink from", []fault{{"query.tracker", "is missing; name the tracker to unlink from"}})
		}
		return key, domain.TrackerID(tracker), nil
	}
	tracker, err := c.id("tracker", "tracker")
	return key, domain.TrackerID(tracker), err
}
