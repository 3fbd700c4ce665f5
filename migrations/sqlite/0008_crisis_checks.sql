-- +goose Up
-- A crisis check is a self-assessment of readiness; its answers refer to the
-- version of the catalogue, which is part of the program. team is NULL for the
-- whole organisation.
CREATE TABLE crisis_checks (
	num            INTEGER NOT NULL PRIMARY KEY,
	key            TEXT    NOT NULL UNIQUE,
	team           TEXT    REFERENCES teams (id),
	catalogue      BIGINT  NOT NULL,
	status         TEXT    NOT NULL,
	target         BIGINT  NOT NULL,
	started_at     BIGINT  NOT NULL,
	started_by     TEXT    NOT NULL,
	finished_at    BIGINT,
	finished_by    TEXT    NOT NULL,
	next_day       BIGINT,
	policy_version BIGINT  NOT NULL,
	updated_at     BIGINT  NOT NULL,
	version        BIGINT  NOT NULL
);
-- One draft at a time for a team, and one for the organisation.
CREATE UNIQUE INDEX crisis_checks_draft ON crisis_checks (COALESCE(team, '')) WHERE status = 'draft';

CREATE TABLE check_answers (
	crisis_check TEXT   NOT NULL REFERENCES crisis_checks (key),
	question     TEXT   NOT NULL,
	step         BIGINT NOT NULL,
	evidence     TEXT   NOT NULL,
	url          TEXT   NOT NULL,
	answered_at  BIGINT NOT NULL,
	answered_by  TEXT   NOT NULL,
	PRIMARY KEY (crisis_check, question)
);

INSERT INTO sequences (name, value) VALUES ('check', 0);

ALTER TABLE measures ADD COLUMN crisis_check TEXT REFERENCES crisis_checks (key);
ALTER TABLE measures ADD COLUMN question TEXT NOT NULL DEFAULT '';
CREATE INDEX measures_crisis_check ON measures (crisis_check);
-- The counts of open measures must go on being answered without the rows.
DROP INDEX measures_open_due;
CREATE INDEX measures_open_due ON measures (due_day, num, priority, team, original_due_day, incident, crisis_check, version, open) WHERE open;

-- +goose Down
DROP INDEX measures_open_due;
CREATE INDEX measures_open_due ON measures (due_day, num, priority, team, original_due_day, incident, version, open) WHERE open;
DROP INDEX measures_crisis_check;
ALTER TABLE measures DROP COLUMN question;
ALTER TABLE measures DROP COLUMN crisis_check;
DELETE FROM sequences WHERE name = 'check';
DROP TABLE check_answers;
DROP TABLE crisis_checks;
