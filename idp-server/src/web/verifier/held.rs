//! A registered consent: whose, until when, over which certificate. The names of certificates and the signed text are sealed.

use audit::{Action, Actor, Event, Outcome};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{SealedSerial, Timestamp};
use jlis::CertificateName;
use jpki::CaKind;
use jpki::signing::Examined;
use keys::Owner;
use pki::SerialNumber;
use serde::{Deserialize, Serialize};
use store::{Batch, CommitOutcome, Ledger, Record, RecordKind, SingleUseKind, StoreFault, Write};

use super::consent::{self, ConsentKind, SignedConsent};
use super::wire::{self, SignedText};
use super::{Asked, VerifierProblem, signatures};
use crate::app::App;

/// The tag of records that are still in force.
pub const OPEN: &str = "open";
/// Seconds for which an ended consent stays on record: whoever doubts an act finds what it rested on.
const AFTER_THE_END_SECONDS: i64 = 366 * 86_400;

/// How often a lost race against another change of the same consent is run again.
const RACES: u32 = 8;

/// How a consent ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// `person`, `verifier`, `operator`, `term` or `authority`.
    pub by: String,
}

/// What a record holds, of either kind.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Held {
    /// Towards whom.
    pub verifier: String,
    /// For what.
    pub purpose: String,
    /// Registered.
    pub registered_at: Timestamp,
    /// Ends by itself.
    pub until: Timestamp,
    /// Ended before.
    #[serde(default)]
    pub ended: Option<Ended>,
    /// Names and text.
    pub sealed: SealedSerial,
    /// What the watch saw last; nothing for a consent to the latest items.
    #[serde(default)]
    pub seen: Seen,
}

/// What a watch saw last.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Seen {
    /// The reading told last.
    #[serde(default)]
    pub told: Option<String>,
    /// Since when a change is known that could not be read yet.
    #[serde(default)]
    pub pending_since: Option<Timestamp>,
}

/// What is sealed.
#[derive(Deserialize, Serialize)]
struct Inside {
    signing: Name,
    not_after: Timestamp,
    authentication: Option<Name>,
    message: String,
}

#[derive(Deserialize, Serialize)]
struct Name {
    issuer_key_hash: String,
    serial: String,
}

/// What was sealed, opened.
pub struct Opened {
    /// The 署名用 certificate that signed the consent.
    pub signing: CertificateName,
    /// Its end.
    pub not_after: Timestamp,
    /// The 利用者証明用 certificate of the same person at that time, if J-LIS named one.
    pub authentication: Option<CertificateName>,
    /// The signed consent, DER.
    pub message: Vec<u8>,
}

fn owner(kind: RecordKind, id: &str) -> String {
    format!("{}/{id}", kind.as_str())
}

/// The tag by which a person's consents are found again.
pub fn subject_tag(app: &App, name: &CertificateName) -> Vec<String> {
    app.vault
        .digests_of(name.ca_kind, &name.issuer_key_hash, name.serial.expose_bytes())
        .into_iter()
        .map(|digest| format!("subject:{}:{}", digest.key_version, digest.value))
        .collect()
}

/// Where a kind of consent is kept.
pub const fn register(kind: ConsentKind) -> RecordKind {
    match kind {
        ConsentKind::StatusWatch => RecordKind::StatusWatch,
        ConsentKind::LatestItems => RecordKind::FourItemsConsent,
    }
}

impl Held {
    /// Reads a record.
    pub fn of(record: &Record) -> Result<Self, VerifierProblem> {
        serde_json::from_str(&record.value).map_err(|why| VerifierProblem::Fault(why.to_string()))
    }

    /// The record with another value; one that ended is open no more.
    pub fn changed(&self, record: &Record) -> Result<Record, VerifierProblem> {
        let value = serde_json::to_string(self).map_err(|why| VerifierProblem::Fault(why.to_string()))?;
        let mut next = record.changed(value);
        if self.ended.is_some() {
            next.tags.retain(|tag| tag != OPEN);
        }
        Ok(next)
    }

    /// Whether it is in force.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.until
    }

    /// Opens what was sealed.
    pub fn open(&self, app: &App, kind: RecordKind, id: &str) -> Result<Opened, VerifierProblem> {
        let fault = |why: &dyn std::fmt::Display| VerifierProblem::Fault(why.to_string());
        let text = app
            .vault
            .open(&self.sealed, Owner::Record(&owner(kind, id)))
            .map_err(|why| fault(&why))?;
        let inside: Inside = serde_json::from_slice(&text).map_err(|why| fault(&why))?;
        let name = |name: &Name, ca_kind| {
            let serial = STANDARD.decode(&name.serial).map_err(|why| fault(&why))?;
            Ok::<_, VerifierProblem>(CertificateName {
                ca_kind,
                issuer_key_hash: name.issuer_key_hash.clone(),
                serial: SerialNumber::from_bytes(&serial).map_err(|why| fault(&why))?,
            })
        };
        Ok(Opened {
            signing: name(&inside.signing, CaKind::DigitalSignature)?,
            not_after: inside.not_after,
            authentication: inside
                .authentication
                .as_ref()
                .map(|other| name(other, CaKind::UserAuthentication))
                .transpose()?,
            message: STANDARD.decode(&inside.message).map_err(|why| fault(&why))?,
        })
    }
}

/// Registers a signed consent.
pub async fn register_consent(
    asked: &Asked,
    kind: ConsentKind,
    body: Result<actix_web::web::Bytes, actix_web::Error>,
) -> Result<(String, Held), VerifierProblem> {
    asked.may(kind.capability())?;
    let signed: SignedText = wire::read(body)?;
    let message = signed.message.0;
    let SignedConsent { signer, text } = consent::signed_by(asked, &message, asked.now)?;
    let origin = asked.config.front.origin.as_str();
    let (terms, purpose, until) = consent::read(origin, &asked.verifier, kind, &text, asked.now)?;
    if kind == ConsentKind::LatestItems && !purpose.four_items {
        return Err(VerifierProblem::PurposeWithoutItems);
    }
    let name = signatures::name_of(&signer);
    // The pair as it is while the signing certificate is good: after a renewal J-LIS names another one.
    let authentication = match kind {
        ConsentKind::StatusWatch => beside(asked, &name).await?,
        ConsentKind::LatestItems => None,
    };
    let register = register(kind);
    let sealed = seal(
        asked,
        register,
        &terms.id,
        &signer,
        authentication.as_ref(),
        &message,
    )?;
    let held = Held {
        verifier: asked.verifier.id.clone(),
        purpose: purpose.code.clone(),
        registered_at: asked.now,
        until,
        ended: None,
        sealed,
        seen: Seen::default(),
    };
    let value = serde_json::to_string(&held).map_err(|why| VerifierProblem::Fault(why.to_string()))?;
    let mut record = Record::new(register, terms.id.clone(), value)
        .tagged(OPEN)
        .tagged(format!("verifier:{}", held.verifier))
        .expiring(until.plus_seconds(AFTER_THE_END_SECONDS));
    for tag in subject_tag(asked, &name) {
        record = record.tagged(tag);
    }
    let event = event(
        asked.now,
        Action::VerifierConsentRegistered,
        &held.verifier,
        &terms.id,
    )
    .fact("kind", register.as_str())
    .fact("purpose", held.purpose.clone());
    let batch = once(
        Batch::new(),
        &terms.id,
        &subject_tag(asked, &name),
        until.plus_seconds(AFTER_THE_END_SECONDS),
    );
    let batch = batch.write(Write::PutRecord(record)).event(event);
    match asked.ledger.commit(batch).await? {
        CommitOutcome::Committed => Ok((terms.id, held)),
        CommitOutcome::Conflict(_) => match asked.ledger.record(register, &terms.id).await? {
            Some(_) => Err(VerifierProblem::AlreadyRegistered),
            None => Err(VerifierProblem::Consent("consent_withdrawn")),
        },
    }
}

/// A consent is registered once, or withdrawn before that, and then never registered: whichever comes first takes its place, one row for
/// each name that the signer's certificate has in this database. Another person's withdrawal takes nothing away.
fn once(batch: Batch, id: &str, subject: &[String], expires_at: Timestamp) -> Batch {
    subject.iter().fold(batch, |batch, tag| {
        batch.write(Write::InsertSingleUse {
            kind: SingleUseKind::VerifierConsent,
            key: format!("{id}:{tag}"),
            expires_at,
        })
    })
}

/// Bars a consent that is not registered (yet) from ever being registered with this certificate. Whether it was barred now: otherwise it was
/// registered meanwhile, or barred before.
pub async fn bar(
    app: &App,
    id: &str,
    name: &CertificateName,
    now: Timestamp,
) -> Result<bool, VerifierProblem> {
    let event = Event::new(
        now,
        Action::VerifierConsentEnded,
        Outcome::Done,
        Actor::Person(None),
    )
    .fact("consent", id)
    .fact("by", "person")
    .fact("registered", "never");
    // Its text was made before now, and is taken for ninety days.
    let until = now.plus_seconds((consent::MAX_AGE_DAYS + 1) * 86_400);
    let batch = once(Batch::new(), id, &subject_tag(app, name), until).event(event);
    Ok(app.ledger.commit(batch).await? == CommitOutcome::Committed)
}

/// The 利用者証明用 certificate of the same person. Without it nothing could be read later, so no answer registers nothing.
async fn beside(app: &App, name: &CertificateName) -> Result<Option<CertificateName>, VerifierProblem> {
    let links = app
        .links
        .links(name)
        .await
        .map_err(|_| VerifierProblem::Unavailable)?;
    Ok(links.only(jlis::LinkKind::Authentication).ok().flatten().cloned())
}

fn seal(
    app: &App,
    register: RecordKind,
    id: &str,
    signer: &Examined,
    authentication: Option<&CertificateName>,
    message: &[u8],
) -> Result<SealedSerial, VerifierProblem> {
    let name = |name: &CertificateName| Name {
        issuer_key_hash: name.issuer_key_hash.clone(),
        serial: STANDARD.encode(name.serial.expose_bytes()),
    };
    let inside = Inside {
        signing: name(&signatures::name_of(signer)),
        not_after: signer.certificate().not_after(),
        authentication: authentication.map(name),
        message: STANDARD.encode(message),
    };
    let text = serde_json::to_vec(&inside).map_err(|why| VerifierProblem::Fault(why.to_string()))?;
    app.vault
        .seal(&text, Owner::Record(&owner(register, id)))
        .map_err(|why| VerifierProblem::Fault(why.to_string()))
}

/// A consent of this verifier by its identifier, whatever its state. Another verifier's is not told from none.
pub async fn find(asked: &Asked, kind: ConsentKind, id: &str) -> Result<(Record, Held), VerifierProblem> {
    let record = asked
        .ledger
        .record(register(kind), id)
        .await?
        .ok_or(VerifierProblem::Unknown)?;
    let held = Held::of(&record)?;
    if held.verifier == asked.verifier.id {
        Ok((record, held))
    } else {
        Err(VerifierProblem::Unknown)
    }
}

/// Ends a consent. One that ended before stays as it ended. Where the record changes meanwhile (the sweep notes what it saw), it is read
/// again: a withdrawal must not be lost to that.
pub async fn end(
    ledger: &dyn Ledger,
    record: &Record,
    held: Held,
    by: &str,
    actor: Actor,
    now: Timestamp,
) -> Result<(), VerifierProblem> {
    let (mut record, mut held) = (record.clone(), held);
    for _ in 0..RACES {
        if held.ended.is_some() {
            return Ok(());
        }
        held.ended = Some(Ended {
            at: now,
            by: by.to_owned(),
        });
        let mut event = event(now, Action::VerifierConsentEnded, &held.verifier, &record.key).fact("by", by);
        event.actor = actor.clone();
        let batch = Batch::new()
            .write(Write::PutRecord(held.changed(&record)?))
            .event(event);
        if ledger.commit(batch).await? == CommitOutcome::Committed {
            return Ok(());
        }
        record = ledger
            .record(record.kind, &record.key)
            .await?
            .ok_or(VerifierProblem::Unknown)?;
        held = Held::of(&record)?;
    }
    Err(VerifierProblem::Fault(
        "the consent was changed again and again".to_owned(),
    ))
}

/// Whether a watch is in force now: what is told of it rests on that, at the time of telling.
pub async fn watch_is_open(ledger: &dyn Ledger, id: &str, now: Timestamp) -> Result<bool, StoreFault> {
    let Some(record) = ledger.record(RecordKind::StatusWatch, id).await? else {
        return Ok(false);
    };
    let held = Held::of(&record).map_err(|why| StoreFault::Corrupt(why.to_string()))?;
    Ok(held.is_open(now))
}

/// An event about a consent.
pub fn event(now: Timestamp, action: Action, verifier: &str, id: &str) -> Event {
    Event::new(now, action, Outcome::Done, Actor::Verifier(verifier.to_owned()))
        .fact("verifier", verifier)
        .fact("consent", id)
}

/// A consent as it is answered.
pub fn answer(id: &str, held: &Held, now: Timestamp) -> serde_json::Value {
    let state = match &held.ended {
        Some(_) => "ended",
        None if now >= held.until => "ended",
        None => "open",
    };
    serde_json::json!({
        "consent": id,
        "purpose": held.purpose,
        "registered_at": held.registered_at.seconds(),
        "until": held.until.seconds(),
        "state": state,
        "ended_by": held.ended.as_ref().map(|ended| ended.by.clone()),
        "last_reading": held.seen.told,
        "pending": held.seen.pending_since.is_some(),
    })
}

#[cfg(test)]
mod tests;
