-- +goose Up
-- What a person wants to be told, and when they are away; without a row the
-- default applies.
CREATE TABLE notice_settings (
	person           TEXT    NOT NULL PRIMARY KEY REFERENCES people (id),
	reminders        BOOLEAN NOT NULL,
	digest           BOOLEAN NOT NULL,
	absent_from_day  BIGINT,
	absent_until_day BIGINT,
	version          BIGINT  NOT NULL
);

-- The measures nobody is reminded of until a day.
CREATE TABLE snoozes (
	measure   TEXT   NOT NULL PRIMARY KEY REFERENCES measures (key),
	until_day BIGINT NOT NULL,
	reason    TEXT   NOT NULL,
	set_by    TEXT   NOT NULL,
	set_at    BIGINT NOT NULL
);

-- The days whose letters are written down.
CREATE TABLE notice_rounds (
	day BIGINT NOT NULL PRIMARY KEY,
	at  BIGINT NOT NULL
);

-- Letters, written down before they are sent. items holds keys and reasons,
-- no texts. The unique index makes one letter per receiver and period.
CREATE TABLE notices (
	id         TEXT   NOT NULL PRIMARY KEY,
	kind       TEXT   NOT NULL,
	channel    TEXT   NOT NULL,
	target     TEXT   NOT NULL,
	period     TEXT   NOT NULL,
	items      TEXT   NOT NULL,
	state      TEXT   NOT NULL,
	attempts   BIGINT NOT NULL,
	last_error TEXT   NOT NULL,
	stop       TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	sent_at    BIGINT
);
CREATE UNIQUE INDEX notices_period ON notices (kind, channel, target, period);
CREATE UNIQUE INDEX notices_stop ON notices (stop);
CREATE INDEX notices_created_at ON notices (created_at, id);
CREATE INDEX notices_target ON notices (target, created_at);

-- +goose Down
DROP TABLE notices;
DROP TABLE notice_rounds;
DROP TABLE snoozes;
DROP TABLE notice_settings;
