-- +goose Up
-- The tamper-evident log: one leaf per history row, and leaves about the log
-- itself. The program writes the seal of the earlier rows after this step.

-- One row: the name, the right edge of the tree (32 bytes a subtree) and the
-- key that signs checkpoints, encrypted like other secrets.
CREATE TABLE logs (
	name        TEXT   NOT NULL PRIMARY KEY,
	size        BIGINT NOT NULL,
	edges       BLOB   NOT NULL,
	epoch       BIGINT NOT NULL,
	public_key  TEXT   NOT NULL,
	signing_key TEXT   NOT NULL
);

-- seq is the history row behind a leaf, NULL for leaves about the log itself.
-- hashes are those of the leaf and of the subtrees that it completes.
CREATE TABLE leaves (
	num    INTEGER NOT NULL PRIMARY KEY,
	seq    BIGINT,
	body   BLOB    NOT NULL,
	hashes BLOB    NOT NULL
);

-- +goose StatementBegin
CREATE TRIGGER leaves_no_update BEFORE UPDATE ON leaves
BEGIN
	SELECT RAISE(ABORT, 'the log is append-only: leaves are never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER leaves_no_delete BEFORE DELETE ON leaves
BEGIN
	SELECT RAISE(ABORT, 'the log is append-only: leaves are never deleted');
END;
-- +goose StatementEnd

-- The last signed head of each day and of each pack.
CREATE TABLE checkpoints (
	origin    TEXT   NOT NULL,
	size      BIGINT NOT NULL,
	note      TEXT   NOT NULL,
	signed_at BIGINT NOT NULL,
	PRIMARY KEY (origin, size)
);

-- Who outside has seen which head, and where it can be looked up.
CREATE TABLE witnesses (
	origin    TEXT   NOT NULL,
	size      BIGINT NOT NULL,
	kind      TEXT   NOT NULL,
	place     TEXT   NOT NULL,
	reference TEXT   NOT NULL,
	at        BIGINT NOT NULL,
	PRIMARY KEY (origin, size, kind, place)
);

-- The name under which the log knows a person: random, so that it says nothing.
CREATE TABLE aliases (
	person TEXT NOT NULL PRIMARY KEY,
	alias  TEXT NOT NULL
);

-- leaf is NULL in rows from before the log. salt holds one random number for
-- each value that the leaf hides; in erased rows from before the log it holds
-- what the seal covers.
ALTER TABLE history ADD COLUMN leaf BIGINT;
ALTER TABLE history ADD COLUMN erased_at BIGINT;

DROP TRIGGER history_no_update;
-- +goose StatementBegin
CREATE TRIGGER history_no_update BEFORE UPDATE ON history
WHEN NEW.erased_at IS NULL OR NEW.seq <> OLD.seq OR NEW.subject <> OLD.subject OR NEW.key <> OLD.key OR NEW.subject_seq <> OLD.subject_seq
	OR NEW.at <> OLD.at OR NEW.kind <> OLD.kind OR NEW.field <> OLD.field OR NEW.overwritten <> OLD.overwritten OR NEW.source <> OLD.source
	OR NEW.external_at IS NOT OLD.external_at OR NEW.app <> OLD.app OR NEW.leaf IS NOT OLD.leaf
BEGIN
	SELECT RAISE(ABORT, 'history is append-only: rows are never changed, only texts are erased');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER history_needs_leaf BEFORE INSERT ON history WHEN NEW.leaf IS NULL
BEGIN
	SELECT RAISE(ABORT, 'history needs a leaf in the log: an older program must not write here');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER history_needs_leaf;
DROP TRIGGER history_no_update;
ALTER TABLE history DROP COLUMN erased_at;
ALTER TABLE history DROP COLUMN leaf;
-- +goose StatementBegin
CREATE TRIGGER history_no_update BEFORE UPDATE ON history
BEGIN
	SELECT RAISE(ABORT, 'history is append-only: rows are never changed');
END;
-- +goose StatementEnd
DROP TABLE aliases;
DROP TABLE witnesses;
DROP TABLE checkpoints;
DROP TABLE leaves;
DROP TABLE logs;
