//! Who was answered within a session, and by which name.

use domain::{NameIdFormat, ServiceId, Session, SessionId};
use serde::{Deserialize, Serialize};
use store::{Ledger, Record, RecordKind, StoreFault, Write};

use crate::secret;

/// Most services that an ending names.
const MOST_SERVICES: u32 = 1000;
/// Names that one service is remembered to know a person by within one session: a transient one is new at every sign-in.
const MOST_NAMES: usize = 8;

/// A name identifier as it was issued (core-2.0-os section 2.2.3): whoever sends a logout request uses exactly this one. Not printed.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub struct IssuedName {
    /// `Format`
    pub format: NameIdFormat,
    /// The value.
    pub value: String,
}

impl std::fmt::Debug for IssuedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IssuedName({:?})", self.format)
    }
}

/// That a service was answered within a session.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Participant {
    /// Which session: `sid` and `SessionIndex` are derived from it.
    pub session: SessionId,
    /// The session that took its place when the same person used the card again in the same browser.
    #[serde(default)]
    pub within: Option<SessionId>,
    /// Which service.
    pub service: ServiceId,
    /// Names by which it knows the person, the last one last; none with OpenID Connect.
    pub names: Vec<IssuedName>,
}

impl Participant {
    /// The session whose end ends it.
    pub fn lives_in(&self) -> &SessionId {
        self.within.as_ref().unwrap_or(&self.session)
    }

    fn of(record: &Record) -> Option<Self> {
        // Records of before names were kept hold the service alone.
        serde_json::from_str(&record.value).ok().or_else(|| {
            let service: ServiceId = serde_json::from_str(&record.value).ok()?;
            let session = record.key.split(':').next()?.parse().ok()?;
            Some(Self {
                session,
                within: None,
                service,
                names: Vec::new(),
            })
        })
    }
}

/// One session under one index at this service, another at every other service.
pub fn session_index(session: &SessionId, service: &ServiceId) -> String {
    secret::hash_of(&[
        b"session index\0",
        session.as_str().as_bytes(),
        service.as_str().as_bytes(),
    ])
    .0
}

/// That a service is being answered within a session; nothing where it was answered before, by this name.
pub async fn participant(
    ledger: &dyn Ledger,
    session: &Session,
    service: &ServiceId,
    name: Option<IssuedName>,
) -> Result<Option<Write>, StoreFault> {
    let key = format!("{}:{service}", session.id);
    let held = ledger.record(RecordKind::SessionParticipant, &key).await?;
    let mut known = held.as_ref().and_then(Participant::of).unwrap_or(Participant {
        session: session.id.clone(),
        within: None,
        service: service.clone(),
        names: Vec::new(),
    });
    match name {
        Some(name) if !known.names.contains(&name) => known.names.push(name),
        _ if held.is_some() => return Ok(None),
        _ => {}
    }
    let surplus = known.names.len().saturating_sub(MOST_NAMES);
    known.names.drain(..surplus);
    let value = serde_json::to_string(&known).unwrap_or_default();
    let mut record = match held {
        Some(held) => held.changed(value),
        None => Record::new(RecordKind::SessionParticipant, key, value),
    };
    record.tags.clear();
    record = record.tagged(session.id.as_str()).expiring(session.expires_at);
    for name in &known.names {
        record = record.tagged(name_tag(service, &name.value));
    }
    Ok(Some(Write::PutRecord(record)))
}

/// The participants of a session of which the same person's next one takes the place: the services' sessions go on, and are told when
/// the next one ends.
pub async fn inherit(
    ledger: &dyn Ledger,
    former: &SessionId,
    next: &Session,
) -> Result<Vec<Write>, StoreFault> {
    let records = ledger
        .records_tagged(
            RecordKind::SessionParticipant,
            former.as_str(),
            None,
            MOST_SERVICES,
        )
        .await?;
    let moved = records.iter().filter_map(|record| {
        let mut participant = Participant::of(record)?;
        participant.within = Some(next.id.clone());
        let mut record = record.changed(serde_json::to_string(&participant).ok()?);
        record.tags.retain(|tag| tag != former.as_str());
        Some(Write::PutRecord(
            record.tagged(next.id.as_str()).expiring(next.expires_at),
        ))
    });
    Ok(moved.collect())
}

fn name_tag(service: &ServiceId, value: &str) -> String {
    secret::hash_of(&[b"name\0", service.as_str().as_bytes(), b"\0", value.as_bytes()]).0
}

/// Who was answered within a session.
pub async fn participants_of(
    ledger: &dyn Ledger,
    session: &SessionId,
) -> Result<Vec<Participant>, StoreFault> {
    let records = ledger
        .records_tagged(
            RecordKind::SessionParticipant,
            session.as_str(),
            None,
            MOST_SERVICES,
        )
        .await?;
    Ok(records.iter().filter_map(Participant::of).collect())
}

/// In which sessions a service knows somebody by exactly this name. Nothing is found for a name that another service was given.
pub async fn known_as(
    ledger: &dyn Ledger,
    service: &ServiceId,
    value: &str,
) -> Result<Vec<Participant>, StoreFault> {
    let records = ledger
        .records_tagged(
            RecordKind::SessionParticipant,
            &name_tag(service, value),
            None,
            MOST_SERVICES,
        )
        .await?;
    Ok(records
        .iter()
        .filter_map(Participant::of)
        .filter(|known| known.service == *service && known.names.iter().any(|name| name.value == value))
        .collect())
}
