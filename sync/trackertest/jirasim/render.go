package jirasim

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

type object = map[string]any

// view says for whom and in which version something is rendered.
type view struct {
	*Server
	version string
	who     *user
}

func (c *call) view() view { return view{c.Server, c.version, c.who} }

func (w view) self(path string) string { return w.base.String() + "/rest/api/" + w.version + path }

// stamp renders a time in the zone of the asking user, as Jira does.
func (w view) stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	zone := time.UTC
	if w.who != nil {
		zone = w.who.zone
	}
	return t.In(zone).Format("2006-01-02T15:04:05.000-0700")
}

func (w view) avatars(kind, id string) object {
	out := object{}
	for _, size := range []string{"16x16", "24x24", "32x32", "48x48"} {
		out[size] = w.base.String() + "/secure/" + kind + "avatar?ownerId=" + url.QueryEscape(id) + "&size=" + size
	}
	return out
}

func (w view) user(u *user) any {
	if u == nil {
		return nil
	}
	o := object{
		"self":        w.self("/user?" + w.userQuery(u)),
		"avatarUrls":  w.avatars("user", w.userID(u)),
		"displayName": u.DisplayName,
		"active":      !u.Inactive,
		"timeZone":    u.TimeZone,
	}
	if u.EmailVisible || u == w.who || !w.cloud() {
		o["emailAddress"] = u.Email
	}
	if !w.cloud() {
		o["name"], o["key"] = u.Name, u.Key
		return o
	}
	o["accountId"], o["accountType"] = u.AccountID, "atlassian"
	if u.App {
		o["accountType"] = "app"
	}
	return o
}

func (w view) userQuery(u *user) string {
	if w.cloud() {
		return "accountId=" + url.QueryEscape(u.AccountID)
	}
	return "username=" + url.QueryEscape(u.Name)
}

func (w view) category(c Category) object {
	id, name, color := 2, "To Do", "blue-gray"
	switch c {
	case CategoryIndeterminate:
		id, name, color = 4, "In Progress", "yellow"
	case CategoryDone:
		id, name, color = 3, "Done", "green"
	case CategoryNew:
	}
	return object{"self": w.self("/statuscategory/" + strconv.Itoa(id)), "id": id, "key": string(c), "colorName": color, "name": name}
}

func (w view) status(s *status) object {
	return object{
		"self": w.self("/status/" + s.id), "description": s.description, "iconUrl": w.base.String() + "/images/icons/statuses/generic.png",
		"name": s.name, "id": s.id, "statusCategory": w.category(s.category),
	}
}

func (w view) priority(p *priority) any {
	if p == nil {
		return nil
	}
	return object{"self": w.self("/priority/" + p.id), "iconUrl": w.base.String() + "/images/icons/priorities/" + url.PathEscape(strings.ToLower(p.name)) + ".svg", "name": p.name, "id": p.id}
}

func (w view) resolution(r *resolution) any {
	if r == nil {
		return nil
	}
	return object{"self": w.self("/resolution/" + r.id), "id": r.id, "description": r.description, "name": r.name}
}

func (w view) issueType(t *issueType) object {
	o := object{
		"self": w.self("/issuetype/" + t.id), "id": t.id, "description": t.description, "name": t.name, "subtask": t.subtask,
		"iconUrl": w.base.String() + "/secure/viewavatar?size=xsmall&avatarId=10318&avatarType=issuetype", "avatarId": 10318,
	}
	if w.cloud() {
		o["hierarchyLevel"] = 0
		if t.subtask {
			o["hierarchyLevel"] = -1
		}
	}
	return o
}

func (w view) project(p *project) object {
	o := object{
		"self": w.self("/project/" + p.id), "id": p.id, "key": p.key, "name": p.name, "projectTypeKey": "software",
		"avatarUrls": w.avatars("project", p.id),
	}
	if w.cloud() {
		o["simplified"] = false
	}
	return o
}

func (w view) text(s string) any {
	switch {
	case s == "":
		return nil
	case w.version == "3":
		return toADF(s)
	}
	return s
}

// fieldValue renders one field of an issue.
func (w view) fieldValue(v *revision, f *fieldDef) any {
	if f.custom {
		x := v.custom[f.id]
		if t, isText := x.(string); isText && f.kind == Paragraph {
			return w.text(t)
		}
		return x
	}
	switch f.id {
	case "summary":
		return v.summary
	case "description":
		return w.text(v.description)
	case "issuetype":
		return w.issueType(v.typ)
	case "project":
		return w.project(v.project)
	case "priority":
		return w.priority(v.priority)
	case "assignee":
		return w.user(v.assignee)
	case "reporter":
		return w.user(v.reporter)
	case "creator":
		return w.user(v.issue.creator)
	case "labels":
		return append([]string{}, v.labels...)
	case "duedate":
		if v.due == "" {
			return nil
		}
		return v.due
	case "status":
		return w.status(v.status)
	case "statusCategory":
		return w.category(v.status.category)
	case "resolution":
		return w.resolution(v.resolution)
	case "resolutiondate":
		return w.stamp(v.resolved)
	case "created":
		return w.stamp(v.issue.created)
	case "updated":
		return w.stamp(v.updated)
	case "statuscategorychangedate":
		return w.stamp(v.categoryAt)
	}
	return w.furniture(v, f.id)
}

// furniture renders fields that real answers carry and nothing here uses.
func (w view) furniture(v *revision, id string) any {
	switch id {
	case "components", "fixVersions", "versions", "attachment", "issuelinks", "subtasks":
		return []any{}
	case "timetracking":
		return object{}
	case "workratio":
		return -1
	case "progress", "aggregateprogress":
		return object{"progress": 0, "total": 0}
	case "votes":
		return object{"self": w.self("/issue/" + v.key + "/votes"), "votes": 0, "hasVoted": false}
	case "watches":
		return object{"self": w.self("/issue/" + v.key + "/watchers"), "watchCount": 0, "isWatching": false}
	}
	return nil
}

// selection is which fields an answer carries.
type selection struct {
	all, navigable bool
	names          map[string]bool
	without        map[string]bool
}

func selectFields(names []string, missing string) selection {
	if len(names) == 0 {
		names = []string{missing}
	}
	sel := selection{names: map[string]bool{}, without: map[string]bool{}}
	for _, n := range names {
		switch {
		case n == "*all":
			sel.all = true
		case n == "*navigable":
			sel.navigable = true
		case strings.HasPrefix(n, "-"):
			sel.without[n[1:]] = true
		default:
			sel.names[n] = true
		}
	}
	if len(sel.without) > 0 && len(sel.names) == 0 && !sel.navigable {
		sel.all = true
	}
	return sel
}

// none reports a selection of ids only.
func (sel selection) none() bool {
	if sel.all || sel.navigable {
		return false
	}
	for n := range sel.names {
		if n != "id" && n != "key" {
			return false
		}
	}
	return true
}

func (sel selection) has(f *fieldDef) bool {
	if sel.without[f.id] {
		return false
	}
	return sel.all || sel.navigable && f.navig || sel.names[f.id]
}

// issue renders an issue with the selected fields and properties.
func (w view) issue(v *revision, sel selection, props []string) object {
	o := object{
		"expand": "operations,versionedRepresentations,editmeta,changelog,renderedFields",
		"id":     v.issue.sid(), "self": w.self("/issue/" + v.issue.sid()), "key": v.key,
	}
	if !sel.none() {
		fields := object{}
		for _, f := range w.fields {
			if !w.cloud() && strings.HasPrefix(strings.ToLower(f.id), "statuscategory") || !sel.has(f) {
				continue
			}
			fields[f.id] = w.fieldValue(v, f)
		}
		o["fields"] = fields
	}
	if len(props) > 0 {
		o["properties"] = v.issue.properties(props)
	}
	return o
}

func (i *issue) properties(names []string) object {
	out := object{}
	for key, value := range i.props {
		if slices.Contains(names, key) || slices.Contains(names, "*all") {
			out[key] = value
		}
	}
	return out
}

// changelog renders an entry, the fields a person changed in one go.
func (w view) changelog(ch *change) object {
	return object{
		"id": strconv.FormatInt(ch.id, 10), "author": w.user(ch.by), "created": w.stamp(ch.at), "items": w.items(ch),
	}
}

func (w view) items(ch *change) []object {
	items := []object{}
	for _, it := range ch.items {
		o := object{
			"field": it.field, "fieldtype": it.fieldType, "from": it.from, "fromString": it.fromText, "to": it.to, "toString": it.toText,
		}
		if w.cloud() {
			o["fieldId"] = it.fieldID
		}
		items = append(items, o)
	}
	return items
}
