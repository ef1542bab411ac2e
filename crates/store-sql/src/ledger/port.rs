//! The port's reads, each one statement, so that each sees one state of the file.

use async_trait::async_trait;
use domain::{
    AccessToken, Account, AccountId, AuthorizationGrant, CertificateDigest, Consent, Credential,
    CredentialId, GrantId, Pseudonym, PseudonymValue, Reference, SectorId, Service, ServiceId, Session,
    SessionId, Timestamp, TokenHash,
};
use rusqlite::params;
use store::{
    AuditRecord, Batch, CommitOutcome, Ledger, LedgerCounts, Record, RecordKind, ServiceProtocol, StoreFault,
};

use super::{SqlLedger, rows, statements as sql};
use crate::columns::Columns;
use crate::statement::{many, one};

#[async_trait]
impl Ledger for SqlLedger {
    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreFault> {
        self.writer.order(batch).await
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreFault> {
        self.readers
            .look_up(|connection| one(connection, sql::ACCOUNT, [id.as_str()], rows::account))
            .await
    }

    async fn credential(&self, id: &CredentialId) -> Result<Option<Credential>, StoreFault> {
        self.readers
            .look_up(|connection| one(connection, sql::CREDENTIAL, [id.as_str()], rows::credential))
            .await
    }

    async fn credential_by_digest(
        &self,
        digest: &CertificateDigest,
    ) -> Result<Option<Credential>, StoreFault> {
        self.readers
            .look_up(|connection| {
                let key = params![digest.value, digest.key_version];
                one(connection, sql::CREDENTIAL_BY_DIGEST, key, rows::credential)
            })
            .await
    }

    async fn credentials_of(&self, account: &AccountId) -> Result<Vec<Credential>, StoreFault> {
        self.readers
            .look_up(|connection| {
                let key = [account.as_str()];
                many(connection, sql::CREDENTIALS_OF, key, rows::credential)
            })
            .await
    }

    async fn pseudonym(
        &self,
        account: &AccountId,
        sector: &SectorId,
    ) -> Result<Option<Pseudonym>, StoreFault> {
        self.readers
            .look_up(|connection| {
                let key = [account.as_str(), sector.as_str()];
                one(connection, sql::PSEUDONYM, key, rows::pseudonym)
            })
            .await
    }

    async fn pseudonyms_of(&self, account: &AccountId) -> Result<Vec<Pseudonym>, StoreFault> {
        self.readers
            .look_up(|connection| {
                let key = [account.as_str()];
                many(connection, sql::PSEUDONYMS_OF, key, rows::pseudonym)
            })
            .await
    }

    async fn pseudonym_by_value(
        &self,
        sector: &SectorId,
        value: &PseudonymValue,
    ) -> Result<Option<Pseudonym>, StoreFault> {
        self.readers
            .look_up(|connection| {
                let key = [sector.as_str(), value.as_str()];
                one(connection, sql::PSEUDONYM_BY_VALUE, key, rows::pseudonym)
            })
            .await
    }

    async fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreFault> {
        self.readers
            .look_up(|connection| one(connection, sql::SESSION, [id.as_str()], rows::session))
            .await
    }

    async fn session_by_secret(&self, secret: &TokenHash) -> Result<Option<Session>, StoreFault> {
        self.readers
            .look_up(|connection| one(connection, sql::SESSION_BY_SECRET, [&secret.0], rows::session))
            .await
    }

    async fn live_sessions_of(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreFault> {
        self.readers
            .look_up(|connection| {
                let key = params![account.as_str(), now.millis()];
                many(connection, sql::LIVE_SESSIONS_OF, key, rows::session)
            })
            .await
    }

    async fn live_sessions(
        &self,
        after: Option<&SessionId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreFault> {
        let after = after.map_or(String::new(), |id| id.as_str().to_owned());
        self.readers
            .list(move |connection| {
                let key = params![after, now.millis(), limit];
                many(connection, sql::LIVE_SESSIONS, key, rows::session)
            })
            .await
    }

    async fn record(&self, kind: RecordKind, key: &str) -> Result<Option<Record>, StoreFault> {
        self.readers
            .look_up(|connection| {
                let place = params![kind.as_str(), key];
                one(connection, sql::RECORD, place, rows::record(kind))
            })
            .await
    }

    async fn records(
        &self,
        kind: RecordKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreFault> {
        let after = after.unwrap_or_default().to_owned();
        self.readers
            .list(move |connection| {
                let place = params![kind.as_str(), after, limit];
                many(connection, sql::RECORDS, place, rows::record(kind))
            })
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
        self.readers
            .list(move |connection| {
                let place = params![kind.as_str(), tag, after, limit];
                many(connection, sql::RECORDS_TAGGED, place, rows::record(kind))
            })
            .await
    }

    async fn consent(&self, account: &AccountId, service: &ServiceId) -> Result<Option<Consent>, StoreFault> {
        self.readers
            .look_up(|connection| {
                let key = [account.as_str(), service.as_str()];
                one(connection, sql::CONSENT, key, rows::consent)
            })
            .await
    }

    async fn service(&self, id: &ServiceId) -> Result<Option<Service>, StoreFault> {
        self.readers
            .look_up(|connection| one(connection, sql::SERVICE, [id.as_str()], rows::service))
            .await
    }

    async fn service_by_identifier(
        &self,
        protocol: ServiceProtocol,
        identifier: &str,
    ) -> Result<Option<Service>, StoreFault> {
        self.readers
            .look_up(|connection| {
                let key = [protocol.as_str(), identifier];
                one(connection, sql::SERVICE_BY_IDENTIFIER, key, rows::service)
            })
            .await
    }

    async fn services(&self) -> Result<Vec<Service>, StoreFault> {
        self.readers
            .list(|connection| many(connection, sql::SERVICES, [], rows::service))
            .await
    }

    async fn grant(&self, id: &GrantId) -> Result<Option<AuthorizationGrant>, StoreFault> {
        self.readers
            .look_up(|connection| one(connection, sql::GRANT, [id.as_str()], rows::grant))
            .await
    }

    async fn grant_by_code(&self, code: &TokenHash) -> Result<Option<AuthorizationGrant>, StoreFault> {
        self.readers
            .look_up(|connection| one(connection, sql::GRANT_BY_CODE, [&code.0], rows::grant))
            .await
    }

    async fn access_token(&self, hash: &TokenHash) -> Result<Option<AccessToken>, StoreFault> {
        self.readers
            .look_up(|connection| one(connection, sql::ACCESS_TOKEN, [&hash.0], rows::access_token))
            .await
    }

    async fn state(&self, key: &str) -> Result<Option<String>, StoreFault> {
        self.readers
            .look_up(|connection| one(connection, sql::STATE, [key], |row| Columns::of(row).text()))
            .await
    }

    async fn audit_from(&self, position: u64, limit: u32) -> Result<Vec<AuditRecord>, StoreFault> {
        // A position beyond what the database can count is beyond the end of the log.
        let place = i64::try_from(position).unwrap_or(i64::MAX);
        self.readers
            .list(move |connection| {
                let key = params![place, limit];
                many(connection, sql::AUDIT_FROM, key, rows::audit_record)
            })
            .await
    }

    async fn audit_by_reference(&self, reference: &Reference) -> Result<Option<AuditRecord>, StoreFault> {
        self.readers
            .look_up(|connection| {
                let key = [reference.as_str()];
                one(connection, sql::AUDIT_BY_REFERENCE, key, rows::audit_record)
            })
            .await
    }

    async fn counts(&self) -> Result<LedgerCounts, StoreFault> {
        let counts = self
            .readers
            .list(|connection| one(connection, sql::COUNTS, [], rows::counts))
            .await?;
        Ok(counts.unwrap_or_default())
    }
}
