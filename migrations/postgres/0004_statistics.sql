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
-- index in step, so no writer can forget it. Punctuation becomes blanks first:
-- the parser would take "a/b" or "x.y" for one word, the embedded engine does not.
CREATE FUNCTION text_words(text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN to_tsvector('pg_catalog.simple', regexp_replace(lower($1), '[][!-/:-@\\^_`{-~]+', ' ', 'g'));

CREATE TABLE measures_text (
	num   BIGINT   NOT NULL PRIMARY KEY REFERENCES measures (num) ON DELETE CASCADE,
	words tsvector NOT NULL
);
INSERT INTO measures_text SELECT num, setweight(text_words(title), 'A') || setweight(text_words(description), 'D') FROM measures;
CREATE INDEX measures_text_words ON measures_text USING gin (words);

-- +goose StatementBegin
CREATE FUNCTION measures_text_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO measures_text VALUES (new.num, setweight(text_words(new.title), 'A') || setweight(text_words(new.description), 'D'))
	ON CONFLICT (num) DO UPDATE SET words = excluded.words;
	RETURN NULL;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER measures_text_keep AFTER INSERT OR UPDATE OF title, description ON measures
	FOR EACH ROW EXECUTE FUNCTION measures_text_keep();

CREATE TABLE incidents_text (
	num   BIGINT   NOT NULL PRIMARY KEY REFERENCES incidents (num) ON DELETE CASCADE,
	words tsvector NOT NULL
);
INSERT INTO incidents_text SELECT num, setweight(text_words(title), 'A') || setweight(text_words(summary), 'D') FROM incidents;
CREATE INDEX incidents_text_words ON incidents_text USING gin (words);

-- +goose StatementBegin
CREATE FUNCTION incidents_text_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO incidents_text VALUES (new.num, setweight(text_words(new.title), 'A') || setweight(text_words(new.summary), 'D'))
	ON CONFLICT (num) DO UPDATE SET words = excluded.words;
	RETURN NULL;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER incidents_text_keep AFTER INSERT OR UPDATE OF title, summary ON incidents
	FOR EACH ROW EXECUTE FUNCTION incidents_text_keep();

-- +goose Down
DROP TRIGGER incidents_text_keep ON incidents;
DROP FUNCTION incidents_text_keep();
DROP TABLE incidents_text;
DROP TRIGGER measures_text_keep ON measures;
DROP FUNCTION measures_text_keep();
DROP TABLE measures_text;
DROP FUNCTION text_words(text);
DROP TABLE probes;
DROP INDEX measures_succeeds;
ALTER TABLE measures DROP COLUMN succeeds;
