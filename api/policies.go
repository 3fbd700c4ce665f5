package api

import (
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/domain"
)

type policyJSON struct {
	Version          int            `json:"version"`
	From             *string        `json:"from" format:"date-time"`
	DueDays          map[string]int `json:"due_days" doc:"per priority: due date in days from creation"`
	SLADays          map[string]int `json:"sla_days"`
	WorkingDays      []string       `json:"working_days" nullable:"false" doc:"priorities whose due_days and sla_days are working days of the calendar"`
	Calendar         calendarJSON   `json:"calendar" doc:"the days on which the organisation works, as of this version"`
	DueGraceHours    int            `json:"due_grace_hours" doc:"how long a first due date may be corrected without that being a move"`
	VerifyDays       map[string]int `json:"verify_days" doc:"per priority: effectiveness check in days after done"`
	SecondPerson     []string       `json:"second_person" nullable:"false" doc:"priorities whose verifier is not the owner"`
	Gate             []string       `json:"gate" nullable:"false" doc:"priorities that keep an incident from being closed"`
	Preventing       []string       `json:"preventing" nullable:"false" doc:"kinds that can reduce recurrence"`
	LookAgainDays    int            `json:"look_again_days"`
	AssessmentMonths int            `json:"assessment_months"`
	LinksSince       *string        `json:"links_since" format:"date" doc:"day from which recurrences have been linked: incidents resolved before are watched from then on; null is always"`
	RemindDays       []int          `json:"remind_days" nullable:"false" doc:"days relative to the due date on which its owner is reminded"`
	Reminders        remindersJSON  `json:"reminders"`
	EvidenceRequired bool           `json:"evidence_required"`
	SilenceMinutes   map[string]int `json:"silence_minutes" doc:"per severity: longest silence during an incident; a missing one has no limit"`
	Audiences        []string       `json:"audiences" nullable:"false" doc:"who is told about an incident"`
	CheckMonths      int            `json:"check_months" doc:"months between two crisis checks"`
	CheckTarget      int            `json:"check_target" doc:"the score that crisis checks aim at, in percent"`
	Windows          windowsJSON    `json:"windows" doc:"the lengths that statistics work with, in days"`
}

type windowsJSON struct {
	FollowThrough int `json:"follow_through" doc:"A2: how long ago an incident was resolved before it is judged"`
	Verify        int `json:"verify" doc:"A9: how long ago a completion was before it should be verified"`
	SameCause     int `json:"same_cause" doc:"B1: how long after its end an incident can be called the earlier one"`
	Side          int `json:"side" doc:"B8: length of before and after"`
	RollOut       int `json:"roll_out" doc:"B8, C1: left out right after done"`
}

func windowsOf(w domain.ReportWindows) windowsJSON {
	w = w.OrDefault()
	return windowsJSON{w.FollowThrough, w.Verify, w.SameCause, w.Side, w.RollOut}
}

type windowsInput struct {
	FollowThrough opt[int] `json:"follow_through,omitempty"`
	Verify        opt[int] `json:"verify,omitempty"`
	SameCause     opt[int] `json:"same_cause,omitempty"`
	Side          opt[int] `json:"side,omitempty"`
	RollOut       opt[int] `json:"roll_out,omitempty"`
}

// onto merges the members into the windows; null takes the shipped length.
func (in windowsInput) onto(w domain.ReportWindows) domain.ReportWindows {
	put(&w.FollowThrough, in.FollowThrough, same)
	put(&w.Verify, in.Verify, same)
	put(&w.SameCause, in.SameCause, same)
	put(&w.Side, in.Side, same)
	put(&w.RollOut, in.RollOut, same)
	return w
}

func policyOf(p domain.Policy) policyJSON {
	remind := p.RemindDays
	if remind == nil {
		remind = []int{}
	}
	return policyJSON{p.Version, moment(p.From), plainMap(p.DueDays, same), plainMap(p.SLADays, same), list(p.WorkingDays), calendarOf(p.Calendar), p.DueGraceHours, plainMap(p.VerifyDays, same),
		list(p.SecondPerson), list(p.Gate), list(p.Preventing), p.LookAgainDays, p.AssessmentMonths, day(p.LinksSince), remind, remindersOf(p.Reminders), p.EvidenceRequired, plainMap(p.Silences(), same), list(p.Informed()),
		p.CheckOrDefault().Months, p.CheckOrDefault().Target, windowsOf(p.Windows)}
}

type policyInput struct {
	DueDays          opt[map[string]int] `json:"due_days,omitempty"`
	SLADays          opt[map[string]int] `json:"sla_days,omitempty"`
	WorkingDays      opt[[]string]       `json:"working_days,omitempty" doc:"priorities whose due_days and sla_days are working days"`
	Calendar         opt[calendarInput]  `json:"calendar,omitempty" doc:"null takes the shipped one: every weekday"`
	DueGraceHours    opt[int]            `json:"due_grace_hours,omitempty"`
	VerifyDays       opt[map[string]int] `json:"verify_days,omitempty"`
	SecondPerson     opt[[]string]       `json:"second_person,omitempty"`
	Gate             opt[[]string]       `json:"gate,omitempty"`
	Preventing       opt[[]string]       `json:"preventing,omitempty"`
	LookAgainDays    opt[int]            `json:"look_again_days,omitempty"`
	AssessmentMonths opt[int]            `json:"assessment_months,omitempty"`
	LinksSince       opt[date]           `json:"links_since,omitempty"`
	RemindDays       opt[[]int]          `json:"remind_days,omitempty"`
	Reminders        opt[remindersInput] `json:"reminders,omitempty"`
	EvidenceRequired opt[bool]           `json:"evidence_required,omitempty"`
	SilenceMinutes   opt[map[string]int] `json:"silence_minutes,omitempty"`
	Audiences        opt[[]string]       `json:"audiences,omitempty"`
	CheckMonths      opt[int]            `json:"check_months,omitempty"`
	CheckTarget      opt[int]            `json:"check_target,omitempty"`
	Windows          opt[windowsInput]   `json:"windows,omitempty" doc:"null takes the shipped lengths"`
	Reason           opt[string]         `json:"reason,omitempty"`
}

func (in *policyInput) onto(p *domain.Policy) {
	days := keyed[domain.Priority](same[int])
	put(&p.DueDays, in.DueDays, days)
	put(&p.SLADays, in.SLADays, days)
	put(&p.WorkingDays, in.WorkingDays, texts[domain.Priority])
	put(&p.Calendar, in.Calendar, func(c calendarInput) domain.WorkCalendar { return c.onto(p.Calendar) })
	put(&p.DueGraceHours, in.DueGraceHours, same)
	put(&p.VerifyDays, in.VerifyDays, days)
	put(&p.SecondPerson, in.SecondPerson, texts[domain.Priority])
	put(&p.Gate, in.Gate, texts[domain.Priority])
	put(&p.Preventing, in.Preventing, texts[domain.MeasureKind])
	put(&p.LookAgainDays, in.LookAgainDays, same)
	put(&p.AssessmentMonths, in.AssessmentMonths, same)
	put(&p.LinksSince, in.LinksSince, plainDate)
	put(&p.RemindDays, in.RemindDays, same)
	put(&p.Reminders, in.Reminders, func(r remindersInput) domain.ReminderPolicy { return r.onto(p.Reminders) })
	put(&p.EvidenceRequired, in.EvidenceRequired, same)
	put(&p.SilenceMinutes, in.SilenceMinutes, keyed[domain.Severity](same[int]))
	put(&p.Audiences, in.Audiences, same)
	put(&p.CrisisCheck.Months, in.CheckMonths, same)
	put(&p.CrisisCheck.Target, in.CheckTarget, same)
	switch {
	case in.Windows.has():
		p.Windows = in.Windows.value.onto(p.Windows)
	case in.Windows.null:
		p.Windows = domain.ReportWindows{}
	}
}

func (s *Server) policyRoutes() []route {
	one := func(r route) route {
		r.tag, r.out, r.tagged = "policies", reflect.TypeFor[policyJSON](), true
		return r
	}
	return []route{
		one(route{method: http.MethodGet, path: "/policies/current", id: "get-policy", summary: "The policy that applies to what is created now",
			needs: domain.CanRead, run: s.getPolicy}),
		one(route{method: http.MethodGet, path: "/policies/{version}", id: "get-policy-version", summary: "One version of the policy",
			needs: domain.CanRead, run: s.getPolicyVersion}),
		withBody(one(route{method: http.MethodPatch, path: "/policies/current", id: "save-policy", summary: "Make a new version of the policy from the current one",
			needs: domain.CanManage, match: true}), s.savePolicy),
	}
}

func policyReply(p domain.Policy, err error) (reply, error) {
	return reply{body: policyOf(p), version: int64(p.Version)}, err
}

func (s *Server) getPolicy(c *call) (reply, error) {
	return policyReply(s.app.Policies.Current(c.ctx(), c.actor()))
}

func (s *Server) getPolicyVersion(c *call) (reply, error) {
	version, err := c.number("version", "policy version")
	if err != nil {
		return reply{}, err
	}
	return policyReply(s.app.Policies.Version(c.ctx(), c.actor(), int(version)))
}

func (s *Server) savePolicy(c *call, in *policyInput) (reply, error) {
	current, err := s.app.Policies.Current(c.ctx(), c.actor())
	if err != nil {
		return reply{}, err
	}
	if c.version != 0 && c.version != int64(current.Version) {
		return reply{}, domain.Errorf(domain.ErrStale, "the policy is at version %d by now; look at it again", current.Version)
	}
	in.onto(&current)
	return policyReply(s.app.Policies.Save(c.ctx(), c.actor(), current, in.Reason.value))
}
