//! Every row of the Ledger but the audit log.

use std::collections::BTreeMap;

use domain::{
    AccessToken, Account, AccountId, AuthorizationGrant, Consent, Credential, CredentialId, GrantId,
    Pseudonym, SectorId, Service, ServiceId, Session, SessionId, Timestamp,
};

use crate::{Record, RecordKind};

/// A session and when it was ended.
#[derive(Clone, Debug)]
pub(super) struct SessionRow {
    pub(super) session: Session,
    pub(super) ended_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) credentials: BTreeMap<CredentialId, Credential>,
    pub(super) pseudonyms: BTreeMap<(AccountId, SectorId), Pseudonym>,
    pub(super) sessions: BTreeMap<SessionId, SessionRow>,
    pub(super) consents: BTreeMap<(AccountId, ServiceId), Consent>,
    pub(super) services: BTreeMap<ServiceId, Service>,
    pub(super) grants: BTreeMap<GrantId, AuthorizationGrant>,
    /// By the token's hash.
    pub(super) access_tokens: BTreeMap<String, AccessToken>,
    /// By kind and key: when the row may go.
    pub(super) single_use: BTreeMap<(&'static str, String), Timestamp>,
    pub(super) states: BTreeMap<String, String>,
    pub(super) records: BTreeMap<(RecordKind, String), Record>,
}
