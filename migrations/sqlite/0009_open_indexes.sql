-- +goose Up
-- The counts of open measures by priority need no sorting, and neither does the
-- list that has the longest broken promise on top.
CREATE INDEX measures_open_priority ON measures (priority, original_due_day, due_day, team, incident, crisis_check, open) WHERE open;
CREATE INDEX measures_open_promised ON measures (original_due_day, num, priority, team, version, open) WHERE open;

-- +goose Down
DROP INDEX measures_open_promised;
DROP INDEX measures_open_priority;
