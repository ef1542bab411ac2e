//! One certificate at a time: issue, replace, revoke.

use domain::Timestamp;

use super::{CURRENT_GENERATION, Simulation};
use crate::SimError;
use crate::authority::{CaKind, Hierarchy};
use crate::calendar::fifth_birthday;
use crate::card::{CardSigning, SecretKind};
use crate::crl::RevocationReason;
use crate::fault::Fault;
use crate::items::{FourItems, ItemsFault};
use crate::keys::{KeyAlgorithm, PrivateKey};
use crate::person::{Medium, Person};
use crate::profile::{EndEntity, Municipality, common_name};
use crate::record::{Base64, CardRecord, Link, Revocation};

/// What a new certificate and its chip shall be.
#[derive(Clone, Debug)]
pub struct CardRequest {
    /// Which kind of key.
    pub algorithm: KeyAlgorithm,
    /// How its middleware signs; by default PKCS#1 only for RSA, ECDSA for P-384.
    pub signing: Option<CardSigning>,
    /// Under which roof.
    pub hierarchy: Hierarchy,
    /// Which key generation of the authority.
    pub generation: u8,
    /// Where it is issued; by default where the person lives.
    pub municipality: Option<Municipality>,
    /// Month and day of the holder's birthday, where a person is made with the card.
    pub birthday: (u8, u8),
    /// Begin of validity; by default the time of issue.
    pub not_before: Option<Timestamp>,
    /// End of validity; by default the fifth birthday.
    pub not_after: Option<Timestamp>,
    /// The PIN of a 利用者証明用 key.
    pub pin: String,
    /// The password of a 署名用 key.
    pub password: String,
    /// What is wrong with it.
    pub fault: Option<Fault>,
    /// What is wrong with the 基本4情報 of a 署名用 certificate.
    pub items_fault: Option<ItemsFault>,
}

impl Default for CardRequest {
    fn default() -> Self {
        Self {
            algorithm: KeyAlgorithm::Rsa2048,
            signing: None,
            hierarchy: Hierarchy::Test,
            generation: CURRENT_GENERATION,
            municipality: None,
            birthday: (2, 17),
            not_before: None,
            not_after: None,
            pin: "1234".to_owned(),
            password: "PASSWORD1".to_owned(),
            fault: None,
            items_fault: None,
        }
    }
}

impl CardRequest {
    /// A good card with one thing wrong.
    pub fn with_fault(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }

    /// The next card: ECDSA P-384. Its keys cost no search, so tests with many persons use it.
    pub fn next_generation() -> Self {
        Self {
            algorithm: KeyAlgorithm::P384,
            ..Self::default()
        }
    }
}

/// Where a new certificate goes.
pub(super) struct Placement<'a> {
    pub(super) person: &'a Person,
    pub(super) medium: Medium,
    pub(super) kind: CaKind,
    /// The certificate that it replaces, and whether J-LIS knows so.
    pub(super) predecessor: Option<String>,
    pub(super) linked: bool,
}

impl Simulation {
    /// Issues a 利用者証明用 certificate on a card to somebody new.
    pub fn make_card(&mut self, request: &CardRequest, now: Timestamp) -> Result<CardRecord, SimError> {
        let _turn = self.turn()?;
        let (month, day) = request.birthday;
        let number = self.counters.persons;
        let mut items = FourItems::sample(number);
        let year = items.birth_date.get(..5).unwrap_or("41990").to_owned();
        items.birth_date = format!("{year}{month:02}{day:02}");
        let municipality = request
            .municipality
            .clone()
            .unwrap_or_else(|| Municipality::sample(number));
        let person = self.enter_person(items, municipality, now)?;
        let placement = Placement {
            person: &person,
            medium: Medium::Card,
            kind: CaKind::UserAuthentication,
            predecessor: None,
            linked: false,
        };
        let record = self.issue(request, now, &placement)?;
        self.save()?;
        Ok(record)
    }

    /// Issues the certificate that replaces another of the same person, kind and medium: the old one is revoked as
    /// superseded and the new one linked to it. The person's other certificates stay ([`Simulation::renew`] takes all
    /// of a medium).
    pub fn renew_card(
        &mut self,
        id: &str,
        request: &CardRequest,
        now: Timestamp,
    ) -> Result<CardRecord, SimError> {
        let _turn = self.turn()?;
        let record = self.replace(id, request, now, RevocationReason::Superseded, true)?;
        self.save()?;
        Ok(record)
    }

    /// The new certificate in the place of an old one, which is revoked.
    pub(super) fn replace(
        &mut self,
        id: &str,
        request: &CardRequest,
        now: Timestamp,
        reason: RevocationReason,
        linked: bool,
    ) -> Result<CardRecord, SimError> {
        let old = self.record(id)?.clone();
        let person = self.holder(&old, now)?;
        let placement = Placement {
            person: &person,
            medium: old.medium,
            kind: old.ca_kind,
            predecessor: Some(id.to_owned()),
            linked,
        };
        let record = self.issue(request, now, &placement)?;
        self.enter_revocation(&old, reason, now);
        Ok(record)
    }

    /// Whose a certificate is; folders of older versions get a person for it now.
    fn holder(&mut self, record: &CardRecord, now: Timestamp) -> Result<Person, SimError> {
        if let Some(person) = &record.person {
            return Ok(self.person(person)?.clone());
        }
        let items = FourItems::sample(self.counters.persons);
        let person = self.enter_person(items, record.municipality.clone(), now)?;
        if let Some(found) = self.cards.iter_mut().find(|card| card.id == record.id) {
            found.person = Some(person.id.clone());
            let changed = found.clone();
            self.save_card(&changed)?;
        }
        Ok(person)
    }

    pub(super) fn issue(
        &mut self,
        request: &CardRequest,
        now: Timestamp,
        placement: &Placement<'_>,
    ) -> Result<CardRecord, SimError> {
        let fault = request.fault;
        let kind = match fault {
            Some(Fault::SigningCertificate) => CaKind::DigitalSignature,
            _ => placement.kind,
        };
        let serial = self.next_serial(kind);
        let hierarchy = match fault {
            Some(Fault::ForeignAuthority) => Hierarchy::Foreign,
            Some(Fault::ProductionNamed) => Hierarchy::ProductionNamed,
            _ => request.hierarchy,
        };
        let algorithm = if fault == Some(Fault::WeakKey) {
            KeyAlgorithm::Rsa1024
        } else {
            request.algorithm
        };
        let signing = request.signing.unwrap_or(match algorithm {
            KeyAlgorithm::P384 | KeyAlgorithm::P256 => CardSigning::Ecdsa,
            KeyAlgorithm::Rsa1024 | KeyAlgorithm::Rsa2048 => CardSigning::Pkcs1,
        });
        let authority = self.authority(hierarchy, kind, request.generation)?;
        let key = self
            .cache
            .key(&self.seed, &format!("card {} {serial}", kind.as_str()), algorithm)?;
        let municipality = request
            .municipality
            .clone()
            .unwrap_or_else(|| placement.person.municipality.clone());
        let birthday = placement.person.items.birthday().unwrap_or(request.birthday);
        let (not_before, not_after) = validity(request, birthday, now)?;
        let certificate = EndEntity {
            authority: &authority,
            serial,
            key: &key,
            municipality: &municipality,
            items: &placement.person.items,
            items_fault: request.items_fault,
            not_before,
            not_after,
            fault,
            forger: self.forger(fault)?.as_ref(),
        }
        .certificate(&self.seed)?;
        // The signing certificate in the wrong place lies behind the PIN of the place.
        let (secret_kind, secret) = match placement.kind {
            CaKind::UserAuthentication => (SecretKind::Pin, &request.pin),
            CaKind::DigitalSignature => (SecretKind::Password, &request.password),
        };
        self.counters.cards += 1;
        let record = CardRecord {
            id: format!(
                "{}-{}",
                placement.medium.prefix(placement.kind),
                self.counters.cards
            ),
            person: Some(placement.person.id.clone()),
            medium: placement.medium,
            ca_kind: kind,
            hierarchy,
            generation: request.generation,
            issuer_key_hash: authority.key_hash(),
            serial,
            common_name: common_name(&self.seed, serial, &municipality),
            algorithm,
            signing,
            secret_kind,
            pin: secret.clone(),
            tries_left: secret_kind.tries(),
            municipality,
            birthday,
            not_before,
            not_after,
            fault,
            certificate: Base64(certificate),
            issuer: Base64(authority.certificate),
            key: Base64(key.pkcs8()?),
            predecessor: placement.predecessor.clone(),
        };
        record.card()?;
        if let (true, Some(old)) = (placement.linked, &placement.predecessor) {
            let old = self.record(old)?.name();
            self.links.push(Link {
                new: record.name(),
                old,
            });
        }
        self.save_card(&record)?;
        self.cards.push(record.clone());
        Ok(record)
    }

    fn next_serial(&mut self, kind: CaKind) -> u64 {
        let serial = match kind {
            CaKind::UserAuthentication => &mut self.counters.next_authentication_serial,
            CaKind::DigitalSignature => &mut self.counters.next_signature_serial,
        };
        std::mem::replace(serial, *serial + 1)
    }

    fn forger(&self, fault: Option<Fault>) -> Result<Option<PrivateKey>, SimError> {
        match fault {
            Some(Fault::ForgedSignature) => self
                .cache
                .key(&self.seed, "forger", KeyAlgorithm::Rsa2048)
                .map(Some),
            _ => Ok(None),
        }
    }

    /// Revokes a certificate; a second revocation of the same certificate changes nothing.
    pub fn revoke(&mut self, id: &str, reason: RevocationReason, at: Timestamp) -> Result<(), SimError> {
        let _turn = self.turn()?;
        let record = self.record(id)?.clone();
        self.enter_revocation(&record, reason, at);
        self.save()
    }

    /// The revocation of a certificate, if it is revoked.
    pub fn revocation(&self, record: &CardRecord) -> Option<&Revocation> {
        self.revocations.iter().find(|known| {
            (known.ca_kind, known.hierarchy, known.serial)
                == (record.ca_kind, record.hierarchy, record.serial)
        })
    }

    pub(super) fn enter_revocation(&mut self, record: &CardRecord, reason: RevocationReason, at: Timestamp) {
        if self.revocation(record).is_none() {
            self.revocations.push(Revocation {
                ca_kind: record.ca_kind,
                hierarchy: record.hierarchy,
                serial: record.serial,
                reason,
                at,
                certificate_ends: record.not_after,
            });
        }
    }
}

/// Begin and end of validity, faults included.
fn validity(
    request: &CardRequest,
    (month, day): (u8, u8),
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), SimError> {
    const DAY_SECONDS: i64 = 86_400;
    let begin = request.not_before.unwrap_or(now);
    let end = match request.not_after {
        Some(end) => end,
        None => fifth_birthday(begin, month, day)?,
    };
    Ok(match request.fault {
        Some(Fault::Expired) => (
            begin.plus_seconds(-1800 * DAY_SECONDS),
            begin.plus_seconds(-DAY_SECONDS),
        ),
        Some(Fault::NotYetValid) => (begin.plus_seconds(30 * DAY_SECONDS), end),
        _ => (begin, end),
    })
}
