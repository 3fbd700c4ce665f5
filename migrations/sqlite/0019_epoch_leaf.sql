-- +goose Up
-- The leaf that tells of the present epoch, so that the number alone cannot be
-- raised: what is signed has to have that leaf.
ALTER TABLE logs ADD COLUMN epoch_leaf BIGINT NOT NULL DEFAULT 0;
UPDATE logs SET epoch_leaf = COALESCE((SELECT MAX(num) FROM leaves
	WHERE seq IS NULL AND instr(CAST(body AS TEXT), char(10) || 'kind epoch' || char(10)) > 0), 0) WHERE epoch > 0;

-- +goose Down
ALTER TABLE logs DROP COLUMN epoch_leaf;
