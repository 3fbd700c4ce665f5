package jira

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// survey is what the mapping check reads of a site: the project with its
// workflow and screens, the value lists, and what the account may do.
type survey struct {
	Account string
	Project projectRow
	Type    typeRow
	// Statuses, Priorities and Resolutions are what the project and the type offer.
	Statuses    []named
	Priorities  []named
	Resolutions []named
	// Create and Edit are the fields of the screens by id; nil where they could not be read.
	Create map[string]fieldRow
	Edit   map[string]fieldRow
	// Steps are the transitions of the newest issue, From its status.
	Steps []transition
	From  named
	May   map[string]bool
	// Unassignable are accounts of the identity table that cannot own issues here.
	Unassignable map[string]bool
}

type projectRow struct {
	ID       text   `json:"id"`
	Key      string `json:"key"`
	Name     string `json:"name"`
	Archived bool   `json:"archived"`
}

type typeRow struct {
	ID       text    `json:"id"`
	Name     string  `json:"name"`
	Subtask  bool    `json:"subtask"`
	Statuses []named `json:"statuses"`
}

type fieldRow struct {
	ID         string `json:"fieldId"`
	Name       string `json:"name"`
	Required   bool   `json:"required"`
	HasDefault bool   `json:"hasDefaultValue"`
	Schema     struct {
		Type   string `json:"type"`
		Custom string `json:"custom"`
	} `json:"schema"`
	Allowed json.RawMessage `json:"allowedValues"`
}

// kind is the last part of a custom field's type, such as textarea.
func (f fieldRow) kind() string {
	return f.Schema.Custom[strings.LastIndexByte(f.Schema.Custom, ':')+1:]
}

// maxAsked bounds how many accounts one check asks about.
const maxAsked = 100

// survey reads the site. An error ends it: half a survey would call things
// unreachable that are not.
func (t *Tracker) survey(ctx context.Context) (survey, error) {
	var s survey
	for _, read := range []func(context.Context, *survey) error{
		t.readAccount, t.readProject, t.readTypes, t.readPermissions, t.readPriorities, t.readResolutions, t.readCreateScreen, t.readNewest, t.readAssignable,
	} {
		if err := read(ctx, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (t *Tracker) read(ctx context.Context, path string, query url.Values, into any) error {
	_, err := t.client.get(ctx, request{method: http.MethodGet, path: "rest/api/2/" + path, query: query, class: domain.CallRead}, into)
	return err
}

func (t *Tracker) readAccount(ctx context.Context, s *survey) error {
	var me userRow
	if err := t.read(ctx, "myself", nil, &me); err != nil {
		return err
	}
	if s.Account = me.account(t.cloud()); s.Account == "" {
		return domain.Errorf(domain.ErrUnavailable, "Jira does not say whose token it is")
	}
	if me.DisplayName != "" {
		s.Account = me.DisplayName + " (" + s.Account + ")"
	}
	return nil
}

func (t *Tracker) readProject(ctx context.Context, s *survey) error {
	t.mu.Lock()
	project := cmp.Or(t.place, t.config.Project) // a project may be renamed, its id stays
	t.mu.Unlock()
	err := t.read(ctx, "project/"+url.PathEscape(project), nil, &s.Project)
	if domain.KindOf(err) == domain.ErrNotFound {
		return &domain.Error{Kind: domain.ErrForbidden, Code: codeAccessLost, Message: "project " + t.config.Project + " is not visible to the tracker's account", Err: err}
	}
	if err == nil && !idPattern.MatchString(string(s.Project.ID)) {
		err = domain.Errorf(domain.ErrUnavailable, "Jira gave project %s without a usable id", t.config.Project)
	}
	if err == nil {
		t.learn(string(s.Project.ID))
	}
	return err
}

// readTypes finds the issue type of new issues and the statuses of its workflow.
func (t *Tracker) readTypes(ctx context.Context, s *survey) error {
	var types []typeRow
	if err := t.read(ctx, "project/"+string(s.Project.ID)+"/statuses", nil, &types); err != nil {
		return err
	}
	want := t.mapping.IssueType
	if want == "" {
		want = defaultType
	}
	n := slices.IndexFunc(types, func(x typeRow) bool { return string(x.ID) == want || strings.EqualFold(x.Name, want) })
	if n < 0 && t.mapping.IssueType == "" {
		n = slices.IndexFunc(types, func(x typeRow) bool { return !x.Subtask })
	}
	if n >= 0 {
		s.Type, s.Statuses = types[n], types[n].Statuses
		return nil
	}
	for _, x := range types { // the statuses of all types still suggest a mapping
		for _, st := range x.Statuses {
			if !slices.ContainsFunc(s.Statuses, func(o named) bool { return o.ID == st.ID }) {
				s.Statuses = append(s.Statuses, st)
			}
		}
	}
	return nil
}

// The permissions that matter; each is asked about by name, which Cloud demands.
const (
	mayCreate   = "CREATE_ISSUES"
	mayEdit     = "EDIT_ISSUES"
	mayMove     = "TRANSITION_ISSUES"
	mayAssign   = "ASSIGN_ISSUES"
	maySchedule = "SCHEDULE_ISSUES"
	mayLink     = "LINK_ISSUES"
)

func (t *Tracker) readPermissions(ctx context.Context, s *survey) error {
	var got struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	asked := []string{"BROWSE_PROJECTS", mayCreate, mayEdit, mayMove, mayAssign, maySchedule, mayLink}
	err := t.read(ctx, "mypermissions", url.Values{"projectId": {string(s.Project.ID)}, "permissions": {strings.Join(asked, ",")}}, &got)
	s.May = map[string]bool{}
	for name, p := range got.Permissions {
		s.May[name] = p.Have
	}
	return err
}

func (t *Tracker) readPriorities(ctx context.Context, s *survey) error {
	return t.read(ctx, "priority", nil, &s.Priorities)
}

func (t *Tracker) readResolutions(ctx context.Context, s *survey) error {
	return t.read(ctx, "resolution", nil, &s.Resolutions)
}

// readCreateScreen pages through the fields of the create screen. Old servers
// do not have the address; then the screen stays unknown.
func (t *Tracker) readCreateScreen(ctx context.Context, s *survey) error {
	if s.Type.ID == "" {
		return nil
	}
	fields := map[string]fieldRow{}
	for start, pages := 0, 0; pages < maxPages; pages++ {
		var page struct {
			Fields []fieldRow `json:"fields"` // Cloud
			Values []fieldRow `json:"values"` // Data Center
			Total  int        `json:"total"`
		}
		path := "issue/createmeta/" + string(s.Project.ID) + "/issuetypes/" + string(s.Type.ID)
		err := t.read(ctx, path, url.Values{"startAt": {strconv.Itoa(start)}, "maxResults": {"200"}}, &page)
		if domain.KindOf(err) == domain.ErrNotFound && !t.cloud() {
			return nil
		}
		if err != nil {
			return err
		}
		rows := slices.Concat(page.Fields, page.Values)
		for _, f := range rows {
			fields[f.ID] = f
		}
		if start += len(rows); len(rows) == 0 || start >= page.Total {
			break
		}
	}
	s.Create = fields
	s.narrowPriorities()
	return nil
}

// narrowPriorities keeps the priorities of the project's own scheme.
func (s *survey) narrowPriorities() {
	var allowed []named
	if raw := s.Create["priority"].Allowed; len(raw) > 0 && decode(raw, &allowed) == nil && len(allowed) > 0 {
		s.Priorities = allowed
	}
}

// readNewest reads the edit screen and the transitions of the newest issue of
// the type. An empty project has neither; that is no fault.
func (t *Tracker) readNewest(ctx context.Context, s *survey) error {
	if s.Type.ID == "" {
		return nil
	}
	jql := inProject(string(s.Project.ID)) + " AND issuetype = " + string(s.Type.ID) + " ORDER BY created DESC, id DESC"
	got, a, err := t.search(ctx, search{jql: jql, fields: t.fields(), size: 1, class: domain.CallRead})
	if err != nil {
		return err
	}
	rows, _ := t.rows(got, a)
	if len(rows) == 0 {
		return nil
	}
	var screen struct {
		Fields map[string]fieldRow `json:"fields"`
	}
	if err := t.read(ctx, "issue/"+rows[0].Ref.ID+"/editmeta", nil, &screen); err != nil {
		if errors.Is(err, domain.ErrNotFound) {
			return nil // deleted meanwhile
		}
		return err
	}
	s.Edit = screen.Fields
	n := nativeOf(rows[0])
	m := move{t: t, ref: rows[0].Ref, n: n}
	s.Steps, err = m.read(ctx, workflowPlace{rows[0].Ref.Place, n.Type, n.Status})
	s.From = named{ID: text(n.Status)}
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	return err
}

// readAssignable asks for each account of the identity table whether it can
// own issues here, by its exact id: nobody is looked for by a similar name (T68).
func (t *Tracker) readAssignable(ctx context.Context, s *survey) error {
	s.Unassignable = map[string]bool{}
	for n, account := range t.mapping.everybody() {
		if n == maxAsked {
			return nil
		}
		parameter := "username"
		if t.cloud() {
			parameter = "accountId"
		}
		var users []userRow
		if err := t.read(ctx, "user/assignable/search", url.Values{"project": {s.Project.Key}, parameter: {account}, "maxResults": {"50"}}, &users); err != nil {
			return err
		}
		if !slices.ContainsFunc(users, func(u userRow) bool { return strings.EqualFold(u.account(t.cloud()), account) }) {
			s.Unassignable[account] = true
		}
	}
	return nil
}
