package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) policyRoutes(get, post register) {
	get("/policy", s.policy)
	post("/policy", s.savePolicy)
}

func (s *Server) policy(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("policy.title"), "policy"
	policy, err := s.app.Policies.Current(c.Request().Context(), p.Actor)
	if err != nil {
		return err
	}
	return s.show(c, p, templates.Policy(p, policy))
}

// savePolicy stores a new version; what exists keeps the one it was made under.
func (s *Server) savePolicy(c echo.Context, p *templates.Page) error {
	if err := p.Actor.Require(domain.CanManage); err != nil {
		return err // before anything is said about the form
	}
	form, err := formOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	policy, err := s.app.Policies.Current(ctx, p.Actor)
	if err != nil {
		return err
	}
	err = fillPolicy(&policy, form)
	if err == nil {
		_, err = s.app.Policies.Save(ctx, p.Actor, policy, strings.TrimSpace(form.Get("reason")))
	}
	if err != nil {
		if err := refused(p, "policy", form, err); err != nil {
			return err
		}
		return s.policy(c, p)
	}
	return done(c, "/policy", "saved")
}

func fillPolicy(policy *domain.Policy, form url.Values) error {
	for name, days := range map[string]*map[domain.Priority]int{"due_days": &policy.DueDays, "sla_days": &policy.SLADays, "verify_days": &policy.VerifyDays} {
		fresh := map[domain.Priority]int{}
		for _, priority := range domain.Priorities() {
			n, err := daysOf(name+"."+string(priority), form)
			if err != nil {
				return err
			}
			if n != 0 {
				fresh[priority] = n
			}
		}
		*days = fresh
	}
	var err error
	if policy.LookAgainDays, err = daysOf("look_again_days", form); err != nil {
		return err
	}
	if policy.AssessmentMonths, err = daysOf("assessment_months", form); err != nil {
		return err
	}
	if policy.CrisisCheck.Months, err = daysOf("check_months", form); err != nil {
		return err
	}
	if policy.CrisisCheck.Target, err = daysOf("check_target", form); err != nil {
		return err
	}
	if policy.LinksSince, err = dateOf("links_since", form.Get("links_since")); err != nil {
		return err
	}
	policy.RemindDays = nil
	for _, text := range lines(form.Get("remind_days")) {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < -365 || n > 365 {
			return domain.Invalid("remind_days", "%q is not a number of days", strings.TrimSpace(text))
		}
		policy.RemindDays = append(policy.RemindDays, n)
	}
	if err := fillReminders(policy, form); err != nil {
		return err
	}
	if err := fillCalendar(policy, form); err != nil {
		return err
	}
	policy.SecondPerson = several[domain.Priority](form, "second_person")
	policy.Gate = several[domain.Priority](form, "gate")
	policy.Preventing = several[domain.MeasureKind](form, "preventing")
	policy.EvidenceRequired = form.Get("evidence_required") == "true"
	return fillSilence(policy, form)
}

// fillSilence reads what step 2 of a review is judged by; a form without these
// fields leaves them as they are.
func fillSilence(policy *domain.Policy, form url.Values) error {
	if !form.Has("audiences") {
		return nil
	}
	policy.SilenceMinutes, policy.Audiences = map[domain.Severity]int{}, []string{}
	for _, severity := range domain.Severities() {
		text := strings.TrimSpace(form.Get("silence_minutes." + string(severity)))
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return domain.Invalid("silence_minutes."+string(severity), "%q is not a number of minutes", text)
		}
		policy.SilenceMinutes[severity] = n
	}
	for _, name := range lines(form.Get("audiences")) {
		if name = strings.TrimSpace(name); name != "" {
			policy.Audiences = append(policy.Audiences, name)
		}
	}
	return nil
}

func daysOf(name string, form url.Values) (int, error) {
	text := strings.TrimSpace(form.Get(name))
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, domain.Invalid(name, "%q is not a number of days", text)
	}
	return n, nil
}
