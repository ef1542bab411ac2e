//! One simulated world: its authorities, cards, revocations and links, in memory or in a folder of JSON files.

use std::fs;
use std::path::{Path, PathBuf};

use domain::Timestamp;
use rand_chacha_03::rand_core::RngCore as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::SimError;
use crate::authority::{Authority, CaKind, Hierarchy};
use crate::calendar::fifth_birthday;
use crate::card::{Card, CardSigning, PIN_TRIES};
use crate::certificate::pem;
use crate::crl::{CrlFacts, Entry, RevocationReason, crl};
use crate::fault::Fault;
use crate::keys::{KeyAlgorithm, KeyCache, Seed, write_whole};
use crate::profile::{EndEntity, Municipality, common_name};
use crate::record::{Base64, CardRecord, CertificateName, Counters, Link, Revocation};

/// The generation that issues cards and lists today.
pub const CURRENT_GENERATION: u8 = 3;

/// What a new card shall be.
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
    /// Where it is issued; by default one of a few by number.
    pub municipality: Option<Municipality>,
    /// Month and day of the holder's birthday.
    pub birthday: (u8, u8),
    /// Begin of validity; by default the time of issue.
    pub not_before: Option<Timestamp>,
    /// End of validity; by default the fifth birthday.
    pub not_after: Option<Timestamp>,
    /// The PIN.
    pub pin: String,
    /// What is wrong with it.
    pub fault: Option<Fault>,
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
            fault: None,
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
}

/// One simulated world.
#[derive(Clone, Debug)]
pub struct Simulation {
    folder: Option<PathBuf>,
    cache: KeyCache,
    seed: Seed,
    counters: Counters,
    cards: Vec<CardRecord>,
    revocations: Vec<Revocation>,
    links: Vec<Link>,
}

impl Simulation {
    /// A world that leaves no files (but keys in the cache).
    pub fn in_memory(seed: &str, cache: KeyCache) -> Self {
        let stream = Seed::from_text(seed);
        let offset = u64::from(stream.stream("first serial numbers").next_u32() % 1_000_000);
        Self {
            folder: None,
            cache,
            seed: stream,
            counters: Counters {
                seed: seed.to_owned(),
                cards: 0,
                next_authentication_serial: 160_000_000 + offset,
                next_signature_serial: 150_000_000 + offset,
                crl_number: 0,
            },
            cards: Vec::new(),
            revocations: Vec::new(),
            links: Vec::new(),
        }
    }

    /// The world of a folder; an empty or missing folder gets a new one from the seed.
    pub fn create(folder: &Path, seed: &str, cache: KeyCache) -> Result<Self, SimError> {
        if folder.join("simulation.json").exists() {
            let found = Self::open(folder, cache)?;
            return if found.counters.seed == seed {
                Ok(found)
            } else {
                Err(SimError::OtherSeed(folder.into()))
            };
        }
        let world = Self {
            folder: Some(folder.to_owned()),
            ..Self::in_memory(seed, cache)
        };
        for place in ["ca", "cards", "crl"] {
            let path = folder.join(place);
            fs::create_dir_all(&path).map_err(SimError::io(&path))?;
        }
        for authority in world.authorities(Hierarchy::Test)? {
            let file = format!("{}-{}.pem", authority.kind.as_str(), authority.generation);
            write_whole(
                &folder.join("ca").join(file),
                pem("CERTIFICATE", &authority.certificate).as_bytes(),
            )?;
        }
        world.save()?;
        Ok(world)
    }

    /// The world that a folder holds.
    pub fn open(folder: &Path, cache: KeyCache) -> Result<Self, SimError> {
        let counters: Counters = read(&folder.join("simulation.json"))?;
        let place = folder.join("cards");
        let mut cards = Vec::new();
        for entry in fs::read_dir(&place).map_err(SimError::io(&place))? {
            let path = entry.map_err(SimError::io(&place))?.path();
            if path.extension().is_some_and(|kind| kind == "json") {
                cards.push(read::<CardRecord>(&path)?);
            }
        }
        cards.sort_by_key(|card| (card.id.len(), card.id.clone()));
        Ok(Self {
            folder: Some(folder.to_owned()),
            cache,
            seed: Seed::from_text(&counters.seed),
            counters,
            cards,
            revocations: read(&folder.join("revocations.json"))?,
            links: read(&folder.join("links.json"))?,
        })
    }

    /// Writes everything but the cards; nothing for a world in memory.
    fn save(&self) -> Result<(), SimError> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        write(&folder.join("revocations.json"), &self.revocations)?;
        write(&folder.join("links.json"), &self.links)?;
        write(&folder.join("simulation.json"), &self.counters)
    }

    fn save_card(&self, record: &CardRecord) -> Result<(), SimError> {
        match &self.folder {
            Some(folder) => write(&folder.join("cards").join(format!("{}.json", record.id)), record),
            None => Ok(()),
        }
    }

    /// The seed.
    pub fn seed(&self) -> &Seed {
        &self.seed
    }

    /// Where the keys are kept.
    pub fn cache(&self) -> &KeyCache {
        &self.cache
    }

    /// One authority.
    pub fn authority(
        &self,
        hierarchy: Hierarchy,
        kind: CaKind,
        generation: u8,
    ) -> Result<Authority, SimError> {
        Authority::generate(&self.cache, &self.seed, hierarchy, kind, generation)
    }

    /// The authorities under a roof: three generations of 利用者証明用, the current one of 署名用.
    pub fn authorities(&self, hierarchy: Hierarchy) -> Result<Vec<Authority>, SimError> {
        let mut all = Vec::new();
        for generation in 1..=CURRENT_GENERATION {
            all.push(self.authority(hierarchy, CaKind::UserAuthentication, generation)?);
        }
        all.push(self.authority(hierarchy, CaKind::DigitalSignature, CURRENT_GENERATION)?);
        Ok(all)
    }

    /// Every card made so far.
    pub fn cards(&self) -> &[CardRecord] {
        &self.cards
    }

    /// The record of a card.
    pub fn record(&self, id: &str) -> Result<&CardRecord, SimError> {
        self.cards
            .iter()
            .find(|card| card.id == id)
            .ok_or_else(|| SimError::NoSuchCard(id.to_owned()))
    }

    /// A card, ready for a reader.
    pub fn card(&self, id: &str) -> Result<Card, SimError> {
        self.record(id)?.card()
    }

    /// Remembers the retry counter of a card that was used.
    pub fn remember(&mut self, id: &str, card: &Card) -> Result<(), SimError> {
        let record = self
            .cards
            .iter_mut()
            .find(|record| record.id == id)
            .ok_or_else(|| SimError::NoSuchCard(id.to_owned()))?;
        record.tries_left = card.tries_left();
        let record = record.clone();
        self.save_card(&record)
    }

    /// Issues a card.
    pub fn make_card(&mut self, request: &CardRequest, now: Timestamp) -> Result<CardRecord, SimError> {
        let record = self.issue(request, now, None)?;
        self.save()?;
        Ok(record)
    }

    /// Issues the card that replaces another of the same person: the old one is revoked as superseded and the
    /// new one linked to it.
    pub fn renew_card(
        &mut self,
        id: &str,
        request: &CardRequest,
        now: Timestamp,
    ) -> Result<CardRecord, SimError> {
        let old = self.record(id)?.clone();
        let request = CardRequest {
            birthday: old.birthday,
            municipality: request
                .municipality
                .clone()
                .or_else(|| Some(old.municipality.clone())),
            ..request.clone()
        };
        let record = self.issue(&request, now, Some(id.to_owned()))?;
        self.links.push(Link {
            new: record.name(),
            old: old.name(),
        });
        self.enter_revocation(&old, RevocationReason::Superseded, now);
        self.save()?;
        Ok(record)
    }

    fn issue(
        &mut self,
        request: &CardRequest,
        now: Timestamp,
        predecessor: Option<String>,
    ) -> Result<CardRecord, SimError> {
        let fault = request.fault;
        let (kind, serial) = if fault == Some(Fault::SigningCertificate) {
            (CaKind::DigitalSignature, &mut self.counters.next_signature_serial)
        } else {
            (
                CaKind::UserAuthentication,
                &mut self.counters.next_authentication_serial,
            )
        };
        let serial = std::mem::replace(serial, *serial + 1);
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
            .unwrap_or_else(|| Municipality::sample(serial));
        let (not_before, not_after) = validity(request, now)?;
        let forger = match fault {
            Some(Fault::ForgedSignature) => {
                Some(self.cache.key(&self.seed, "forger", KeyAlgorithm::Rsa2048)?)
            }
            _ => None,
        };
        let certificate = EndEntity {
            authority: &authority,
            serial,
            key: &key,
            municipality: &municipality,
            not_before,
            not_after,
            fault,
            forger: forger.as_ref(),
        }
        .certificate(&self.seed)?;
        self.counters.cards += 1;
        let record = CardRecord {
            id: format!("card-{}", self.counters.cards),
            ca_kind: kind,
            hierarchy,
            generation: request.generation,
            issuer_key_hash: authority.key_hash(),
            serial,
            common_name: common_name(&self.seed, serial, &municipality),
            algorithm,
            signing,
            pin: request.pin.clone(),
            tries_left: PIN_TRIES,
            municipality,
            birthday: request.birthday,
            not_before,
            not_after,
            fault,
            certificate: Base64(certificate),
            issuer: Base64(authority.certificate),
            key: Base64(key.pkcs8()?),
            predecessor,
        };
        record.card()?;
        self.save_card(&record)?;
        self.cards.push(record.clone());
        Ok(record)
    }

    /// Revokes a card's certificate; a second revocation of the same certificate changes nothing.
    pub fn revoke(&mut self, id: &str, reason: RevocationReason, at: Timestamp) -> Result<(), SimError> {
        let record = self.record(id)?.clone();
        self.enter_revocation(&record, reason, at);
        self.save()
    }

    fn enter_revocation(&mut self, record: &CardRecord, reason: RevocationReason, at: Timestamp) {
        let known = self.revocations.iter().any(|known| {
            (known.ca_kind, known.hierarchy, known.serial)
                == (record.ca_kind, record.hierarchy, record.serial)
        });
        if !known {
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

    /// The list of an authority as of `now`, signed by its current generation, with the next cRLNumber.
    pub fn publish_crl(
        &mut self,
        hierarchy: Hierarchy,
        kind: CaKind,
        now: Timestamp,
        next_update: Timestamp,
    ) -> Result<Vec<u8>, SimError> {
        self.counters.crl_number += 1;
        let facts = CrlFacts {
            number: self.counters.crl_number,
            this_update: now,
            next_update: Some(next_update),
            distribution_point: None,
        };
        let entries: Vec<Entry> = self
            .revocations
            .iter()
            .filter(|entry| {
                entry.ca_kind == kind && entry.hierarchy == hierarchy && entry.certificate_ends >= now
            })
            .map(|entry| Entry {
                serial: entry.serial,
                at: entry.at,
                reason: entry.reason,
            })
            .collect();
        let list = crl(
            &self.authority(hierarchy, kind, CURRENT_GENERATION)?,
            &facts,
            &entries,
        )?;
        if let (Some(folder), Hierarchy::Test) = (&self.folder, hierarchy) {
            write_whole(&folder.join("crl").join(format!("{}.crl", kind.as_str())), &list)?;
        }
        self.save()?;
        Ok(list)
    }

    /// The certificate that a certificate replaced, as J-LIS would answer.
    pub fn predecessor(&self, of: &CertificateName) -> Option<&CertificateName> {
        self.links
            .iter()
            .find(|link| link.new == *of)
            .map(|link| &link.old)
    }
}

/// Begin and end of validity, faults included.
fn validity(request: &CardRequest, now: Timestamp) -> Result<(Timestamp, Timestamp), SimError> {
    const DAY_SECONDS: i64 = 86_400;
    let begin = request.not_before.unwrap_or(now);
    let (month, day) = request.birthday;
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

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, SimError> {
    let text = fs::read(path).map_err(SimError::io(path))?;
    serde_json::from_slice(&text).map_err(|source| SimError::State {
        path: path.into(),
        source,
    })
}

fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), SimError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|source| SimError::State {
        path: path.into(),
        source,
    })?;
    text.push(b'\n');
    write_whole(path, &text)
}
