//! Lists of national size, made once and kept.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use domain::{RevocationGeneration, Timestamp};
use pki::TrustAnchor;
use revocation::{Shelf, Taken, Terms};
use sim::Simulation;
use sim::authority::{Authority, CaKind, Hierarchy};
use sim::crl::{CrlFacts, Entry};
use sim::keys::KeyCache;
use sim::national_crl::{Nation, Order, write_crl};

use crate::{Failure, Options};

pub(crate) struct World {
    pub(crate) authority: Authority,
    pub(crate) folder: PathBuf,
    /// By serial number, and as if by date.
    pub(crate) lists: [(&'static str, PathBuf); 2],
    /// The next day of the second: a few thousand more, a few thousand fewer.
    pub(crate) next_day: PathBuf,
    /// For the libraries.
    pub(crate) held: PathBuf,
}

fn made() -> Timestamp {
    Timestamp::from_seconds(1_795_000_000)
}

impl World {
    pub(crate) fn prepare(options: &Options) -> Result<Self, Failure> {
        fs::create_dir_all(&options.folder)?;
        let simulation = Simulation::in_memory("bench", KeyCache::shared());
        let authority = simulation.authority(Hierarchy::Test, CaKind::UserAuthentication, 3)?;
        let nation = |order| Nation::new(options.revoked, options.issued, order, made());
        let path = |name: &str| {
            options
                .folder
                .join(format!("{name}-{}-of-{}.crl", options.revoked, options.issued))
        };
        let write =
            |path: &Path,
             number,
             entries: &mut dyn FnMut(&mut dyn Write, &CrlFacts) -> Result<u64, Failure>| {
                if path.exists() {
                    return Ok(());
                }
                eprintln!("writing {} ...", path.display());
                let half = path.with_extension("half");
                let mut out = BufWriter::with_capacity(1 << 20, File::create(&half)?);
                let facts = CrlFacts {
                    number,
                    this_update: made().plus_seconds(i64::try_from(number)? * 10),
                    next_update: Some(made().plus_seconds(86_400)),
                    distribution_point: None,
                };
                entries(&mut out, &facts)?;
                out.into_inner()?.sync_all()?;
                fs::rename(half, path)?;
                Ok::<(), Failure>(())
            };
        let lists = [("rising", path("rising")), ("scattered", path("scattered"))];
        for ((_, path), order) in lists.iter().zip([Order::Rising, Order::Scattered]) {
            write(path, 1, &mut |out, facts| {
                Ok(write_crl(&authority, facts, nation(order), out)?)
            })?;
        }
        let next_day = path("next-day");
        write(&next_day, 2, &mut |out, facts| {
            // One in 2,000 has expired, and as many were revoked.
            let stays = |entry: &Entry| !entry.serial.is_multiple_of(2003);
            let fresh = Nation::new(
                options.revoked / 2000,
                options.issued / 10,
                Order::Scattered,
                made(),
            )
            .map(move |entry| Entry {
                serial: entry.serial + options.issued,
                ..entry
            });
            let all = nation(Order::Scattered).filter(stays).chain(fresh);
            Ok(write_crl(&authority, facts, all, out)?)
        })?;
        let held = options.folder.join(format!("held-{}.crl", options.held));
        write(&held, 1, &mut |out, facts| {
            let nation = Nation::new(options.held, options.held * 10, Order::Scattered, made());
            Ok(write_crl(&authority, facts, nation, out)?)
        })?;
        Ok(Self {
            authority,
            folder: options.folder.clone(),
            lists,
            next_day,
            held,
        })
    }

    pub(crate) fn anchors(&self) -> Result<Vec<TrustAnchor>, Failure> {
        Ok(vec![TrustAnchor::from_der(&self.authority.certificate)?])
    }

    /// An empty shelf.
    pub(crate) fn shelf(&self, name: &str) -> Result<Shelf, Failure> {
        let place = self.folder.join(name);
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        Ok(Shelf::open(&place)?)
    }

    pub(crate) fn take(&self, shelf: &Shelf, list: &Path, threads: usize) -> Result<Taken, Failure> {
        let terms = Terms {
            threads,
            ..Terms::default()
        };
        let now = made().plus_seconds(3600);
        let mut ingest = shelf.ingest(&terms, self.anchors()?, RevocationGeneration(0), now)?;
        ingest.add(&mut File::open(list)?)?;
        Ok(ingest.finish(&mut |_| false)?)
    }
}
