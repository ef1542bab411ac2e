//! Every statement on the Ledger.

use crate::statement::statements;

/// The columns of a row, in the order in which `rows.rs` reads them.
macro_rules! columns {
    (account) => {
        "id, state, created_at, closed_at, close_reason, merged_into"
    };
    (credential) => {
        "id, account_id, kind, digest_key_version, digest, serial_key_version, serial_sealed, issuer_key_hash, \
         state, not_after, created_at"
    };
    (pseudonym) => {
        "account_id, sector_id, pseudonym, created_at"
    };
    (session) => {
        "id, secret, account_id, credential_id, method, ial, aal, authenticated_at, checked_generation, expires_at, \
         state, version, points_sealed"
    };
    (consent) => {
        "account_id, service_id, attributes, given_at"
    };
    (grant) => {
        "id, code, service_id, account_id, session_id, redirect_uri, code_challenge, nonce, scope, acr, \
         auth_time_required, released, ial, aal, method, certainty, authenticated_at, checked_generation, issued_at, \
         expires_at, revoked_at"
    };
    (access_token) => {
        "hash, grant_id, issued_at, expires_at"
    };
    (record) => {
        "record_key, version, tags, content, expires_at"
    };
    (audit) => {
        "place, event, hash"
    };
}

macro_rules! select {
    ($columns:ident from $rest:literal) => {
        concat!("SELECT ", columns!($columns), " FROM ", $rest)
    };
}

macro_rules! insert {
    ($columns:ident into $table:literal values $values:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (",
            columns!($columns),
            ") VALUES (",
            $values,
            ") ON CONFLICT DO NOTHING"
        )
    };
}

statements! {
    /// A question that is never answered.
    NO_ROW = "SELECT 1 WHERE 1 = 0";

    ACCOUNT = select!(account from "account WHERE id = $1");
    ACCOUNT_EXISTS = "SELECT 1 FROM account WHERE id = $1";
    ACCOUNT_IS_ACTIVE = "SELECT 1 FROM account WHERE id = $1 AND state = 'active'";
    INSERT_ACCOUNT = insert!(account into "account" values "$1, $2, $3, $4, $5, $6");
    /// Once: a closed account stays as it was closed.
    CLOSE_ACCOUNT = "UPDATE account SET state = 'closed', closed_at = $1, close_reason = $2, merged_into = $3 \
                     WHERE id = $4 AND state = 'active'";

    CREDENTIAL = select!(credential from "credential WHERE id = $1");
    CREDENTIAL_BY_DIGEST =
        select!(credential from "credential WHERE digest = $1 AND digest_key_version = $2");
    CREDENTIALS_OF = select!(credential from "credential WHERE account_id = $1 ORDER BY created_at, id");
    CREDENTIAL_EXISTS = "SELECT 1 FROM credential WHERE id = $1";
    CREDENTIAL_IS_ACTIVE = "SELECT 1 FROM credential WHERE id = $1 AND state = 'active'";
    DIGEST_IS_BOUND = "SELECT 1 FROM credential WHERE digest = $1 AND digest_key_version = $2";
    INSERT_CREDENTIAL = insert!(credential into "credential" values
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11");
    SUPERSEDE_CREDENTIAL = "UPDATE credential SET state = 'superseded' WHERE id = $1";

    MOVE_CREDENTIAL = "UPDATE credential SET account_id = $1, serial_key_version = $2, serial_sealed = $3 \
                       WHERE id = $4";

    PSEUDONYM = select!(pseudonym from "pseudonym WHERE account_id = $1 AND sector_id = $2");
    PSEUDONYM_BY_VALUE = select!(pseudonym from "pseudonym WHERE sector_id = $1 AND pseudonym = $2");
    PSEUDONYMS_OF = select!(pseudonym from "pseudonym WHERE account_id = $1 ORDER BY sector_id");
    INHERIT_PSEUDONYMS = "UPDATE pseudonym SET account_id = $1 WHERE account_id = $2 AND sector_id NOT IN \
                          (SELECT own.sector_id FROM pseudonym AS own WHERE own.account_id = $1)";
    INSERT_PSEUDONYM = insert!(pseudonym into "pseudonym" values "$1, $2, $3, $4");

    SESSION = select!(session from "session WHERE id = $1");
    SESSION_BY_SECRET = select!(session from "session WHERE secret = $1");
    LIVE_SESSIONS_OF = select!(session from
        "session WHERE account_id = $1 AND state = 'active' AND expires_at > $2 ORDER BY authenticated_at DESC, id");
    SESSION_EXISTS = "SELECT 1 FROM session WHERE id = $1";
    SESSION_IS_AT = "SELECT 1 FROM session WHERE id = $1 AND state = 'active' AND version = $2";
    SESSION_SECRET_IS_KNOWN = "SELECT 1 FROM session WHERE secret = $1";
    INSERT_SESSION = insert!(session into "session" values
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13");
    END_SESSION = "UPDATE session SET state = 'ended', version = version + 1, ended_at = $1 \
                   WHERE id = $2 AND state = 'active'";
    RECHECK_SESSION = "UPDATE session SET checked_generation = $1, version = version + 1 \
                       WHERE id = $2 AND state = 'active'";

    CONSENT = select!(consent from "consent WHERE account_id = $1 AND service_id = $2");
    PUT_CONSENT = "INSERT INTO consent (account_id, service_id, attributes, given_at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (account_id, service_id) DO UPDATE \
                   SET attributes = excluded.attributes, given_at = excluded.given_at";

    SERVICE = "SELECT record FROM service WHERE id = $1";
    SERVICE_BY_IDENTIFIER = "SELECT record FROM service \
                             WHERE protocol = $1 AND identifier = $2 AND state <> 'removed'";
    SERVICES = "SELECT record FROM service ORDER BY created_at, id";
    SERVICE_EXISTS = "SELECT 1 FROM service WHERE id = $1";
    SERVICE_HAS_VERSION = "SELECT 1 FROM service WHERE id = $1 AND version = $2";
    SERVICE_IS_AT = "SELECT 1 FROM service WHERE id = $1 AND state = 'active' AND version = $2";
    IDENTIFIER_IS_TAKEN = "SELECT 1 FROM service \
                           WHERE protocol = $1 AND identifier = $2 AND state <> 'removed' AND id <> $3";
    INSERT_SERVICE = "INSERT INTO service (id, protocol, identifier, state, version, created_at, record) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    UPDATE_SERVICE = "UPDATE service SET protocol = $1, identifier = $2, state = $3, version = $4, \
                      created_at = $5, record = $6 WHERE id = $7";

    GRANT = select!(grant from "authorization_grant WHERE id = $1");
    GRANT_BY_CODE = select!(grant from "authorization_grant WHERE code = $1");
    GRANT_EXISTS = "SELECT 1 FROM authorization_grant WHERE id = $1";
    GRANT_IS_LIVE = "SELECT 1 FROM authorization_grant WHERE id = $1 AND revoked_at IS NULL";
    CODE_IS_KNOWN = "SELECT 1 FROM authorization_grant WHERE code = $1";
    INSERT_GRANT = insert!(grant into "authorization_grant" values
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21");
    REVOKE_GRANT = "UPDATE authorization_grant SET revoked_at = COALESCE(revoked_at, $1) WHERE id = $2";

    ACCESS_TOKEN = select!(access_token from "access_token WHERE hash = $1");
    INSERT_ACCESS_TOKEN = insert!(access_token into "access_token" values "$1, $2, $3, $4");

    INSERT_SINGLE_USE = "INSERT INTO single_use (kind, used_key, expires_at) VALUES ($1, $2, $3) \
                         ON CONFLICT DO NOTHING";

    /// Ids are compared as the text that they are.
    LIVE_SESSIONS = select!(session from
        "session WHERE id > $1 AND state = 'active' AND expires_at > $2 ORDER BY id LIMIT $3");

    RECORD = select!(record from "record WHERE kind = $1 AND record_key = $2");
    RECORD_EXISTS = "SELECT 1 FROM record WHERE kind = $1 AND record_key = $2";
    RECORD_IS_THERE = "SELECT 1 FROM record WHERE kind = $1 AND record_key = $2";
    RECORD_IS_AT = "SELECT 1 FROM record WHERE kind = $1 AND record_key = $2 AND version = $3";
    RECORDS = select!(record from "record WHERE kind = $1 AND record_key > $2 ORDER BY record_key LIMIT $3");
    RECORDS_TAGGED = select!(record from
        "record WHERE kind = $1 AND record_key IN (SELECT record_tag.record_key FROM record_tag \
         WHERE record_tag.kind = $1 AND record_tag.tag = $2 AND record_tag.record_key > $3) \
         ORDER BY record_key LIMIT $4");
    PUT_RECORD = "INSERT INTO record (kind, record_key, version, tags, content, expires_at) \
                  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, record_key) DO UPDATE \
                  SET version = excluded.version, tags = excluded.tags, content = excluded.content, \
                  expires_at = excluded.expires_at";
    REMOVE_RECORD = "DELETE FROM record WHERE kind = $1 AND record_key = $2";
    REMOVE_TAGS = "DELETE FROM record_tag WHERE kind = $1 AND record_key = $2";
    INSERT_TAG = "INSERT INTO record_tag (kind, tag, record_key) VALUES ($1, $2, $3) \
                  ON CONFLICT DO NOTHING";
    PURGE_RECORD_TAGS = "DELETE FROM record_tag WHERE (kind, record_key) IN \
                         (SELECT record.kind, record.record_key FROM record WHERE record.expires_at < $1)";
    PURGE_RECORDS = "DELETE FROM record WHERE expires_at < $1";

    STATE = "SELECT content FROM platform_state WHERE name = $1";
    PUT_STATE = "INSERT INTO platform_state (name, content) VALUES ($1, $2) \
                 ON CONFLICT (name) DO UPDATE SET content = excluded.content";
    RAISE_STATE = "INSERT INTO platform_state (name, content) VALUES ($1, $2) \
                   ON CONFLICT (name) DO UPDATE SET content = excluded.content \
                   WHERE CAST(platform_state.content AS BIGINT) < CAST(excluded.content AS BIGINT)";

    PURGE_SINGLE_USE = "DELETE FROM single_use WHERE expires_at < $1";
    PURGE_ACCESS_TOKENS = "DELETE FROM access_token WHERE expires_at < $1";
    /// A grant stays while a token that descends from it does, or the record of its refresh tokens.
    PURGE_GRANTS = "DELETE FROM authorization_grant WHERE expires_at < $1 \
                    AND NOT EXISTS (SELECT 1 FROM access_token WHERE access_token.grant_id = authorization_grant.id) \
                    AND NOT EXISTS (SELECT 1 FROM record WHERE record.kind = 'refresh_family' \
                                    AND record.record_key = authorization_grant.id)";
    PURGE_EXPIRED_SESSIONS = "DELETE FROM session WHERE expires_at < $1";
    PURGE_ENDED_SESSIONS = "DELETE FROM session WHERE ended_at IS NOT NULL AND ended_at < $1";

    AUDIT_FROM = select!(audit from "audit_record WHERE place >= $1 ORDER BY place LIMIT $2");
    AUDIT_BY_REFERENCE = select!(audit from "audit_record WHERE reference = $1");
    AUDIT_HEAD = "SELECT place, hash FROM audit_record ORDER BY place DESC LIMIT 1";
    REFERENCE_IS_KNOWN = "SELECT 1 FROM audit_record WHERE reference = $1";
    APPEND_AUDIT = "INSERT INTO audit_record (place, reference, event, hash) VALUES ($1, $2, $3, $4)";

    COUNTS = "SELECT (SELECT COUNT(*) FROM account), (SELECT COUNT(*) FROM credential), \
              (SELECT COUNT(*) FROM session), (SELECT COUNT(*) FROM authorization_grant), \
              (SELECT COUNT(*) FROM access_token), (SELECT COUNT(*) FROM single_use), \
              (SELECT COUNT(*) FROM record), (SELECT COUNT(*) FROM audit_record)";
}
