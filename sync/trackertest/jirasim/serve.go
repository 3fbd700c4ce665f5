package jirasim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// answer is a finished reply on its way out, with what a fault does to it.
type answer struct {
	status int
	header http.Header
	body   []byte
	effect *Effect
}

// serve answers one request. It does not wait.
func (s *Server) serve(method string, u *url.URL, header http.Header, body []byte, e *Effect) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{Server: s, method: method, path: s.below(u), query: u.Query(), header: header, body: body, now: s.now(), effect: e}
	known := c.match()
	if e != nil {
		c.count("fault/" + e.Name)
		c.now = c.now.Add(e.Clock)
	}
	if e != nil && e.replaces() && !e.Commit {
		_ = c.authenticate() // for the log only
		return c.finish(e.reply(), e)
	}
	r := c.answer(known)
	if e != nil && e.replaces() {
		r = e.reply()
	}
	return c.finish(r, e)
}

// below returns the escaped path under the site or the OAuth gateway.
func (s *Server) below(u *url.URL) string {
	path := u.EscapedPath()
	if s.cloud() {
		if rest, ok := strings.CutPrefix(path, "/ex/jira/"+s.opts.CloudID+"/"); ok {
			return "/" + rest
		}
	}
	return strings.TrimPrefix(path, s.base.EscapedPath())
}

// answer authenticates, limits and routes.
func (c *call) answer(known bool) *reply {
	if refusal := c.authenticate(); refusal != nil {
		return refusal
	}
	if refusal := c.limit(); refusal != nil {
		return refusal
	}
	if c.route == nil {
		if known {
			return c.fail(http.StatusMethodNotAllowed, "")
		}
		return c.nowhere()
	}
	r := c.dispatch()
	if r.status < 300 && c.route.write {
		c.chargeIssue()
	}
	return r
}

func (c *call) dispatch() *reply {
	if c.who == nil && !c.route.open {
		c.count("anonymous")
		if c.route.issue {
			return c.noIssue()
		}
		return c.unauthorized()
	}
	if !c.route.issue {
		return c.route.handle(c)
	}
	i := c.find(c.params["issue"])
	if i == nil || !c.sees(c.who, i.cur()) {
		c.count("issue_not_visible")
		return c.noIssue()
	}
	if v := i.cur(); !strings.EqualFold(c.params["issue"], v.key) && c.params["issue"] != i.sid() {
		c.count("old_key")
	}
	return c.route.handleI(c, i)
}

// finish renders the reply, adds the headers every answer has, logs, and
// applies the fault.
func (c *call) finish(r *reply, e *Effect) answer {
	a := answer{status: r.status, header: http.Header{}, body: r.raw, effect: e}
	if r.value != nil {
		a.body = encode(r.value)
	}
	if a.body != nil {
		a.header.Set("Content-Type", "application/json;charset=UTF-8")
		if r.kind != "" {
			a.header.Set("Content-Type", r.kind)
		}
	}
	maps.Copy(a.header, r.header)
	c.standardHeaders(a.header)
	if e != nil && e.Rewrite != nil {
		a.body = e.Rewrite(a.body)
	}
	status := a.status
	if e != nil && e.Reset {
		status = 0
	}
	c.logRequest(status, e)
	return a
}

func (c *call) standardHeaders(h http.Header) {
	h.Set("Date", c.now.UTC().Format(http.TimeFormat))
	h.Set("Cache-Control", "no-cache, no-store, no-transform")
	h.Set("X-AREQUESTID", fmt.Sprintf("%08x%08x", c.rand.Uint32(), c.rand.Uint32()))
	if c.who != nil {
		if c.cloud() {
			h.Set("X-AACCOUNTID", url.QueryEscape(c.who.AccountID))
		} else {
			h.Set("X-AUSERNAME", c.who.Name)
		}
	}
	c.limitHeaders(h)
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("jirasim: an answer cannot be encoded: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// maxBody is above everything Jira accepts; longer requests are refused.
const maxBody = 5 << 20

// exchange applies the waits a fault imposes around serve. A client that gives
// up while the server is slow does not stop a late commit.
func (s *Server) exchange(ctx context.Context, method string, u *url.URL, header http.Header, body []byte) (answer, error) {
	e := s.fault(method, u)
	if e == nil {
		return s.serve(method, u, header, body, nil), nil
	}
	if e.Late > 0 {
		done := make(chan answer, 1)
		go func() {
			time.Sleep(e.Late)
			done <- s.serve(method, u, header, body, e)
		}()
		select {
		case <-ctx.Done():
			return answer{}, ctx.Err()
		case a := <-done:
			return a, a.wait(ctx)
		}
	}
	a := s.serve(method, u, header, body, e)
	return a, a.wait(ctx)
}

// wait delays the answer and breaks the connection where the fault says so.
func (a answer) wait(ctx context.Context) error {
	if a.effect == nil {
		return nil
	}
	if a.effect.Delay > 0 {
		t := time.NewTimer(a.effect.Delay)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
	if a.effect.Reset {
		return errReset()
	}
	return nil
}

func errReset() error {
	return &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
}

// ServeHTTP answers API requests and, if Options.Web is set, serves the pages
// for people.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.isPage(r) {
		s.servePage(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "request body: "+err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	a, err := s.exchange(r.Context(), r.Method, r.URL, r.Header, body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	maps.Copy(h, a.header)
	whole := len(a.body)
	if a.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(whole))
	}
	if e := a.effect; e != nil && e.CutAt > 0 && e.CutAt < whole {
		a.body = a.body[:e.CutAt]
	}
	w.WriteHeader(a.status)
	// A client that has gone away is no concern of the simulator.
	_, _ = w.Write(a.body)
	if len(a.body) < whole {
		panic(http.ErrAbortHandler)
	}
}

// Transport returns a RoundTripper that answers in process, without sockets.
// It honours the request's context during waits that faults impose.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ s *Server }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err = errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if t.s.elsewhere(r) {
		return nil, fmt.Errorf("jirasim: no host %s: the simulator answers only %s", r.URL.Host, t.s.BaseURL())
	}
	a, err := t.s.exchange(ctx, r.Method, r.URL, r.Header, body)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status:        strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          io.NopCloser(a.reader()),
		ContentLength: int64(len(a.body)),
		Request:       r,
	}, nil
}

// elsewhere reports requests for a host that is not the simulated one. They
// are counted: a client that sends credentials there has a bug.
func (s *Server) elsewhere(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := r.URL.Host
	if h == s.base.Host || s.cloud() && (h == "api.atlassian.com" || h == "auth.atlassian.com") {
		return false
	}
	s.count("other_host_asked")
	if r.Header.Get("Authorization") != "" {
		s.count("other_host_got_credentials")
	}
	return true
}

func (a answer) reader() io.Reader {
	if e := a.effect; e != nil && e.CutAt > 0 && e.CutAt < len(a.body) {
		return io.MultiReader(bytes.NewReader(a.body[:e.CutAt]), broken{})
	}
	return bytes.NewReader(a.body)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
