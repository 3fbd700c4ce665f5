package githubsim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// answer is a finished reply on its way out, with what a fault does to it.
type answer struct {
	status int
	header http.Header
	body   []byte
	effect *Effect
}

// serve answers one request. It waits only where a fault asks it to.
func (s *Server) serve(method string, u *url.URL, header http.Header, body []byte) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{Server: s, method: method, query: u.Query(), header: header, body: body, now: s.now(), who: &actor{}}
	c.path = strings.TrimPrefix(u.EscapedPath(), s.base.EscapedPath())
	c.past = -1
	effect := s.fault(method, c.path)
	if effect == nil {
		return c.finish(c.answer(), nil)
	}
	c.now = c.now.Add(effect.clock)
	c.past = s.staleCommit(effect)
	c.drop = effect.dropMembers
	if effect.before != nil {
		c.describe()
		return c.finish(effect.before(c), effect)
	}
	return c.finish(c.answer(), effect)
}

// describe finds out who asks for what, for the log, without doing it.
func (c *call) describe() {
	c.route, c.params, _ = c.find(c.method, c.path)
	if refusal := c.authenticate(); refusal != nil {
		c.who = &actor{}
	}
}

// answer authenticates, limits and routes.
func (c *call) answer() *reply {
	var known bool
	c.route, c.params, known = c.find(c.method, c.path)
	if refusal := c.authenticate(); refusal != nil {
		return refusal
	}
	if refusal := c.limit(); refusal != nil {
		return refusal
	}
	if c.route == nil {
		if known && c.method != http.MethodHead {
			c.count("method_unknown")
		}
		return c.notFound()
	}
	return c.route.handle(c)
}

// finish renders the reply, adds the headers every answer has, turns matching
// conditional reads into 304, logs, and applies the fault.
func (c *call) finish(r *reply, effect *Effect) answer {
	a := answer{status: r.status, header: http.Header{}, body: r.raw, effect: effect}
	if r.value != nil {
		a.body = encode(r.value)
	}
	if a.body != nil {
		a.header.Set("Content-Type", "application/json; charset=utf-8")
	}
	maps.Copy(a.header, r.header)
	conditional := c.header.Get("If-None-Match")
	if c.method == http.MethodGet && a.status == http.StatusOK {
		c.conditional(&a, conditional)
	}
	c.standardHeaders(a.header)
	if effect != nil && effect.after != nil {
		effect.after(c, &a)
	}
	c.logRequest(a.status, conditional != "", effect)
	return a
}

// conditional sets the ETag, which is bound to the credential, and answers
// 304 without charging the primary limit where the client has this version.
func (c *call) conditional(a *answer, have string) {
	h := sha256.New()
	h.Write([]byte(c.who.credential()))
	h.Write([]byte{0})
	h.Write(a.body)
	tag := `W/"` + hex.EncodeToString(h.Sum(nil)) + `"`
	a.header.Set("ETag", tag)
	a.header.Set("Cache-Control", "private, max-age=60, s-maxage=60")
	a.header.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP")
	if strings.TrimPrefix(have, "W/") != strings.TrimPrefix(tag, "W/") {
		return
	}
	c.count("etag_304")
	c.refund()
	a.status, a.body = http.StatusNotModified, nil
	a.header.Del("Content-Type")
}

func (c *call) standardHeaders(h http.Header) {
	h.Set("Date", c.now.Format(http.TimeFormat))
	h.Set("X-GitHub-Request-Id", fmt.Sprintf("%04X:%X:%X", c.rand.Uint32N(1<<16), c.rand.Uint32(), c.rand.Uint64N(1<<40)))
	h.Set("X-GitHub-Media-Type", "github.v3; format=json")
	h.Set("X-Content-Type-Options", "nosniff")
	version := c.header.Get("X-GitHub-Api-Version")
	if version == "" {
		version = "2022-11-28"
	}
	h.Set("X-GitHub-Api-Version-Selected", version)
	if c.opts.Enterprise != "" {
		h.Set("X-GitHub-Enterprise-Version", c.opts.Enterprise)
	}
	if t := c.who.token; t != nil && t.install == nil && !t.expires.IsZero() {
		h.Set("GitHub-Authentication-Token-Expiration", expiry(t.expires))
	}
	c.limitHeaders(h)
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("githubsim: an answer cannot be encoded: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// maxBody is above everything GitHub accepts; longer requests are refused.
const maxBody = 5 << 20

// ServeHTTP answers API requests below the path of the base address and, if
// Options.Web is set, serves the pages for people elsewhere.
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
	a := s.serve(r.Method, r.URL, r.Header, body)
	if err := a.wait(r.Context()); err != nil {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	maps.Copy(h, a.header)
	if a.status != http.StatusNotModified && a.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if _, err := io.Copy(flushing{w}, a.reader(r.Context())); err != nil {
		// Either the client has gone away or a fault breaks the body off.
		panic(http.ErrAbortHandler)
	}
}

// flushing sends every chunk at once, so that a dripping body drips.
type flushing struct{ w http.ResponseWriter }

func (f flushing) Write(b []byte) (int, error) {
	n, err := f.w.Write(b)
	if flusher, can := f.w.(http.Flusher); can {
		flusher.Flush()
	}
	return n, err
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
		if closeErr := r.Body.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if t.s.elsewhere(r) {
		return nil, fmt.Errorf("githubsim: no host %s: the simulator answers only %s", r.URL.Host, t.s.BaseURL())
	}
	a := t.s.serve(r.Method, r.URL, r.Header, body)
	if err := a.wait(ctx); err != nil {
		return nil, err
	}
	return &http.Response{
		Status:        strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          io.NopCloser(a.reader(ctx)),
		ContentLength: int64(len(a.body)),
		Request:       r,
	}, nil
}

// elsewhere reports requests for a host that is not the simulated one. They
// are counted, as are the credentials they carry: a client that sends those to
// another host has a bug.
func (s *Server) elsewhere(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Host == s.base.Host && r.URL.Scheme == s.base.Scheme {
		return false
	}
	s.count("other_host_asked")
	if r.Header.Get("Authorization") != "" {
		s.count("credentials_sent_elsewhere")
	}
	return true
}
