package github

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// VerifySignature reports whether the body was signed with one of the secrets.
// Only SHA-256 counts, the comparison takes the same time for every mistake,
// and an empty secret signs nothing (T78).
func VerifySignature(header http.Header, body []byte, secrets []string) bool {
	values := header.Values("X-Hub-Signature-256")
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

// envelope is a delivery's payload as far as it is read.
type envelope struct {
	Action     string          `json:"action"`
	Issue      json.RawMessage `json:"issue"`
	Changes    json.RawMessage `json:"changes"`
	Repository struct {
		ID       int64  `json:"id"`
		FullName string `json:"full_name"`
		Private  *bool  `json:"private"`
	} `json:"repository"`
	Sender account `json:"sender"`
}

// changes are the earlier values of an edit and the goal of a transfer.
type changes struct {
	Title *struct {
		From string `json:"from"`
	} `json:"title"`
	Body *struct {
		From string `json:"from"`
	} `json:"body"`
	NewIssue *struct {
		NodeID  string `json:"node_id"`
		Number  int    `json:"number"`
		HTMLURL string `json:"html_url"`
	} `json:"new_issue"`
	NewRepository *struct {
		ID       int64  `json:"id"`
		FullName string `json:"full_name"`
	} `json:"new_repository"`
}

var (
	eventName  = regexp.MustCompile(`^[a-z_]{1,60}$`)
	deliveryID = regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`)
)

// ParseWebhook reduces a delivery whose signature was verified to what the
// engine needs. Events that do not concern issues of this repository, new ones
// included, are ignored and are not errors (T77).
func (t *Tracker) ParseWebhook(header http.Header, body []byte) (domain.Event, error) {
	name, delivery := header.Get("X-GitHub-Event"), header.Get("X-GitHub-Delivery")
	if !eventName.MatchString(name) || !deliveryID.MatchString(delivery) {
		return domain.Event{}, domain.Invalid("headers", "name no event and delivery of GitHub")
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return domain.Event{}, &domain.Error{Kind: domain.ErrInvalid, Message: "the payload of delivery " + delivery + " cannot be read; set the webhook's content type to application/json", Err: t.client.clean(err)}
	}
	event := domain.Event{Delivery: delivery, Name: name, Actor: e.Sender.Login}
	if e.Action != "" && eventName.MatchString(e.Action) {
		event.Name += "." + e.Action
	}
	ours := t.concerns(e)
	if ours && e.Repository.Private != nil && !*e.Repository.Private {
		t.noteVisibility(true) // only reading the repository itself takes it back
	}
	if name != "issues" || len(e.Issue) == 0 || !ours {
		event.Ignored = true
		return event, nil
	}
	return t.issueEvent(event, e)
}

// concerns reports whether the event is about the configured repository, by
// its immutable id where that is known.
func (t *Tracker) concerns(e envelope) bool {
	if place := t.knownPlace(); place != "" {
		return place == strconv.FormatInt(e.Repository.ID, 10)
	}
	return strings.EqualFold(e.Repository.FullName, t.cfg.Tracker.Repository)
}

func (t *Tracker) issueEvent(event domain.Event, e envelope) (domain.Event, error) {
	var i issue
	whole := json.Unmarshal(e.Issue, &i) == nil && i.complete() == nil
	ref := t.refOf(e.Issue)
	if i.pull() || ref.ID == "" || ref.Number <= 0 {
		event.Ignored = true // a pull request, or a delivery too old to name its issue
		return event, nil
	}
	event.Ref, event.Ref.URL, event.Ref.Place = ref, i.HTMLURL, ""
	if e.Repository.ID > 0 {
		event.Ref.Place = strconv.FormatInt(e.Repository.ID, 10)
	}
	var c changes
	if len(e.Changes) > 0 && json.Unmarshal(e.Changes, &c) != nil {
		c = changes{} // earlier values are for the audit only
	}
	switch e.Action {
	case "deleted":
		event.Gone = true
		return event, nil
	case "transferred":
		event.Moved = moved(c)
		return event, nil
	}
	if !whole {
		return event, nil // the delivery says which issue, but not how it is: it is read again (T83)
	}
	s := t.snapshot(i, event.Ref.Place, t.cfg.Now(), time.Time{})
	s.Actor = e.Sender.Login
	event.Snapshot, event.Before = &s, before(c, s.MeasureID)
	return event, nil
}

// moved is where a transferred issue went; the ref is empty where the delivery
// does not say it.
func moved(c changes) *domain.RemoteRef {
	ref := domain.RemoteRef{}
	if c.NewIssue != nil {
		ref.ID, ref.Number, ref.URL = c.NewIssue.NodeID, c.NewIssue.Number, c.NewIssue.HTMLURL
	}
	if c.NewRepository != nil {
		ref.Place = strconv.FormatInt(c.NewRepository.ID, 10)
		if ref.Number > 0 {
			ref.Key = c.NewRepository.FullName + "#" + strconv.Itoa(ref.Number)
		}
	}
	return &ref
}

// before reads the values an edit replaced: they show whether somebody else's
// edit was overwritten unseen.
func before(c changes, measureID string) map[domain.Field]string {
	out := map[domain.Field]string{}
	if c.Title != nil {
		out[domain.FieldTitle] = getTitle(c.Title.From).Value
	}
	if c.Body != nil {
		d := parse(c.Body.From, measureID)
		out[domain.FieldDescription] = getDescription(d.text()).Value
		for field, name := range map[domain.Field]string{domain.FieldDueOn: lineDue, domain.FieldMetric: lineMetric} {
			if value, there := d.line(name); there {
				out[field] = getLine(field, value).Value
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
