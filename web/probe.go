package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

// setProbe says from where the success metric is read; an empty address ends it.
func (s *Server) setProbe(c echo.Context, p *templates.Page) error {
	return s.act(c, p, "probe", "saved", func(form url.Values, _ int64) error {
		ctx, key, address := c.Request().Context(), measureKey(c), strings.TrimSpace(form.Get("url"))
		if address == "" {
			return s.app.Measures.RemoveProbe(ctx, p.Actor, key, 0)
		}
		hours, err := strconv.Atoi(form.Get("every_hours"))
		if err != nil {
			return domain.Invalid("every_hours", "%q is not a number of hours", form.Get("every_hours"))
		}
		_, err = s.app.Measures.SetProbe(ctx, p.Actor, domain.MetricProbe{Measure: key, Kind: domain.ProbeKind(form.Get("kind")), URL: address,
			Query: form.Get("query"), EveryHours: hours}, "")
		return err
	})
}
