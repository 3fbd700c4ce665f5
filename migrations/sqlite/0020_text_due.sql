-- +goose Up
-- The search indexes follow their tables at the end of a commit, not in each
-- change: FTS5 flushes at every savepoint, and writers that share a commit have
-- one each. The triggers still see every writer; what they note is the words
-- that the index holds (NULL for a row that it does not know), and nothing is
-- left noted after a commit. Without secure-delete an edit costs a fraction: its
-- old words stay in the history anyway, and an erasure purges the index itself.
INSERT INTO measures_text (measures_text, rank) VALUES ('secure-delete', 0);
INSERT INTO incidents_text (incidents_text, rank) VALUES ('secure-delete', 0);
CREATE TABLE measures_text_due (num INTEGER PRIMARY KEY, title TEXT, description TEXT);
DROP TRIGGER measures_text_insert;
DROP TRIGGER measures_text_update;
DROP TRIGGER measures_text_delete;
-- +goose StatementBegin
CREATE TRIGGER measures_text_insert AFTER INSERT ON measures
BEGIN
	INSERT INTO measures_text_due (num) SELECT new.num WHERE NOT EXISTS (SELECT 1 FROM measures_text_due WHERE num = new.num);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER measures_text_update AFTER UPDATE OF title, description ON measures
BEGIN
	INSERT INTO measures_text_due SELECT old.num, old.title, old.description WHERE NOT EXISTS (SELECT 1 FROM measures_text_due WHERE num = old.num);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER measures_text_delete AFTER DELETE ON measures
BEGIN
	INSERT INTO measures_text_due SELECT old.num, old.title, old.description WHERE NOT EXISTS (SELECT 1 FROM measures_text_due WHERE num = old.num);
END;
-- +goose StatementEnd

CREATE TABLE incidents_text_due (num INTEGER PRIMARY KEY, title TEXT, summary TEXT);
DROP TRIGGER incidents_text_insert;
DROP TRIGGER incidents_text_update;
DROP TRIGGER incidents_text_delete;
-- +goose StatementBegin
CREATE TRIGGER incidents_text_insert AFTER INSERT ON incidents
BEGIN
	INSERT INTO incidents_text_due (num) SELECT new.num WHERE NOT EXISTS (SELECT 1 FROM incidents_text_due WHERE num = new.num);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER incidents_text_update AFTER UPDATE OF title, summary ON incidents
BEGIN
	INSERT INTO incidents_text_due SELECT old.num, old.title, old.summary WHERE NOT EXISTS (SELECT 1 FROM incidents_text_due WHERE num = old.num);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER incidents_text_delete AFTER DELETE ON incidents
BEGIN
	INSERT INTO incidents_text_due SELECT old.num, old.title, old.summary WHERE NOT EXISTS (SELECT 1 FROM incidents_text_due WHERE num = old.num);
END;
-- +goose StatementEnd

-- +goose Down
INSERT INTO measures_text (measures_text, rank) VALUES ('secure-delete', 1);
INSERT INTO incidents_text (incidents_text, rank) VALUES ('secure-delete', 1);

DROP TRIGGER measures_text_delete;
DROP TRIGGER measures_text_update;
DROP TRIGGER measures_text_insert;
DROP TABLE measures_text_due;
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

DROP TRIGGER incidents_text_delete;
DROP TRIGGER incidents_text_update;
DROP TRIGGER incidents_text_insert;
DROP TABLE incidents_text_due;
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
