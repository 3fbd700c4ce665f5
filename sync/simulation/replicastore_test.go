package simulation

import (
	"context"
	"encoding/json"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/store"
	tracksync "github.com/followthrough/followthrough/sync"
)

// replicaStore is the database as one replica sees it: before and after each
// commit it may die.
type replicaStore struct {
	*store.DB
	r *replica
}

var (
	_ tracksync.Store    = (*replicaStore)(nil)
	_ tracksync.Schedule = (*replicaStore)(nil)
	_ tracksync.Inbox    = (*replicaStore)(nil)
)

// commit runs one transaction of the replica between two points.
func commit[T any](s *replicaStore, what string, do func() (T, error)) (T, error) {
	s.r.w.point(s.r, "before "+what)
	v, err := do()
	s.r.w.point(s.r, "after "+what)
	return v, err
}

func done(err error) (struct{}, error) { return struct{}{}, err }

func (s *replicaStore) Link(ctx context.Context, id domain.LinkID) (domain.LinkView, error) {
	v, err := s.DB.Link(ctx, id)
	if s.r.w.noBase {
		v.Link.Base = nil
	}
	return v, err
}

func (s *replicaStore) CommitLink(ctx context.Context, c domain.LinkCommit) (domain.LinkView, error) {
	return commit(s, "commit link", func() (domain.LinkView, error) {
		v, err := s.DB.CommitLink(ctx, c)
		for _, x := range c.Conflicts {
			s.r.w.note("conflict about %s of %s: ours %q, theirs %q, decided %q: %v", x.Field, x.Measure, x.Ours, x.Theirs, x.Resolution, err)
		}
		for _, u := range c.Receive {
			s.r.w.note("%s of %s comes in: %q: %v", u.Field, c.Link.Measure, u.Value, err)
		}
		if err == nil {
			s.r.w.watch.committed(c)
		}
		if s.r.w.noBase {
			v.Link.Base = nil
		}
		return v, err
	})
}

func (s *replicaStore) StorePage(ctx context.Context, page domain.PageCommit) error {
	for n := range page.Adoptions {
		a := &page.Adoptions[n]
		a.Measure.ID, a.Link.ID = s.r.w.sign("M"), domain.LinkID(s.r.w.sign("l_"))
		s.r.w.count("adoption")
	}
	for _, u := range page.Updates {
		s.r.w.note("snapshot of %s at %s stored: title %q", u.Snapshot.Ref.Key, u.Snapshot.Revision.Format("15:04:05"), u.Snapshot.Fields[domain.FieldTitle].Value)
	}
	_, err := commit(s, "store page", func() (struct{}, error) { return done(s.DB.StorePage(ctx, page)) })
	return err
}

func (s *replicaStore) SaveTrackerStatus(ctx context.Context, status domain.TrackerStatus) error {
	_, err := commit(s, "save status", func() (struct{}, error) { return done(s.DB.SaveTrackerStatus(ctx, status)) })
	return err
}

func (s *replicaStore) ClaimWork(ctx context.Context, owner string, kinds []string, n int, lease time.Duration, at time.Time) ([]domain.Work, error) {
	works, err := commit(s, "claim", func() ([]domain.Work, error) {
		works, err := s.DB.ClaimWork(ctx, owner, kinds, n, lease, at)
		if work, ok := s.r.w.watch.held(owner); ok && s.r.w.noLease && err == nil && len(works) == 0 {
			works = append(works, work)
		}
		for _, work := range works {
			s.r.w.watch.claimed(work, at.Add(lease))
		}
		return works, err
	})
	return works, err
}

func (s *replicaStore) ClaimKey(ctx context.Context, owner, key, kind string, lease time.Duration, at time.Time) (domain.Work, bool, error) {
	held := false
	work, err := commit(s, "claim", func() (domain.Work, error) {
		work, ok, err := s.DB.ClaimKey(ctx, owner, key, kind, lease, at)
		if ok {
			s.r.w.watch.claimed(work, at.Add(lease))
		}
		held = ok
		return work, err
	})
	return work, held, err
}

// Heartbeat comes from a goroutine of its own and therefore never dies.
func (s *replicaStore) Heartbeat(ctx context.Context, lease domain.Lease, length time.Duration, at time.Time) error {
	if s.r.dead {
		return context.Canceled
	}
	err := s.DB.Heartbeat(ctx, lease, length, at)
	if err == nil {
		s.r.w.watch.beat(lease, at.Add(length))
	}
	return err
}

func (s *replicaStore) FinishWork(ctx context.Context, lease domain.Lease, result domain.WorkResult, at time.Time) error {
	_, err := commit(s, "finish", func() (struct{}, error) {
		err := s.DB.FinishWork(ctx, lease, result, at)
		s.r.w.watch.finished(lease)
		return done(err)
	})
	return err
}

func (s *replicaStore) ScheduleAt(ctx context.Context, key, kind string, at time.Time) error {
	_, err := commit(s, "schedule", func() (struct{}, error) { return done(s.DB.ScheduleAt(ctx, key, kind, at)) })
	return err
}

func (s *replicaStore) StoreDelivery(ctx context.Context, d domain.Delivery) error {
	_, err := commit(s, "store delivery", func() (struct{}, error) { return done(s.DB.StoreDelivery(ctx, d)) })
	return err
}

func (s *replicaStore) FinishDelivery(ctx context.Context, tracker domain.TrackerID, id string, state domain.DeliveryState, note string) error {
	_, err := commit(s, "finish delivery", func() (struct{}, error) { return done(s.DB.FinishDelivery(ctx, tracker, id, state, note)) })
	s.r.w.note("delivery %s of %s is %s: %s", id, tracker, state, note)
	s.r.w.count("delivery " + string(state))
	return err
}

// appStore gives what people make ids in order.
type appStore struct {
	*store.DB
	w *world
}

func (s appStore) CreateLink(ctx context.Context, scope domain.Scope, by domain.Attribution, link domain.Link) (domain.Link, error) {
	link.ID = domain.LinkID(s.w.sign("l_"))
	if link.Create != nil {
		link.Create.Nonce = s.w.sign("n")
	}
	return s.DB.CreateLink(ctx, scope, by, link)
}

func (s appStore) CreateMeasure(ctx context.Context, scope domain.Scope, by domain.Attribution, create func(domain.MeasureKey) (domain.Measure, error)) (domain.Measure, error) {
	return s.DB.CreateMeasure(ctx, scope, by, func(key domain.MeasureKey) (domain.Measure, error) {
		m, err := create(key)
		m.ID = s.w.sign("M")
		return m, err
	})
}

// budgets is the limit store of a world; like the database it outlives a crash.
type budgets map[string]*domain.Limits

func (b budgets) UpdateLimits(_ context.Context, credential string, change func(*domain.Limits)) error {
	if b[credential] == nil {
		b[credential] = &domain.Limits{}
	}
	change(b[credential])
	return nil
}

// spy is an adapter whose pushes are watched and whose safeguards can be
// switched off.
type spy struct {
	tracksync.Tracker
	r  *replica
	id domain.TrackerID
}

func (s *spy) Push(ctx context.Context, p domain.Push) (domain.Pushed, error) {
	w := s.r.w
	before := w.watch.pushing
	w.watch.pushing = &p
	defer func() { w.watch.pushing = before }()
	w.note("%s pushes %v to %s %s: %q", s.r.name, p.Fields, s.id, p.On.Ref.Key, p.Values)
	return s.Tracker.Push(ctx, p)
}

func (s *spy) Find(ctx context.Context, p domain.Probe) ([]domain.Snapshot, error) {
	found, err := s.Tracker.Find(ctx, p)
	s.r.w.count("probe")
	if err == nil && len(found) > 0 {
		s.r.w.count("probe found")
	}
	if s.r.w.noProbe {
		return nil, err
	}
	return found, err
}

func (s *spy) Changed(ctx context.Context, since domain.Cursor, known []string) (domain.Changes, error) {
	c, err := s.Tracker.Changed(ctx, since, known)
	if err == nil && s.r.w.noOverlap {
		c.Next = withoutOverlap(c)
	}
	return c, err
}

// withoutOverlap moves a cursor of Jira's so far that the next cycle begins at
// the present, as an implementation would that takes the index for complete
// (T36). The adapter itself goes back two minutes from there.
func withoutOverlap(c domain.Changes) domain.Cursor {
	var at map[string]any
	if json.Unmarshal(c.Next, &at) != nil || at["high"] == nil || at["page"] != nil {
		return c.Next
	}
	at["high"], at["cycle"], at["tip"] = now().Add(2*time.Minute).UnixMilli(), 0, ""
	next, err := json.Marshal(at)
	if err != nil {
		return c.Next
	}
	return next
}
