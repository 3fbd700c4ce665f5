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
	// Signed is false when Jira says, or must be assumed, that deliveries carry no signature.
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

func (h wireHook) status(signed bool) HookStatus {
	s := HookStatus{ID: string(h.ID), URL: h.URL, Events: h.Events, Enabled: true, Signed: signed}
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

// hookPath is where webhooks are registered: Data Center moved it in version
// 10, and reads the secret only from there on (T81).
func (t *Tracker) hookPath(ctx context.Context) (path string, modern bool, err error) {
	t.mu.Lock()
	path = t.hook
	t.mu.Unlock()
	if path == "" {
		path = "rest/webhooks/1.0/webhook"
		major, err := t.major(ctx)
		if err != nil {
			return "", false, err
		}
		if major >= 10 && !t.cloud() {
			path = "rest/jira-webhook/1.0/webhooks"
		}
		t.mu.Lock()
		t.hook = path
		t.mu.Unlock()
	}
	return path, strings.Contains(path, "jira-webhook"), nil
}

func (t *Tracker) major(ctx context.Context) (int, error) {
	if t.cloud() {
		return 0, nil
	}
	var info struct {
		Version string `json:"version"`
	}
	if _, err := t.client.get(ctx, request{method: http.MethodGet, path: "rest/api/2/serverInfo", class: domain.CallRead}, &info); err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(info.Version, ".")
	n, err := strconv.Atoi(first)
	if err != nil {
		return 0, domain.Errorf(domain.ErrUnavailable, "Jira gave the version %q, which is none", clipName(info.Version))
	}
	return n, nil
}

// InstallHook registers a webhook for this project's issues.
func (t *Tracker) InstallHook(ctx context.Context, address, secret string) (HookStatus, error) {
	if len(secret) < 32 {
		return HookStatus{}, domain.Invalid("webhook_secret", "is shorter than 32 characters; unsigned or weakly signed deliveries are not accepted")
	}
	path, modern, err := t.hookPath(ctx)
	if err != nil {
		return HookStatus{}, err
	}
	filter := "project = " + quoteJQL(t.config.Project)
	body := map[string]any{"name": "Followthrough " + string(t.config.ID), "url": address, "events": hookEvents()}
	if modern {
		body["active"] = true
		body["configuration"] = map[string]string{"SECRET": secret, "EXCLUDE_BODY": "false", "FILTERS": filter}
	} else {
		body["excludeBody"], body["secret"] = false, secret
		body["filters"] = map[string]string{"issue-related-events-section": filter}
	}
	var made wireHook
	if _, err := t.client.get(ctx, request{method: http.MethodPost, path: path, body: body, class: domain.CallWrite}, &made); err != nil {
		return HookStatus{}, err
	}
	return made.status(modern || t.cloud()), nil
}

// Hooks lists the registered webhooks that lead to the address.
func (t *Tracker) Hooks(ctx context.Context, address string) ([]HookStatus, error) {
	path, modern, err := t.hookPath(ctx)
	if err != nil {
		return nil, err
	}
	var list []wireHook
	if _, err := t.client.get(ctx, request{method: http.MethodGet, path: path, class: domain.CallRead}, &list); err != nil {
		return nil, err
	}
	var out []HookStatus
	for _, h := range list {
		if h.URL == address {
			out = append(out, h.status(modern || t.cloud()))
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
