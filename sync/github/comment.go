package github

import (
	"context"
	"net/http"
	"strconv"

	"github.com/followthrough/followthrough/domain"
)

// Comment writes a comment into an issue of the repository, named by its
// number, and returns the comment's address.
func (t *Tracker) Comment(ctx context.Context, issue, text string) (string, error) {
	number, err := strconv.Atoi(issue)
	if err != nil || number <= 0 {
		return "", domain.Invalid("issue", "%q is not the number of an issue", issue)
	}
	if err := t.writable(ctx); err != nil {
		return "", err
	}
	path, err := t.issuePath(domain.RemoteRef{Number: number})
	if err != nil {
		return "", err
	}
	op := operation{what: "comment on issue " + t.key(number), issue: true}
	a, err := t.client.do(ctx, op, http.MethodPost, path+"/comments", map[string]string{"body": text})
	if err != nil {
		return "", t.absent(ctx, err)
	}
	var made struct {
		URL string `json:"html_url"`
	}
	return made.URL, t.client.into(op, a, &made)
}
