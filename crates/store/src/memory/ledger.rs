//! The durable port, not durable.

use std::sync::Mutex;

use async_trait::async_trait;
use audit::chain::Head;
use domain::{
    AccessToken, Account, AccountId, AuthorizationGrant, CertificateDigest, Consent, Credential,
    CredentialId, GrantId, Pseudonym, PseudonymValue, Reference, SectorId, Service, ServiceId, ServiceState,
    Session, SessionId, Timestamp, TokenHash,
};

use super::hold;
use super::rows::Rows;
use crate::{
    AuditRecord, Batch, CommitOutcome, Conflict, Ledger, LedgerCounts, Record, RecordKind, ServiceProtocol,
    StoreFault,
};

#[derive(Debug)]
struct Contents {
    rows: Rows,
    log: Vec<AuditRecord>,
    head: Head,
    fault: Option<StoreFault>,
}

/// A Ledger in memory.
#[derive(Debug)]
pub struct MemoryLedger {
    contents: Mutex<Contents>,
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryLedger {
    /// An empty Ledger.
    pub fn new() -> Self {
        Self {
            contents: Mutex::new(Contents {
                rows: Rows::default(),
                log: Vec::new(),
                head: Head::GENESIS,
                fault: None,
            }),
        }
    }

    /// From now on every read and commit answers with this fault and does nothing; `None` ends it.
    pub fn break_with(&self, fault: Option<StoreFault>) {
        hold(&self.contents).fault = fault;
    }

    fn read<T>(&self, read: impl FnOnce(&Rows) -> T) -> Result<T, StoreFault> {
        let contents = hold(&self.contents);
        match &contents.fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(read(&contents.rows)),
        }
    }

    fn read_log<T>(&self, read: impl FnOnce(&[AuditRecord]) -> T) -> Result<T, StoreFault> {
        let contents = hold(&self.contents);
        match &contents.fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(read(&contents.log)),
        }
    }
}

impl Contents {
    fn commit(&mut self, batch: Batch) -> Result<CommitOutcome, StoreFault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        match self.changed(batch)? {
            Ok((rows, records, head)) => {
                self.rows = rows;
                self.log.extend(records);
                self.head = head;
                Ok(CommitOutcome::Committed)
            }
            Err(conflict) => Ok(CommitOutcome::Conflict(conflict)),
        }
    }

    /// What the Ledger would be after the batch; nothing is changed yet.
    #[expect(clippy::type_complexity, reason = "used once, and a name would say no more")]
    fn changed(&self, batch: Batch) -> Result<Result<(Rows, Vec<AuditRecord>, Head), Conflict>, StoreFault> {
        for precondition in &batch.preconditions {
            if let Err(conflict) = self.rows.check(precondition) {
                return Ok(Err(conflict));
            }
        }
        let mut rows = self.rows.clone();
        for write in batch.writes {
            if let Err(conflict) = rows.apply(write) {
                return Ok(Err(conflict));
            }
        }
        let mut head = self.head;
        let mut records: Vec<AuditRecord> = Vec::new();
        for event in batch.events {
            let mut known = self.log.iter().chain(&records);
            let reference = event.reference.as_ref();
            if reference.is_some() && known.any(|record| record.event.reference.as_ref() == reference) {
                return Ok(Err(Conflict::Duplicate("reference")));
            }
            let text =
                serde_json::to_string(&event).map_err(|error| StoreFault::Corrupt(error.to_string()))?;
            head = head.append(&text);
            records.push(AuditRecord {
                position: head.position,
                event,
                text,
                hash: head.hash.to_string(),
            });
        }
        Ok(Ok((rows, records, head)))
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn page(
    rows: &Rows,
    kind: RecordKind,
    after: Option<&str>,
    limit: u32,
    wanted: impl Fn(&Record) -> bool,
) -> Vec<Record> {
    rows.records
        .values()
        .filter(|row| row.kind == kind && after.is_none_or(|after| row.key.as_str() > after) && wanted(row))
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .cloned()
        .collect()
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreFault> {
        hold(&self.contents).commit(batch)
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreFault> {
        self.read(|rows| rows.accounts.get(id).cloned())
    }

    async fn credential(&self, id: &CredentialId) -> Result<Option<Credential>, StoreFault> {
        self.read(|rows| rows.credentials.get(id).cloned())
    }

    async fn credential_by_digest(
        &self,
        digest: &CertificateDigest,
    ) -> Result<Option<Credential>, StoreFault> {
        self.read(|rows| {
            rows.credentials
                .values()
                .find(|row| row.digest == *digest)
                .cloned()
        })
    }

    async fn credentials_of(&self, account: &AccountId) -> Result<Vec<Credential>, StoreFault> {
        self.read(|rows| {
            let mut found: Vec<Credential> = rows
                .credentials
                .values()
                .filter(|row| row.account == *account)
                .cloned()
                .collect();
            found.sort_by_key(|row| row.created_at);
            found
        })
    }

    async fn pseudonym(
        &self,
        account: &AccountId,
        sector: &SectorId,
    ) -> Result<Option<Pseudonym>, StoreFault> {
        self.read(|rows| rows.pseudonyms.get(&(account.clone(), sector.clone())).cloned())
    }

    async fn pseudonyms_of(&self, account: &AccountId) -> Result<Vec<Pseudonym>, StoreFault> {
        self.read(|rows| {
            rows.pseudonyms
                .values()
                .filter(|row| row.account == *account)
                .cloned()
                .collect()
        })
    }

    async fn pseudonym_by_value(
        &self,
        sector: &SectorId,
        value: &PseudonymValue,
    ) -> Result<Option<Pseudonym>, StoreFault> {
        self.read(|rows| {
            rows.pseudonyms
                .values()
                .find(|row| row.sector == *sector && row.value == *value)
                .cloned()
        })
    }

    async fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreFault> {
        self.read(|rows| rows.sessions.get(id).map(|row| row.session.clone()))
    }

    async fn session_by_secret(&self, secret: &TokenHash) -> Result<Option<Session>, StoreFault> {
        self.read(|rows| {
            rows.sessions
                .values()
                .find(|row| row.session.secret == *secret)
                .map(|row| row.session.clone())
        })
    }

    async fn live_sessions_of(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreFault> {
        self.read(|rows| {
            let mut found: Vec<Session> = rows
                .sessions
                .values()
                .map(|row| &row.session)
                .filter(|session| session.account == *account && session.is_live(now))
                .cloned()
                .collect();
            found.sort_by_key(|session| std::cmp::Reverse(session.authenticated_at));
            found
        })
    }

    async fn live_sessions(
        &self,
        after: Option<&SessionId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreFault> {
        self.read(|rows| {
            rows.sessions
                .values()
                .map(|row| &row.session)
                .filter(|session| after.is_none_or(|after| session.id > *after) && session.is_live(now))
                .take(usize::try_from(limit).unwrap_or(usize::MAX))
                .cloned()
                .collect()
        })
    }

    async fn record(&self, kind: RecordKind, key: &str) -> Result<Option<Record>, StoreFault> {
        self.read(|rows| rows.records.get(&(kind, key.to_owned())).cloned())
    }

    async fn records(
        &self,
        kind: RecordKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreFault> {
        self.read(|rows| page(rows, kind, after, limit, |_| true))
    }

    async fn records_tagged(
        &self,
        kind: RecordKind,
        tag: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreFault> {
        self.read(|rows| {
            page(rows, kind, after, limit, |row| {
                row.tags.iter().any(|own| own == tag)
            })
        })
    }

    async fn consent(&self, account: &AccountId, service: &ServiceId) -> Result<Option<Consent>, StoreFault> {
        self.read(|rows| rows.consents.get(&(account.clone(), service.clone())).cloned())
    }

    async fn service(&self, id: &ServiceId) -> Result<Option<Service>, StoreFault> {
        self.read(|rows| rows.services.get(id).cloned())
    }

    async fn service_by_identifier(
        &self,
        protocol: ServiceProtocol,
        identifier: &str,
    ) -> Result<Option<Service>, StoreFault> {
        self.read(|rows| {
            rows.services
                .values()
                .find(|row| {
                    !matches!(row.state, ServiceState::Removed { .. })
                        && row.protocol.as_str() == protocol.as_str()
                        && row.protocol.identifier() == identifier
                })
                .cloned()
        })
    }

    async fn services(&self) -> Result<Vec<Service>, StoreFault> {
        self.read(|rows| {
            let mut found: Vec<Service> = rows.services.values().cloned().collect();
            found.sort_by_key(|row| row.created_at);
            found
        })
    }

    async fn grant(&self, id: &GrantId) -> Result<Option<AuthorizationGrant>, StoreFault> {
        self.read(|rows| rows.grants.get(id).cloned())
    }

    async fn grant_by_code(&self, code: &TokenHash) -> Result<Option<AuthorizationGrant>, StoreFault> {
        self.read(|rows| rows.grants.values().find(|row| row.code == *code).cloned())
    }

    async fn access_token(&self, hash: &TokenHash) -> Result<Option<AccessToken>, StoreFault> {
        self.read(|rows| rows.access_tokens.get(&hash.0).cloned())
    }

    async fn state(&self, key: &str) -> Result<Option<String>, StoreFault> {
        self.read(|rows| rows.states.get(key).cloned())
    }

    async fn audit_from(&self, position: u64, limit: u32) -> Result<Vec<AuditRecord>, StoreFault> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.read_log(|log| {
            log.iter()
                .filter(|record| record.position >= position)
                .take(limit)
                .cloned()
                .collect()
        })
    }

    async fn audit_by_reference(&self, reference: &Reference) -> Result<Option<AuditRecord>, StoreFault> {
        self.read_log(|log| {
            log.iter()
                .find(|record| record.event.reference.as_ref() == Some(reference))
                .cloned()
        })
    }

    async fn counts(&self) -> Result<LedgerCounts, StoreFault> {
        let audit = self.read_log(|log| count(log.len()))?;
        self.read(|rows| LedgerCounts {
            accounts: count(rows.accounts.len()),
            credentials: count(rows.credentials.len()),
            sessions: count(rows.sessions.len()),
            grants: count(rows.grants.len()),
            access_tokens: count(rows.access_tokens.len()),
            single_use: count(rows.single_use.len()),
            records: count(rows.records.len()),
            audit,
        })
    }
}
