package api

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/followthrough/followthrough/domain"
)

type reviewJSON struct {
	Incident      string            `json:"incident" example:"INC-3"`
	State         string            `json:"state"`
	Reason        *string           `json:"reason"`
	Moderator     *string           `json:"moderator"`
	SubmittedBy   *string           `json:"submitted_by"`
	ApprovedBy    *string           `json:"approved_by"`
	Summary       string            `json:"summary" doc:"management summary, Markdown, with {placeholders} as they were written"`
	SummaryText   string            `json:"summary_text" doc:"management summary with its numbers filled in as they are now"`
	Communication string            `json:"communication"`
	Teamwork      string            `json:"teamwork"`
	SharedWith    []string          `json:"shared_with" nullable:"false" doc:"roles that may read the published version beyond the incident's team"`
	Published     int               `json:"published" doc:"how many versions were published"`
	Feedback      *string           `json:"feedback" doc:"open, closed or null"`
	Next          []string          `json:"next" nullable:"false" doc:"states that you may bring it to"`
	Entries       []reviewEntryJSON `json:"entries" nullable:"false"`
	Numbers       map[string]string `json:"numbers" nullable:"false"`
	LooseEnds     looseEndsJSON     `json:"loose_ends"`
	Advice        []adviceJSON      `json:"advice" nullable:"false" doc:"suggestions for the wording of the measures that are open; they never block"`
	UpdatedAt     *string           `json:"updated_at" format:"date-time"`
	Version       int64             `json:"version" doc:"0 as long as nobody has begun it"`
}

type looseEndsJSON struct {
	Findings    []string `json:"findings" nullable:"false" doc:"ids of findings without a measure"`
	Measures    []string `json:"measures" nullable:"false" doc:"measures that follow from no finding"`
	Unprevented []string `json:"unprevented" nullable:"false" doc:"ids of causes that are mitigated and not prevented"`
	Causes      []string `json:"causes" nullable:"false" doc:"ids of causes without a finding"`
}

type adviceJSON struct {
	Measure string  `json:"measure"`
	Code    string  `json:"code" doc:"verb, bounded, split, owner, metric or blame"`
	Word    *string `json:"word" doc:"what the suggestion is about, as it is written"`
}

type reviewEntryJSON struct {
	ID       string   `json:"id"`
	Section  string   `json:"section"`
	Kind     string   `json:"kind"`
	Text     string   `json:"text"`
	At       *string  `json:"at" format:"date-time"`
	Until    *string  `json:"until" format:"date-time"`
	Source   *string  `json:"source"`
	Link     *string  `json:"link"`
	PersonID *string  `json:"person_id" doc:"who held the role, in the directory"`
	DeputyID *string  `json:"deputy_id"`
	Person   *string  `json:"person" doc:"the name of an outsider who held the role"`
	Deputy   *string  `json:"deputy"`
	Cause    *string  `json:"cause" doc:"a finding's cause: the id of an entry"`
	Measures []string `json:"measures" nullable:"false"`
}

func reviewEntryOf(e domain.ReviewEntry) reviewEntryJSON {
	return reviewEntryJSON{e.ID, string(e.Section), string(e.Kind), e.Text, moment(e.At), moment(e.Until), orNull(e.Source), orNull(e.Link),
		orNull(e.PersonID), orNull(e.DeputyID), orNull(e.Person), orNull(e.Deputy), orNull(e.Cause), list(e.Measures)}
}

func entryIDs(entries []domain.ReviewEntry) []string {
	out := make([]string, len(entries))
	for n, e := range entries {
		out[n] = e.ID
	}
	return out
}

type reviewInput struct {
	Moderator     opt[string]   `json:"moderator,omitempty"`
	Summary       opt[string]   `json:"summary,omitempty"`
	Communication opt[string]   `json:"communication,omitempty"`
	Teamwork      opt[string]   `json:"teamwork,omitempty"`
	SharedWith    opt[[]string] `json:"shared_with,omitempty"`
	Reason        opt[string]   `json:"reason,omitempty"`
}

type reviewStepInput struct {
	State  opt[string] `json:"state"`
	Reason opt[string] `json:"reason,omitempty" doc:"asked for when going back, archiving, and when no review is required"`
}

type reviewEntryInput struct {
	Section opt[string] `json:"section"`
	ReviewEntryFields
}

// ReviewEntryFields are the members that adding and changing an entry share.
type ReviewEntryFields struct {
	Kind     opt[string]   `json:"kind,omitempty" doc:"the section's first kind when absent"`
	Text     opt[string]   `json:"text,omitempty"`
	At       opt[instant]  `json:"at,omitempty"`
	Until    opt[instant]  `json:"until,omitempty"`
	Source   opt[string]   `json:"source,omitempty"`
	Link     opt[string]   `json:"link,omitempty"`
	PersonID opt[string]   `json:"person_id,omitempty" doc:"who held the role, in the directory"`
	DeputyID opt[string]   `json:"deputy_id,omitempty"`
	Person   opt[string]   `json:"person,omitempty" doc:"the name of an outsider who held the role"`
	Deputy   opt[string]   `json:"deputy,omitempty"`
	Cause    opt[string]   `json:"cause,omitempty"`
	Measures opt[[]string] `json:"measures,omitempty"`
}

func (in *ReviewEntryFields) onto(e *domain.ReviewEntry) {
	put(&e.Kind, in.Kind, func(s string) domain.EntryKind { return domain.EntryKind(s) })
	put(&e.Text, in.Text, same)
	put(&e.At, in.At, plainTime)
	put(&e.Until, in.Until, plainTime)
	put(&e.Source, in.Source, same)
	put(&e.Link, in.Link, same)
	e.PersonID, e.Person = holder(e.PersonID, e.Person, in.PersonID, in.Person)
	e.DeputyID, e.Deputy = holder(e.DeputyID, e.Deputy, in.DeputyID, in.Deputy)
	put(&e.Cause, in.Cause, same)
	put(&e.Measures, in.Measures, texts[domain.MeasureKey])
}

// holder is who a role is held by after a change: naming somebody of the
// directory takes the name of an outsider away, and the other way round.
func holder(id domain.PersonID, name string, newID, newName opt[string]) (domain.PersonID, string) {
	put(&id, newID, func(s string) domain.PersonID { return domain.PersonID(s) })
	put(&name, newName, same)
	switch {
	case newID.value != "" && !newName.set:
		name = ""
	case newName.value != "" && !newID.set:
		id = ""
	}
	return id, name
}

type reviewHeadJSON struct {
	Incident  string  `json:"incident"`
	Title     string  `json:"title"`
	Severity  *string `json:"severity"`
	StartedAt *string `json:"started_at" format:"date-time"`
	State     string  `json:"state"`
	Reason    *string `json:"reason"`
	Published int     `json:"published"`
	Foreign   bool    `json:"foreign" doc:"another team's, shared with your role: read its versions"`
}

func reviewHeadOf(h domain.ReviewHead) reviewHeadJSON {
	return reviewHeadJSON{string(h.Incident.Key), h.Incident.Title, orNull(h.Incident.Severity), moment(h.Incident.StartedAt), string(h.State), orNull(h.Reason), h.Published, h.Foreign}
}

type reviewVersionJSON struct {
	Number  int     `json:"number"`
	At      *string `json:"at" format:"date-time"`
	By      string  `json:"by"`
	Summary string  `json:"summary" doc:"management summary with its numbers filled in as they were"`
}

func reviewVersionOf(v domain.ReviewVersion) reviewVersionJSON {
	return reviewVersionJSON{v.Number, moment(v.At), v.By, domain.FillSummary(v.Document.Review.Summary, v.Document.Numbers)}
}

type reviewChangeJSON struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`
}

func (s *Server) reviewRoutes() []route {
	const at = "/incidents/{key}/review"
	entry := reflect.TypeFor[reviewEntryJSON]()
	filters := []param{
		{name: "state", kind: "string", list: true, enum: names(domain.ReviewStates())},
		{name: "q", kind: "string", doc: "words anywhere in the review, or in the incident's title or key"},
		{name: "year", kind: "integer", doc: "incidents of one year"},
		{name: "missing", kind: "boolean", doc: "only incidents whose review is neither published, archived nor not required"},
	}
	return []route{
		{method: http.MethodGet, path: "/reviews", id: "list-reviews", summary: "Search all reviews, or list the incidents without one", tag: "reviews", needs: domain.CanRead,
			query: listQuery(nil, filters...), out: reflect.TypeFor[listJSON[reviewHeadJSON]](), run: s.listReviews},
		{method: http.MethodGet, path: at, id: "get-review", summary: "The review of an incident", tag: "reviews", needs: domain.CanRead, tagged: true,
			out: reflect.TypeFor[reviewJSON](), run: s.getReview},
		withBody(route{method: http.MethodPatch, path: at, id: "edit-review", summary: "Change the texts of a review, or whom it is shared with", tag: "reviews",
			needs: domain.CanEdit, match: true, tagged: true, out: reflect.TypeFor[reviewJSON]()}, s.editReview),
		withBody(route{method: http.MethodPost, path: at + "/state", id: "step-review", summary: "Submit, approve, publish, archive a review, or take it back", tag: "reviews",
			needs: domain.CanEdit, tagged: true, out: reflect.TypeFor[reviewJSON]()}, s.stepReview),
		withBody(route{method: http.MethodPost, path: at + "/entries", id: "add-review-entry", summary: "Add a fact, cause, lesson, role or finding", tag: "reviews",
			needs: domain.CanEdit, status: http.StatusCreated, out: entry}, s.addReviewEntry),
		withBody(route{method: http.MethodPatch, path: at + "/entries/{id}", id: "edit-review-entry", summary: "Change an entry; If-Match takes the review's ETag", tag: "reviews",
			needs: domain.CanEdit, match: true, out: entry}, s.editReviewEntry),
		{method: http.MethodDelete, path: at + "/entries/{id}", id: "drop-review-entry", summary: "Remove an entry; its history stays", tag: "reviews",
			needs: domain.CanEdit, match: true, status: http.StatusNoContent, run: s.dropReviewEntry},
		{method: http.MethodPost, path: at + "/times", id: "take-review-times", summary: "Write the times of the incident into the timeline", tag: "reviews",
			needs: domain.CanEdit, tagged: true, out: reflect.TypeFor[reviewJSON](), run: s.takeReviewTimes},
		{method: http.MethodGet, path: at + "/versions", id: "list-review-versions", summary: "The published versions", tag: "reviews", needs: domain.CanRead,
			query: listQuery(nil), out: reflect.TypeFor[listJSON[reviewVersionJSON]](), run: s.listReviewVersions},
		{method: http.MethodGet, path: at + "/versions/{version}", id: "get-review-version", summary: "A published version as it was, with everything its document shows", tag: "reviews",
			needs: domain.CanRead, tagged: true, out: reflect.TypeFor[reviewDocumentJSON](), run: s.getReviewVersion},
		{method: http.MethodGet, path: at + "/versions/{version}/changes", id: "compare-review-versions", summary: "What is different from the version before, or from any other",
			tag: "reviews", needs: domain.CanRead, query: append(listQuery(nil), param{name: "since", kind: "integer", doc: "any other version; the one before when absent"}),
			out: reflect.TypeFor[listJSON[reviewChangeJSON]](), run: s.compareReviewVersions},
		s.documentRoute(at + "/document"),
		{method: http.MethodGet, path: at + "/history", id: "get-review-history", summary: "Every change of a review", tag: "reviews",
			needs: domain.CanRead, query: listQuery(nil), out: reflect.TypeFor[listJSON[changeJSON]](), run: s.reviewHistory},
	}
}

func (s *Server) listReviews(c *call) (reply, error) {
	filter := domain.ReviewFilter{State: several(c, "state", domain.ReviewStates()), Query: c.query.Get("q")}
	if missing := c.flag("missing"); missing != nil {
		filter.Missing = *missing
	}
	if c.query.Has("year") {
		year, err := strconv.Atoi(c.query.Get("year"))
		if err == nil {
			filter, err = s.app.Reviews.Year(filter, year)
		}
		if err != nil {
			c.refuse("year", "%q is not a year; write it with four digits")
		}
	}
	page := c.page()
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	found, err := s.app.Reviews.List(c.ctx(), c.actor(), filter, page)
	if err != nil {
		return reply{}, queryFault(err)
	}
	return reply{body: listOf(found, page, reviewHeadOf)}, nil
}

// review answers with the whole review, as every change of it does.
func (s *Server) review(c *call, key domain.IncidentKey) (reply, error) {
	v, err := s.app.Reviews.View(c.ctx(), c.actor(), key)
	if err != nil {
		return reply{}, err
	}
	r := v.Review
	out := reviewJSON{Incident: string(key), State: string(r.State), Reason: orNull(r.Reason), Moderator: orNull(r.Moderator), SubmittedBy: orNull(r.SubmittedBy),
		ApprovedBy: orNull(r.ApprovedBy), Summary: r.Summary, SummaryText: v.Summary(), Communication: r.Communication, Teamwork: r.Teamwork, SharedWith: list(r.SharedWith), Published: r.Published,
		Feedback: orNull(r.Feedback), Next: list(v.Next), Entries: make([]reviewEntryJSON, len(r.Entries)), Numbers: v.Numbers, UpdatedAt: moment(r.UpdatedAt), Version: r.Version}
	for n, e := range r.Entries {
		out.Entries[n] = reviewEntryOf(e)
	}
	measures := make([]string, len(v.Loose.Measures))
	for n, m := range v.Loose.Measures {
		measures[n] = string(m.Key)
	}
	out.LooseEnds = looseEndsJSON{entryIDs(v.Loose.Findings), measures, entryIDs(v.Loose.Unprevented), entryIDs(v.Loose.Causes)}
	advice := v.Advice()
	out.Advice = []adviceJSON{}
	for _, m := range v.Measures {
		for _, a := range advice[m.Key] {
			out.Advice = append(out.Advice, adviceJSON{string(m.Key), string(a.Code), orNull(a.Word)})
		}
	}
	return reply{body: out, version: r.Version}, nil
}

func (s *Server) getReview(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	return s.review(c, key)
}

func (s *Server) editReview(c *call, in *reviewInput) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	change := domain.ReviewEdit{Moderator: text[domain.PersonID](in.Moderator), Summary: text[string](in.Summary), Communication: text[string](in.Communication),
		Teamwork: text[string](in.Teamwork), SharedWith: edit(in.SharedWith, texts[domain.Role]), Reason: in.Reason.value}
	if _, err := s.app.Reviews.Edit(c.ctx(), c.actor(), key, c.version, change); err != nil {
		return reply{}, err
	}
	return s.review(c, key)
}

func (s *Server) stepReview(c *call, in *reviewStepInput) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	if _, err := s.app.Reviews.Step(c.ctx(), c.actor(), key, 0, domain.ReviewState(in.State.value), in.Reason.value); err != nil {
		return reply{}, err
	}
	return s.review(c, key)
}

func (s *Server) addReviewEntry(c *call, in *reviewEntryInput) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	e := domain.ReviewEntry{Section: domain.ReviewSection(in.Section.value)}
	in.onto(&e)
	e, err = s.app.Reviews.Put(c.ctx(), c.actor(), key, 0, e)
	return reply{body: reviewEntryOf(e)}, err
}

func (s *Server) editReviewEntry(c *call, in *ReviewEntryFields) (reply, error) {
	key, id, err := c.reviewEntry()
	if err != nil {
		return reply{}, err
	}
	e, err := s.app.Reviews.Entry(c.ctx(), c.actor(), key, id)
	if err != nil {
		return reply{}, err
	}
	in.onto(&e)
	e, err = s.app.Reviews.Put(c.ctx(), c.actor(), key, c.version, e)
	return reply{body: reviewEntryOf(e)}, err
}

func (s *Server) dropReviewEntry(c *call) (reply, error) {
	key, id, err := c.reviewEntry()
	if err != nil {
		return reply{}, err
	}
	return reply{}, s.app.Reviews.Drop(c.ctx(), c.actor(), key, c.version, id)
}

func (c *call) reviewEntry() (domain.IncidentKey, string, error) {
	key, err := c.incidentKey()
	if err != nil {
		return "", "", err
	}
	id, err := c.id("id", "entry")
	return key, id, err
}

func (s *Server) takeReviewTimes(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	if _, err := s.app.Reviews.TakeTimes(c.ctx(), c.actor(), key); err != nil {
		return reply{}, err
	}
	return s.review(c, key)
}

func (s *Server) listReviewVersions(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	all, err := s.app.Reviews.Versions(c.ctx(), c.actor(), key)
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, reviewVersionOf)}, err
}

func (s *Server) compareReviewVersions(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	to, err := c.number("version", "version")
	if err != nil {
		return reply{}, err
	}
	since := c.publication("since")
	if !c.query.Has("since") {
		since = int(to) - 1
	}
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	var changes []domain.FieldChange
	if since >= 1 {
		if changes, err = s.app.Reviews.Compare(c.ctx(), c.actor(), key, since, int(to)); err != nil {
			return reply{}, err
		}
	} else if _, err := s.app.Reviews.Published(c.ctx(), c.actor(), key, int(to)); err != nil {
		return reply{}, err // the first version has none before it
	}
	page, p, err := pageOf(c, changes)
	return reply{body: listOf(page, p, func(d domain.FieldChange) reviewChangeJSON { return reviewChangeJSON{d.Field, d.From, d.To} })}, err
}

func (s *Server) reviewHistory(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	page := c.page()
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	found, err := s.app.Reviews.History(c.ctx(), c.actor(), key, page)
	if err != nil {
		return reply{}, queryFault(err)
	}
	return reply{body: listOf(found, page, changeOf)}, nil
}
