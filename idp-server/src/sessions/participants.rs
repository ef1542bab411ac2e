//! Who was answered within a session, and by which name.

use domain::{NameIdFormat, ServiceId, Session, SessionId};
use serde::{Deserialize, Serialize};
use store::{Ledger, Record, RecordKind, StoreFault, Write};

use crate::secret;

/// Most services that an ending names.
const MOST_SERVICES: u32 = 1000;
/// Transient names that one service is given within one session. A transient one is new at every sign-in, and each can come back in a
/// logout request: so none is forgotten, and behind so many the last one is said again. (`SessionIndex` is the same in all of them, so the
/// service learns nothing by it.)
const MOST_NAMES: usize = 4;

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

/// The transient name that a service is given again, where it was given as many within this session as are remembered.
pub async fn name_again(
    ledger: &dyn Ledger,
    session: &SessionId,
    service: &ServiceId,
) -> Result<Option<String>, StoreFault> {
    let key = format!("{session}:{service}");
    let held = ledger.record(RecordKind::SessionParticipant, &key).await?;
    let known = held.as_ref().and_then(Participant::of);
    let names = known.map(|known| known.names).unwrap_or_default();
    let transient = |name: &&IssuedName| name.format == NameIdFormat::Transient;
    let last = names.iter().rev().find(transient);
    Ok(last
        .filter(|_| names.iter().filter(transient).count() >= MOST_NAMES)
        .map(|name| name.value.clone()))
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

/// Whether a service was answered within a session, or within one that it took the place of.
pub async fn took_part(
    ledger: &dyn Ledger,
    session: &SessionId,
    service: &ServiceId,
) -> Result<bool, StoreFault> {
    let key = format!("{session}:{service}");
    if ledger
        .record(RecordKind::SessionParticipant, &key)
        .await?
        .is_some()
    {
        return Ok(true);
    }
    // What was inherited keeps the key of its first session, of which `sid` and `SessionIndex` are made.
    let all = participants_of(ledger, session).await?;
    Ok(all.iter().any(|known| known.service == *service))
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

#[cfg(test)]
mod tests {
    use domain::{
        AccountId, AssuranceLevel, AuthenticationMethod, CredentialId, Entropy, RevocationGeneration,
        SessionState, Timestamp, TokenHash,
    };
    use store::memory::MemoryLedger;
    use store::{Batch, CommitOutcome};

    use super::*;

    struct Random;

    impl Entropy for Random {
        fn fill(&self, buffer: &mut [u8]) {
            aws_lc_rs::rand::fill(buffer).unwrap();
        }
    }

    fn session() -> Session {
        Session {
            id: SessionId::generate(&Random),
            secret: TokenHash("x".to_owned()),
            account: AccountId::generate(&Random),
            credential: CredentialId::generate(&Random),
            method: AuthenticationMethod::CardTls,
            level: AssuranceLevel::LOWEST,
            authenticated_at: Timestamp::from_seconds(1_000_000),
            checked_generation: RevocationGeneration(1),
            points: None,
            expires_at: Timestamp::from_seconds(1_003_600),
            state: SessionState::Active,
            version: 1,
        }
    }

    async fn commit(ledger: &MemoryLedger, writes: impl IntoIterator<Item = Write>) {
        let batch = writes.into_iter().fold(Batch::new(), Batch::write);
        assert_eq!(ledger.commit(batch).await, Ok(CommitOutcome::Committed));
    }

    fn named(format: NameIdFormat, value: &str) -> IssuedName {
        IssuedName {
            format,
            value: value.to_owned(),
        }
    }

    /// However often a service signs a person in within one session: every name that it was given ends it.
    #[tokio::test]
    async fn no_name_that_was_given_is_forgotten() {
        let (ledger, session) = (MemoryLedger::new(), session());
        let service = ServiceId::generate(&Random);
        let mut given = Vec::new();
        for number in 0..3 * MOST_NAMES {
            let again = name_again(&ledger, &session.id, &service).await.unwrap();
            assert_eq!(again.is_some(), number >= MOST_NAMES, "{number}");
            let name = again.unwrap_or_else(|| format!("t_{number}"));
            let issued = named(NameIdFormat::Transient, &name);
            commit(
                &ledger,
                participant(&ledger, &session, &service, Some(issued))
                    .await
                    .unwrap(),
            )
            .await;
            given.push(name);
        }
        let lasting = named(NameIdFormat::Persistent, "p_1");
        commit(
            &ledger,
            participant(&ledger, &session, &service, Some(lasting))
                .await
                .unwrap(),
        )
        .await;
        given.push("p_1".to_owned());
        for name in &given {
            assert_eq!(
                known_as(&ledger, &service, name).await.unwrap().len(),
                1,
                "{name}"
            );
        }
        let held = participants_of(&ledger, &session.id).await.unwrap();
        assert_eq!(held[0].names.len(), MOST_NAMES + 1, "bounded");
    }

    /// A service takes part in the sessions that took the place of its own, and no other service does.
    #[tokio::test]
    async fn who_took_part_is_known_after_the_card_was_used_again() {
        let (ledger, first, second, third) = (MemoryLedger::new(), session(), session(), session());
        let service = ServiceId::generate(&Random);
        let other: ServiceId = ServiceId::generate(&Random);
        let name = named(NameIdFormat::Persistent, "p_1");
        commit(
            &ledger,
            participant(&ledger, &first, &service, Some(name)).await.unwrap(),
        )
        .await;
        assert!(took_part(&ledger, &first.id, &service).await.unwrap());
        for (former, next) in [(&first, &second), (&second, &third)] {
            assert!(!took_part(&ledger, &next.id, &service).await.unwrap());
            commit(&ledger, inherit(&ledger, &former.id, next).await.unwrap()).await;
            assert!(took_part(&ledger, &next.id, &service).await.unwrap());
            assert!(!took_part(&ledger, &next.id, &other).await.unwrap());
        }
    }
}
