package sync

import (
	"context"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// rememberer is a tracker that tells who changed which field of an issue,
// oldest first. What it does not remember is left out: GitHub keeps no record
// of texts.
type rememberer interface {
	Edits(ctx context.Context, ref domain.RemoteRef) ([]domain.Edit, error)
}

// nameEditors fills in who gave the tracker's side of conflicts its value, where
// neither a delivery nor the snapshot said so. It costs one or two reads, only
// when a conflict comes up; when they fail, the editor stays unknown. The
// account given in except is our own.
func nameEditors(ctx context.Context, tracker Tracker, ref domain.RemoteRef, conflicts []domain.Conflict, except string) {
	record, ok := tracker.(rememberer)
	if !ok || !slices.ContainsFunc(conflicts, func(c domain.Conflict) bool { return c.TheirsBy == "" }) {
		return
	}
	edits, err := record.Edits(ctx, ref)
	if err != nil {
		return
	}
	for n := range conflicts {
		c := &conflicts[n]
		if c.TheirsBy != "" {
			continue
		}
		for _, edit := range slices.Backward(edits) {
			if edit.Field == c.Field && edit.By != except {
				c.TheirsBy, c.TheirsAt = edit.By, edit.At
				break
			}
		}
	}
}
