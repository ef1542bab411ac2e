//! Documents that clients publish: which redirect URIs belong together (`sector_identifier_uri`), their keys (`jwks_uri`), and the keys of
//! who vouches for software.
//!
//! **Owns** when something is fetched, and what stands in for it when it cannot be: the sector's document of the last seven days.
//!
//! **Deliberately absent**: how it is fetched (`outbound`), what it means (`oidc`, `trust-framework`).

use domain::{ClientDocuments, Timestamp};
use jose::JwkSet;
use oidc::MetadataFault;
use oidc::software_statement::StatementIssuer;
use store::{Ledger, StoreFault};
use trust_framework::{Published, RegistryRefusal, SectorDocument};

use crate::config::Config;
use crate::outbound::Outbound;

/// For so many seconds a document is not fetched again while it says what is asked.
const FRESH_SECONDS: i64 = 60;
/// For so many seconds it stands in for one that cannot be fetched.
const LAST_GOOD_SECONDS: i64 = 7 * 86_400;
/// Octets of a key set.
const MAX_KEY_BYTES: usize = 64 * 1024;

/// Why there are no documents.
#[derive(Debug)]
pub enum DocumentFault {
    /// They could not be had, or say nothing useful.
    Fault(MetadataFault),
    /// The store could not answer.
    Store(StoreFault),
}

impl From<StoreFault> for DocumentFault {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

impl From<MetadataFault> for DocumentFault {
    fn from(fault: MetadataFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<DocumentFault> for RegistryRefusal {
    fn from(fault: DocumentFault) -> Self {
        match fault {
            DocumentFault::Fault(fault) => Self::Setting {
                key: "oidc",
                why: fault.to_string(),
            },
            DocumentFault::Store(fault) => Self::Store(fault),
        }
    }
}

/// Fetches what addresses lead to. Nothing is fetched where there is no address.
///
/// # Errors
/// It cannot be had, nor one that was had before.
pub async fn fetch(
    out: Option<&Outbound>,
    ledger: &dyn Ledger,
    addresses: &ClientDocuments,
    redirect_uris: &[String],
    now: Timestamp,
) -> Result<Published, DocumentFault> {
    let mut published = Published::default();
    if let Some(uri) = &addresses.jwks_uri {
        published.keys = Some(keys(out, uri).await?);
    }
    if let Some(uri) = &addresses.sector_identifier_uri {
        published.sector = Some(sector(out, ledger, uri, redirect_uris, now).await?);
    }
    Ok(published)
}

/// What a `jwks_uri` leads to: a usable key set.
///
/// # Errors
/// It cannot be fetched, or is none.
pub async fn keys(out: Option<&Outbound>, uri: &str) -> Result<String, MetadataFault> {
    let name = "jwks_uri";
    let accept = "application/jwk-set+json, application/json";
    let text = get(out, name, uri, accept, MAX_KEY_BYTES).await?;
    let unusable = MetadataFault::Member {
        name,
        because: "what it leads to is no usable JWK Set",
    };
    let text = String::from_utf8(text).map_err(|_| unusable.clone())?;
    JwkSet::parse(&text).map_err(|_| unusable)?;
    Ok(text)
}

async fn sector(
    out: Option<&Outbound>,
    ledger: &dyn Ledger,
    uri: &str,
    redirect_uris: &[String],
    now: Timestamp,
) -> Result<SectorDocument, DocumentFault> {
    let held = trust_framework::last_good_sector(ledger, uri).await?;
    let age = |document: &SectorDocument| now.seconds_since(document.fetched_at);
    if let Some(held) = &held
        && age(held) < FRESH_SECONDS
        && oidc::sector_document::check(&held.listed, redirect_uris).is_ok()
    {
        return Ok(held.clone());
    }
    let limit = oidc::sector_document::MAX_BYTES;
    match get(out, "sector_identifier_uri", uri, "application/json", limit).await {
        Ok(text) => Ok(SectorDocument {
            uri: uri.to_owned(),
            listed: oidc::sector_document::read(&text)?,
            fetched_at: now,
        }),
        Err(fault) => held
            .filter(|held| age(held) < LAST_GOOD_SECONDS)
            .ok_or(DocumentFault::Fault(fault)),
    }
}

async fn get(
    out: Option<&Outbound>,
    name: &'static str,
    uri: &str,
    accept: &'static str,
    limit: usize,
) -> Result<Vec<u8>, MetadataFault> {
    let Some(out) = out else {
        return Err(MetadataFault::Unfetched {
            name,
            why: "this platform fetches nothing",
        });
    };
    out.get(uri, accept, limit).await.map_err(|fault| {
        metrics::counter!("client_document_fetch_failures_total", "document" => name, "reason" => fault.code())
            .increment(1);
        MetadataFault::Unfetched {
            name,
            why: fault.code(),
        }
    })
}

/// Who may vouch for software, with the keys in the files that the configuration names.
///
/// # Errors
/// A sentence about a file.
pub fn statement_issuers(config: &Config) -> Result<Vec<StatementIssuer>, String> {
    config
        .registration
        .software_statement_issuers
        .iter()
        .map(|(issuer, path)| {
            let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
            let text = std::fs::read_to_string(path).map_err(|why| wrong(&why))?;
            let keys = JwkSet::parse(&text).map_err(|why| wrong(&why))?;
            Ok(StatementIssuer {
                issuer: issuer.clone(),
                keys,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use store::memory::MemoryLedger;
    use store::{Batch, CommitOutcome, Record, RecordKind, Write};

    use super::*;

    const URI: &str = "https://sector.example/uris.json";
    const LISTED: &str = "https://rp.example/cb";

    async fn held(fetched_at: Timestamp) -> MemoryLedger {
        let ledger = MemoryLedger::default();
        let value = serde_json::json!({
            "sector": format!("sec_{}", "0".repeat(32)),
            "documents": { URI: { "listed": [LISTED], "fetched_at": fetched_at } },
        });
        let record = Record::new(RecordKind::SectorIdentifier, "sector.example", value.to_string());
        let done = ledger.commit(Batch::new().write(Write::PutRecord(record))).await;
        assert_eq!(done, Ok(CommitOutcome::Committed));
        ledger
    }

    /// Where nothing can be fetched: what was said last stands in for a week.
    #[tokio::test]
    async fn the_last_good_document_stands_in_for_a_week() {
        let at = Timestamp::from_seconds(1_800_000_000);
        let ledger = held(at).await;
        let addresses = ClientDocuments {
            sector_identifier_uri: Some(URI.to_owned()),
            jwks_uri: None,
        };
        for (later, is_held) in [
            (0, true),
            (FRESH_SECONDS, true),
            (LAST_GOOD_SECONDS - 1, true),
            (LAST_GOOD_SECONDS, false),
        ] {
            let now = at.plus_seconds(later);
            let found = fetch(None, &ledger, &addresses, &[LISTED.to_owned()], now).await;
            assert_eq!(found.is_ok(), is_held, "{later}");
            if let Ok(published) = found {
                let document = published.sector.unwrap();
                assert_eq!(
                    (document.listed.as_slice(), document.fetched_at),
                    (&[LISTED.to_owned()][..], at)
                );
            }
        }
        // Another document of the same host was never fetched; keys have no stand-in here.
        for addresses in [
            ClientDocuments {
                sector_identifier_uri: Some("https://sector.example/other.json".to_owned()),
                jwks_uri: None,
            },
            ClientDocuments {
                sector_identifier_uri: None,
                jwks_uri: Some(URI.to_owned()),
            },
        ] {
            let found = fetch(None, &ledger, &addresses, &[], at).await;
            assert!(matches!(
                found,
                Err(DocumentFault::Fault(MetadataFault::Unfetched { .. }))
            ));
        }
    }
}
