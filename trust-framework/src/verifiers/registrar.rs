//! The acts on the register of verifiers.

use std::sync::Arc;

use audit::{Action, Actor, Event, Outcome};
use domain::{Clock, Timestamp};
use store::{Batch, CommitOutcome, Ledger, Record, RecordKind, Write};

use super::file::VerifierFile;
use super::record::{Verifier, VerifierState};
use crate::RegistryRefusal;

const PAGE: u32 = 200;

/// Changes the register in somebody's name.
pub struct VerifierRegistrar {
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    operator: String,
}

impl VerifierRegistrar {
    /// Acts as `operator`, whose name the audit keeps.
    pub fn new(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>, operator: impl Into<String>) -> Self {
        Self {
            ledger,
            clock,
            operator: operator.into(),
        }
    }

    /// Registers a verifier. An identifier is never used again, not even after removal: consents name it.
    ///
    /// # Errors
    /// A setting that cannot work, or a registration under this name.
    pub async fn add(&self, file: &VerifierFile) -> Result<Verifier, RegistryRefusal> {
        let now = self.clock.now();
        let verifier = file.verifier(now)?;
        let record = Record::new(RecordKind::Verifier, verifier.id.clone(), text(&verifier)?);
        self.write(record, &verifier, Action::VerifierAdded, now)
            .await
            .map_err(|refusal| match refusal {
                RegistryRefusal::ChangedMeanwhile => RegistryRefusal::AlreadyRegistered(verifier.id.clone()),
                other => other,
            })?;
        Ok(verifier)
    }

    /// Takes over a changed file: everything but the identifier, the state and when it was registered.
    ///
    /// # Errors
    /// A setting that cannot work, or no such verifier.
    pub async fn change(&self, file: &VerifierFile) -> Result<Verifier, RegistryRefusal> {
        let now = self.clock.now();
        let fresh = file.verifier(now)?;
        self.update(&file.id, Action::VerifierChanged, |held, _| {
            Ok(Verifier {
                state: held.state,
                created_at: held.created_at,
                ..fresh.clone()
            })
        })
        .await
    }

    /// A verifier by its identifier.
    ///
    /// # Errors
    /// No such verifier.
    pub async fn find(&self, id: &str) -> Result<Verifier, RegistryRefusal> {
        let (_, verifier) = self.held(id).await?;
        Ok(verifier)
    }

    /// Every verifier, removed ones too.
    ///
    /// # Errors
    /// The store.
    pub async fn list(&self) -> Result<Vec<Verifier>, RegistryRefusal> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self
                .ledger
                .records(RecordKind::Verifier, after.as_deref(), PAGE)
                .await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = Some(last.key.clone());
            for record in &page {
                all.push(read(record)?);
            }
        }
    }

    /// `active → suspended`.
    ///
    /// # Errors
    /// No such verifier, or not active.
    pub async fn suspend(&self, id: &str, reason: &str) -> Result<Verifier, RegistryRefusal> {
        let reason = reason.to_owned();
        self.update(id, Action::VerifierSuspended, move |held, now| match held.state {
            VerifierState::Active => Ok(Verifier {
                state: VerifierState::Suspended {
                    since: now,
                    reason: reason.clone(),
                },
                ..held
            }),
            _ => Err(state("is not active")),
        })
        .await
    }

    /// `suspended → active`.
    ///
    /// # Errors
    /// No such verifier, or not suspended.
    pub async fn resume(&self, id: &str) -> Result<Verifier, RegistryRefusal> {
        self.update(id, Action::VerifierResumed, |held, _| match held.state {
            VerifierState::Suspended { .. } => Ok(Verifier {
                state: VerifierState::Active,
                ..held
            }),
            _ => Err(state("is not suspended")),
        })
        .await
    }

    /// `→ removed`, for good.
    ///
    /// # Errors
    /// No such verifier, or removed before.
    pub async fn remove(&self, id: &str) -> Result<Verifier, RegistryRefusal> {
        self.update(id, Action::VerifierRemoved, |held, now| match held.state {
            VerifierState::Removed { .. } => Err(state("is removed already")),
            _ => Ok(Verifier {
                state: VerifierState::Removed { since: now },
                ..held
            }),
        })
        .await
    }

    async fn held(&self, id: &str) -> Result<(Record, Verifier), RegistryRefusal> {
        let record = self
            .ledger
            .record(RecordKind::Verifier, id)
            .await?
            .ok_or_else(|| RegistryRefusal::UnknownVerifier(id.to_owned()))?;
        let verifier = read(&record)?;
        Ok((record, verifier))
    }

    async fn update(
        &self,
        id: &str,
        action: Action,
        change: impl Fn(Verifier, Timestamp) -> Result<Verifier, RegistryRefusal>,
    ) -> Result<Verifier, RegistryRefusal> {
        let now = self.clock.now();
        let (record, held) = self.held(id).await?;
        let mut verifier = change(held, now)?;
        verifier.changed_at = now;
        self.write(record.changed(text(&verifier)?), &verifier, action, now)
            .await?;
        Ok(verifier)
    }

    async fn write(
        &self,
        record: Record,
        verifier: &Verifier,
        action: Action,
        now: Timestamp,
    ) -> Result<(), RegistryRefusal> {
        let event = Event::new(now, action, Outcome::Done, Actor::Operator(self.operator.clone()))
            .fact("verifier", verifier.id.clone())
            .fact("version", record.version.to_string());
        let batch = Batch::new().write(Write::PutRecord(record)).event(event);
        match self.ledger.commit(batch).await? {
            CommitOutcome::Committed => Ok(()),
            CommitOutcome::Conflict(_) => Err(RegistryRefusal::ChangedMeanwhile),
        }
    }
}

fn state(why: &str) -> RegistryRefusal {
    RegistryRefusal::Setting {
        key: "state",
        why: why.to_owned(),
    }
}

fn text(verifier: &Verifier) -> Result<String, RegistryRefusal> {
    serde_json::to_string(verifier).map_err(|why| RegistryRefusal::Malformed(why.to_string()))
}

fn read(record: &Record) -> Result<Verifier, RegistryRefusal> {
    Verifier::of(record).map_err(|why| RegistryRefusal::Malformed(why.to_string()))
}
