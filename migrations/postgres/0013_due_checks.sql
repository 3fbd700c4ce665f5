-- +goose Up
-- The daily round of letters tells that a crisis check is due; nothing ever ran
-- these rows.
DELETE FROM works WHERE kind = 'check';
-- The words of the latest published version, for those it is shared with: the
-- working copy is not theirs.
ALTER TABLE reviews ADD COLUMN published_words TEXT NOT NULL DEFAULT '';
UPDATE reviews SET published_words = words WHERE published > 0 AND state IN ('published', 'archived');

-- +goose Down
ALTER TABLE reviews DROP COLUMN published_words;
