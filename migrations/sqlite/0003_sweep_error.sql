-- +goose Up
-- Why the last sweep stopped; empty after a complete one. A successful poll
-- does not take it away.
ALTER TABLE tracker_status ADD COLUMN sweep_error TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE tracker_status DROP COLUMN sweep_error;
