package jirasim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// diff lists the changed fields as the changelog shows them.
func (s *Server) diff(a, b *revision) []changeItem {
	var out []changeItem
	add := func(field, id string, from, fromText, to, toText *string) {
		out = append(out, changeItem{field: field, fieldID: id, fieldType: "jira", from: from, fromText: fromText, to: to, toText: toText})
	}
	if a.project != b.project {
		add("project", "project", &a.project.id, &a.project.name, &b.project.id, &b.project.name)
	}
	if a.key != b.key {
		add("Key", "Key", nil, &a.key, nil, &b.key)
	}
	if a.typ != b.typ {
		add("issuetype", "issuetype", &a.typ.id, &a.typ.name, &b.typ.id, &b.typ.name)
	}
	if a.summary != b.summary {
		add("summary", "summary", nil, &a.summary, nil, &b.summary)
	}
	if a.description != b.description {
		add("description", "description", nil, orNull(a.description), nil, orNull(b.description))
	}
	if a.priority != b.priority {
		add("priority", "priority", &a.priority.id, &a.priority.name, &b.priority.id, &b.priority.name)
	}
	if a.assignee != b.assignee {
		fi, ft := s.userPair(a.assignee)
		ti, tt := s.userPair(b.assignee)
		add("assignee", "assignee", fi, ft, ti, tt)
	}
	if a.reporter != b.reporter {
		fi, ft := s.userPair(a.reporter)
		ti, tt := s.userPair(b.reporter)
		add("reporter", "reporter", fi, ft, ti, tt)
	}
	if !slices.Equal(a.labels, b.labels) {
		from, to := strings.Join(a.labels, " "), strings.Join(b.labels, " ")
		add("labels", "labels", nil, &from, nil, &to)
	}
	if a.due != b.due {
		add("duedate", "duedate", orNull(a.due), dayStart(a.due), orNull(b.due), dayStart(b.due))
	}
	out = append(out, s.diffCustom(a, b)...)
	if a.resolution != b.resolution {
		fi, ft := pair(a.resolution)
		ti, tt := pair(b.resolution)
		add("resolution", "resolution", fi, ft, ti, tt)
	}
	if a.status != b.status {
		add("status", "status", &a.status.id, &a.status.name, &b.status.id, &b.status.name)
	}
	return out
}

func (s *Server) diffCustom(a, b *revision) []changeItem {
	var out []changeItem
	for _, f := range s.fields {
		x, y := customText(a.custom[f.id]), customText(b.custom[f.id])
		if !f.custom || x == y {
			continue
		}
		it := changeItem{field: f.name, fieldID: f.id, fieldType: "custom", fromText: orNull(x), toText: orNull(y)}
		if f.kind == Date {
			it.from, it.to = it.fromText, it.toText
		}
		out = append(out, it)
	}
	return out
}

func customText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func dayStart(day string) *string {
	if day == "" {
		return nil
	}
	day += " 00:00:00.0"
	return &day
}

func pair(r *resolution) (id, name *string) {
	if r == nil {
		return nil, nil
	}
	return &r.id, &r.name
}

func (s *Server) userPair(u *user) (id, name *string) {
	if u == nil {
		return nil, nil
	}
	ref := s.userID(u)
	return &ref, &u.DisplayName
}

// commitEdit makes a draft the current state, writes the changelog and tells
// the webhooks. A draft that changes nothing is dropped.
func (s *Server) commitEdit(i *issue, v *revision, kind string) bool {
	items := s.diff(i.cur(), v)
	if len(items) == 0 {
		s.count("noop_edit")
		if s.opts.NoopBumpsUpdated {
			s.record(i, v)
		}
		return false
	}
	s.record(i, v)
	ch := &change{id: s.next("changelog"), at: v.at, by: v.by, items: items}
	i.history = append(i.history, ch)
	if kind == "" {
		kind = "issue_updated"
		if len(items) == 1 && items[0].field == "assignee" {
			kind = "issue_assigned"
		}
	}
	s.announce("jira:issue_updated", kind, v, ch)
	return true
}

// begin creates an issue from a complete draft.
func (s *Server) begin(v *revision, by *user, credential string) *issue {
	i := &issue{id: s.next("issue"), creator: by, token: credential}
	v.project.counter++
	v.key = v.project.key + "-" + strconv.Itoa(v.project.counter)
	v.by = by
	v.status = v.project.workflows[v.typ.id].initial
	s.record(i, v)
	items := []changeItem{
		{field: "summary", fieldID: "summary", fieldType: "jira", toText: &v.summary},
		{field: "Status", fieldID: "status", fieldType: "jira", to: &v.status.id, toText: &v.status.name},
		{field: "priority", fieldID: "priority", fieldType: "jira", to: &v.priority.id, toText: &v.priority.name},
	}
	s.announce("jira:issue_created", "issue_created", v, &change{id: i.id, at: v.at, by: by, items: items})
	return i
}

// fresh is a draft with a new issue's defaults.
func (s *Server) fresh(p *project, t *issueType, by *user) *revision {
	v := &revision{project: p, typ: t, by: by, reporter: by}
	v.priority = p.priorities[len(p.priorities)/2]
	for _, x := range p.priorities {
		if x.name == "Medium" {
			v.priority = x
		}
	}
	return v
}
