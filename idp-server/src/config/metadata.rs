//! `[metadata]`: where SAML services' metadata is taken from again and again.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use trust_framework::sources::{Granted, Source};

/// Sources of SAML metadata.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetadataConfig {
    /// Roots (PEM) for the TLS of sources that are fetched.
    pub fetch_ca: Option<PathBuf>,
    /// Fetch from addresses of internal networks too.
    pub fetch_from_internal_networks: bool,
    /// The sources.
    pub source: Vec<MetadataSourceConfig>,
}

/// `[[metadata.source]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetadataSourceConfig {
    /// Its name, for good: lower-case letters, digits, `-`.
    pub name: String,
    /// An address that is fetched.
    #[serde(default)]
    pub url: Option<String>,
    /// A file that somebody replaces.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// A folder of files (`*.xml`).
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// PEM files of certificates or public keys, of which one must have signed; certificates stand for their keys.
    #[serde(default)]
    pub keys: Vec<PathBuf>,
    /// Seconds between two looks; default 3600 for an address, 5 for files. `cacheDuration` makes it shorter.
    #[serde(default)]
    pub interval_seconds: Option<u32>,
    /// How far ahead `validUntil` may lie, in seconds.
    #[serde(default = "two_weeks")]
    pub max_validity_seconds: u32,
    /// Whether a document without `validUntil` is refused; default for an address.
    #[serde(default)]
    pub valid_until_required: Option<bool>,
    /// Octets of a document.
    #[serde(default = "most_octets")]
    pub max_octets: u64,
    /// Entities of a document.
    #[serde(default = "most_entities")]
    pub max_entities: u32,
    /// Entities that it may register, by name.
    #[serde(default)]
    pub entity_ids: Vec<String>,
    /// Entities that it may register, by the beginning of their names.
    #[serde(default)]
    pub entity_id_prefixes: Vec<String>,
    /// What they get.
    #[serde(default)]
    pub granted: Granted,
}

const fn two_weeks() -> u32 {
    14 * 86_400
}

const fn most_octets() -> u64 {
    128 * 1024 * 1024
}

const fn most_entities() -> u32 {
    20_000
}

impl MetadataConfig {
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let of_sources = self.source.iter_mut().flat_map(|source| {
            let places = source.file.iter_mut().chain(source.folder.iter_mut());
            places.chain(source.keys.iter_mut())
        });
        self.fetch_ca.iter_mut().chain(of_sources)
    }

    /// A source by its name.
    pub fn named(&self, name: &str) -> Option<&MetadataSourceConfig> {
        self.source.iter().find(|source| source.name == name)
    }

    /// What cannot work, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (place, source) in self.source.iter().enumerate() {
            let earlier = self.source.iter().take(place);
            if earlier.into_iter().any(|other| other.name == source.name) {
                problems.push(format!("metadata.source: two are called {}", source.name));
            }
            if source.url.is_some() && self.fetch_ca.is_none() {
                problems.push(format!(
                    "metadata.fetch_ca: the source {} is fetched, so name the roots that its server is believed by",
                    source.name
                ));
            }
            problems.extend(source.problems());
        }
        problems
    }
}

impl MetadataSourceConfig {
    /// Seconds between two looks.
    pub fn interval_seconds(&self) -> i64 {
        let usual = if self.url.is_some() { 3_600 } else { 5 };
        i64::from(self.interval_seconds.unwrap_or(usual).max(1))
    }

    /// Whether a document without `validUntil` is refused.
    pub fn valid_until_required(&self) -> bool {
        self.valid_until_required.unwrap_or(self.url.is_some())
    }

    /// As the registry knows it.
    pub fn source(&self) -> Source {
        Source {
            name: self.name.clone(),
            entity_ids: self.entity_ids.clone(),
            entity_id_prefixes: self.entity_id_prefixes.clone(),
            granted: self.granted.clone(),
            judged_by: self.judged_by(),
        }
    }

    /// At which address it is, and whose signature counts: the keys by what is in their files. Not where a file lies, which may be elsewhere
    /// on each node.
    fn judged_by(&self) -> String {
        let keys: Vec<_> = self
            .keys
            .iter()
            .map(|key| std::fs::read(key).unwrap_or_default())
            .collect();
        let place = (&self.url, self.max_validity_seconds, self.valid_until_required());
        xml::encode_base64(&xml::sha256(format!("{place:?} {keys:?}").as_bytes()))
    }

    fn problems(&self) -> Vec<String> {
        let wrong = |what: &str| format!("metadata.source {}: {what}", self.name);
        let mut problems = Vec::new();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.name.is_empty() || self.name.len() > 40 || !self.name.bytes().all(plain) {
            problems.push(wrong("name: up to 40 lower-case letters, digits and hyphens"));
        }
        let places = [self.url.is_some(), self.file.is_some(), self.folder.is_some()];
        if places.iter().filter(|there| **there).count() != 1 {
            problems.push(wrong("name one of url, file and folder"));
        }
        if self.url.is_some() && self.keys.is_empty() {
            problems.push(wrong(
                "keys: what is fetched must be signed by a key that is named here",
            ));
        }
        if self
            .url
            .as_deref()
            .is_some_and(|url| !url.starts_with("https://"))
        {
            problems.push(wrong("url: https alone"));
        }
        for key in &self.keys {
            if let Err(why) = std::fs::File::open(key) {
                problems.push(wrong(&format!("keys: cannot open {}: {why}", key.display())));
            }
        }
        // Without the slash, https://sp.example would begin https://sp.example.attacker too.
        let whole = |prefix: &String| {
            prefix
                .split_once("://")
                .is_some_and(|(_, rest)| rest.contains('/') && !rest.starts_with('/'))
        };
        if !self.entity_id_prefixes.iter().all(whole) {
            problems.push(wrong(
                "entity_id_prefixes: with scheme, host and at least one / behind it",
            ));
        }
        if self.max_octets > 1 << 30 || self.max_entities > 200_000 {
            problems.push(wrong(
                "max_octets at most 1073741824, max_entities at most 200000",
            ));
        }
        problems
    }

    /// Where what is fetched is put while it is judged.
    pub fn spool(&self, storage: &Path) -> PathBuf {
        storage.join("metadata").join(format!("{}.part", self.name))
    }
}
