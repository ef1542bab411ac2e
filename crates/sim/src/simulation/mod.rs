//! One simulated world: its authorities, persons, certificates, revocations and links, in memory or in a folder of JSON
//! files.
//!
//! **Owns** the state and what changes it: [`certificates`] one certificate at a time, [`persons`] what happens to a person,
//! [`lists`] revocation lists. A folder may be used by several processes: whoever changes it holds the folder's lock and
//! reads again first what others have changed.
//!
//! **Deliberately absent**: the wire (`jlis_server`), the clock: `now` is an argument.
//!
//! **One more act on a person**: a method in `persons.rs`, its control endpoint, its command.

mod certificates;
mod links;
mod lists;
mod persons;

pub use certificates::CardRequest;
pub use links::{CertificateLink, LinkKind};
pub(crate) use lists::Draft;
pub use lists::{NamedList, Partitioning, PublishRequest};

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rand_chacha_03::rand_core::RngCore as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::SimError;
use crate::authority::{Authority, CaKind, Hierarchy};
use crate::card::Card;
use crate::certificate::pem;
use crate::keys::{KeyCache, Seed, write_whole};
use crate::person::Person;
use crate::record::{CardRecord, Counters, Link, Revocation};

/// The generation that issues cards and lists today.
pub const CURRENT_GENERATION: u8 = 3;

/// One simulated world.
#[derive(Clone, Debug)]
pub struct Simulation {
    folder: Option<PathBuf>,
    cache: KeyCache,
    seed: Seed,
    counters: Counters,
    persons: Vec<Person>,
    cards: Vec<CardRecord>,
    revocations: Vec<Revocation>,
    links: Vec<Link>,
}

/// The right to change a folder; given back when dropped. A world in memory needs none.
#[must_use]
struct Turn(#[allow(dead_code, reason = "held, not read")] Option<File>);

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
                persons: 0,
                revision: 0,
            },
            persons: Vec::new(),
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
        let mut world = Self {
            folder: Some(folder.to_owned()),
            ..Self::in_memory(seed, cache)
        };
        for place in ["ca", "cards", "crl", "persons"] {
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
        // Without a world there is nothing to lock.
        let _: Counters = read(&folder.join("simulation.json"))?;
        let turn = take_turn(folder)?;
        Self::read_folder(folder, cache, turn)
    }

    fn read_folder(folder: &Path, cache: KeyCache, _turn: File) -> Result<Self, SimError> {
        let counters: Counters = read(&folder.join("simulation.json"))?;
        let mut cards: Vec<CardRecord> = read_all(&folder.join("cards"))?;
        cards.sort_by_key(|card| number_of(&card.id));
        let mut persons: Vec<Person> = read_all(&folder.join("persons"))?;
        persons.sort_by_key(|person| number_of(&person.id));
        Ok(Self {
            folder: Some(folder.to_owned()),
            cache,
            seed: Seed::from_text(&counters.seed),
            counters,
            persons,
            cards,
            revocations: read(&folder.join("revocations.json"))?,
            links: read(&folder.join("links.json"))?,
        })
    }

    /// Reads the folder again if another process changed it.
    pub fn refresh(&mut self) -> Result<(), SimError> {
        let Some(folder) = self.folder.clone() else {
            return Ok(());
        };
        let found: Counters = read(&folder.join("simulation.json"))?;
        if found.revision != self.counters.revision {
            let turn = take_turn(&folder)?;
            *self = Self::read_folder(&folder, self.cache.clone(), turn)?;
        }
        Ok(())
    }

    /// Before any change: nobody else changes the folder until the turn is dropped, and what others changed is known.
    fn turn(&mut self) -> Result<Turn, SimError> {
        let Some(folder) = self.folder.clone() else {
            return Ok(Turn(None));
        };
        let turn = take_turn(&folder)?;
        let found: Counters = read(&folder.join("simulation.json"))?;
        if found.revision != self.counters.revision {
            let again = turn.try_clone().map_err(SimError::io(&folder))?;
            *self = Self::read_folder(&folder, self.cache.clone(), again)?;
        }
        Ok(Turn(Some(turn)))
    }

    /// Writes everything but cards and persons; nothing for a world in memory.
    fn save(&mut self) -> Result<(), SimError> {
        self.counters.revision += 1;
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        write(&folder.join("revocations.json"), &self.revocations)?;
        write(&folder.join("links.json"), &self.links)?;
        // Last, since it tells others to read again.
        write(&folder.join("simulation.json"), &self.counters)
    }

    fn save_card(&self, record: &CardRecord) -> Result<(), SimError> {
        match &self.folder {
            Some(folder) => write(&folder.join("cards").join(format!("{}.json", record.id)), record),
            None => Ok(()),
        }
    }

    fn save_person(&self, person: &Person) -> Result<(), SimError> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let place = folder.join("persons");
        fs::create_dir_all(&place).map_err(SimError::io(&place))?;
        write(&place.join(format!("{}.json", person.id)), person)
    }

    /// Its folder, if it has one.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
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

    /// The authorities under a roof: three generations of 利用者証明用 and three of 署名用.
    pub fn authorities(&self, hierarchy: Hierarchy) -> Result<Vec<Authority>, SimError> {
        let mut all = Vec::new();
        for kind in CaKind::ALL {
            for generation in 1..=CURRENT_GENERATION {
                all.push(self.authority(hierarchy, kind, generation)?);
            }
        }
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
        let _turn = self.turn()?;
        let record = self
            .cards
            .iter_mut()
            .find(|record| record.id == id)
            .ok_or_else(|| SimError::NoSuchCard(id.to_owned()))?;
        record.tries_left = card.tries_left();
        let record = record.clone();
        self.save_card(&record)
    }
}

/// The number at the end of an id: the order of making.
fn number_of(id: &str) -> u64 {
    id.rsplit('-')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// Waits until nobody else changes the folder.
fn take_turn(folder: &Path) -> Result<File, SimError> {
    let path = folder.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(SimError::io(&path))?;
    file.lock().map_err(SimError::io(&path))?;
    Ok(file)
}

fn read_all<T: DeserializeOwned>(place: &Path) -> Result<Vec<T>, SimError> {
    if !place.exists() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for entry in fs::read_dir(place).map_err(SimError::io(place))? {
        let path = entry.map_err(SimError::io(place))?.path();
        if path.extension().is_some_and(|kind| kind == "json") {
            all.push(read(&path)?);
        }
    }
    Ok(all)
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
