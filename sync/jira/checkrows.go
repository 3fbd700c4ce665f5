package jira

import (
	"slices"
	"strconv"

	"github.com/followthrough/followthrough/domain"
)

// The rows of the mapping check: value, its form in Jira, the value read back.

// name is the name behind an id, for people.
func name(list []named, id string) string {
	if n := slices.IndexFunc(list, func(x named) bool { return string(x.ID) == id }); n >= 0 {
		return list[n].Name
	}
	return "id " + id
}

func (c *checker) statusRows() {
	for _, s := range domain.Statuses() {
		c.row(c.statusRow(s))
	}
}

// statusRow follows a status to Jira and back. Statuses that share one form in
// Jira are sticky: the tracker never moves a measure between them.
func (c *checker) statusRow(s domain.Status) domain.MappingRow {
	m, want := c.t.mapping, s.Projection()
	r := domain.MappingRow{Field: domain.FieldStatus, Value: string(s), Loss: domain.Unreachable}
	target, ok := c.goal(want)
	if !ok {
		r.Note = "the workflow of " + c.s.Type.Name + " has no status for it; map one"
		return r
	}
	resolution := ""
	if category(want) == "done" {
		resolution = m.Resolutions[want]
	}
	r.Remote = target.Name
	if resolution != "" {
		r.Remote += ", resolution " + name(c.s.Resolutions, resolution)
		if !known(c.s.Resolutions, resolution) {
			r.Note = "Jira has no resolution with id " + resolution + "; correct the mapping"
			return r
		}
	}
	back, ok := m.statusOf(string(target.ID), target.Category.Key, resolution)
	switch r.Back = string(back); {
	case !ok || back != want:
		// It is not written then: Put refuses what would come back as something else.
		r.Note = "Jira's form of it is read as " + r.Back + "; map a status or a resolution of its own"
	case string(back) == string(s):
		r.Loss = domain.Lossless
	default:
		r.Loss, r.Note = domain.Sticky, "Jira cannot say it; the measure stays "+string(s)+" as long as the issue does not change"
	}
	if r.Note == "" {
		r.Note = c.stepNote(want, target)
	}
	return r
}

func known(list []named, id string) bool {
	return slices.ContainsFunc(list, func(x named) bool { return string(x.ID) == id })
}

// goal is the status a value leads to: the first mapped one that the workflow
// has, else the first of the category.
func (c *checker) goal(p domain.Projection) (named, bool) {
	m := c.t.mapping
	for _, id := range m.Statuses[p] {
		if n := slices.IndexFunc(c.s.Statuses, func(x named) bool { return string(x.ID) == id }); n >= 0 {
			return c.s.Statuses[n], true
		}
	}
	if len(m.Statuses[p]) > 0 {
		return named{}, false
	}
	n := slices.IndexFunc(c.s.Statuses, func(x named) bool {
		got, ok := m.statusOf(string(x.ID), x.Category.Key, m.Resolutions[p])
		return ok && got == p
	})
	if n < 0 {
		return named{}, false
	}
	return c.s.Statuses[n], true
}

// stepNote says what the transitions of the newest issue tell: whether one
// step leads there, and whether its screen asks for a resolution (T60).
func (c *checker) stepNote(p domain.Projection, target named) string {
	if c.s.From.ID == "" || c.s.From.ID == target.ID {
		return ""
	}
	tr, ok := c.t.choose(c.s.Steps, p, native{Status: string(c.s.From.ID)})
	if !ok {
		return "no single transition leads there from " + name(c.s.Statuses, string(c.s.From.ID)) + "; several steps are left to people"
	}
	if tr.Fields["resolution"].Required && c.t.mapping.Resolutions[p] == "" {
		return "the transition asks for a resolution; map one for " + string(p)
	}
	return ""
}

func (c *checker) priorityRows() {
	_, editable := c.onScreen("priority")
	for _, p := range domain.Priorities() {
		id := c.t.mapping.Priorities[p]
		r := domain.MappingRow{Field: domain.FieldPriority, Value: string(p), Loss: domain.Unreachable}
		back, ok := c.t.mapping.priorityOf(id)
		switch {
		case id == "":
			r.Note = "it has no Jira priority; map one"
		case !known(c.s.Priorities, id):
			r.Remote, r.Note = "id "+id, "the project has no priority with id "+id+"; correct the mapping"
		case !editable:
			r.Remote, r.Note = name(c.s.Priorities, id), "the priority is not on the edit screen"
		case ok && back == p:
			r.Remote, r.Back, r.Loss = name(c.s.Priorities, id), string(back), domain.Lossless
		default:
			r.Remote, r.Back, r.Loss = name(c.s.Priorities, id), string(back), domain.Sticky
			r.Note = "it shares its Jira priority with " + string(back) + "; the measure keeps " + string(p) + " as long as the issue does not change"
		}
		c.row(r)
	}
}

func (c *checker) ownerRows() {
	_, editable := c.onScreen("assignee")
	for n, account := range c.t.mapping.everybody() {
		r := domain.MappingRow{Field: domain.FieldOwner, Value: string(c.t.mapping.people[account]), Remote: "assignee " + account, Loss: domain.Unreachable}
		switch {
		case n >= maxAsked:
			c.note("the accounts of the first %d people were checked, the others are taken as they are", maxAsked)
			return
		case !c.s.May[mayAssign] || !editable:
			r.Note = "the tracker's account cannot set the assignee here"
		case c.s.Unassignable[account]:
			r.Note = "the account cannot be assigned issues in " + c.s.Project.Key + "; give it the permission or correct the identity"
		case c.t.mapping.accounts[c.t.mapping.people[account]] != account:
			r.Back, r.Loss = r.Value, domain.Sticky
			r.Note = "the person has several accounts here; issues are assigned to " + c.t.mapping.accounts[c.t.mapping.people[account]]
		default:
			r.Back, r.Loss = r.Value, domain.Lossless
		}
		c.row(r)
	}
}

// textRows are the fields without a list of values; the lenses themselves tell
// what comes back.
func (c *checker) textRows() {
	for _, x := range []struct {
		field domain.Field
		value string
		id    string
	}{
		{domain.FieldTitle, "Alert on replica lag", "summary"},
		{domain.FieldDescription, "Page the owner.\n\n- both regions", "description"},
		{domain.FieldDueOn, "2026-03-31", c.t.mapping.due},
		{domain.FieldMetric, "pages per week; target at_most 2", c.t.mapping.metric},
		{domain.FieldIncident, "INC-3", ""},
	} {
		put := c.t.Put(x.field, x.value, domain.Snapshot{})
		r := domain.MappingRow{Field: x.field, Value: x.value, Back: put.Value, Loss: domain.Lossless}
		if put.Value != x.value {
			r.Loss = domain.Lossy
		}
		create, edit := c.onScreen(x.id)
		switch f := c.s.Create[x.id]; {
		case x.id == "":
			r.Remote = "line in the description"
		case create && edit:
			r.Remote = "field " + x.id
			if f.Name != "" {
				r.Remote = "field " + f.Name
			}
		case homeless(x.field):
			r.Remote, r.Note = "line in the description", "the field is not on the screens"
		default:
			r.Remote, r.Back, r.Loss, r.Note = "field "+x.id, "", domain.Unreachable, "the field is not on the screens"
		}
		switch {
		case x.field == domain.FieldTitle:
			r.Note = "cut after " + strconv.Itoa(domain.MaxTitle) + " characters; the measure keeps the whole title"
		case x.field == domain.FieldDescription && r.Note == "":
			r.Note = "tables, images and the like travel as Markdown source; Jira texts with such parts are shown and never overwritten"
		case x.field == domain.FieldMetric && c.s.Create[x.id].kind() == "textfield":
			r.Note = "the field holds 255 characters; a longer metric is kept in the description"
		}
		c.row(r)
	}
}
