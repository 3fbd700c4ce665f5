package web

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/chart"
	"github.com/followthrough/followthrough/web/templates"
)

// shownMessages bounds the messages that a page lists; the lanes show them all.
const shownMessages = 300

func (s *Server) reviewRoutes(get, post register) {
	get("/reviews", s.reviews)
	get("/incidents/:key/review", s.review)
	get("/incidents/:key/review/published", s.publishedReview)
	get("/incidents/:key/review/document", s.reviewDocument)
	post("/incidents/:key/review/facts", s.addFacts)
	post("/incidents/:key/review/times", s.takeTimes)
	post("/incidents/:key/review/entries", s.putEntry)
	post("/incidents/:key/review/text", s.editReviewText)
	post("/incidents/:key/review/share", s.shareReview)
	post("/incidents/:key/review/state", s.stepReview)
	post("/incidents/:key/review/messages", s.addMessage)
	post("/incidents/:key/review/messages/:id", s.markMessage)
	post("/incidents/:key/review/channel", s.editChannel)
	post("/incidents/:key/review/chat", s.importChat)
	post("/incidents/:key/review/feedback", s.openFeedback)
	post("/incidents/:key/review/feedback/close", s.closeFeedback)
}

func reviewPath(key domain.IncidentKey) string { return incidentPath(key) + "/review" }

func (s *Server) reviews(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("reviews.title"), "reviews"
	filter := domain.ReviewFilter{State: several[domain.ReviewState](p.Query, "state"), Query: p.Query.Get("q"), Missing: p.Query.Get("missing") == "true"}
	if text := p.Query.Get("year"); text != "" {
		year, err := strconv.Atoi(text)
		if err != nil {
			return domain.Invalid("year", "%q is not a year; write it with four digits", text)
		}
		if filter, err = s.app.Reviews.Year(filter, year); err != nil {
			return err
		}
	}
	list, err := s.app.Reviews.List(c.Request().Context(), p.Actor, filter, domain.Page{Limit: 50, Cursor: p.Query.Get("cursor")})
	if err != nil {
		return err
	}
	return s.show(c, p, templates.Reviews(p, list, filter.Missing))
}

func (s *Server) review(c echo.Context, p *templates.Page) error { return s.showReview(c, p, nil) }

// showReview shows the review; with adds what is told once, after a change.
func (s *Server) showReview(c echo.Context, p *templates.Page, with func(*templates.ReviewView)) error {
	v, err := s.app.Reviews.View(c.Request().Context(), p.Actor, incidentKey(c))
	if err != nil {
		return err
	}
	p.Title, p.Section, p.Pictures = p.T("review.title", "Key", v.Incident.Key), "reviews", true
	view := templates.ReviewView{ReviewView: v, Summary: s.markdown.html(v.Summary()),
		Communication: s.markdown.html(v.Review.Communication), Teamwork: s.markdown.html(v.Review.Teamwork), Template: p.T("review.template"),
		Texts: chartTexts(p), PublicURL: s.publicURL, Shown: v.Messages[:min(len(v.Messages), shownMessages)]}
	if with != nil {
		with(&view)
	}
	view.Lanes = chart.Lanes(v.Talk, v.Messages, v.Review.Section(domain.SectionTimeline), s.zone, chart.Options{Texts: view.Texts})
	return s.show(c, p, templates.Review(p, view))
}

// reviewed ends a change: back to the step it belongs to, or the page again with
// what was refused.
func (s *Server) reviewed(c echo.Context, p *templates.Page, form, step string, values url.Values, err error) error {
	if err != nil {
		if err := refused(p, form, values, err); err != nil {
			return err
		}
		return s.review(c, p)
	}
	u := url.URL{Path: reviewPath(incidentKey(c)), RawQuery: "done=saved", Fragment: step}
	return c.Redirect(http.StatusSeeOther, u.String())
}

func (s *Server) takeTimes(c echo.Context, p *templates.Page) error {
	_, err := s.app.Reviews.TakeTimes(c.Request().Context(), p.Actor, incidentKey(c))
	return s.reviewed(c, p, "times", "facts", nil, err)
}

func (s *Server) addFacts(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	ctx, key := c.Request().Context(), incidentKey(c)
	i, err := s.app.Incidents.Get(ctx, p.Actor, key)
	if err != nil {
		return err
	}
	day := i.StartedAt
	if day.IsZero() {
		day = s.now()
	}
	entries, err := parseFacts(form.Get("lines"), domain.DateOf(day.In(s.zone)), s.zone, kindWords(p))
	if err == nil {
		err = s.app.Reviews.PutAll(ctx, p.Actor, key, entries)
	}
	return s.reviewed(c, p, "facts", "facts", form, err)
}

// kindWords are the names of the kinds of facts, as they may be typed.
func kindWords(p *templates.Page) map[string]domain.EntryKind {
	words := map[string]domain.EntryKind{}
	for _, kind := range domain.EntryKinds(domain.SectionTimeline) {
		words[strings.ToLower(string(kind))] = kind
		words[strings.ToLower(p.T("entry."+string(kind)))] = kind
	}
	return words
}

func (s *Server) putEntry(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	ctx, key := c.Request().Context(), incidentKey(c)
	e := domain.ReviewEntry{ID: form.Get("id"), Section: domain.ReviewSection(form.Get("section")), Kind: domain.EntryKind(form.Get("kind")), Text: form.Get("text"),
		Source: form.Get("source"), Link: form.Get("link"), PersonID: domain.PersonID(form.Get("person_id")), DeputyID: domain.PersonID(form.Get("deputy_id")),
		Person: form.Get("person"), Deputy: form.Get("deputy"), Cause: form.Get("cause"),
		Measures: several[domain.MeasureKey](form, "measures")}
	step := map[domain.ReviewSection]string{domain.SectionRole: "teamwork", domain.SectionFinding: "findings"}[e.Section]
	if step == "" {
		step = "facts"
	}
	if form.Get("drop") == "true" {
		err = s.app.Reviews.Drop(ctx, p.Actor, key, 0, e.ID)
		return s.reviewed(c, p, "entry-"+string(e.Section)+e.ID, step, form, err)
	}
	for name, at := range map[string]*time.Time{"at": &e.At, "until": &e.Until} {
		if *at, err = s.instantOf(name, form.Get(name)); err != nil {
			return s.reviewed(c, p, "entry-"+string(e.Section)+e.ID, step, form, err)
		}
	}
	_, err = s.app.Reviews.Put(ctx, p.Actor, key, 0, e)
	return s.reviewed(c, p, "entry-"+string(e.Section)+e.ID, step, form, err)
}

func (s *Server) editReviewText(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	name := form.Get("name")
	value := domain.Some(form.Get(name))
	var edit domain.ReviewEdit
	step := "sharing"
	switch name {
	case "summary":
		edit.Summary = value
	case "communication":
		edit.Communication, step = value, "communication"
	case "teamwork":
		edit.Teamwork, step = value, "teamwork"
	default:
		return echo.ErrNotFound
	}
	version, err := formVersion(form)
	if err != nil {
		return err
	}
	_, err = s.app.Reviews.Edit(c.Request().Context(), p.Actor, incidentKey(c), version, edit)
	return s.reviewed(c, p, "text-"+name, step, form, err)
}

func (s *Server) shareReview(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	edit := domain.ReviewEdit{SharedWith: domain.Some(several[domain.Role](form, "shared_with"))}
	if form.Has("moderator") {
		edit.Moderator = domain.Some(domain.PersonID(form.Get("moderator")))
	}
	_, err = s.app.Reviews.Edit(c.Request().Context(), p.Actor, incidentKey(c), 0, edit)
	return s.reviewed(c, p, "share", "sharing", form, err)
}

func (s *Server) stepReview(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	_, err = s.app.Reviews.Step(c.Request().Context(), p.Actor, incidentKey(c), 0, domain.ReviewState(form.Get("state")), form.Get("reason"))
	return s.reviewed(c, p, "state", "sharing", form, err)
}

func (s *Server) addMessage(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	m := domain.Message{Channel: form.Get("channel"), Sender: form.Get("sender"), Audience: form.Get("audience"), Statement: form.Get("statement")}
	if m.At, err = s.instantOf("at", form.Get("at")); err == nil {
		_, err = s.app.Reviews.AddMessages(c.Request().Context(), p.Actor, incidentKey(c), "", []domain.Message{m})
	}
	return s.reviewed(c, p, "message", "communication", form, err)
}

func (s *Server) markMessage(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	id := c.Param("id")
	err = s.app.Reviews.EditMessage(c.Request().Context(), p.Actor, incidentKey(c), id,
		domain.MessageEdit{Audience: domain.Some(form.Get("audience")), Diverges: domain.Some(form.Get("diverges"))})
	return s.reviewed(c, p, "mark-"+id, "communication", form, err)
}

func (s *Server) editChannel(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	channel := form.Get("channel")
	err = s.app.Reviews.EditChannel(c.Request().Context(), p.Actor, incidentKey(c), channel, form.Get("audience"))
	return s.reviewed(c, p, "channel-"+domain.Slug(channel), "communication", form, err)
}

// importChat reads an export or pasted lines. The file stays in memory, is never
// written anywhere, and is gone with the request.
func (s *Server) importChat(c echo.Context, p *templates.Page) error {
	form, err := c.FormParams()
	if err != nil {
		return domain.Errorf(domain.ErrInvalid, "the form cannot be read; go back and send it again")
	}
	defer func() {
		if m := c.Request().MultipartForm; m != nil {
			_ = m.RemoveAll() // what the parser put aside
		}
	}()
	o := domain.ChatOptions{Channel: form.Get("channel"), Audience: form.Get("audience"), Zone: s.zone, Now: s.now()}
	if o.Day, err = dateOf("day", form.Get("day")); err == nil && o.Day.IsZero() {
		o.Day, err = s.dayOf(c, p)
	}
	var result templates.ChatImport
	if err == nil {
		result, err = s.readChatInto(c, p, form, o)
	}
	if err == nil && (len(result.Notes) > 0 || result.Skipped > 0) {
		return s.showReview(c, p, func(v *templates.ReviewView) { v.Import = &result })
	}
	return s.reviewed(c, p, "chat", "communication", form, err)
}

// dayOf is the day on which the incident began.
func (s *Server) dayOf(c echo.Context, p *templates.Page) (domain.Date, error) {
	i, err := s.app.Incidents.Get(c.Request().Context(), p.Actor, incidentKey(c))
	if err != nil || i.StartedAt.IsZero() {
		return domain.Date{}, err
	}
	return domain.DateOf(i.StartedAt.In(s.zone)), nil
}

func (s *Server) readChatInto(c echo.Context, p *templates.Page, form url.Values, o domain.ChatOptions) (result templates.ChatImport, err error) {
	name, pasted := p.T("talk.pasted"), []byte(form.Get("pasted"))
	var data io.ReaderAt = bytes.NewReader(pasted)
	size := int64(len(pasted))
	file, missing := c.FormFile("file")
	if missing == nil && file.Size > 0 {
		opened, err := file.Open()
		if err != nil {
			return result, err
		}
		defer func() { _ = opened.Close() }()
		name, data, size = file.Filename, opened, file.Size
	} else {
		name += ".txt"
	}
	if size == 0 {
		return result, domain.Invalid("file", "is empty; choose a file or paste the log")
	}
	chat, err := s.readChat(name, data, size, o)
	if err != nil {
		return result, err
	}
	result.Notes = chat.Notes
	result.MessageImport, err = s.app.Reviews.AddMessages(c.Request().Context(), p.Actor, incidentKey(c), name, chat.Messages)
	return result, err
}

func (s *Server) openFeedback(c echo.Context, p *templates.Page) error {
	secret, err := s.app.Reviews.OpenFeedback(c.Request().Context(), p.Actor, incidentKey(c))
	if err != nil {
		return s.reviewed(c, p, "feedback", "teamwork", nil, err)
	}
	return s.showReview(c, p, func(v *templates.ReviewView) { v.FeedbackURL = s.publicURL + "/feedback/" + secret })
}

func (s *Server) closeFeedback(c echo.Context, p *templates.Page) error {
	_, err := s.app.Reviews.CloseFeedback(c.Request().Context(), p.Actor, incidentKey(c))
	return s.reviewed(c, p, "feedback", "teamwork", nil, err)
}

// feedbackPage is the anonymous form. It knows nobody: no session is read, and
// nothing about who asks is kept.
func (s *Server) feedbackPage(c echo.Context, p *templates.Page) error {
	p.Title = p.T("feedback.title")
	i, err := s.app.Reviews.FeedbackForm(c.Request().Context(), c.Param("secret"))
	if err != nil {
		return err
	}
	return s.show(c, p, templates.FeedbackForm(p, i, false))
}

func (s *Server) giveFeedback(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	answer := domain.FeedbackAnswer{Scales: map[string]int{}, Texts: map[string]string{}}
	for _, name := range domain.FeedbackScales() {
		answer.Scales[name], _ = strconv.Atoi(form.Get(name)) // nothing chosen is 0
	}
	for _, name := range domain.FeedbackQuestions() {
		answer.Texts[name] = form.Get(name)
	}
	if err := s.app.Reviews.GiveFeedback(c.Request().Context(), c.Param("secret"), answer); err != nil {
		if err := refused(p, "feedback", form, err); err != nil {
			return err
		}
		return s.feedbackPage(c, p)
	}
	p.Title = p.T("feedback.title")
	return s.show(c, p, templates.FeedbackForm(p, domain.Incident{}, true))
}
