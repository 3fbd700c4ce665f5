package githubsim

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The pages for people are as small as a demonstration allows: a list of
// repositories, a list of issues, and one form per issue. They work without
// scripts, and html/template escapes everything that comes from the tracker.

const pageText = `{{define "head"}}<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.}} · simulated GitHub</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}
label{display:block;margin:.8rem 0 .2rem;font-weight:600}
input,select,textarea{font:inherit;width:100%;box-sizing:border-box;padding:.4rem;border:1px solid #818b98;border-radius:4px}
textarea{font-family:ui-monospace,monospace;font-size:14px}
button{font:inherit;margin-top:1rem;padding:.4rem 1.2rem}
.tag{border:1px solid #818b98;border-radius:1rem;padding:0 .6rem;font-size:.85rem}
.note{color:#59636e}.error{border-left:4px solid #d1242f;padding-left:.6rem}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#f0f6fc}a{color:#4493f8}input,select,textarea{background:#151b23;color:inherit}.note{color:#9198a1}}
</style></head><body><p class="note">Simulated GitHub. Nothing here leaves this machine.</p>{{end}}
{{define "fields"}}
<label for="title">Title</label><input id="title" name="title" required maxlength="256" value="{{.Issue.Title}}">
<label for="body">Description</label><textarea id="body" name="body" rows="12">
{{.Issue.Body}}</textarea>
<label for="labels">Labels, separated by commas</label><input id="labels" name="labels" value="{{.Labels}}">
<label for="assignees">Assignees, separated by commas</label><input id="assignees" name="assignees" value="{{.Assignees}}">
<label for="as">Acting as</label><select id="as" name="as">{{range .People}}<option{{if eq . $.As}} selected{{end}}>{{.}}</option>{{end}}</select>
{{end}}
{{define "home"}}{{template "head" "Repositories"}}<h1>Repositories</h1><ul>
{{range .Repos}}<li><a href="/{{.}}/issues">{{.}}</a></li>{{end}}</ul></body></html>{{end}}
{{define "list"}}{{template "head" .Repo}}<p><a href="/">Repositories</a></p><h1>{{.Repo}}</h1>
{{if .Error}}<p class="error" role="alert">{{.Error}}</p>{{end}}
<table><thead><tr><th scope="col">Number</th><th scope="col">Title</th><th scope="col">State</th><th scope="col">Labels</th></tr></thead><tbody>
{{range .Issues}}<tr><td>{{.Number}}</td><td><a href="/{{.Repo}}/issues/{{.Number}}">{{.Title}}</a></td><td>{{.State}}</td>
<td>{{range .Labels}}<span class="tag">{{.}}</span> {{end}}</td></tr>{{end}}</tbody></table>
<h2>New issue</h2><form method="post" action="/{{.Repo}}/issues">{{template "fields" .}}<button>Create</button></form></body></html>{{end}}
{{define "issue"}}{{template "head" .Issue.Title}}<p><a href="/{{.Repo}}/issues">{{.Repo}}</a></p>
<h1>{{.Issue.Title}} <span class="note">#{{.Issue.Number}}</span></h1>
<p><span class="tag">{{.Issue.State}}{{with .Issue.StateReason}}, {{.}}{{end}}</span>
<span class="note">opened by {{.Issue.Author}}, last changed by {{.Issue.ChangedBy}} at {{.Issue.UpdatedAt.Format "2006-01-02 15:04:05"}} UTC</span></p>
{{if .Error}}<p class="error" role="alert">{{.Error}}</p>{{end}}
<form method="post" action="/{{.Repo}}/issues/{{.Issue.Number}}">{{template "fields" .}}
<label for="state">State</label><select id="state" name="state">
{{range .States}}<option value="{{.Value}}"{{if eq .Value $.State}} selected{{end}}>{{.Text}}</option>{{end}}</select>
<button>Save</button></form></body></html>{{end}}`

// view is what the pages show.
type view struct {
	Repo, Labels, Assignees, As, State, Error string
	Repos, People                             []string
	Issue                                     Issue
	Issues                                    []Issue
	States                                    []option
}

type option struct{ Value, Text string }

func parsePages() *template.Template { return template.Must(template.New("pages").Parse(pageText)) }

// isPage reports requests for the pages for people.
func (s *Server) isPage(r *http.Request) bool {
	if !s.opts.Web {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := r.URL.EscapedPath()
	if base := s.base.EscapedPath(); base != "" {
		return !strings.HasPrefix(at, base+"/")
	}
	_, _, api := s.find(r.Method, at)
	return !api
}

// servePage routes the pages. Requests from other sites are refused, because
// the page has no session that a token could be bound to.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.homePage)
	mux.HandleFunc("GET /{owner}/{repo}/issues", s.listPage)
	mux.HandleFunc("POST /{owner}/{repo}/issues", s.createPage)
	mux.HandleFunc("GET /{owner}/{repo}/issues/{number}", s.issuePage)
	mux.HandleFunc("POST /{owner}/{repo}/issues/{number}", s.savePage)
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	http.NewCrossOriginProtection().Handler(mux).ServeHTTP(w, r)
}

func (s *Server) render(w http.ResponseWriter, status int, name string, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := s.pages.ExecuteTemplate(w, name, v); err != nil {
		_, _ = fmt.Fprintf(w, "<p>The page broke off: %s</p>", template.HTMLEscapeString(err.Error()))
	}
}

func (s *Server) homePage(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	var v view
	for _, r := range s.repos {
		v.Repos = append(v.Repos, r.full())
	}
	s.mu.Unlock()
	slices.Sort(v.Repos)
	s.render(w, http.StatusOK, "home", v)
}

// pageView collects what every page of a repository needs.
func (s *Server) pageView(r *http.Request) (view, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rp := s.repos[fold(r.PathValue("owner")+"/"+r.PathValue("repo"))]
	if rp == nil {
		return view{}, false
	}
	v := view{Repo: rp.full(), As: r.FormValue("as")}
	for _, u := range s.usersByID {
		if u.kind == "User" && rp.role(u) >= RoleWrite {
			v.People = append(v.People, u.login)
		}
	}
	slices.Sort(v.People)
	for _, i := range slices.Backward(rp.byUpdated) {
		if len(v.Issues) == 200 {
			break
		}
		v.Issues = append(v.Issues, s.view(i.cur()))
	}
	v.States = []option{{"open", "Open"}, {"completed", "Closed as completed"}, {"not_planned", "Closed as not planned"}}
	return v, true
}

func (s *Server) listPage(w http.ResponseWriter, r *http.Request) {
	v, found := s.pageView(r)
	if !found {
		http.NotFound(w, r)
		return
	}
	s.render(w, http.StatusOK, "list", v)
}

// person is who the form acts as: only people the page offers.
func (s *Server) person(v view) (Person, error) {
	if !slices.Contains(v.People, v.As) {
		return Person{}, fmt.Errorf("%q cannot write in %s: choose one of the people offered", v.As, v.Repo)
	}
	return s.As(v.As), nil
}

func (s *Server) createPage(w http.ResponseWriter, r *http.Request) {
	v, found := s.pageView(r)
	if !found {
		http.NotFound(w, r)
		return
	}
	p, err := s.person(v)
	n := 0
	if err == nil {
		n, err = p.open(v.Repo, false, formEdit(r))
	}
	if err != nil {
		v.Error = err.Error()
		s.render(w, http.StatusUnprocessableEntity, "list", v)
		return
	}
	http.Redirect(w, r, pagePath(v.Repo, n), http.StatusSeeOther)
}

func pagePath(full string, n int) string {
	return (&url.URL{Path: "/" + full + "/issues/" + strconv.Itoa(n)}).String()
}

func formEdit(r *http.Request) Edit {
	title, body := r.FormValue("title"), r.FormValue("body")
	labels, assignees := commas(r.FormValue("labels")), commas(r.FormValue("assignees"))
	return Edit{Title: &title, Body: &body, Labels: &labels, Assignees: &assignees}
}

func commas(s string) []string {
	out := []string{}
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// issueView adds the issue of the address to the view.
func (s *Server) issueView(r *http.Request) (view, bool) {
	v, found := s.pageView(r)
	n, err := strconv.Atoi(r.PathValue("number"))
	if !found || err != nil {
		return v, false
	}
	v.Issue, found = s.Issue(v.Repo, n)
	v.Labels, v.Assignees = strings.Join(v.Issue.Labels, ", "), strings.Join(v.Issue.Assignees, ", ")
	v.State = "open"
	if v.Issue.State == "closed" {
		v.State = cmpOr(v.Issue.StateReason, "completed")
		if v.State == "duplicate" {
			v.States = append(v.States, option{"duplicate", "Closed as duplicate"})
		}
	}
	return v, found && !v.Issue.Deleted && v.Issue.MovedTo == 0
}

func (s *Server) issuePage(w http.ResponseWriter, r *http.Request) {
	v, found := s.issueView(r)
	if !found {
		http.NotFound(w, r)
		return
	}
	s.render(w, http.StatusOK, "issue", v)
}

func (s *Server) savePage(w http.ResponseWriter, r *http.Request) {
	v, found := s.issueView(r)
	if !found {
		http.NotFound(w, r)
		return
	}
	e := formEdit(r)
	state := "open"
	if chosen := r.FormValue("state"); chosen != "open" {
		state = "closed"
		e.Reason = &chosen
	}
	e.State = &state
	p, err := s.person(v)
	if err == nil {
		err = p.Edit(v.Repo, v.Issue.Number, e)
	}
	if err != nil {
		v.Error = err.Error()
		s.render(w, http.StatusUnprocessableEntity, "issue", v)
		return
	}
	http.Redirect(w, r, pagePath(v.Repo, v.Issue.Number), http.StatusSeeOther)
}
