package githubsim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"time"
)

// HookPlan says what happens to webhook deliveries on their way. Every chance
// is drawn from the server's seed.
type HookPlan struct {
	// Loss is the chance that a delivery fails without reaching anybody. It is
	// listed as failed and can be redelivered.
	Loss float64
	// Duplicate is the chance that a delivery arrives twice.
	Duplicate float64
	// Reorder is the chance that a delivery overtakes the one before it.
	Reorder float64
	// MinDelay and MaxDelay bound the time a delivery takes.
	MinDelay, MaxDelay time.Duration
}

// Delivery is one webhook request on its way out.
type Delivery struct {
	ID         int64
	GUID       string
	HookID     int64
	Event      string
	Action     string
	URL        string
	Header     http.Header
	Body       []byte
	Redelivery bool
}

// Sender carries a delivery and returns the receiver's status.
type Sender func(context.Context, Delivery) (status int, err error)

// HTTPSender sends deliveries with an HTTP client.
func HTTPSender(c *http.Client) Sender {
	return func(ctx context.Context, d Delivery) (int, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
		if err != nil {
			return 0, err
		}
		r.Header = d.Header.Clone()
		resp, err := c.Do(r)
		if err != nil {
			return 0, err
		}
		defer func() { _ = resp.Body.Close() }()
		_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
		return resp.StatusCode, err
	}
}

type delivery struct {
	id         int64
	guid       string
	hook       *hook
	event      string
	action     string
	body       []byte
	header     http.Header
	repo       *repo
	install    *installation
	due        time.Time
	lost       bool
	redelivery bool

	at     time.Time
	status int
	text   string
}

// SetHooks changes the plan and the sender of a running server. A nil sender
// keeps the present one.
func (s *Server) SetHooks(p HookPlan, send Sender) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Hooks = p
	if send != nil {
		s.opts.Sender = send
	}
}

func (s *Server) schedule(d *delivery) {
	p := s.opts.Hooks
	d.due = s.now().Add(s.delay())
	if p.Loss > 0 && s.rand.Float64() < p.Loss {
		s.count("hook_lost")
		d.lost = true
	}
	if n := len(s.queue); n > 0 && p.Reorder > 0 && s.rand.Float64() < p.Reorder {
		s.count("hook_reordered")
		before := s.queue[n-1]
		s.queue[n-1] = d
		before.due = later(before.due, d.due)
		d.due = before.due
		s.queue = append(s.queue, before)
	} else {
		s.queue = append(s.queue, d)
	}
	if p.Duplicate > 0 && s.rand.Float64() < p.Duplicate {
		s.count("hook_duplicated")
		again := *d
		again.due, again.lost = s.now().Add(s.delay()), false
		s.queue = append(s.queue, &again)
	}
	s.wake()
}

func (s *Server) delay() time.Duration {
	p := s.opts.Hooks
	if p.MaxDelay <= p.MinDelay {
		return p.MinDelay
	}
	return p.MinDelay + time.Duration(s.rand.Int64N(int64(p.MaxDelay-p.MinDelay)))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *Server) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// Deliver sends every delivery that is due and returns how many it tried.
func (s *Server) Deliver(ctx context.Context) int { return s.deliver(ctx, false) }

// DeliverAll sends every queued delivery, due or not, in order of due time.
func (s *Server) DeliverAll(ctx context.Context) int { return s.deliver(ctx, true) }

func (s *Server) deliver(ctx context.Context, all bool) int {
	n := 0
	for ctx.Err() == nil {
		d, send := s.takeDue(all)
		if d == nil {
			return n
		}
		n++
		s.carry(ctx, d, send)
	}
	return n
}

// takeDue removes the next due delivery from the queue.
func (s *Server) takeDue(all bool) (*delivery, Sender) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := -1
	for i, d := range s.queue {
		if (all || !d.due.After(s.now())) && (at < 0 || d.due.Before(s.queue[at].due)) {
			at = i
		}
	}
	if at < 0 {
		return nil, nil
	}
	d := s.queue[at]
	s.queue = slices.Delete(s.queue, at, at+1)
	d.id = s.id() // numbered as they leave, so that the list is in id order
	return d, s.opts.Sender
}

// deliveriesKept is how many past deliveries are listed.
const deliveriesKept = 5000

func (s *Server) carry(ctx context.Context, d *delivery, send Sender) {
	status, text := 0, "Unable to connect"
	if !d.lost && send != nil {
		code, err := send(ctx, d.public())
		switch {
		case err != nil:
			text = "timed out"
		case code/100 == 2:
			status, text = code, "OK"
		default:
			status, text = code, "Invalid HTTP Response: "+http.StatusText(code)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.at, d.status, d.text = s.now(), status, text
	if d.lost && d.status == 0 {
		d.status, d.text = http.StatusBadGateway, "Invalid HTTP Response: 502"
	}
	d.hook.last = d
	if len(s.deliveries) >= 2*deliveriesKept {
		s.deliveries = append([]*delivery(nil), s.deliveries[deliveriesKept:]...)
	}
	s.deliveries = append(s.deliveries, d)
}

func (d *delivery) public() Delivery {
	return Delivery{
		ID: d.id, GUID: d.guid, HookID: d.hook.id, Event: d.event, Action: d.action, URL: d.hook.url,
		Header: d.header, Body: d.body, Redelivery: d.redelivery,
	}
}

// Pending is the number of queued deliveries and the time the next is due.
func (s *Server) Pending() (n int, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, d := range s.queue {
		if i == 0 || d.due.Before(next) {
			next = d.due
		}
	}
	return len(s.queue), next
}

// Run delivers webhooks as they become due until ctx ends. Inside a synctest
// bubble the server must have been created in the bubble too.
func (s *Server) Run(ctx context.Context) error {
	for {
		s.Deliver(ctx)
		n, next := s.Pending()
		wait := time.Hour
		if n > 0 {
			s.mu.Lock()
			wait = max(next.Sub(s.now()), time.Millisecond)
			s.mu.Unlock()
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-s.woken:
		case <-t.C:
		}
		t.Stop()
	}
}
