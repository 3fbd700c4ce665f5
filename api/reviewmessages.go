package api

import (
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/domain"
)

type messageJSON struct {
	ID        string  `json:"id"`
	Channel   string  `json:"channel"`
	Sender    string  `json:"sender"`
	Audience  *string `json:"audience"`
	At        *string `json:"at" format:"date-time" doc:"null where the source tells no time"`
	Statement string  `json:"statement"`
	Source    *string `json:"source" doc:"the file it was imported from"`
	Diverges  *string `json:"diverges" doc:"a person's mark: what was said elsewhere instead"`
}

func messageOf(m domain.Message) messageJSON {
	return messageJSON{m.ID, m.Channel, m.Sender, orNull(m.Audience), moment(m.At), m.Statement, orNull(m.Source), orNull(m.Diverges)}
}

type messagesInput struct {
	Items opt[[]messageInput] `json:"items" doc:"all are taken or none; what is stored already is skipped"`
}

type messageInput struct {
	Channel   opt[string]  `json:"channel"`
	Sender    opt[string]  `json:"sender,omitempty"`
	Audience  opt[string]  `json:"audience,omitempty" doc:"whom it informed; several with commas between"`
	At        opt[instant] `json:"at,omitempty"`
	Statement opt[string]  `json:"statement"`
}

type messagePatch struct {
	Audience opt[string] `json:"audience,omitempty"`
	Diverges opt[string] `json:"diverges,omitempty"`
}

type messagesAddedJSON struct {
	Added   int `json:"added"`
	Skipped int `json:"skipped" doc:"stored before"`
}

type talkJSON struct {
	From         *string       `json:"from" format:"date-time"`
	To           *string       `json:"to" format:"date-time"`
	LimitMinutes int           `json:"limit_minutes" doc:"longest silence that the policy allows at the severity; 0 is none"`
	Messages     int           `json:"messages"`
	Dated        int           `json:"dated"`
	Undated      int           `json:"undated"`
	Outside      int           `json:"outside"`
	Gaps         []gapJSON     `json:"gaps" nullable:"false"`
	Lanes        []laneJSON    `json:"lanes" nullable:"false"`
	Never        []string      `json:"never_informed" nullable:"false"`
	Diverging    []messageJSON `json:"diverging" nullable:"false"`
}

type gapJSON struct {
	Audience *string `json:"audience" doc:"null is a silence towards everybody"`
	From     *string `json:"from" format:"date-time"`
	To       *string `json:"to" format:"date-time"`
	Minutes  int     `json:"minutes"`
}

type laneJSON struct {
	Channel   string   `json:"channel"`
	Messages  int      `json:"messages"`
	First     *string  `json:"first" format:"date-time"`
	Last      *string  `json:"last" format:"date-time"`
	Audiences []string `json:"audiences" nullable:"false"`
}

type feedbackJSON struct {
	State    *string             `json:"state"`
	Given    int                 `json:"given"`
	Released int                 `json:"released" doc:"answers that are shown: complete batches of five"`
	Scales   map[string][5]int   `json:"scales" nullable:"false" doc:"how often 1 to 5 was chosen"`
	Texts    map[string][]string `json:"texts" nullable:"false" doc:"each question in a random order of its own"`
}

type feedbackLinkJSON struct {
	Path string `json:"path" doc:"address of the form, below the public one; it is shown once"`
}

func (s *Server) messageRoutes() []route {
	const at = "/incidents/{key}/review"
	return []route{
		{method: http.MethodGet, path: at + "/messages", id: "list-review-messages", summary: "What was said, in the order of time", tag: "reviews", needs: domain.CanRead,
			query: listQuery(nil), out: reflect.TypeFor[listJSON[messageJSON]](), run: s.listMessages},
		withBody(route{method: http.MethodPost, path: at + "/messages", id: "add-review-messages", summary: "Add messages", tag: "reviews", needs: domain.CanEdit,
			repeatable: true, status: http.StatusCreated, out: reflect.TypeFor[messagesAddedJSON]()}, s.addMessages),
		s.chatRoute(at + "/chat"),
		withBody(route{method: http.MethodPost, path: at + "/messages/{id}/mark", id: "mark-review-message", summary: "Say whom a message informed, or that it diverges",
			tag: "reviews", needs: domain.CanEdit, status: http.StatusNoContent}, s.editMessage),
		{method: http.MethodGet, path: at + "/communication", id: "get-review-communication", summary: "Gaps, lanes, and audiences that were never informed", tag: "reviews",
			needs: domain.CanRead, out: reflect.TypeFor[talkJSON](), run: s.communication},
		{method: http.MethodGet, path: at + "/feedback", id: "get-review-feedback", summary: "The anonymous answers, from five on", tag: "reviews",
			needs: domain.CanRead, out: reflect.TypeFor[feedbackJSON](), run: s.feedback},
		{method: http.MethodPost, path: at + "/feedback", id: "open-review-feedback", summary: "Open the anonymous form under a new address", tag: "reviews",
			needs: domain.CanEdit, status: http.StatusCreated, out: reflect.TypeFor[feedbackLinkJSON](), run: s.openFeedback},
		{method: http.MethodPost, path: at + "/feedback/close", id: "close-review-feedback", summary: "Close the anonymous form", tag: "reviews",
			needs: domain.CanEdit, status: http.StatusNoContent, run: s.closeFeedback},
	}
}

func (s *Server) listMessages(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	all, err := s.app.Reviews.Messages(c.ctx(), c.actor(), key)
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, messageOf)}, err
}

func (s *Server) addMessages(c *call, in *messagesInput) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	given := make([]domain.Message, len(in.Items.value))
	for n, m := range in.Items.value {
		given[n] = domain.Message{Channel: m.Channel.value, Sender: m.Sender.value, Audience: m.Audience.value, At: m.At.value.Time, Statement: m.Statement.value}
	}
	result, err := s.app.Reviews.AddMessages(c.ctx(), c.actor(), key, "", given)
	return reply{body: messagesAddedJSON{result.Added, result.Skipped}}, err
}

func (s *Server) editMessage(c *call, in *messagePatch) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	id, err := c.id("id", "message")
	if err != nil {
		return reply{}, err
	}
	return reply{}, s.app.Reviews.EditMessage(c.ctx(), c.actor(), key, id, domain.MessageEdit{Audience: text[string](in.Audience), Diverges: text[string](in.Diverges)})
}

func (s *Server) communication(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	v, err := s.app.Reviews.View(c.ctx(), c.actor(), key)
	if err != nil {
		return reply{}, err
	}
	return reply{body: talkOf(v.Talk)}, nil
}

func talkOf(t domain.Talk) talkJSON {
	out := talkJSON{From: moment(t.From), To: moment(t.To), LimitMinutes: int(t.Limit.Minutes()), Messages: t.Messages, Dated: t.Dated, Undated: t.Undated, Outside: t.Outside,
		Gaps: []gapJSON{}, Lanes: []laneJSON{}, Never: list(t.Never), Diverging: []messageJSON{}}
	for _, g := range t.Gaps {
		out.Gaps = append(out.Gaps, gapJSON{orNull(g.Audience), moment(g.From), moment(g.To), int(g.To.Sub(g.From).Minutes())})
	}
	for _, l := range t.Lanes {
		out.Lanes = append(out.Lanes, laneJSON{l.Channel, l.Messages, moment(l.First), moment(l.Last), list(l.Audiences)})
	}
	for _, m := range t.Diverging {
		out.Diverging = append(out.Diverging, messageOf(m))
	}
	return out
}

func (s *Server) feedback(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	v, err := s.app.Reviews.View(c.ctx(), c.actor(), key)
	if err != nil {
		return reply{}, err
	}
	f := v.Feedback
	return reply{body: feedbackJSON{orNull(f.State), f.Given, f.Released, f.Scales, f.Texts}}, nil
}

func (s *Server) openFeedback(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	secret, err := s.app.Reviews.OpenFeedback(c.ctx(), c.actor(), key)
	return reply{body: feedbackLinkJSON{"/feedback/" + secret}}, err
}

func (s *Server) closeFeedback(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	_, err = s.app.Reviews.CloseFeedback(c.ctx(), c.actor(), key)
	return reply{}, err
}
