-- Registers of single rooms: versioned JSON, found by key or tag.
CREATE TABLE record (
    kind       TEXT    NOT NULL,
    record_key TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    tags       TEXT    NOT NULL,
    content    TEXT    NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (kind, record_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE record_tag (
    kind       TEXT NOT NULL,
    tag        TEXT NOT NULL,
    record_key TEXT NOT NULL,
    PRIMARY KEY (kind, tag, record_key),
    FOREIGN KEY (kind, record_key) REFERENCES record (kind, record_key) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX record_tag_record ON record_tag (kind, record_key);
