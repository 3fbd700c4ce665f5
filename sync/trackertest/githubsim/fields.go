package githubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// field is an issue field of an organisation.
type field struct {
	id      int64
	name    string
	kind    string
	options []fieldOption
	at      time.Time
}

type fieldOption struct {
	id   int64
	name string
}

type fieldValue struct {
	field  *field
	text   string
	number float64
}

func (v fieldValue) equal(w fieldValue) bool { return v == w }

type wireFieldValue struct {
	ID     int64       `json:"issue_field_id"`
	Name   string      `json:"issue_field_name"`
	NodeID string      `json:"node_id"`
	Type   string      `json:"data_type"`
	Value  any         `json:"value"`
	Option *wireOption `json:"single_select_option,omitempty"`
}

type wireOption struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color"`
}

// AddField gives an organisation an issue field and returns its id. The kind
// is text, number, date or single_select, which has options. An organisation
// without fields drops field values silently, as do repositories of people.
func (s *Server) AddField(org, name, kind string, options ...string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.mustUser(org)
	f := &field{id: s.id(), name: name, kind: kind, at: s.now()}
	for _, o := range options {
		f.options = append(f.options, fieldOption{s.id(), o})
	}
	s.fields[u.id] = append(s.fields[u.id], f)
	s.epoch++
	return f.id
}

func (r *repo) fieldsOf(s *Server) []*field {
	if s.opts.Enterprise != "" || r.owner.kind != "Organization" {
		return nil
	}
	return s.fields[r.owner.id]
}

// listFields is the first part of G8.
func (c *call) listFields() *reply {
	org := c.users[fold(c.params["org"])]
	if org == nil || c.opts.Enterprise != "" || len(c.fields[org.id]) == 0 {
		return c.notFound()
	}
	list := []map[string]any{}
	for _, f := range c.fields[org.id] {
		w := map[string]any{
			"id": f.id, "node_id": nodeID("IF_", f.id), "name": f.name, "data_type": f.kind, "visibility": "all",
			"created_at": stamp(f.at), "updated_at": stamp(f.at), "description": nil,
		}
		if f.kind == "single_select" {
			options := []map[string]any{}
			for n, o := range f.options {
				options = append(options, map[string]any{"id": o.id, "name": o.name, "color": "gray", "priority": n + 1, "description": nil})
			}
			w["options"] = options
		}
		list = append(list, w)
	}
	return ok(list)
}

func (s *Server) wireFields(v *revision) []wireFieldValue {
	out := make([]wireFieldValue, 0, len(v.fields))
	for _, x := range v.fields {
		w := wireFieldValue{ID: x.field.id, Name: x.field.name, NodeID: nodeID("IFV_", x.field.id), Type: x.field.kind, Value: x.text}
		switch x.field.kind {
		case "number":
			w.Value = x.number
		case "single_select":
			for _, o := range x.field.options {
				if o.name == x.text {
					w.Option = &wireOption{o.id, o.name, "gray"}
				}
			}
		}
		out = append(out, w)
	}
	return out
}

var civilDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

// fieldMembers reads issue_field_values. Where there are no fields they are
// dropped silently.
func (c *call) fieldMembers(r *repo, raw json.RawMessage, ch *change) []fieldProblem {
	fields := r.fieldsOf(c.Server)
	if len(fields) == 0 {
		c.count("dropped_issue_field_values")
		return nil
	}
	var in []struct {
		ID    int64           `json:"field_id"`
		Value json.RawMessage `json:"value"`
	}
	bad := func(code, message string) []fieldProblem {
		return []fieldProblem{{Resource: "Issue", Field: "issue_field_values", Code: code, Message: message}}
	}
	if json.Unmarshal(raw, &in) != nil {
		return bad("invalid", "")
	}
	values := []fieldValue{}
	for _, item := range in {
		n := slices.IndexFunc(fields, func(f *field) bool { return f.id == item.ID })
		if n < 0 {
			return bad("invalid", fmt.Sprintf("there is no issue field %d", item.ID))
		}
		v, err := parseField(fields[n], item.Value)
		if err != nil {
			return bad("invalid", err.Error())
		}
		values = append(values, v)
	}
	ch.fields = &values
	return nil
}

func parseField(f *field, raw json.RawMessage) (fieldValue, error) {
	v := fieldValue{field: f}
	if f.kind == "number" {
		if json.Unmarshal(raw, &v.number) != nil {
			return v, fmt.Errorf("%s takes a number", f.name)
		}
		return v, nil
	}
	if json.Unmarshal(raw, &v.text) != nil {
		return v, fmt.Errorf("%s takes a string", f.name)
	}
	switch {
	case f.kind == "date" && !civilDate.MatchString(v.text):
		return v, fmt.Errorf("%s takes a date of the form 2026-03-31", f.name)
	case f.kind == "single_select" && !slices.ContainsFunc(f.options, func(o fieldOption) bool { return o.name == v.text }):
		return v, fmt.Errorf("%s has no option %q", f.name, v.text)
	}
	return v, nil
}

func (c *call) listFieldValues() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	i, other := c.issue(r)
	if other != nil {
		return other
	}
	return cut(c, c.wireFields(c.see(i)))
}

func (c *call) addFieldValues() *reply { return c.writeFieldValues(true) }

func (c *call) setFieldValues() *reply { return c.writeFieldValues(false) }

// fieldIssue finds the issue of a field write and checks the right to it.
func (c *call) fieldIssue() (*issue, *reply) {
	i, other := c.labelCall()
	if other == nil && len(i.repo.fieldsOf(c.Server)) == 0 {
		return nil, c.notFound()
	}
	return i, other
}

func (c *call) writeFieldValues(keep bool) *reply {
	i, other := c.fieldIssue()
	if other != nil {
		return other
	}
	var in struct {
		Values json.RawMessage `json:"issue_field_values"`
	}
	if other := c.decode(&in); other != nil {
		return other
	}
	var ch change
	if errs := c.fieldMembers(i.repo, in.Values, &ch); errs != nil {
		return c.invalid("issues/issue-field-values", errs...)
	}
	if keep {
		for _, old := range i.cur().fields {
			if !slices.ContainsFunc(*ch.fields, func(v fieldValue) bool { return v.field == old.field }) {
				*ch.fields = append(*ch.fields, old)
			}
		}
	}
	c.apply(i, c.actingUser(), c.actingApp(), ch)
	return ok(c.wireFields(i.cur()))
}

func (c *call) clearFieldValue() *reply {
	i, other := c.fieldIssue()
	if other != nil {
		return other
	}
	id, _ := strconv.ParseInt(c.params["field"], 10, 64)
	values := slices.DeleteFunc(slices.Clone(i.cur().fields), func(v fieldValue) bool { return v.field.id == id })
	if len(values) == len(i.cur().fields) {
		return c.notFound()
	}
	c.apply(i, c.actingUser(), c.actingApp(), change{fields: &values})
	return &reply{status: http.StatusNoContent}
}

// SetField sets an issue field as a person would; an empty value clears it.
func (p Person) SetField(full string, number int, fieldID int64, value string) error {
	return p.on(full, number, func(i *issue, by *user) error {
		fields := i.repo.fieldsOf(p.s)
		n := slices.IndexFunc(fields, func(f *field) bool { return f.id == fieldID })
		if n < 0 {
			return fmt.Errorf("githubsim: %s has no issue field %d", full, fieldID)
		}
		values := slices.DeleteFunc(slices.Clone(i.cur().fields), func(v fieldValue) bool { return v.field == fields[n] })
		if value != "" {
			raw := json.RawMessage(value)
			if fields[n].kind != "number" {
				raw = encode(value)
			}
			v, err := parseField(fields[n], raw)
			if err != nil {
				return err
			}
			values = append(values, v)
		}
		p.s.apply(i, by, nil, change{fields: &values})
		return nil
	})
}

func (v fieldValue) display() string {
	if v.field.kind == "number" {
		return strconv.FormatFloat(v.number, 'g', -1, 64)
	}
	return v.text
}
