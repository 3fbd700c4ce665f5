package githubsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// bodyLimit is the longest issue body in characters.
const bodyLimit = 65_536

const (
	createPage = "issues/issues#create-an-issue"
	updatePage = "issues/issues#update-an-issue"
)

// getIssue is G3.
func (c *call) getIssue() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	i, other := c.issue(r)
	if other != nil {
		return other
	}
	return rendered(c.issueJSON(c.see(i)))
}

// createIssue is G4.
func (c *call) createIssue() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	if other := c.needWriter(r); other != nil {
		return other
	}
	if !r.hasIssues {
		return c.issuesDisabled()
	}
	members := map[string]json.RawMessage{}
	if other := c.decode(&members); other != nil {
		return other
	}
	if _, given := members["title"]; !given {
		return c.invalid(createPage, fieldProblem{Resource: "Issue", Field: "title", Code: "missing_field"})
	}
	delete(members, "state")
	delete(members, "state_reason")
	ch, other := c.change(r, members, createPage)
	if other != nil {
		return other
	}
	i := c.open(r, c.actingUser(), c.actingApp(), ch, false)
	rep := rendered(c.issueJSON(i.cur()))
	rep.status = http.StatusCreated
	return rep.set("Location", c.repoURL(r)+"/issues/"+strconv.Itoa(i.number))
}

// patchIssue is G5.
func (c *call) patchIssue() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	if other := c.needWriter(r); other != nil {
		return other
	}
	i, other := c.issue(r)
	if other != nil {
		return other
	}
	if c.role(r) < RoleTriage && i.author != c.who.user {
		return c.forbidden()
	}
	members := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(c.body)) > 0 {
		if other := c.decode(&members); other != nil {
			return other
		}
	}
	ch, other := c.change(r, members, updatePage)
	if other != nil {
		return other
	}
	c.apply(i, c.actingUser(), c.actingApp(), ch)
	return rendered(c.issueJSON(i.cur()))
}

// change is a validated set of changes to an issue. Nil members stay as is.
type change struct {
	title      *string
	body       *text
	state      *string
	reason     *string
	labels     *[]string
	assignees  *[]*user
	milestone  *milestoneChange
	fields     *[]fieldValue
	locked     *bool
	lockReason *string
}

type text struct{ value *string }

type milestoneChange struct{ to *milestone }

// change validates the members of a request body. Members GitHub does not know
// are ignored; members that need push access are dropped without it.
func (c *call) change(r *repo, members map[string]json.RawMessage, page string) (change, *reply) {
	var ch change
	var errs []fieldProblem
	bad := func(field, code, message string) {
		errs = append(errs, fieldProblem{Resource: "Issue", Field: field, Code: code, Message: message})
	}
	if raw, given := members["title"]; given && (!null(raw) || page == createPage) {
		title, isText := textOrNumber(raw)
		switch {
		case !isText:
			bad("title", "invalid", "")
		case strings.TrimSpace(title) == "":
			bad("title", "missing_field", "")
		case utf8.RuneCountInString(title) > c.opts.TitleLimit:
			bad("title", "custom", fmt.Sprintf("title is too long (maximum is %d characters)", c.opts.TitleLimit))
		default:
			title = strings.TrimSpace(title)
			ch.title = &title
		}
	}
	if raw, given := members["body"]; given {
		var body *string
		switch err := json.Unmarshal(raw, &body); {
		case err != nil:
			bad("body", "invalid", "")
		case body != nil && utf8.RuneCountInString(*body) > bodyLimit:
			bad("body", "custom", "body is too long (maximum is 65536 characters)")
		default:
			ch.body = &text{body}
		}
	}
	errs = append(errs, c.stateChange(members, &ch)...)
	errs = append(errs, c.pushMembers(r, members, &ch)...)
	if len(errs) > 0 {
		c.count("validation_failed")
		return ch, c.invalid(page, errs...)
	}
	return ch, nil
}

func (c *call) stateChange(members map[string]json.RawMessage, ch *change) []fieldProblem {
	var errs []fieldProblem
	for _, m := range []struct {
		field   string
		into    **string
		allowed string
	}{
		{"state", &ch.state, "open closed"},
		{"state_reason", &ch.reason, "completed not_planned duplicate reopened"},
	} {
		raw, given := members[m.field]
		if !given || null(raw) {
			continue
		}
		var value string
		if json.Unmarshal(raw, &value) != nil || !strings.Contains(" "+m.allowed+" ", " "+value+" ") {
			errs = append(errs, fieldProblem{Value: string(raw), Resource: "Issue", Field: m.field, Code: "invalid"})
			continue
		}
		*m.into = &value
	}
	return errs
}

// pushMembers reads the members that are dropped without push access.
func (c *call) pushMembers(r *repo, members map[string]json.RawMessage, ch *change) []fieldProblem {
	if !c.mayPush(r) {
		for _, name := range []string{"labels", "assignees", "assignee", "milestone", "type", "issue_field_values"} {
			if _, given := members[name]; given {
				c.count("dropped_" + name)
			}
		}
		return nil
	}
	var errs []fieldProblem
	if raw, given := members["labels"]; given && !null(raw) {
		names, err := labelNames(raw)
		if err != nil {
			errs = append(errs, *err)
		}
		ch.labels = &names
	}
	if raw, given := members["assignees"]; given && !null(raw) {
		errs = append(errs, c.assignees(r, raw, ch)...)
	} else if raw, given := members["assignee"]; given {
		errs = append(errs, c.assignees(r, wrap(raw), ch)...)
	}
	if raw, given := members["milestone"]; given {
		errs = append(errs, milestoneOf(r, raw, ch)...)
	}
	if raw, given := members["issue_field_values"]; given {
		errs = append(errs, c.fieldMembers(r, raw, ch)...)
	}
	return errs
}

func wrap(raw json.RawMessage) json.RawMessage {
	if null(raw) || string(raw) == `""` {
		return json.RawMessage("[]")
	}
	return json.RawMessage("[" + string(raw) + "]")
}

func null(raw json.RawMessage) bool { return string(raw) == "null" }

func textOrNumber(raw json.RawMessage) (string, bool) {
	var s string
	if json.Unmarshal(raw, &s) == nil && !null(raw) {
		return s, true
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil && n != "" {
		return n.String(), true
	}
	return "", false
}

// labelNames reads labels given as strings or as objects with a name.
func labelNames(raw json.RawMessage) ([]string, *fieldProblem) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return nil, &fieldProblem{Resource: "Issue", Field: "labels", Code: "invalid"}
	}
	names := make([]string, 0, len(items))
	for _, item := range items {
		var name string
		if json.Unmarshal(item, &name) != nil {
			var object struct{ Name string }
			if json.Unmarshal(item, &object) != nil {
				return nil, &fieldProblem{Resource: "Label", Field: "name", Code: "invalid"}
			}
			name = object.Name
		}
		if p := labelProblem(name); p != nil {
			return nil, p
		}
		names = append(names, name)
	}
	return names, nil
}

const maxAssignees = 10

// assignees reads logins. Somebody who cannot be assigned is dropped silently,
// or refused if the server is set to.
func (c *call) assignees(r *repo, raw json.RawMessage, ch *change) []fieldProblem {
	var logins []string
	if json.Unmarshal(raw, &logins) != nil {
		return []fieldProblem{{Resource: "Issue", Field: "assignees", Code: "invalid"}}
	}
	list := []*user{}
	for _, login := range logins {
		u := c.users[fold(login)]
		switch {
		case !assignable(r, u):
			if c.opts.RejectUnassignable {
				return []fieldProblem{{Value: login, Resource: "Issue", Field: "assignees", Code: "invalid"}}
			}
			c.count("dropped_unassignable")
		case len(list) >= maxAssignees:
			c.count("dropped_eleventh_assignee")
		default:
			list = appendNew(list, u)
		}
	}
	ch.assignees = &list
	return nil
}

func assignable(r *repo, u *user) bool {
	return u != nil && !u.blocked && u.kind == "User" && (u == r.owner || r.roles[u.id] >= RoleRead)
}

func appendNew[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

func milestoneOf(r *repo, raw json.RawMessage, ch *change) []fieldProblem {
	if null(raw) {
		ch.milestone = &milestoneChange{}
		return nil
	}
	text, _ := textOrNumber(raw)
	for _, m := range r.milestones {
		if strconv.Itoa(m.number) == text {
			ch.milestone = &milestoneChange{m}
			return nil
		}
	}
	return []fieldProblem{{Value: text, Resource: "Issue", Field: "milestone", Code: "invalid"}}
}
