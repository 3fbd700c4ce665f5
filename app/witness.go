package app

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// Poster writes a comment into an issue of a tracker and returns its address.
// The sync engine implements it.
type Poster interface {
	Comment(ctx context.Context, tracker domain.TrackerID, issue, text string) (url string, err error)
}

// WitnessIssue is an issue of a tracker that checkpoints are posted into: the
// tracker stamps each with a time that is not ours.
type WitnessIssue struct {
	Tracker domain.TrackerID
	Issue   string // its number or key
}

// ParseWitnessIssue reads TRACKER#ISSUE; empty means none.
func ParseWitnessIssue(text string) (WitnessIssue, error) {
	if text == "" {
		return WitnessIssue{}, nil
	}
	tracker, issue, ok := strings.Cut(text, "#")
	if !ok || tracker == "" || issue == "" || strings.ContainsAny(issue, "/?# ") {
		return WitnessIssue{}, domain.Invalid("witness_issue", "%q is not an issue; write TRACKER#ISSUE, for example acme-platform#118 or acme-jira#OPS-12", text)
	}
	return WitnessIssue{Tracker: domain.TrackerID(tracker), Issue: issue}, nil
}

// String is the issue as it is configured.
func (w WitnessIssue) String() string {
	if w.Tracker == "" {
		return ""
	}
	return string(w.Tracker) + "#" + w.Issue
}

// WitnessPause is the time between two posts.
const WitnessPause = 24 * time.Hour

// PostCheckpoint shows the head of the log to the configured tracker, with a
// leaf that indexes every measure and incident, so that none can be left out
// of a later pack without contradicting what the tracker holds. It does
// nothing when no issue is configured.
func (s *Evidence) PostCheckpoint(ctx context.Context) error {
	if s.Witness.Tracker == "" || s.Post == nil {
		return nil
	}
	head, err := s.Store.LogHead(ctx)
	if err != nil {
		return err
	}
	heads := evidence.Heads{}
	err = s.Store.EachLeaf(ctx, 0, head.Size, func(r evidence.LogRow) error {
		l, err := evidence.ParseLeaf(r.Leaf)
		heads.Add(r.Index, &l)
		return err
	})
	if err != nil {
		return err
	}
	if _, _, err := s.Store.AppendLog(ctx, evidence.KindIndex, evidence.IndexData(heads, head.Size)); err != nil {
		return err
	}
	c, err := s.sign(ctx)
	if err != nil {
		return err
	}
	url, err := s.Post.Comment(ctx, s.Witness.Tracker, s.Witness.Issue, "Checkpoint of the evidence log. Whoever keeps it can prove later that nothing before it was changed.\n\n```\n"+string(c.Note)+"```\n")
	if err != nil {
		return err
	}
	return s.seen(ctx, c, evidence.WitnessTracker, s.Witness.String(), url)
}

// CheckpointForMail returns the signed head of the log as one line, to stand at
// the end of a digest. When nothing is signed any more the line says that.
func (s *Evidence) CheckpointForMail(ctx context.Context) (string, error) {
	c, err := s.sign(ctx)
	if domain.KindOf(err) == domain.ErrConflict {
		return err.Error(), nil
	}
	return evidence.OneLine(c.Note), err
}

// MailedCheckpoint notes that a line of CheckpointForMail has gone out.
func (s *Evidence) MailedCheckpoint(ctx context.Context, line string) error {
	parts := strings.Fields(line)
	if len(parts) != 6 {
		return nil // it said that nothing is signed
	}
	size, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return err
	}
	return s.Store.SaveWitness(ctx, evidence.Witnessed{Origin: parts[0], Size: size, Kind: evidence.WitnessMail, Place: "digest", At: s.Now()})
}

// seen notes that somebody was shown a checkpoint.
func (s *Evidence) seen(ctx context.Context, c evidence.Checkpoint, kind, place, reference string) error {
	return s.Store.SaveWitness(ctx, evidence.Witnessed{Origin: c.Origin, Size: c.Size, Kind: kind, Place: place, Reference: reference, At: s.Now()})
}
