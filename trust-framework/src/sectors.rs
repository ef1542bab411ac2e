//! Which sector the host of a `sector_identifier_uri` is (OpenID Connect Core 1.0 section 8.1): one for all clients whose addresses that
//! host lists, for good. What its documents said last is kept, for when the host cannot be reached.

use std::collections::BTreeMap;

use domain::{Entropy, SectorId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Ledger, Record, RecordKind, StoreFault, Write};
use url::Url;

use crate::{RegistryRefusal, SectorDocument};

/// Documents of one host that are kept; the oldest makes room.
const MAX_DOCUMENTS: usize = 4;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Sector {
    sector: SectorId,
    documents: BTreeMap<String, Remembered>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    listed: Vec<String>,
    fetched_at: Timestamp,
}

/// The host that is the sector: without port, as a browser reads it.
pub(crate) fn host_of(uri: &str) -> Option<String> {
    Url::parse(uri).ok()?.host_str().map(str::to_owned)
}

/// What an address led to when it was fetched last.
///
/// # Errors
/// The ledger does not answer.
pub async fn last_good_sector(ledger: &dyn Ledger, uri: &str) -> Result<Option<SectorDocument>, StoreFault> {
    let Some((_, mut sector)) = read(ledger, uri).await? else {
        return Ok(None);
    };
    Ok(sector.documents.remove(uri).map(|document| SectorDocument {
        uri: uri.to_owned(),
        listed: document.listed,
        fetched_at: document.fetched_at,
    }))
}

/// The sector of a document's host, and the write that keeps both. `wanted` is the sector that an operator says it is: taken for a host
/// that has none yet, and refused where it has another. Who loses a race for a new host finds the other's at the next try.
pub(crate) async fn place(
    ledger: &dyn Ledger,
    entropy: &dyn Entropy,
    document: &SectorDocument,
    wanted: Option<&SectorId>,
) -> Result<(SectorId, Write), RegistryRefusal> {
    let refuse = |why: &str| RegistryRefusal::Setting {
        key: "sector_identifier_uri",
        why: why.to_owned(),
    };
    let host = host_of(&document.uri).ok_or_else(|| refuse("no host in it"))?;
    let held = read(ledger, &document.uri).await?;
    let (record, mut sector) = match held {
        Some((record, sector)) => (Some(record), sector),
        None => (
            None,
            Sector {
                sector: wanted.cloned().unwrap_or_else(|| SectorId::generate(entropy)),
                documents: BTreeMap::new(),
            },
        ),
    };
    if wanted.is_some_and(|wanted| *wanted != sector.sector) {
        return Err(refuse("its host is another sector already"));
    }
    let remembered = Remembered {
        listed: document.listed.clone(),
        fetched_at: document.fetched_at,
    };
    sector.documents.insert(document.uri.clone(), remembered);
    while sector.documents.len() > MAX_DOCUMENTS {
        let oldest = sector
            .documents
            .iter()
            .min_by_key(|(_, document)| document.fetched_at);
        let Some(oldest) = oldest.map(|(uri, _)| uri.clone()) else {
            break;
        };
        sector.documents.remove(&oldest);
    }
    let value = serde_json::to_string(&sector).map_err(|why| StoreFault::Corrupt(why.to_string()))?;
    let record = match record {
        Some(record) => record.changed(value),
        None => Record::new(RecordKind::SectorIdentifier, host, value),
    };
    Ok((sector.sector, Write::PutRecord(record)))
}

async fn read(ledger: &dyn Ledger, uri: &str) -> Result<Option<(Record, Sector)>, StoreFault> {
    let Some(host) = host_of(uri) else { return Ok(None) };
    let Some(record) = ledger.record(RecordKind::SectorIdentifier, &host).await? else {
        return Ok(None);
    };
    let sector = serde_json::from_str(&record.value).map_err(|why| StoreFault::Corrupt(why.to_string()))?;
    Ok(Some((record, sector)))
}
