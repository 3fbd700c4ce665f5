-- +goose Up
-- The service catalogue: how long a service was there to fail. folded is the
-- name as it is compared with those that incidents give. since_day is the first
-- day in service, retired_day the last one; NULL is not known, or not yet.
CREATE TABLE services (
	id          TEXT   NOT NULL PRIMARY KEY,
	name        TEXT   NOT NULL,
	folded      TEXT   NOT NULL UNIQUE,
	since_day   BIGINT,
	retired_day BIGINT,
	team        TEXT   REFERENCES teams (id),
	created_at  BIGINT NOT NULL,
	updated_at  BIGINT NOT NULL,
	version     BIGINT NOT NULL
);

-- +goose Down
DROP TABLE services;
