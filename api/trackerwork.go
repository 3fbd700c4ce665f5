package api

import (
	"github.com/followthrough/followthrough/app"
)

type mappingReportJSON struct {
	OK                bool             `json:"ok" doc:"nothing would be lost silently"`
	Rows              []mappingRowJSON `json:"rows" nullable:"false"`
	Problems          []string         `json:"problems" nullable:"false" doc:"what keeps the tracker from working, each with what to do"`
	Notes             []string         `json:"notes" nullable:"false"`
	Suggested         mappingJSON      `json:"suggested" doc:"a complete mapping with ids read from the tracker"`
	Public            bool             `json:"public"`
	CanWrite          bool             `json:"can_write"`
	Account           *string          `json:"account"`
	CredentialExpires *string          `json:"credential_expires" format:"date-time"`
}

type mappingRowJSON struct {
	Field  string `json:"field"`
	Value  string `json:"value"`
	Remote string `json:"remote"`
	Back   string `json:"back"`
	Loss   string `json:"loss"`
	Note   string `json:"note"`
}

type stepJSON struct {
	Action  string  `json:"action"`
	Measure *string `json:"measure"`
	Remote  *string `json:"remote"`
	Field   *string `json:"field"`
	From    *string `json:"from"`
	To      *string `json:"to"`
	Note    *string `json:"note"`
}

type planJSON struct {
	Tracker string     `json:"tracker"`
	At      *string    `json:"at" format:"date-time"`
	Steps   []stepJSON `json:"steps" nullable:"false"`
}

type passJSON struct {
	Tracker   string     `json:"tracker"`
	StartedAt *string    `json:"started_at" format:"date-time"`
	EndedAt   *string    `json:"ended_at" format:"date-time"`
	Steps     []stepJSON `json:"steps" nullable:"false"`
	Failed    int        `json:"failed"`
	Problems  []string   `json:"problems" nullable:"false"`
}

type driftJSON struct {
	Tracker     string           `json:"tracker"`
	At          *string          `json:"at" format:"date-time"`
	Equal       bool             `json:"equal"`
	Compared    int              `json:"compared"`
	Differences []differenceJSON `json:"differences" nullable:"false"`
}

type differenceJSON struct {
	Measure string  `json:"measure"`
	Remote  *string `json:"remote"`
	Field   string  `json:"field"`
	Ours    string  `json:"ours"`
	Theirs  string  `json:"theirs"`
	Reason  string  `json:"reason"`
}

type trackerStatusJSON struct {
	Tracker     string     `json:"tracker"`
	LastSuccess *string    `json:"last_success" format:"date-time" doc:"everything older is known"`
	LagSeconds  *int64     `json:"lag_seconds" doc:"since the last success; null before the first one"`
	SweptAt     *string    `json:"swept_at" format:"date-time"`
	SweepError  *string    `json:"sweep_error" doc:"why the last complete look stopped; nothing was changed then"`
	LastError   *string    `json:"last_error"`
	LastErrorAt *string    `json:"last_error_at" format:"date-time"`
	NextAttempt *string    `json:"next_attempt" format:"date-time"`
	Failures    int        `json:"failures"`
	Quota       *quotaJSON `json:"quota" doc:"what the tracker says is left; null when it says nothing"`
	Queue       queueJSON  `json:"queue"`
	ETA         *string    `json:"eta" format:"date-time" doc:"estimate of when the queue is written out, under the credential's pauses and budgets; null when nothing waits"`

	CredentialExpires  *string `json:"credential_expires" format:"date-time" doc:"null when the tracker does not say"`
	CredentialDaysLeft *int    `json:"credential_days_left"`
	CredentialWarning  *string `json:"credential_warning" doc:"month, week or day ahead of the end, or expired; null when it is far or not known"`
}

type queueJSON struct {
	Creates    int `json:"creates" doc:"issues still to be made or found"`
	Pushes     int `json:"pushes" doc:"links whose measure has moved on"`
	Deliveries int `json:"deliveries" doc:"webhook deliveries not processed yet"`
	Due        int `json:"due" doc:"rows of the work schedule whose time has come"`
	Parked     int `json:"parked" doc:"rows set aside after too many failures"`
}

type quotaJSON struct {
	Limit     int     `json:"limit"`
	Remaining int     `json:"remaining"`
	ResetAt   *string `json:"reset_at" format:"date-time"`
}

func stepsOf(steps []app.Step) []stepJSON {
	out := make([]stepJSON, len(steps))
	for n, s := range steps {
		out[n] = stepJSON{s.Action, orNull(s.Measure), orNull(s.Remote), orNull(s.Field), orNull(s.From), orNull(s.To), orNull(s.Note)}
	}
	return out
}

func (s *Server) checkTracker(c *call) (reply, error) {
	id, err := c.trackerID()
	if err != nil {
		return reply{}, err
	}
	r, err := s.app.Trackers.Check(c.ctx(), c.actor(), id)
	if err != nil {
		return reply{}, err
	}
	out := mappingReportJSON{OK: !r.Loses(), Rows: []mappingRowJSON{}, Problems: list(r.Problems), Notes: list(r.Notes), Suggested: mappingOf(r.Suggested),
		Public: r.Public, CanWrite: r.CanWrite, Account: orNull(r.Account), CredentialExpires: moment(r.CredentialExpires)}
	for _, row := range r.Rows {
		out.Rows = append(out.Rows, mappingRowJSON{string(row.Field), row.Value, row.Remote, row.Back, string(row.Loss), row.Note})
	}
	return reply{body: out}, nil
}

func (s *Server) syncTracker(c *call) (reply, error) {
	id, err := c.trackerID()
	if err != nil {
		return reply{}, err
	}
	p, err := s.app.Trackers.Sync(c.ctx(), c.actor(), id)
	return reply{body: passJSON{string(id), moment(p.StartedAt), moment(p.EndedAt), stepsOf(p.Steps), p.Failed, list(p.Problems)}}, err
}

func (s *Server) planTracker(c *call) (reply, error) {
	id, err := c.trackerID()
	if err != nil {
		return reply{}, err
	}
	p, err := s.app.Trackers.Plan(c.ctx(), c.actor(), id)
	return reply{body: planJSON{string(id), moment(p.At), stepsOf(p.Steps)}}, err
}

func (s *Server) driftTracker(c *call) (reply, error) {
	id, err := c.trackerID()
	if err != nil {
		return reply{}, err
	}
	d, err := s.app.Trackers.Drift(c.ctx(), c.actor(), id)
	if err != nil {
		return reply{}, err
	}
	out := driftJSON{Tracker: string(id), At: moment(d.At), Equal: d.Equal(), Compared: d.Compared, Differences: []differenceJSON{}}
	for _, x := range d.Differences {
		out.Differences = append(out.Differences, differenceJSON{string(x.Measure), orNull(x.Remote), string(x.Field), x.Ours, x.Theirs, x.Reason})
	}
	return reply{body: out}, nil
}

func (s *Server) trackerStatus(c *call) (reply, error) {
	id, err := c.trackerID()
	if err != nil {
		return reply{}, err
	}
	h, err := s.app.Trackers.HealthOf(c.ctx(), c.actor(), id)
	return reply{body: s.statusOf(h)}, err
}

func (s *Server) statusOf(h app.TrackerHealth) trackerStatusJSON {
	t, q := h.Status, h.Queue
	out := trackerStatusJSON{Tracker: string(h.Tracker.ID), Queue: queueJSON{q.Creates, q.Pushes, q.Deliveries, q.Due, q.Parked}, ETA: moment(h.ETA),
		CredentialExpires: moment(h.Tracker.CredentialExpires), CredentialWarning: orNull(h.Expiry), LastSuccess: moment(t.PolledAt), SweptAt: moment(t.SweptAt), SweepError: orNull(t.SweepError), LastError: orNull(t.LastError),
		LastErrorAt: moment(t.LastErrorAt), NextAttempt: moment(t.NextAttempt), Failures: t.Failures}
	if !t.PolledAt.IsZero() {
		lag := max(0, int64(s.now().Sub(t.PolledAt).Seconds()))
		out.LagSeconds = &lag
	}
	if !h.Tracker.CredentialExpires.IsZero() {
		out.CredentialDaysLeft = &h.DaysLeft
	}
	if t.Quota.Limit > 0 {
		out.Quota = &quotaJSON{t.Quota.Limit, t.Quota.Remaining, moment(t.Quota.ResetAt)}
	}
	return out
}
