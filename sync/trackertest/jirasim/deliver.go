package jirasim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Sender carries webhook deliveries. Any http.RoundTripper will do; ToHandler
// makes one that stays in the process.
type Sender = http.RoundTripper

// HookPlan says what happens to webhook deliveries on their way. The zero
// value delivers each at once and in order.
type HookPlan struct {
	// Loss is the probability that a delivery never leaves.
	Loss float64
	// Duplicate is the probability that a delivery is made twice.
	Duplicate float64
	// MinDelay and MaxDelay bound the random delay of each delivery, which
	// also reorders them.
	MinDelay, MaxDelay time.Duration
	// Shuffle delivers what is due in random order.
	Shuffle bool
	// QueueLimit drops deliveries while so many are waiting, as the
	// asynchronous queue of a Data Center does; zero means no limit.
	QueueLimit int
}

// DeliveryState is where a delivery is.
type DeliveryState string

// The states of a delivery.
const (
	Queued    DeliveryState = "queued"
	Delivered DeliveryState = "delivered"
	Lost      DeliveryState = "lost"    // by the plan
	Dropped   DeliveryState = "dropped" // by a full queue
	GaveUp    DeliveryState = "gave_up" // refused, or after the last retry
)

// Delivery is one webhook request, with all its attempts.
type Delivery struct {
	ID       string // X-Atlassian-Webhook-Identifier, the same for retries
	Hook     string
	Event    string
	IssueID  string
	URL      string
	Header   http.Header
	Body     []byte
	Due      time.Time
	Attempts int
	Status   int // of the last attempt, 0 if the receiver was not reached
	State    DeliveryState
	seq      int64
}

// SetHookPlan changes what happens to deliveries queued from now on.
func (s *Server) SetHookPlan(p HookPlan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Hooks = p
}

// announce queues a delivery for each webhook that listens to the event.
func (s *Server) announce(event, kind string, v *revision, ch *change) {
	for _, h := range s.hooks {
		expired := h.dynamic && !s.now().Before(h.Expires)
		if h.deleted || expired || !slices.Contains(h.Events, event) || h.match != nil && !h.match(v) || !s.may(h.owner, v.project, Browse) {
			continue
		}
		s.enqueue(h, event, v, s.payload(h, event, kind, v, ch))
	}
}

func (s *Server) payload(h *hook, event, kind string, v *revision, ch *change) []byte {
	if h.excluded {
		return nil
	}
	w := view{s, "2", v.by}
	o := object{"timestamp": s.now().UnixMilli(), "webhookEvent": event, "user": w.user(v.by), "issue": w.issue(v, selectFields(nil, "*all"), nil)}
	issue, _ := o["issue"].(object)
	delete(issue, "expand")
	if kind != "" {
		o["issue_event_type_name"] = kind
	}
	if ch != nil {
		items := w.items(ch)
		for k, it := range ch.items {
			if s.cloud() && (it.field == "assignee" || it.field == "reporter") {
				items[k]["tmpFromAccountId"], items[k]["tmpToAccountId"] = it.from, it.to
			}
		}
		o["changelog"] = object{"id": strconv.FormatInt(ch.id, 10), "items": items}
	}
	return encode(o)
}

func (s *Server) enqueue(h *hook, event string, v *revision, body []byte) {
	d := &Delivery{
		ID: strconv.FormatInt(s.next("delivery"), 10) + "-" + fmt.Sprintf("%016x", s.rand.Uint64()), Hook: h.ID, Event: event,
		IssueID: v.issue.sid(), URL: h.URL, Body: body, Due: s.now(), State: Queued, Header: http.Header{},
	}
	d.seq = s.next("delivery order")
	d.Header.Set("Content-Type", "application/json; charset=UTF-8")
	d.Header.Set("X-Atlassian-Webhook-Identifier", d.ID)
	d.Header.Set("User-Agent", "Atlassian HttpClient")
	if s.cloud() {
		d.Header.Set("User-Agent", "Atlassian Webhook HTTP Client")
		d.Header.Set("X-Atlassian-Webhook-Flow", "Primary")
	}
	s.sign(h, d)
	s.deliveries = append(s.deliveries, d)
	p := s.opts.Hooks
	switch {
	case p.Loss > 0 && s.rand.Float64() < p.Loss:
		d.State = Lost
		s.count("hook_lost")
		return
	case p.QueueLimit > 0 && len(s.queue) >= p.QueueLimit:
		d.State = Dropped
		s.count("hook_dropped")
		return
	}
	d.Due = s.now().Add(p.MinDelay)
	if p.MaxDelay > p.MinDelay {
		d.Due = d.Due.Add(time.Duration(s.rand.Int64N(int64(p.MaxDelay - p.MinDelay))))
		s.count("hook_delayed")
	}
	s.queue = append(s.queue, d)
	if p.Duplicate > 0 && s.rand.Float64() < p.Duplicate {
		s.count("hook_duplicated")
		twin := *d
		twin.Header = d.Header.Clone()
		twin.seq = s.next("delivery order")
		s.queue = append(s.queue, &twin)
		s.deliveries = append(s.deliveries, &twin)
	}
	s.wake()
}

func (s *Server) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// sign proves where a delivery comes from: admin webhooks with a secret by an
// HMAC of the body, dynamic ones by a JWT made with the app's secret.
func (s *Server) sign(h *hook, d *Delivery) {
	if h.dynamic {
		enc := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
		claims := object{"iss": h.client, "iat": s.now().Unix(), "exp": s.now().Add(3 * time.Minute).Unix()}
		body := enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc(encode(claims))
		mac := hmac.New(sha256.New, []byte(h.signature))
		mac.Write([]byte(body))
		d.Header.Set("Authorization", "Bearer "+body+"."+enc(mac.Sum(nil)))
		return
	}
	if h.Secret == "" {
		return
	}
	mac := hmac.New(sha256.New, []byte(h.Secret))
	mac.Write(d.Body)
	d.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
}

// Deliveries returns every delivery so far, in the order they were queued.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Delivery, 0, len(s.deliveries))
	for _, d := range s.deliveries {
		x := *d
		x.Header = d.Header.Clone()
		out = append(out, x)
	}
	return out
}

// Pending is how many deliveries wait, and when the first of them is due.
func (s *Server) Pending() (n int, first time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.queue {
		if n == 0 || d.Due.Before(first) {
			first = d.Due
		}
		n++
	}
	return n, first
}

// Deliver sends the deliveries that are due and returns how many it sent.
func (s *Server) Deliver(ctx context.Context) int { return s.deliver(ctx, false) }

// Flush sends everything that waits, due or not, and returns how many requests
// it sent. Retries are due later and not flushed.
func (s *Server) Flush(ctx context.Context) int { return s.deliver(ctx, true) }

func (s *Server) deliver(ctx context.Context, all bool) int {
	n := 0
	for _, d := range s.takeDue(all) {
		s.attempt(ctx, d)
		n++
	}
	return n
}

func (s *Server) takeDue(all bool) []*Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due, later []*Delivery
	for _, d := range s.queue {
		if all || !d.Due.After(s.now()) {
			due = append(due, d)
		} else {
			later = append(later, d)
		}
	}
	s.queue = later
	slices.SortStableFunc(due, func(a, b *Delivery) int {
		if c := a.Due.Compare(b.Due); c != 0 {
			return c
		}
		return int(a.seq - b.seq)
	})
	if s.opts.Hooks.Shuffle && len(due) > 1 {
		s.count("hook_shuffled")
		s.rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	}
	return due
}

// attempt makes one request and decides what follows from the answer.
func (s *Server) attempt(ctx context.Context, d *Delivery) {
	status := 0
	s.mu.Lock()
	header := d.Header.Clone()
	s.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err == nil && s.opts.Sender != nil {
		req.Header = header
		var resp *http.Response
		if resp, err = s.opts.Sender.RoundTrip(req); err == nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
			_ = resp.Body.Close()
			status = resp.StatusCode
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.Attempts++
	d.Status = status
	switch {
	case status >= 200 && status < 300:
		d.State = Delivered
	case s.cloud() && d.Attempts <= 5 && worthRetry(status):
		s.count("hook_retried")
		d.Header.Set("X-Atlassian-Webhook-Retry", strconv.Itoa(d.Attempts))
		d.Due = s.now().Add(5*time.Minute + time.Duration(s.rand.Int64N(int64(10*time.Minute))))
		s.queue = append(s.queue, d)
		s.wake()
	default:
		s.count("hook_gave_up")
		d.State = GaveUp
	}
}

func worthRetry(status int) bool {
	switch status {
	case 0, http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// Run delivers as deliveries fall due, until ctx ends. It needs a clock that
// runs by itself.
func (s *Server) Run(ctx context.Context) {
	for {
		s.Deliver(ctx)
		wait := time.Hour
		if n, first := s.Pending(); n > 0 {
			wait = max(time.Millisecond, first.Sub(s.Now()))
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-s.woken:
		case <-t.C:
		}
		t.Stop()
	}
}

// ToHandler carries deliveries to a handler in the same process.
func ToHandler(h http.Handler) Sender { return handlerSender{h} }

type handlerSender struct{ h http.Handler }

// RoundTrip implements http.RoundTripper.
func (s handlerSender) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	r.RequestURI = r.URL.RequestURI()
	r.RemoteAddr = "192.0.2.1:1234"
	s.h.ServeHTTP(w, r)
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body), Request: r}, nil
}

// recorder keeps what a handler writes.
type recorder struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if !w.wrote {
		w.wrote, w.status = true, status
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.wrote = true
	return w.body.Write(b)
}
