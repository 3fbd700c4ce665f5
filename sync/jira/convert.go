package jira

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// text is an id or name that some versions send as a number.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*t = text(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return fmt.Errorf("%s is neither text nor a number", raw)
	}
	*t = text(n)
	return nil
}

// issueRow is one issue on the wire. Fields stay raw until they are used, so
// that an odd value spoils its own field only (T14).
type issueRow struct {
	ID          text                       `json:"id"`
	Key         string                     `json:"key"`
	Self        string                     `json:"self"`
	Fields      map[string]json.RawMessage `json:"fields"`
	Properties  json.RawMessage            `json:"properties"`
	Transitions json.RawMessage            `json:"transitions"`
}

type named struct {
	ID       text   `json:"id"`
	Key      string `json:"key"`
	Name     string `json:"name"`
	Category struct {
		Key string `json:"key"`
	} `json:"statusCategory"`
}

type userRow struct {
	AccountID   string `json:"accountId"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

// account is the immutable id of the flavor.
func (u userRow) account(cloud bool) string {
	if cloud || u.Name == "" {
		return u.AccountID
	}
	return u.Name
}

// property is what our issue property holds.
type property struct {
	Measure string `json:"measure"`
	Link    string `json:"link"`
	Nonce   string `json:"nonce"`
}

// native is what a write needs to know of the issue as it was read.
type native struct {
	Type        string       `json:"type,omitempty"`
	Status      string       `json:"status,omitempty"`
	Category    string       `json:"category,omitempty"`
	Resolution  string       `json:"resolution,omitempty"`
	Description string       `json:"description"`
	Link        string       `json:"link,omitempty"`
	Due         bool         `json:"due,omitempty"`    // the field can be seen
	Metric      bool         `json:"metric,omitempty"` // the field can be seen
	DueValue    string       `json:"due_value,omitempty"`
	MetricValue string       `json:"metric_value,omitempty"`
	Transitions []transition `json:"transitions,omitempty"`
	Listed      bool         `json:"listed,omitempty"` // Transitions is the whole list
	Marked      bool         `json:"marked,omitempty"` // the answer would have shown our property
}

func nativeOf(s domain.Snapshot) native {
	var n native
	if len(s.Native) > 0 {
		_ = json.Unmarshal(s.Native, &n) // our own words; a foreign one leaves the zero value
	}
	return n
}

// reader turns one row into a snapshot.
type reader struct {
	t   *Tracker
	row issueRow
	s   domain.Snapshot
	n   native
	b   managed
}

// snapshot reads one row. A row without id, key or time is broken; an odd
// value of one field fails that field only.
func (t *Tracker) snapshot(raw json.RawMessage, a answer) (domain.Snapshot, *domain.BrokenRow) {
	return t.snapshotOf(raw, a, "")
}

// snapshotOf is snapshot for answers that come without our property: link is
// the measure's address as known from before.
func (t *Tracker) snapshotOf(raw json.RawMessage, a answer, link string) (domain.Snapshot, *domain.BrokenRow) {
	r := reader{t: t}
	r.n.Link = link
	err := decode(raw, &r.row)
	ref := domain.RemoteRef{ID: string(r.row.ID), Key: r.row.Key, URL: t.browse(r.row.Key)}
	if err == nil {
		err = r.identify(ref)
	}
	if err != nil {
		return domain.Snapshot{}, &domain.BrokenRow{Ref: ref, Reason: t.client.redact(err.Error())}
	}
	r.s.ReadAt, r.s.ServerTime = t.now(), a.date
	r.readFields()
	r.readTransitions()
	r.finish()
	return r.s, nil
}

func (r *reader) identify(ref domain.RemoteRef) error {
	if !idPattern.MatchString(ref.ID) || !keyPattern.MatchString(ref.Key) {
		return fmt.Errorf("the row has id %q and key %q; it cannot be an issue", ref.ID, ref.Key)
	}
	if r.row.Fields == nil {
		return errors.New("the row has no fields")
	}
	var project named
	if ok, err := r.field("project", &project); err != nil || !ok || !idPattern.MatchString(string(project.ID)) {
		return fmt.Errorf("issue %s has no readable project", ref.Key)
	}
	ref.Place = string(project.ID)
	updated, err := r.time("updated")
	if err != nil {
		return err
	}
	r.s.Ref, r.s.Revision = ref, updated
	r.s.CreatedAt, _ = r.time("created") // only a display value and the order of twins
	var creator userRow
	if _, err := r.field("creator", &creator); err == nil { // an odd creator is nobody's
		r.s.Author = creator.account(r.t.cloud())
	}
	r.s.Fields = map[domain.Field]domain.RemoteValue{}
	return nil
}

// field decodes one field; false means that it is not in the answer. A JSON
// null leaves the fresh zero value.
func (r *reader) field(name string, into any) (bool, error) {
	raw, ok := r.row.Fields[name]
	if !ok {
		return false, nil
	}
	return true, decode(raw, into)
}

func (r *reader) time(name string) (time.Time, error) {
	var s string
	if ok, err := r.field(name, &s); err != nil || !ok {
		return time.Time{}, fmt.Errorf("issue %s has no readable %s", r.row.Key, name)
	}
	return parseTime(s)
}

// parseTime reads the forms of time that were seen.
func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999-0700", time.RFC3339Nano} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time", s)
}

func (r *reader) fail(f domain.Field, problem string) {
	r.s.Fields[f] = domain.RemoteValue{State: domain.FieldFailed, Problem: problem}
}

func (r *reader) readFields() {
	r.readProperty()
	r.readTitle()
	r.readDescription()
	r.readStatus()
	r.readPriority()
	r.readOwner()
	r.readDue()
	r.readMetric()
	var labels []string
	if ok, err := r.field("labels", &labels); ok && err == nil {
		r.s.Labels = labels
	}
}

// readProperty takes both shapes of properties: a map by key, or a list.
func (r *reader) readProperty() {
	r.n.Marked = len(r.row.Properties) > 0
	var byKey map[string]json.RawMessage
	raw := json.RawMessage(nil)
	if json.Unmarshal(r.row.Properties, &byKey) == nil {
		raw = byKey[propertyKey]
	}
	var list []struct {
		Key   string          `json:"key"`
		Value json.RawMessage `json:"value"`
	}
	if raw == nil && json.Unmarshal(r.row.Properties, &list) == nil {
		for _, p := range list {
			if p.Key == propertyKey {
				raw = p.Value
			}
		}
	}
	var p property
	if raw != nil && json.Unmarshal(raw, &p) == nil {
		r.s.MeasureID, r.s.Nonce, r.n.Link = p.Measure, p.Nonce, cmp.Or(p.Link, r.n.Link)
	}
}

func (r *reader) readTitle() {
	var s string
	ok, err := r.field("summary", &s)
	switch {
	case err != nil:
		r.fail(domain.FieldTitle, "the summary in Jira is not a text")
	case ok:
		r.s.Fields[domain.FieldTitle] = domain.RemoteValue{Raw: s, Value: domain.NormalTitle(s)}
	}
}

func (r *reader) readDescription() {
	var full string
	ok, err := r.field("description", &full)
	if err != nil {
		r.fail(domain.FieldDescription, "the description in Jira is not wiki text")
		return
	}
	if !ok {
		return
	}
	r.n.Description = full
	r.readBlock("")
}

// readBlock takes the description apart as the one of a measure.
func (r *reader) readBlock(measureID string) {
	r.b = splitBlock(r.n.Description, owner{r.n.Link, measureID})
	r.s.Fields[domain.FieldDescription] = readText(r.b.text())
	if r.s.MeasureID == "" && r.b.id != "" {
		r.s.MeasureID, r.s.Nonce = r.b.id, r.b.nonce
	}
	if key, ok := r.b.lines[domain.FieldIncident]; ok {
		r.s.Fields[domain.FieldIncident] = domain.RemoteValue{Raw: key, Value: key}
	}
}

func (r *reader) readStatus() {
	var status, resolution named
	ok, err := r.field("status", &status)
	if !ok && err == nil {
		return
	}
	if _, bad := r.field("resolution", &resolution); bad != nil {
		err = bad
	}
	if err != nil || status.ID == "" {
		r.fail(domain.FieldStatus, "the status in Jira cannot be read")
		return
	}
	r.n.Status, r.n.Category, r.n.Resolution = string(status.ID), status.Category.Key, string(resolution.ID)
	v := domain.RemoteValue{Raw: r.t.mapping.statusRaw(r.n.Status, r.n.Category, r.n.Resolution)}
	p, known := r.t.mapping.statusOf(r.n.Status, r.n.Category, r.n.Resolution)
	if v.Value = string(p); !known {
		v.State, v.Problem = domain.FieldFailed, fmt.Sprintf("the Jira status %q (id %s) is not mapped and has no category", status.Name, status.ID)
	}
	if p == domain.ProjectionCancelled && doubled.MatchString(resolution.Name) {
		v.Closure = domain.Duplicate
	}
	r.s.Fields[domain.FieldStatus] = v
}

// doubled are the names of resolutions that call an issue a duplicate; only the
// name tells it, because every site numbers its resolutions by itself.
var doubled = regexp.MustCompile(`(?i)duplicate|duplikat|dublette|doppelt`)

func (r *reader) readPriority() {
	var p named
	ok, err := r.field("priority", &p)
	switch {
	case err != nil:
		r.fail(domain.FieldPriority, "the priority in Jira cannot be read")
	case ok:
		v := domain.RemoteValue{Raw: string(p.ID)}
		value, known := r.t.mapping.priorityOf(v.Raw)
		if v.Value = string(value); !known && v.Raw != "" {
			v.State, v.Problem = domain.FieldFailed, fmt.Sprintf("the Jira priority %q (id %s) is not mapped", p.Name, p.ID)
		}
		r.s.Fields[domain.FieldPriority] = v
	}
}

func (r *reader) readOwner() {
	var u *userRow
	ok, err := r.field("assignee", &u)
	switch {
	case err != nil || ok && u != nil && u.account(r.t.cloud()) == "":
		r.fail(domain.FieldOwner, "the assignee in Jira cannot be read")
	case ok && u == nil:
		r.s.Fields[domain.FieldOwner] = domain.RemoteValue{}
	case ok:
		account := u.account(r.t.cloud())
		r.s.Fields[domain.FieldOwner] = domain.RemoteValue{Raw: account, Value: r.t.mapping.ownerOf(account, u.DisplayName)}
	}
}

// readDue takes the field; the line of the block stands in where the field
// cannot be written.
func (r *reader) readDue() {
	var s string
	ok, err := r.field(r.t.mapping.due, &s)
	if err != nil {
		r.fail(domain.FieldDueOn, "the due date in Jira is not a date")
		return
	}
	r.n.Due, r.n.DueValue = ok, s
	r.settleDue()
}

func (r *reader) settleDue() {
	v, known := r.homed(domain.FieldDueOn, r.n.Due, r.n.DueValue)
	if !known {
		return
	}
	date, err := domain.ParseDate(strings.TrimSpace(v.Raw))
	if err != nil {
		v.State, v.Problem = domain.FieldFailed, fmt.Sprintf("the due date %q in Jira is not a date; write YYYY-MM-DD", v.Raw)
	}
	v.Value = date.String()
	r.s.Fields[domain.FieldDueOn] = v
}

func (r *reader) readMetric() {
	var s string
	ok := false
	if r.t.mapping.metric != "" {
		var err error
		if ok, err = r.field(r.t.mapping.metric, &s); err != nil {
			r.fail(domain.FieldMetric, "the success metric in Jira is not a text")
			return
		}
	}
	r.n.Metric, r.n.MetricValue = ok, s
	r.settleMetric()
}

func (r *reader) settleMetric() {
	if v, known := r.homed(domain.FieldMetric, r.n.Metric, r.n.MetricValue); known {
		v.Value = domain.ParseMetric(v.Raw).Text()
		r.s.Fields[domain.FieldMetric] = v
	}
}

// homed picks between the field and the line of the block. A line beside an
// empty field is where the value lives, because the field could not be set.
func (r *reader) homed(f domain.Field, visible bool, value string) (domain.RemoteValue, bool) {
	inBlock, ok := r.b.lines[f]
	switch {
	case visible && (value != "" || !ok):
		return domain.RemoteValue{Raw: value}, true
	case ok && visible:
		return domain.RemoteValue{Raw: inBlock, State: domain.FieldDegraded, Problem: "Jira does not let the field be set; the value is kept in the description"}, true
	case ok:
		return domain.RemoteValue{Raw: inBlock}, true
	}
	return domain.RemoteValue{}, false
}

// For reads a snapshot as the issue of one measure: where the description has
// several blocks, that measure's own one counts, wherever it stands (A5).
func (t *Tracker) For(s domain.Snapshot, measureID string) domain.Snapshot {
	n := nativeOf(s)
	if measureID == "" || s.MeasureID == "" || s.MeasureID == measureID || n.Description == "" {
		return s
	}
	if b := splitBlock(n.Description, owner{id: measureID}); b.id != measureID {
		return s
	}
	n.Link = "" // it led to the other measure
	r := reader{t: t, s: s, n: n}
	r.s.MeasureID, r.s.Nonce, r.s.Fields = "", "", maps.Clone(s.Fields)
	for _, f := range []domain.Field{domain.FieldDueOn, domain.FieldMetric, domain.FieldIncident} {
		delete(r.s.Fields, f)
	}
	r.readBlock(measureID)
	r.settleDue()
	r.settleMetric()
	return r.s
}

func (r *reader) readTransitions() {
	if len(r.row.Transitions) == 0 {
		return
	}
	var list []transition
	if decode(r.row.Transitions, &list) != nil {
		return
	}
	r.n.Transitions, r.n.Listed = list, true
	r.t.remember(workflowPlace{r.s.Ref.Place, r.typeID(), r.n.Status}, list)
}

func (r *reader) typeID() string {
	var typ named
	if _, err := r.field("issuetype", &typ); err != nil {
		return ""
	}
	return string(typ.ID)
}

// finish stores what a write needs and hashes the content. The hash leaves out
// what differs between the ways of reading: properties and transitions, and
// with the property the choice among several blocks. The texts that the block
// is a part of are hashed as they are.
func (r *reader) finish() {
	r.n.Type = r.typeID()
	content := r.n
	content.Transitions, content.Listed, content.Link, content.Marked = nil, false, "", false
	fields := maps.Clone(r.s.Fields)
	for _, f := range []domain.Field{domain.FieldDescription, domain.FieldDueOn, domain.FieldMetric, domain.FieldIncident} {
		delete(fields, f)
	}
	sum := sha256.New()
	_ = json.NewEncoder(sum).Encode([]any{r.s.Ref.Place, r.s.Ref.Key, content, fields, r.s.Labels}) // plain values always encode
	r.s.Hash = hex.EncodeToString(sum.Sum(nil)[:16])
	r.s.Native, _ = json.Marshal(r.n) // plain values always encode
}
