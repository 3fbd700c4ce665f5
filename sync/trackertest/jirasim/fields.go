package jirasim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// onScreens reports system fields that screens may carry.
func onScreens(id string) bool {
	switch id {
	case "summary", "description", "issuetype", "project", "priority", "assignee", "reporter", "labels", "duedate":
		return true
	}
	return false
}

func systemFields() []*fieldDef {
	f := func(id, name, typ, items string, navig bool) *fieldDef {
		return &fieldDef{id: id, name: name, typ: typ, items: items, navig: navig}
	}
	return []*fieldDef{
		f("summary", "Summary", "string", "", true),
		f("description", "Description", "string", "", true),
		f("issuetype", "Issue Type", "issuetype", "", true),
		f("project", "Project", "project", "", true),
		f("priority", "Priority", "priority", "", true),
		f("assignee", "Assignee", "user", "", true),
		f("reporter", "Reporter", "user", "", true),
		f("creator", "Creator", "user", "", true),
		f("labels", "Labels", "array", "string", true),
		f("duedate", "Due date", "date", "", true),
		f("status", "Status", "status", "", true),
		f("resolution", "Resolution", "resolution", "", true),
		f("resolutiondate", "Resolved", "datetime", "", true),
		f("created", "Created", "datetime", "", true),
		f("updated", "Updated", "datetime", "", true),
		f("statuscategorychangedate", "Status Category Changed", "datetime", "", true),
		f("components", "Components", "array", "component", true),
		f("fixVersions", "Fix versions", "array", "version", true),
		f("versions", "Affects versions", "array", "version", true),
		f("environment", "Environment", "string", "", true),
		f("attachment", "Attachment", "array", "attachment", false),
		f("issuelinks", "Linked Issues", "array", "issuelinks", true),
		f("subtasks", "Sub-tasks", "array", "issuelinks", true),
		f("votes", "Votes", "votes", "", true),
		f("watches", "Watchers", "watches", "", true),
		f("workratio", "Work Ratio", "number", "", true),
		f("timespent", "Time Spent", "number", "", true),
		f("timeestimate", "Remaining Estimate", "number", "", true),
		f("timeoriginalestimate", "Original estimate", "number", "", true),
		f("aggregatetimespent", "Σ Time Spent", "number", "", true),
		f("aggregatetimeestimate", "Σ Remaining Estimate", "number", "", true),
		f("aggregatetimeoriginalestimate", "Σ Original Estimate", "number", "", true),
		f("progress", "Progress", "progress", "", true),
		f("aggregateprogress", "Σ Progress", "progress", "", true),
		f("lastViewed", "Last Viewed", "datetime", "", true),
		f("timetracking", "Time tracking", "timetracking", "", false),
		f("statusCategory", "Status Category", "statusCategory", "", true),
		f("security", "Security Level", "securitylevel", "", true),
	}
}

// input is what a request or a person asks to set.
type input struct {
	Fields map[string]json.RawMessage              `json:"fields"`
	Update map[string][]map[string]json.RawMessage `json:"update"`

	by      *user
	version string
	allowed func(field string) bool
}

// apply sets the fields of a draft and returns a message per refused field.
// It goes through the fields in order of their names, so that runs repeat.
func (s *Server) apply(v *revision, in input) map[string]string {
	errs := map[string]string{}
	note := func(field, message string) {
		if message != "" {
			errs[field] = message
		}
	}
	for _, id := range slices.Sorted(maps.Keys(in.Fields)) {
		if !in.allowed(id) {
			note(id, fmt.Sprintf(offScreen, id))
			continue
		}
		note(id, s.set(v, id, in.Fields[id], in))
	}
	for _, id := range slices.Sorted(maps.Keys(in.Update)) {
		if _, twice := in.Fields[id]; twice {
			s.count("field_in_both")
			note(id, fmt.Sprintf("Field '%s' cannot appear in both 'fields' and 'update'", id))
			continue
		}
		if !in.allowed(id) {
			note(id, fmt.Sprintf(offScreen, id))
			continue
		}
		for _, op := range in.Update[id] {
			for _, verb := range slices.Sorted(maps.Keys(op)) {
				note(id, s.verb(v, id, verb, op[verb], in))
			}
		}
	}
	return errs
}

func (s *Server) verb(v *revision, id, verb string, raw json.RawMessage, in input) string {
	if verb == "set" {
		return s.set(v, id, raw, in)
	}
	if id != "labels" || verb != "add" && verb != "remove" {
		return fmt.Sprintf("Field with id '%s' does not support operation '%s'. Supported operation(s) are: 'set'", id, verb)
	}
	var label string
	if json.Unmarshal(raw, &label) != nil {
		return "Operation value must be a string"
	}
	if verb == "remove" {
		v.labels = slices.DeleteFunc(slices.Clone(v.labels), func(l string) bool { return l == label })
		return ""
	}
	return setLabels(v, append(slices.Clone(v.labels), label))
}

// ref is how requests name users, priorities, types and projects.
type ref struct {
	ID        string `json:"id"`
	Key       string `json:"key"`
	Name      string `json:"name"`
	AccountID string `json:"accountId"`
}

func (s *Server) set(v *revision, id string, raw json.RawMessage, in input) string {
	null := string(raw) == "null"
	switch id {
	case "summary", "duedate", "description":
		return s.setText(v, id, raw, null, in)
	case "labels":
		var labels []string
		if !null && json.Unmarshal(raw, &labels) != nil {
			return "Specify a valid value for labels"
		}
		return setLabels(v, labels)
	case "priority", "issuetype", "project":
		return s.setRef(v, id, raw, null)
	case "assignee", "reporter":
		return s.setUser(v, id, raw, null, in)
	}
	f := s.field(id)
	if f == nil || !f.custom {
		return fmt.Sprintf(offScreen, id)
	}
	return s.setCustom(v, f, raw, null, in)
}

func (s *Server) setText(v *revision, id string, raw json.RawMessage, null bool, in input) string {
	var text string
	switch {
	case id == "description" && in.version == "3" && !null:
		t, err := fromADF(raw)
		if err != nil {
			return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
		}
		text = t
	case !null && json.Unmarshal(raw, &text) != nil:
		return "Operation value must be a string"
	}
	switch id {
	case "summary":
		return s.setSummary(v, text)
	case "duedate":
		if text != "" {
			if _, err := time.Parse(time.DateOnly, text); err != nil {
				return "Error parsing date string: " + text
			}
		}
		v.due = text
	case "description":
		if len(utf16.Encode([]rune(text))) > s.opts.DescriptionLimit {
			return "The entered text is too long. It exceeds the allowed limit of " + thousands(s.opts.DescriptionLimit) + " characters."
		}
		v.description = s.normalize(text)
	}
	return ""
}

func (s *Server) setSummary(v *revision, text string) string {
	if s.cloud() {
		text = strings.TrimSpace(text)
	}
	switch {
	case strings.TrimSpace(text) == "":
		return "You must specify a summary of the issue."
	case strings.ContainsAny(text, "\r\n"):
		return "The summary is invalid because it contains newline characters."
	case len(utf16.Encode([]rune(text))) > 255 && s.cloud():
		return "Summary can't exceed 255 characters."
	case len(utf16.Encode([]rune(text))) > 255:
		return "Summary must be less than 255 characters."
	}
	v.summary = text
	return ""
}

func setLabels(v *revision, labels []string) string {
	var out []string
	for _, l := range labels {
		if strings.ContainsAny(l, " \t\n") {
			return "The label '" + l + "' contains spaces which is invalid."
		}
		if len(l) > 255 {
			return "The label '" + l[:20] + "...' exceeds the maximum length of 255 characters."
		}
		if l != "" && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	slices.Sort(out)
	v.labels = out
	return ""
}

func (s *Server) setRef(v *revision, id string, raw json.RawMessage, null bool) string {
	var r ref
	if !null && json.Unmarshal(raw, &r) != nil {
		return "Specify a valid 'id' or 'name' for " + s.field(id).name
	}
	by := r.ID
	if by == "" {
		by = r.Name
	}
	switch id {
	case "priority":
		if null || by == "" {
			return "Priority is required."
		}
		p := pick(v.project.priorities, by, func(p *priority) (string, string) { return p.id, p.name })
		if p == nil {
			return "The priority selected is invalid."
		}
		v.priority = p
	case "issuetype":
		t := v.project.typ(by)
		if t == nil {
			return "The issue type selected is invalid."
		}
		if v.issue != nil && v.status != nil && !slices.Contains(v.project.workflows[t.id].statuses, v.status) {
			return "The issue type selected is invalid."
		}
		v.typ = t
	case "project":
		if r.Key != "" {
			by = r.Key
		}
		if p := s.project(by); p == nil || p != v.project {
			return "Operation not supported: issues are moved between projects by hand."
		}
	}
	return ""
}

func (s *Server) setUser(v *revision, id string, raw json.RawMessage, null bool, in input) string {
	var r ref
	if !null && json.Unmarshal(raw, &r) != nil {
		return "data was not an object"
	}
	by := r.AccountID
	if !s.cloud() {
		by = r.Name
	}
	if by == "" {
		if id == "reporter" {
			return "Reporter is required."
		}
		v.assignee = nil
		return ""
	}
	if id == "assignee" && !s.may(in.by, v.project, AssignIssues) {
		return fmt.Sprintf(offScreen, id)
	}
	var u *user
	for _, x := range s.users {
		if s.cloud() && x.AccountID == by || !s.cloud() && strings.EqualFold(x.Name, by) {
			u = x
		}
	}
	if u == nil {
		s.count("unknown_user")
		if s.cloud() {
			return "Specify a valid value for " + id
		}
		return "User '" + by + "' does not exist."
	}
	if id == "reporter" {
		v.reporter = u
		return ""
	}
	if !s.assignable(u, v.project) {
		s.count("unassignable")
		return "User '" + by + "' cannot be assigned issues."
	}
	v.assignee = u
	return ""
}

func (s *Server) setCustom(v *revision, f *fieldDef, raw json.RawMessage, null bool, in input) string {
	if null {
		delete(v.custom, f.id)
		return ""
	}
	if v.custom == nil {
		v.custom = map[string]any{}
	}
	if f.kind == Number {
		var n float64
		if json.Unmarshal(raw, &n) != nil {
			return "Operation value must be a number"
		}
		v.custom[f.id] = n
		return ""
	}
	var text string
	if f.kind == Paragraph && in.version == "3" {
		t, err := fromADF(raw)
		if err != nil {
			return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
		}
		text = t
	} else if json.Unmarshal(raw, &text) != nil {
		return "Operation value must be a string"
	}
	switch f.kind {
	case Date:
		if _, err := time.Parse(time.DateOnly, text); err != nil && text != "" {
			return "Error parsing date string: " + text
		}
	case TextField:
		if len(utf16.Encode([]rune(text))) > 255 {
			return "The entered text is too long. It exceeds the allowed limit of 255 characters."
		}
	case Paragraph:
		text = s.normalize(text)
	case Number:
	}
	if text == "" {
		delete(v.custom, f.id)
		return ""
	}
	v.custom[f.id] = text
	return ""
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
