package jira

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// Check reads what the mapping needs and says, value by value, what would be
// lost. It writes nothing.
func (t *Tracker) Check(ctx context.Context) (domain.MappingReport, error) {
	s, err := t.survey(ctx)
	if err != nil {
		return domain.MappingReport{}, err
	}
	c := checker{t: t, s: s}
	c.report = domain.MappingReport{Place: string(s.Project.ID), Account: s.Account, CanWrite: s.May[mayCreate] && s.May[mayEdit] && s.May[mayMove], Suggested: t.suggest(s)}
	c.access()
	c.issueType()
	c.screens()
	c.statusRows()
	c.priorityRows()
	c.ownerRows()
	c.textRows()
	c.strays()
	return c.report, nil
}

// checker turns a survey into a report.
type checker struct {
	t      *Tracker
	s      survey
	report domain.MappingReport
}

func (c *checker) problem(format string, args ...any) {
	c.report.Problems = append(c.report.Problems, fmt.Sprintf(format, args...))
}

func (c *checker) note(format string, args ...any) {
	c.report.Notes = append(c.report.Notes, fmt.Sprintf(format, args...))
}

func (c *checker) row(r domain.MappingRow) { c.report.Rows = append(c.report.Rows, r) }

func (c *checker) access() {
	p := c.s.Project
	var missing []string
	for name, what := range map[string]string{mayCreate: "create", mayEdit: "edit", mayMove: "transition"} {
		if !c.s.May[name] {
			missing = append(missing, what)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		c.problem("the account %s may not %s issues in %s; give it the permission in the project's permission scheme", c.s.Account, strings.Join(missing, ", "), p.Key)
	}
	if p.Archived {
		c.problem("project %s is archived; restore it or choose another one", p.Key)
	}
	if p.Key != c.t.config.Project {
		c.note("the project is now called %s; links keep working, change the key here as well", p.Key)
	}
	if !c.s.May[maySchedule] && c.t.mapping.due == "duedate" {
		c.note("the account may not schedule issues in %s; due dates are kept in the description", p.Key)
	}
	if !c.s.May[mayLink] {
		c.note("the account may not link issues in %s; the way back to the incident is kept in the description only", p.Key)
	}
}

// issueType checks that an issue can be created with what we have.
func (c *checker) issueType() {
	if c.s.Type.ID == "" {
		c.problem("project %s has no issue type %q; choose one of its types in the mapping", c.s.Project.Key, c.t.mapping.IssueType)
		return
	}
	if c.s.Type.Subtask {
		c.problem("issue type %s is for sub-tasks, which need a parent; choose another type", c.s.Type.Name)
	}
	given := map[string]bool{"project": true, "issuetype": true, "summary": true, "description": true, "reporter": true}
	for _, id := range slices.Sorted(maps.Keys(c.s.Create)) {
		if f := c.s.Create[id]; f.Required && !f.HasDefault && !given[id] {
			c.problem("%s demands the field %s of every new issue, which measures may lack; make it optional or give it a default", c.s.Type.Name, f.Name)
		}
	}
}

// onScreen reports whether a field can be set when creating and when editing;
// a screen that could not be read is taken for complete.
func (c *checker) onScreen(id string) (create, edit bool) {
	_, create = c.s.Create[id]
	_, edit = c.s.Edit[id]
	return create || c.s.Create == nil, edit || len(c.s.Edit) == 0
}

// screens names the fields that the screens do not have (T59).
func (c *checker) screens() {
	for _, id := range []string{"description", "priority", "assignee", "labels", c.t.mapping.due, c.t.mapping.metric} {
		if id == "" || id == "labels" && len(c.t.mapping.ExtraLabels) == 0 {
			continue
		}
		create, edit := c.onScreen(id)
		kept := "it cannot be kept in step"
		if id == c.t.mapping.due || id == c.t.mapping.metric {
			kept = "the value is kept in the description"
		}
		switch {
		case !create && !edit:
			c.note("field %s is on no screen of %s; %s", id, c.s.Type.Name, kept)
		case !create:
			c.note("field %s is not on the create screen of %s; it is set by the first edit", id, c.s.Type.Name)
		case !edit:
			c.note("field %s is not on the edit screen of %s; %s after the issue is created", id, c.s.Type.Name, kept)
		}
	}
}

// strays are remote values that no value of ours stands for.
func (c *checker) strays() {
	m := c.t.mapping
	for _, p := range c.s.Priorities {
		if _, ok := m.priorityOf(string(p.ID)); !ok {
			c.note("the Jira priority %s (id %s) is not mapped; issues that have it show an error for the priority", p.Name, p.ID)
		}
	}
	known := map[string]bool{}
	for _, s := range c.s.Statuses {
		known[string(s.ID)] = true
	}
	for _, p := range projections() {
		for _, id := range m.Statuses[p] {
			if !known[id] {
				c.note("status id %s, mapped to %s, is not in the workflow of %s", id, p, c.s.Type.Name)
			}
		}
	}
}
