package jira

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// defaultType is the issue type of new issues where the mapping names none.
const defaultType = "Task"

// Create makes an issue with one request that carries everything, the nonce
// included. Jira answers with ids only, so the snapshot has no Fields. A
// refusal that names optional fields is tried once more without them (T59).
func (t *Tracker) Create(ctx context.Context, d domain.Draft) (domain.Snapshot, error) {
	c := t.newCreate(d)
	for try := range 2 {
		a, err := t.client.send(ctx, request{method: http.MethodPost, path: "rest/api/2/issue", body: c.document(), class: domain.CallCreate})
		if err == nil {
			return t.created(a, d)
		}
		status, said := statusOf(err)
		if try > 0 || status != http.StatusBadRequest || !c.drop(said) {
			return domain.Snapshot{}, err
		}
		t.leave(said)
	}
	return domain.Snapshot{}, domain.Errorf(domain.ErrInvalid, "Jira refused the issue") // not reached: the second try returns
}

// created reads the ids. Anything but a whole answer leaves the outcome open (T6).
func (t *Tracker) created(a answer, d domain.Draft) (domain.Snapshot, error) {
	r := request{method: http.MethodPost, path: "rest/api/2/issue", class: domain.CallCreate}
	var got struct {
		ID  text   `json:"id"`
		Key string `json:"key"`
	}
	if !isJSON(a.header) {
		return domain.Snapshot{}, t.client.unreadable(r, codeNotJSON, "is a page and not data", nil)
	}
	if err := decode(a.body, &got); err != nil {
		return domain.Snapshot{}, t.client.unreadable(r, "undecodable", "cannot be read", err)
	}
	if !idPattern.MatchString(string(got.ID)) || !keyPattern.MatchString(got.Key) {
		return domain.Snapshot{}, t.client.unreadable(r, "undecodable", "names no issue", nil)
	}
	t.mu.Lock()
	place := t.place
	t.mu.Unlock()
	// No revision: the date of the answer is a proxy's clock, and a revision ahead of
	// the issue's own would make every later look at it seem stale.
	return domain.Snapshot{Ref: domain.RemoteRef{ID: string(got.ID), Key: got.Key, URL: t.browse(got.Key), Place: place},
		ReadAt: t.now(), ServerTime: a.date, CreatedAt: a.date, MeasureID: d.MeasureID, Nonce: d.Nonce}, nil
}

// creation is the body of a create while fields are taken out of it.
type creation struct {
	t          *Tracker
	d          domain.Draft
	p          payload
	labels     []string
	properties bool
	bare       bool // without a description, which is not on the screen
}

func (t *Tracker) newCreate(d domain.Draft) *creation {
	c := &creation{t: t, d: d, p: newPayload(t, managed{}), properties: true}
	for _, l := range t.mapping.ExtraLabels {
		c.labels = append(c.labels, strings.Join(strings.Fields(l), "-")) // Jira's labels have no blanks
	}
	for _, f := range domain.SyncedFields() {
		if f == domain.FieldStatus { // a new issue has its workflow's first status
			continue
		}
		v := t.Put(f, d.Values[f], domain.Snapshot{})
		if v.State == domain.FieldFailed || v.Raw == "" {
			continue
		}
		switch {
		case f == domain.FieldDescription:
			c.p.setText(v.Raw, "")
		case f == domain.FieldIncident, f == domain.FieldMetric && t.mapping.metric == "":
			c.p.setLine(f, v.Raw, d)
		default:
			c.p.set(f, v.Raw)
		}
	}
	c.p.text = true // the block is always written
	for _, name := range t.left() {
		c.takeOut(name)
	}
	return c
}

func (c *creation) document() map[string]any {
	fields := maps.Clone(c.p.fields)
	fields["project"] = c.project()
	fields["issuetype"] = c.issueType()
	if text := c.p.description(c.d, ""); text != "" && !c.bare {
		fields["description"] = text
	}
	doc := map[string]any{"fields": fields}
	if len(c.labels) > 0 {
		adds := make([]map[string]string, len(c.labels))
		for i, l := range c.labels {
			adds[i] = map[string]string{"add": l}
		}
		doc["update"] = map[string]any{"labels": adds}
	}
	if c.properties {
		doc["properties"] = marker(c.d)
	}
	return doc
}

func (c *creation) project() map[string]string {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	if c.t.place != "" {
		return map[string]string{"id": c.t.place}
	}
	return map[string]string{"key": c.t.config.Project}
}

func (c *creation) issueType() map[string]string {
	switch kind := c.t.mapping.IssueType; {
	case kind == "":
		return map[string]string{"name": defaultType}
	case idPattern.MatchString(kind):
		return map[string]string{"id": kind}
	default:
		return map[string]string{"name": kind}
	}
}

// drop takes out the optional fields a refusal names; the title, the project
// and the type are not optional. It reports whether a retry is useful.
func (c *creation) drop(said refusal) bool {
	dropped := false
	for _, name := range slices.Sorted(maps.Keys(said.Fields)) {
		if !c.takeOut(name) {
			return false
		}
		dropped = true
	}
	if len(said.Fields) == 0 && c.properties && said.mentions("properties") {
		return c.takeOut("properties")
	}
	return dropped
}

// takeOut leaves a field out of the create; due date and metric move to the
// block. It reports false for what is not optional or was not sent.
func (c *creation) takeOut(name string) bool {
	switch name {
	case "project", "issuetype", "summary":
		return false
	case "labels":
		sent := len(c.labels) > 0
		c.labels = nil
		return sent
	case "properties":
		sent := c.properties
		c.properties = false
		return sent
	case "description":
		c.bare = true
		return true
	}
	f, ok := c.p.fieldOf(name)
	if !ok {
		return false
	}
	c.p.unset(f)
	if homeless(f) {
		c.p.setLine(f, c.t.Put(f, c.d.Values[f], domain.Snapshot{}).Raw, c.d)
	}
	return true
}

// screenLife is how long a refusal of a field by the create screen is believed.
const screenLife = 24 * time.Hour

// leave remembers which fields the create screen does not have, so that the
// next create needs one request again.
func (t *Tracker) leave(said refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, why := range said.Fields {
		if strings.Contains(why, "cannot be set") {
			t.absent[name] = t.now()
		}
	}
}

// left lists the fields that the create screen was seen not to have.
func (t *Tracker) left() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.absent, func(_ string, seen time.Time) bool { return t.now().Sub(seen) > screenLife })
	return slices.Sorted(maps.Keys(t.absent))
}
