//! Services that are registered by what metadata sources publish.
//!
//! **Owns** what a source may register and with which settings ([`Source`], [`Granted`]), how a source stands ([`SourceState`]), and a
//! refresh of its entities ([`Refresh`]): each entity is one change of the registry for itself, so every node sees it with its commit.
//!
//! **The rules.** A service gets what the source grants, never what its metadata asks for. An `entityID` stays with whoever registered it
//! first, an operator or a source, until an operator removes that record: nobody takes one over by publishing it. What an operator
//! suspended stays suspended, what an operator removed stays removed. A service that its source names no more is refused from that commit
//! on, and comes back under the same pseudonyms when the source names it again.
//!
//! **Deliberately absent**: fetching and signatures (`idp-server`, `federation`), schedules.

mod refresh;
mod state;
#[cfg(test)]
mod tests;

pub use refresh::{Accepted, Counts, Refresh};
pub use state::{FetchedService, SourceState};

use domain::{
    Aal, AssuranceLevel, Ial, ReleasedAttribute, RequiredProperties, RevocationCertainty, ServiceKind,
};
use serde::{Deserialize, Serialize};

/// How a service of a source begins.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// Refused until an operator resumes it.
    #[default]
    Suspended,
    /// May ask for sign-ins at once.
    Active,
}

/// What every service of a source gets. Nothing in its metadata adds to it; what its metadata asks for may only be less.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Granted {
    /// How it begins.
    pub admit: Admission,
    /// SP or AP.
    pub kind: ServiceKind,
    /// The least level; default IAL0, AAL3 (the card).
    pub required_level: AssuranceLevel,
    /// How certain it must be that the certificate is not revoked.
    pub required_certainty: Option<RevocationCertainty>,
    /// What else every sign-in must be.
    pub required_properties: RequiredProperties,
    /// Seconds past `nextUpdate` for which answers from a list are accepted.
    pub stale_tolerance_seconds: Option<u32>,
    /// What is released beside the pseudonym.
    pub released_attributes: Vec<ReleasedAttribute>,
    /// Sign the Response element too.
    pub sign_response: bool,
    /// May receive the identifier of a person that is the same at every service that may.
    pub subject_id: bool,
}

impl Default for Granted {
    fn default() -> Self {
        Self {
            admit: Admission::Suspended,
            kind: ServiceKind::Sp,
            required_level: AssuranceLevel {
                ial: Ial::Zero,
                aal: Aal::Three,
            },
            required_certainty: None,
            required_properties: RequiredProperties::default(),
            stale_tolerance_seconds: None,
            released_attributes: Vec::new(),
            sign_response: false,
            subject_id: false,
        }
    }
}

/// A source as the configuration has it.
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    /// Its name: in records, the audit and metrics.
    pub name: String,
    /// Entities that it may register; with `entity_id_prefixes` empty too, every one.
    pub entity_ids: Vec<String>,
    /// Beginnings of `entityID`s that it may register.
    pub entity_id_prefixes: Vec<String>,
    /// What they get.
    pub granted: Granted,
    /// By what its documents are judged, in any spelling: a change of it takes everything in again.
    pub judged_by: String,
}

/// Stands in every fingerprint: another word here, where what is made of the same metadata changes, has all of it judged again.
const RULES: &[u8] = b"rules 2";

impl Source {
    /// Whether it may register this entity.
    pub fn may_register(&self, entity_id: &str) -> bool {
        let anything = self.entity_ids.is_empty() && self.entity_id_prefixes.is_empty();
        anything
            || self.entity_ids.iter().any(|one| one == entity_id)
            || self
                .entity_id_prefixes
                .iter()
                .any(|prefix| entity_id.starts_with(prefix.as_str()))
    }

    /// Changes when the configuration says something else of the source.
    pub fn fingerprint(&self) -> String {
        let mut text = serde_json::to_vec(self).unwrap_or_default();
        text.extend_from_slice(RULES);
        hex(&xml::sha256(&text))
    }
}

/// A digest from its text; none for anything else.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut octets = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (place, octet) in octets.iter_mut().enumerate() {
        *octet = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(octets)
}

fn hex(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}
