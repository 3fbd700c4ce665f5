package api

import (
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// measureJSON is a measure as it leaves the house.
type measureJSON struct {
	Key         string  `json:"key" example:"M-7"`
	Incident    *string `json:"incident" doc:"null while an adopted issue waits for its incident"`
	CrisisCheck *string `json:"crisis_check" doc:"the crisis check whose gap the measure closes; it then needs no incident"`
	Question    *string `json:"question" doc:"the question of that check"`
	Title       string  `json:"title"`
	Description string  `json:"description" doc:"Markdown"`
	Kind        *string `json:"kind"`
	Priority    *string `json:"priority"`
	Status      string  `json:"status"`

	ClosureReason     *string `json:"closure_reason"`
	ClosureNote       *string `json:"closure_note"`
	RiskAcceptedUntil *string `json:"risk_accepted_until" format:"date"`
	DuplicateOf       *string `json:"duplicate_of" doc:"the measure that goes on, with closure reason duplicate; null where a tracker did not name it"`

	Owner         *string `json:"owner"`
	ExternalOwner *string `json:"external_owner" doc:"a tracker login that no person is mapped to"`
	Deputy        *string `json:"deputy"`
	Team          *string `json:"team"`
	Succeeds      *string `json:"succeeds" doc:"the measure this one takes over from, because that one did not work"`

	DueOn         *string `json:"due_on" format:"date"`
	OriginalDueOn *string `json:"original_due_on" format:"date" doc:"the first promise; it never changes, unless corrected within the grace of the policy"`
	DueMoves      int     `json:"due_moves"`

	SuccessMetric *metricJSON `json:"success_metric"`
	Verdict       *string     `json:"verdict"`
	VerifiedBy    *string     `json:"verified_by"`
	EvidenceCount int         `json:"evidence_count"`
	StatusUnknown bool        `json:"status_unknown" doc:"imported without a status: counts nowhere until somebody says"`
	Overdue       bool        `json:"overdue" doc:"open and past the current due date"`
	PastPromise   bool        `json:"past_promise" doc:"open and past the original due date"`

	Links []linkRefJSON `json:"links" nullable:"false"`

	CreatedAt   *string `json:"created_at" format:"date-time"`
	AcceptedAt  *string `json:"accepted_at" format:"date-time"`
	DoneAt      *string `json:"done_at" format:"date-time"`
	VerifiedAt  *string `json:"verified_at" format:"date-time"`
	CancelledAt *string `json:"cancelled_at" format:"date-time"`
	UpdatedAt   *string `json:"updated_at" format:"date-time"`
	Version     int64   `json:"version"`
}

type linkRefJSON struct {
	Tracker   string  `json:"tracker"`
	RemoteKey *string `json:"remote_key" doc:"null until the issue is known"`
	URL       *string `json:"url"`
	State     string  `json:"state"`
}

type metricJSON struct {
	Name          *string  `json:"name"`
	Unit          *string  `json:"unit"`
	Baseline      *float64 `json:"baseline"`
	Target        *float64 `json:"target"`
	Direction     *string  `json:"direction" doc:"at_most or at_least"`
	WindowDays    *int     `json:"window_days"`
	VerifyOn      *string  `json:"verify_on" format:"date"`
	NotMeasurable *string  `json:"not_measurable" doc:"why there is no metric; name is then null"`
}

func metricOf(m domain.Metric) *metricJSON {
	if m.IsZero() {
		return nil
	}
	out := &metricJSON{Name: orNull(m.Name), Unit: orNull(m.Unit), Baseline: m.Baseline, Target: m.Target,
		Direction: orNull(m.Direction), VerifyOn: day(m.VerifyOn), NotMeasurable: orNull(m.NotMeasurable)}
	if m.WindowDays != 0 {
		out.WindowDays = &m.WindowDays
	}
	return out
}

// measure encodes one measure with its links.
func (s *Server) measure(m domain.Measure, links []domain.Link) measureJSON {
	now := s.now()
	out := measureJSON{
		Key: string(m.Key), Incident: orNull(m.Incident), CrisisCheck: orNull(m.Check), Question: orNull(m.Question), Title: m.Title, Description: m.Description, Kind: orNull(m.Kind),
		Priority: orNull(m.Priority), Status: string(m.Status), ClosureReason: orNull(m.ClosureReason), ClosureNote: orNull(m.ClosureNote),
		RiskAcceptedUntil: day(m.RiskAcceptedUntil), DuplicateOf: orNull(m.DuplicateOf), Owner: orNull(m.Owner), ExternalOwner: orNull(m.ExternalOwner),
		Deputy: orNull(m.Deputy), Team: orNull(m.Team), Succeeds: orNull(m.Succeeds), DueOn: day(m.DueOn), OriginalDueOn: day(m.OriginalDueOn), DueMoves: m.DueMoves,
		SuccessMetric: metricOf(m.Metric), Verdict: orNull(m.Verdict), VerifiedBy: orNull(m.VerifiedBy), EvidenceCount: m.EvidenceCount,
		StatusUnknown: m.StatusUnknown, Overdue: m.Overdue(now, s.app.Zone), PastPromise: m.PastPromise(now, s.app.Zone),
		Links: []linkRefJSON{}, CreatedAt: moment(m.CreatedAt), AcceptedAt: moment(m.AcceptedAt), DoneAt: moment(m.DoneAt),
		VerifiedAt: moment(m.VerifiedAt), CancelledAt: moment(m.CancelledAt), UpdatedAt: moment(m.UpdatedAt), Version: m.Version,
	}
	for _, l := range links {
		if l.State != domain.LinkDetached {
			out.Links = append(out.Links, linkRefJSON{string(l.Tracker), orNull(l.Remote.Key), orNull(l.Remote.URL), string(l.State)})
		}
	}
	return out
}

// MeasureInput are the members that creating and changing a measure share. It is
// exported because the OpenAPI generator looks into exported parts only.
type MeasureInput struct {
	Incident      opt[string]      `json:"incident,omitempty"`
	Title         opt[string]      `json:"title,omitempty"`
	Description   opt[string]      `json:"description,omitempty" doc:"Markdown"`
	Kind          opt[string]      `json:"kind,omitempty"`
	Priority      opt[string]      `json:"priority,omitempty"`
	Status        opt[string]      `json:"status,omitempty"`
	Owner         opt[string]      `json:"owner,omitempty"`
	Deputy        opt[string]      `json:"deputy,omitempty"`
	Team          opt[string]      `json:"team,omitempty"`
	DueOn         opt[date]        `json:"due_on,omitempty"`
	SuccessMetric opt[metricInput] `json:"success_metric,omitempty"`
}

type metricInput struct {
	Name          opt[string]  `json:"name,omitempty"`
	Unit          opt[string]  `json:"unit,omitempty"`
	Baseline      opt[float64] `json:"baseline,omitempty"`
	Target        opt[float64] `json:"target,omitempty"`
	Direction     opt[string]  `json:"direction,omitempty"`
	WindowDays    opt[int]     `json:"window_days,omitempty"`
	VerifyOn      opt[date]    `json:"verify_on,omitempty"`
	NotMeasurable opt[string]  `json:"not_measurable,omitempty"`
}

// onto merges the members into a metric, as JSON Merge Patch merges objects.
func (in metricInput) onto(m domain.Metric) domain.Metric {
	put(&m.Name, in.Name, domain.NormalTitle)
	put(&m.Unit, in.Unit, domain.NormalTitle)
	put(&m.Baseline, in.Baseline, pointer)
	put(&m.Target, in.Target, pointer)
	put(&m.Direction, in.Direction, func(s string) domain.Direction { return domain.Direction(s) })
	put(&m.WindowDays, in.WindowDays, same)
	put(&m.VerifyOn, in.VerifyOn, plainDate)
	put(&m.NotMeasurable, in.NotMeasurable, domain.NormalTitle)
	return m
}

func pointer(v float64) *float64   { return &v }
func plainDate(d date) domain.Date { return d.Date }

// measurePatch is a change: absent leaves, null clears.
type measurePatch struct {
	MeasureInput
	ClosureReason     opt[string] `json:"closure_reason,omitempty" doc:"goes with status cancelled"`
	RiskAcceptedUntil opt[date]   `json:"risk_accepted_until,omitempty" doc:"goes with closure reason risk_accepted"`
	DuplicateOf       opt[string] `json:"duplicate_of,omitempty" doc:"goes with closure reason duplicate and is needed then: the measure that goes on"`
	Verdict           opt[string] `json:"verdict,omitempty" doc:"goes with status verified"`
	Reason            opt[string] `json:"reason,omitempty" doc:"goes to the history; moving a due date and reopening need it"`
}

// newMeasureInput is a measure to be made.
type newMeasureInput struct {
	MeasureInput
	Succeeds opt[string] `json:"succeeds,omitempty" doc:"a measure with the verdict ineffective or partly; what is not given is taken over from it, but for owner and due date"`
}

func (in *measurePatch) patch() app.MeasurePatch {
	p := app.MeasurePatch{MeasureEdit: domain.MeasureEdit{
		Incident: text[domain.IncidentKey](in.Incident), Title: text[string](in.Title), Description: text[string](in.Description),
		Kind: text[domain.MeasureKind](in.Kind), Priority: text[domain.Priority](in.Priority), Status: text[domain.Status](in.Status),
		Owner: text[domain.PersonID](in.Owner), Deputy: text[domain.PersonID](in.Deputy), Team: text[domain.TeamID](in.Team),
		DueOn: edit(in.DueOn, plainDate), ClosureReason: text[domain.ClosureReason](in.ClosureReason),
		RiskAcceptedUntil: edit(in.RiskAcceptedUntil, plainDate), DuplicateOf: text[domain.MeasureKey](in.DuplicateOf), Verdict: text[domain.Verdict](in.Verdict), Reason: in.Reason.value,
	}}
	switch {
	case in.SuccessMetric.has():
		p.MetricPatch = in.SuccessMetric.value.onto
	case in.SuccessMetric.null:
		p.Metric = domain.Some(domain.Metric{})
	}
	return p
}

func (s *Server) measureRoutes() []route {
	one := func(r route) route {
		r.tag, r.out, r.tagged = "measures", reflect.TypeFor[measureJSON](), true
		return r
	}
	return []route{
		{method: http.MethodGet, path: "/measures", id: "list-measures", summary: "List measures", tag: "measures", needs: domain.CanRead,
			query: listQuery(domain.MeasureSorts(), measureFilters()...), out: reflect.TypeFor[listJSON[measureJSON]](), run: s.listMeasures},
		withBody(one(route{method: http.MethodPost, path: "/measures", id: "create-measure", summary: "Create a measure",
			needs: domain.CanEdit, repeatable: true, status: http.StatusCreated}), s.createMeasure),
		withBody(route{method: http.MethodPost, path: "/measures/bulk", id: "edit-measures", summary: "Change several measures at once", tag: "measures",
			needs: domain.CanEdit, out: reflect.TypeFor[bulkJSON]()}, s.bulkEdit),
		one(route{method: http.MethodGet, path: "/measures/{key}", id: "get-measure", summary: "Get a measure", needs: domain.CanRead, run: s.getMeasure}),
		withBody(one(route{method: http.MethodPatch, path: "/measures/{key}", id: "edit-measure", summary: "Change a measure",
			needs: domain.CanEdit, match: true}), s.editMeasure),
		{method: http.MethodGet, path: "/measures/{key}/history", id: "get-measure-history", summary: "Every change of a measure", tag: "measures",
			needs: domain.CanRead, query: listQuery(nil), out: reflect.TypeFor[listJSON[changeJSON]](), run: s.measureHistory},
		withBody(one(route{method: http.MethodPost, path: "/measures/{key}/put-back", id: "put-back", summary: "Put back a value from the history",
			needs: domain.CanEdit}), s.putBack),
	}
}

func measureFilters() []param {
	return []param{
		{name: "status", kind: "string", list: true, enum: names(domain.Statuses())},
		{name: "open", kind: "boolean", doc: "work is still owed"},
		{name: "overdue", kind: "boolean"}, {name: "past_promise", kind: "boolean"},
		{name: "due_before", kind: "date"}, {name: "due_after", kind: "date"},
		{name: "priority", kind: "string", list: true, enum: names(domain.Priorities())},
		{name: "kind", kind: "string", list: true, enum: names(domain.MeasureKinds())},
		{name: "owner", kind: "string"}, {name: "team", kind: "string", list: true}, {name: "incident", kind: "string"},
		{name: "succeeds", kind: "string", doc: "the measures that take over from this one"},
		{name: "duplicate_of", kind: "string", doc: "the measures that were closed as duplicates of this one"},
		{name: "crisis_check", kind: "string", list: true, doc: "the crisis checks they came from"},
		{name: "needs_incident", kind: "boolean", doc: "adopted issues that wait for their incident"},
		{name: "tracker", kind: "string"},
		{name: "link_state", kind: "string", list: true, enum: names(domain.LinkStates())},
		{name: "q", kind: "string", doc: "beginnings of words in title or description, or a key; what is written without blanks must stand in a row"},
		{name: "effectiveness_due", kind: "boolean", doc: "done, without a verdict, and the day of the effectiveness check has come"},
		{name: "missing", kind: "string", list: true, enum: names(domain.MeasureGaps()), doc: "lacks all of it"},
		{name: "from", kind: "date-time", doc: "created at or after"}, {name: "to", kind: "date-time", doc: "created before"},
	}
}

func (c *call) measureFilter() domain.MeasureFilter {
	return domain.MeasureFilter{
		Status: several(c, "status", domain.Statuses()), Open: c.flag("open"), Overdue: c.flag("overdue"), PastPromise: c.flag("past_promise"),
		DueBefore: c.day("due_before"), DueAfter: c.day("due_after"), Priority: several(c, "priority", domain.Priorities()),
		Kind: several(c, "kind", domain.MeasureKinds()), Owner: domain.PersonID(c.query.Get("owner")), Team: texts[domain.TeamID](c.words("team")),
		Incident: domain.IncidentKey(c.query.Get("incident")), Succeeds: domain.MeasureKey(c.query.Get("succeeds")), DuplicateOf: domain.MeasureKey(c.query.Get("duplicate_of")), Checks: texts[domain.CheckKey](c.words("crisis_check")), NeedsIncident: c.flag("needs_incident"),
		Tracker: domain.TrackerID(c.query.Get("tracker")), LinkState: several(c, "link_state", domain.LinkStates()),
		EffectivenessDue: c.flag("effectiveness_due"), Missing: several(c, "missing", domain.MeasureGaps()), CreatedFrom: c.moment("from"), CreatedTo: c.moment("to"), Query: c.query.Get("q"),
	}
}

func (s *Server) listMeasures(c *call) (reply, error) {
	filter, page := c.measureFilter(), c.page()
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	return s.measureList(c, filter, page)
}

func (s *Server) measureList(c *call, filter domain.MeasureFilter, page domain.Page) (reply, error) {
	list, err := s.app.Measures.List(c.ctx(), c.actor(), filter, page)
	if err != nil {
		return reply{}, queryFault(err)
	}
	keys := make([]domain.MeasureKey, len(list.Items))
	for n, m := range list.Items {
		keys[n] = m.Key
	}
	links, err := s.app.Links.Of(c.ctx(), c.actor(), keys)
	if err != nil {
		return reply{}, err
	}
	return reply{body: listOf(list, page, func(m domain.Measure) measureJSON { return s.measure(m, links[m.Key]) })}, nil
}

// measureReply answers with one measure and its links.
func (s *Server) measureReply(c *call, m domain.Measure) (reply, error) {
	links, err := s.app.Links.Of(c.ctx(), c.actor(), []domain.MeasureKey{m.Key})
	if err != nil {
		return reply{}, err
	}
	return reply{body: s.measure(m, links[m.Key]), version: m.Version}, nil
}

func (s *Server) getMeasure(c *call) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	m, err := s.app.Measures.Get(c.ctx(), c.actor(), key)
	if err != nil {
		return reply{}, err
	}
	return s.measureReply(c, m)
}

func (s *Server) createMeasure(c *call, in *newMeasureInput) (reply, error) {
	m, err := s.app.Measures.Create(c.ctx(), c.actor(), domain.NewMeasure{
		Incident: or[domain.IncidentKey](in.Incident), Title: in.Title.value, Description: in.Description.value, Kind: or[domain.MeasureKind](in.Kind),
		Priority: or[domain.Priority](in.Priority), Status: or[domain.Status](in.Status), Owner: or[domain.PersonID](in.Owner),
		Deputy: or[domain.PersonID](in.Deputy), Team: or[domain.TeamID](in.Team), DueOn: in.DueOn.value.Date,
		Metric: in.SuccessMetric.value.onto(domain.Metric{}), Succeeds: or[domain.MeasureKey](in.Succeeds),
	})
	if err != nil {
		return reply{}, err
	}
	out, err := s.measureReply(c, m)
	out.location = "/measures/" + string(m.Key)
	return out, err
}

func (s *Server) editMeasure(c *call, in *measurePatch) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	m, err := s.app.Measures.Edit(c.ctx(), c.actor(), key, c.version, in.patch())
	if err != nil {
		return reply{}, err
	}
	return s.measureReply(c, m)
}

func (s *Server) measureHistory(c *call) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	page := c.page()
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	list, err := s.app.Measures.History(c.ctx(), c.actor(), key, page)
	if err != nil {
		return reply{}, queryFault(err)
	}
	return reply{body: listOf(list, page, changeOf)}, nil
}

type putBackInput struct {
	Seq    opt[int64]  `json:"seq" doc:"the row of the history"`
	Side   opt[string] `json:"side,omitempty" doc:"from: what was there before the change (default); to: what the change brought"`
	Reason opt[string] `json:"reason,omitempty"`
}

func (s *Server) putBack(c *call, in *putBackInput) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	m, err := s.app.Measures.PutBack(c.ctx(), c.actor(), key, 0, in.Seq.value, app.Side(in.Side.value), in.Reason.value)
	if err != nil {
		return reply{}, err
	}
	return s.measureReply(c, m)
}
