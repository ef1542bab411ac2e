//! The port's reads, each one statement, so that each sees one state of the file.

use async_trait::async_trait;
use domain::{
    AccessToken, Account, AccountId, AuthorizationGrant, CertificateDigest, Consent, Credential,
    CredentialId, GrantId, Pseudonym, PseudonymValue, Reference, SectorId, Service, ServiceId, Session,
    SessionId, Timestamp, TokenHash,
};
use store::{
    AuditRecord, Batch, CommitOutcome, Ledger, LedgerCounts, Record, RecordKind, ServiceProtocol, StoreFault,
};

use super::source::Source;
use super::{Books, rows, statements as sql};
use crate::columns::{Columns, values};

#[async_trait]
impl<S: Source> Ledger for Books<S> {
    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreFault> {
        self.source.commit(batch).await
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreFault> {
        self.source
            .one(sql::ACCOUNT, values![id.as_str()], rows::account)
            .await
    }

    async fn credential(&self, id: &CredentialId) -> Result<Option<Credential>, StoreFault> {
        self.source
            .one(sql::CREDENTIAL, values![id.as_str()], rows::credential)
            .await
    }

    async fn credential_by_digest(
        &self,
        digest: &CertificateDigest,
    ) -> Result<Option<Credential>, StoreFault> {
        self.source
            .one(
                sql::CREDENTIAL_BY_DIGEST,
                values![&digest.value, digest.key_version],
                rows::credential,
            )
            .await
    }

    async fn credentials_of(&self, account: &AccountId) -> Result<Vec<Credential>, StoreFault> {
        self.source
            .few(sql::CREDENTIALS_OF, values![account.as_str()], rows::credential)
            .await
    }

    async fn pseudonym(
        &self,
        account: &AccountId,
        sector: &SectorId,
    ) -> Result<Option<Pseudonym>, StoreFault> {
        self.source
            .one(
                sql::PSEUDONYM,
                values![account.as_str(), sector.as_str()],
                rows::pseudonym,
            )
            .await
    }

    async fn pseudonyms_of(&self, account: &AccountId) -> Result<Vec<Pseudonym>, StoreFault> {
        self.source
            .few(sql::PSEUDONYMS_OF, values![account.as_str()], rows::pseudonym)
            .await
    }

    async fn pseudonym_by_value(
        &self,
        sector: &SectorId,
        value: &PseudonymValue,
    ) -> Result<Option<Pseudonym>, StoreFault> {
        self.source
            .one(
                sql::PSEUDONYM_BY_VALUE,
                values![sector.as_str(), value.as_str()],
                rows::pseudonym,
            )
            .await
    }

    async fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreFault> {
        self.source
            .one(sql::SESSION, values![id.as_str()], rows::session)
            .await
    }

    async fn session_by_secret(&self, secret: &TokenHash) -> Result<Option<Session>, StoreFault> {
        self.source
            .one(sql::SESSION_BY_SECRET, values![&secret.0], rows::session)
            .await
    }

    async fn live_sessions_of(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreFault> {
        self.source
            .few(
                sql::LIVE_SESSIONS_OF,
                values![account.as_str(), now],
                rows::session,
            )
            .await
    }

    async fn live_sessions(
        &self,
        after: Option<&SessionId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreFault> {
        let after = after.map_or(String::new(), |id| id.as_str().to_owned());
        self.source
            .many(sql::LIVE_SESSIONS, values![after, now, limit], rows::session)
            .await
    }

    async fn record(&self, kind: RecordKind, key: &str) -> Result<Option<Record>, StoreFault> {
        self.source
            .one(sql::RECORD, values![kind.as_str(), key], rows::record(kind))
            .await
    }

    async fn records(
        &self,
        kind: RecordKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreFault> {
        let after = after.unwrap_or_default().to_owned();
        self.source
            .many(
                sql::RECORDS,
                values![kind.as_str(), after, limit],
                rows::record(kind),
            )
            .await
    }

    async fn records_tagged(
        &self,
        kind: RecordKind,
        tag: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreFault> {
        let (tag, after) = (tag.to_owned(), after.unwrap_or_default().to_owned());
        self.source
            .many(
                sql::RECORDS_TAGGED,
                values![kind.as_str(), tag, after, limit],
                rows::record(kind),
            )
            .await
    }

    async fn consent(&self, account: &AccountId, service: &ServiceId) -> Result<Option<Consent>, StoreFault> {
        self.source
            .one(
                sql::CONSENT,
                values![account.as_str(), service.as_str()],
                rows::consent,
            )
            .await
    }

    async fn service(&self, id: &ServiceId) -> Result<Option<Service>, StoreFault> {
        self.source
            .one(sql::SERVICE, values![id.as_str()], rows::service)
            .await
    }

    async fn service_by_identifier(
        &self,
        protocol: ServiceProtocol,
        identifier: &str,
    ) -> Result<Option<Service>, StoreFault> {
        self.source
            .one(
                sql::SERVICE_BY_IDENTIFIER,
                values![protocol.as_str(), identifier],
                rows::service,
            )
            .await
    }

    async fn services(&self) -> Result<Vec<Service>, StoreFault> {
        self.source.many(sql::SERVICES, values![], rows::service).await
    }

    async fn grant(&self, id: &GrantId) -> Result<Option<AuthorizationGrant>, StoreFault> {
        self.source
            .one(sql::GRANT, values![id.as_str()], rows::grant)
            .await
    }

    async fn grant_by_code(&self, code: &TokenHash) -> Result<Option<AuthorizationGrant>, StoreFault> {
        self.source
            .one(sql::GRANT_BY_CODE, values![&code.0], rows::grant)
            .await
    }

    async fn access_token(&self, hash: &TokenHash) -> Result<Option<AccessToken>, StoreFault> {
        self.source
            .one(sql::ACCESS_TOKEN, values![&hash.0], rows::access_token)
            .await
    }

    async fn state(&self, key: &str) -> Result<Option<String>, StoreFault> {
        self.source
            .one(sql::STATE, values![key], |row| Columns::of(row).text())
            .await
    }

    async fn audit_from(&self, position: u64, limit: u32) -> Result<Vec<AuditRecord>, StoreFault> {
        // A position beyond what the database can count is beyond the end of the log.
        let place = i64::try_from(position).unwrap_or(i64::MAX);
        self.source
            .many(sql::AUDIT_FROM, values![place, limit], rows::audit_record)
            .await
    }

    async fn audit_by_reference(&self, reference: &Reference) -> Result<Option<AuditRecord>, StoreFault> {
        self.source
            .one(
                sql::AUDIT_BY_REFERENCE,
                values![reference.as_str()],
                rows::audit_record,
            )
            .await
    }

    async fn counts(&self) -> Result<LedgerCounts, StoreFault> {
        let counts = self.source.many(sql::COUNTS, values![], rows::counts).await?;
        Ok(counts.into_iter().next().unwrap_or_default())
    }
}
