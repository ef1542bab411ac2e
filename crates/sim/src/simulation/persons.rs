//! What happens to a person, and what it does to the person's certificates.
//!
//! Reasons of revocation follow the published reading (デジタル庁 JPKI page; PocketSign's documents): superseded for
//! renewal, affiliationChanged for changed items and for death, certificateHold for a reported loss, never released.

use domain::Timestamp;

use super::Simulation;
use super::certificates::Placement;
use crate::SimError;
use crate::authority::CaKind;
use crate::crl::RevocationReason;
use crate::items::FourItems;
use crate::person::{Issued, Medium, Person, PersonRequest};
use crate::profile::Municipality;
use crate::record::CardRecord;
use crate::simulation::CardRequest;

impl Simulation {
    /// Everybody.
    pub fn persons(&self) -> &[Person] {
        &self.persons
    }

    /// A person by id.
    pub fn person(&self, id: &str) -> Result<&Person, SimError> {
        self.persons
            .iter()
            .find(|person| person.id == id)
            .ok_or_else(|| SimError::NoSuchPerson(id.to_owned()))
    }

    /// Every certificate that a person ever had, oldest first.
    pub fn certificates_of<'a>(&'a self, person: &'a str) -> impl DoubleEndedIterator<Item = &'a CardRecord> {
        self.cards
            .iter()
            .filter(move |card| card.person.as_deref() == Some(person))
    }

    /// The newest certificate of a person in one place, if it is not revoked.
    pub fn current(&self, person: &str, medium: Medium, kind: CaKind) -> Option<&CardRecord> {
        self.newest(person, medium, kind)
            .filter(|card| self.revocation(card).is_none())
    }

    /// The newest certificate of a person in one place, revoked or not.
    pub(super) fn newest(&self, person: &str, medium: Medium, kind: CaKind) -> Option<&CardRecord> {
        self.cards.iter().rev().find(|card| {
            card.person.as_deref() == Some(person) && card.medium == medium && card.ca_kind == kind
        })
    }

    /// Somebody new, without certificates.
    pub fn new_person(&mut self, request: &PersonRequest, now: Timestamp) -> Result<Person, SimError> {
        let _turn = self.turn()?;
        let number = self.counters.persons;
        let items = request.items.clone().unwrap_or_else(|| FourItems::sample(number));
        let municipality = request
            .municipality
            .clone()
            .unwrap_or_else(|| Municipality::sample(number));
        let person = self.enter_person(items, municipality, now)?;
        self.save()?;
        Ok(person)
    }

    pub(super) fn enter_person(
        &mut self,
        items: FourItems,
        municipality: Municipality,
        now: Timestamp,
    ) -> Result<Person, SimError> {
        items.check()?;
        self.counters.persons += 1;
        let person = Person {
            id: format!("person-{}", self.counters.persons),
            items,
            items_since: now,
            items_before: None,
            municipality,
            alive: true,
            consent_withdrawn: false,
        };
        self.save_person(&person)?;
        self.persons.push(person.clone());
        Ok(person)
    }

    fn change_person(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut Person) -> Result<(), SimError>,
    ) -> Result<Person, SimError> {
        let person = self
            .persons
            .iter_mut()
            .find(|person| person.id == id)
            .ok_or_else(|| SimError::NoSuchPerson(id.to_owned()))?;
        change(person)?;
        let person = person.clone();
        self.save_person(&person)?;
        Ok(person)
    }

    /// Issues certificates of the given kinds. Refused for the dead, where a valid one of the same kind and medium
    /// exists (二重発行の禁止), and for a phone whose holder has no valid 署名用 certificate on the card, with which the
    /// request is signed.
    pub fn issue_to(
        &mut self,
        person: &str,
        medium: Medium,
        kinds: &[CaKind],
        request: &CardRequest,
        now: Timestamp,
    ) -> Result<Issued, SimError> {
        let _turn = self.turn()?;
        let refuse = |why: &str| Err(SimError::Request(format!("{person}: {why}")));
        let holder = self.person(person)?.clone();
        if !holder.alive {
            return refuse("is dead");
        }
        if medium == Medium::Phone
            && self
                .current(person, Medium::Card, CaKind::DigitalSignature)
                .is_none()
        {
            return refuse("a phone needs a valid 署名用 certificate on the card");
        }
        let mut issued = Issued::default();
        for kind in kinds {
            if self.current(person, medium, *kind).is_some() {
                return refuse("has a valid certificate there already");
            }
            // What was there before and revoked is still what this one follows.
            let predecessor = self.newest(person, medium, *kind).map(|old| old.id.clone());
            let placement = Placement {
                person: &holder,
                medium,
                kind: *kind,
                linked: predecessor.is_some(),
                predecessor,
            };
            issued.put(self.issue(request, now, &placement)?);
        }
        self.save()?;
        Ok(issued)
    }

    /// Replaces every valid certificate of a medium: the old ones are superseded and linked.
    pub fn renew(
        &mut self,
        person: &str,
        medium: Medium,
        request: &CardRequest,
        now: Timestamp,
    ) -> Result<Issued, SimError> {
        let _turn = self.turn()?;
        let issued = self.replace_all(person, medium, request, now, RevocationReason::Superseded, true)?;
        self.save()?;
        Ok(issued)
    }

    /// A new medium in place of a lost one: what was not revoked yet is (cessationOfOperation), and new certificates of the
    /// same kinds are issued. `linked`: whether J-LIS will tell that they follow the old ones.
    pub fn reissue(
        &mut self,
        person: &str,
        medium: Medium,
        linked: bool,
        request: &CardRequest,
        now: Timestamp,
    ) -> Result<Issued, SimError> {
        let _turn = self.turn()?;
        let reason = RevocationReason::CessationOfOperation;
        let issued = self.replace_all(person, medium, request, now, reason, linked)?;
        self.save()?;
        Ok(issued)
    }

    fn replace_all(
        &mut self,
        person: &str,
        medium: Medium,
        request: &CardRequest,
        now: Timestamp,
        reason: RevocationReason,
        linked: bool,
    ) -> Result<Issued, SimError> {
        if !self.person(person)?.alive {
            return Err(SimError::Request(format!("{person}: is dead")));
        }
        let mut issued = Issued::default();
        for kind in CaKind::ALL {
            let old = match reason {
                RevocationReason::Superseded => self.current(person, medium, kind),
                _ => self.newest(person, medium, kind),
            };
            if let Some(old) = old.map(|old| old.id.clone()) {
                issued.put(self.replace(&old, request, now, reason, linked)?);
            }
        }
        if issued.all().next().is_none() {
            return Err(SimError::Request(format!("{person}: nothing to replace there")));
        }
        Ok(issued)
    }

    /// Changes 基本4情報 (moving, marriage): every valid 署名用 certificate, card and phone, is revoked as
    /// affiliationChanged; 利用者証明用 ones stay. With a request, the card gets a new 署名用 certificate at the counter.
    pub fn change_items(
        &mut self,
        person: &str,
        items: FourItems,
        municipality: Option<Municipality>,
        renewed: Option<&CardRequest>,
        now: Timestamp,
    ) -> Result<Issued, SimError> {
        let _turn = self.turn()?;
        items.check()?;
        self.change_person(person, |known| {
            known.items_before = Some(std::mem::replace(&mut known.items, items));
            known.items_since = now;
            known.municipality = municipality.unwrap_or_else(|| known.municipality.clone());
            Ok(())
        })?;
        let mut issued = Issued::default();
        for medium in Medium::ALL {
            let old = self.current(person, medium, CaKind::DigitalSignature).cloned();
            let Some(old) = old else { continue };
            let reason = RevocationReason::AffiliationChanged;
            match renewed {
                Some(request) if medium == Medium::Card => {
                    issued.put(self.replace(&old.id, request, now, reason, true)?);
                }
                _ => self.enter_revocation(&old, reason, now),
            }
        }
        self.save()?;
        Ok(issued)
    }

    /// Moves to another address, by default within the municipality.
    pub fn move_house(
        &mut self,
        person: &str,
        address: &str,
        municipality: Option<Municipality>,
        renewed: Option<&CardRequest>,
        now: Timestamp,
    ) -> Result<Issued, SimError> {
        self.refresh()?;
        let items = FourItems {
            address: address.to_owned(),
            address_substitution: crate::items::no_substitution(address),
            ..self.person(person)?.items.clone()
        };
        self.change_items(person, items, municipality, renewed, now)
    }

    /// Dies: everything is revoked as affiliationChanged.
    pub fn die(&mut self, person: &str, now: Timestamp) -> Result<(), SimError> {
        let _turn = self.turn()?;
        self.change_person(person, |known| {
            known.alive = false;
            Ok(())
        })?;
        for medium in Medium::ALL {
            self.revoke_medium(person, medium, RevocationReason::AffiliationChanged, now);
        }
        self.save()
    }

    /// Reports a loss: what was in the medium is held, which is never released.
    pub fn lose(&mut self, person: &str, medium: Medium, now: Timestamp) -> Result<(), SimError> {
        let _turn = self.turn()?;
        self.person(person)?;
        self.revoke_medium(person, medium, RevocationReason::CertificateHold, now);
        self.save()
    }

    fn revoke_medium(&mut self, person: &str, medium: Medium, reason: RevocationReason, now: Timestamp) {
        for kind in CaKind::ALL {
            if let Some(old) = self.current(person, medium, kind).cloned() {
                self.enter_revocation(&old, reason, now);
            }
        }
    }

    /// Takes back (or gives again), at J-LIS, the consent to tell anybody the latest items.
    pub fn withdraw_consent(&mut self, person: &str, withdrawn: bool) -> Result<(), SimError> {
        let _turn = self.turn()?;
        self.change_person(person, |known| {
            known.consent_withdrawn = withdrawn;
            Ok(())
        })?;
        self.save()
    }
}

impl Issued {
    fn put(&mut self, record: CardRecord) {
        match record.ca_kind {
            CaKind::UserAuthentication => self.authentication = Some(record),
            CaKind::DigitalSignature => self.signing = Some(record),
        }
    }
}
