-- The Ledger, SQLite dialect. The PostgreSQL dialect has the same numbers, names and columns.
-- Times are milliseconds since 1970 from the application; flags and versions are integers; nested values are JSON.

CREATE TABLE account (
    id         TEXT    NOT NULL PRIMARY KEY,
    state      TEXT    NOT NULL CHECK (state IN ('active', 'closed')),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE credential (
    id                 TEXT    NOT NULL PRIMARY KEY,
    account_id         TEXT    NOT NULL REFERENCES account (id),
    kind               TEXT    NOT NULL,
    digest_key_version INTEGER NOT NULL,
    digest             TEXT    NOT NULL,
    serial_key_version INTEGER NOT NULL,
    serial_sealed      TEXT    NOT NULL,
    issuer_key_hash    TEXT    NOT NULL,
    state              TEXT    NOT NULL CHECK (state IN ('active', 'superseded')),
    not_after          INTEGER NOT NULL,
    created_at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX credential_digest ON credential (digest, digest_key_version);
CREATE INDEX credential_account ON credential (account_id);

CREATE TABLE pseudonym (
    account_id TEXT    NOT NULL REFERENCES account (id),
    sector_id  TEXT    NOT NULL,
    pseudonym  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, sector_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX pseudonym_value ON pseudonym (sector_id, pseudonym);

CREATE TABLE session (
    id                 TEXT    NOT NULL PRIMARY KEY,
    secret             TEXT    NOT NULL,
    account_id         TEXT    NOT NULL REFERENCES account (id),
    credential_id      TEXT    NOT NULL REFERENCES credential (id),
    method             TEXT    NOT NULL,
    ial                TEXT    NOT NULL,
    aal                TEXT    NOT NULL,
    authenticated_at   INTEGER NOT NULL,
    checked_generation INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    state              TEXT    NOT NULL CHECK (state IN ('active', 'ended')),
    version            INTEGER NOT NULL,
    ended_at           INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX session_secret ON session (secret);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expiry ON session (expires_at);
CREATE INDEX session_end ON session (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE service (
    id         TEXT    NOT NULL PRIMARY KEY,
    protocol   TEXT    NOT NULL CHECK (protocol IN ('oidc', 'saml')),
    identifier TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('active', 'suspended', 'removed')),
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    record     TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX service_identifier ON service (protocol, identifier) WHERE state <> 'removed';

CREATE TABLE consent (
    account_id TEXT    NOT NULL REFERENCES account (id),
    service_id TEXT    NOT NULL REFERENCES service (id),
    attributes TEXT    NOT NULL,
    given_at   INTEGER NOT NULL,
    PRIMARY KEY (account_id, service_id)
) STRICT, WITHOUT ROWID;

-- A grant may outlive its session's row, so the session is checked at the insert and not referenced.
CREATE TABLE authorization_grant (
    id                 TEXT    NOT NULL PRIMARY KEY,
    code               TEXT    NOT NULL,
    service_id         TEXT    NOT NULL REFERENCES service (id),
    account_id         TEXT    NOT NULL REFERENCES account (id),
    session_id         TEXT    NOT NULL,
    redirect_uri       TEXT    NOT NULL,
    code_challenge     TEXT    NOT NULL,
    nonce              TEXT,
    scope              TEXT    NOT NULL,
    acr                TEXT    NOT NULL,
    auth_time_required INTEGER NOT NULL,
    released           TEXT    NOT NULL,
    ial                TEXT    NOT NULL,
    aal                TEXT    NOT NULL,
    authenticated_at   INTEGER NOT NULL,
    checked_generation INTEGER NOT NULL,
    issued_at          INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    revoked_at         INTEGER
) STRICT;
CREATE UNIQUE INDEX authorization_grant_code ON authorization_grant (code);
CREATE INDEX authorization_grant_expiry ON authorization_grant (expires_at);

CREATE TABLE access_token (
    hash       TEXT    NOT NULL PRIMARY KEY,
    grant_id   TEXT    NOT NULL REFERENCES authorization_grant (id),
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX access_token_grant ON access_token (grant_id);
CREATE INDEX access_token_expiry ON access_token (expires_at);

CREATE TABLE single_use (
    kind       TEXT    NOT NULL,
    used_key   TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (kind, used_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX single_use_expiry ON single_use (expires_at);

CREATE TABLE platform_state (
    name    TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_record (
    place     INTEGER NOT NULL PRIMARY KEY,
    reference TEXT,
    event     TEXT    NOT NULL,
    hash      TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX audit_record_reference ON audit_record (reference) WHERE reference IS NOT NULL;

-- Append-only, as far as a database can say so; what really holds is the chain of hashes (audit::chain).
CREATE TRIGGER audit_record_no_update BEFORE UPDATE ON audit_record
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_record_no_delete BEFORE DELETE ON audit_record
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
