-- +goose Up
-- Texts may be erased from published reviews; nothing else about them changes.
ALTER TABLE review_versions ADD COLUMN erased_at BIGINT;
DROP TRIGGER review_versions_no_update;
-- +goose StatementBegin
CREATE TRIGGER review_versions_no_update BEFORE UPDATE ON review_versions
WHEN NEW.erased_at IS NULL OR NEW.incident <> OLD.incident OR NEW.number <> OLD.number OR NEW.at <> OLD.at OR NEW.actor <> OLD.actor
BEGIN
	SELECT RAISE(ABORT, 'published reviews are kept: rows are never changed, only texts are erased');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER review_versions_no_update;
ALTER TABLE review_versions DROP COLUMN erased_at;
-- +goose StatementBegin
CREATE TRIGGER review_versions_no_update BEFORE UPDATE ON review_versions
BEGIN
	SELECT RAISE(ABORT, 'published reviews are kept: rows are never changed or deleted');
END;
-- +goose StatementEnd
