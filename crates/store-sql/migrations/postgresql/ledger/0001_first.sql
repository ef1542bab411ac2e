-- The Ledger, PostgreSQL dialect: the numbers, names and columns of the SQLite dialect. Texts are ordered by their bytes, as there.
-- Times are milliseconds since 1970 from the application; flags and versions are integers; nested values are JSON.

CREATE TABLE account (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('active', 'closed')),
    created_at BIGINT  NOT NULL
);

CREATE TABLE credential (
    id                 TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id         TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    kind               TEXT COLLATE "C" NOT NULL,
    digest_key_version BIGINT  NOT NULL,
    digest             TEXT COLLATE "C" NOT NULL,
    serial_key_version BIGINT  NOT NULL,
    serial_sealed      TEXT COLLATE "C" NOT NULL,
    issuer_key_hash    TEXT COLLATE "C" NOT NULL,
    state              TEXT COLLATE "C" NOT NULL CHECK (state IN ('active', 'superseded')),
    not_after          BIGINT  NOT NULL,
    created_at         BIGINT  NOT NULL
);
CREATE UNIQUE INDEX credential_digest ON credential (digest, digest_key_version);
CREATE INDEX credential_account ON credential (account_id);

CREATE TABLE pseudonym (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    sector_id  TEXT COLLATE "C" NOT NULL,
    pseudonym  TEXT COLLATE "C" NOT NULL,
    created_at BIGINT  NOT NULL,
    PRIMARY KEY (account_id, sector_id)
);
CREATE UNIQUE INDEX pseudonym_value ON pseudonym (sector_id, pseudonym);

CREATE TABLE session (
    id                 TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    secret             TEXT COLLATE "C" NOT NULL,
    account_id         TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    credential_id      TEXT COLLATE "C" NOT NULL REFERENCES credential (id),
    method             TEXT COLLATE "C" NOT NULL,
    ial                TEXT COLLATE "C" NOT NULL,
    aal                TEXT COLLATE "C" NOT NULL,
    authenticated_at   BIGINT  NOT NULL,
    checked_generation BIGINT  NOT NULL,
    expires_at         BIGINT  NOT NULL,
    state              TEXT COLLATE "C" NOT NULL CHECK (state IN ('active', 'ended')),
    version            BIGINT  NOT NULL,
    ended_at           BIGINT
);
CREATE UNIQUE INDEX session_secret ON session (secret);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expiry ON session (expires_at);
CREATE INDEX session_end ON session (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE service (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    protocol   TEXT COLLATE "C" NOT NULL CHECK (protocol IN ('oidc', 'saml')),
    identifier TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('active', 'suspended', 'removed')),
    version    BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL,
    record     TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX service_identifier ON service (protocol, identifier) WHERE state <> 'removed';

CREATE TABLE consent (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    service_id TEXT COLLATE "C" NOT NULL REFERENCES service (id),
    attributes TEXT COLLATE "C" NOT NULL,
    given_at   BIGINT  NOT NULL,
    PRIMARY KEY (account_id, service_id)
);

-- A grant may outlive its session's row, so the session is checked at the insert and not referenced.
CREATE TABLE authorization_grant (
    id                 TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    code               TEXT COLLATE "C" NOT NULL,
    service_id         TEXT COLLATE "C" NOT NULL REFERENCES service (id),
    account_id         TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    session_id         TEXT COLLATE "C" NOT NULL,
    redirect_uri       TEXT COLLATE "C" NOT NULL,
    code_challenge     TEXT COLLATE "C" NOT NULL,
    nonce              TEXT,
    scope              TEXT COLLATE "C" NOT NULL,
    acr                TEXT COLLATE "C" NOT NULL,
    auth_time_required BIGINT  NOT NULL,
    released           TEXT COLLATE "C" NOT NULL,
    ial                TEXT COLLATE "C" NOT NULL,
    aal                TEXT COLLATE "C" NOT NULL,
    authenticated_at   BIGINT  NOT NULL,
    checked_generation BIGINT  NOT NULL,
    issued_at          BIGINT  NOT NULL,
    expires_at         BIGINT  NOT NULL,
    revoked_at         BIGINT
);
CREATE UNIQUE INDEX authorization_grant_code ON authorization_grant (code);
CREATE INDEX authorization_grant_expiry ON authorization_grant (expires_at);

CREATE TABLE access_token (
    hash       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    grant_id   TEXT COLLATE "C" NOT NULL REFERENCES authorization_grant (id),
    issued_at  BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL
);
CREATE INDEX access_token_grant ON access_token (grant_id);
CREATE INDEX access_token_expiry ON access_token (expires_at);

CREATE TABLE single_use (
    kind       TEXT COLLATE "C" NOT NULL,
    used_key   TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT  NOT NULL,
    PRIMARY KEY (kind, used_key)
);
CREATE INDEX single_use_expiry ON single_use (expires_at);

CREATE TABLE platform_state (
    name    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    content TEXT COLLATE "C" NOT NULL
);

CREATE TABLE audit_record (
    place     BIGINT  NOT NULL PRIMARY KEY,
    reference TEXT,
    event     TEXT COLLATE "C" NOT NULL,
    hash      TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX audit_record_reference ON audit_record (reference) WHERE reference IS NOT NULL;

-- Append-only, as far as a database can say so; what really holds is the chain of hashes (audit::chain).
CREATE FUNCTION audit_record_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;
CREATE TRIGGER audit_record_no_change BEFORE UPDATE OR DELETE ON audit_record
    FOR EACH ROW EXECUTE FUNCTION audit_record_is_append_only();
CREATE TRIGGER audit_record_no_truncate BEFORE TRUNCATE ON audit_record
    FOR EACH STATEMENT EXECUTE FUNCTION audit_record_is_append_only();
