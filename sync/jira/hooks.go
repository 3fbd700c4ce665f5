package jira

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// HookStatus is a webhook as Jira has it.
type HookStatus struct {
	ID      string
	URL     string
	Events  []string
	Enabled bool
	// Signed is false when deliveries carry no signature; then the address has a token.
	Signed bool
}

// hookEvents are the events that concern us.
func hookEvents() []string {
	return []string{"jira:issue_created", "jira:issue_updated", "jira:issue_deleted"}
}

// wireHook is both shapes of a registered webhook.
type wireHook struct {
	ID       text     `json:"id"`
	Self     string   `json:"self"`
	URL      string   `json:"url"`
	Events   []string `json:"events"`
	Enabled  *bool    `json:"enabled"`
	Active   *bool    `json:"active"`
	IsSigned *bool    `json:"isSigned"`
}

func (h wireHook) status(style hookStyle) HookStatus {
	s := HookStatus{ID: string(h.ID), URL: h.URL, Events: h.Events, Enabled: true, Signed: style != unsignedHooks}
	if s.ID == "" {
		s.ID = h.Self[strings.LastIndexByte(h.Self, '/')+1:]
	}
	for _, b := range []*bool{h.Enabled, h.Active} {
		s.Enabled = s.Enabled && (b == nil || *b)
	}
	if h.IsSigned != nil {
		s.Signed = *h.IsSigned
	}
	return s
}

// hookStyle is how a Jira registers webhooks.
type hookStyle int

const (
	// signedHooks is Cloud: the secret stands beside the address.
	signedHooks hookStyle = iota
	// configuredHooks is Data Center from version 10 on, which reads the secret
	// from the configuration only.
	configuredHooks
	// unsignedHooks is Data Center before version 10, which does not sign: a
	// token in the address stands for the signature.
	unsignedHooks
)

// hookPath is where webhooks are registered, and how (T81).
func (t *Tracker) hookPath(ctx context.Context) (string, hookStyle, error) {
	const classic, modern = "rest/webhooks/1.0/webhook", "rest/jira-webhook/1.0/webhooks"
	if t.cloud() {
		return classic, signedHooks, nil
	}
	t.mu.Lock()
	major := t.version
	t.mu.Unlock()
	if major == 0 {
		var err error
		if major, err = t.major(ctx); err != nil {
			return "", 0, err
		}
		t.mu.Lock()
		t.version = major
		t.mu.Unlock()
	}
	if major >= 10 {
		return modern, configuredHooks, nil
	}
	return classic, unsignedHooks, nil
}

func (t *Tracker) major(ctx context.Context) (int, error) {
	var info struct {
		Version string `json:"version"`
	}
	if _, err := t.client.get(ctx, request{method: http.MethodGet, path: "rest/api/2/serverInfo", class: domain.CallRead}, &info); err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(info.Version, ".")
	n, err := strconv.Atoi(first)
	if err != nil || n <= 0 {
		return 0, domain.Errorf(domain.ErrUnavailable, "Jira gave the version %q, which is none", clipName(info.Version))
	}
	return n, nil
}

// InstallHook registers a webhook for this project's issues. One that leads to
// the address already is found and left as it is. Registering needs the right
// to administer Jira; an OAuth app does not have it.
func (t *Tracker) InstallHook(ctx context.Context, address, secret string) (HookStatus, error) {
	if len(secret) < 32 {
		return HookStatus{}, domain.Invalid("webhook_secret", "is shorter than 32 characters; unsigned or weakly signed deliveries are not accepted")
	}
	if strings.Contains(t.base, gateway) {
		return HookStatus{}, domain.Errorf(domain.ErrForbidden, "an OAuth app cannot register a signed webhook; let an administrator of Jira add one that leads to %s, with the secret and the filter project = %s", address, t.config.Project)
	}
	path, style, err := t.hookPath(ctx)
	if err != nil {
		return HookStatus{}, err
	}
	if style == unsignedHooks {
		address += "?token=" + AddressToken(secret)
	}
	have, err := t.registered(ctx, path, style, address)
	if err != nil {
		return HookStatus{}, err
	}
	if len(have) > 0 {
		return have[0], nil
	}
	filter := "project = " + quoteJQL(t.config.Project)
	body := map[string]any{"name": "Followthrough " + string(t.config.ID), "url": address, "events": hookEvents()}
	switch style {
	case configuredHooks:
		body["active"] = true
		body["configuration"] = map[string]string{"SECRET": secret, "EXCLUDE_BODY": "false", "FILTERS": filter}
	case signedHooks:
		body["secret"] = secret
		fallthrough
	case unsignedHooks:
		body["excludeBody"] = false
		body["filters"] = map[string]string{"issue-related-events-section": filter}
	}
	var made wireHook
	if _, err := t.client.get(ctx, request{method: http.MethodPost, path: path, body: body, class: domain.CallWrite}, &made); err != nil {
		return HookStatus{}, err
	}
	return made.status(style), nil
}

// Hooks lists the registered webhooks that lead to the address.
func (t *Tracker) Hooks(ctx context.Context, address string) ([]HookStatus, error) {
	path, style, err := t.hookPath(ctx)
	if err != nil {
		return nil, err
	}
	return t.registered(ctx, path, style, address)
}

func (t *Tracker) registered(ctx context.Context, path string, style hookStyle, address string) ([]HookStatus, error) {
	var list []wireHook
	if _, err := t.client.get(ctx, request{method: http.MethodGet, path: path, class: domain.CallRead}, &list); err != nil {
		return nil, err
	}
	plain, _, _ := strings.Cut(address, "?")
	var out []HookStatus
	for _, h := range list {
		if leads, _, _ := strings.Cut(h.URL, "?"); h.URL == address || address == plain && leads == plain {
			out = append(out, h.status(style))
		}
	}
	return out, nil
}

// RemoveHook deletes a webhook; one that is gone already is fine.
func (t *Tracker) RemoveHook(ctx context.Context, id string) error {
	if !idPattern.MatchString(id) {
		return domain.Invalid("hook", "%q is not the id of a webhook; ids are numbers", id)
	}
	path, _, err := t.hookPath(ctx)
	if err != nil {
		return err
	}
	_, err = t.client.write(ctx, request{method: http.MethodDelete, path: path + "/" + id, class: domain.CallWrite, bare: true})
	if domain.KindOf(err) == domain.ErrNotFound {
		return nil
	}
	return err
}
