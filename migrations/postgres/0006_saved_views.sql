-- +goose Up
-- Filters of a page under a name. Those of team and organisation are for
-- everybody in it; those without a share are their owner's alone.
CREATE TABLE saved_views (
	id         TEXT   NOT NULL PRIMARY KEY,
	name       TEXT   NOT NULL,
	page       TEXT   NOT NULL,
	query      TEXT   NOT NULL,
	owner      TEXT   NOT NULL,
	share      TEXT   NOT NULL,
	team       TEXT   REFERENCES teams (id),
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version    BIGINT NOT NULL
);
CREATE INDEX saved_views_owner ON saved_views (owner);

-- +goose Down
DROP TABLE saved_views;
