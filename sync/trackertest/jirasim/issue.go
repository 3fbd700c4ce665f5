package jirasim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// seen is the state of i that this request sees: the present, unless a fault
// makes the read stale.
func (c *call) seen(i *issue) *revision {
	if c.effect != nil && c.effect.Stale > 0 {
		if v := i.at(c.commit - int64(c.effect.Stale)); v != nil {
			return v
		}
	}
	return i.cur()
}

func (c *call) getIssue(i *issue) *reply {
	c.charge(1)
	v := c.seen(i)
	w := c.view()
	o := w.issue(v, selectFields(c.list("fields"), "*all"), c.list("properties"))
	c.expand(o, v, c.list("expand"))
	return ok(o)
}

// expand adds the optional parts of an issue.
func (c *call) expand(o object, v *revision, expand []string) {
	w := c.view()
	for _, e := range expand {
		switch e {
		case "transitions":
			o["transitions"] = c.transitionList(v, false)
		case "transitions.fields":
			o["transitions"] = c.transitionList(v, true)
		case "changelog":
			o["changelog"] = c.historyOf(v.issue)
		case "editmeta":
			o["editmeta"] = object{"fields": c.fieldMetas(v.project, v.typ, v.project.edit, false)}
		case "names":
			names := object{}
			for _, f := range w.fields {
				names[f.id] = f.name
			}
			o["names"] = names
		}
	}
}

// historyOf is the changelog inside an issue: on Cloud the newest 100
// entries, newest first; on Data Center all, oldest first.
func (c *call) historyOf(i *issue) object {
	w := c.view()
	list := []object{}
	for _, ch := range i.history {
		list = append(list, w.changelog(ch))
	}
	if c.cloud() {
		slices.Reverse(list)
		list = list[:min(100, len(list))]
	}
	return object{"startAt": 0, "maxResults": len(list), "total": len(i.history), "histories": list}
}

type property struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

func (c *call) createIssue() *reply {
	var in struct {
		input
		Properties []property `json:"properties"`
	}
	if refusal := c.bind(&in); refusal != nil {
		return refusal
	}
	p, t, errs := c.target(in.Fields)
	if errs != nil {
		return c.invalid(errs)
	}
	if !c.may(c.who, p, CreateIssues) || p.archived {
		c.count("may_not_create")
		if c.cloud() {
			return c.invalid(map[string]string{"project": "You cannot create issues in this project."})
		}
		return c.fail(http.StatusForbidden, "You do not have permission to create issues in this project.")
	}
	v := c.fresh(p, t, c.who)
	in.by, in.version = c.who, c.version
	in.allowed = func(f string) bool { return f == "project" || f == "issuetype" || p.create[f] }
	errs = c.apply(v, in.input)
	c.missing(v, p, errs, in.Fields)
	if len(errs) > 0 {
		return c.invalid(errs)
	}
	for _, x := range in.Properties {
		if refusal := c.badProperty(x.Key, x.Value); refusal != nil {
			return refusal
		}
	}
	i := c.begin(v, c.who, c.token.value)
	c.count("created_by_api")
	if !c.opts.DropCreateProperties {
		for _, x := range in.Properties {
			i.setProperty(x.Key, x.Value)
		}
	}
	c.charge(1)
	return &reply{status: http.StatusCreated, value: object{"id": i.sid(), "key": v.key, "self": c.view().self("/issue/" + i.sid())}}
}

// target finds the project and issue type a new issue is for.
func (c *call) target(fields map[string]json.RawMessage) (*project, *issueType, map[string]string) {
	var pr, tr ref
	_ = json.Unmarshal(fields["project"], &pr)
	_ = json.Unmarshal(fields["issuetype"], &tr)
	by := pr.ID
	if by == "" {
		by = pr.Key
	}
	p := c.project(by)
	switch {
	case by == "":
		return nil, nil, map[string]string{"project": "Specify a valid project ID or key"}
	case p == nil || !c.may(c.who, p, Browse):
		c.count("unknown_project")
		return nil, nil, map[string]string{"project": "valid project is required"}
	}
	by = tr.ID
	if by == "" {
		by = tr.Name
	}
	t := p.typ(by)
	switch {
	case by == "":
		return nil, nil, map[string]string{"issuetype": "Specify an issue type"}
	case t == nil:
		return nil, nil, map[string]string{"issuetype": "The issue type selected is invalid."}
	}
	return p, t, nil
}

// missing notes required fields that were not given.
func (c *call) missing(v *revision, p *project, errs map[string]string, given map[string]json.RawMessage) {
	if v.summary == "" && errs["summary"] == "" {
		errs["summary"] = "You must specify a summary of the issue."
	}
	for _, f := range c.fields {
		if p.required[f.id] && given[f.id] == nil && errs[f.id] == "" {
			errs[f.id] = f.name + " is required."
		}
	}
}

func (c *call) editIssue(i *issue) *reply {
	var in struct {
		input
		Properties []property `json:"properties"`
	}
	if refusal := c.bind(&in); refusal != nil {
		return refusal
	}
	v := i.draft(c.who)
	if !c.may(c.who, v.project, EditIssues) || v.project.archived {
		c.count("may_not_edit")
		return c.fail(http.StatusForbidden, "You do not have permission to edit issues in this project.")
	}
	if !c.boolParam("notifyUsers", true) && !c.may(c.who, v.project, AdminProjects) && !c.may(c.who, v.project, Admin) {
		c.count("may_not_silence")
		return c.fail(http.StatusForbidden, "To discard the user notification either admin or project admin permissions are required.")
	}
	in.by, in.version = c.who, c.version
	in.allowed = func(f string) bool { return v.project.edit[f] || c.opts.IgnoreEditScreens && onScreens(f) }
	errs := c.apply(v, in.input)
	if len(errs) > 0 {
		return c.invalid(errs)
	}
	for _, x := range in.Properties {
		if refusal := c.badProperty(x.Key, x.Value); refusal != nil {
			return refusal
		}
	}
	c.commitEdit(i, v, "")
	for _, x := range in.Properties {
		i.setProperty(x.Key, x.Value)
	}
	if c.cloud() && c.boolParam("returnIssue", false) {
		return ok(c.view().issue(i.cur(), selectFields(nil, "*all"), nil))
	}
	return noContent()
}

func (c *call) deleteIssue(i *issue) *reply {
	if !c.may(c.who, i.cur().project, DeleteIssues) {
		return c.fail(http.StatusForbidden, "You do not have permission to delete issues in this project.")
	}
	c.remove(i, c.who)
	return noContent()
}

func (s *Server) remove(i *issue, by *user) {
	v := i.draft(by)
	updated := v.updated
	v.deleted = true
	s.record(i, v)
	v.updated = updated
	s.unordered = true
	s.announce("jira:issue_deleted", "", v, nil)
}

func (c *call) assign(i *issue) *reply {
	var raw json.RawMessage
	if refusal := c.bind(&raw); refusal != nil {
		return refusal
	}
	v := i.draft(c.who)
	if !c.may(c.who, v.project, AssignIssues) {
		return c.fail(http.StatusForbidden, "You do not have permission to assign issues.")
	}
	if m := c.setUser(v, "assignee", raw, false, input{by: c.who}); m != "" {
		return c.invalid(map[string]string{"assignee": m})
	}
	c.commitEdit(i, v, "issue_assigned")
	return noContent()
}

func (c *call) bulkFetch() *reply {
	var in struct {
		IDs        []string `json:"issueIdsOrKeys"`
		Fields     []string `json:"fields"`
		Properties []string `json:"properties"`
		Expand     []string `json:"expand"`
	}
	if refusal := c.bind(&in); refusal != nil {
		return refusal
	}
	if len(in.Fields) == 0 {
		in.Fields = []string{"*navigable"}
	}
	limit := 1000
	if len(in.Fields) > 100 || strings.HasPrefix(in.Fields[0], "*") || len(in.Expand) > 0 {
		limit = 100
	}
	switch {
	case len(in.IDs) == 0:
		return c.fail(http.StatusBadRequest, "issueIdsOrKeys must not be empty")
	case len(in.IDs) > limit:
		c.count("bulkfetch_too_many")
		return c.fail(http.StatusBadRequest, "The number of issue IDs or keys exceeds the limit of "+thousands(limit)+".")
	case len(in.Properties) > 5:
		return c.fail(http.StatusBadRequest, "A maximum of 5 issue property keys can be specified.")
	}
	var found []*revision
	known := map[*issue]bool{}
	for _, r := range in.IDs {
		i := c.find(r)
		if i == nil || known[i] || !c.sees(c.who, i.cur()) {
			c.count("bulkfetch_omitted")
			continue
		}
		known[i] = true
		found = append(found, c.seen(i))
	}
	slices.SortFunc(found, func(a, b *revision) int { return int(a.issue.id - b.issue.id) })
	w, sel, list := c.view(), selectFields(in.Fields, ""), []object{}
	for _, v := range found {
		o := w.issue(v, sel, in.Properties)
		c.expand(o, v, in.Expand)
		list = append(list, o)
	}
	c.charge(len(list))
	return ok(object{"issues": list, "issueErrors": []any{}})
}
