package jirasim

import (
	"fmt"
	"strconv"
	"strings"
)

type status struct {
	id, name, description string
	category              Category
}

// Category is the key of a status category.
type Category string

// The status categories.
const (
	CategoryNew           Category = "new"
	CategoryIndeterminate Category = "indeterminate"
	CategoryDone          Category = "done"
)

type priority struct {
	id, name, description, color string
}

type resolution struct {
	id, name, description string
}

type issueType struct {
	id, name, description string
	subtask               bool
}

// FieldKind is the type of a custom field.
type FieldKind int

// The kinds of custom fields.
const (
	// TextField is one line of at most 255 characters.
	TextField FieldKind = iota
	// Paragraph is a long text; version 3 of the API shows it as a document.
	Paragraph
	// Date is a day without a time.
	Date
	// Number is a decimal number.
	Number
)

type fieldDef struct {
	id, name string
	custom   bool
	kind     FieldKind
	navig    bool
	typ      string // schema type
	items    string
	customID int64
}

type project struct {
	id, key, name string
	lead          *user
	types         []*issueType
	workflows     map[string]*workflow // by issue type id
	create, edit  map[string]bool      // field ids on the screens
	required      map[string]bool
	priorities    []*priority
	counter       int
	archived      bool
	deleted       bool
}

// furnish creates what a fresh site has.
func (s *Server) furnish() {
	for _, x := range []status{
		{"1", "Open", "The issue is open and ready for the assignee to start work on it.", CategoryNew},
		{"3", "In Progress", "This issue is being actively worked on at the moment by the assignee.", CategoryIndeterminate},
		{"4", "Reopened", "This issue was once resolved, but the resolution was deemed incorrect.", CategoryNew},
		{"5", "Resolved", "A resolution has been taken, and it is awaiting verification by reporter.", CategoryDone},
		{"6", "Closed", "The issue is considered finished, the resolution is correct.", CategoryDone},
		{"10000", "To Do", "", CategoryNew},
		{"10001", "Done", "", CategoryDone},
	} {
		s.statuses = append(s.statuses, &x)
	}
	s.ids["status"] = 10001
	for i, x := range []priority{
		{name: "Highest", color: "#d04437", description: "This problem will block progress."},
		{name: "High", color: "#f15C75", description: "Serious problem that could block progress."},
		{name: "Medium", color: "#f79232", description: "Has the potential to affect progress."},
		{name: "Low", color: "#707070", description: "Minor problem or easily worked around."},
		{name: "Lowest", color: "#999999", description: "Trivial problem with little or no impact on progress."},
	} {
		x.id = strconv.Itoa(i + 1)
		s.priorities = append(s.priorities, &x)
	}
	for _, name := range []string{"Done", "Won't Do", "Duplicate", "Cannot Reproduce"} {
		s.resolutions = append(s.resolutions, &resolution{id: strconv.FormatInt(s.next("resolution"), 10), name: name})
	}
	s.ids["issuetype"] = 10000
	for _, x := range []issueType{
		{name: "Story", description: "Functionality or a feature expressed as a user goal."},
		{name: "Task", description: "A small, distinct piece of work."},
		{name: "Sub-task", description: "A small piece of work that's part of a larger task.", subtask: true},
		{name: "Bug", description: "A problem or error."},
	} {
		x.id = strconv.FormatInt(s.next("issuetype"), 10)
		s.types = append(s.types, &x)
	}
	s.fields = systemFields()
}

// AddStatus adds a status and returns its id.
func (s *Server) AddStatus(name string, c Category) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &status{id: strconv.FormatInt(s.next("status"), 10), name: name, category: c}
	s.statuses = append(s.statuses, st)
	return st.id
}

// RenameStatus changes the name of a status and touches no issue.
func (s *Server) RenameStatus(idOrName, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustStatus(idOrName).name = name
}

// AddPriority adds a priority at the end of the list and returns its id.
func (s *Server) AddPriority(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &priority{id: strconv.FormatInt(s.next("priority"), 10), name: name, color: "#707070"}
	s.priorities = append(s.priorities, p)
	return p.id
}

// RenamePriority changes the name of a priority and touches no issue.
func (s *Server) RenamePriority(idOrName, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustPriority(idOrName).name = name
}

// AddResolution adds a resolution and returns its id.
func (s *Server) AddResolution(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &resolution{id: strconv.FormatInt(s.next("resolution"), 10), name: name}
	s.resolutions = append(s.resolutions, r)
	return r.id
}

// AddIssueType adds an issue type, not yet used by any project, and returns
// its id.
func (s *Server) AddIssueType(name string, subtask bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &issueType{id: strconv.FormatInt(s.next("issuetype"), 10), name: name, subtask: subtask}
	s.types = append(s.types, t)
	return t.id
}

// AddField adds a custom field, puts it on all screens of all projects there
// are, and returns its id.
func (s *Server) AddField(name string, kind FieldKind) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.next("field")
	f := &fieldDef{id: fmt.Sprintf("customfield_%d", n), name: name, custom: true, kind: kind, navig: true, customID: n, typ: "string"}
	switch kind {
	case Date:
		f.typ = "date"
	case Number:
		f.typ = "number"
	case TextField, Paragraph:
	}
	s.fields = append(s.fields, f)
	for _, p := range s.projects {
		p.create[f.id], p.edit[f.id] = true, true
	}
	return f.id
}

// AddProject adds a project with the issue types Story, Task, Sub-task and
// Bug, the simple workflow, all priorities and all fields on all screens. It
// returns the project's id.
func (s *Server) AddProject(key, name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &project{
		id: strconv.FormatInt(s.next("project"), 10), key: upper(key), name: name,
		workflows: map[string]*workflow{}, create: map[string]bool{}, edit: map[string]bool{}, required: map[string]bool{},
		priorities: append([]*priority(nil), s.priorities...),
	}
	if len(s.users) > 0 {
		p.lead = s.users[0]
	}
	p.types = append(p.types, s.types[:4]...)
	for _, f := range s.fields {
		if f.custom || onScreens(f.id) {
			p.create[f.id], p.edit[f.id] = true, true
		}
	}
	s.projects = append(s.projects, p)
	for _, t := range p.types {
		p.workflows[t.id] = s.compile(SimpleWorkflow())
	}
	return p.id
}

// Screen names one of the two screens a field may be on.
type Screen int

// The screens.
const (
	CreateScreen Screen = iota
	EditScreen
)

// ShowField puts fields on a screen of a project.
func (s *Server) ShowField(projectKey string, screen Screen, fields ...string) {
	s.setScreen(projectKey, screen, fields, true)
}

// HideField takes fields off a screen of a project.
func (s *Server) HideField(projectKey string, screen Screen, fields ...string) {
	s.setScreen(projectKey, screen, fields, false)
}

func (s *Server) setScreen(projectKey string, screen Screen, fields []string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.mustProject(projectKey)
	m := p.create
	if screen == EditScreen {
		m = p.edit
	}
	for _, f := range fields {
		if s.field(f) == nil {
			panic("jirasim: no field " + f)
		}
		m[f] = on
	}
}

// RequireField makes a field required in a project, or optional again.
func (s *Server) RequireField(projectKey, field string, required bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustProject(projectKey).required[field] = required
}

// SetPriorities sets the priority scheme of a project.
func (s *Server) SetPriorities(projectKey string, idsOrNames ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.mustProject(projectKey)
	p.priorities = nil
	for _, ref := range idsOrNames {
		p.priorities = append(p.priorities, s.mustPriority(ref))
	}
}

// SetIssueTypes sets the issue types of a project. New ones get the simple
// workflow.
func (s *Server) SetIssueTypes(projectKey string, idsOrNames ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.mustProject(projectKey)
	p.types = nil
	for _, ref := range idsOrNames {
		t := s.mustType(ref)
		p.types = append(p.types, t)
		if p.workflows[t.id] == nil {
			p.workflows[t.id] = s.compile(SimpleWorkflow())
		}
	}
}

// ArchiveProject makes a project read-only for everybody, or writable again.
func (s *Server) ArchiveProject(projectKey string, archived bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustProject(projectKey).archived = archived
}

// RenameProject changes the key of a project. The keys of its issues change
// with it; the old ones keep working.
func (s *Server) RenameProject(key, newKey string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.mustProject(key)
	p.key = upper(newKey)
	for _, i := range s.ledger {
		v := i.cur()
		if v.project != p || v.deleted {
			continue
		}
		d := i.draft(v.by)
		d.key = p.key + v.key[strings.LastIndexByte(v.key, '-'):]
		updated := v.updated
		s.record(i, d)
		d.updated = updated
		s.unordered = true
	}
}

func upper(s string) string { return strings.ToUpper(s) }

func (s *Server) project(idOrKey string) *project {
	for _, p := range s.projects {
		if !p.deleted && (p.id == idOrKey || strings.EqualFold(p.key, idOrKey)) {
			return p
		}
	}
	return nil
}

func (s *Server) mustProject(idOrKey string) *project {
	return must(s.project(idOrKey), "project", idOrKey)
}

func (s *Server) mustIssue(idOrKey string) *issue { return must(s.find(idOrKey), "issue", idOrKey) }

func (s *Server) mustStatus(ref string) *status { return must(s.status(ref), "status", ref) }

func (s *Server) mustPriority(ref string) *priority {
	return must(pick(s.priorities, ref, func(p *priority) (string, string) { return p.id, p.name }), "priority", ref)
}

func (s *Server) mustType(ref string) *issueType {
	return must(pick(s.types, ref, func(t *issueType) (string, string) { return t.id, t.name }), "issue type", ref)
}

func (s *Server) status(ref string) *status {
	return pick(s.statuses, ref, func(x *status) (string, string) { return x.id, x.name })
}

func (s *Server) resolutionBy(ref string) *resolution {
	return pick(s.resolutions, ref, func(x *resolution) (string, string) { return x.id, x.name })
}

func (s *Server) field(id string) *fieldDef {
	return pick(s.fields, id, func(f *fieldDef) (string, string) { return f.id, "" })
}

func (p *project) typ(ref string) *issueType {
	return pick(p.types, ref, func(t *issueType) (string, string) { return t.id, t.name })
}

func must[T any](v *T, kind, ref string) *T {
	if v == nil {
		panic(fmt.Sprintf("jirasim: no %s %q", kind, ref))
	}
	return v
}

// pick finds an entry by id, else by name.
func pick[T any](list []*T, ref string, names func(*T) (id, name string)) *T {
	for _, x := range list {
		if id, _ := names(x); id == ref {
			return x
		}
	}
	for _, x := range list {
		if _, name := names(x); name != "" && strings.EqualFold(name, ref) {
			return x
		}
	}
	return nil
}
