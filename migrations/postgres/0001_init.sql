-- +goose Up
-- Instants are microseconds since 1970-01-01 UTC, days are days since
-- 1970-01-01; NULL means "not known". due_day and original_due_day hold
-- 2147483647 for "no date", so that one index range answers "overdue".
-- Texts are empty when not given; references are NULL.

CREATE TABLE sequences (
	name  TEXT   NOT NULL PRIMARY KEY,
	value BIGINT NOT NULL
);
INSERT INTO sequences (name, value) VALUES ('incident', 0), ('measure', 0), ('history', 0), ('conflict', 0), ('delivery', 0);

-- The embedded engine has a function of this name as well.
CREATE FUNCTION fold(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN lower($1);

CREATE TABLE people (
	id         TEXT    NOT NULL PRIMARY KEY,
	name       TEXT    NOT NULL,
	email      TEXT    NOT NULL,
	language   TEXT    NOT NULL,
	role       TEXT    NOT NULL,
	deputy     TEXT    REFERENCES people (id),
	disabled   BOOLEAN NOT NULL,
	created_at BIGINT  NOT NULL,
	updated_at BIGINT  NOT NULL,
	version    BIGINT  NOT NULL
);
CREATE UNIQUE INDEX people_email ON people (lower(email)) WHERE email <> '';

CREATE TABLE teams (
	id         TEXT   NOT NULL PRIMARY KEY,
	name       TEXT   NOT NULL,
	lead       TEXT   REFERENCES people (id),
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version    BIGINT NOT NULL
);

CREATE TABLE memberships (
	person TEXT NOT NULL REFERENCES people (id),
	team   TEXT NOT NULL REFERENCES teams (id),
	PRIMARY KEY (person, team)
);
CREATE INDEX memberships_team ON memberships (team);

CREATE TABLE passwords (
	person     TEXT   NOT NULL PRIMARY KEY REFERENCES people (id),
	hash       TEXT   NOT NULL,
	updated_at BIGINT NOT NULL
);

CREATE TABLE sessions (
	hash       TEXT   NOT NULL PRIMARY KEY,
	person     TEXT   REFERENCES people (id),
	data       BYTEA  NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_person ON sessions (person);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE tokens (
	id         TEXT   NOT NULL PRIMARY KEY,
	name       TEXT   NOT NULL,
	role       TEXT   NOT NULL,
	person     TEXT   REFERENCES people (id),
	teams      TEXT   NOT NULL,
	hint       TEXT   NOT NULL,
	hash       TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT,
	revoked_at BIGINT,
	used_at    BIGINT
);
CREATE UNIQUE INDEX tokens_hash ON tokens (hash);

CREATE TABLE setups (
	hash       TEXT   NOT NULL PRIMARY KEY,
	expires_at BIGINT NOT NULL,
	used_at    BIGINT
);

CREATE TABLE policies (
	version    BIGINT NOT NULL PRIMARY KEY,
	valid_from BIGINT NOT NULL,
	body       TEXT   NOT NULL
);

CREATE TABLE incidents (
	num           BIGINT  NOT NULL PRIMARY KEY,
	key           TEXT    NOT NULL UNIQUE,
	id            TEXT    NOT NULL,
	title         TEXT    NOT NULL,
	summary       TEXT    NOT NULL,
	severity      TEXT    NOT NULL,
	status        TEXT    NOT NULL,
	started_at    BIGINT,
	detected_at   BIGINT,
	mitigated_at  BIGINT,
	resolved_at   BIGINT,
	services      TEXT    NOT NULL,
	causes        TEXT    NOT NULL,
	tags          TEXT    NOT NULL,
	fingerprint   TEXT    NOT NULL,
	recurrence_of TEXT    REFERENCES incidents (key),
	external_url  TEXT    NOT NULL,
	external_id   TEXT,
	team          TEXT    REFERENCES teams (id),
	closed_at     BIGINT,
	created_at    BIGINT  NOT NULL,
	updated_at    BIGINT  NOT NULL,
	version       BIGINT  NOT NULL
);
CREATE UNIQUE INDEX incidents_id ON incidents (id);
CREATE UNIQUE INDEX incidents_external_id ON incidents (external_id);
CREATE INDEX incidents_started_at ON incidents (started_at, num);
CREATE INDEX incidents_recurrence_of ON incidents (recurrence_of);

-- The entries of services, causes and tags, one a row, for filtering only.
CREATE TABLE incident_terms (
	kind     TEXT   NOT NULL,
	term     TEXT   NOT NULL,
	incident BIGINT NOT NULL REFERENCES incidents (num),
	PRIMARY KEY (kind, term, incident)
);
CREATE INDEX incident_terms_incident ON incident_terms (incident);

CREATE TABLE measures (
	num                   BIGINT  NOT NULL PRIMARY KEY,
	key                   TEXT    NOT NULL UNIQUE,
	id                    TEXT    NOT NULL,
	incident              TEXT    REFERENCES incidents (key),
	title                 TEXT    NOT NULL,
	description           TEXT    NOT NULL,
	kind                  TEXT    NOT NULL,
	priority              TEXT    NOT NULL,
	status                TEXT    NOT NULL,
	open                  BOOLEAN NOT NULL,
	status_unknown        BOOLEAN NOT NULL,
	closure_reason        TEXT    NOT NULL,
	closure_note          TEXT    NOT NULL,
	risk_until_day        BIGINT,
	owner                 TEXT    REFERENCES people (id),
	external_owner        TEXT    NOT NULL,
	deputy                TEXT    REFERENCES people (id),
	team                  TEXT    REFERENCES teams (id),
	due_day               BIGINT  NOT NULL,
	original_due_day      BIGINT  NOT NULL,
	due_moves             BIGINT  NOT NULL,
	metric_name           TEXT    NOT NULL,
	metric_unit           TEXT    NOT NULL,
	metric_baseline       DOUBLE PRECISION,
	metric_target         DOUBLE PRECISION,
	metric_direction      TEXT    NOT NULL,
	metric_window_days    BIGINT  NOT NULL,
	metric_verify_day     BIGINT,
	metric_not_measurable TEXT    NOT NULL,
	verdict               TEXT    NOT NULL,
	verified_by           TEXT    NOT NULL,
	evidence_count        BIGINT  NOT NULL,
	done_by               TEXT    NOT NULL,
	created_at            BIGINT  NOT NULL,
	accepted_at           BIGINT,
	done_at               BIGINT,
	verified_at           BIGINT,
	cancelled_at          BIGINT,
	updated_at            BIGINT  NOT NULL,
	changed_from          TEXT    NOT NULL,
	policy_version        BIGINT  NOT NULL,
	imported              BOOLEAN NOT NULL,
	version               BIGINT  NOT NULL
);
CREATE UNIQUE INDEX measures_id ON measures (id);
CREATE INDEX measures_incident ON measures (incident);
CREATE INDEX measures_owner ON measures (owner, due_day, num);
CREATE INDEX measures_updated ON measures (updated_at, num);
-- These two answer the usual pages and counts without looking at the rows.
CREATE INDEX measures_due ON measures (due_day, num, team, version);
CREATE INDEX measures_open_due ON measures (due_day, num, priority, team, original_due_day, incident, version, open) WHERE open;

CREATE TABLE evidence (
	id            TEXT   NOT NULL PRIMARY KEY,
	measure       TEXT   NOT NULL REFERENCES measures (key),
	title         TEXT   NOT NULL,
	url           TEXT   NOT NULL,
	effective_day BIGINT,
	received_at   BIGINT NOT NULL,
	added_by      TEXT   NOT NULL
);
CREATE INDEX evidence_measure ON evidence (measure, received_at);

CREATE TABLE observations (
	id      TEXT   NOT NULL PRIMARY KEY,
	measure TEXT   NOT NULL REFERENCES measures (key),
	at      BIGINT NOT NULL,
	value   DOUBLE PRECISION NOT NULL,
	note    TEXT   NOT NULL,
	source  TEXT   NOT NULL,
	actor   TEXT   NOT NULL
);
CREATE INDEX observations_measure ON observations (measure, at);

-- One row per change, for ever. salt makes a later hash of the row reveal
-- nothing about short values; app is the version that wrote it.
CREATE TABLE history (
	seq         BIGINT  NOT NULL PRIMARY KEY,
	subject     TEXT    NOT NULL,
	key         TEXT    NOT NULL,
	subject_seq BIGINT  NOT NULL,
	at          BIGINT  NOT NULL,
	kind        TEXT    NOT NULL,
	field       TEXT    NOT NULL,
	from_value  TEXT    NOT NULL,
	to_value    TEXT    NOT NULL,
	overwritten BOOLEAN NOT NULL,
	source      TEXT    NOT NULL,
	actor       TEXT    NOT NULL,
	on_behalf   TEXT    NOT NULL,
	external    TEXT    NOT NULL,
	external_at BIGINT,
	request     TEXT    NOT NULL,
	reason      TEXT    NOT NULL,
	app         TEXT    NOT NULL,
	salt        BYTEA   NOT NULL
);
CREATE UNIQUE INDEX history_subject ON history (subject, key, subject_seq);

-- +goose StatementBegin
CREATE FUNCTION history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'history is append-only: rows are never changed or deleted';
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER history_no_update BEFORE UPDATE ON history
	FOR EACH ROW EXECUTE FUNCTION history_is_append_only();
CREATE TRIGGER history_no_delete BEFORE DELETE ON history
	FOR EACH ROW EXECUTE FUNCTION history_is_append_only();
CREATE TRIGGER history_no_truncate BEFORE TRUNCATE ON history
	FOR EACH STATEMENT EXECUTE FUNCTION history_is_append_only();

CREATE TABLE trackers (
	id                 TEXT    NOT NULL PRIMARY KEY,
	kind               TEXT    NOT NULL,
	flavor             TEXT    NOT NULL,
	base_url           TEXT    NOT NULL,
	repository         TEXT    NOT NULL,
	project            TEXT    NOT NULL,
	team               TEXT    REFERENCES teams (id),
	account            TEXT    NOT NULL,
	app_id             BIGINT  NOT NULL,
	installation_id    BIGINT  NOT NULL,
	mapping            TEXT    NOT NULL,
	conflict_policy    TEXT    NOT NULL,
	import_rule        TEXT    NOT NULL,
	allow_public       BOOLEAN NOT NULL,
	paused             BOOLEAN NOT NULL,
	pause_reason       TEXT    NOT NULL,
	credential         TEXT    NOT NULL,
	credential_hint    TEXT    NOT NULL,
	credential_set_at  BIGINT,
	credential_expires BIGINT,
	webhook_secrets    TEXT    NOT NULL,
	created_at         BIGINT  NOT NULL,
	updated_at         BIGINT  NOT NULL,
	removed_at         BIGINT,
	version            BIGINT  NOT NULL
);

CREATE TABLE tracker_status (
	tracker         TEXT   NOT NULL PRIMARY KEY REFERENCES trackers (id),
	polled_at       BIGINT,
	server_time     BIGINT,
	swept_at        BIGINT,
	last_error      TEXT   NOT NULL,
	last_error_at   BIGINT,
	next_attempt    BIGINT,
	failures        BIGINT NOT NULL,
	quota_limit     BIGINT NOT NULL,
	quota_remaining BIGINT NOT NULL,
	quota_reset_at  BIGINT,
	highest_number  BIGINT NOT NULL,
	cursor          BYTEA
);

-- What is known of one credential's rate limits; replicas share it.
CREATE TABLE limits (
	credential TEXT NOT NULL PRIMARY KEY,
	body       TEXT NOT NULL
);

CREATE TABLE identities (
	tracker TEXT NOT NULL REFERENCES trackers (id),
	person  TEXT NOT NULL REFERENCES people (id),
	account TEXT NOT NULL,
	login   TEXT NOT NULL,
	PRIMARY KEY (tracker, person)
);
CREATE UNIQUE INDEX identities_account ON identities (tracker, account) WHERE account <> '';
CREATE UNIQUE INDEX identities_login ON identities (tracker, lower(login)) WHERE login <> '';
CREATE INDEX identities_person ON identities (person);

-- held: the link still claims its issue (not detached, not moved out, not a tombstone).
CREATE TABLE links (
	id             TEXT    NOT NULL PRIMARY KEY,
	measure        TEXT    NOT NULL REFERENCES measures (key),
	tracker        TEXT    NOT NULL REFERENCES trackers (id),
	remote_id      TEXT    NOT NULL,
	remote_key     TEXT    NOT NULL,
	remote_number  BIGINT  NOT NULL,
	remote_url     TEXT    NOT NULL,
	remote_place   TEXT    NOT NULL,
	state          TEXT    NOT NULL,
	live           BOOLEAN NOT NULL,
	held           BOOLEAN NOT NULL,
	reason         TEXT    NOT NULL,
	pushed_version BIGINT  NOT NULL,
	hash           TEXT    NOT NULL,
	revision       BIGINT,
	gone           BIGINT  NOT NULL,
	gone_since     BIGINT,
	last_error     TEXT    NOT NULL,
	last_error_at  BIGINT,
	next_attempt   BIGINT,
	synced_at      BIGINT,
	created_at     BIGINT  NOT NULL,
	updated_at     BIGINT  NOT NULL,
	version        BIGINT  NOT NULL
);
CREATE INDEX links_measure ON links (measure);
CREATE UNIQUE INDEX links_measure_tracker ON links (measure, tracker) WHERE held;
CREATE UNIQUE INDEX links_remote ON links (tracker, remote_id) WHERE remote_id <> '' AND held;
CREATE INDEX links_by_remote ON links (tracker, remote_id);
CREATE INDEX links_tracker_live ON links (tracker, updated_at) WHERE live;

-- The bulky half of a link, apart so that lists stay slim.
CREATE TABLE link_state (
	link         TEXT NOT NULL PRIMARY KEY REFERENCES links (id),
	base         TEXT NOT NULL,
	field_states TEXT NOT NULL,
	snapshot     TEXT NOT NULL,
	create_op    TEXT NOT NULL,
	writes       TEXT NOT NULL
);

CREATE TABLE conflicts (
	id          BIGINT  NOT NULL PRIMARY KEY,
	link        TEXT    NOT NULL REFERENCES links (id),
	measure     TEXT    NOT NULL REFERENCES measures (key),
	tracker     TEXT    NOT NULL REFERENCES trackers (id),
	field       TEXT    NOT NULL,
	base        TEXT    NOT NULL,
	ours        TEXT    NOT NULL,
	theirs      TEXT    NOT NULL,
	ours_by     TEXT    NOT NULL,
	ours_at     BIGINT,
	theirs_by   TEXT    NOT NULL,
	theirs_at   BIGINT,
	resolution  TEXT    NOT NULL,
	winner      TEXT    NOT NULL,
	opened_at   BIGINT  NOT NULL,
	resolved_at BIGINT,
	resolved_by TEXT    NOT NULL,
	version     BIGINT  NOT NULL
);
CREATE INDEX conflicts_measure ON conflicts (measure);
CREATE UNIQUE INDEX conflicts_open ON conflicts (link, field) WHERE resolved_at IS NULL;

-- One row per key. wanted > done means that there is work; a wake-up during a
-- run raises wanted above claimed and is therefore never lost. token only grows.
CREATE TABLE works (
	key         TEXT    NOT NULL PRIMARY KEY,
	kind        TEXT    NOT NULL,
	args        TEXT    NOT NULL,
	wanted      BIGINT  NOT NULL,
	done        BIGINT  NOT NULL,
	claimed     BIGINT  NOT NULL,
	run_at      BIGINT  NOT NULL,
	lease_until BIGINT  NOT NULL,
	owner       TEXT    NOT NULL,
	token       BIGINT  NOT NULL,
	attempt     BIGINT  NOT NULL,
	last_error  TEXT    NOT NULL,
	dead        BOOLEAN NOT NULL
);
CREATE INDEX works_due ON works (run_at) WHERE wanted > done AND NOT dead;

CREATE TABLE idempotency (
	actor       TEXT   NOT NULL,
	key         TEXT   NOT NULL,
	hash        TEXT   NOT NULL,
	subject     TEXT   NOT NULL,
	subject_key TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_created_at ON idempotency (created_at);

-- Webhook deliveries in the order they came in, kept until they are processed
-- and for a while after.
CREATE TABLE deliveries (
	num         BIGINT  NOT NULL PRIMARY KEY,
	tracker     TEXT    NOT NULL REFERENCES trackers (id),
	id          TEXT    NOT NULL,
	event       TEXT    NOT NULL,
	headers     TEXT    NOT NULL,
	body        BYTEA   NOT NULL,
	state       TEXT    NOT NULL,
	note        TEXT    NOT NULL,
	received_at BIGINT  NOT NULL
);
CREATE UNIQUE INDEX deliveries_id ON deliveries (tracker, id);
CREATE INDEX deliveries_stored ON deliveries (tracker, num) WHERE state = 'stored';
CREATE INDEX deliveries_received_at ON deliveries (received_at);

-- +goose Down
DROP TABLE deliveries;
DROP TABLE idempotency;
DROP TABLE works;
DROP TABLE conflicts;
DROP TABLE link_state;
DROP TABLE links;
DROP TABLE identities;
DROP TABLE limits;
DROP TABLE tracker_status;
DROP TABLE trackers;
DROP TABLE history;
DROP FUNCTION history_is_append_only();
DROP FUNCTION fold(text);
DROP TABLE observations;
DROP TABLE evidence;
DROP TABLE measures;
DROP TABLE incident_terms;
DROP TABLE incidents;
DROP TABLE policies;
DROP TABLE setups;
DROP TABLE tokens;
DROP TABLE sessions;
DROP TABLE passwords;
DROP TABLE memberships;
DROP TABLE teams;
DROP TABLE people;
DROP TABLE sequences;
