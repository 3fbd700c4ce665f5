package api

import (
	"cmp"
	"net/http"
	"reflect"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type snoozeJSON struct {
	Until  *string `json:"until" format:"date" doc:"the day from which reminders go out again; null when they do now"`
	Reason *string `json:"reason"`
	By     *string `json:"by"`
	At     *string `json:"at" format:"date-time"`
}

func snoozeOf(z domain.Snooze) snoozeJSON {
	return snoozeJSON{day(z.Until), orNull(z.Reason), orNull(z.By), moment(z.At)}
}

type snoozeInput struct {
	Until  opt[date]   `json:"until"`
	Reason opt[string] `json:"reason" doc:"why nobody is to be reminded; it goes to the history"`
}

type noticeSettingsJSON struct {
	Reminders   bool    `json:"reminders"`
	Digest      bool    `json:"digest"`
	AbsentFrom  *string `json:"absent_from" format:"date" doc:"first day away; a deputy is told instead"`
	AbsentUntil *string `json:"absent_until" format:"date" doc:"last day away; null for an open end"`
}

type noticeSettingsPatch struct {
	Reminders   opt[bool] `json:"reminders,omitempty"`
	Digest      opt[bool] `json:"digest,omitempty"`
	AbsentFrom  opt[date] `json:"absent_from,omitempty"`
	AbsentUntil opt[date] `json:"absent_until,omitempty"`
}

type noticeJSON struct {
	ID        string  `json:"id"`
	Kind      string  `json:"kind" doc:"reminder or digest"`
	Channel   string  `json:"channel" doc:"mail or chat"`
	Target    string  `json:"target" doc:"a person's id, or the name of a chat"`
	Period    string  `json:"period" format:"date"`
	State     string  `json:"state" doc:"waiting, sending, sent, void or failed"`
	Attempts  int     `json:"attempts"`
	LastError *string `json:"last_error"`
	CreatedAt *string `json:"created_at" format:"date-time"`
	SentAt    *string `json:"sent_at" format:"date-time"`
}

func noticeOf(n domain.Notice) noticeJSON {
	return noticeJSON{n.ID, string(n.Kind), string(n.Channel), n.Target, n.Period, string(n.State), n.Attempts, orNull(n.LastError), moment(n.CreatedAt), moment(n.SentAt)}
}

type letterJSON struct {
	Kind    string           `json:"kind"`
	Channel string           `json:"channel"`
	Target  string           `json:"target"`
	Email   *string          `json:"email" doc:"null when no mail can reach the person"`
	Items   []letterItemJSON `json:"items" nullable:"false"`
}

type letterItemJSON struct {
	Measure *string `json:"measure" doc:"null where the item is a crisis check or a period"`
	Check   *string `json:"check" doc:"the finished crisis check whose successor is due"`
	// Assessment is a period such as 2026-Q4.
	Assessment *string `json:"assessment" doc:"the period whose recurrences nobody has judged, such as 2026-Q4"`
	Title      string  `json:"title" doc:"of the measure, or the team's name; empty for a check of the whole organisation"`
	Reason     string  `json:"reason" doc:"escalated, overdue, due_today, due_soon, past_promise, verification_due, conflict, check_due, assessment_due"`
	Days       int     `json:"days" doc:"since the date that counts; negative before it"`
	For        *string `json:"for" doc:"the name of who is away"`
}

func letterOf(l domain.Letter) letterJSON {
	out := letterJSON{Kind: string(l.Notice.Kind), Channel: string(l.Notice.Channel), Target: l.Notice.Target, Email: orNull(l.Email), Items: []letterItemJSON{}}
	for _, s := range l.Sections {
		for _, line := range s.Lines {
			out.Items = append(out.Items, letterItemJSON{orNull(line.Measure.Key), orNull(line.Check.Key), orNull(line.Assessment.Period), cmp.Or(line.Measure.Title, line.Team), string(s.Reason), line.Days, orNull(line.For)})
		}
	}
	return out
}

func (s *Server) reminderRoutes() []route {
	snooze := func(r route) route {
		r.path, r.tag, r.out = "/measures/{key}/snooze", "reminders", reflect.TypeFor[snoozeJSON]()
		return r
	}
	settings := func(r route) route {
		r.tag, r.out, r.tagged = "reminders", reflect.TypeFor[noticeSettingsJSON](), true
		return r
	}
	return []route{
		snooze(route{method: http.MethodGet, id: "get-snooze", summary: "Until when nobody is reminded of a measure", needs: domain.CanRead, run: s.getSnooze}),
		withBody(snooze(route{method: http.MethodPost, id: "snooze-measure", summary: "Hold the reminders of a measure up until a day, for a reason", needs: domain.CanEdit}), s.snooze),
		{method: http.MethodDelete, path: "/measures/{key}/snooze", tag: "reminders", id: "unsnooze-measure", summary: "Let the reminders of a measure go out again", needs: domain.CanEdit,
			match: true, status: http.StatusNoContent, run: s.unsnooze},
		settings(route{method: http.MethodGet, path: "/me/notices", id: "get-my-notices", summary: "What one is told, and when one is away", needs: domain.CanRead, run: s.getMyNotices}),
		withBody(settings(route{method: http.MethodPatch, path: "/me/notices", id: "edit-my-notices", summary: "Change what one is told", needs: domain.CanRead, match: true}), s.editMyNotices),
		settings(route{method: http.MethodGet, path: "/people/{id}/notices", id: "get-notices-of", summary: "What a person is told, and when they are away", needs: domain.CanManage, run: s.getNoticesOf}),
		withBody(settings(route{method: http.MethodPatch, path: "/people/{id}/notices", id: "edit-notices-of", summary: "Change what a person is told", needs: domain.CanManage, match: true}), s.editNoticesOf),
		{method: http.MethodGet, path: "/reminders/preview", tag: "reminders", id: "preview-reminders", summary: "What would go out on a day: everything for administrators, one's own for others",
			needs: domain.CanRead, query: listQuery(nil, param{name: "date", kind: "date", doc: "today when absent"}), out: reflect.TypeFor[listJSON[letterJSON]](), run: s.previewReminders},
		{method: http.MethodGet, path: "/notices", tag: "reminders", id: "list-notices", summary: "Reminders and digests, newest first: all for administrators, one's own for others",
			needs: domain.CanRead, query: listQuery(nil, param{name: "state", kind: "string", list: true, enum: names(domain.NoticeStates()), doc: "how far they have come"}),
			out: reflect.TypeFor[listJSON[noticeJSON]](), run: s.listNotices},
		{method: http.MethodPost, path: "/notices/{id}/retry", tag: "reminders", id: "retry-notice", summary: "Send a letter that was given up on its way again", needs: domain.CanManage,
			out: reflect.TypeFor[noticeJSON](), run: s.retryNotice},
	}
}

func (s *Server) getSnooze(c *call) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	z, err := s.app.Reminders.Snoozed(c.ctx(), c.actor(), key)
	return reply{body: snoozeOf(z)}, err
}

func (s *Server) snooze(c *call, in *snoozeInput) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	z, err := s.app.Reminders.Snooze(c.ctx(), c.actor(), key, in.Until.value.Date, in.Reason.value)
	return reply{body: snoozeOf(z)}, err
}

func (s *Server) unsnooze(c *call) (reply, error) {
	key, err := c.measureKey()
	if err != nil {
		return reply{}, err
	}
	return reply{}, s.app.Reminders.Unsnooze(c.ctx(), c.actor(), key)
}

// noticeSettingsReply counts versions from 1, which an ETag needs: 0 is a
// person who chose nothing yet.
func noticeSettingsReply(n domain.NoticeSettings, err error) (reply, error) {
	return reply{body: noticeSettingsJSON{n.Reminders, n.Digest, day(n.AbsentFrom), day(n.AbsentUntil)}, version: n.Version + 1}, err
}

func (s *Server) getMyNotices(c *call) (reply, error) {
	return noticeSettingsReply(s.app.Reminders.Settings(c.ctx(), c.actor(), domain.PersonID(c.actor().ID)))
}

func (s *Server) editMyNotices(c *call, in *noticeSettingsPatch) (reply, error) {
	return s.editSettings(c, domain.PersonID(c.actor().ID), in)
}

func (s *Server) getNoticesOf(c *call) (reply, error) {
	id, err := c.personID()
	if err != nil {
		return reply{}, err
	}
	return noticeSettingsReply(s.app.Reminders.Settings(c.ctx(), c.actor(), id))
}

func (s *Server) editNoticesOf(c *call, in *noticeSettingsPatch) (reply, error) {
	id, err := c.personID()
	if err != nil {
		return reply{}, err
	}
	return s.editSettings(c, id, in)
}

func (s *Server) editSettings(c *call, id domain.PersonID, in *noticeSettingsPatch) (reply, error) {
	n, err := s.app.Reminders.Settings(c.ctx(), c.actor(), id)
	if err != nil {
		return reply{}, err
	}
	if c.version != 0 && c.version != n.Version+1 {
		return reply{}, domain.Errorf(domain.ErrStale, "the settings have been changed meanwhile; look at them again")
	}
	put(&n.Reminders, in.Reminders, same)
	put(&n.Digest, in.Digest, same)
	put(&n.AbsentFrom, in.AbsentFrom, plainDate)
	put(&n.AbsentUntil, in.AbsentUntil, plainDate)
	return noticeSettingsReply(s.app.Reminders.SaveSettings(c.ctx(), c.actor(), n))
}

func (s *Server) previewReminders(c *call) (reply, error) {
	on := c.day("date")
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	all, err := s.app.Reminders.Preview(c.ctx(), c.actor(), on)
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, letterOf)}, err
}

func (s *Server) listNotices(c *call) (reply, error) {
	page, filter := c.page(), domain.NoticeFilter{State: texts[domain.NoticeState](c.words("state"))}
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	list, err := s.app.Reminders.Notices(c.ctx(), c.actor(), filter, page)
	return reply{body: listOf(list, page, noticeOf)}, err
}

func (s *Server) retryNotice(c *call) (reply, error) {
	id, err := c.id("id", "letter")
	if err != nil {
		return reply{}, err
	}
	n, err := s.app.Reminders.Retry(c.ctx(), c.actor(), id)
	return reply{body: noticeOf(n)}, err
}

// remindersJSON is the part of a policy about the rhythm of reminders.
type remindersJSON struct {
	Every        int            `json:"every" doc:"days between reminders after the last of remind_days"`
	Escalate     map[string]int `json:"escalate" doc:"per priority: days past the due date when deputy and lead are told too; a missing one never"`
	ConflictDays int            `json:"conflict_days" doc:"days a conflict waits before its owner is reminded"`
	Hour         int            `json:"hour" doc:"hour of the day, 0 to 23, in the organisation's zone"`
	DigestDay    int            `json:"digest_day" doc:"day of the weekly digest; Sunday is 0"`
}

func remindersOf(r domain.ReminderPolicy) remindersJSON {
	r = r.OrDefault()
	return remindersJSON{r.Every, plainMap(r.Escalate, same), r.ConflictDays, r.Hour, int(r.DigestDay)}
}

type remindersInput struct {
	Every        opt[int]            `json:"every,omitempty"`
	Escalate     opt[map[string]int] `json:"escalate,omitempty"`
	ConflictDays opt[int]            `json:"conflict_days,omitempty"`
	Hour         opt[int]            `json:"hour,omitempty"`
	DigestDay    opt[int]            `json:"digest_day,omitempty"`
}

// onto changes what is given; null as a whole is the shipped rhythm.
func (in *remindersInput) onto(r domain.ReminderPolicy) domain.ReminderPolicy {
	r = r.OrDefault()
	put(&r.Every, in.Every, same)
	put(&r.Escalate, in.Escalate, keyed[domain.Priority](same[int]))
	put(&r.ConflictDays, in.ConflictDays, same)
	put(&r.Hour, in.Hour, same)
	put(&r.DigestDay, in.DigestDay, func(n int) time.Weekday { return time.Weekday(n) })
	return r
}
