// Package templates holds the HTML of the pages. A template gets a view that
// is ready to show: it calls no operation and makes no decision.
package templates

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/i18n"
)

// Page is what every page knows: who looks at it, in which language, at what
// time, and what the form that was just refused contained.
type Page struct {
	*i18n.Texts
	Title string
	// Section is the part of the navigation the page belongs to.
	Section string
	// Path and Query are the address of the page.
	Path  string
	Query url.Values
	// Me is zero on the pages before the sign-in.
	Me    domain.Person
	Actor domain.Actor
	// People are everybody, by id; Teams those in sight.
	People  map[domain.PersonID]domain.Person
	Teams   []domain.Team
	Now     time.Time
	Zone    *time.Location
	Today   domain.Date
	Assets  string // the version in the addresses of style sheet and script
	Version string
	// Pictures says that the page has pictures, which have a style sheet of their own.
	Pictures bool
	// Views are the saved views of the page named by ViewPage.
	Views    []domain.SavedView
	ViewPage domain.ViewPage
	// Inline says that fields of a list can be changed on the spot.
	Inline bool
	// Done is the id of a text that says what just happened.
	Done string
	// Form names the refused form, Old holds what it contained and Problem why.
	Form    string
	Old     url.Values
	Problem error
}

// May reports whether the person may do it; buttons nobody may press are left out.
func (p *Page) May(what domain.Permission) bool { return p.Actor.Role.May(what) }

// SignedIn reports whether somebody is looking.
func (p *Page) SignedIn() bool { return p.Me.ID != "" }

// Val is what a field shows: what was typed into the refused form, or else value.
func (p *Page) Val(form, name, value string) string {
	if p.Form == form && p.Old != nil {
		return p.Old.Get(name)
	}
	return value
}

// Checked is Val for a check box.
func (p *Page) Checked(form, name, option string, value bool) bool {
	if p.Form == form && p.Old != nil {
		return slices.Contains(p.Old[name], option)
	}
	return value
}

// Err is what the rules say against a field of the refused form.
func (p *Page) Err(form, name string) string {
	if p.Form != form {
		return ""
	}
	var e *domain.Error
	if !errors.As(p.Problem, &e) {
		return ""
	}
	for _, f := range e.Fields {
		if f.Field == name {
			return p.Refusal(f.Message)
		}
	}
	return ""
}

// Complaint is one line of the summary of what was refused.
type Complaint struct{ Field, Label, Text string }

// Complaints lists why the form was refused.
func (p *Page) Complaints() []Complaint {
	var e *domain.Error
	if !errors.As(p.Problem, &e) {
		return nil
	}
	var out []Complaint
	for _, f := range e.Fields {
		label := strings.Replace(f.Field, " line ", " "+p.T("import.line_word")+" ", 1) // a row of an imported file
		if id := "field." + f.Field; p.T(id) != id {
			label = p.T(id)
		}
		out = append(out, Complaint{f.Field, label, p.Refusal(f.Message)})
	}
	switch {
	case e.Code == "closing_gate":
		out = append(out, Complaint{Text: p.T("closing.refused")})
	case len(out) == 0:
		out = append(out, Complaint{Text: p.Refusal(e.Error())})
	}
	return out
}

// Say is an error of the rules in one line.
func (p *Page) Say(err error) string {
	view := *p
	view.Problem = err
	var parts []string
	for _, c := range view.Complaints() {
		if c.Label != "" {
			parts = append(parts, c.Label+": "+c.Text)
		} else {
			parts = append(parts, c.Text)
		}
	}
	return strings.Join(parts, "; ")
}

// Date shows a civil date.
func (p *Page) Date(d domain.Date) string {
	if d.IsZero() {
		return ""
	}
	return p.Day(d.Year, d.Month, d.Day)
}

// Instant shows a time in the organisation's zone.
func (p *Page) Instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(p.Zone)
	return p.Day(t.Date()) + ", " + t.Format("15:04")
}

// Until shows the end of a span; on the day of its beginning the time is enough.
func (p *Page) Until(from, to time.Time) string {
	if p.DayOf(from) == p.DayOf(to) {
		return to.In(p.Zone).Format("15:04")
	}
	return p.Instant(to)
}

// DayOf shows the day of a time in the organisation's zone.
func (p *Page) DayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return p.Date(domain.DateOf(t.In(p.Zone)))
}

// InputTime is a time as a datetime-local field wants it.
func (p *Page) InputTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(p.Zone).Format("2006-01-02T15:04")
}

// Number shows a count with its thousands apart.
func (p *Page) Number(n int) string {
	s, mark := strconv.Itoa(n), ","
	if p.Lang == "de" {
		mark = "."
	}
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + mark + s[at:]
	}
	return s
}

// Stamp is a time for machines.
func Stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Person is the name of a person, of a tracker's account, or of the program.
func (p *Page) Person(id domain.PersonID) string { return p.Who(string(id)) }

// Who is the name of an actor of the history.
func (p *Page) Who(actor string) string {
	if actor == "" {
		return ""
	}
	if person, ok := p.People[domain.PersonID(actor)]; ok {
		return person.Name
	}
	if actor == "system" {
		return p.T("who.system")
	}
	if tracker, name, ok := strings.Cut(actor, ":"); ok && (tracker == "github" || tracker == "jira") {
		if name == "somebody" { // the tracker did not say who
			name = p.T("who.somebody")
		}
		return p.T("who.tracker", "Name", name, "Tracker", map[string]string{"github": "GitHub", "jira": "Jira"}[tracker])
	}
	return actor
}

// Team is the name of a team.
func (p *Page) Team(id domain.TeamID) string {
	for _, t := range p.Teams {
		if t.ID == id {
			return t.Name
		}
	}
	return string(id)
}

// Option is one choice of a select.
type Option struct{ Value, Text string }

func (p *Page) options(prefix string, values []string) []Option {
	out := make([]Option, len(values))
	for n, v := range values {
		out[n] = Option{v, p.T(prefix + v)}
	}
	return out
}

func plain[T ~string](values []T) []string {
	out := make([]string, len(values))
	for n, v := range values {
		out[n] = string(v)
	}
	return out
}

// Kinds are the choices of an enumeration; the others follow.
func (p *Page) Kinds() []Option { return p.options("kind.", plain(domain.MeasureKinds())) }

// Priorities lists the priorities with what they mean.
func (p *Page) Priorities() []Option { return p.options("priority.", plain(domain.Priorities())) }

// Statuses lists the statuses of measures.
func (p *Page) Statuses() []Option { return p.options("status.", plain(domain.Statuses())) }

// Severities lists the severities of incidents.
func (p *Page) Severities() []Option { return p.options("severity.", plain(domain.Severities())) }

// IncidentStatuses lists the statuses of incidents.
func (p *Page) IncidentStatuses() []Option {
	return p.options("incident_status.", plain(domain.IncidentStatuses()))
}

// ClosureReasons lists the reasons for cancelling.
func (p *Page) ClosureReasons() []Option {
	return p.options("closure_reason.", plain(domain.ClosureReasons()))
}

// Verdicts lists the verdicts.
func (p *Page) Verdicts() []Option { return p.options("verdict.", plain(domain.Verdicts())) }

// LinkStates lists the states of links.
func (p *Page) LinkStates() []Option { return p.options("link_state.", plain(domain.LinkStates())) }

// Gaps lists what a measure can lack.
func (p *Page) Gaps() []Option { return p.options("gap.", plain(domain.MeasureGaps())) }

// Roles lists the roles.
func (p *Page) Roles() []Option { return p.options("role.", plain(domain.Roles())) }

// TeamOptions lists the teams in sight.
func (p *Page) TeamOptions() []Option {
	out := make([]Option, len(p.Teams))
	for n, t := range p.Teams {
		out[n] = Option{string(t.ID), t.Name}
	}
	return out
}

// PeopleOptions lists everybody who is here, and keep although they have left.
func (p *Page) PeopleOptions(keep ...domain.PersonID) []Option {
	var out []Option
	for _, person := range p.People {
		if !person.Disabled || slices.Contains(keep, person.ID) {
			out = append(out, Option{string(person.ID), person.Name})
		}
	}
	slices.SortFunc(out, func(a, b Option) int {
		if a.Text != b.Text {
			if a.Text < b.Text {
				return -1
			}
			return 1
		}
		if a.Value < b.Value {
			return -1
		}
		return 1
	})
	return out
}

// With is the page's address with one parameter changed, and back on the first
// page of its list.
func (p *Page) With(name, value string) string {
	q := url.Values{}
	maps.Copy(q, p.Query)
	q.Del("cursor")
	q.Del("done")
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	if len(q) == 0 {
		return p.Path
	}
	return p.Path + "?" + q.Encode()
}

// Other is the address of another page with the parameters of this one.
func (p *Page) Other(path string) string {
	q := url.Values{}
	maps.Copy(q, p.Query)
	q.Del("cursor")
	q.Del("done")
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// Languages are the languages of the pages, each by its own name.
func (p *Page) Languages() []Option { return []Option{{"en", "English"}, {"de", "Deutsch"}} }
