package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/followthrough/followthrough/domain"
)

// LeafProof returns, in the form of C2SP's tlog-proof, that a leaf is in the
// log whose signed head it closes with. The leaf's own bytes are the extra data.
func (s *Evidence) LeafProof(ctx context.Context, by domain.Actor, leaf int64) ([]byte, error) {
	if err := by.Require(domain.CanAudit); err != nil {
		return nil, err
	}
	head, err := s.sign(ctx)
	if err != nil {
		return nil, err
	}
	path, body, err := s.Store.ProveLeaf(ctx, head.Size, leaf)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n", base64.StdEncoding.EncodeToString(body), leaf)
	for _, hash := range path {
		out.WriteString(hash.String() + "\n")
	}
	return append(append(out.Bytes(), '\n'), head.Note...), nil
}

// Growth is the proof that one head of the log continues an older one.
type Growth struct {
	From, To int64 // numbers of leaves
	Hashes   []tlog.Hash
}

// GrowthProof returns that the log of to leaves continues the one of from
// leaves: whoever keeps both heads needs nothing else from this server.
func (s *Evidence) GrowthProof(ctx context.Context, by domain.Actor, from, to int64) (Growth, error) {
	if err := by.Require(domain.CanAudit); err != nil {
		return Growth{}, err
	}
	head, err := s.Store.LogHead(ctx)
	if err != nil {
		return Growth{}, err
	}
	if from < 1 || from > to || to > head.Size {
		return Growth{}, domain.Errorf(domain.ErrNotFound, "the log has %d leaves; it has no heads of %d and then %d", head.Size, from, to)
	}
	hashes, err := s.Store.ProveGrowth(ctx, to, from)
	return Growth{from, to, hashes}, err
}
