package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

// storyLength is how many changes a page tells at once.
const storyLength = 50

func measureKey(c echo.Context) domain.MeasureKey {
	return domain.MeasureKey(strings.ToUpper(c.Param("key")))
}

func measurePath(key domain.MeasureKey) string { return "/measures/" + string(key) }

func (s *Server) measure(c echo.Context, p *templates.Page) error {
	ctx := c.Request().Context()
	v, err := s.app.Measures.View(ctx, p.Actor, measureKey(c), storyLength)
	if err != nil {
		return err
	}
	trackers, err := s.directory.trackersFor(ctx, p.Actor)
	if err != nil {
		return err
	}
	m := v.Measure
	p.Title, p.Section = string(m.Key)+" "+m.Title, "measures"
	current := map[string]string{"status": string(m.Status), "deputy": string(m.Deputy), "team": string(m.Team), "kind": string(m.Kind)}
	for field, value := range m.Values() {
		if field != domain.FieldStatus {
			current[string(field)] = value
		}
	}
	view := templates.MeasureView{Measure: m, Description: s.markdown.html(m.Description), Links: v.Links, Evidence: v.Evidence,
		Observations: v.Observations, Story: storyOf(p, v.Changes, current), More: v.More, Successors: v.Successors, Snooze: v.Snooze, Probe: v.Probe, VerifyOn: v.VerifyOn}
	if view.Run, p.Pictures = runChart(p, v); p.Pictures {
		view.ChartTexts = chartTexts(p)
	}
	for _, t := range trackers {
		if !linkedWith(v.Links, t.ID) {
			view.Trackers = append(view.Trackers, t)
		}
	}
	return s.show(c, p, templates.Measure(p, view))
}

func linkedWith(links []domain.Link, tracker domain.TrackerID) bool {
	for _, l := range links {
		if l.Tracker == tracker && l.State != domain.LinkDetached {
			return true
		}
	}
	return false
}

// act runs one operation of the measure page and shows the page again, with
// what was refused or with what was done.
func (s *Server) act(c echo.Context, p *templates.Page, name, text string, do func(form url.Values, version int64) error) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	version, err := strconv.ParseInt(form.Get("version"), 10, 64)
	if err != nil {
		version = 0
	}
	if err := do(form, version); err != nil {
		if err := refused(p, name, form, err); err != nil {
			return err
		}
		return s.measure(c, p)
	}
	return done(c, measurePath(measureKey(c)), text)
}

func (s *Server) changeStatus(c echo.Context, p *templates.Page) error {
	return s.act(c, p, "status-"+c.FormValue("status"), "saved", func(form url.Values, version int64) error {
		patch := app.MeasurePatch{}
		patch.Status = domain.Some(domain.Status(form.Get("status")))
		patch.Reason = strings.TrimSpace(form.Get("reason"))
		if v := form.Get("closure_reason"); v != "" {
			patch.ClosureReason = domain.Some(domain.ClosureReason(v))
		}
		if v := form.Get("verdict"); v != "" {
			patch.Verdict = domain.Some(domain.Verdict(v))
		}
		if v := form.Get("risk_accepted_until"); v != "" {
			until, err := dateOf("risk_accepted_until", v)
			if err != nil {
				return err
			}
			patch.RiskAcceptedUntil = domain.Some(until)
		}
		if v := strings.TrimSpace(form.Get("duplicate_of")); v != "" {
			patch.DuplicateOf = domain.Some(domain.MeasureKey(strings.ToUpper(v)))
		}
		_, err := s.app.Measures.Edit(c.Request().Context(), p.Actor, measureKey(c), version, patch)
		return err
	})
}

func (s *Server) addEvidence(c echo.Context, p *templates.Page) error {
	return s.act(c, p, "evidence", "evidence", func(form url.Values, _ int64) error {
		on, err := dateOf("effective_on", form.Get("effective_on"))
		if err != nil {
			return err
		}
		_, err = s.app.Measures.AddEvidence(c.Request().Context(), p.Actor, domain.Evidence{Measure: measureKey(c),
			Title: form.Get("title"), URL: strings.TrimSpace(form.Get("url")), EffectiveOn: on})
		return err
	})
}

func (s *Server) addObservation(c echo.Context, p *templates.Page) error {
	return s.act(c, p, "observation", "observation", func(form url.Values, _ int64) error {
		value, err := numberOf("value", form.Get("value"))
		if err != nil {
			return err
		}
		if value == nil {
			return domain.Invalid("value", "is empty; give the number that was measured")
		}
		at, err := s.instantOf("at", form.Get("at"))
		if err != nil {
			return err
		}
		_, err = s.app.Measures.AddObservations(c.Request().Context(), p.Actor, measureKey(c),
			[]domain.Observation{{At: at, Value: *value, Note: form.Get("note")}})
		return err
	})
}

func (s *Server) addLink(c echo.Context, p *templates.Page) error {
	return s.act(c, p, "link", "linked", func(form url.Values, _ int64) error {
		_, err := s.app.Links.Add(c.Request().Context(), p.Actor, measureKey(c), domain.TrackerID(form.Get("tracker")), form.Get("url"))
		return err
	})
}

func (s *Server) detachLink(c echo.Context, p *templates.Page) error {
	return s.act(c, p, "unlink", "unlinked", func(form url.Values, _ int64) error {
		_, err := s.app.Links.Detach(c.Request().Context(), p.Actor, measureKey(c), domain.TrackerID(form.Get("tracker")))
		return err
	})
}

func (s *Server) resumeLink(c echo.Context, p *templates.Page) error {
	return s.act(c, p, "resume", "resumed", func(form url.Values, _ int64) error {
		_, err := s.app.Links.Resume(c.Request().Context(), p.Actor, measureKey(c), domain.TrackerID(form.Get("tracker")))
		return err
	})
}

func (s *Server) putBack(c echo.Context, p *templates.Page) error {
	return s.act(c, p, "put_back", "put_back", func(form url.Values, version int64) error {
		seq, err := strconv.ParseInt(form.Get("seq"), 10, 64)
		if err != nil {
			return domain.Invalid("seq", "%q is not a row of the history", form.Get("seq"))
		}
		_, err = s.app.Measures.PutBack(c.Request().Context(), p.Actor, measureKey(c), version, seq, app.SideFrom, strings.TrimSpace(form.Get("reason")))
		return err
	})
}

func numberOf(field, text string) (*float64, error) {
	text = strings.ReplaceAll(strings.TrimSpace(text), ",", ".")
	if text == "" {
		return nil, nil //nolint:nilnil // an empty field is no number and no mistake
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, domain.Invalid(field, "%q is not a number", text)
	}
	return &v, nil
}
