package jira

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// AddressTokenHeader carries the token of the address a delivery came to: who
// receives deliveries puts the query parameter "token" there.
const AddressTokenHeader = "X-Followthrough-Address-Token"

// AddressToken is what stands in the address of a webhook of Data Centers
// before version 10, which cannot sign. It is derived from the secret, so that
// an address in somebody's log does not give the secret away.
func AddressToken(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("followthrough webhook address"))
	return hex.EncodeToString(mac.Sum(nil))
}

// VerifySignature reports whether the body was signed with one of the secrets,
// or came to the address that is known to the sender alone. Only SHA-256
// counts, the comparison takes the same time for every mistake, and an empty
// secret signs nothing (T80, T81).
func VerifySignature(header http.Header, body []byte, secrets []string) bool {
	values := header.Values("X-Hub-Signature")
	if len(values) == 0 {
		return verifyAddress(header.Values(AddressTokenHeader), secrets)
	}
	if len(values) != 1 {
		return false
	}
	encoded, ok := strings.CutPrefix(values[0], "sha256=")
	if !ok {
		return false
	}
	given, err := hex.DecodeString(encoded)
	if err != nil || len(given) != sha256.Size {
		return false
	}
	valid := false
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		if hmac.Equal(mac.Sum(nil), given) {
			valid = true
		}
	}
	return valid
}

func verifyAddress(values, secrets []string) bool {
	if len(values) != 1 {
		return false
	}
	valid := false
	for _, secret := range secrets {
		if secret != "" && hmac.Equal([]byte(AddressToken(secret)), []byte(values[0])) {
			valid = true
		}
	}
	return valid
}

// envelope is a delivery's payload as far as it is read.
type envelope struct {
	Timestamp json.Number     `json:"timestamp"`
	Event     string          `json:"webhookEvent"`
	Type      string          `json:"issue_event_type_name"`
	User      json.RawMessage `json:"user"`
	Issue     json.RawMessage `json:"issue"`
	Changelog struct {
		Items []json.RawMessage `json:"items"`
	} `json:"changelog"`
}

// changeRow is one changelog item. Old servers know no field ids.
type changeRow struct {
	Field       string `json:"field"`
	Kind        string `json:"fieldtype"`
	FieldID     string `json:"fieldId"`
	From        *text  `json:"from"`
	FromText    *text  `json:"fromString"`
	To          *text  `json:"to"`
	ToText      *text  `json:"toString"`
	FromAccount string `json:"tmpFromAccountId"`
}

func (c changeRow) is(name string) bool {
	return c.FieldID == name || c.FieldID == "" && strings.EqualFold(c.Field, name)
}

// became recognises a custom field of a Data Center, which names it but gives
// no id, by the value that it has now.
func (c changeRow) became(value, to string) bool {
	return c.FieldID == "" && c.Kind == "custom" && value != "" && value == to
}

func (c changeRow) from() string     { return deref(c.From) }
func (c changeRow) fromText() string { return deref(c.FromText) }

func deref(t *text) string {
	if t == nil {
		return ""
	}
	return string(*t)
}

// ParseWebhook reduces a verified delivery to what the engine needs. Events
// that do not change an issue's fields, and issues of other projects, are
// ignored; new kinds of events are, too.
func (t *Tracker) ParseWebhook(header http.Header, body []byte) (domain.Event, error) {
	var e envelope
	if err := decode(body, &e); err != nil {
		return domain.Event{}, domain.Errorf(domain.ErrInvalid, "the delivery is not a Jira event: %v", err)
	}
	event := domain.Event{Delivery: deliveryOf(header, body), Name: clipName(e.Event)}
	if e.Type != "" {
		event.Name += "/" + clipName(e.Type)
	}
	var who userRow
	if json.Unmarshal(e.User, &who) == nil { // an odd user is no reason to refuse the event
		event.Actor = who.account(t.cloud())
	}
	switch e.Event {
	case "jira:issue_created", "jira:issue_updated", "jira:issue_deleted":
		return t.issueEvent(event, e)
	}
	event.Ignored = true
	return event, nil
}

// deliveryOf is the same for all attempts of one delivery. Data Centers that
// name none get a name from the body, which carries the time.
func deliveryOf(header http.Header, body []byte) string {
	if id := header.Get("X-Atlassian-Webhook-Identifier"); id != "" && len(id) <= 100 && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:") == "" {
		return id
	}
	sum := sha256.Sum256(body)
	return "body-" + hex.EncodeToString(sum[:16])
}

func clipName(s string) string {
	if len(s) > 60 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:.-") != "" {
		return "unknown"
	}
	return s
}

func (t *Tracker) issueEvent(event domain.Event, e envelope) (domain.Event, error) {
	var row issueRow
	if err := decode(e.Issue, &row); err != nil || !idPattern.MatchString(string(row.ID)) || !keyPattern.MatchString(row.Key) {
		return domain.Event{}, domain.Errorf(domain.ErrInvalid, "the delivery of %s names no issue", event.Name)
	}
	t.learnSite(row.Self)
	event.Ref = domain.RemoteRef{ID: string(row.ID), Key: row.Key, URL: t.browse(row.Key)}
	items := readItems(e.Changelog.Items)
	if e.Event == "jira:issue_deleted" {
		event.Gone = true
		event.Ignored = !t.concerns(row, nil)
		return event, nil
	}
	s, broken := t.snapshot(e.Issue, answer{date: stamp(e.Timestamp)})
	if broken == nil {
		// When it was read is not known: a delivery may be late (T48).
		s.ReadAt = time.Time{}
		event.Ref = s.Ref
		if t.inside(&s) {
			event.Snapshot = &s
		}
	}
	switch moved := movedFrom(items); {
	case event.Snapshot != nil:
	case moved == "":
		event.Ignored = !t.concerns(row, nil)
	case t.concerns(row, items):
		to := event.Ref
		event.Moved = &to
	default:
		event.Ignored = true
	}
	event.Before = t.before(items, event.Snapshot)
	return event, nil
}

// gateway is the part of an address that OAuth clients of a Cloud use.
const gateway = "/ex/jira/"

// learnSite takes the address for people from an issue's own address, where
// the tracker's is the gateway for OAuth clients.
func (t *Tracker) learnSite(self string) {
	u, err := url.Parse(self)
	if err != nil || u.Scheme != "https" || !strings.HasSuffix(u.Host, ".atlassian.net") {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.site == "" {
		t.site = "https://" + u.Host
	}
}

func stamp(ms json.Number) time.Time {
	n, err := ms.Int64()
	if err != nil || n <= 0 || n > 1<<44 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

func readItems(raw []json.RawMessage) []changeRow {
	var out []changeRow
	for _, r := range raw {
		var c changeRow
		if decode(r, &c) == nil { // an odd item is skipped, not the event
			out = append(out, c)
		}
	}
	return out
}

// movedFrom is the project a move left, or "".
func movedFrom(items []changeRow) string {
	for _, c := range items {
		if c.is("project") {
			return c.from()
		}
	}
	return ""
}

// concerns reports whether the issue is, or was until now, in the project.
func (t *Tracker) concerns(row issueRow, items []changeRow) bool {
	t.mu.Lock()
	place := t.place
	t.mu.Unlock()
	for _, c := range items {
		if c.is("project") && place != "" && c.from() == place || strings.EqualFold(c.Field, "Key") && strings.HasPrefix(c.fromText(), t.config.Project+"-") {
			return true
		}
	}
	project, _, _ := strings.Cut(row.Key, "-")
	return project == t.config.Project
}

// before translates what the event says was there before its change; it is how
// an edit that we overwrote unseen is found again (sync.md C.6). Values that
// do not translate are left out.
func (t *Tracker) before(items []changeRow, now *domain.Snapshot) map[domain.Field]string {
	out := map[domain.Field]string{}
	n := native{}
	if now != nil {
		n = nativeOf(*now)
	}
	resolution := ""
	for _, c := range items {
		if c.is("resolution") {
			resolution = c.from()
		}
	}
	for _, c := range items {
		switch {
		case c.is("summary"):
			out[domain.FieldTitle] = domain.NormalTitle(c.fromText())
		case c.is("description"):
			b := splitBlock(c.fromText(), owner{})
			out[domain.FieldDescription] = readText(b.text()).Value
		case c.is("status"):
			if p, ok := t.mapping.statusOf(c.from(), "", resolution); ok {
				out[domain.FieldStatus] = string(p)
			}
		case c.is("priority"):
			if p, ok := t.mapping.priorityOf(c.from()); ok || c.from() == "" {
				out[domain.FieldPriority] = string(p)
			}
		case c.is("assignee"):
			out[domain.FieldOwner] = t.formerOwner(c)
		case c.is(t.mapping.due), c.became(n.DueValue, firstWord(deref(c.To), deref(c.ToText))):
			if d, err := domain.ParseDate(firstWord(c.from(), c.fromText())); err == nil {
				out[domain.FieldDueOn] = d.String()
			}
		case t.mapping.metric != "" && (c.FieldID == t.mapping.metric || c.became(n.MetricValue, deref(c.ToText))):
			out[domain.FieldMetric] = domain.ParseMetric(c.fromText()).Text()
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (t *Tracker) formerOwner(c changeRow) string {
	account := c.from()
	if t.cloud() && c.FromAccount != "" {
		account = c.FromAccount
	}
	if account == "" {
		return ""
	}
	return t.mapping.ownerOf(account, c.fromText())
}

// firstWord takes the date off a time such as 2026-03-31 00:00:00.0.
func firstWord(values ...string) string {
	for _, v := range values {
		if day, _, _ := strings.Cut(v, " "); day != "" {
			return day
		}
	}
	return ""
}
