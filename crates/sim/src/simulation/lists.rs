//! Revocation lists of a world: whole, or one per municipality.

use std::collections::{BTreeSet, HashMap};

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CURRENT_GENERATION, Simulation};
use crate::SimError;
use crate::authority::{CaKind, Hierarchy, distribution_point_name};
use crate::crl::{CrlFacts, Entry, crl};
use crate::keys::write_whole;
use crate::profile::Municipality;

/// How the revoked certificates of an authority are spread over lists.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Partitioning {
    /// One list for all, without issuingDistributionPoint.
    Whole,
    /// One per municipality that issued a certificate, with the municipality's distribution point as its certificates name
    /// it, also where nothing is revoked.
    #[default]
    Municipality,
}

/// What is published.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PublishRequest {
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Timestamp,
    /// One list or many.
    pub partitioning: Partitioning,
}

/// A list under the name by which it is delivered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamedList {
    /// `auth-0001.crl`, `sign-0001.crl`, …
    pub name: String,
    /// Whose list.
    pub ca_kind: CaKind,
    /// DER.
    pub bytes: Vec<u8>,
}

/// What a list is made from, before it is signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) ca_kind: CaKind,
    pub(crate) facts: CrlFacts,
    pub(crate) entries: Vec<Entry>,
}

impl Simulation {
    /// The list of an authority as of `now`, signed by its current generation, with the next cRLNumber.
    pub fn publish_crl(
        &mut self,
        hierarchy: Hierarchy,
        kind: CaKind,
        now: Timestamp,
        next_update: Timestamp,
    ) -> Result<Vec<u8>, SimError> {
        let _turn = self.turn()?;
        self.counters.crl_number += 1;
        let facts = CrlFacts {
            number: self.counters.crl_number,
            this_update: now,
            next_update: Some(next_update),
            distribution_point: None,
        };
        let entries = self.entries(hierarchy, kind, None, now);
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

    /// The day's lists of both authorities, signed by their current generations.
    pub fn publish_lists(&mut self, request: &PublishRequest) -> Result<Vec<NamedList>, SimError> {
        let drafts = self.draft_lists(request)?;
        drafts
            .iter()
            .map(|draft| {
                let authority = self.authority(Hierarchy::Test, draft.ca_kind, CURRENT_GENERATION)?;
                Ok(NamedList {
                    name: draft.name.clone(),
                    ca_kind: draft.ca_kind,
                    bytes: crl(&authority, &draft.facts, &draft.entries)?,
                })
            })
            .collect()
    }

    /// What the day's lists say; each takes the next cRLNumber.
    pub(crate) fn draft_lists(&mut self, request: &PublishRequest) -> Result<Vec<Draft>, SimError> {
        let _turn = self.turn()?;
        self.counters.crl_number += 1;
        let mut drafts = Vec::new();
        for ca_kind in CaKind::ALL {
            let prefix = match ca_kind {
                CaKind::UserAuthentication => "auth",
                CaKind::DigitalSignature => "sign",
            };
            let areas: Vec<Option<Municipality>> = match request.partitioning {
                Partitioning::Whole => vec![None],
                Partitioning::Municipality => self.areas(ca_kind).into_iter().map(Some).collect(),
            };
            for (place, area) in areas.iter().enumerate() {
                let distribution_point = area.as_ref().map(|area| {
                    distribution_point_name(Hierarchy::Test, ca_kind, &area.prefecture, &area.name)
                });
                drafts.push(Draft {
                    name: format!("{prefix}-{:04}.crl", place + 1),
                    ca_kind,
                    facts: CrlFacts {
                        number: self.counters.crl_number,
                        this_update: request.this_update,
                        next_update: Some(request.next_update),
                        distribution_point,
                    },
                    entries: self.entries(Hierarchy::Test, ca_kind, area.as_ref(), request.this_update),
                });
            }
        }
        self.save()?;
        Ok(drafts)
    }

    /// The municipalities for which an authority has a distribution point: the samples, and whoever issued.
    fn areas(&self, kind: CaKind) -> BTreeSet<Municipality> {
        (0..4)
            .map(Municipality::sample)
            .chain(
                self.cards
                    .iter()
                    .filter(|card| card.ca_kind == kind && card.hierarchy == Hierarchy::Test)
                    .map(|card| card.municipality.clone()),
            )
            .collect()
    }

    /// The revoked certificates that a list names: all, or those of a municipality. Expired ones are no longer told.
    fn entries(
        &self,
        hierarchy: Hierarchy,
        kind: CaKind,
        area: Option<&Municipality>,
        now: Timestamp,
    ) -> Vec<Entry> {
        let issued_at: HashMap<u64, &Municipality> = self
            .cards
            .iter()
            .filter(|card| card.ca_kind == kind && card.hierarchy == hierarchy)
            .map(|card| (card.serial, &card.municipality))
            .collect();
        self.revocations
            .iter()
            .filter(|entry| {
                entry.ca_kind == kind && entry.hierarchy == hierarchy && entry.certificate_ends >= now
            })
            .filter(|entry| area.is_none_or(|area| issued_at.get(&entry.serial) == Some(&area)))
            .map(|entry| Entry {
                serial: entry.serial,
                at: entry.at,
                reason: entry.reason,
            })
            .collect()
    }
}
