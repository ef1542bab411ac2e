//! The durable port.

use async_trait::async_trait;
use audit::Event;
use domain::{
    AccessToken, Account, AccountId, AuthorizationGrant, CertificateDigest, Consent, Credential,
    CredentialId, GrantId, Pseudonym, PseudonymValue, Reference, SectorId, Service, ServiceId, Session,
    SessionId, Timestamp, TokenHash,
};
use serde::{Deserialize, Serialize};

use crate::{Batch, CommitOutcome, Record, RecordKind, StoreFault};

/// Protocol half of a service's public name.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ServiceProtocol {
    /// `client_id`.
    Oidc,
    /// `entityID`.
    Saml,
}

impl ServiceProtocol {
    /// The spelling in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Saml => "saml",
        }
    }
}

/// One entry of the audit log with its place in the chain.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AuditRecord {
    /// Place, from 1, without gaps.
    pub position: u64,
    /// The event.
    pub event: Event,
    /// The event's exact bytes as chained (JSON text).
    pub text: String,
    /// Hex SHA-256 over the previous record's hash and `text` (see `audit::chain`).
    pub hash: String,
}

/// How many rows there are of what may grow; for tests, metrics and the operator.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LedgerCounts {
    /// Accounts.
    pub accounts: u64,
    /// Credentials.
    pub credentials: u64,
    /// Sessions, live or not yet purged.
    pub sessions: u64,
    /// Grants, live or not yet purged.
    pub grants: u64,
    /// Access tokens, live or not yet purged.
    pub access_tokens: u64,
    /// Single-use keys not yet purged.
    pub single_use: u64,
    /// Records of all registers.
    pub records: u64,
    /// Audit records.
    pub audit: u64,
}

/// What must never be lost. Every read sees every batch whose commit returned before the read began.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Commits a batch durably, or nothing of it.
    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreFault>;

    /// An account by id.
    async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreFault>;
    /// A credential by id.
    async fn credential(&self, id: &CredentialId) -> Result<Option<Credential>, StoreFault>;
    /// A credential by its certificate's digest.
    async fn credential_by_digest(
        &self,
        digest: &CertificateDigest,
    ) -> Result<Option<Credential>, StoreFault>;
    /// Every credential of an account, oldest first.
    async fn credentials_of(&self, account: &AccountId) -> Result<Vec<Credential>, StoreFault>;
    /// The pseudonym of an account in a sector.
    async fn pseudonym(
        &self,
        account: &AccountId,
        sector: &SectorId,
    ) -> Result<Option<Pseudonym>, StoreFault>;
    /// Every pseudonym of an account, in the order of the sectors' ids.
    async fn pseudonyms_of(&self, account: &AccountId) -> Result<Vec<Pseudonym>, StoreFault>;
    /// Whose a pseudonym is.
    async fn pseudonym_by_value(
        &self,
        sector: &SectorId,
        value: &PseudonymValue,
    ) -> Result<Option<Pseudonym>, StoreFault>;
    /// A session by its public id.
    async fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreFault>;
    /// A session by its secret's hash.
    async fn session_by_secret(&self, secret: &TokenHash) -> Result<Option<Session>, StoreFault>;
    /// Sessions of an account that are live at `now`, newest first.
    async fn live_sessions_of(&self, account: &AccountId, now: Timestamp)
    -> Result<Vec<Session>, StoreFault>;
    /// Sessions that are live at `now`, in the order of their ids, from behind `after` on, at most `limit`: so that all can
    /// be walked in pages.
    async fn live_sessions(
        &self,
        after: Option<&SessionId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreFault>;
    /// A record by its register and key.
    async fn record(&self, kind: RecordKind, key: &str) -> Result<Option<Record>, StoreFault>;
    /// Records of a register in the order of their keys, from behind `after` on, at most `limit`.
    async fn records(
        &self,
        kind: RecordKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreFault>;
    /// Records of a register that carry a tag, in the order of their keys, from behind `after` on, at most `limit`.
    async fn records_tagged(
        &self,
        kind: RecordKind,
        tag: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreFault>;
    /// The consent of (account, service).
    async fn consent(&self, account: &AccountId, service: &ServiceId) -> Result<Option<Consent>, StoreFault>;
    /// A service by id, whatever its state.
    async fn service(&self, id: &ServiceId) -> Result<Option<Service>, StoreFault>;
    /// A service by its public name, unless removed.
    async fn service_by_identifier(
        &self,
        protocol: ServiceProtocol,
        identifier: &str,
    ) -> Result<Option<Service>, StoreFault>;
    /// Every service, removed ones too, oldest first.
    async fn services(&self) -> Result<Vec<Service>, StoreFault>;
    /// A grant by id.
    async fn grant(&self, id: &GrantId) -> Result<Option<AuthorizationGrant>, StoreFault>;
    /// A grant by its code's hash, redeemed or not.
    async fn grant_by_code(&self, code: &TokenHash) -> Result<Option<AuthorizationGrant>, StoreFault>;
    /// An access token by its hash.
    async fn access_token(&self, hash: &TokenHash) -> Result<Option<AccessToken>, StoreFault>;
    /// A durable value of the platform itself.
    async fn state(&self, key: &str) -> Result<Option<String>, StoreFault>;
    /// Audit records from a position on, at most `limit`.
    async fn audit_from(&self, position: u64, limit: u32) -> Result<Vec<AuditRecord>, StoreFault>;
    /// The audit record that carries a reference.
    async fn audit_by_reference(&self, reference: &Reference) -> Result<Option<AuditRecord>, StoreFault>;
    /// Row counts.
    async fn counts(&self) -> Result<LedgerCounts, StoreFault>;
}
