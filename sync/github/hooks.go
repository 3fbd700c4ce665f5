package github

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// HookStatus is how a repository's webhook is doing.
type HookStatus struct {
	ID     int64
	Active bool
	Events []string
	// LastCode is the answer to the last delivery; 0 before the first one.
	LastCode int
	LastText string
}

// Delivery is one delivery of a webhook as GitHub remembers it.
type Delivery struct {
	ID int64
	// GUID is the same for a delivery and its repetitions.
	GUID       string
	Event      string
	Action     string
	StatusCode int
	At         time.Time
	Redelivery bool
}

// hookEvents are the events a repository's webhook is made for.
//
//nolint:gochecknoglobals // a constant list; Go has no constant arrays
var hookEvents = [...]string{"issues", "label", "repository"}

type wireHook struct {
	ID           int64    `json:"id"`
	Active       bool     `json:"active"`
	Events       []string `json:"events"`
	LastResponse struct {
		Code   *int    `json:"code"`
		Status *string `json:"status"`
	} `json:"last_response"`
	Config struct {
		URL string `json:"url"`
	} `json:"config"`
}

func (h wireHook) status() HookStatus {
	s := HookStatus{ID: h.ID, Active: h.Active, Events: h.Events}
	if h.LastResponse.Code != nil {
		s.LastCode = *h.LastResponse.Code
	}
	if h.LastResponse.Status != nil {
		s.LastText = *h.LastResponse.Status
	}
	return s
}

// hookOperation names a request about webhooks. GitHub hides them from who may
// not manage them.
func (t *Tracker) hookOperation(what string) operation {
	return operation{what: what + " of " + t.cfg.Tracker.Repository, hidden: "the credential may not manage webhooks; it needs the permission Webhooks, or install the webhook by hand"}
}

// InstallHook makes the repository send its issue events to the address. An
// existing webhook with the address is found and left as it is.
func (t *Tracker) InstallHook(ctx context.Context, address, secret string) (HookStatus, error) {
	op := t.hookOperation("install the webhook")
	if len(secret) < 32 {
		return HookStatus{}, domain.Invalid("webhook_secret", "is shorter than 32 characters; an unsigned or guessable webhook is not installed")
	}
	have, err := t.Hooks(ctx, address)
	if err != nil {
		return HookStatus{}, err
	}
	if len(have) > 0 {
		return have[0], nil
	}
	body := map[string]any{"name": "web", "active": true, "events": hookEvents[:],
		"config": map[string]any{"url": address, "content_type": "json", "secret": secret, "insecure_ssl": "0"}}
	a, err := t.client.do(ctx, op, http.MethodPost, t.repository()+"/hooks", body)
	if err != nil {
		return HookStatus{}, err
	}
	var made wireHook
	if err := t.client.into(op, a, &made); err != nil {
		return HookStatus{}, err
	}
	return made.status(), nil
}

// Hooks lists the repository's webhooks that lead to the address.
func (t *Tracker) Hooks(ctx context.Context, address string) ([]HookStatus, error) {
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	op := t.hookOperation("read the webhooks")
	a, err := t.client.do(ctx, op, http.MethodGet, t.repository()+"/hooks?per_page=100", nil)
	if err != nil {
		return nil, err
	}
	var have []wireHook
	if err := t.client.into(op, a, &have); err != nil {
		return nil, err
	}
	var out []HookStatus
	for _, h := range have {
		if h.Config.URL == address {
			out = append(out, h.status())
		}
	}
	return out, nil
}

// HookStatus reads how the webhook is doing.
func (t *Tracker) HookStatus(ctx context.Context, id int64) (HookStatus, error) {
	op := t.hookOperation("read the webhook")
	a, err := t.client.do(ctx, op, http.MethodGet, t.hookPath(id), nil)
	if err != nil {
		return HookStatus{}, err
	}
	var h wireHook
	if err := t.client.into(op, a, &h); err != nil {
		return HookStatus{}, err
	}
	return h.status(), nil
}

func (t *Tracker) hookPath(id int64) string {
	return t.repository() + "/hooks/" + strconv.FormatInt(id, 10)
}

// FailedDeliveries lists the deliveries since a time that never arrived, each
// once and oldest first. GitHub does not repeat them by itself (T76).
func (t *Tracker) FailedDeliveries(ctx context.Context, id int64, since time.Time) ([]Delivery, error) {
	op := t.hookOperation("read the deliveries of the webhook")
	arrived := map[string]bool{}
	var failed []Delivery
	path := t.hookPath(id) + "/deliveries?per_page=100"
	for n := 0; path != "" && n < maxPages; n++ {
		a, err := t.client.do(ctx, op, http.MethodGet, path, nil)
		if err != nil {
			return nil, err
		}
		var rows []struct {
			ID          int64     `json:"id"`
			GUID        string    `json:"guid"`
			Event       string    `json:"event"`
			Action      *string   `json:"action"`
			StatusCode  int       `json:"status_code"`
			DeliveredAt time.Time `json:"delivered_at"`
			Redelivery  bool      `json:"redelivery"`
		}
		if err := t.client.into(op, a, &rows); err != nil {
			return nil, err
		}
		if path, err = t.client.next(op, a); err != nil {
			return nil, err
		}
		for _, r := range rows {
			switch {
			case r.DeliveredAt.Before(since):
				path = "" // newest first: what follows is older
			case r.StatusCode >= 200 && r.StatusCode < 300:
				arrived[r.GUID] = true
			default:
				failed = append(failed, Delivery{ID: r.ID, GUID: r.GUID, Event: r.Event, Action: text(r.Action), StatusCode: r.StatusCode, At: r.DeliveredAt.UTC(), Redelivery: r.Redelivery})
			}
		}
	}
	slices.Reverse(failed)
	return slices.DeleteFunc(failed, func(d Delivery) bool {
		seen := arrived[d.GUID]
		arrived[d.GUID] = true // of several failed attempts the first one stands for all
		return seen
	}), nil
}

// Redeliver asks GitHub to send a delivery again; it keeps its id.
func (t *Tracker) Redeliver(ctx context.Context, hook, delivery int64) error {
	op := t.hookOperation("repeat a delivery of the webhook")
	_, err := t.client.do(ctx, op, http.MethodPost, strings.Join([]string{t.hookPath(hook), "deliveries", strconv.FormatInt(delivery, 10), "attempts"}, "/"), nil)
	return err
}

// RedeliverFailed asks for every delivery to the address that failed since a
// time, and returns how many: what was missed while nobody listened comes in
// through the front door (T76).
func (t *Tracker) RedeliverFailed(ctx context.Context, address string, since time.Time) (int, error) {
	hooks, err := t.Hooks(ctx, address)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, h := range hooks {
		failed, err := t.FailedDeliveries(ctx, h.ID, since)
		if err != nil {
			return n, err
		}
		for _, d := range failed {
			if err := t.Redeliver(ctx, h.ID, d.ID); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}
