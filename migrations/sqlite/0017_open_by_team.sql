-- +goose Up
-- Counts for some teams read the open measures of these teams and no others. The
-- counts by priority of everything need no sorting from this index either: they
-- are grouped by team and priority and added up.
DROP INDEX measures_open_priority;
CREATE INDEX measures_open_team ON measures (team, priority, original_due_day, due_day, incident, crisis_check, open) WHERE open;

-- +goose Down
DROP INDEX measures_open_team;
CREATE INDEX measures_open_priority ON measures (priority, original_due_day, due_day, team, incident, crisis_check, open) WHERE open;
