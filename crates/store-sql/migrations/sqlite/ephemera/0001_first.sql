-- Ephemera, SQLite dialect. Times are milliseconds since 1970 from the application.

-- A value, or the tombstone of a consumed one: then `content` is null.
CREATE TABLE entry (
    kind       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    content    BLOB,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX entry_name ON entry (kind, name);
CREATE INDEX entry_expiry ON entry (expires_at);

CREATE TABLE counter (
    kind    TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    tally   INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX counter_expiry ON counter (ends_at);
