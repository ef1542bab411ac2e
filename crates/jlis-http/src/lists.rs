//! Revocation lists: the manifest, and a list piece by piece.

use std::collections::HashSet;
use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Method, Response};
use jlis::{DownloadReason, ListEntry, ListSource, Received, Unavailable};
use jpki::CaKind;
use rustls::ClientConfig;
use serde::Deserialize;

use crate::line::{ClientReason, Limits, Line, Question};
use crate::name::unhex;

const MAX_NAME: usize = 64;

/// Bounds of deliveries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ListLimits {
    /// The question for the manifest.
    pub manifest: Limits,
    /// How many lists a manifest may name.
    pub lists: usize,
    /// The longest list, in bytes.
    pub list_bytes: u64,
    /// A list, from the first packet to the last byte.
    pub whole: Duration,
    /// How long nothing may arrive before the delivery is given up.
    pub stalled: Duration,
}

impl Default for ListLimits {
    /// Ten seconds and 1 MiB for a manifest of at most 4096 lists; a list of at most 2 GiB within an hour, never silent for
    /// 30 seconds. (J-LIS delivers once a day; 20 million entries have about 740 MB.)
    fn default() -> Self {
        Self {
            manifest: Limits {
                whole: Duration::from_secs(10),
                answer_bytes: 1 << 20,
            },
            lists: 4096,
            list_bytes: 2 << 30,
            whole: Duration::from_hours(1),
            stalled: Duration::from_secs(30),
        }
    }
}

/// Fetches lists over HTTP.
#[derive(Clone)]
pub struct HttpListSource {
    line: Line,
    limits: ListLimits,
}

impl HttpListSource {
    /// `address` and `tls` as for [`crate::HttpLinkSource::new`].
    pub fn new(
        address: &str,
        tls: Option<Arc<ClientConfig>>,
        limits: ListLimits,
    ) -> Result<Self, ClientReason> {
        Ok(Self {
            line: Line::without_path(address, tls)?,
            limits,
        })
    }
}

#[async_trait]
impl ListSource for HttpListSource {
    async fn manifest(&self) -> Result<Vec<ListEntry>, Unavailable> {
        let question = Question {
            method: Method::GET,
            path: "/v1/crl",
            content_type: None,
            accept: "application/json",
            body: Vec::new(),
        };
        let body = self.line.ask(question, self.limits.manifest).await?;
        read_manifest(&body, self.limits.lists)
    }

    async fn download(
        &self,
        entry: &ListEntry,
        into: &mut (dyn Write + Send),
    ) -> Result<Received, DownloadReason> {
        if entry.bytes > self.limits.list_bytes {
            return Err(DownloadReason::TooLarge {
                limit: self.limits.list_bytes,
            });
        }
        if !is_name(&entry.name) {
            return Err(DownloadReason::Unavailable(Unavailable::Unintelligible));
        }
        let path = format!("/v1/crl/{}", entry.name);
        let question = Question {
            method: Method::GET,
            path: &path,
            content_type: None,
            accept: "application/pkix-crl",
            body: Vec::new(),
        };
        let stalled = self.limits.stalled;
        let read = async move |response| copy(response, entry, into, stalled).await;
        tokio::time::timeout(self.limits.whole, self.line.exchange(question, read))
            .await
            .unwrap_or(Err(DownloadReason::Unavailable(Unavailable::TooSlow)))
    }
}

/// Copies the body, never more than announced.
async fn copy(
    response: Response<Incoming>,
    entry: &ListEntry,
    into: &mut (dyn Write + Send),
    stalled: Duration,
) -> Result<Received, DownloadReason> {
    let mut body = response.into_body();
    let mut digest = Context::new(&SHA256);
    let mut received: u64 = 0;
    let mut last = tokio::time::Instant::now();
    loop {
        let Ok(frame) = tokio::time::timeout_at(last + stalled, body.frame()).await else {
            return Err(DownloadReason::Stalled { received });
        };
        let frame = match frame {
            None => break,
            Some(Ok(frame)) => frame,
            Some(Err(_)) => return Err(DownloadReason::Unavailable(Unavailable::Unreachable)),
        };
        let Ok(piece) = frame.into_data() else { continue };
        if piece.is_empty() {
            continue;
        }
        last = tokio::time::Instant::now();
        received = received.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if received > entry.bytes {
            break;
        }
        digest.update(&piece);
        into.write_all(&piece)
            .map_err(|why| DownloadReason::Write(why.kind()))?;
    }
    if received != entry.bytes {
        return Err(DownloadReason::Length {
            announced: entry.bytes,
            received,
        });
    }
    into.flush().map_err(|why| DownloadReason::Write(why.kind()))?;
    if digest.finish().as_ref() != entry.sha256 {
        return Err(DownloadReason::Digest);
    }
    Ok(Received {
        bytes: received,
        sha256: entry.sha256,
    })
}

impl fmt::Debug for HttpListSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpListSource")
            .field("line", &self.line)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    lists: Vec<WireList>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireList {
    name: String,
    ca_kind: String,
    bytes: u64,
    sha256: String,
}

/// Reads the answer to `GET /v1/crl`, of at most `most` lists; [`Unavailable::Unintelligible`] for anything else than the documented form.
pub fn read_manifest(body: &[u8], most: usize) -> Result<Vec<ListEntry>, Unavailable> {
    let manifest: Manifest = serde_json::from_slice(body).map_err(|_| Unavailable::Unintelligible)?;
    if manifest.lists.len() > most {
        return Err(Unavailable::Unintelligible);
    }
    let mut names = HashSet::new();
    manifest
        .lists
        .into_iter()
        .map(|list| {
            let sha256 = unhex(&list.sha256)?.try_into().ok()?;
            let ca_kind = CaKind::from_text(&list.ca_kind)?;
            // Two names that differ in case only would be one file on some machines.
            let fresh = names.insert(list.name.to_ascii_lowercase());
            (fresh && is_name(&list.name)).then_some(ListEntry {
                name: list.name,
                ca_kind,
                bytes: list.bytes,
                sha256,
            })
        })
        .collect::<Option<Vec<_>>>()
        .ok_or(Unavailable::Unintelligible)
}

/// Safe in a path and as a file name.
fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(lists: &[(&str, &str, &str)]) -> String {
        let lists: Vec<_> = lists
            .iter()
            .map(|(name, kind, sha256)| {
                format!(r#"{{"name":"{name}","ca_kind":"{kind}","bytes":5,"sha256":"{sha256}"}}"#)
            })
            .collect();
        format!(r#"{{"lists":[{}]}}"#, lists.join(","))
    }

    #[test]
    fn a_manifest_is_read_whole_or_not_at_all() {
        let hash = "ab".repeat(32);
        let kind = "user-authentication";
        let read = |body: &str| read_manifest(body.as_bytes(), 2);
        assert_eq!(read(r#"{"lists":[]}"#), Ok(Vec::new()));
        let fine = read(&manifest(&[("auth-0001.crl", kind, &hash)])).unwrap();
        let expected = ListEntry {
            name: "auth-0001.crl".into(),
            ca_kind: CaKind::UserAuthentication,
            bytes: 5,
            sha256: [0xab; 32],
        };
        assert_eq!(fine, [expected]);
        let long = "x".repeat(65);
        for bad in [
            String::new(),
            "{}".to_owned(),
            r#"{"lists":[],"more":0}"#.to_owned(),
            manifest(&[("", kind, &hash)]),
            manifest(&[("../auth.crl", kind, &hash)]),
            manifest(&[(".crl", kind, &hash)]),
            manifest(&[("a/b", kind, &hash)]),
            manifest(&[("a b", kind, &hash)]),
            manifest(&[("a%2e", kind, &hash)]),
            manifest(&[("a?b", kind, &hash)]),
            manifest(&[(&long, kind, &hash)]),
            manifest(&[("a", "somebody", &hash)]),
            manifest(&[("a", kind, &hash[2..])]),
            manifest(&[("a", kind, &hash.to_uppercase())]),
            manifest(&[("a", kind, &hash), ("A", kind, &hash)]),
            manifest(&[("a", kind, &hash), ("b", kind, &hash), ("c", kind, &hash)]),
            r#"{"lists":[{"name":"a","ca_kind":"user-authentication","bytes":-5,"sha256":""}]}"#.to_owned(),
        ] {
            assert_eq!(read(&bad), Err(Unavailable::Unintelligible), "{bad}");
        }
    }
}
