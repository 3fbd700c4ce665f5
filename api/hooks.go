package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
)

// addressToken is the header in which the adapter of Jira looks for the token.
const addressToken = "X-Followthrough-Address-Token"

// hook hands a delivery to the intake: raw, because the signature is over the
// bytes. An unknown tracker and a wrong signature answer the same.
func (s *Server) hook(c echo.Context) error {
	kind := c.Param("kind")
	if s.intake == nil || kind != string(domain.GitHub) && kind != string(domain.Jira) {
		return echo.ErrNotFound
	}
	r := c.Request()
	if r.Header.Get("Content-Encoding") != "" {
		return refuse(http.StatusUnsupportedMediaType, "compressed deliveries are not accepted")
	}
	// A Data Center before version 10 cannot sign; its webhook's address has a
	// token instead, which the adapter checks like a signature.
	r.Header.Del(addressToken)
	if token := c.QueryParam("token"); token != "" && kind == string(domain.Jira) {
		r.Header.Set(addressToken, token)
	}
	if r.ContentLength > maxHook {
		return tooLargeHook()
	}
	body, err := s.hookMemory.read(http.MaxBytesReader(c.Response(), r.Body, maxHook))
	defer body.release()
	if err != nil {
		var tooLarge *http.MaxBytesError
		switch {
		case asError(err, &tooLarge):
			return tooLargeHook()
		case errors.Is(err, errHooksBusy):
			return sendAgain("too many deliveries are being taken in; send it again", 5*time.Second)
		}
		return badRequest("the delivery could not be read to its end", nil)
	}
	err = s.intake.Intake(r.Context(), kind, c.Param("tracker"), r.Header, body.bytes)
	switch domain.KindOf(err) {
	case domain.ErrUnauthorized, domain.ErrNotFound:
		return domain.Errorf(domain.ErrUnauthorized, "the delivery is not signed with a secret of this tracker")
	case domain.ErrInvalid:
		return badRequest("the delivery cannot be understood", nil)
	default:
	}
	if err != nil {
		// Nothing is acknowledged that is not stored: the tracker is asked to send it again (T79).
		s.log.ErrorContext(r.Context(), "delivery not stored", "request", requestID(c), "tracker", c.Param("tracker"), "error", err)
		return sendAgain("the delivery could not be stored; send it again", 30*time.Second)
	}
	return c.NoContent(http.StatusAccepted)
}

func tooLargeHook() error {
	return refuse(http.StatusRequestEntityTooLarge, "the delivery is larger than 26 MiB")
}

// sendAgain asks the tracker to repeat a delivery.
func sendAgain(why string, after time.Duration) error {
	return &refusal{status: http.StatusServiceUnavailable, detail: why, header: map[string]string{"Retry-After": strconv.Itoa(int(after.Seconds()))}}
}

// readyWithin is how long the database may take to answer.
const readyWithin = 2 * time.Second

// serveHealth tells supervisors whether the process lives and may be sent work.
func (s *Server) serveHealth() {
	live := func(c echo.Context) error { return c.JSONBlob(http.StatusOK, []byte(`{"status":"ok"}`)) }
	ready := func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), readyWithin)
		defer cancel()
		if s.ready == nil {
			return live(c)
		}
		if err := s.ready(ctx); err != nil {
			s.log.WarnContext(ctx, "not ready", "request", requestID(c), "error", err)
			return refuse(http.StatusServiceUnavailable, "the database cannot be reached or its schema is not current; the log names this request "+requestID(c))
		}
		return live(c)
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		s.echo.Add(method, "/healthz", live)
		s.echo.Add(method, "/readyz", ready)
	}
}
