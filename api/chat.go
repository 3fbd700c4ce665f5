package api

import (
	"bytes"
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/domain"
)

// maxChat is the largest export of a chat or mailbox, the same as on the page.
const maxChat = 8 << 20

type chatAddedJSON struct {
	Added   int      `json:"added"`
	Skipped int      `json:"skipped" doc:"stored before"`
	Notes   []string `json:"notes" nullable:"false" doc:"what the file held and was left out"`
}

func (s *Server) chatRoute(path string) route {
	return route{method: http.MethodPost, path: path, id: "import-review-chat",
		summary: "Add the messages of a file: a Slack, Mattermost or Teams export, .eml, mbox, or pasted lines", tag: "reviews", needs: domain.CanEdit,
		query: []param{
			{name: "name", kind: "string", doc: "of the file; messages name it as their source"},
			{name: "channel", kind: "string", doc: "of messages that name none"},
			{name: "audience", kind: "string", doc: "whom they informed; several with commas between"},
			{name: "day", kind: "date", doc: "of times without a date; the day on which the incident began when absent"}},
		takes: "application/octet-stream", most: maxChat, status: http.StatusCreated, out: reflect.TypeFor[chatAddedJSON](), run: s.addChat}
}

// addChat reads a file in memory; it is never written anywhere, and is gone
// with the request.
func (s *Server) addChat(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	o := domain.ChatOptions{Channel: c.query.Get("channel"), Audience: c.query.Get("audience"), Zone: s.app.Reports.Zone, Now: s.now(), Day: c.day("day")}
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	i, err := s.app.Incidents.Get(c.ctx(), c.actor(), key) // also refuses what the caller may not see before the file is read
	if err != nil {
		return reply{}, err
	}
	if o.Day.IsZero() && !i.StartedAt.IsZero() {
		o.Day = domain.DateOf(i.StartedAt.In(o.Zone))
	}
	if len(c.body) == 0 {
		return reply{}, domain.Invalid("file", "is empty; send the export as the body")
	}
	name := c.query.Get("name")
	if name == "" {
		name = "upload"
	}
	chat, err := s.readChat(name, bytes.NewReader(c.body), int64(len(c.body)), o)
	if err != nil {
		return reply{}, err
	}
	result, err := s.app.Reviews.AddMessages(c.ctx(), c.actor(), key, name, chat.Messages)
	return reply{body: chatAddedJSON{result.Added, result.Skipped, list(chat.Notes)}}, err
}
