package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) reminderRoutes(get, post register) {
	get("/reminders", s.reminders)
	get("/letters", s.letters)
	post("/letters/retry", s.retryLetter)
	post("/account/reminders", s.saveNoticeSettings)
	post("/measures/:key/snooze", s.snooze)
}

// reminders shows what would go out on a day: to everybody for administrators,
// to oneself for others.
func (s *Server) reminders(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("reminders.title"), "policy"
	on, err := dateOf("date", p.Query.Get("date"))
	if err != nil || on.IsZero() {
		on = p.Today
	}
	letters, err := s.app.Reminders.Preview(c.Request().Context(), p.Actor, on)
	if err != nil {
		return err
	}
	return s.show(c, p, templates.Reminders(p, on, letters))
}

// letters shows what has become of the letters that were written.
func (s *Server) letters(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("letters.title"), "policy"
	list, err := s.app.Reminders.Notices(c.Request().Context(), p.Actor, domain.NoticeFilter{}, domain.Page{Limit: 50, Cursor: p.Query.Get("cursor")})
	if err != nil {
		return err
	}
	return s.show(c, p, templates.Letters(p, list.Items, list.NextCursor))
}

func (s *Server) retryLetter(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	if _, err := s.app.Reminders.Retry(c.Request().Context(), p.Actor, form.Get("id")); err != nil {
		if err := refused(p, "retry", form, err); err != nil {
			return err
		}
		return s.letters(c, p)
	}
	return done(c, "/letters", "retried")
}

func (s *Server) saveNoticeSettings(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	n := domain.NoticeSettings{Person: p.Me.ID, Reminders: form.Get("reminders") == "true", Digest: form.Get("digest") == "true"}
	if n.AbsentFrom, err = dateOf("absent_from", form.Get("absent_from")); err == nil {
		n.AbsentUntil, err = dateOf("absent_until", form.Get("absent_until"))
	}
	if err == nil {
		_, err = s.app.Reminders.SaveSettings(c.Request().Context(), p.Actor, n)
	}
	if err != nil {
		if err := refused(p, "notices", form, err); err != nil {
			return err
		}
		return s.account(c, p)
	}
	return done(c, "/account", "saved")
}

// snooze holds the reminders of a measure up, or lets them go out again when no
// day is given.
func (s *Server) snooze(c echo.Context, p *templates.Page) error {
	return s.act(c, p, "snooze", "saved", func(form url.Values, _ int64) error {
		ctx, key := c.Request().Context(), measureKey(c)
		if form.Get("end") != "" {
			return s.app.Reminders.Unsnooze(ctx, p.Actor, key)
		}
		until, err := dateOf("until", form.Get("until"))
		if err != nil {
			return err
		}
		_, err = s.app.Reminders.Snooze(ctx, p.Actor, key, until, form.Get("reason"))
		return err
	})
}

// stopPage asks before it ends a kind of letter: programs that look at every
// link of a mail must change nothing.
func (s *Server) stopPage(c echo.Context, p *templates.Page) error {
	return s.stopped(c, p, false)
}

// stop ends a kind of letter for whoever holds the key of one: by the button
// of the page, or by the mail program itself (RFC 8058), without a session.
func (s *Server) stop(c echo.Context, p *templates.Page) error {
	return s.stopped(c, p, true)
}

func (s *Server) stopped(c echo.Context, p *templates.Page, end bool) error {
	ctx, key := c.Request().Context(), c.Param("key")
	p.Title = p.T("stop.title")
	address := "stop:" + s.ip(c.Request())
	if s.failures.locked(s.now(), address) {
		return domain.Errorf(domain.ErrLimited, "too many wrong links; wait a quarter of an hour")
	}
	read := s.app.Reminders.StopOf
	if end {
		read = s.app.Reminders.Stop
	}
	n, err := read(ctx, key)
	if domain.KindOf(err) == domain.ErrNotFound {
		s.failures.add(s.now(), address)
	}
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, p, templates.Stop(p, n, end))
}

// fillReminders reads the part of the policy about reminders.
func fillReminders(policy *domain.Policy, form url.Values) error {
	r := policy.Reminders.OrDefault()
	r.Escalate = map[domain.Priority]int{}
	for _, priority := range domain.Priorities() {
		n, err := daysOf("escalate."+string(priority), form)
		if err != nil {
			return err
		}
		if n != 0 {
			r.Escalate[priority] = n
		}
	}
	for name, dst := range map[string]*int{"reminders.every": &r.Every, "reminders.conflict_days": &r.ConflictDays} {
		n, err := strconv.Atoi(strings.TrimSpace(form.Get(name)))
		if err != nil {
			return domain.Invalid(name, "%q is not a number of days", form.Get(name))
		}
		*dst = n
	}
	hour, err := strconv.Atoi(form.Get("reminders.hour"))
	if err != nil {
		return domain.Invalid("reminders.hour", "%q is not a number", form.Get("reminders.hour"))
	}
	weekday, err := strconv.Atoi(form.Get("reminders.digest_day"))
	if err != nil {
		return domain.Invalid("reminders.digest_day", "%q is not a number", form.Get("reminders.digest_day"))
	}
	r.Hour, r.DigestDay = hour, time.Weekday(weekday)
	if r.Every == 0 { // 0 would stand for the shipped rhythm
		r.Every = -1
	}
	policy.Reminders = r
	return nil
}
