package app

import (
	"bytes"
	"context"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

type logReader interface {
	LogHead(ctx context.Context) (evidence.LogHead, error)
	EachLeaf(ctx context.Context, from, upto int64, f func(evidence.LogRow) error) error
	EachSealed(ctx context.Context, f func(domain.Change) error) error
	RecordsOf(ctx context.Context, subject domain.Subject, keys []string, f func(*evidence.Record) error) error
	LeafHashes(ctx context.Context, upto int64) ([]byte, error)
	ProveGrowth(ctx context.Context, size, old int64) (tlog.TreeProof, error)
	ProveLeaf(ctx context.Context, size, num int64) (tlog.RecordProof, []byte, error)
	CheckLog(ctx context.Context) error
}

type logKeeper interface {
	LogKey(ctx context.Context) (string, error)
	SettledHead(ctx context.Context) (evidence.LogHead, error)
	AnnounceKey(ctx context.Context, reason string) error
	ReplaceKey(ctx context.Context, announcement []byte) error
	AppendLog(ctx context.Context, kind string, data []evidence.Field) (int64, []byte, error)
	BeginEpoch(ctx context.Context, epoch int64, data []evidence.Field) error
	SaveCheckpoint(ctx context.Context, c evidence.Checkpoint, today time.Time) error
	Checkpoints(ctx context.Context, limit int) ([]evidence.Signed, error)
	SaveWitness(ctx context.Context, w evidence.Witnessed) error
	LastWitnessed(ctx context.Context) ([]evidence.Witnessed, error)
}

// CheckpointKeeper keeps the last signed checkpoint outside the database, where
// a restored or rewritten database does not reach it.
type CheckpointKeeper interface {
	// Load returns nil when there is none yet.
	Load() ([]byte, error)
	Keep(checkpoint []byte) error
}

// Sign signs the head of the log if it has grown. A log that does not continue
// what was signed before is never signed.
func (s *Evidence) Sign(ctx context.Context) error {
	_, err := s.sign(ctx)
	return err
}

func (s *Evidence) sign(ctx context.Context) (evidence.Checkpoint, error) {
	key, err := s.Store.LogKey(ctx)
	if err != nil {
		return evidence.Checkpoint{}, err
	}
	head, err := s.Store.SettledHead(ctx)
	if err != nil {
		return evidence.Checkpoint{}, err
	}
	err = s.consistent(ctx, head)
	s.remember(err)
	if err != nil {
		return evidence.Checkpoint{}, err
	}
	signer, err := evidence.NewSigner(key)
	if err != nil {
		return evidence.Checkpoint{}, err
	}
	c, err := evidence.Sign(signer, head.Epoch, head.Size, head.Root)
	if err != nil {
		return c, err
	}
	if kept, err := s.kept(head); err == nil && kept != nil && bytes.Equal(kept.Note, c.Note) { // Ed25519 signs the same text alike
		return *kept, nil
	}
	if err := s.keep(c.Note); err != nil {
		return c, err
	}
	now := s.Now().In(s.Zone)
	return c, s.Store.SaveCheckpoint(ctx, c, time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, s.Zone))
}

func (s *Evidence) keep(checkpoint []byte) error {
	if s.Kept == nil {
		return nil
	}
	return s.Kept.Keep(checkpoint)
}

// kept reads the checkpoint that is kept outside; nil when there is none.
func (s *Evidence) kept(head evidence.LogHead) (*evidence.Checkpoint, error) {
	if s.Kept == nil || head.Key == "" {
		return nil, nil //nolint:nilnil // none
	}
	signed, err := s.Kept.Load()
	if err != nil || signed == nil {
		return nil, err
	}
	keys, err := evidence.ParseKeys(head.Keys())
	if err != nil {
		return nil, err
	}
	c, err := evidence.OpenCheckpoint(signed, keys)
	if err != nil {
		return nil, inconsistent("the checkpoint that is kept outside the database is not of this log: %v", err)
	}
	return &c, nil
}

// consistent refuses a log that does not continue the last signed checkpoints,
// the one outside the database first.
func (s *Evidence) consistent(ctx context.Context, head evidence.LogHead) error {
	now, err := s.epoch(ctx, head)
	if err != nil {
		return err
	}
	kept, err := s.kept(head)
	if err != nil {
		return err
	}
	if kept != nil {
		if err := s.continues(ctx, head, now, *kept); err != nil {
			return err
		}
	}
	signed, err := s.Store.Checkpoints(ctx, 1)
	if err != nil || len(signed) == 0 {
		return err
	}
	keys, err := evidence.ParseKeys(head.Keys())
	if err != nil {
		return err
	}
	last, err := evidence.OpenCheckpoint([]byte(signed[0].Note), keys)
	if err != nil {
		return inconsistent("the last checkpoint in the database is not signed by its key: %v", err)
	}
	return s.continues(ctx, head, now, last)
}

// epoch reads what the leaf of the present epoch says. The number alone could be
// raised by whoever can write into the database, and would excuse everything.
func (s *Evidence) epoch(ctx context.Context, head evidence.LogHead) (evidence.Epoch, error) {
	if head.Epoch == 0 {
		return evidence.Epoch{}, nil
	}
	proof, body, err := s.Store.ProveLeaf(ctx, head.Size, head.EpochLeaf)
	if err == nil {
		err = tlog.CheckRecord(proof, head.Size, head.Root, head.EpochLeaf, tlog.RecordHash(body))
	}
	var e evidence.Epoch
	var leaf evidence.Leaf
	if err == nil {
		leaf, err = evidence.ParseLeaf(body)
	}
	if err == nil {
		e, err = evidence.ParseEpoch(head.EpochLeaf, &leaf)
	}
	if err != nil || e.Number != head.Epoch {
		return e, inconsistent("the database says that the log is in epoch %d, and no leaf of it tells of that", head.Epoch)
	}
	return e, nil
}

// continues refuses a log, in the epoch that is now, that does not continue an
// old checkpoint.
func (s *Evidence) continues(ctx context.Context, head evidence.LogHead, now evidence.Epoch, old evidence.Checkpoint) error {
	epoch, _ := evidence.EpochOf(head.Name, old.Origin)
	switch {
	case old.Size == 0 || epoch < head.Epoch && (epoch < head.Epoch-1 || old.Size > now.Kept):
		return nil // a new epoch says itself what was lost
	case epoch > head.Epoch || old.Size > head.Size:
		return inconsistent("the log has %d leaves in epoch %d, but %d leaves in epoch %d were signed before: the database was restored or cut", head.Size, head.Epoch, old.Size, epoch)
	}
	proof, err := s.Store.ProveGrowth(ctx, head.Size, old.Size)
	if err == nil {
		err = tlog.CheckTree(proof, head.Size, head.Root, old.Size, old.Root)
	}
	if err != nil {
		return inconsistent("the log of %d leaves does not continue the %d leaves that were signed before: it was rewritten (%v)", head.Size, old.Size, err)
	}
	return nil
}

func inconsistent(format string, args ...any) error {
	e := domain.Errorf(domain.ErrConflict, format+`. Nothing is signed any more; find out why, then run "followthrough evidence new-epoch --reason TEXT"`, args...)
	e.Code = "log_inconsistent"
	return e
}

// NewEpoch begins to sign again after a restore: a leaf names the checkpoint
// that the log no longer continues, and why.
func (s *Evidence) NewEpoch(ctx context.Context, by domain.Actor, reason string) (int64, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return 0, err
	}
	if reason == "" || len(reason) > 500 {
		return 0, domain.Invalid("reason", "has %d characters; say in 1 to 500 why the log does not continue what was signed", len(reason))
	}
	if _, err := s.Store.LogKey(ctx); err != nil {
		return 0, err
	}
	head, err := s.Store.LogHead(ctx)
	if err != nil {
		return 0, err
	}
	next, lostRoot := evidence.Epoch{Number: head.Epoch, Lost: head.Size, Reason: reason}, ""
	if kept, err := s.kept(head); err == nil && kept != nil { // one of another log is replaced
		before, _ := evidence.EpochOf(head.Name, kept.Origin)
		next.Number, next.Lost, lostRoot = max(next.Number, before), kept.Size, kept.Root.String()
	}
	next.Number++
	if next.Kept, err = s.provenSize(ctx, head); err != nil {
		return 0, err
	}
	if err := s.Store.BeginEpoch(ctx, next.Number, next.Data(lostRoot)); err != nil {
		return 0, err
	}
	if err := s.keep(nil); err != nil {
		return 0, err
	}
	return next.Number, s.Sign(ctx)
}

// provenSize is how many leaves of the log are those that were signed before:
// as many as the newest stored checkpoint has that the log continues. What
// follows may be the same as before too, but nobody can tell.
func (s *Evidence) provenSize(ctx context.Context, head evidence.LogHead) (int64, error) {
	signed, err := s.Store.Checkpoints(ctx, maxHeads)
	if err != nil {
		return 0, err
	}
	keys, err := evidence.ParseKeys(head.Keys())
	if err != nil {
		return 0, err
	}
	for _, c := range signed {
		old, err := evidence.OpenCheckpoint([]byte(c.Note), keys)
		if err != nil || old.Size > head.Size || old.Size == 0 {
			continue
		}
		if proof, err := s.Store.ProveGrowth(ctx, head.Size, old.Size); err == nil && tlog.CheckTree(proof, head.Size, head.Root, old.Size, old.Root) == nil {
			return old.Size, nil
		}
	}
	return 0, nil
}

// maxHeads is how many stored heads are looked at after a restore, one a day
// and those that somebody has seen.
const maxHeads = 1000

// AfterRestore begins a new epoch if the restored log does not continue what
// was signed before; epoch is 0 when it does.
func (s *Evidence) AfterRestore(ctx context.Context, by domain.Actor, backup string) (epoch int64, err error) {
	head, err := s.Store.LogHead(ctx)
	if err != nil {
		return 0, err
	}
	if err := s.consistent(ctx, head); err == nil {
		return 0, nil
	}
	return s.NewEpoch(ctx, by, "restored from "+backup)
}
