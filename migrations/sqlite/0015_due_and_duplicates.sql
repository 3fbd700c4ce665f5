-- +goose Up
-- The measure that goes on in place of one that was closed as its duplicate.
ALTER TABLE measures ADD COLUMN duplicate_of TEXT REFERENCES measures (key);
CREATE INDEX measures_duplicate_of ON measures (duplicate_of) WHERE duplicate_of IS NOT NULL;
-- The last due date that was set, kept when the date is taken away: a move is a
-- change to another one. What was taken away so far stands in the history.
ALTER TABLE measures ADD COLUMN last_due_day BIGINT NOT NULL DEFAULT 2147483647;
UPDATE measures SET last_due_day = due_day WHERE due_day <> 2147483647;
UPDATE measures SET last_due_day = coalesce(
	(SELECT CAST(julianday(h.from_value) - julianday('1970-01-01') AS INTEGER) FROM history h
	WHERE h.subject = 'measure' AND h.key = measures.key AND h.field = 'due_on' AND h.to_value = '' AND h.from_value <> '' AND NOT h.overwritten
	ORDER BY h.seq DESC LIMIT 1), original_due_day)
WHERE due_day = 2147483647 AND original_due_day <> 2147483647;
-- Until when the first due date may still be corrected.
ALTER TABLE measures ADD COLUMN due_firm_at BIGINT;

-- +goose Down
ALTER TABLE measures DROP COLUMN due_firm_at;
ALTER TABLE measures DROP COLUMN last_due_day;
DROP INDEX measures_duplicate_of;
ALTER TABLE measures DROP COLUMN duplicate_of;
