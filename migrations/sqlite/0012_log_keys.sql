-- +goose Up
-- The key that will sign next, encrypted like the present one, from the leaf
-- that names it until the present key has signed that leaf.
ALTER TABLE logs ADD COLUMN next_key TEXT NOT NULL DEFAULT '';

-- The public keys that signed before, each with the head in which it signed
-- the name of the key that came after it.
CREATE TABLE log_keys (
	num          BIGINT NOT NULL PRIMARY KEY,
	public_key   TEXT   NOT NULL,
	announcement TEXT   NOT NULL,
	replaced_at  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE log_keys;
ALTER TABLE logs DROP COLUMN next_key;
