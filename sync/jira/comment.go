package jira

import (
	"context"
	"net/http"

	"github.com/followthrough/followthrough/domain"
)

// Comment writes a comment into an issue of the project, named by its key, and
// returns the comment's address.
func (t *Tracker) Comment(ctx context.Context, issue, body string) (string, error) {
	m := keyPattern.FindStringSubmatch(issue)
	if m == nil || m[1] != t.config.Project {
		return "", domain.Invalid("issue", "%q is not an issue of the project %s; write its key, for example %s-42", issue, t.config.Project, t.config.Project)
	}
	r := request{method: http.MethodPost, path: "rest/api/2/issue/" + issue + "/comment", body: map[string]string{"body": body}, class: domain.CallWrite}
	a, err := t.client.write(ctx, r)
	if err != nil {
		return "", err
	}
	var made struct {
		ID text `json:"id"`
	}
	if err := decode(a.body, &made); err != nil {
		return "", t.client.unreadable(r, "undecodable", "cannot be read", err)
	}
	if at := t.browse(issue); at != "" && idPattern.MatchString(string(made.ID)) {
		return at + "?focusedCommentId=" + string(made.ID), nil
	}
	return "", nil
}
