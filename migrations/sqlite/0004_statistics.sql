-- +goose Up
-- The measure that this one takes over from, because that one did not work.
ALTER TABLE measures ADD COLUMN succeeds TEXT REFERENCES measures (key);
CREATE INDEX measures_succeeds ON measures (succeeds);

-- How the success metric of a measure is read by the program itself.
CREATE TABLE probes (
	measure       TEXT   NOT NULL PRIMARY KEY REFERENCES measures (key),
	kind          TEXT   NOT NULL,
	url           TEXT   NOT NULL,
	query         TEXT   NOT NULL,
	every_hours   BIGINT NOT NULL,
	added_by      TEXT   NOT NULL,
	created_at    BIGINT NOT NULL,
	read_at       BIGINT,
	last_error    TEXT   NOT NULL,
	last_error_at BIGINT,
	version       BIGINT NOT NULL
);

-- The words of measures and incidents for free-text search. Triggers keep the
-- index in step, so no writer can forget it. secure-delete: a word that is taken
-- out of a text leaves the file as well.
CREATE VIRTUAL TABLE measures_text USING fts5(title, description, content='measures', content_rowid='num', tokenize="unicode61 remove_diacritics 0");
INSERT INTO measures_text (measures_text, rank) VALUES ('secure-delete', 1);
INSERT INTO measures_text (measures_text) VALUES ('rebuild');

-- +goose StatementBegin
CREATE TRIGGER measures_text_insert AFTER INSERT ON measures
BEGIN
	INSERT INTO measures_text (rowid, title, description) VALUES (new.num, new.title, new.description);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER measures_text_update AFTER UPDATE OF title, description ON measures
BEGIN
	INSERT INTO measures_text (measures_text, rowid, title, description) VALUES ('delete', old.num, old.title, old.description);
	INSERT INTO measures_text (rowid, title, description) VALUES (new.num, new.title, new.description);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER measures_text_delete AFTER DELETE ON measures
BEGIN
	INSERT INTO measures_text (measures_text, rowid, title, description) VALUES ('delete', old.num, old.title, old.description);
END;
-- +goose StatementEnd

CREATE VIRTUAL TABLE incidents_text USING fts5(title, summary, content='incidents', content_rowid='num', tokenize="unicode61 remove_diacritics 0");
INSERT INTO incidents_text (incidents_text, rank) VALUES ('secure-delete', 1);
INSERT INTO incidents_text (incidents_text) VALUES ('rebuild');

-- +goose StatementBegin
CREATE TRIGGER incidents_text_insert AFTER INSERT ON incidents
BEGIN
	INSERT INTO incidents_text (rowid, title, summary) VALUES (new.num, new.title, new.summary);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER incidents_text_update AFTER UPDATE OF title, summary ON incidents
BEGIN
	INSERT INTO incidents_text (incidents_text, rowid, title, summary) VALUES ('delete', old.num, old.title, old.summary);
	INSERT INTO incidents_text (rowid, title, summary) VALUES (new.num, new.title, new.summary);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER incidents_text_delete AFTER DELETE ON incidents
BEGIN
	INSERT INTO incidents_text (incidents_text, rowid, title, summary) VALUES ('delete', old.num, old.title, old.summary);
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER incidents_text_delete;
DROP TRIGGER incidents_text_update;
DROP TRIGGER incidents_text_insert;
DROP TABLE incidents_text;
DROP TRIGGER measures_text_delete;
DROP TRIGGER measures_text_update;
DROP TRIGGER measures_text_insert;
DROP TABLE measures_text;
DROP TABLE probes;
DROP INDEX measures_succeeds;
ALTER TABLE measures DROP COLUMN succeeds;
