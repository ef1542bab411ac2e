//! Writes. Conflicts are looked for in the port's order: what the write names must exist, then the named
//! uniqueness, then the identifier itself.

use domain::{
    AccessToken, Account, AccountId, AccountState, AuthorizationGrant, Closing, Consent, Credential,
    Pseudonym, Service, ServiceId, Session, Timestamp,
};
use store::{Conflict, Record, Write};

use super::plan::Plan;
use super::statements as sql;
use crate::columns::{integer, json, spelled, values};
use crate::trouble::Trouble;

type Planned = Result<(), Trouble>;

/// Adds the steps of one write.
pub(super) fn plan<'b>(plan: &mut Plan<'b>, write: &'b Write) -> Planned {
    match write {
        Write::InsertAccount(account) => insert_account(plan, account),
        Write::CloseAccount { id, closing } => close_account(plan, id, closing),
        Write::MoveCredential { id, to, serial } => {
            account_exists(plan, to);
            plan.must_change(
                sql::MOVE_CREDENTIAL,
                values![to.as_str(), serial.key_version, &serial.sealed, id.as_str()],
                Conflict::Missing("credential"),
            );
        }
        Write::InheritPseudonyms { from, to } => {
            account_exists(plan, from);
            account_exists(plan, to);
            plan.change(sql::INHERIT_PSEUDONYMS, values![to.as_str(), from.as_str()]);
        }
        Write::InsertCredential(credential) => insert_credential(plan, credential)?,
        Write::SupersedeCredential(id) => plan.must_change(
            sql::SUPERSEDE_CREDENTIAL,
            values![id.as_str()],
            Conflict::Missing("credential"),
        ),
        Write::InsertPseudonym(pseudonym) => insert_pseudonym(plan, pseudonym),
        Write::InsertSession(session) => insert_session(plan, session)?,
        Write::EndSession { id, at } => {
            must_exist(plan, sql::SESSION_EXISTS, id.as_str(), "session");
            plan.change(sql::END_SESSION, values![*at, id.as_str()]);
        }
        Write::RecheckSession { id, generation } => plan.must_change(
            sql::RECHECK_SESSION,
            values![integer(generation.0)?, id.as_str()],
            Conflict::Missing("session"),
        ),
        Write::PutConsent(consent) => put_consent(plan, consent)?,
        Write::InsertService(service) => insert_service(plan, service)?,
        Write::UpdateService(service) => update_service(plan, service)?,
        Write::InsertGrant(grant) => insert_grant(plan, grant)?,
        Write::RevokeGrant { id, at } => plan.must_change(
            sql::REVOKE_GRANT,
            values![*at, id.as_str()],
            Conflict::Missing("grant"),
        ),
        Write::InsertAccessToken(token) => insert_access_token(plan, token),
        Write::InsertSingleUse {
            kind,
            key,
            expires_at,
        } => plan.must_change(
            sql::INSERT_SINGLE_USE,
            values![kind.as_str(), key, *expires_at],
            Conflict::AlreadyUsed(*kind),
        ),
        Write::PutState { key, value } => plan.change(sql::PUT_STATE, values![key, value]),
        Write::RaiseState { key, value } => {
            plan.change(sql::RAISE_STATE, values![key, integer(*value)?.to_string()]);
        }
        Write::PutRecord(record) => put_record(plan, record)?,
        Write::RemoveRecord { kind, key } => {
            plan.change(sql::REMOVE_TAGS, values![kind.as_str(), key]);
            plan.change(sql::REMOVE_RECORD, values![kind.as_str(), key]);
        }
        Write::Purge { before } => purge(plan, *before),
    }
    Ok(())
}

/// A row that the write names must be there.
fn must_exist<'b>(plan: &mut Plan<'b>, text: &'static str, id: &'b str, what: &'static str) {
    if !plan.has_found(text, id) {
        plan.must_find(text, values![id], Conflict::Missing(what));
    }
}

fn account_exists<'b>(plan: &mut Plan<'b>, id: &'b AccountId) {
    must_exist(plan, sql::ACCOUNT_EXISTS, id.as_str(), "account");
}

fn service_exists<'b>(plan: &mut Plan<'b>, id: &'b ServiceId) {
    must_exist(plan, sql::SERVICE_EXISTS, id.as_str(), "service");
}

/// An insert that does nothing met a row with the same identifier: every other uniqueness was looked at before.
const fn taken(what: &'static str) -> Conflict {
    Conflict::Duplicate(what)
}

fn insert_account<'b>(plan: &mut Plan<'b>, account: &'b Account) {
    let closing = match &account.state {
        AccountState::Active => None,
        AccountState::Closed(closing) => Some(closing),
    };
    let row = values![
        account.id.as_str(),
        account.state.as_str(),
        account.created_at,
        closing.map(|closing| closing.at),
        closing.map(|closing| closing.reason.as_str()),
        closing
            .and_then(|closing| closing.reason.into_account())
            .map(AccountId::as_str)
    ];
    plan.must_change(sql::INSERT_ACCOUNT, row, taken("account"));
}

fn close_account<'b>(plan: &mut Plan<'b>, id: &'b AccountId, closing: &'b Closing) {
    account_exists(plan, id);
    if let Some(into) = closing.reason.into_account() {
        account_exists(plan, into);
    }
    let row = values![
        closing.at,
        closing.reason.as_str(),
        closing.reason.into_account().map(AccountId::as_str),
        id.as_str()
    ];
    plan.change(sql::CLOSE_ACCOUNT, row);
}

fn insert_credential<'b>(plan: &mut Plan<'b>, credential: &'b Credential) -> Planned {
    account_exists(plan, &credential.account);
    plan.must_not_find(
        sql::DIGEST_IS_BOUND,
        values![&credential.digest.value, credential.digest.key_version],
        Conflict::CredentialExists,
    );
    let row = values![
        credential.id.as_str(),
        credential.account.as_str(),
        spelled(&credential.kind)?,
        credential.digest.key_version,
        &credential.digest.value,
        credential.serial.key_version,
        &credential.serial.sealed,
        &credential.issuer_key_hash,
        credential.state.as_str(),
        credential.not_after,
        credential.created_at
    ];
    plan.must_change(sql::INSERT_CREDENTIAL, row, taken("credential"));
    Ok(())
}

fn insert_pseudonym<'b>(plan: &mut Plan<'b>, pseudonym: &'b Pseudonym) {
    account_exists(plan, &pseudonym.account);
    let row = values![
        pseudonym.account.as_str(),
        pseudonym.sector.as_str(),
        pseudonym.value.as_str(),
        pseudonym.created_at
    ];
    plan.must_change(sql::INSERT_PSEUDONYM, row, Conflict::PseudonymExists);
}

fn insert_session<'b>(plan: &mut Plan<'b>, session: &'b Session) -> Planned {
    account_exists(plan, &session.account);
    must_exist(
        plan,
        sql::CREDENTIAL_EXISTS,
        session.credential.as_str(),
        "credential",
    );
    plan.must_not_find(
        sql::SESSION_SECRET_IS_KNOWN,
        values![&session.secret.0],
        taken("session secret"),
    );
    let row = values![
        session.id.as_str(),
        &session.secret.0,
        session.account.as_str(),
        session.credential.as_str(),
        spelled(&session.method)?,
        session.level.ial.digit(),
        session.level.aal.digit(),
        session.authenticated_at,
        integer(session.checked_generation.0)?,
        session.expires_at,
        session.state.as_str(),
        integer(session.version)?,
        session.points.as_ref().map(|points| points.0.as_str())
    ];
    plan.must_change(sql::INSERT_SESSION, row, taken("session"));
    Ok(())
}

fn put_consent<'b>(plan: &mut Plan<'b>, consent: &'b Consent) -> Planned {
    account_exists(plan, &consent.account);
    service_exists(plan, &consent.service);
    let row = values![
        consent.account.as_str(),
        consent.service.as_str(),
        json(&consent.attributes)?,
        consent.given_at
    ];
    plan.change(sql::PUT_CONSENT, row);
    Ok(())
}

/// The public name may belong to one service that is not removed.
fn name_is_free<'b>(plan: &mut Plan<'b>, service: &'b Service) {
    if !matches!(service.state, domain::ServiceState::Removed { .. }) {
        let name = values![
            service.protocol.as_str(),
            service.protocol.identifier(),
            service.id.as_str()
        ];
        plan.must_not_find(sql::IDENTIFIER_IS_TAKEN, name, Conflict::ServiceExists);
    }
}

/// The version that this one takes the place of; none when no stored row can have it.
fn before(version: u64) -> Option<i64> {
    i64::try_from(version)
        .ok()?
        .checked_sub(1)
        .filter(|before| *before >= 0)
}

fn insert_service<'b>(plan: &mut Plan<'b>, service: &'b Service) -> Planned {
    if service.version != 1 {
        plan.refuse(Conflict::ServiceVersion(service.id.clone()));
        return Ok(());
    }
    name_is_free(plan, service);
    let row = values![
        service.id.as_str(),
        service.protocol.as_str(),
        service.protocol.identifier(),
        service.state.as_str(),
        integer(service.version)?,
        service.created_at,
        json(service)?
    ];
    plan.must_change(sql::INSERT_SERVICE, row, taken("service"));
    Ok(())
}

fn update_service<'b>(plan: &mut Plan<'b>, service: &'b Service) -> Planned {
    let changed = || Conflict::ServiceVersion(service.id.clone());
    service_exists(plan, &service.id);
    let Some(before) = before(service.version) else {
        plan.refuse(changed());
        return Ok(());
    };
    let read = values![service.id.as_str(), before];
    plan.must_find(sql::SERVICE_HAS_VERSION, read, changed());
    name_is_free(plan, service);
    let row = values![
        service.protocol.as_str(),
        service.protocol.identifier(),
        service.state.as_str(),
        integer(service.version)?,
        service.created_at,
        json(service)?,
        service.id.as_str()
    ];
    plan.change(sql::UPDATE_SERVICE, row);
    Ok(())
}

fn insert_grant<'b>(plan: &mut Plan<'b>, grant: &'b AuthorizationGrant) -> Planned {
    account_exists(plan, &grant.account);
    service_exists(plan, &grant.service);
    must_exist(plan, sql::SESSION_EXISTS, grant.session.as_str(), "session");
    plan.must_not_find(
        sql::CODE_IS_KNOWN,
        values![&grant.code.0],
        taken("authorization code"),
    );
    let row = values![
        grant.id.as_str(),
        &grant.code.0,
        grant.service.as_str(),
        grant.account.as_str(),
        grant.session.as_str(),
        &grant.redirect_uri,
        &grant.code_challenge.0,
        grant.nonce.as_deref(),
        &grant.scope,
        &grant.acr,
        i64::from(grant.auth_time_required),
        json(&grant.released)?,
        grant.level.ial.digit(),
        grant.level.aal.digit(),
        grant.method.as_str(),
        grant.certainty.as_str(),
        grant.authenticated_at,
        integer(grant.checked_generation.0)?,
        grant.issued_at,
        grant.expires_at,
        grant.revoked_at
    ];
    plan.must_change(sql::INSERT_GRANT, row, taken("grant"));
    Ok(())
}

fn insert_access_token<'b>(plan: &mut Plan<'b>, token: &'b AccessToken) {
    must_exist(plan, sql::GRANT_EXISTS, token.grant.as_str(), "grant");
    let row = values![
        &token.hash.0,
        token.grant.as_str(),
        token.issued_at,
        token.expires_at
    ];
    plan.must_change(sql::INSERT_ACCESS_TOKEN, row, taken("access token"));
}

/// A first version must find no record, any other the version before it.
fn put_record<'b>(plan: &mut Plan<'b>, record: &'b Record) -> Planned {
    let changed = Conflict::RecordVersion {
        kind: record.kind,
        key: record.key.clone(),
    };
    let place = || values![record.kind.as_str(), &record.key];
    match before(record.version) {
        None => {
            plan.refuse(changed);
            return Ok(());
        }
        Some(0) => plan.must_not_find(sql::RECORD_EXISTS, place(), changed),
        Some(before) => {
            let mut read = place();
            read.push(before.into());
            plan.must_find(sql::RECORD_IS_AT, read, changed);
        }
    }
    let row = values![
        record.kind.as_str(),
        &record.key,
        integer(record.version)?,
        json(&record.tags)?,
        &record.value,
        record.expires_at
    ];
    plan.change(sql::PUT_RECORD, row);
    if record.version > 1 {
        plan.change(sql::REMOVE_TAGS, place());
    }
    for tag in &record.tags {
        plan.change(sql::INSERT_TAG, values![record.kind.as_str(), tag, &record.key]);
    }
    Ok(())
}

/// Tokens and records before the grants from which they descend.
fn purge(plan: &mut Plan<'_>, before: Timestamp) {
    let statements: [&str; 7] = [
        sql::PURGE_SINGLE_USE,
        sql::PURGE_ACCESS_TOKENS,
        sql::PURGE_RECORD_TAGS,
        sql::PURGE_RECORDS,
        sql::PURGE_GRANTS,
        sql::PURGE_EXPIRED_SESSIONS,
        sql::PURGE_ENDED_SESSIONS,
    ];
    for text in statements {
        plan.change(text, values![before]);
    }
    plan.trust_nothing_found();
}
