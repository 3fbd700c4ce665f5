-- +goose Up
-- What is done and waits for a verdict, by the day on which one is asked for.
CREATE INDEX measures_to_verify ON measures (metric_verify_day, priority, done_at, num) WHERE status = 'done';

-- +goose Down
DROP INDEX measures_to_verify;
