package github

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// eventRow is an entry of an issue's record.
type eventRow struct {
	Event string   `json:"event"`
	Actor *account `json:"actor"`
	Label label    `json:"label"`
	At    string   `json:"created_at"`
}

// Edits tells who changed what, oldest first, as far as GitHub remembers:
// titles, states, labels and assignees. Texts leave no record there. Of a long
// record only the last hundred entries are read.
func (t *Tracker) Edits(ctx context.Context, ref domain.RemoteRef) ([]domain.Edit, error) {
	path, err := t.issuePath(ref)
	if err != nil {
		return nil, err
	}
	op := operation{what: "read the record of issue " + t.key(ref.Number), issue: true}
	a, err := t.client.do(ctx, op, http.MethodGet, path+"/events?per_page=100", nil)
	if err != nil {
		return nil, err
	}
	last, err := t.client.link(op, a, "last")
	if err != nil {
		return nil, err
	}
	if last != "" {
		if a, err = t.client.do(ctx, op, http.MethodGet, last, nil); err != nil {
			return nil, err
		}
	}
	var rows []json.RawMessage
	if err := t.client.into(op, a, &rows); err != nil {
		return nil, err
	}
	var edits []domain.Edit
	for _, raw := range rows {
		var row eventRow
		if json.Unmarshal(raw, &row) != nil || row.Actor == nil {
			continue // an odd or deleted entry spoils itself only
		}
		if f := t.fieldOf(row); f != "" {
			at, _ := time.Parse(time.RFC3339, row.At)
			edits = append(edits, domain.Edit{Field: f, By: row.Actor.Login, At: at})
		}
	}
	return edits, nil
}

// fieldOf is the field that an entry of the record changed.
func (t *Tracker) fieldOf(row eventRow) domain.Field {
	switch row.Event {
	case "renamed":
		return domain.FieldTitle
	case "closed", "reopened":
		return domain.FieldStatus
	case "assigned", "unassigned":
		return domain.FieldOwner
	case "labeled", "unlabeled":
		switch t.means(row.Label) {
		case "":
		case progress:
			return domain.FieldStatus
		default:
			return domain.FieldPriority
		}
	}
	return ""
}
