package app

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type trackerStore interface {
	healthStore
	CreateTracker(ctx context.Context, by domain.Attribution, tracker domain.Tracker, secrets domain.Secrets) (domain.Tracker, error)
	TrackerByID(ctx context.Context, scope domain.Scope, id domain.TrackerID) (domain.Tracker, error)
	TrackersInScope(ctx context.Context, scope domain.Scope) ([]domain.Tracker, error)
	UpdateTracker(ctx context.Context, by domain.Attribution, id domain.TrackerID, version int64, change func(*domain.Tracker, *domain.Secrets) error) (domain.Tracker, error)
	RemoveTracker(ctx context.Context, by domain.Attribution, id domain.TrackerID, version int64) error
	TrackerStatus(ctx context.Context, id domain.TrackerID) (domain.TrackerStatus, error)
	Team(ctx context.Context, id domain.TeamID) (domain.Team, error)
}

// Trackers are the operations on configured repositories and projects.
type Trackers struct {
	Store  trackerStore
	Remote Remote
	Hosts  domain.HostList
	Now    func() time.Time
}

// Create configures a tracker. Secrets go in and never come out again.
func (s *Trackers) Create(ctx context.Context, by domain.Actor, t domain.Tracker, secrets domain.Secrets) (domain.Tracker, error) {
	return s.create(ctx, by, t, secrets, "")
}

// Connect configures a tracker and keeps it paused, so that somebody sees what
// the first sync would do before it does it.
func (s *Trackers) Connect(ctx context.Context, by domain.Actor, t domain.Tracker, secrets domain.Secrets) (domain.Tracker, error) {
	return s.create(ctx, by, t, secrets, "set-up: nobody has looked at the first sync yet")
}

func (s *Trackers) create(ctx context.Context, by domain.Actor, t domain.Tracker, secrets domain.Secrets, hold string) (domain.Tracker, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return domain.Tracker{}, err
	}
	now := s.Now()
	t.CreatedAt, t.UpdatedAt, t.Version = now, now, 1
	if secrets.Credential != "" {
		t.CredentialHint, t.CredentialSetAt = hint(secrets.Credential), now
	}
	t.WebhookSecretSet = len(secrets.WebhookSecrets) > 0
	if err := s.check(ctx, t, secrets); err != nil {
		return domain.Tracker{}, err
	}
	t, err := s.prepare(ctx, t, secrets)
	if err != nil {
		return domain.Tracker{}, err
	}
	if hold != "" && !t.Paused {
		t.Paused, t.PauseReason = true, hold
	}
	made, err := s.Store.CreateTracker(ctx, creation(ctx, by, ""), t, secrets)
	if id, ok := replayed(err); ok {
		return s.Store.TrackerByID(ctx, by.Scope, domain.TrackerID(id))
	}
	return made, err
}

// Get returns one tracker, without its secrets.
func (s *Trackers) Get(ctx context.Context, by domain.Actor, id domain.TrackerID) (domain.Tracker, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Tracker{}, err
	}
	return s.Store.TrackerByID(ctx, by.Scope, id)
}

// List returns the trackers of the actor's teams and those of none.
func (s *Trackers) List(ctx context.Context, by domain.Actor) ([]domain.Tracker, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	return s.Store.TrackersInScope(ctx, by.Scope)
}

// TrackerPatch is a change of a tracker's configuration. Kind and id stay.
type TrackerPatch struct {
	// Change edits the configuration in place.
	Change func(*domain.Tracker)
	// Credential and WebhookSecret replace the stored ones when set; the empty
	// string removes them. The former webhook secret stays valid beside the new
	// one until the next change, so that rotating it loses no delivery.
	Credential    domain.Opt[string]
	WebhookSecret domain.Opt[string]
	Reason        string
}

// Edit changes a tracker.
func (s *Trackers) Edit(ctx context.Context, by domain.Actor, id domain.TrackerID, version int64, patch TrackerPatch) (domain.Tracker, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return domain.Tracker{}, err
	}
	before, err := s.Store.TrackerByID(ctx, by.Scope, id)
	if err != nil {
		return domain.Tracker{}, err
	}
	trial := before
	if patch.Change != nil {
		patch.Change(&trial)
	}
	if err := s.checkTeam(ctx, trial.Team); err != nil {
		return domain.Tracker{}, err
	}
	expires, err := s.checkActive(ctx, before, trial, domain.Secrets{Credential: patch.Credential.Value})
	if err != nil {
		return domain.Tracker{}, err
	}
	return s.Store.UpdateTracker(ctx, attribution(ctx, by, patch.Reason), id, version, func(t *domain.Tracker, secrets *domain.Secrets) error {
		if patch.Change != nil {
			patch.Change(t)
		}
		s.applySecrets(t, secrets, patch)
		if !expires.IsZero() {
			t.CredentialExpires = expires
		}
		t.ID, t.Kind, t.UpdatedAt = before.ID, before.Kind, s.Now()
		if !t.Paused {
			t.PauseReason = ""
		}
		if err := checkSecrets(*secrets); err != nil {
			return err
		}
		return t.Check(s.Hosts)
	})
}

func (s *Trackers) applySecrets(t *domain.Tracker, secrets *domain.Secrets, patch TrackerPatch) {
	if patch.Credential.Set {
		secrets.Credential = patch.Credential.Value
		t.CredentialHint, t.CredentialSetAt, t.CredentialExpires = hint(patch.Credential.Value), s.Now(), time.Time{}
		if patch.Credential.Value == "" {
			t.CredentialSetAt = time.Time{}
		}
	}
	if !patch.WebhookSecret.Set {
		return
	}
	fresh := []string{}
	if patch.WebhookSecret.Value != "" {
		fresh = append(fresh, patch.WebhookSecret.Value)
		if len(secrets.WebhookSecrets) > 0 && secrets.WebhookSecrets[0] != patch.WebhookSecret.Value {
			fresh = append(fresh, secrets.WebhookSecrets[0])
		}
	}
	secrets.WebhookSecrets, t.WebhookSecretSet = fresh, len(fresh) > 0
}

// Remove takes a tracker away; its links are detached, its issues stay.
func (s *Trackers) Remove(ctx context.Context, by domain.Actor, id domain.TrackerID, version int64) error {
	if err := by.Require(domain.CanManage); err != nil {
		return err
	}
	if _, err := s.Store.TrackerByID(ctx, by.Scope, id); err != nil {
		return err
	}
	return s.Store.RemoveTracker(ctx, attribution(ctx, by, ""), id, version)
}

// Status says how a tracker is doing.
func (s *Trackers) Status(ctx context.Context, by domain.Actor, id domain.TrackerID) (domain.TrackerStatus, error) {
	if _, err := s.Get(ctx, by, id); err != nil {
		return domain.TrackerStatus{}, err
	}
	return s.Store.TrackerStatus(ctx, id)
}

// Check connects and reports how values map, and what would be lost.
func (s *Trackers) Check(ctx context.Context, by domain.Actor, id domain.TrackerID) (domain.MappingReport, error) {
	if err := s.reach(ctx, by, domain.CanManage, id); err != nil {
		return domain.MappingReport{}, err
	}
	out, err := s.Remote.Check(ctx, id)
	if err != nil {
		return out, fromTracker(err)
	}
	return out, s.noteExpiry(ctx, by, id, out.CredentialExpires)
}

// Plan says what a pass would do and writes nothing.
func (s *Trackers) Plan(ctx context.Context, by domain.Actor, id domain.TrackerID) (Plan, error) {
	if err := s.reach(ctx, by, domain.CanRead, id); err != nil {
		return Plan{}, err
	}
	out, err := s.Remote.Plan(ctx, id)
	return out, fromTracker(err)
}

// Sync does one pass now.
func (s *Trackers) Sync(ctx context.Context, by domain.Actor, id domain.TrackerID) (Pass, error) {
	if err := s.reach(ctx, by, domain.CanEdit, id); err != nil {
		return Pass{}, err
	}
	out, err := s.Remote.SyncNow(ctx, id)
	return out, fromTracker(err)
}

// Drift proves both sides equal, or lists every difference and its reason.
func (s *Trackers) Drift(ctx context.Context, by domain.Actor, id domain.TrackerID) (Drift, error) {
	if err := s.reach(ctx, by, domain.CanRead, id); err != nil {
		return Drift{}, err
	}
	out, err := s.Remote.Drift(ctx, id)
	return out, fromTracker(err)
}

func (s *Trackers) reach(ctx context.Context, by domain.Actor, p domain.Permission, id domain.TrackerID) error {
	if err := by.Require(p); err != nil {
		return err
	}
	if _, err := s.Store.TrackerByID(ctx, by.Scope, id); err != nil {
		return err
	}
	if s.Remote == nil {
		return noRemote()
	}
	return nil
}

func (s *Trackers) check(ctx context.Context, t domain.Tracker, secrets domain.Secrets) error {
	if err := t.Check(s.Hosts); err != nil {
		return err
	}
	if err := checkSecrets(secrets); err != nil {
		return err
	}
	return s.checkTeam(ctx, t.Team)
}

func (s *Trackers) checkTeam(ctx context.Context, team domain.TeamID) error {
	if team == "" {
		return nil
	}
	_, err := s.Store.Team(ctx, team)
	return unknown("team", string(team), err)
}

// minSecret is the least length of a webhook secret (T2).
const minSecret = 32

func checkSecrets(secrets domain.Secrets) error {
	if len(secrets.Credential) > 16_384 {
		return domain.Invalid("credential", "is longer than 16384 characters")
	}
	for _, secret := range secrets.WebhookSecrets {
		if len(secret) < minSecret || len(secret) > 512 {
			return domain.Invalid("webhook_secret", "has %d characters; use %d to 512 random ones", len(secret), minSecret)
		}
	}
	return nil
}

// hint is what people may see of a credential; a short one shows nothing.
func hint(secret string) string {
	if len(secret) < 16 {
		return ""
	}
	return secret[len(secret)-4:]
}
