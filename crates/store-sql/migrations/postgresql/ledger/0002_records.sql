-- Registers of single rooms: versioned JSON, found by key or tag.
CREATE TABLE record (
    kind       TEXT COLLATE "C" NOT NULL,
    record_key TEXT COLLATE "C" NOT NULL,
    version    BIGINT  NOT NULL,
    tags       TEXT COLLATE "C" NOT NULL,
    content    TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (kind, record_key)
);
CREATE INDEX record_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE record_tag (
    kind       TEXT COLLATE "C" NOT NULL,
    tag        TEXT COLLATE "C" NOT NULL,
    record_key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, tag, record_key),
    FOREIGN KEY (kind, record_key) REFERENCES record (kind, record_key) ON DELETE CASCADE
);
CREATE INDEX record_tag_record ON record_tag (kind, record_key);
