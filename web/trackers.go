package web

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

func (s *Server) trackerRoutes(get, post register) {
	get("/trackers", s.trackers)
	get("/trackers/new", s.newTrackerPage)
	post("/trackers/new", s.createTracker)
	get("/trackers/:id", s.tracker)
	get("/trackers/:id/edit", s.editTrackerPage)
	post("/trackers/:id/edit", s.editTracker)
	post("/trackers/:id/check", s.checkTracker)
	post("/trackers/:id/plan", s.planTracker)
	post("/trackers/:id/sync", s.syncTracker)
	post("/trackers/:id/drift", s.driftTracker)
	post("/trackers/:id/pause", s.pauseTracker)
	post("/trackers/:id/start", s.startTracker)
	post("/trackers/:id/remove", s.removeTracker)
}

func trackerID(c echo.Context) domain.TrackerID { return domain.TrackerID(c.Param("id")) }

func trackerPath(id domain.TrackerID) string { return "/trackers/" + string(id) }

func (s *Server) trackers(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("trackers.title"), "trackers"
	health, err := s.app.Trackers.Health(c.Request().Context(), p.Actor)
	if err != nil {
		return err
	}
	return s.show(c, p, templates.Trackers(p, health))
}

func (s *Server) tracker(c echo.Context, p *templates.Page) error {
	return s.showTracker(c, p, templates.TrackerView{})
}

// showTracker shows a tracker with the result of what was just asked of it.
func (s *Server) showTracker(c echo.Context, p *templates.Page, v templates.TrackerView) error {
	health, err := s.app.Trackers.HealthOf(c.Request().Context(), p.Actor, trackerID(c))
	if err != nil {
		return err
	}
	v.TrackerHealth = health
	v.Hook = s.publicURL + "/hooks/" + string(health.Tracker.Kind) + "/" + string(health.Tracker.ID)
	p.Title, p.Section = string(health.Tracker.ID), "trackers"
	return s.show(c, p, templates.Tracker(p, v))
}

// askTracker asks a tracker something and shows the answer on its page.
func askTracker[T any](s *Server, c echo.Context, p *templates.Page, ask func() (T, error), put func(*templates.TrackerView, *T)) error {
	var v templates.TrackerView
	answer, err := ask()
	if err != nil {
		if err := refused(p, "tracker", nil, err); err != nil {
			return err
		}
	} else {
		put(&v, &answer)
	}
	p.Path = trackerPath(trackerID(c))
	return s.showTracker(c, p, v)
}

func (s *Server) checkTracker(c echo.Context, p *templates.Page) error {
	return askTracker(s, c, p, func() (domain.MappingReport, error) {
		return s.app.Trackers.Check(c.Request().Context(), p.Actor, trackerID(c))
	}, func(v *templates.TrackerView, r *domain.MappingReport) { v.Check = r })
}

func (s *Server) planTracker(c echo.Context, p *templates.Page) error {
	return askTracker(s, c, p, func() (app.Plan, error) { return s.app.Trackers.Plan(c.Request().Context(), p.Actor, trackerID(c)) },
		func(v *templates.TrackerView, r *app.Plan) { v.Plan = r })
}

func (s *Server) syncTracker(c echo.Context, p *templates.Page) error {
	return askTracker(s, c, p, func() (app.Pass, error) { return s.app.Trackers.Sync(c.Request().Context(), p.Actor, trackerID(c)) },
		func(v *templates.TrackerView, r *app.Pass) { v.Pass = r })
}

func (s *Server) driftTracker(c echo.Context, p *templates.Page) error {
	return askTracker(s, c, p, func() (app.Drift, error) { return s.app.Trackers.Drift(c.Request().Context(), p.Actor, trackerID(c)) },
		func(v *templates.TrackerView, r *app.Drift) { v.Drift = r })
}

func (s *Server) pauseTracker(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	pause := form.Get("paused") == "true"
	_, err = s.app.Trackers.Edit(c.Request().Context(), p.Actor, trackerID(c), 0, app.TrackerPatch{Reason: form.Get("reason"), Change: func(t *domain.Tracker) {
		t.Paused, t.PauseReason = pause, form.Get("reason")
	}})
	if err != nil {
		if err := refused(p, "tracker", form, err); err != nil {
			return err
		}
		return s.tracker(c, p)
	}
	return done(c, trackerPath(trackerID(c)), "saved")
}

// startTracker ends the set-up: from here on both sides are kept in step.
func (s *Server) startTracker(c echo.Context, p *templates.Page) error {
	_, err := s.app.Trackers.Edit(c.Request().Context(), p.Actor, trackerID(c), 0, app.TrackerPatch{Reason: "set-up finished", Change: func(t *domain.Tracker) {
		t.Paused = false
	}})
	if err != nil {
		if err := refused(p, "tracker", nil, err); err != nil {
			return err
		}
		p.Path = trackerPath(trackerID(c))
		return s.tracker(c, p)
	}
	return done(c, trackerPath(trackerID(c)), "started")
}

func (s *Server) removeTracker(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	if form.Get("confirm") != string(trackerID(c)) {
		err = domain.Invalid("confirm", "type the tracker's name, %s, to remove it", trackerID(c))
	} else {
		err = s.app.Trackers.Remove(c.Request().Context(), p.Actor, trackerID(c), 0)
	}
	if err != nil {
		if err := refused(p, "remove", form, err); err != nil {
			return err
		}
		return s.tracker(c, p)
	}
	return done(c, "/trackers", "removed")
}

func (s *Server) newTrackerPage(c echo.Context, p *templates.Page) error {
	p.Title, p.Section = p.T("tracker.new"), "trackers"
	kind := domain.TrackerKind(first(p.Val("tracker", "kind", ""), p.Query.Get("kind")))
	return s.show(c, p, templates.TrackerForm(p, templates.NewTracker(kind), true))
}

func (s *Server) createTracker(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	t := domain.Tracker{ID: domain.TrackerID(strings.TrimSpace(form.Get("id"))), Kind: domain.TrackerKind(form.Get("kind"))}
	fillTracker(&t, form)
	secrets := domain.Secrets{Credential: strings.TrimSpace(form.Get("credential"))}
	if v := strings.TrimSpace(form.Get("webhook_secret")); v != "" {
		secrets.WebhookSecrets = []string{v}
	}
	made, err := s.app.Trackers.Connect(c.Request().Context(), p.Actor, t, secrets)
	if err != nil {
		form.Del("credential")
		form.Del("webhook_secret")
		if err := refused(p, "tracker", form, err); err != nil {
			return err
		}
		return s.newTrackerPage(c, p)
	}
	return done(c, trackerPath(made.ID), "created")
}

func (s *Server) editTrackerPage(c echo.Context, p *templates.Page) error {
	if err := p.Actor.Require(domain.CanManage); err != nil {
		return err
	}
	t, err := s.app.Trackers.Get(c.Request().Context(), p.Actor, trackerID(c))
	if err != nil {
		return err
	}
	p.Title, p.Section = p.T("measure.edit", "Key", t.ID), "trackers"
	return s.show(c, p, templates.TrackerForm(p, t, false))
}

func (s *Server) editTracker(c echo.Context, p *templates.Page) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	version, err := formVersion(form)
	if err != nil {
		return err
	}
	patch := app.TrackerPatch{Reason: form.Get("reason"), Change: func(t *domain.Tracker) { fillTracker(t, form) }}
	if v := strings.TrimSpace(form.Get("credential")); v != "" { // an empty field keeps what is stored
		patch.Credential = domain.Some(v)
	}
	if v := strings.TrimSpace(form.Get("webhook_secret")); v != "" {
		patch.WebhookSecret = domain.Some(v)
	}
	if _, err := s.app.Trackers.Edit(c.Request().Context(), p.Actor, trackerID(c), version, patch); err != nil {
		form.Del("credential")
		form.Del("webhook_secret")
		if err := refused(p, "tracker", form, err); err != nil {
			return err
		}
		return s.editTrackerPage(c, p)
	}
	return done(c, trackerPath(trackerID(c)), "saved")
}

// fillTracker takes the form's values; what the form does not show stays.
func fillTracker(t *domain.Tracker, form url.Values) {
	get := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	t.Flavor, t.BaseURL, t.Team, t.Account = domain.Flavor(get("flavor")), strings.TrimRight(get("base_url"), "/"), domain.TeamID(get("team")), get("account")
	t.ImportRule.Labels, t.AllowPublic = lines(get("import_labels")), get("allow_public") == "true"
	for n := range t.ImportRule.Labels {
		t.ImportRule.Labels[n] = strings.TrimSpace(t.ImportRule.Labels[n])
	}
	policy := map[domain.Field]domain.Resolution{}
	for _, field := range domain.SyncedFields() {
		if v := get("conflict_policy." + string(field)); v != "" {
			policy[field] = domain.Resolution(v)
		}
	}
	t.ConflictPolicy = policy
	if t.Kind == domain.Jira {
		t.Project, t.ImportRule.JQL = strings.ToUpper(get("project")), get("import_jql")
		t.Mapping.IssueType, t.Mapping.DueField, t.Mapping.MetricField = get("mapping.issue_type"), get("mapping.due_field"), get("mapping.metric_field")
		return
	}
	t.Repository, t.Mapping.InProgressLabel = get("repository"), get("mapping.in_progress_label")
	labels := map[domain.Priority]string{}
	for _, priority := range domain.Priorities() {
		if v := get("mapping.priority_labels." + string(priority)); v != "" {
			labels[priority] = v
		}
	}
	t.Mapping.PriorityLabels = labels
}
