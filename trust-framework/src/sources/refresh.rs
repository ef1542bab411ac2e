//! One refresh: who runs it and which entities it changes.

mod ending;
mod shown_name;

pub use ending::Accepted;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use audit::{Action, Actor, Event, Outcome};
use domain::{
    Clock, Entropy, FetchedMetadata, ProtocolSettings, SamlSettings, SectorId, Service, ServiceId,
    ServiceState, Timestamp,
};
use federation::{Entity, Mark};
use saml::metadata::ServiceProvider;
use serde::{Deserialize, Serialize};
use store::{
    Batch, CommitOutcome, Conflict, Ledger, Precondition, Record, RecordKind, ServiceProtocol, Write,
};

use super::state::Marks;
use super::{Admission, FetchedService, Source, SourceState, hex, unhex};
use crate::RegistryRefusal;
use crate::registrar::check_protocol;
use crate::service_file::{checked_names, checked_settings};

/// Entities of a page while known ones are listed.
const PAGE: u32 = 500;
/// Entities in one batch.
const TOGETHER: usize = 32;
/// How long a refresh may run before another node may begin one.
const LEASE_SECONDS: i64 = 900;
/// How long after a try a node with another configuration waits.
const SETTLED_SECONDS: i64 = 5;

/// What came of a document.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Counts {
    /// Service providers that are services now.
    pub services: u64,
    /// Service providers that are refused.
    pub refused: u64,
    /// Service providers that the source may not register.
    pub passed_over: u64,
    /// Services that were added, changed or withdrawn by this refresh.
    pub changed: u64,
}

/// A refresh that this process runs.
pub struct Refresh {
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    source: Source,
    settings: String,
    settings_changed: bool,
    state: SourceState,
    version: u64,
    marks: Marks,
    marks_version: u64,
    known: HashMap<String, Known>,
    announced: HashSet<String>,
    twice: HashSet<String>,
    /// Announced by the document that they were taken from before.
    kept: HashSet<String>,
    /// Announced by that document more than once.
    kept_twice: HashSet<String>,
    /// The documents' order is not asked about: an operator said so.
    order_forgotten: bool,
    counts: Counts,
    waiting: Vec<Change>,
    /// A change was lost to somebody else's, or waits for the next look.
    again: Option<&'static str>,
}

struct Known {
    version: u64,
    /// None where nothing is used: there may be tens of thousands, so they are kept as octets.
    fingerprint: Option<[u8; 32]>,
    service: Option<ServiceId>,
    refused: bool,
    file: Option<String>,
    /// Its record, where that says that its file named it no more at the last look.
    left: Option<Box<FetchedService>>,
    seen: bool,
}

struct Change {
    writes: Vec<Write>,
    event: Option<Event>,
}

impl Refresh {
    /// Begins one, if it is time and nobody else does.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin(
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        source: Source,
        at_once: bool,
    ) -> Result<Option<Self>, RegistryRefusal> {
        let now = clock.now();
        let (mut state, version) = SourceState::read(&*ledger, &source.name).await?;
        let settings = source.fingerprint();
        let running = state.running_until.is_some_and(|until| now < until);
        // Two nodes whose configurations differ take turns with this much time between them.
        let settled = state
            .tried_at
            .is_none_or(|tried| now.seconds_since(tried) >= SETTLED_SECONDS);
        let other = state.tried_settings != settings && settled;
        let due = !running && (other || state.next_at.is_none_or(|next| next <= now));
        if !(due || at_once) {
            return Ok(None);
        }
        let settings_changed = state.settings != settings;
        state.tried_at = Some(now);
        state.tried_settings.clone_from(&settings);
        state.next_at = Some(now.plus_seconds(LEASE_SECONDS));
        state.running_until = state.next_at;
        let claim = state.record(&source.name, version + 1);
        let claimed = ledger.commit(Batch::new().write(Write::PutRecord(claim))).await?;
        if claimed != CommitOutcome::Committed {
            return Ok(None);
        }
        let (marks, marks_version) = Marks::read(&*ledger, &source.name).await?;
        Ok(Some(Self {
            ledger,
            clock,
            entropy,
            source,
            settings,
            settings_changed,
            state,
            version: version + 1,
            marks,
            marks_version,
            known: HashMap::new(),
            announced: HashSet::new(),
            twice: HashSet::new(),
            kept: HashSet::new(),
            kept_twice: HashSet::new(),
            order_forgotten: false,
            counts: Counts::default(),
            waiting: Vec::new(),
            again: None,
        }))
    }

    /// Whether the configuration says something else of the source than when a document was accepted last.
    pub fn settings_changed(&self) -> bool {
        self.settings_changed
    }

    /// What was accepted before.
    pub fn state(&self) -> &SourceState {
        &self.state
    }

    /// Takes the next documents whether or not they are older than those that were accepted before, because an operator says that their
    /// publisher stands by them. What is accepted now is what the next ones are held against. Audited.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_order(&mut self, operator: &str) -> Result<(), RegistryRefusal> {
        let event = Event::new(
            self.clock.now(),
            Action::MetadataOrderForgotten,
            Outcome::Done,
            Actor::Operator(operator.to_owned()),
        )
        .fact("source", &self.source.name);
        self.ledger.commit(Batch::new().event(event)).await?;
        self.order_forgotten = true;
        Ok(())
    }

    /// What was accepted before, as the next document is held against it.
    pub fn before(&self) -> Mark {
        if self.order_forgotten {
            return Mark::default();
        }
        Mark {
            created: self.state.created,
            valid_until: self.state.valid_until,
        }
    }

    /// What was accepted before of one of several documents.
    pub fn before_of(&self, file: &str) -> Mark {
        if self.order_forgotten {
            return Mark::default();
        }
        self.marks.of(file)
    }

    /// Lists what is known of the source; before the first entity.
    ///
    /// # Errors
    /// The store's.
    pub async fn recall(&mut self) -> Result<(), RegistryRefusal> {
        let mut after: Option<String> = None;
        loop {
            let page = FetchedService::page(&*self.ledger, &self.source.name, after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = Some(last.key.clone());
            for (record, entity) in page {
                let known = Known {
                    version: record.version,
                    refused: entity.refused.is_some(),
                    left: entity.left.then(|| Box::new(entity.clone())),
                    file: entity.file,
                    fingerprint: unhex(&entity.fingerprint),
                    service: entity.service,
                    seen: false,
                };
                self.known.insert(record.key, known);
            }
        }
    }

    /// Says of an entity of one of several documents that it will come; all are to be announced before the first is taken, after
    /// [`Refresh::recall`]. Of two documents that name a new entity neither is believed: that is not a matter of the order of their names.
    /// One that was taken in before comes from the document that it was taken from.
    pub fn announce(&mut self, entity_id: &str, file: &str) {
        let key = FetchedService::key(&self.source.name, entity_id);
        if self
            .known
            .get(&key)
            .is_some_and(|known| known.file.as_deref() == Some(file))
            && !self.kept.insert(key.clone())
        {
            self.kept_twice.insert(key.clone());
        }
        if !self.announced.insert(key.clone()) {
            self.twice.insert(key);
        }
    }

    /// Says of one of several documents that it cannot be read: its entities are its own none the less, and come from no other meanwhile.
    /// After [`Refresh::recall`].
    pub fn announce_unread(&mut self, file: &str) {
        for (key, known) in &mut self.known {
            if known.file.as_deref() != Some(file) {
                continue;
            }
            self.kept.insert(key.clone());
            self.announced.insert(key.clone());
            // Its file is there again, if only half: whoever waits for it to be gone begins anew.
            if let Some(mut entity) = known.left.take() {
                entity.left = false;
                known.version += 1;
                let record = Record {
                    version: known.version,
                    ..Record::new(
                        RecordKind::FetchedEntity,
                        key.clone(),
                        serde_json::to_string(&entity).unwrap_or_default(),
                    )
                    .tagged(&self.source.name)
                };
                self.waiting.push(Change {
                    writes: vec![Write::PutRecord(record)],
                    event: None,
                });
            }
        }
    }

    /// Takes one entity in; with the name of its file where the source has several.
    ///
    /// # Errors
    /// The store's, and [`RegistryRefusal::ChangedMeanwhile`] when another node runs a refresh by now.
    pub async fn take(&mut self, entity: Entity, file: Option<&str>) -> Result<(), RegistryRefusal> {
        if !self.source.may_register(&entity.entity_id) {
            self.counts.passed_over += 1;
            return Ok(());
        }
        let key = FetchedService::key(&self.source.name, &entity.entity_id);
        let fingerprint = xml::sha256(
            &[
                entity.fingerprint.as_slice(),
                self.settings.as_bytes(),
                file.unwrap_or_default().as_bytes(),
            ]
            .concat(),
        );
        let mut service = None;
        let mut holder = None;
        let kept = self.kept.contains(&key);
        let (held_by, left) = self.known.get(&key).map_or((None, false), |known| {
            (known.file.as_deref(), known.left.is_some())
        });
        let is_others = held_by.is_some() && held_by != file;
        if is_others && kept {
            // Somebody else's document: it neither takes the entity over nor stops it.
            self.counts.refused += 1;
            return Ok(());
        }
        // A file that is being put in place again is missing for a moment: its entities are not lost by that.
        let moves = is_others && !left;
        let own = held_by == file;
        let mut again = self.kept_twice.contains(&key) || (self.twice.contains(&key) && !kept);
        if let Some(known) = self.known.get_mut(&key) {
            if known.seen && known.refused {
                return Ok(());
            }
            again |= known.seen;
            known.seen = true;
            service.clone_from(&known.service);
            holder.clone_from(&known.file);
            if known.fingerprint == Some(fingerprint)
                && known.service.is_some()
                && !known.refused
                && !again
                && entity.provider.is_ok()
            {
                self.counts.services += 1;
                return Ok(());
            }
        }
        let outcome = match entity.provider {
            Ok(_) if again => Err("two documents of this source have this entityID".to_owned()),
            // A record of its own name must not lead to a service of another.
            Ok(provider) if provider.settings.entity_id != entity.entity_id => {
                Err("its entityID is read as another one than is written".to_owned())
            }
            // Clients of OpenID Connect have names that are none (core-2.0-os section 8.3.6): nobody takes one of theirs.
            Ok(_) if url::Url::parse(&entity.entity_id).is_err() => {
                Err("its entityID is no absolute URI".to_owned())
            }
            Ok(_) if moves => {
                self.again = Some("an entity moved to another file; it is taken from there at the next look");
                Err("it came in another file until now; the next look takes it from this one".to_owned())
            }
            Ok(provider) => self.judge(service.as_ref(), provider, entity.valid_until).await?,
            Err(reason) => Err(reason.to_string()),
        };
        // What another document says of its end is nothing to it.
        let said = entity.valid_until.filter(|_| own && !again);
        let ended = match (&outcome, &service) {
            (Err(_), Some(id)) => self.ended(id, said).await?,
            _ => None,
        };
        let file = match &outcome {
            Ok(_) => file.map(str::to_owned),
            // Who is refused does not become the one that holds it.
            Err(_) => holder,
        };
        let record = FetchedService {
            entity_id: entity.entity_id,
            service,
            fingerprint: hex(&fingerprint),
            refused: None,
            file,
            left: is_others && outcome.is_err(),
        };
        self.note(key, record, outcome, ended);
        if self.waiting.len() >= TOGETHER {
            self.flush().await?;
        }
        Ok(())
    }

    /// Puts the change of one entity, or its refusal, among those that wait.
    fn note(
        &mut self,
        key: String,
        mut entity: FetchedService,
        outcome: Result<Option<(Write, Event, ServiceId)>, String>,
        ended: Option<(Write, Event)>,
    ) {
        let known = self.known.get(&key);
        let version = known.map_or(1, |known| known.version + 1);
        let mut writes = Vec::new();
        let mut event = None;
        match outcome {
            Ok(changed) => {
                self.counts.services += 1;
                if let Some((write, told, id)) = changed {
                    self.counts.changed += 1;
                    entity.service = Some(id);
                    writes.push(write);
                    event = Some(told);
                }
            }
            Err(reason) => {
                self.counts.refused += 1;
                if let Some((write, told)) = ended {
                    self.counts.changed += 1;
                    writes.push(write);
                    event = Some(told);
                }
                // What was taken in before stays in force until its end: the fingerprint is that of what is used.
                entity.fingerprint = String::new();
                entity.refused = Some(reason.chars().take(300).collect());
            }
        }
        let known = Known {
            version,
            fingerprint: unhex(&entity.fingerprint),
            service: entity.service.clone(),
            refused: entity.refused.is_some(),
            file: entity.file.clone(),
            left: entity.left.then(|| Box::new(entity.clone())),
            seen: true,
        };
        self.known.insert(key.clone(), known);
        let record = Record {
            version,
            ..Record::new(
                RecordKind::FetchedEntity,
                key,
                serde_json::to_string(&entity).unwrap_or_default(),
            )
            .tagged(&self.source.name)
        };
        writes.push(Write::PutRecord(record));
        self.waiting.push(Change { writes, event });
    }

    /// The service as it shall be: none when it is so already. The text is the refusal.
    async fn judge(
        &self,
        service: Option<&ServiceId>,
        provider: ServiceProvider,
        valid_until: Option<Timestamp>,
    ) -> Result<Result<Option<(Write, Event, ServiceId)>, String>, RegistryRefusal> {
        let held = match service {
            Some(id) => self.ledger.service(id).await?,
            None => {
                self.ledger
                    .service_by_identifier(ServiceProtocol::Saml, &provider.settings.entity_id)
                    .await?
            }
        };
        let wanted = match self.wanted(provider, valid_until) {
            Ok(wanted) => wanted,
            Err(RegistryRefusal::Store(fault)) => return Err(fault.into()),
            Err(refusal) => return Ok(Err(refusal.to_string())),
        };
        let Some(held) = held else {
            let event = self.event(Action::ServiceAdded, &wanted);
            let id = wanted.id.clone();
            return Ok(Ok(Some((Write::InsertService(wanted), event, id))));
        };
        if matches!(held.state, ServiceState::Removed { .. }) {
            return Ok(Err("an operator removed it".to_owned()));
        }
        let ours = matches!(&held.protocol, ProtocolSettings::Saml(settings)
            if settings.fetched.as_ref().is_some_and(|fetched| fetched.source == self.source.name));
        if !ours {
            return Ok(Err(
                "its entityID is registered already, by an operator or another source; who holds it keeps it"
                    .to_owned(),
            ));
        }
        let another = service.is_none()
            && self
                .known
                .values()
                .any(|known| known.service.as_ref() == Some(&held.id));
        if another {
            return Ok(Err(
                "another entity of this source is the service of this name".to_owned()
            ));
        }
        let changed = Service {
            id: held.id.clone(),
            sector: held.sector.clone(),
            state: held.state.clone(),
            created_at: held.created_at,
            changed_at: held.changed_at,
            version: held.version,
            ..wanted
        };
        if changed == held {
            return Ok(Ok(None));
        }
        let changed = Service {
            changed_at: self.clock.now(),
            version: held.version + 1,
            ..changed
        };
        let event = self.event(Action::ServiceChanged, &changed);
        let id = changed.id.clone();
        Ok(Ok(Some((Write::UpdateService(changed), event, id))))
    }

    /// A fresh record with what the source grants.
    fn wanted(
        &self,
        provider: ServiceProvider,
        valid_until: Option<Timestamp>,
    ) -> Result<Service, RegistryRefusal> {
        let now = self.clock.now();
        let granted = &self.source.granted;
        let entity_id = provider.settings.entity_id.clone();
        let name = shown_name::of(&provider, &entity_id);
        let settings = checked_settings(provider, granted.sign_response, granted.subject_id, false)?;
        let settings = SamlSettings {
            fetched: Some(FetchedMetadata {
                source: self.source.name.clone(),
                valid_until,
                withdrawn: None,
            }),
            ..settings
        };
        let state = match granted.admit {
            Admission::Active => ServiceState::Active,
            Admission::Suspended => ServiceState::Suspended {
                since: now,
                reason: format!(
                    "new from the metadata source {}; resume it to let it in",
                    self.source.name
                ),
            },
        };
        let service = Service {
            id: ServiceId::generate(&*self.entropy),
            sector: SectorId::generate(&*self.entropy),
            kind: granted.kind,
            released_attributes: checked_names(&name, &granted.released_attributes)?,
            name,
            state,
            required_level: granted.required_level,
            required_certainty: granted.required_certainty,
            required_properties: granted.required_properties,
            stale_tolerance_seconds: granted.stale_tolerance_seconds,
            protocol: ProtocolSettings::Saml(settings),
            created_at: now,
            changed_at: now,
            version: 1,
        };
        check_protocol(&service)?;
        Ok(service)
    }

    /// Commits what waits. An entity that somebody changed at the same time is left for the next refresh.
    async fn flush(&mut self) -> Result<(), RegistryRefusal> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let all = self.batch(waiting.iter());
        match self.ledger.commit(all).await? {
            CommitOutcome::Committed => return Ok(()),
            CommitOutcome::Conflict(conflict) => Self::still_ours(&conflict)?,
        }
        for change in &waiting {
            let alone = self.batch(std::iter::once(change));
            if let CommitOutcome::Conflict(conflict) = self.ledger.commit(alone).await? {
                Self::still_ours(&conflict)?;
                self.again = Some("an entity was changed by somebody else meanwhile; it is tried again");
            }
        }
        Ok(())
    }

    fn batch<'a>(&self, changes: impl Iterator<Item = &'a Change>) -> Batch {
        let claim = Precondition::RecordAt {
            kind: RecordKind::MetadataSource,
            key: self.source.name.clone(),
            version: self.version,
        };
        changes.fold(Batch::new().require(claim), |batch, change| {
            let batch = change.writes.iter().cloned().fold(batch, Batch::write);
            change.event.iter().cloned().fold(batch, Batch::event)
        })
    }

    fn still_ours(conflict: &Conflict) -> Result<(), RegistryRefusal> {
        match conflict {
            Conflict::Precondition(Precondition::RecordAt { .. }) => Err(RegistryRefusal::ChangedMeanwhile),
            _ => Ok(()),
        }
    }

    fn event(&self, action: Action, service: &Service) -> Event {
        let mut event = Event::new(self.clock.now(), action, Outcome::Done, Actor::Platform)
            .fact("source", &self.source.name)
            .fact("identifier", service.protocol.identifier())
            .fact("state", service.state.as_str())
            .fact("version", service.version.to_string());
        event.service = Some(service.id.clone());
        event
    }
}
