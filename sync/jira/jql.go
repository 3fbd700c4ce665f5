package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// pageSize is how many issues one page holds.
const pageSize = 100

// inProject is the clause every search is bounded by (T41).
func inProject(id string) string { return "project = " + id }

// since is a lower bound without a time zone: quoted times are read in the
// zone of the account and to the minute (T32). There is no upper bound, so
// that an issue touched all the time is seen as well (T35).
func since(field string, ms int64) string {
	return " AND " + field + " >= " + strconv.FormatInt(max(ms, 0), 10)
}

const oldestFirst = " ORDER BY updated ASC, id ASC"

// quoteJQL writes a value as a quoted string (T28).
func quoteJQL(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", " ").Replace(s) + `"`
}

// narrowed joins the rule of an import to a clause. The rule stands in
// brackets, so that its OR cannot widen the search.
func narrowed(clause, rule string) (string, error) {
	depth, quote := 0, rune(0)
	for _, r := range rule {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '(':
			depth++
		case r == ')':
			if depth--; depth < 0 {
				return "", domain.Invalid("import_rule.jql", "%q has a closing bracket too many", rule)
			}
		}
	}
	if depth != 0 || quote != 0 || strings.Contains(rule, `\`) {
		return "", domain.Invalid("import_rule.jql", "%q has an open bracket or quote, or a backslash", rule)
	}
	if strings.Contains(strings.ToLower(rule), "order by") {
		return "", domain.Invalid("import_rule.jql", "%q sorts; leave ORDER BY out", rule)
	}
	return clause + " AND (" + rule + ")", nil
}

// search is one search of either flavor.
type search struct {
	jql    string
	fields []string
	size   int
	// token and known are for Cloud, start for Data Center.
	token string
	known []int64
	start int
	// lenient lets ids be missing (Data Center).
	lenient bool
	class   domain.CallClass
}

// page is what either search answers.
type page struct {
	Issues   []json.RawMessage `json:"issues"`
	Token    *string           `json:"nextPageToken"`
	IsLast   *bool             `json:"isLast"`
	StartAt  int               `json:"startAt"`
	Max      int               `json:"maxResults"`
	Total    *int              `json:"total"`
	Warnings []string          `json:"warningMessages"`
}

// search asks for one page. Warnings are refusals in disguise: a hidden
// project answers with none of its issues and a friendly 200 (T18).
func (t *Tracker) search(ctx context.Context, s search) (page, answer, error) {
	body := map[string]any{"jql": s.jql, "fields": s.fields, "maxResults": s.size}
	r := request{method: http.MethodPost, path: "rest/api/2/search", body: body, class: s.class, search: true}
	if t.cloud() {
		r.path = "rest/api/2/search/jql"
		body["properties"] = []string{propertyKey}
		if s.token != "" {
			body["nextPageToken"] = s.token
		}
		if len(s.known) > 0 {
			body["reconcileIssues"] = s.known
		}
	} else {
		body["startAt"], body["validateQuery"] = s.start, !s.lenient
	}
	var p struct {
		page
		Issues *[]json.RawMessage `json:"issues"`
	}
	a, err := t.client.get(ctx, r, &p)
	if err != nil {
		return page{}, a, err
	}
	if p.Issues == nil {
		return page{}, a, t.client.unreadable(r, "undecodable", "has no list of issues", nil)
	}
	p.page.Issues = *p.Issues
	if len(p.page.Issues) == 0 && p.Total != nil && *p.Total > s.start && s.size > 0 {
		return page{}, a, t.client.unreadable(r, codeIncomplete, "counts issues that it does not show", nil)
	}
	if len(p.Warnings) > 0 && !s.lenient {
		return page{}, a, &domain.Error{Kind: domain.ErrForbidden, Code: codeAccessLost,
			Message: "Jira answered the search with a warning: " + t.client.redact(strings.Join(p.Warnings, "; ")) + "; check that the account can see project " + t.config.Project}
	}
	return p.page, a, nil
}

// rows reads the issues of a page; broken ones are kept apart (T10).
func (t *Tracker) rows(p page, a answer) (rows []domain.Snapshot, broken []domain.BrokenRow) {
	for _, raw := range p.Issues {
		s, bad := t.snapshot(raw, a)
		if bad != nil {
			broken = append(broken, *bad)
			continue
		}
		rows = append(rows, s)
	}
	return rows, broken
}

// selected marks the rows that the JQL of the import rule takes. Polling
// itself is never narrowed (T45).
func (t *Tracker) selected(ctx context.Context, place string, rows []domain.Snapshot) error {
	rule := t.config.ImportRule.JQL
	var ids []string
	for _, s := range rows {
		if s.MeasureID == "" {
			ids = append(ids, s.Ref.ID)
		}
	}
	if rule == "" || len(ids) == 0 {
		return nil
	}
	jql, err := narrowed(fmt.Sprintf("%s AND id in (%s)", inProject(place), strings.Join(ids, ",")), rule)
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	err = t.every(ctx, search{jql: jql, fields: []string{"id"}, size: pageSize, class: domain.CallRead}, func(p page, _ answer) {
		for _, raw := range p.Issues {
			var row struct {
				ID text `json:"id"`
			}
			if decode(raw, &row) == nil {
				taken[string(row.ID)] = true
			}
		}
	})
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].Selected = taken[rows[i].Ref.ID]
	}
	return nil
}

// quota reads what the headers say about the remaining requests.
func quota(a answer) domain.Quota {
	q := domain.Quota{}
	q.Limit, _ = strconv.Atoi(a.header.Get("X-RateLimit-Limit"))
	q.Remaining, _ = strconv.Atoi(a.header.Get("X-RateLimit-Remaining"))
	if at, err := time.Parse(time.RFC3339, a.header.Get("X-RateLimit-Reset")); err == nil {
		q.ResetAt = at
	}
	return q
}
