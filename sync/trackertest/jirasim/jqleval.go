package jirasim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// matcher decides whether a state of an issue satisfies a query.
type matcher func(*revision) bool

// plan is a query made ready to run for one account.
type plan struct {
	match matcher
	// since is a lower bound of updated that every match satisfies.
	since time.Time
	// only, if not nil, are the only issues that can match.
	only []*issue
	// bounded says that the query restricts anything at all.
	bounded  bool
	order    func(a, b *revision) int
	warnings []string
}

func (c *call) plan(jql string) (*plan, error) {
	q, err := parseJQL(jql)
	if err != nil {
		return nil, err
	}
	p := &plan{bounded: len(q.terms) > 0}
	if p.match, err = c.conjunction(q.terms, p); err != nil {
		return nil, err
	}
	p.order, err = sorter(q.order)
	return p, err
}

func (c *call) conjunction(terms []term, p *plan) (matcher, error) {
	var all []matcher
	for _, t := range terms {
		m, err := c.compileTerm(t, p)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return func(v *revision) bool {
		for _, m := range all {
			if !m(v) {
				return false
			}
		}
		return true
	}, nil
}

func (c *call) compileTerm(t term, p *plan) (matcher, error) {
	if t.any != nil {
		var some []matcher
		for _, q := range t.any {
			inner := p
			if len(t.any) > 1 {
				inner = &plan{} // bounds of one alternative do not bound all
			}
			m, err := c.conjunction(q.terms, inner)
			if err != nil {
				return nil, err
			}
			some = append(some, m)
			if inner != p {
				p.warnings = append(p.warnings, inner.warnings...)
			}
		}
		return func(v *revision) bool { return slices.ContainsFunc(some, func(m matcher) bool { return m(v) }) }, nil
	}
	switch strings.ToLower(t.field) {
	case "updated", "updateddate", "created", "createddate":
		return c.timeTerm(t, p)
	case "id", "issue", "issuekey", "key":
		return c.keyTerm(t, p)
	case "project":
		return c.projectTerm(t, p)
	case "statuscategory":
		return c.categoryTerm(t)
	case "labels":
		return setTerm(t, func(v *revision) []string { return v.labels })
	case "status":
		return setTerm(t, func(v *revision) []string { return []string{v.status.id, v.status.name} })
	case "issuetype", "type":
		return setTerm(t, func(v *revision) []string { return []string{v.typ.id, v.typ.name} })
	case "priority":
		return setTerm(t, func(v *revision) []string { return []string{v.priority.id, v.priority.name} })
	case "resolution":
		return setTerm(t, func(v *revision) []string {
			if v.resolution == nil {
				return []string{"unresolved"}
			}
			return []string{v.resolution.id, v.resolution.name}
		})
	case "assignee":
		return c.userTerm(t, func(v *revision) *user { return v.assignee })
	case "reporter":
		return c.userTerm(t, func(v *revision) *user { return v.reporter })
	}
	return nil, jqlError{fmt.Sprintf("Field '%s' does not exist or you do not have permission to view it.", t.field)}
}

func badOperator(t term) error {
	return jqlError{fmt.Sprintf("The operator '%s' is not supported by the '%s' field.", t.op, t.field)}
}

func (c *call) userTerm(t term, get func(*revision) *user) (matcher, error) {
	for i := range t.values {
		if strings.EqualFold(t.values[i].text, "currentUser()") {
			t.values[i].text = c.userID(c.who)
		}
	}
	return setTerm(t, func(v *revision) []string {
		if u := get(v); u != nil {
			return []string{c.userID(u), u.DisplayName}
		}
		return nil
	})
}

// setTerm compares names and ids without regard to case.
func setTerm(t term, get func(*revision) []string) (matcher, error) {
	want := map[string]bool{}
	empty := false
	for _, v := range t.values {
		if !v.quoted && (strings.EqualFold(v.text, "empty") || strings.EqualFold(v.text, "null")) {
			empty = true
			continue
		}
		want[strings.ToLower(v.text)] = true
	}
	has := func(v *revision) bool {
		values := get(v)
		if len(values) == 0 {
			return empty
		}
		return slices.ContainsFunc(values, func(x string) bool { return want[strings.ToLower(x)] })
	}
	switch t.op {
	case "=", "in":
		return has, nil
	case "!=", "not in":
		return func(v *revision) bool { return !has(v) }, nil
	}
	return nil, badOperator(t)
}

func (c *call) projectTerm(t term, p *plan) (matcher, error) {
	want := map[*project]bool{}
	for _, v := range t.values {
		pr := c.project(v.text)
		if pr == nil || !c.may(c.who, pr, Browse) {
			m := fmt.Sprintf("The value '%s' does not exist for the field 'project'.", v.text)
			if !c.opts.WarnOnUnknown || c.cloud() {
				c.count("jql_unknown_project")
				return nil, jqlError{m}
			}
			p.warnings = append(p.warnings, m)
			continue
		}
		want[pr] = true
	}
	switch t.op {
	case "=", "in":
		return func(v *revision) bool { return want[v.project] }, nil
	case "!=", "not in":
		return func(v *revision) bool { return !want[v.project] }, nil
	}
	return nil, badOperator(t)
}

func (c *call) categoryTerm(t term) (matcher, error) {
	for i, v := range t.values {
		switch strings.ToLower(v.text) {
		case "to do", "2", "new":
			t.values[i].text = string(CategoryNew)
		case "in progress", "4", "indeterminate":
			t.values[i].text = string(CategoryIndeterminate)
		case "done", "3", "complete":
			t.values[i].text = string(CategoryDone)
		default:
			return nil, jqlError{fmt.Sprintf("The value '%s' does not exist for the field 'statusCategory'.", v.text)}
		}
	}
	return setTerm(t, func(v *revision) []string { return []string{string(v.status.category)} })
}

// keyTerm finds issues by id or key. A single unknown key is an error, as in
// Jira; in lists of ids unknown ones are an error, too.
func (c *call) keyTerm(t term, p *plan) (matcher, error) {
	want := map[*issue]bool{}
	var list []*issue
	for _, v := range t.values {
		i := c.find(v.text)
		if i == nil || !c.sees(c.who, i.cur()) {
			c.count("jql_unknown_issue")
			m := fmt.Sprintf("An issue with key '%s' does not exist for field '%s'.", v.text, t.field)
			if _, err := strconv.Atoi(v.text); err == nil {
				m = fmt.Sprintf("A value with ID '%s' does not exist for the field '%s'.", v.text, t.field)
			}
			if !c.opts.WarnOnUnknown || c.cloud() {
				return nil, jqlError{m}
			}
			p.warnings = append(p.warnings, m)
			continue
		}
		if !want[i] {
			want[i] = true
			list = append(list, i)
		}
	}
	switch t.op {
	case "=", "in":
		p.only = list
		if p.only == nil {
			p.only = []*issue{}
		}
		return func(v *revision) bool { return want[v.issue] }, nil
	case "!=", "not in":
		return func(v *revision) bool { return !want[v.issue] }, nil
	case ">", ">=", "<", "<=":
		return rangeOfKeys(t, list)
	}
	return nil, badOperator(t)
}

func rangeOfKeys(t term, list []*issue) (matcher, error) {
	if len(list) != 1 {
		return nil, badOperator(t)
	}
	pivot := list[0].id
	return func(v *revision) bool { return compares(t.op, cmp.Compare(v.issue.id, pivot)) }, nil
}

func compares(op string, c int) bool {
	switch op {
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	}
	return c == 0
}

func (c *call) timeTerm(t term, p *plan) (matcher, error) {
	if !slices.Contains([]string{">", ">=", "<", "<=", "="}, t.op) {
		return nil, badOperator(t)
	}
	pivot, err := c.jqlTime(t)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(strings.ToLower(t.field), "updated") {
		if t.op[0] == '>' && pivot.After(p.since) {
			p.since = pivot
		}
		return func(v *revision) bool { return compares(t.op, v.updated.Compare(pivot)) }, nil
	}
	return func(v *revision) bool { return compares(t.op, v.issue.created.Compare(pivot)) }, nil
}

// jqlTime reads a bare number as epoch milliseconds, and a quoted or dashed
// value as a date and time in the zone of the account, to the minute.
func (c *call) jqlTime(t term) (time.Time, error) {
	v := t.values[0].text
	if ms, err := strconv.ParseInt(v, 10, 64); err == nil {
		return time.UnixMilli(ms), nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006/01/02 15:04", "2006-01-02", "2006/01/02"} {
		if at, err := time.ParseInLocation(layout, v, c.who.zone); err == nil {
			c.count("jql_local_time")
			return at, nil
		}
	}
	if at, ok := relative(v, c.now); ok {
		return at, nil
	}
	return time.Time{}, jqlError{fmt.Sprintf("Date value '%s' for field '%s' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.", v, t.field)}
}

// relative reads periods such as -5d or -30m.
func relative(v string, now time.Time) (time.Time, bool) {
	if len(v) < 2 {
		return time.Time{}, false
	}
	n, err := strconv.Atoi(v[:len(v)-1])
	if err != nil {
		return time.Time{}, false
	}
	unit := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[v[len(v)-1]]
	return now.Add(time.Duration(n) * unit), unit != 0
}

// sorter orders rows as asked, and newest id first where nothing is asked or
// everything is equal.
func sorter(keys []sortKey) (func(a, b *revision) int, error) {
	var by []func(a, b *revision) int
	for _, k := range keys {
		var f func(a, b *revision) int
		switch k.field {
		case "updated", "updateddate":
			f = func(a, b *revision) int { return a.updated.Compare(b.updated) }
		case "created", "createddate":
			f = func(a, b *revision) int { return a.issue.created.Compare(b.issue.created) }
		case "id", "key", "issuekey":
			f = func(a, b *revision) int { return cmp.Compare(a.issue.id, b.issue.id) }
		case "summary":
			f = func(a, b *revision) int { return strings.Compare(a.summary, b.summary) }
		case "duedate", "due":
			f = func(a, b *revision) int { return strings.Compare(a.due, b.due) }
		case "priority":
			f = func(a, b *revision) int { return -strings.Compare(a.priority.id, b.priority.id) }
		case "status":
			f = func(a, b *revision) int { return strings.Compare(a.status.id, b.status.id) }
		default:
			return nil, jqlError{fmt.Sprintf("Not able to sort using field '%s'.", k.field)}
		}
		if k.desc {
			g := f
			f = func(a, b *revision) int { return g(b, a) }
		}
		by = append(by, f)
	}
	return func(a, b *revision) int {
		for _, f := range by {
			if d := f(a, b); d != 0 {
				return d
			}
		}
		return cmp.Compare(b.issue.id, a.issue.id)
	}, nil
}
