-- +goose Up
-- The leaf that tells of the present epoch, so that the number alone cannot be
-- raised: what is signed has to have that leaf.
ALTER TABLE logs ADD COLUMN epoch_leaf BIGINT NOT NULL DEFAULT 0;
UPDATE logs SET epoch_leaf = COALESCE((SELECT MAX(num) FROM leaves
	WHERE seq IS NULL AND position(E'\nkind epoch\n' IN convert_from(body, 'UTF8')) > 0), 0) WHERE epoch > 0;

-- +goose Down
ALTER TABLE logs DROP COLUMN epoch_leaf;
