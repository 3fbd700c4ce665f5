package api

import (
	"bytes"
	"net/http"
	"reflect"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

type logJSON struct {
	Name       string        `json:"name"`
	Key        string        `json:"key" doc:"the public key, NAME+HASH+KEY; take it on another way than the packs"`
	FormerKeys []formerJSON  `json:"former_keys" nullable:"false" doc:"the keys that signed before, oldest first; older heads and packs verify with them"`
	Epoch      int64         `json:"epoch" doc:"grows when the log does not continue what was signed, as after a restore"`
	Size       int64         `json:"size" doc:"leaves"`
	Checkpoint *string       `json:"checkpoint" doc:"the newest signed head"`
	SignedAt   *string       `json:"signed_at" format:"date-time"`
	Witnessed  []witnessJSON `json:"witnessed" nullable:"false" doc:"who outside has seen a head, newest first"`
	Witness    *string       `json:"witness" doc:"the issue that the head is posted into every day"`
	Problem    *string       `json:"problem" doc:"why nothing is signed any more"`
}

type formerJSON struct {
	Key          string `json:"key"`
	Announcement string `json:"announcement" doc:"the head in which it signed the leaf that names the key after it"`
}

type keyInput struct {
	Reason opt[string] `json:"reason" doc:"why; it stands in the log for ever"`
}

type keyJSON struct {
	Key string `json:"key"`
}

type witnessJSON struct {
	Kind      string  `json:"kind" enum:"tracker,mail,pack"`
	Place     string  `json:"place"`
	Reference *string `json:"reference"`
	Size      int64   `json:"size"`
	At        *string `json:"at" format:"date-time"`
}

func logOf(s app.Status) logJSON {
	out := logJSON{s.Name, s.Key, []formerJSON{}, s.Epoch, s.Size, orNull(s.Signed), moment(s.SignedAt), []witnessJSON{}, orNull(s.Witness), orNull(s.Problem)}
	for _, f := range s.Former {
		out.FormerKeys = append(out.FormerKeys, formerJSON{f.Key, f.Announcement})
	}
	for _, w := range s.Witnessed {
		out.Witnessed = append(out.Witnessed, witnessJSON{w.Kind, w.Place, orNull(w.Reference), w.Size, moment(w.At)})
	}
	return out
}

type packInput struct {
	From     opt[date]   `json:"from" doc:"first day of the period"`
	To       opt[date]   `json:"to" doc:"last day of the period"`
	Incident opt[string] `json:"incident,omitempty"`
	Team     opt[string] `json:"team,omitempty"`
}

type epochInput struct {
	Reason opt[string] `json:"reason"`
}

type epochJSON struct {
	Epoch int64 `json:"epoch"`
}

type erasureInput struct {
	Subject opt[string]   `json:"subject" doc:"measure, incident, review or person"`
	Key     opt[string]   `json:"key" doc:"of a review the incident's"`
	Fields  opt[[]string] `json:"fields,omitempty" doc:"title, description, summary, closure_note, external_owner or reason; of a review summary, communication, teamwork, reason, entry/ID or message/ID; of a person everything goes"`
	Reason  opt[string]   `json:"reason" doc:"on which ground; it stands in the history"`
}

type erasureJSON struct {
	Erased int `json:"erased" doc:"values"`
}

type flagJSON struct {
	Flag    string  `json:"flag"`
	Measure string  `json:"measure"`
	At      string  `json:"at"`
	Leaves  []int64 `json:"leaves" nullable:"false"`
	Text    string  `json:"text"`
}

type clauseJSON struct {
	Standard string             `json:"standard"`
	Clause   string             `json:"clause"`
	Title    string             `json:"title"`
	Asks     string             `json:"asks"`
	Answers  []clauseAnswerJSON `json:"answers" nullable:"false"`
}

type clauseAnswerJSON struct {
	What    string `json:"what"`
	Records int    `json:"records"`
}

func (s *Server) evidenceRoutes() []route {
	knownAt := param{name: "known_at", kind: "date-time", doc: "up to when things had been written down; a day means its end, absent means now"}
	get := func(path, id, summary string, r route) route {
		r.method, r.path, r.id, r.summary, r.tag, r.needs = http.MethodGet, path, id, summary, "evidence", domain.CanAudit
		return r
	}
	return []route{
		get("/evidence", "get-evidence", "The tamper-evident log: what is signed and who has seen it", route{out: reflect.TypeFor[logJSON](), run: s.evidence}),
		get("/evidence/checkpoint", "get-checkpoint", "The signed head of the log as it is now, to be kept elsewhere", route{media: "text/plain", run: s.checkpoint}),
		get("/evidence/leaves/{leaf}/proof", "prove-leaf", "That a leaf is in the log, as a C2SP tlog-proof with the leaf as its extra data", route{media: "text/plain", run: s.leafProof}),
		get("/evidence/consistency", "prove-growth", "That one head of the log continues an older one", route{query: []param{
			{name: "from", kind: "integer", doc: "leaves of the older head"}, {name: "to", kind: "integer", doc: "leaves of the newer head"}},
			out: reflect.TypeFor[growthJSON](), run: s.growthProof}),
		get("/evidence/register", "get-register", "The register of measures as it was known", route{media: "text/csv", query: []param{knownAt}, run: s.register}),
		get("/evidence/flags", "list-flags", "What an auditor would look at twice", route{query: listQuery(nil, knownAt), out: reflect.TypeFor[listJSON[flagJSON]](), run: s.flags}),
		get("/evidence/traces", "list-traces", "The way from incidents over findings to measures and their effect", route{query: listQuery(nil, knownAt,
			param{name: "sample", kind: "string", doc: "a word that chooses as many incidents as the limit says; the same word chooses the same ones"}),
			out: reflect.TypeFor[listJSON[traceJSON]](), run: s.traces}),
		get("/evidence/clauses", "list-clauses", "Which records answer which clause", route{query: listQuery(nil, knownAt), out: reflect.TypeFor[listJSON[clauseJSON]](), run: s.clauses}),
		withBody(route{method: http.MethodPost, path: "/evidence/packs", id: "create-pack", summary: "A pack that an auditor verifies offline", tag: "evidence",
			needs: domain.CanAudit, media: "application/octet-stream"}, s.pack),
		withBody(route{method: http.MethodPost, path: "/evidence/keys", id: "rotate-key", summary: "Sign with a new key; the present one signs its name first", tag: "evidence",
			needs: domain.CanManage, status: http.StatusCreated, out: reflect.TypeFor[keyJSON]()}, s.rotateKey),
		withBody(route{method: http.MethodPost, path: "/evidence/epochs", id: "begin-epoch", summary: "Sign again although the log does not continue what was signed",
			tag: "evidence", needs: domain.CanManage, status: http.StatusCreated, out: reflect.TypeFor[epochJSON]()}, s.epoch),
		withBody(route{method: http.MethodPost, path: "/evidence/erasures", id: "erase-texts", summary: "Take texts out of the present and the history",
			tag: "evidence", needs: domain.CanManage, out: reflect.TypeFor[erasureJSON]()}, s.erase),
	}
}

func (s *Server) evidence(c *call) (reply, error) {
	status, err := s.app.Evidence.Status(c.ctx(), c.actor())
	return reply{body: logOf(status)}, err
}

func (s *Server) checkpoint(c *call) (reply, error) {
	note, err := s.app.Evidence.Checkpoint(c.ctx(), c.actor())
	return reply{raw: note, media: "text/plain; charset=utf-8"}, err
}

// audit waits until the log is read up to known_at.
func (s *Server) audit(c *call) (at time.Time, err error) {
	if at, err = c.endOf("known_at", s.app); err != nil {
		return at, err
	}
	return at, s.app.Evidence.Await(c.ctx(), c.actor(), at)
}

// endOf reads a parameter that is an instant, or a day and then means its end.
func (c *call) endOf(name string, a *app.App) (time.Time, error) {
	at := c.moment(name)
	if d, err := domain.ParseDate(c.query.Get(name)); err == nil && !d.IsZero() {
		at = a.Reports.EndOf(d)
	}
	return at, c.refused()
}

func (s *Server) register(c *call) (reply, error) {
	at, err := s.audit(c)
	if err != nil {
		return reply{}, err
	}
	var text bytes.Buffer
	err = s.app.Evidence.WriteRegister(c.ctx(), c.actor(), at, &text)
	return reply{raw: text.Bytes(), media: "text/csv; charset=utf-8"}, err
}

func (s *Server) flags(c *call) (reply, error) {
	at, err := s.audit(c)
	if err != nil {
		return reply{}, err
	}
	page := c.page()
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	list, err := s.app.Evidence.Flags(c.ctx(), c.actor(), at, "", page)
	return reply{body: listOf(list, page, func(f app.RedFlag) flagJSON { return flagJSON{f.Flag, f.Key, f.At, f.Leaves, f.Text} })}, queryFault(err)
}

func (s *Server) clauses(c *call) (reply, error) {
	at, err := s.audit(c)
	if err != nil {
		return reply{}, err
	}
	summary, err := s.app.Evidence.Summary(c.ctx(), c.actor(), at)
	if err != nil {
		return reply{}, err
	}
	list, p, err := pageOf(c, summary.Clauses)
	return reply{body: listOf(list, p, func(v app.Clause) clauseJSON {
		out := clauseJSON{v.Standard, v.Clause, v.Title, v.Asks, []clauseAnswerJSON{}}
		for _, a := range v.Answers {
			out.Answers = append(out.Answers, clauseAnswerJSON{a.What, a.Count})
		}
		return out
	})}, err
}

func (s *Server) pack(c *call, in *packInput) (reply, error) {
	pack, content, err := s.app.Evidence.ExportBytes(c.ctx(), c.actor(), app.PackQuery{From: in.From.value.Date, To: in.To.value.Date,
		Incident: domain.IncidentKey(in.Incident.value), Team: domain.TeamID(in.Team.value)})
	if err != nil {
		return reply{}, err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="`+pack.Name+`"`)
	return reply{raw: content, media: "application/octet-stream"}, nil
}

func (s *Server) rotateKey(c *call, in *keyInput) (reply, error) {
	key, err := s.app.Evidence.RotateKey(c.ctx(), c.actor(), in.Reason.value)
	return reply{body: keyJSON{key}}, err
}

func (s *Server) epoch(c *call, in *epochInput) (reply, error) {
	epoch, err := s.app.Evidence.NewEpoch(c.ctx(), c.actor(), in.Reason.value)
	return reply{body: epochJSON{epoch}}, err
}

func (s *Server) erase(c *call, in *erasureInput) (reply, error) {
	n, err := s.app.Evidence.Erase(c.ctx(), c.actor(), app.Erasure{Subject: domain.Subject(in.Subject.value), Key: in.Key.value, Fields: in.Fields.value, Reason: in.Reason.value})
	return reply{body: erasureJSON{n}}, err
}
