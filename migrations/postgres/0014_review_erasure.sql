-- +goose Up
-- Texts may be erased from published reviews; nothing else about them changes.
ALTER TABLE review_versions ADD COLUMN erased_at BIGINT;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION review_versions_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND NEW.erased_at IS NOT NULL AND (NEW.incident, NEW.number, NEW.at, NEW.actor) = (OLD.incident, OLD.number, OLD.at, OLD.actor) THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'published reviews are kept: rows are never changed, only texts are erased';
END;
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION review_versions_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'published reviews are kept: rows are never changed or deleted';
END;
$$;
-- +goose StatementEnd
ALTER TABLE review_versions DROP COLUMN erased_at;
