//! Rows as words. The order of the fields is that of the columns in `statements.rs`.

use domain::{
    AccessToken, Account, AccountState, AssuranceLevel, AuthorizationGrant, CertificateDigest, Closing,
    ClosingReason, CodeChallenge, Consent, Credential, Pseudonym, RevocationGeneration, SealedPoints,
    SealedSerial, Service, Session, Timestamp, TokenHash,
};
use store::{AuditRecord, LedgerCounts, Record, RecordKind};

use crate::columns::{Cells, Columns};
use crate::trouble::{Trouble, unreadable};

type Read<T> = Result<T, Trouble>;

pub(super) fn account(row: &dyn Cells) -> Read<Account> {
    let mut columns = Columns::of(row);
    let id = columns.parsed()?;
    let word = columns.text()?;
    let created_at = columns.time()?;
    let closed_at = columns.time_if_any()?;
    let reason = columns.text_if_any()?;
    let into = columns.text_if_any()?;
    Ok(Account {
        id,
        state: account_state(&word, (closed_at, reason.as_deref(), into.as_deref()))?,
        created_at,
    })
}

/// What the columns of a closing say together; a row that contradicts itself is none.
fn account_state(
    word: &str,
    (at, reason, into): (Option<Timestamp>, Option<&str>, Option<&str>),
) -> Read<AccountState> {
    let into = into
        .map(|id| id.parse().map_err(|_| unreadable("an account merged into none")))
        .transpose()?;
    match (word, at, reason) {
        ("active", None, None) if into.is_none() => Ok(AccountState::Active),
        ("closed", Some(at), Some(reason)) => ClosingReason::from_parts(reason, into)
            .map(|reason| AccountState::Closed(Closing { at, reason }))
            .ok_or_else(|| unreadable("why an account was closed")),
        _ => Err(unreadable("an account's state")),
    }
}

pub(super) fn credential(row: &dyn Cells) -> Read<Credential> {
    let mut columns = Columns::of(row);
    Ok(Credential {
        id: columns.parsed()?,
        account: columns.parsed()?,
        kind: columns.word()?,
        digest: CertificateDigest {
            key_version: columns.unsigned()?,
            value: columns.text()?,
        },
        serial: SealedSerial {
            key_version: columns.unsigned()?,
            sealed: columns.text()?,
        },
        issuer_key_hash: columns.text()?,
        state: columns.word()?,
        not_after: columns.time()?,
        created_at: columns.time()?,
    })
}

pub(super) fn pseudonym(row: &dyn Cells) -> Read<Pseudonym> {
    let mut columns = Columns::of(row);
    Ok(Pseudonym {
        account: columns.parsed()?,
        sector: columns.parsed()?,
        value: columns.parsed()?,
        created_at: columns.time()?,
    })
}

pub(super) fn session(row: &dyn Cells) -> Read<Session> {
    let mut columns = Columns::of(row);
    Ok(Session {
        id: columns.parsed()?,
        secret: TokenHash(columns.text()?),
        account: columns.parsed()?,
        credential: columns.parsed()?,
        method: columns.word()?,
        level: level(&mut columns)?,
        authenticated_at: columns.time()?,
        checked_generation: RevocationGeneration(columns.unsigned()?),
        expires_at: columns.time()?,
        state: columns.word()?,
        version: columns.unsigned()?,
        points: columns.text_if_any()?.map(SealedPoints),
    })
}

fn level(columns: &mut Columns<'_>) -> Read<AssuranceLevel> {
    Ok(AssuranceLevel {
        ial: columns.parsed()?,
        aal: columns.parsed()?,
    })
}

pub(super) fn consent(row: &dyn Cells) -> Read<Consent> {
    let mut columns = Columns::of(row);
    Ok(Consent {
        account: columns.parsed()?,
        service: columns.parsed()?,
        attributes: columns.json()?,
        given_at: columns.time()?,
    })
}

pub(super) fn service(row: &dyn Cells) -> Read<Service> {
    Columns::of(row).json()
}

pub(super) fn grant(row: &dyn Cells) -> Read<AuthorizationGrant> {
    let mut columns = Columns::of(row);
    Ok(AuthorizationGrant {
        id: columns.parsed()?,
        code: TokenHash(columns.text()?),
        service: columns.parsed()?,
        account: columns.parsed()?,
        session: columns.parsed()?,
        redirect_uri: columns.text()?,
        code_challenge: CodeChallenge(columns.text()?),
        nonce: columns.text_if_any()?,
        scope: columns.text()?,
        acr: columns.text()?,
        auth_time_required: columns.unsigned::<u64>()? != 0,
        released: columns.json()?,
        level: level(&mut columns)?,
        method: columns.word()?,
        certainty: columns.word()?,
        authenticated_at: columns.time()?,
        checked_generation: RevocationGeneration(columns.unsigned()?),
        issued_at: columns.time()?,
        expires_at: columns.time()?,
        revoked_at: columns.time_if_any()?,
    })
}

pub(super) fn access_token(row: &dyn Cells) -> Read<AccessToken> {
    let mut columns = Columns::of(row);
    Ok(AccessToken {
        hash: TokenHash(columns.text()?),
        grant: columns.parsed()?,
        issued_at: columns.time()?,
        expires_at: columns.time()?,
    })
}

/// The register is known to whoever asks, so it is no column.
pub(super) fn record(kind: RecordKind) -> impl Fn(&dyn Cells) -> Read<Record> + Copy + Send + Sync + 'static {
    move |row| {
        let mut columns = Columns::of(row);
        Ok(Record {
            kind,
            key: columns.text()?,
            version: columns.unsigned()?,
            tags: columns.json()?,
            value: columns.text()?,
            expires_at: columns.time_if_any()?,
        })
    }
}

pub(super) fn audit_record(row: &dyn Cells) -> Read<AuditRecord> {
    let mut columns = Columns::of(row);
    let position = columns.unsigned()?;
    let text = columns.text()?;
    Ok(AuditRecord {
        position,
        event: serde_json::from_str(&text).map_err(|_| unreadable("an event"))?,
        text,
        hash: columns.text()?,
    })
}

pub(super) fn counts(row: &dyn Cells) -> Read<LedgerCounts> {
    let mut columns = Columns::of(row);
    Ok(LedgerCounts {
        accounts: columns.unsigned()?,
        credentials: columns.unsigned()?,
        sessions: columns.unsigned()?,
        grants: columns.unsigned()?,
        access_tokens: columns.unsigned()?,
        single_use: columns.unsigned()?,
        records: columns.unsigned()?,
        audit: columns.unsigned()?,
    })
}
