package contract

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
)

// Options say where a description and the simulated service are known to
// differ. The zero value is the strictest check.
type Options struct {
	// BasePath is stripped from request paths first, for example /api/v3.
	BasePath string
	// Rewrite turns the path of an alias the description leaves out into the
	// documented path with the same answer. It gets the escaped path.
	Rewrite func(escapedPath string) string
	// Undocumented reports requests that may be absent from the description.
	Undocumented func(*http.Request) bool
	// Exempt reports requests that are not checked because the description is
	// wrong about them. Say why next to each.
	Exempt func(*http.Request) bool
	// AllowStatus lists statuses any operation may answer although the
	// description does not name them, for example 401 and 429.
	AllowStatus []int
	// SkipRequests leaves requests unchecked, for tests that send bad ones.
	SkipRequests bool
}

func (o Options) allows(status int) bool { return slices.Contains(o.AllowStatus, status) }

// Transport is an http.RoundTripper that checks every exchange it carries and
// fails the test with the exact violation.
type Transport struct {
	t       testing.TB
	base    http.RoundTripper
	d       *Description
	o       Options
	checked atomic.Int64
}

// NewTransport wraps base so that each exchange is checked against d.
func NewTransport(t testing.TB, d *Description, base http.RoundTripper, o Options) *Transport {
	return &Transport{t: t, base: base, d: d, o: o}
}

// Checked is how many exchanges were checked so far. A test that expects the
// wrapper to be on the path asserts that it is not zero.
func (c *Transport) Checked() int { return int(c.checked.Load()) }

// RoundTrip carries the request, checks the exchange and hands the answer on
// unchanged. A transport error is passed through unchecked.
func (c *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := drain(&r.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the request body for the contract check: %w", err)
	}
	resp, err := c.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := drain(&resp.Body)
	if err != nil {
		// A body that breaks off is for the caller to see, not a violation.
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(got), failing{err}))
		return resp, nil
	}
	c.checked.Add(1)
	x := Exchange{Request: r, RequestBody: sent, Status: resp.StatusCode, Header: resp.Header, ResponseBody: got}
	for _, violation := range c.d.Check(x, c.o) {
		c.t.Errorf("contract: %v\nrequest body: %s\nanswer: %s", violation, clip(sent), clip(got))
	}
	return resp, nil
}

// drain reads *body, closes it and puts an equal, unread one in its place.
func drain(body *io.ReadCloser) ([]byte, error) {
	if *body == nil || *body == http.NoBody {
		return nil, nil
	}
	data, err := io.ReadAll(*body)
	_ = (*body).Close()
	*body = io.NopCloser(bytes.NewReader(data))
	return data, err
}

func clip(b []byte) []byte {
	if len(b) > 2000 {
		return b[:2000]
	}
	return b
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
