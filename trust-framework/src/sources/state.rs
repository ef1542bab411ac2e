//! What the Ledger holds of a source and of each of its entities.

use std::collections::BTreeMap;

use domain::{ServiceId, Timestamp, metadata_has_ended};
use federation::Mark;
use serde::{Deserialize, Serialize};
use store::{Ledger, Record, RecordKind, StoreFault};

use super::Counts;

/// Documents of which it is kept what was accepted: twice as many as a folder may have.
const MOST_MARKS: usize = 4_000;

/// How a source stands.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct SourceState {
    /// When a document was accepted last, or its publisher said that it is still the same: from here its age counts.
    pub accepted_at: Option<Timestamp>,
    /// When it was last tried.
    pub tried_at: Option<Timestamp>,
    /// When it is tried again; while a refresh runs, until when nobody else begins one.
    pub next_at: Option<Timestamp>,
    /// While a refresh runs, until when nobody else begins one, whatever its configuration says.
    pub running_until: Option<Timestamp>,
    /// `creationInstant` of the accepted document.
    pub created: Option<Timestamp>,
    /// `validUntil` of the accepted document: past it none of its services may ask.
    pub valid_until: Option<Timestamp>,
    /// Tells the accepted document from others.
    pub digest: String,
    /// `ETag` it was fetched with.
    pub etag: Option<String>,
    /// `Last-Modified` it was fetched with.
    pub last_modified: Option<String>,
    /// The configuration that it was taken in under.
    pub settings: String,
    /// The configuration of the last try.
    pub tried_settings: String,
    /// Why the last try changed nothing; none when it went well.
    pub problem: Option<String>,
    /// What could not be read of what was accepted: this stays the problem when nothing changes.
    pub left_out: Option<String>,
    /// What came of the accepted document.
    pub counts: Counts,
}

impl SourceState {
    /// Reads it, with its row version: 0 when there is none yet.
    ///
    /// # Errors
    /// The store's, also for a record that cannot be read.
    pub async fn read(ledger: &dyn Ledger, source: &str) -> Result<(Self, u64), StoreFault> {
        let Some(record) = ledger.record(RecordKind::MetadataSource, source).await? else {
            return Ok((Self::default(), 0));
        };
        // A record of another release that cannot be read begins anew: the entities' own records hold what matters.
        let state = serde_json::from_str(&record.value).unwrap_or_default();
        Ok((state, record.version))
    }

    pub(super) fn record(&self, source: &str, version: u64) -> Record {
        Record {
            version,
            ..Record::new(
                RecordKind::MetadataSource,
                source,
                serde_json::to_string(self).unwrap_or_default(),
            )
        }
    }

    /// Seconds since a document was accepted, or confirmed.
    pub fn age_seconds(&self, now: Timestamp) -> Option<i64> {
        self.accepted_at.map(|at| now.seconds_since(at))
    }

    /// Whether what was accepted last still holds.
    pub fn holds(&self, now: Timestamp) -> bool {
        let ended = |until| metadata_has_ended(until, now);
        self.accepted_at.is_some() && !self.valid_until.is_some_and(ended)
    }
}

/// What was accepted of each document of a source that has several: a record of its own, which no request reads.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Marks {
    files: BTreeMap<String, FileMark>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
struct FileMark {
    created: Option<Timestamp>,
    valid_until: Option<Timestamp>,
}

impl Marks {
    pub(super) async fn read(ledger: &dyn Ledger, source: &str) -> Result<(Self, u64), StoreFault> {
        let record = ledger
            .record(RecordKind::MetadataSource, &Self::key(source))
            .await?;
        Ok(record.map_or_else(Default::default, |record| {
            (
                serde_json::from_str(&record.value).unwrap_or_default(),
                record.version,
            )
        }))
    }

    pub(super) fn of(&self, file: &str) -> Mark {
        let mark = self.files.get(file).copied().unwrap_or_default();
        Mark {
            created: mark.created,
            valid_until: mark.valid_until,
        }
    }

    /// What was accepted now beside what was before; of that, what is past is let go: it is refused for that alone.
    pub(super) fn with(&self, accepted: &BTreeMap<String, Mark>, now: Timestamp) -> Self {
        let mut files = self.files.clone();
        files.extend(accepted.iter().map(|(file, mark)| {
            let mark = FileMark {
                created: mark.created,
                valid_until: mark.valid_until,
            };
            (file.clone(), mark)
        }));
        files.retain(|file, mark| {
            *mark != FileMark::default()
                && (accepted.contains_key(file)
                    || !mark
                        .valid_until
                        .is_some_and(|until| metadata_has_ended(until, now)))
        });
        while files.len() > MOST_MARKS {
            files.pop_first();
        }
        Self { files }
    }

    pub(super) fn record(&self, source: &str, version: u64) -> Record {
        Record {
            version,
            ..Record::new(
                RecordKind::MetadataSource,
                Self::key(source),
                serde_json::to_string(self).unwrap_or_default(),
            )
        }
    }

    /// No source has a name with a slash.
    fn key(source: &str) -> String {
        format!("{source}/marks")
    }
}

/// One entity of a source.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FetchedService {
    /// Its `entityID`.
    pub entity_id: String,
    /// The service that it is.
    #[serde(default)]
    pub service: Option<ServiceId>,
    /// Tells what was last taken in of it.
    #[serde(default)]
    pub fingerprint: String,
    /// Why what the source says of it now is not used.
    #[serde(default)]
    pub refused: Option<String>,
    /// Which of several documents names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// At the last look that document named it no more, and another did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
}

impl FetchedService {
    /// Entities of a source, in pages: from behind a key on.
    ///
    /// # Errors
    /// The store's.
    pub async fn page(
        ledger: &dyn Ledger,
        source: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(Record, Self)>, StoreFault> {
        let records = ledger
            .records_tagged(RecordKind::FetchedEntity, source, after, limit)
            .await?;
        Ok(records
            .into_iter()
            .filter_map(|record| {
                let entity = serde_json::from_str(&record.value).ok()?;
                Some((record, entity))
            })
            .collect())
    }

    pub(super) fn key(source: &str, entity_id: &str) -> String {
        format!("{source}/{}", super::hex(&xml::sha256(entity_id.as_bytes())))
    }
}
