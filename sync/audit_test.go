package sync

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// auditedStore is one link whose title we have just written.
type auditedStore struct {
	Store
	link   domain.LinkView
	stored []domain.Conflict
}

func (s *auditedStore) Link(context.Context, domain.LinkID) (domain.LinkView, error) {
	return s.link, nil
}

func (s *auditedStore) CommitLink(_ context.Context, c domain.LinkCommit) (domain.LinkView, error) {
	s.stored = append(s.stored, c.Conflicts...)
	return s.link, nil
}

type recorded struct {
	Tracker
	edits []domain.Edit
	err   error
}

func (r recorded) Edits(context.Context, domain.RemoteRef) ([]domain.Edit, error) {
	return r.edits, r.err
}

// TestAuditNamesTheEditor: an edit that our write overwrote unseen is recovered
// with the name of who made it, as far as the tracker remembers; our own
// account is never taken for that person.
func TestAuditNamesTheEditor(t *testing.T) {
	at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	title := func(by string, second int) domain.Edit {
		return domain.Edit{Field: domain.FieldTitle, By: by, At: at.Add(time.Duration(second) * time.Second)}
	}
	for name, tt := range map[string]struct {
		tracker recorded
		want    string
	}{
		"the record knows":         {recorded{edits: []domain.Edit{title("zoe", -60), title("cleo", -1), title("robot", 0)}}, "cleo"},
		"only our own is recorded": {recorded{edits: []domain.Edit{title("robot", 0)}}, ""},
		"another field":            {recorded{edits: []domain.Edit{{Field: domain.FieldStatus, By: "cleo", At: at}}}, ""},
		"the record is not there":  {recorded{err: errors.New("404")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			store := &auditedStore{}
			store.link.Link = domain.Link{ID: "l1", Writes: []domain.WriteMark{{At: at, Revision: at, Believed: map[domain.Field]string{domain.FieldTitle: "base"},
				Wrote: map[domain.Field]string{domain.FieldTitle: "ours"}}}}
			e := New(Config{Store: store, Now: func() time.Time { return at }})
			event := domain.Event{Actor: "robot", Before: map[domain.Field]string{domain.FieldTitle: "Cleo's"},
				Snapshot: &domain.Snapshot{Revision: at, Fields: map[domain.Field]domain.RemoteValue{domain.FieldTitle: {Value: "ours"}}}}
			if err := e.audit(t.Context(), domain.TrackerView{}, tt.tracker, domain.LinkHead{ID: "l1"}, event); err != nil {
				t.Fatal(err)
			}
			if len(store.stored) != 1 || store.stored[0].Theirs != "Cleo's" || store.stored[0].TheirsBy != tt.want {
				t.Fatalf("stored %+v, want it by %q", store.stored, tt.want)
			}
		})
	}
}
