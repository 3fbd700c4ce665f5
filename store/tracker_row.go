package store

import (
	"encoding/json"

	"github.com/followthrough/followthrough/domain"
)

type trackerRow struct {
	ID             string `gorm:"primaryKey"`
	Kind           string
	Flavor         string
	BaseURL        string
	Repository     string
	Project        string
	Team           ref
	Account        string
	AppID          int64
	InstallationID int64
	Mapping        string
	ConflictPolicy string
	ImportRule     string
	AllowPublic    bool
	Paused         bool
	PauseReason    string
	// Credential and WebhookSecrets are sealed.
	Credential        string
	CredentialHint    string
	CredentialSetAt   instant
	CredentialExpires instant
	WebhookSecrets    string
	CreatedAt         instant `gorm:"autoCreateTime:false"`
	UpdatedAt         instant `gorm:"autoUpdateTime:false"`
	RemovedAt         instant
	Version           int64
}

// TableName implements schema.Tabler.
func (trackerRow) TableName() string { return "trackers" }

// newTrackerRow leaves the sealed columns empty; see sealInto.
func newTrackerRow(t domain.Tracker) trackerRow {
	return trackerRow{
		ID: string(t.ID), Kind: string(t.Kind), Flavor: string(t.Flavor), BaseURL: t.BaseURL, Repository: t.Repository, Project: t.Project,
		Team: ref(t.Team), Account: t.Account, AppID: t.AppID, InstallationID: t.InstallationID,
		Mapping: toJSON(t.Mapping), ConflictPolicy: toJSON(t.ConflictPolicy), ImportRule: toJSON(t.ImportRule),
		AllowPublic: t.AllowPublic, Paused: t.Paused, PauseReason: t.PauseReason,
		CredentialHint: t.CredentialHint, CredentialSetAt: newInstant(t.CredentialSetAt), CredentialExpires: newInstant(t.CredentialExpires),
		CreatedAt: newInstant(t.CreatedAt), UpdatedAt: newInstant(t.UpdatedAt), Version: t.Version,
	}
}

func (r trackerRow) tracker() (domain.Tracker, error) {
	t := domain.Tracker{
		ID: domain.TrackerID(r.ID), Kind: domain.TrackerKind(r.Kind), Flavor: domain.Flavor(r.Flavor), BaseURL: r.BaseURL,
		Repository: r.Repository, Project: r.Project, Team: domain.TeamID(r.Team), Account: r.Account,
		AppID: r.AppID, InstallationID: r.InstallationID, AllowPublic: r.AllowPublic, Paused: r.Paused, PauseReason: r.PauseReason,
		CredentialHint: r.CredentialHint, CredentialSetAt: r.CredentialSetAt.time(), CredentialExpires: r.CredentialExpires.time(),
		WebhookSecretSet: r.WebhookSecrets != "", CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(), Version: r.Version,
	}
	var err error
	if t.Mapping, err = fromJSON[domain.Mapping](r.Mapping, "mapping of tracker "+r.ID); err != nil {
		return t, err
	}
	if t.ConflictPolicy, err = fromJSON[map[domain.Field]domain.Resolution](r.ConflictPolicy, "conflict policy of tracker "+r.ID); err != nil {
		return t, err
	}
	t.ImportRule, err = fromJSON[domain.ImportRule](r.ImportRule, "import rule of tracker "+r.ID)
	return t, err
}

// sealInto encrypts the secrets into the row they belong to.
func (s sealer) sealInto(r *trackerRow, secrets domain.Secrets) error {
	var err error
	if r.Credential, err = s.seal(secrets.Credential, place("trackers", r.ID, "credential")); err != nil {
		return err
	}
	hooks := ""
	if len(secrets.WebhookSecrets) > 0 {
		hooks = toJSON(secrets.WebhookSecrets)
	}
	r.WebhookSecrets, err = s.seal(hooks, place("trackers", r.ID, "webhook_secrets"))
	return err
}

// secretsOf decrypts a tracker's secrets.
func (s sealer) secretsOf(r trackerRow) (domain.Secrets, error) {
	var secrets domain.Secrets
	var err error
	if secrets.Credential, err = s.open(r.Credential, place("trackers", r.ID, "credential")); err != nil {
		return domain.Secrets{}, secretUnreadable(r.ID, err)
	}
	hooks, err := s.open(r.WebhookSecrets, place("trackers", r.ID, "webhook_secrets"))
	if err != nil {
		return domain.Secrets{}, secretUnreadable(r.ID, err)
	}
	if hooks != "" {
		if err := json.Unmarshal([]byte(hooks), &secrets.WebhookSecrets); err != nil {
			return domain.Secrets{}, secretUnreadable(r.ID, err)
		}
	}
	return secrets, nil
}

func secretUnreadable(id string, err error) error {
	return &domain.Error{Kind: domain.ErrUnauthorized, Code: "secret_unreadable", Err: err, Message: "tracker " + id + ": " + err.Error()}
}

type trackerStatusRow struct {
	Tracker        string `gorm:"primaryKey"`
	PolledAt       instant
	ServerTime     instant
	SweptAt        instant
	LastError      string
	LastErrorAt    instant
	NextAttempt    instant
	Failures       int64
	QuotaLimit     int64
	QuotaRemaining int64
	QuotaResetAt   instant
	HighestNumber  int64
	SweepError     string
	Cursor         []byte
}

// TableName implements schema.Tabler.
func (trackerStatusRow) TableName() string { return "tracker_status" }

func (r trackerStatusRow) status() domain.TrackerStatus {
	return domain.TrackerStatus{
		Tracker: domain.TrackerID(r.Tracker), PolledAt: r.PolledAt.time(), ServerTime: r.ServerTime.time(), SweptAt: r.SweptAt.time(),
		LastError: r.LastError, LastErrorAt: r.LastErrorAt.time(), NextAttempt: r.NextAttempt.time(), Failures: int(r.Failures),
		Quota:         domain.Quota{Limit: int(r.QuotaLimit), Remaining: int(r.QuotaRemaining), ResetAt: r.QuotaResetAt.time()},
		HighestNumber: int(r.HighestNumber), SweepError: r.SweepError,
	}
}

// statusColumns are all but the key, and what has its own writer: the cursor
// and the sweep, which runs beside polls.
func statusColumns(s domain.TrackerStatus) map[string]any {
	return map[string]any{
		"polled_at": newInstant(s.PolledAt), "server_time": newInstant(s.ServerTime),
		"last_error": s.LastError, "last_error_at": newInstant(s.LastErrorAt), "next_attempt": newInstant(s.NextAttempt),
		"failures": s.Failures, "quota_limit": s.Quota.Limit, "quota_remaining": s.Quota.Remaining,
		"quota_reset_at": newInstant(s.Quota.ResetAt), "highest_number": s.HighestNumber,
	}
}
