//! The end of a refresh: what it leaves behind; and of what an entity had, when it is refused.

use std::collections::{BTreeMap, BTreeSet};

use audit::{Action, Actor, Event, Outcome};
use domain::{ProtocolSettings, ServiceId, ServiceState, Timestamp};
use federation::Mark;
use store::{Batch, CommitOutcome, Record, RecordKind, Write};

use super::{Change, Counts, Refresh, TOGETHER};
use crate::RegistryRefusal;
use crate::sources::SourceState;

/// How soon what was lost to somebody else's change is tried again, at the latest.
const AGAIN_SECONDS: i64 = 60;

impl Refresh {
    /// Ends it: services that were not named are withdrawn, unless what names them could not be read, and the state says what was accepted.
    ///
    /// # Errors
    /// As [`Refresh::take`].
    pub async fn accept(mut self, accepted: Accepted, next_at: Timestamp) -> Result<Counts, RegistryRefusal> {
        self.flush().await?;
        self.withdraw_the_rest(&accepted.unread).await?;
        let now = self.clock.now();
        let (mut accepted, mut next_at) = (accepted, next_at);
        if let Some(why) = self.again {
            // Nothing by which the document would be known: it is read again, and judged against what is there by then.
            (accepted.etag, accepted.last_modified) = (None, None);
            accepted.digest.clear();
            accepted.problem.get_or_insert_with(|| why.to_owned());
            next_at = next_at.min(now.plus_seconds(AGAIN_SECONDS));
        }
        let event = Event::new(now, Action::MetadataAccepted, Outcome::Done, Actor::Platform)
            .fact("source", &self.source.name)
            .fact("services", self.counts.services.to_string())
            .fact("refused", self.counts.refused.to_string())
            .fact("changed", self.counts.changed.to_string());
        let before = &self.state;
        let counted = |counts: Counts| (counts.services, counts.refused, counts.passed_over);
        // A folder with a bad file is read again and again: what is as it was is no event.
        let news = before.accepted_at.is_none()
            || self.counts.changed > 0
            || counted(self.counts) != counted(before.counts)
            || (before.created, before.valid_until) != (accepted.mark.created, accepted.mark.valid_until)
            || before.problem != accepted.problem;
        let event = news.then_some(event);
        self.state = SourceState {
            accepted_at: Some(now),
            tried_at: Some(now),
            next_at: Some(next_at),
            running_until: None,
            created: accepted.mark.created,
            valid_until: accepted.mark.valid_until,
            digest: accepted.digest,
            etag: accepted.etag,
            last_modified: accepted.last_modified,
            settings: self.settings.clone(),
            tried_settings: self.settings.clone(),
            left_out: accepted.problem.clone(),
            problem: accepted.problem,
            counts: self.counts,
        };
        let marks = self.marks.with(&accepted.marks, now);
        let marks = (marks != self.marks).then(|| marks.record(&self.source.name, self.marks_version + 1));
        self.put(event, marks).await?;
        Ok(self.counts)
    }

    /// The service of an entity that is refused now, with the end of what was taken in of it before: what the entity says itself, and
    /// what the document said from which it was taken. Documents that come later do not lengthen it.
    pub(super) async fn ended(
        &self,
        id: &ServiceId,
        valid_until: Option<Timestamp>,
    ) -> Result<Option<(Write, Event)>, RegistryRefusal> {
        let Some(mut held) = self.ledger.service(id).await? else {
            return Ok(None);
        };
        if matches!(held.state, ServiceState::Removed { .. }) {
            return Ok(None);
        }
        let ProtocolSettings::Saml(settings) = &mut held.protocol else {
            return Ok(None);
        };
        let Some(fetched) = &mut settings.fetched else {
            return Ok(None);
        };
        let end = [fetched.valid_until, valid_until, self.state.valid_until]
            .into_iter()
            .flatten()
            .min();
        if fetched.source != self.source.name || end == fetched.valid_until {
            return Ok(None);
        }
        fetched.valid_until = end;
        held.changed_at = self.clock.now();
        held.version += 1;
        let event = self.event(Action::ServiceChanged, &held).fact(
            "ends",
            end.and_then(|end| end.to_rfc3339().ok()).unwrap_or_default(),
        );
        Ok(Some((Write::UpdateService(held), event)))
    }

    async fn withdraw_the_rest(&mut self, unread: &BTreeSet<String>) -> Result<(), RegistryRefusal> {
        let now = self.clock.now();
        let missing: Vec<(String, Option<ServiceId>)> = self
            .known
            .iter()
            .filter(|(_, known)| !known.seen)
            .filter(|(_, known)| match &known.file {
                Some(file) => !unread.contains(file),
                // Of an earlier release, or of a source that had one document then.
                None => unread.is_empty(),
            })
            .map(|(key, known)| (key.clone(), known.service.clone()))
            .collect();
        for (key, service) in missing {
            let mut writes = vec![Write::RemoveRecord {
                kind: RecordKind::FetchedEntity,
                key,
            }];
            let mut event = None;
            let held = match service {
                Some(id) => self.ledger.service(&id).await?,
                None => None,
            };
            if let Some(mut held) = held
                && !matches!(held.state, ServiceState::Removed { .. })
                && let ProtocolSettings::Saml(settings) = &mut held.protocol
                && let Some(fetched) = &mut settings.fetched
                && fetched.withdrawn.is_none()
            {
                fetched.withdrawn = Some(now);
                held.version += 1;
                held.changed_at = now;
                self.counts.changed += 1;
                event = Some(
                    self.event(Action::ServiceChanged, &held)
                        .fact("withdrawn", "true"),
                );
                writes.push(Write::UpdateService(held));
            }
            self.waiting.push(Change { writes, event });
            if self.waiting.len() >= TOGETHER {
                self.flush().await?;
            }
        }
        self.flush().await
    }

    /// Ends it: the publisher said that the accepted document is still the one, or it turned out to be the same.
    ///
    /// # Errors
    /// The store's.
    pub async fn same(mut self, next_at: Timestamp) -> Result<(), RegistryRefusal> {
        // What could not be read is not there because nothing changed, and its age goes on.
        if self.state.left_out.is_none() {
            self.state.accepted_at = Some(self.clock.now());
        }
        self.state.next_at = Some(next_at);
        self.state.problem.clone_from(&self.state.left_out);
        self.put(None, None).await
    }

    /// Ends it: nothing was accepted, and what was accepted before stays in force as long as it says itself.
    ///
    /// # Errors
    /// The store's.
    pub async fn refuse(mut self, problem: String, next_at: Timestamp) -> Result<(), RegistryRefusal> {
        let event = Event::new(
            self.clock.now(),
            Action::MetadataRefused,
            Outcome::Done,
            Actor::Platform,
        )
        .fact("source", &self.source.name)
        .fact("why", &problem);
        // Once for each problem, not at each try.
        let event = (self.state.problem.as_ref() != Some(&problem)).then_some(event);
        self.state.problem = Some(problem);
        self.state.next_at = Some(next_at);
        self.put(event, None).await
    }

    async fn put(&mut self, event: Option<Event>, marks: Option<Record>) -> Result<(), RegistryRefusal> {
        self.version += 1;
        self.state.running_until = None;
        let record = self.state.record(&self.source.name, self.version);
        let batch = event
            .into_iter()
            .fold(Batch::new().write(Write::PutRecord(record)), Batch::event);
        let batch = marks.into_iter().map(Write::PutRecord).fold(batch, Batch::write);
        match self.ledger.commit(batch).await? {
            CommitOutcome::Committed => Ok(()),
            CommitOutcome::Conflict(_) => Err(RegistryRefusal::ChangedMeanwhile),
        }
    }
}

/// What was accepted.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    /// When it was made, until when it holds.
    pub mark: Mark,
    /// The same of each of several documents, by the names of their files.
    pub marks: BTreeMap<String, Mark>,
    /// Tells it from others.
    pub digest: String,
    /// `ETag` it was fetched with.
    pub etag: Option<String>,
    /// `Last-Modified` it was fetched with.
    pub last_modified: Option<String>,
    /// Files that could not be read: silence means withdrawal of the entities of all others.
    pub unread: BTreeSet<String>,
    /// What could not be read of it.
    pub problem: Option<String>,
}
