-- +goose Up
-- The review of an incident. entries is the JSON of timeline, causes, lessons,
-- roles and findings; words is all of its text, for the search.
CREATE TABLE reviews (
	incident      TEXT   NOT NULL PRIMARY KEY REFERENCES incidents (key),
	state         TEXT   NOT NULL,
	reason        TEXT   NOT NULL,
	moderator     TEXT   REFERENCES people (id),
	submitted_by  TEXT   NOT NULL,
	approved_by   TEXT   NOT NULL,
	summary       TEXT   NOT NULL,
	communication TEXT   NOT NULL,
	teamwork      TEXT   NOT NULL,
	entries       TEXT   NOT NULL,
	shared_with   TEXT   NOT NULL,
	published     BIGINT NOT NULL,
	feedback      TEXT   NOT NULL,
	feedback_hash TEXT,
	words         TEXT   NOT NULL,
	created_at    BIGINT NOT NULL,
	updated_at    BIGINT NOT NULL,
	version       BIGINT NOT NULL
);
CREATE UNIQUE INDEX reviews_feedback_hash ON reviews (feedback_hash);

-- One row per publication, for ever.
CREATE TABLE review_versions (
	incident TEXT   NOT NULL REFERENCES reviews (incident),
	number   BIGINT NOT NULL,
	at       BIGINT NOT NULL,
	actor    TEXT   NOT NULL,
	document TEXT   NOT NULL,
	PRIMARY KEY (incident, number)
);
-- +goose StatementBegin
CREATE FUNCTION review_versions_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'published reviews are kept: rows are never changed or deleted';
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER review_versions_no_change BEFORE UPDATE OR DELETE ON review_versions
	FOR EACH ROW EXECUTE FUNCTION review_versions_are_kept();

CREATE TABLE review_messages (
	id        TEXT   NOT NULL PRIMARY KEY,
	incident  TEXT   NOT NULL REFERENCES incidents (key),
	digest    TEXT   NOT NULL,
	channel   TEXT   NOT NULL,
	sender    TEXT   NOT NULL,
	audience  TEXT   NOT NULL,
	at        BIGINT,
	statement TEXT   NOT NULL,
	source    TEXT   NOT NULL,
	diverges  TEXT   NOT NULL
);
CREATE UNIQUE INDEX review_messages_digest ON review_messages (incident, digest);

-- Anonymous answers. No time, no person, no order: the id is random, and the
-- rows lie in its order.
CREATE TABLE review_answers (
	id       TEXT   NOT NULL PRIMARY KEY,
	incident TEXT   NOT NULL REFERENCES incidents (key),
	batch    BIGINT NOT NULL,
	body     TEXT   NOT NULL
);
CREATE INDEX review_answers_incident ON review_answers (incident);

-- +goose Down
DROP TABLE review_answers;
DROP TABLE review_messages;
DROP TABLE review_versions;
DROP FUNCTION review_versions_are_kept;
DROP TABLE reviews;
