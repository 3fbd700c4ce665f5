package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// repository is GitHub's repository as far as it is read.
type repository struct {
	ID          int64  `json:"id"`
	FullName    string `json:"full_name"`
	Private     *bool  `json:"private"`
	Archived    bool   `json:"archived"`
	HasIssues   *bool  `json:"has_issues"`
	Permissions *struct {
		Admin    bool `json:"admin"`
		Maintain bool `json:"maintain"`
		Push     bool `json:"push"`
		Triage   bool `json:"triage"`
	} `json:"permissions"`
}

// readRepository reads the repository. After a rename its old name redirects;
// only the immutable id of the new place is taken from that.
func (t *Tracker) readRepository(ctx context.Context) (repository, answer, error) {
	op := operation{what: "read repository " + t.cfg.Tracker.Repository}
	a, err := t.client.send(ctx, op, http.MethodGet, t.repository(), nil)
	if err != nil {
		return repository{}, a, err
	}
	if a.status == http.StatusMovedPermanently || a.status == http.StatusTemporaryRedirect || a.status == http.StatusPermanentRedirect {
		if place := t.movedRepository(a.header.Get(kept + "Location")); place != "" {
			t.learnPlace(place)
			a, err = t.client.send(ctx, op, http.MethodGet, t.repository(), nil)
			if err != nil {
				return repository{}, a, err
			}
		}
	}
	if a.status != http.StatusOK {
		return repository{}, a, t.client.judge(op, a)
	}
	var r repository
	if err := t.client.into(op, a, &r); err != nil {
		return r, a, err
	}
	if r.ID <= 0 || r.FullName == "" || r.Private == nil {
		return r, a, t.client.undecodable(op, fmt.Errorf("the repository has no id, name or visibility"))
	}
	t.learnPlace(strconv.FormatInt(r.ID, 10))
	t.noteVisibility(!*r.Private)
	return r, a, nil
}

var repositoryPath = regexp.MustCompile(`/repositories/([1-9][0-9]*)$`)

// movedRepository reads the id of the new place out of a redirect of our host.
func (t *Tracker) movedRepository(location string) string {
	u, err := url.Parse(location)
	if err != nil || !sameOrigin(t.client.base, u) {
		return ""
	}
	if g := repositoryPath.FindStringSubmatch(u.Path); g != nil {
		return g[1]
	}
	return ""
}

// Check reads what the mapping needs and says what would be lost.
func (t *Tracker) Check(ctx context.Context) (domain.MappingReport, error) {
	r, a, err := t.readRepository(ctx)
	if err != nil {
		return domain.MappingReport{}, err
	}
	labels, err := t.readLabels(ctx)
	if err != nil {
		return domain.MappingReport{}, err
	}
	report := domain.MappingReport{Place: strconv.FormatInt(r.ID, 10), Public: !*r.Private, CredentialExpires: expiry(a)}
	if report.Account, err = t.account(ctx); err != nil {
		return domain.MappingReport{}, err
	}
	t.checkAccess(&report, r)
	t.checkLabels(&report, labels)
	report.Rows = t.rows()
	return report, nil
}

// expiry reads when a personal token ends.
func expiry(a answer) time.Time {
	for _, layout := range []string{"2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700"} {
		if at, err := time.Parse(layout, a.header.Get("GitHub-Authentication-Token-Expiration")); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// account is who we act as.
func (t *Tracker) account(ctx context.Context) (string, error) {
	if t.cfg.Tracker.AppID != 0 {
		return "app " + strconv.FormatInt(t.cfg.Tracker.AppID, 10), nil
	}
	op := operation{what: "read the account of the token"}
	a, err := t.client.do(ctx, op, http.MethodGet, "user", nil)
	if err != nil {
		return "", err
	}
	var who account
	if err := t.client.into(op, a, &who); err != nil {
		return "", err
	}
	return who.Login, nil
}

func (t *Tracker) checkAccess(report *domain.MappingReport, r repository) {
	problem := func(format string, args ...any) {
		report.Problems = append(report.Problems, fmt.Sprintf(format, args...))
	}
	note := func(format string, args ...any) { report.Notes = append(report.Notes, fmt.Sprintf(format, args...)) }
	p := r.Permissions
	report.CanWrite = p != nil && (p.Admin || p.Maintain || p.Push || p.Triage)
	if t.client.app != nil {
		granted, err := t.client.app.Permissions()
		report.CanWrite = err == nil && granted.GetIssues() == "write"
	}
	if !report.CanWrite {
		problem("the credential cannot set labels and assignees in %s; GitHub would drop them silently. Give it read and write access to issues", r.FullName)
	}
	if r.Archived {
		problem("%s is archived; unarchive it or choose another repository", r.FullName)
	}
	if r.HasIssues != nil && !*r.HasIssues {
		problem("issues are switched off in %s; switch them on in its settings", r.FullName)
	}
	if report.Public && !t.cfg.Tracker.AllowPublic {
		problem("%s is public: everybody could read what incidents say. Choose a private repository or allow public ones for this tracker", r.FullName)
	}
	if !strings.EqualFold(r.FullName, t.cfg.Tracker.Repository) {
		note("the repository is now called %s; links keep working, change the name here as well", r.FullName)
	}
}

func (t *Tracker) checkLabels(report *domain.MappingReport, labels []label) {
	have := map[string]string{}
	for _, l := range labels {
		t.means(l)
		have[fold(l.Name)] = l.Name
	}
	report.Suggested = domain.Mapping{PriorityLabels: map[domain.Priority]string{}, InProgressLabel: t.progressLabel, ExtraLabels: t.cfg.Tracker.Mapping.ExtraLabels}
	for _, p := range domain.Priorities() {
		report.Suggested.PriorityLabels[p] = suggest(p, t.priorityLabels[p], labels)
	}
	wanted := []string{t.progressLabel}
	for _, p := range domain.Priorities() {
		wanted = append(wanted, t.priorityLabels[p])
	}
	for _, name := range append(wanted, t.cfg.Tracker.Mapping.ExtraLabels...) {
		if have[fold(name)] == "" {
			report.Notes = append(report.Notes, fmt.Sprintf("the label %q does not exist yet; it is created when it is first used, in grey", name))
		}
	}
}

var notWord = regexp.MustCompile(`[^a-z0-9]+`)

// suggest finds an existing label that plainly stands for the priority.
func suggest(p domain.Priority, configured string, labels []label) string {
	low := strings.ToLower(string(p))
	for _, l := range labels {
		if fold(l.Name) == fold(configured) {
			return l.Name
		}
	}
	for _, l := range labels {
		switch notWord.ReplaceAllString(strings.ToLower(l.Name), "") {
		case low, "priority" + low, "priority" + low[1:], "prio" + low, "prio" + low[1:]:
			return l.Name
		}
	}
	return configured
}

// readLabels lists the repository's labels.
func (t *Tracker) readLabels(ctx context.Context) ([]label, error) {
	op := operation{what: "read the labels of " + t.cfg.Tracker.Repository}
	var all []label
	path := t.repository() + "/labels?per_page=" + strconv.Itoa(pageSize)
	for n := 0; path != "" && n < maxPages; n++ {
		a, err := t.client.do(ctx, op, http.MethodGet, path, nil)
		if err != nil {
			return nil, err
		}
		var rows []label
		if err := t.client.into(op, a, &rows); err != nil {
			return nil, err
		}
		all = append(all, rows...)
		if path, err = t.client.next(op, a); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// CreateLabels makes the labels of the mapping that the repository lacks, with
// colours and descriptions, and returns their names.
func (t *Tracker) CreateLabels(ctx context.Context) ([]string, error) {
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	labels, err := t.readLabels(ctx)
	if err != nil {
		return nil, err
	}
	have := map[string]bool{}
	for _, l := range labels {
		have[fold(l.Name)] = true
	}
	colors := map[domain.Priority]string{domain.P0: "b60205", domain.P1: "d93f0b", domain.P2: "fbca04", domain.P3: "c2e0c6", domain.P4: "ededed"}
	type wanted struct{ name, color, description string }
	list := []wanted{{t.progressLabel, "0e8a16", "Work on this measure is under way"}}
	for _, p := range domain.Priorities() {
		list = append(list, wanted{t.priorityLabels[p], colors[p], "Priority " + string(p) + " of a measure"})
	}
	var made []string
	for _, l := range list {
		if have[fold(l.name)] {
			continue
		}
		op := operation{what: "create the label " + l.name}
		body := map[string]any{"name": l.name, "color": l.color, "description": l.description}
		if _, err := t.client.do(ctx, op, http.MethodPost, t.repository()+"/labels", body); err != nil {
			return made, err
		}
		made = append(made, l.name)
	}
	return made, nil
}

// rows is the table of the mapping check: value, remote form, value again.
func (t *Tracker) rows() []domain.MappingRow {
	var out []domain.MappingRow
	for _, s := range domain.Statuses() {
		out = append(out, t.statusRow(s))
	}
	for _, p := range domain.Priorities() {
		n := native{State: "open", Labels: []label{{Name: t.priorityLabels[p]}}}
		n.Labels[0].Means = t.means(n.Labels[0])
		out = append(out, row(domain.FieldPriority, string(p), "label "+t.priorityLabels[p], getPriority(priorityRaw(n)).Value, ""))
	}
	for _, i := range t.cfg.Identities {
		a := account{Login: i.Login}
		a.ID, _ = strconv.ParseInt(i.Account, 10, 64)
		out = append(out, row(domain.FieldOwner, string(i.Person), "assignee "+i.Login, string(t.person(a)), "the account needs access to the repository"))
	}
	for field, value := range map[domain.Field]string{domain.FieldDueOn: "2026-03-31", domain.FieldMetric: "pages per week; target at_most 2", domain.FieldIncident: "INC-3"} {
		d := document{}
		d.adopt("check", "")
		name := map[domain.Field]string{domain.FieldDueOn: lineDue, domain.FieldMetric: lineMetric, domain.FieldIncident: lineIncident}[field]
		d.set(name, value)
		again, _ := parse(d.String(), "").line(name)
		out = append(out, row(field, value, "line “"+name+"” in the issue's text", getLine(field, again).Value, ""))
	}
	out = append(out, row(domain.FieldTitle, "title", "title", "title", ""), row(domain.FieldDescription, "text", "the issue's text above the block", "text", ""))
	return out
}

func row(f domain.Field, value, remote, back, note string) domain.MappingRow {
	r := domain.MappingRow{Field: f, Value: value, Remote: remote, Back: back, Loss: domain.Lossless, Note: note}
	if back != value {
		r.Loss = domain.Lossy
	}
	return r
}

func (t *Tracker) statusRow(s domain.Status) domain.MappingRow {
	want := s.Projection()
	put := putStatus(want, native{State: "open"})
	back := getStatus(put.Raw).Value
	remote := map[domain.Projection]string{domain.ProjectionOpen: "open", domain.ProjectionInProgress: "open, label " + t.progressLabel,
		domain.ProjectionDone: "closed as completed", domain.ProjectionCancelled: "closed as not planned"}[want]
	r := domain.MappingRow{Field: domain.FieldStatus, Value: string(s), Remote: remote, Back: back, Loss: domain.Lossless}
	switch back {
	case string(s):
	case string(want):
		r.Loss, r.Note = domain.Sticky, "GitHub cannot say it; the measure stays "+string(s)+" as long as the issue does not change"
	default:
		r.Loss = domain.Lossy
	}
	return r
}
