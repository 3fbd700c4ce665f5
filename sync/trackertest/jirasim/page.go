package jirasim

import (
	"bytes"
	"cmp"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The pages let a person work in the simulated Jira with a browser, for the
// demo: a list, an issue with its fields and its transition buttons, and a
// form for a new one. html/template escapes everything that is shown.

// isPage reports requests for the pages: the site's root and /browse.
func (s *Server) isPage(r *http.Request) bool {
	if !s.opts.Web {
		return false
	}
	s.mu.Lock()
	p := s.below(r.URL)
	s.mu.Unlock()
	return p == "" || p == "/" || p == "/browse" || strings.HasPrefix(p, "/browse/")
}

// pageData is everything a page shows.
type pageData struct {
	Base     string
	Home     string
	Actor    string
	People   []choice
	Projects []choice
	Rows     []Issue
	Issue    *Issue
	Buttons  []button
	Levels   []choice
	Outcomes []choice
	Message  string
}

type choice struct{ Value, Label string }

type button struct {
	ID, Name, To string
	Asks         bool // for a resolution
}

func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	s.mu.Lock()
	path := s.below(r.URL)
	s.mu.Unlock()
	key := strings.TrimPrefix(strings.TrimPrefix(path, "/browse"), "/")
	if unescaped, err := url.PathUnescape(key); err == nil {
		key = unescaped
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		s.showPage(w, r, key, "", http.StatusOK)
	case http.MethodPost:
		s.actOnPage(w, r, key)
	default:
		h.Set("Allow", "GET, POST")
		http.Error(w, "only GET and POST", http.StatusMethodNotAllowed)
	}
}

// actOnPage does what a form asks and then shows the page anew.
func (s *Server) actOnPage(w http.ResponseWriter, r *http.Request, key string) {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		http.Error(w, "the form was not sent from this site", http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	actor := s.actor(r.PostForm.Get("as"))
	if actor == "" {
		http.Error(w, "choose who you are: this site has no such person", http.StatusBadRequest)
		return
	}
	key, err := s.act(actor, key, r.PostForm)
	if err != nil {
		s.showPage(w, r, key, strings.TrimPrefix(err.Error(), "jirasim: "), http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, s.BaseURL()+"/browse/"+url.PathEscape(key)+"?as="+url.QueryEscape(actor), http.StatusSeeOther)
}

func (s *Server) act(actor, key string, form url.Values) (string, error) {
	values := Values{"summary": form.Get("summary"), "description": strings.ReplaceAll(form.Get("description"), "\r\n", "\n")}
	if key == "" {
		project := form.Get("project")
		s.mu.Lock()
		p := s.project(project)
		s.mu.Unlock()
		if p == nil {
			return "", errUnknown{"project", project}
		}
		x, err := s.CreateIssue(actor, project, p.types[0].name, values)
		return x.Key, err
	}
	if _, ok := s.Issue(key); !ok {
		return "", errUnknown{"issue", key}
	}
	if id := form.Get("transition"); id != "" {
		outcome := form.Get("resolution")
		s.mu.Lock()
		known := outcome == "" || s.resolutionBy(outcome) != nil
		s.mu.Unlock()
		if !known {
			return key, errUnknown{"resolution", outcome}
		}
		return key, s.TransitionIssue(actor, key, id, outcome)
	}
	values["priority"], values["assignee"], values["duedate"] = form.Get("priority"), form.Get("assignee"), form.Get("duedate")
	return key, s.EditIssue(actor, key, values)
}

// errUnknown says that a form named something that is not there.
type errUnknown struct{ kind, ref string }

func (e errUnknown) Error() string { return "there is no " + e.kind + " " + e.ref }

// actor checks that a person exists and falls back to the first.
func (s *Server) actor(ref string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ref == "" {
		if len(s.users) == 0 {
			return ""
		}
		return s.userID(s.users[0])
	}
	u := s.user(ref)
	if u == nil {
		return ""
	}
	return s.userID(u)
}

func (s *Server) showPage(w http.ResponseWriter, r *http.Request, key, message string, status int) {
	d := s.pageData(key, s.actor(r.FormValue("as")))
	if key != "" && d.Issue == nil {
		http.Error(w, "Issue does not exist or you do not have permission to see it.", http.StatusNotFound)
		return
	}
	d.Message = message
	var b bytes.Buffer
	if err := s.pages.Execute(&b, d); err != nil {
		http.Error(w, "the page cannot be rendered: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // a reader who has gone away is no concern
}

func (s *Server) pageData(key, actor string) pageData {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := pageData{Base: s.base.EscapedPath() + "/browse", Home: s.base.Host, Actor: actor}
	for _, u := range s.users {
		d.People = append(d.People, choice{s.userID(u), u.DisplayName})
	}
	who := s.user(actor)
	for _, p := range s.projects {
		if s.may(who, p, Browse) {
			d.Projects = append(d.Projects, choice{p.key, p.name})
		}
	}
	if key == "" {
		for _, i := range s.ledger {
			if s.sees(who, i.cur()) {
				d.Rows = append(d.Rows, s.snapshot(i))
			}
		}
		slices.SortStableFunc(d.Rows, func(a, b Issue) int { return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(b.Key, a.Key)) })
		d.Rows = d.Rows[:min(len(d.Rows), 200)]
		return d
	}
	i := s.find(key)
	if i == nil || !s.sees(who, i.cur()) {
		return d
	}
	x := s.snapshot(i)
	d.Issue = &x
	for _, st := range s.steps(i.cur(), who) {
		if st.to != i.cur().status {
			d.Buttons = append(d.Buttons, button{st.ID, st.Name, st.to.name, st.Resolution == Required})
		}
	}
	for _, p := range i.cur().project.priorities {
		d.Levels = append(d.Levels, choice{p.id, p.name})
	}
	for _, o := range s.resolutions {
		d.Outcomes = append(d.Outcomes, choice{o.id, o.name})
	}
	return d
}

func pageTemplate() *template.Template { return template.Must(template.New("page").Parse(pageSource)) }

const pageSource = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{with .Issue}}{{.Key}}: {{.Summary}}{{else}}Issues{{end}} – simulated Jira</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#172b4d;background:#fff}
header{border-bottom:3px solid #0052cc;margin-bottom:1rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .5rem;border-bottom:1px solid #dfe1e6}
label{display:block;margin:.6rem 0}
input,select,textarea{font:inherit;width:100%;box-sizing:border-box;padding:.3rem;border:1px solid #7a869a;border-radius:3px}
button{font:inherit;padding:.35rem .8rem;border:1px solid #0052cc;border-radius:3px;background:#0052cc;color:#fff}
.row{display:flex;gap:1rem;flex-wrap:wrap}.row>*{flex:1 1 10rem}
.problem{border-left:4px solid #bf2600;padding:.3rem .8rem;background:#ffebe6}
</style>
</head>
<body>
<header><h1>Simulated Jira</h1><p>This is no real tracker: {{.Home}} exists only inside this demonstration.</p></header>
{{$actor := .Actor}}
<form method="get"><label>You are
<select name="as">{{range .People}}<option value="{{.Value}}"{{if eq .Value $actor}} selected{{end}}>{{.Label}}</option>{{end}}</select></label>
<button>Change person</button></form>
{{with .Message}}<p class="problem" role="alert">{{.}}</p>{{end}}
<main>
{{if .Issue}}{{with .Issue}}
<p><a href="{{$.Base}}?as={{$actor}}">All issues</a></p>
<h2>{{.Key}} <small>{{.Status}}{{with .Resolution}} ({{.}}){{end}}</small></h2>
<div class="row">{{range $.Buttons}}<form method="post"><input type="hidden" name="as" value="{{$actor}}"><input type="hidden" name="transition" value="{{.ID}}">
{{if .Asks}}<label>Resolution <select name="resolution">{{range $.Outcomes}}<option value="{{.Value}}">{{.Label}}</option>{{end}}</select></label>{{end}}
<button>{{.Name}}{{if ne .Name .To}} → {{.To}}{{end}}</button></form>{{end}}</div>
<form method="post"><input type="hidden" name="as" value="{{$actor}}">
<label>Summary <input name="summary" value="{{.Summary}}" maxlength="255" required></label>
<label>Description <textarea name="description" rows="10">
{{.Description}}</textarea></label>
<div class="row">
<label>Priority <select name="priority">{{$p := .PriorityID}}{{range $.Levels}}<option value="{{.Value}}"{{if eq .Value $p}} selected{{end}}>{{.Label}}</option>{{end}}</select></label>
<label>Assignee <select name="assignee"><option value="">Unassigned</option>{{$a := .Assignee}}{{range $.People}}<option value="{{.Value}}"{{if eq .Value $a}} selected{{end}}>{{.Label}}</option>{{end}}</select></label>
<label>Due date <input type="date" name="duedate" value="{{.DueDate}}"></label>
</div>
<button>Save</button></form>
<p>Labels: {{range .Labels}}{{.}} {{else}}none{{end}}. Updated {{.Updated.Format "2006-01-02 15:04:05 UTC"}}.</p>
{{end}}{{else}}
<table><thead><tr><th scope="col">Key</th><th scope="col">Summary</th><th scope="col">Status</th><th scope="col">Priority</th><th scope="col">Due</th></tr></thead>
<tbody>{{range .Rows}}<tr><td><a href="{{$.Base}}/{{.Key}}?as={{$actor}}">{{.Key}}</a></td><td>{{.Summary}}</td><td>{{.Status}}</td><td>{{.Priority}}</td><td>{{.DueDate}}</td></tr>{{else}}<tr><td colspan="5">No issues yet.</td></tr>{{end}}</tbody></table>
<h2>New issue</h2>
<form method="post"><input type="hidden" name="as" value="{{$actor}}">
<label>Project <select name="project">{{range .Projects}}<option value="{{.Value}}">{{.Label}} ({{.Value}})</option>{{end}}</select></label>
<label>Summary <input name="summary" maxlength="255" required></label>
<label>Description <textarea name="description" rows="4"></textarea></label>
<button>Create</button></form>
{{end}}
</main>
</body>
</html>
`
