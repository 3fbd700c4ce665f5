package jira

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// historyRow is an entry of an issue's changelog.
type historyRow struct {
	Author  userRow           `json:"author"`
	Created string            `json:"created"`
	Items   []json.RawMessage `json:"items"`
}

// Edits tells who changed what, oldest first. Cloud answers with the newest
// hundred entries.
func (t *Tracker) Edits(ctx context.Context, ref domain.RemoteRef) ([]domain.Edit, error) {
	if !idPattern.MatchString(ref.ID) {
		return nil, domain.Invalid("remote_id", "%q is not the id of a Jira issue; ids are numbers", ref.ID)
	}
	var answer struct {
		Changelog struct {
			Histories []json.RawMessage `json:"histories"`
		} `json:"changelog"`
	}
	q := url.Values{"fields": {"created"}, "expand": {"changelog"}}
	if _, err := t.client.get(ctx, request{method: http.MethodGet, path: "rest/api/2/issue/" + ref.ID, query: q, class: domain.CallRead}, &answer); err != nil {
		return nil, err
	}
	if t.cloud() { // newest first there, oldest first on Data Center
		slices.Reverse(answer.Changelog.Histories)
	}
	var edits []domain.Edit
	for _, raw := range answer.Changelog.Histories {
		var row historyRow
		if decode(raw, &row) != nil {
			continue // an odd entry spoils itself only
		}
		at, err := parseTime(row.Created)
		if err != nil {
			continue
		}
		by := row.Author.account(t.cloud())
		for f := range t.before(readItems(row.Items), nil) {
			if by != "" {
				edits = append(edits, domain.Edit{Field: f, By: by, At: at})
			}
		}
	}
	slices.SortStableFunc(edits, func(a, b domain.Edit) int { return a.At.Compare(b.At) })
	return edits, nil
}
