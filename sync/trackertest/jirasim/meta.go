package jirasim

import (
	"net/http"
)

func (f *fieldDef) schema() object {
	o := object{"type": f.typ}
	if f.items != "" {
		o["items"] = f.items
	}
	if !f.custom {
		o["system"] = f.id
		return o
	}
	kind := map[FieldKind]string{TextField: "textfield", Paragraph: "textarea", Date: "datepicker", Number: "float"}[f.kind]
	o["custom"], o["customId"] = "com.atlassian.jira.plugin.system.customfieldtypes:"+kind, f.customID
	return o
}

func (f *fieldDef) operations() []string {
	if f.typ == "array" {
		return []string{"add", "set", "remove"}
	}
	return []string{"set"}
}

func (c *call) listFields() *reply {
	out := []object{}
	for _, f := range c.fields {
		o := object{
			"id": f.id, "name": f.name, "custom": f.custom, "orderable": onScreens(f.id) || f.custom, "navigable": f.navig,
			"searchable": true, "clauseNames": []string{f.id}, "schema": f.schema(),
		}
		if c.cloud() {
			o["key"] = f.id
		}
		out = append(out, o)
	}
	return ok(out)
}

// allowed lists the values a field may take, where they are few.
func (c *call) allowed(p *project, t *issueType, f *fieldDef) []any {
	w := c.view()
	var out []any
	switch f.id {
	case "priority":
		for _, x := range p.priorities {
			out = append(out, w.priority(x))
		}
	case "project":
		out = append(out, w.project(p))
	case "issuetype":
		out = append(out, w.issueType(t))
	}
	return out
}

// fieldMeta describes one field of a screen.
func (c *call) fieldMeta(p *project, t *issueType, f *fieldDef, create bool) object {
	needed := f.id == "summary" || f.id == "issuetype" || create && f.id == "project"
	o := object{
		"required": needed || p.required[f.id], "schema": f.schema(), "name": f.name,
		"hasDefaultValue": f.id == "priority", "operations": f.operations(),
	}
	if c.cloud() {
		o["key"] = f.id
	}
	if values := c.allowed(p, t, f); values != nil {
		o["allowedValues"] = values
	}
	if f.id == "assignee" {
		o["autoCompleteUrl"] = c.view().self("/user/assignable/search?project=" + p.key + "&query=")
	}
	return o
}

// fieldMetas describes the fields of a screen, by field id.
func (c *call) fieldMetas(p *project, t *issueType, screen map[string]bool, create bool) object {
	out := object{}
	for _, f := range c.fields {
		if screen[f.id] && (create || f.id != "project") {
			o := c.fieldMeta(p, t, f, create)
			if !c.cloud() {
				o["fieldId"] = f.id
			}
			out[f.id] = o
		}
	}
	return out
}

func (c *call) editMeta(i *issue) *reply {
	v := c.seen(i)
	fields := object{}
	if c.may(c.who, v.project, EditIssues) && !v.project.archived {
		fields = c.fieldMetas(v.project, v.typ, v.project.edit, false)
	}
	return ok(object{"fields": fields})
}

// page cuts a list as startAt and maxResults ask.
func (c *call) cut(list []object) (rows []object, start, limit int) {
	start, limit = max(0, c.intParam("startAt", 0)), min(max(1, c.intParam("maxResults", 50)), 200)
	end := min(len(list), start+limit)
	return list[min(start, end):end], start, limit
}

// metaPage answers with a page in the shape of the flavor: the member has its
// own name on Cloud, and is called values on Data Center.
func (c *call) metaPage(member string, list []object) *reply {
	rows, start, limit := c.cut(list)
	o := object{"startAt": start, "maxResults": limit, "total": len(list)}
	if c.cloud() {
		o[member] = rows
	} else {
		o["values"] = rows
		o["isLast"] = start+len(rows) >= len(list)
	}
	return ok(o)
}

func (c *call) createMetaTypes() *reply {
	p, refusal := c.visibleProject()
	if refusal != nil {
		if c.cloud() {
			refusal.status = http.StatusBadRequest
		}
		return refusal
	}
	list := []object{}
	for _, t := range p.types {
		list = append(list, c.view().issueType(t))
	}
	return c.metaPage("issueTypes", list)
}

func (c *call) createMetaFields() *reply {
	p, refusal := c.visibleProject()
	if refusal != nil {
		if c.cloud() {
			refusal.status = http.StatusBadRequest
		}
		return refusal
	}
	t := p.typ(c.params["type"])
	if t == nil {
		return c.fail(http.StatusBadRequest, "Issue type with id '"+c.params["type"]+"' is not valid for project with key '"+p.key+"'.")
	}
	list := []object{}
	for _, f := range c.fields {
		if p.create[f.id] || f.id == "project" || f.id == "issuetype" {
			o := c.fieldMeta(p, t, f, true)
			o["fieldId"] = f.id
			list = append(list, o)
		}
	}
	return c.metaPage("fields", list)
}

func (c *call) changelogPage(i *issue) *reply {
	c.charge(1)
	w, list := c.view(), []object{}
	for _, ch := range i.history {
		list = append(list, w.changelog(ch))
	}
	rows, start, limit := c.cut(list)
	return ok(object{
		"self": w.self("/issue/" + i.sid() + "/changelog"), "startAt": start, "maxResults": min(100, limit),
		"total": len(list), "isLast": start+len(rows) >= len(list), "values": rows,
	})
}
