package app

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// logStore is the evidence log in the database.
type logStore interface {
	logReader
	logKeeper
	eraser
}

// Evidence is the tamper-evident log: signing its head, showing it to
// witnesses, and handing out packs that verify without this server.
type Evidence struct {
	Store   logStore
	Kept    CheckpointKeeper
	Post    Poster
	Witness WitnessIssue
	Now     func() time.Time
	Zone    *time.Location
	Version string
	// Patience is how long a page waits while the log is read from its beginning.
	Patience time.Duration

	readings readings
	// problem is why the last attempt to sign failed, for pages.
	problem atomic.Pointer[string]
}

// PackQuery chooses what a pack is about.
type PackQuery struct {
	From, To domain.Date
	Incident domain.IncidentKey // empty: all
	Team     domain.TeamID      // empty: all
}

// Pack says what was handed out.
type Pack struct {
	Name       string // of the file
	Digest     string // of the content, as the log has it
	Leaves     int    // disclosed
	Checkpoint evidence.Checkpoint
	Key        string
}

// Export writes a pack: the whole histories that the query selects, as they are
// now, with what is needed to verify them. Its content's hash is a leaf itself.
func (s *Evidence) Export(ctx context.Context, by domain.Actor, q PackQuery, w io.Writer) (Pack, error) {
	if err := by.Require(domain.CanAudit); err != nil {
		return Pack{}, err
	}
	before, err := s.sign(ctx) // also makes the key, and refuses an inconsistent log
	if err != nil {
		return Pack{}, err
	}
	head, err := s.Store.LogHead(ctx)
	if err != nil {
		return Pack{}, err
	}
	scope := evidence.NewScope(head.Name, q.From, q.To, head.Size, s.Now(), s.Version)
	scope.Incident, scope.Team = string(q.Incident), string(q.Team)
	rows := func(ctx context.Context, f func(evidence.LogRow) error) error {
		return s.Store.EachLeaf(ctx, 0, head.Size, f)
	}
	draft, err := evidence.NewDraft(ctx, scope, rows, head.Keys(), before.Note)
	if err != nil {
		return Pack{}, err
	}
	num, leaf, err := s.Store.AppendLog(ctx, evidence.KindPack, draft.Data())
	if err != nil {
		return Pack{}, err
	}
	checkpoint, err := s.sign(ctx)
	if err != nil {
		return Pack{}, err
	}
	hashes, err := s.Store.LeafHashes(ctx, checkpoint.Size)
	if err != nil {
		return Pack{}, err
	}
	pack := Pack{Name: packName(scope), Digest: draft.Digest(), Leaves: draft.Leaves, Checkpoint: checkpoint, Key: head.Key}
	if err := draft.Write(w, num, leaf, hashes, checkpoint); err != nil {
		return Pack{}, err
	}
	return pack, s.seen(ctx, checkpoint, evidence.WitnessPack, pack.Name, draft.Digest())
}

// ExportBytes is Export into memory, for answers over HTTP.
func (s *Evidence) ExportBytes(ctx context.Context, by domain.Actor, q PackQuery) (Pack, []byte, error) {
	var out bytes.Buffer
	pack, err := s.Export(ctx, by, q, &out)
	return pack, out.Bytes(), err
}

func packName(s evidence.Scope) string {
	parts := slices.DeleteFunc([]string{"evidence", s.From, s.To, s.Incident, s.Team}, func(part string) bool { return part == "" })
	return strings.Join(parts, "-") + ".zip"
}

// Status is what people should know about the log.
type Status struct {
	Name string
	Key  string // the public key; hand it over on paper, not with a pack
	// Former are the keys that signed before, which older checkpoints verify with.
	Former []evidence.FormerKey
	Epoch  int64
	Size   int64
	// Signed is the newest checkpoint; empty before the first.
	Signed   string
	SignedAt time.Time
	// Witnessed says who outside has seen a checkpoint, newest first. A pack
	// counts for whoever received it.
	Witnessed []Witnessed
	// Witness is the issue that the daily checkpoint is posted into; empty for none.
	Witness string
	// Problem says why nothing is signed any more; empty when all is well.
	Problem string
}

// Witnessed says that somebody outside has seen a checkpoint.
type Witnessed = evidence.Witnessed

// Status reads the state of the log and looks whether it may be signed.
func (s *Evidence) Status(ctx context.Context, by domain.Actor) (Status, error) {
	if err := by.Require(domain.CanAudit); err != nil {
		return Status{}, err
	}
	head, err := s.Store.LogHead(ctx)
	if err != nil {
		return Status{}, err
	}
	s.remember(s.consistent(ctx, head))
	return s.overview(ctx, head)
}

// Overview is Status for a page: its Problem is that of the last attempt to
// sign, which the service makes every minute.
func (s *Evidence) Overview(ctx context.Context, by domain.Actor) (Status, error) {
	if err := by.Require(domain.CanAudit); err != nil {
		return Status{}, err
	}
	head, err := s.Store.LogHead(ctx)
	if err != nil {
		return Status{}, err
	}
	return s.overview(ctx, head)
}

func (s *Evidence) overview(ctx context.Context, head evidence.LogHead) (Status, error) {
	out := Status{Name: head.Name, Key: head.Key, Former: head.Former, Epoch: head.Epoch, Size: head.Size, Witness: s.Witness.String()}
	if problem := s.problem.Load(); problem != nil {
		out.Problem = *problem
	}
	signed, err := s.Store.Checkpoints(ctx, 1)
	if err != nil {
		return out, err
	}
	if len(signed) > 0 {
		out.Signed, out.SignedAt = signed[0].Note, signed[0].At
	}
	out.Witnessed, err = s.Store.LastWitnessed(ctx)
	return out, err
}

func (s *Evidence) remember(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	s.problem.Store(&text)
}

// Checkpoint returns the signed head of the log as it is now, to be kept by
// whoever wants to know later that nothing before it was changed.
func (s *Evidence) Checkpoint(ctx context.Context, by domain.Actor) ([]byte, error) {
	if err := by.Require(domain.CanAudit); err != nil {
		return nil, err
	}
	c, err := s.sign(ctx)
	return c.Note, err
}

// Check reads the whole log and holds it against the database.
func (s *Evidence) Check(ctx context.Context, by domain.Actor) error {
	if err := by.Require(domain.CanAudit); err != nil {
		return err
	}
	head, err := s.Store.LogHead(ctx)
	if err != nil {
		return err
	}
	if err := s.Store.CheckLog(ctx); err != nil {
		return &domain.Error{Kind: domain.ErrConflict, Code: "log_inconsistent", Message: "the evidence log does not agree with the database: " + err.Error(), Err: err}
	}
	return s.consistent(ctx, head)
}
