//! Writes. Conflicts are looked for in the port's order: what the write names must exist, then the named
//! uniqueness, then the identifier itself.

use domain::{
    AccessToken, Account, AuthorizationGrant, Consent, Credential, Pseudonym, Service, Session, Timestamp,
};
use rusqlite::{Connection, Params, params};
use store::{Conflict, Record, SingleUseKind, Write};

use super::desk::Applied;
use super::statements as sql;
use crate::columns::{Columns, integer, json, spelled};
use crate::statement::{change, exists, one};

pub(super) fn apply(connection: &Connection, write: &Write) -> Applied {
    match write {
        Write::InsertAccount(account) => insert_account(connection, account),
        Write::InsertCredential(credential) => insert_credential(connection, credential),
        Write::SupersedeCredential(id) => {
            let changed = change(connection, sql::SUPERSEDE_CREDENTIAL, [id.as_str()])?;
            Ok(found(changed, "credential"))
        }
        Write::InsertPseudonym(pseudonym) => insert_pseudonym(connection, pseudonym),
        Write::InsertSession(session) => insert_session(connection, session),
        Write::EndSession { id, at } => {
            let changed = change(connection, sql::END_SESSION, params![at.millis(), id.as_str()])?;
            if changed == 0 {
                return must_exist(connection, sql::SESSION_EXISTS, id.as_str(), "session");
            }
            Ok(Ok(()))
        }
        Write::RecheckSession { id, generation } => {
            let row = params![integer(generation.0)?, id.as_str()];
            Ok(found(change(connection, sql::RECHECK_SESSION, row)?, "session"))
        }
        Write::PutConsent(consent) => put_consent(connection, consent),
        Write::InsertService(service) => insert_service(connection, service),
        Write::UpdateService(service) => update_service(connection, service),
        Write::InsertGrant(grant) => insert_grant(connection, grant),
        Write::RevokeGrant { id, at } => {
            let row = params![at.millis(), id.as_str()];
            Ok(found(change(connection, sql::REVOKE_GRANT, row)?, "grant"))
        }
        Write::InsertAccessToken(token) => insert_access_token(connection, token),
        Write::InsertSingleUse {
            kind,
            key,
            expires_at,
        } => insert_single_use(connection, *kind, key, *expires_at),
        Write::PutState { key, value } => {
            change(connection, sql::PUT_STATE, params![key, value])?;
            Ok(Ok(()))
        }
        Write::PutRecord(record) => put_record(connection, record),
        Write::RemoveRecord { kind, key } => {
            change(connection, sql::REMOVE_TAGS, params![kind.as_str(), key])?;
            change(connection, sql::REMOVE_RECORD, params![kind.as_str(), key])?;
            Ok(Ok(()))
        }
        Write::Purge { before } => purge(connection, *before),
    }
}

/// A row that the write names must be there.
fn must_exist(connection: &Connection, text: &str, id: &str, what: &'static str) -> Applied {
    let there = exists(connection, text, [id])?;
    Ok(if there {
        Ok(())
    } else {
        Err(Conflict::Missing(what))
    })
}

fn found(changed: usize, what: &'static str) -> Result<(), Conflict> {
    if changed == 0 {
        Err(Conflict::Missing(what))
    } else {
        Ok(())
    }
}

/// An insert that did nothing met a row with the same identifier: every other uniqueness was looked at before.
fn insert<P: Params>(connection: &Connection, text: &str, row: P, what: &'static str) -> Applied {
    let changed = change(connection, text, row)?;
    Ok(if changed == 0 {
        Err(Conflict::Duplicate(what))
    } else {
        Ok(())
    })
}

/// Hands a conflict up; goes on otherwise.
macro_rules! unless_conflict {
    ($applied:expr) => {
        if let Err(conflict) = $applied? {
            return Ok(Err(conflict));
        }
    };
}

fn insert_account(connection: &Connection, account: &Account) -> Applied {
    let row = params![
        account.id.as_str(),
        account.state.as_str(),
        account.created_at.millis()
    ];
    insert(connection, sql::INSERT_ACCOUNT, row, "account")
}

fn account_exists(connection: &Connection, id: &domain::AccountId) -> Applied {
    must_exist(connection, sql::ACCOUNT_EXISTS, id.as_str(), "account")
}

fn insert_credential(connection: &Connection, credential: &Credential) -> Applied {
    unless_conflict!(account_exists(connection, &credential.account));
    let digest = params![credential.digest.value, credential.digest.key_version];
    if exists(connection, sql::DIGEST_IS_BOUND, digest)? {
        return Ok(Err(Conflict::CredentialExists));
    }
    let row = params![
        credential.id.as_str(),
        credential.account.as_str(),
        spelled(&credential.kind)?,
        credential.digest.key_version,
        credential.digest.value,
        credential.serial.key_version,
        credential.serial.sealed,
        credential.issuer_key_hash,
        credential.state.as_str(),
        credential.not_after.millis(),
        credential.created_at.millis()
    ];
    insert(connection, sql::INSERT_CREDENTIAL, row, "credential")
}

fn insert_pseudonym(connection: &Connection, pseudonym: &Pseudonym) -> Applied {
    unless_conflict!(account_exists(connection, &pseudonym.account));
    let row = params![
        pseudonym.account.as_str(),
        pseudonym.sector.as_str(),
        pseudonym.value.as_str(),
        pseudonym.created_at.millis()
    ];
    let changed = change(connection, sql::INSERT_PSEUDONYM, row)?;
    Ok(if changed == 0 {
        Err(Conflict::PseudonymExists)
    } else {
        Ok(())
    })
}

fn insert_session(connection: &Connection, session: &Session) -> Applied {
    unless_conflict!(account_exists(connection, &session.account));
    unless_conflict!(must_exist(
        connection,
        sql::CREDENTIAL_EXISTS,
        session.credential.as_str(),
        "credential"
    ));
    if exists(connection, sql::SESSION_SECRET_IS_KNOWN, [&session.secret.0])? {
        return Ok(Err(Conflict::Duplicate("session secret")));
    }
    let row = params![
        session.id.as_str(),
        session.secret.0,
        session.account.as_str(),
        session.credential.as_str(),
        spelled(&session.method)?,
        session.level.ial.digit(),
        session.level.aal.digit(),
        session.authenticated_at.millis(),
        integer(session.checked_generation.0)?,
        session.expires_at.millis(),
        session.state.as_str(),
        integer(session.version)?,
        session.points.as_ref().map(|points| points.0.as_str())
    ];
    insert(connection, sql::INSERT_SESSION, row, "session")
}

fn put_consent(connection: &Connection, consent: &Consent) -> Applied {
    unless_conflict!(account_exists(connection, &consent.account));
    unless_conflict!(service_exists(connection, &consent.service));
    let row = params![
        consent.account.as_str(),
        consent.service.as_str(),
        json(&consent.attributes)?,
        consent.given_at.millis()
    ];
    change(connection, sql::PUT_CONSENT, row)?;
    Ok(Ok(()))
}

fn service_exists(connection: &Connection, id: &domain::ServiceId) -> Applied {
    must_exist(connection, sql::SERVICE_EXISTS, id.as_str(), "service")
}

/// The public name may belong to one service that is not removed.
fn name_is_free(connection: &Connection, service: &Service) -> Applied {
    let name = params![
        service.protocol.as_str(),
        service.protocol.identifier(),
        service.id.as_str()
    ];
    let removed = matches!(service.state, domain::ServiceState::Removed { .. });
    if !removed && exists(connection, sql::IDENTIFIER_IS_TAKEN, name)? {
        return Ok(Err(Conflict::ServiceExists));
    }
    Ok(Ok(()))
}

fn insert_service(connection: &Connection, service: &Service) -> Applied {
    if service.version != 1 {
        return Ok(Err(Conflict::ServiceVersion(service.id.clone())));
    }
    unless_conflict!(name_is_free(connection, service));
    let row = params![
        service.id.as_str(),
        service.protocol.as_str(),
        service.protocol.identifier(),
        service.state.as_str(),
        integer(service.version)?,
        service.created_at.millis(),
        json(service)?
    ];
    insert(connection, sql::INSERT_SERVICE, row, "service")
}

fn update_service(connection: &Connection, service: &Service) -> Applied {
    let stored: Option<u64> = one(connection, sql::SERVICE_VERSION, [service.id.as_str()], |row| {
        Columns::of(row).unsigned()
    })?;
    let Some(stored) = stored else {
        return Ok(Err(Conflict::Missing("service")));
    };
    if stored.checked_add(1) != Some(service.version) {
        return Ok(Err(Conflict::ServiceVersion(service.id.clone())));
    }
    unless_conflict!(name_is_free(connection, service));
    let row = params![
        service.protocol.as_str(),
        service.protocol.identifier(),
        service.state.as_str(),
        integer(service.version)?,
        service.created_at.millis(),
        json(service)?,
        service.id.as_str()
    ];
    change(connection, sql::UPDATE_SERVICE, row)?;
    Ok(Ok(()))
}

fn insert_grant(connection: &Connection, grant: &AuthorizationGrant) -> Applied {
    unless_conflict!(account_exists(connection, &grant.account));
    unless_conflict!(service_exists(connection, &grant.service));
    unless_conflict!(must_exist(
        connection,
        sql::SESSION_EXISTS,
        grant.session.as_str(),
        "session"
    ));
    if exists(connection, sql::CODE_IS_KNOWN, [&grant.code.0])? {
        return Ok(Err(Conflict::Duplicate("authorization code")));
    }
    let row = params![
        grant.id.as_str(),
        grant.code.0,
        grant.service.as_str(),
        grant.account.as_str(),
        grant.session.as_str(),
        grant.redirect_uri,
        grant.code_challenge.0,
        grant.nonce,
        grant.scope,
        grant.acr,
        i64::from(grant.auth_time_required),
        json(&grant.released)?,
        grant.level.ial.digit(),
        grant.level.aal.digit(),
        grant.method.as_str(),
        grant.certainty.as_str(),
        grant.authenticated_at.millis(),
        integer(grant.checked_generation.0)?,
        grant.issued_at.millis(),
        grant.expires_at.millis(),
        grant.revoked_at.map(Timestamp::millis)
    ];
    insert(connection, sql::INSERT_GRANT, row, "grant")
}

fn insert_access_token(connection: &Connection, token: &AccessToken) -> Applied {
    unless_conflict!(must_exist(
        connection,
        sql::GRANT_EXISTS,
        token.grant.as_str(),
        "grant"
    ));
    let row = params![
        token.hash.0,
        token.grant.as_str(),
        token.issued_at.millis(),
        token.expires_at.millis()
    ];
    insert(connection, sql::INSERT_ACCESS_TOKEN, row, "access token")
}

fn insert_single_use(
    connection: &Connection,
    kind: SingleUseKind,
    key: &str,
    expires_at: Timestamp,
) -> Applied {
    let row = params![kind.as_str(), key, expires_at.millis()];
    let changed = change(connection, sql::INSERT_SINGLE_USE, row)?;
    Ok(if changed == 0 {
        Err(Conflict::AlreadyUsed(kind))
    } else {
        Ok(())
    })
}

fn put_record(connection: &Connection, record: &Record) -> Applied {
    let place = params![record.kind.as_str(), record.key];
    let stored: Option<u64> = one(connection, sql::RECORD_VERSION, place, |row| {
        Columns::of(row).unsigned()
    })?;
    if stored.unwrap_or(0).checked_add(1) != Some(record.version) {
        return Ok(Err(Conflict::RecordVersion {
            kind: record.kind,
            key: record.key.clone(),
        }));
    }
    let row = params![
        record.kind.as_str(),
        record.key,
        integer(record.version)?,
        json(&record.tags)?,
        record.value,
        record.expires_at.map(Timestamp::millis)
    ];
    change(connection, sql::PUT_RECORD, row)?;
    change(connection, sql::REMOVE_TAGS, place)?;
    for tag in &record.tags {
        change(
            connection,
            sql::INSERT_TAG,
            params![record.kind.as_str(), tag, record.key],
        )?;
    }
    Ok(Ok(()))
}

/// Tokens before the grants from which they descend.
fn purge(connection: &Connection, before: Timestamp) -> Applied {
    let statements: [&str; 7] = [
        sql::PURGE_SINGLE_USE,
        sql::PURGE_ACCESS_TOKENS,
        sql::PURGE_GRANTS,
        sql::PURGE_EXPIRED_SESSIONS,
        sql::PURGE_ENDED_SESSIONS,
        sql::PURGE_RECORD_TAGS,
        sql::PURGE_RECORDS,
    ];
    for text in statements {
        change(connection, text, [before.millis()])?;
    }
    Ok(Ok(()))
}
