package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/jira"
)

// openTracker builds the adapter of a tracker on a governed transport. Every
// tracker with the same credential shares one budget.
func (p *program) openTracker(view domain.TrackerView) (tracksync.Tracker, error) {
	t := view.Tracker
	governor := &tracksync.Governor{Next: tracksync.NewTransport(p.cfg.TrackerHosts), Credential: budgetOf(t, view.Secrets), Kind: t.Kind, Limits: p.db, Now: p.now, Spacing: p.writeSpacing}
	if p.transport != nil {
		governor.Next = p.transport
	}
	if t.Kind == domain.Jira {
		governor.Classify = jira.Classify
		return jira.New(jira.Config{Tracker: t, Secrets: view.Secrets, Identities: view.Identities, Transport: governor, Now: p.now,
			SaveCredential: func(ctx context.Context, credential string) error { return p.saveCredential(ctx, t.ID, credential) }})
	}
	governor.Classify = github.Classify
	if governor.Spacing == 0 {
		governor.Spacing = time.Second // GitHub asks for a second between writes
	}
	return github.New(github.Config{Tracker: t, Secrets: view.Secrets, Identities: view.Identities, Transport: governor, Now: p.now, Cursor: view.Cursor})
}

// budgetOf names the budget of a credential without revealing it.
func budgetOf(t domain.Tracker, s domain.Secrets) string {
	sum := sha256.Sum256([]byte("budget\x00" + t.BaseURL + "\x00" + s.Credential))
	return string(t.Kind) + ":" + hex.EncodeToString(sum[:12])
}

// saveCredential stores a rotated refresh token before it is used.
func (p *program) saveCredential(ctx context.Context, id domain.TrackerID, credential string) error {
	by := domain.Attribution{Source: domain.FromSystem, Actor: "system", OnBehalf: id, Reason: "the tracker rotated its refresh token"}
	_, err := p.db.UpdateTracker(ctx, by, id, 0, func(_ *domain.Tracker, s *domain.Secrets) error {
		s.Credential = credential
		return nil
	})
	return err
}

func hookReaders() map[domain.TrackerKind]tracksync.HookReader {
	return map[domain.TrackerKind]tracksync.HookReader{
		domain.GitHub: {Verify: github.VerifySignature, Headers: []string{"X-GitHub-Event", "X-GitHub-Delivery", "X-GitHub-Hook-ID"}},
		domain.Jira:   {Verify: jira.VerifySignature, Headers: []string{"X-Atlassian-Webhook-Identifier", "X-Atlassian-Webhook-Retry", "X-Atlassian-Webhook-Flow"}},
	}
}

// intake is the engine as the HTTP face sees it.
type intake struct{ engine *tracksync.Engine }

// Intake implements api.Intake.
func (i intake) Intake(ctx context.Context, kind, tracker string, header http.Header, body []byte) error {
	return i.engine.Intake(ctx, domain.TrackerKind(kind), domain.TrackerID(tracker), header, body)
}
