//! Whose delivery a list belongs to, however damaged it is.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use async_trait::async_trait;
use domain::Timestamp;
use jlis::{DownloadReason, ListEntry, ListSource, Received, Unavailable};
use jpki::{CaKind, JpkiConfig, PinnedCa};
use sim::Simulation;
use sim::authority::{Authority, Hierarchy};
use sim::crl::{CrlFacts, Entry, RevocationReason, crl};
use sim::keys::KeyCache;

use super::delivery::Delivery;
use super::fetch::fetch;

const AUTHENTICATION: CaKind = CaKind::UserAuthentication;
const SIGNING: CaKind = CaKind::DigitalSignature;

fn authority(kind: sim::authority::CaKind) -> Authority {
    Simulation::in_memory("deliveries", KeyCache::shared())
        .authority(Hierarchy::Test, kind, 3)
        .unwrap()
}

fn profile() -> JpkiConfig {
    let pinned = [
        (AUTHENTICATION, sim::authority::CaKind::UserAuthentication),
        (SIGNING, sim::authority::CaKind::DigitalSignature),
    ]
    .map(|(kind, simulated)| PinnedCa::from_der(kind, "third", &authority(simulated).certificate).unwrap());
    JpkiConfig::new(jpki::Mode::Test, pinned.into())
}

fn list(kind: CaKind, entries: u64) -> Vec<u8> {
    let made = Timestamp::from_seconds(1_795_000_000);
    let facts = CrlFacts {
        number: 1,
        this_update: made,
        next_update: Some(made.plus_seconds(86_400)),
        distribution_point: None,
    };
    let entry = |serial| Entry {
        serial,
        at: made,
        reason: RevocationReason::Superseded,
    };
    let authority = authority(match kind {
        CaKind::UserAuthentication => sim::authority::CaKind::UserAuthentication,
        CaKind::DigitalSignature => sim::authority::CaKind::DigitalSignature,
    });
    crl(&authority, &facts, &(1..=entries).map(entry).collect::<Vec<_>>()).unwrap()
}

/// Names of the files of an authority's delivery.
fn names(directory: &Path, kind: CaKind) -> Vec<String> {
    Delivery::of(directory, kind, &profile())
        .unwrap()
        .map(|delivery| delivery.files)
        .unwrap_or_default()
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_damaged_list_stays_with_the_authority_that_its_beginning_names() {
    let place = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(place.path().join(name), bytes).unwrap();
    for kind in [AUTHENTICATION, SIGNING] {
        for entries in [0, 3] {
            let whole = list(kind, entries);
            put(&format!("{}-{entries}-whole.crl", kind.as_str()), &whole);
            let mut forged = whole.clone();
            *forged.last_mut().unwrap() ^= 1;
            put(&format!("{}-{entries}-forged.crl", kind.as_str()), &forged);
            put(
                &format!("{}-{entries}-short.crl", kind.as_str()),
                &whole[..whole.len() - 9],
            );
        }
    }
    put("garbage.crl", b"no list");
    for kind in [AUTHENTICATION, SIGNING] {
        let found = names(place.path(), kind);
        let own = found
            .iter()
            .filter(|name| name.starts_with(kind.as_str()))
            .count();
        assert_eq!(own, 6, "{found:?}");
        let garbage = usize::from(kind == AUTHENTICATION);
        assert_eq!(found.len(), 6 + garbage, "{found:?}");
    }
}

#[test]
fn what_lies_in_an_authority_s_own_directory_is_its_delivery_whatever_it_says() {
    let place = tempfile::tempdir().unwrap();
    let own = place.path().join(SIGNING.as_str());
    fs::create_dir(&own).unwrap();
    fs::write(own.join("garbage.crl"), b"no list").unwrap();
    fs::write(own.join("other.crl"), list(AUTHENTICATION, 1)).unwrap();
    assert!(
        Delivery::of(place.path(), AUTHENTICATION, &profile())
            .unwrap()
            .is_none()
    );
    fs::write(place.path().join("auth.crl"), list(AUTHENTICATION, 1)).unwrap();
    assert_eq!(names(place.path(), AUTHENTICATION), ["auth.crl"]);
    assert_eq!(names(place.path(), SIGNING), ["garbage.crl", "other.crl"]);
    // What changes there is no news for the other authority.
    let stamp = |kind| {
        Delivery::of(place.path(), kind, &profile())
            .unwrap()
            .unwrap()
            .stamp
    };
    let before = (stamp(AUTHENTICATION), stamp(SIGNING));
    fs::write(own.join("garbage.crl"), b"no list at all").unwrap();
    assert_eq!(stamp(AUTHENTICATION), before.0);
    assert_ne!(stamp(SIGNING), before.1);
}

/// Lists by name; those without bytes do not arrive.
struct Source(HashMap<&'static str, (CaKind, Option<Vec<u8>>)>);

#[async_trait]
impl ListSource for Source {
    async fn manifest(&self) -> Result<Vec<ListEntry>, Unavailable> {
        let entry = |(name, (ca_kind, bytes)): (&&'static str, &(CaKind, Option<Vec<u8>>))| ListEntry {
            name: (*name).to_owned(),
            ca_kind: *ca_kind,
            bytes: bytes
                .as_ref()
                .map_or(7, |bytes| u64::try_from(bytes.len()).unwrap()),
            sha256: [0; 32],
        };
        Ok(self.0.iter().map(entry).collect())
    }

    async fn download(
        &self,
        entry: &ListEntry,
        into: &mut (dyn Write + Send),
    ) -> Result<Received, DownloadReason> {
        let bytes = self.0[entry.name.as_str()]
            .1
            .as_ref()
            .ok_or(DownloadReason::Digest)?;
        into.write_all(bytes)
            .map_err(|error| DownloadReason::Write(error.kind()))?;
        Ok(Received {
            bytes: entry.bytes,
            sha256: entry.sha256,
        })
    }
}

#[tokio::test]
async fn one_authority_s_trouble_is_nothing_to_the_other() {
    let place = tempfile::tempdir().unwrap();
    let into = place.path().join("delivered");
    // Left by an earlier version of the platform.
    fs::create_dir(&into).unwrap();
    fs::write(into.join("manifest"), "auth").unwrap();
    fs::write(into.join("former.crl"), list(AUTHENTICATION, 0)).unwrap();
    let mut source = Source(HashMap::from([
        ("auth", (AUTHENTICATION, Some(list(AUTHENTICATION, 1)))),
        ("sign", (SIGNING, None)),
    ]));
    let fetched = fetch(&source, &into).await.unwrap();
    assert!(fetched.anything_new);
    assert_eq!(fetched.failed.len(), 1, "{fetched:?}");
    assert_eq!(names(&into, AUTHENTICATION), ["auth.crl"]);
    assert!(names(&into, SIGNING).is_empty());
    // Damaged beyond recognition, but it arrives: the manifest says whose it is.
    source.0.insert("sign", (SIGNING, Some(b"no list".to_vec())));
    // And a list of the other authority under its name is no delivery of the other authority.
    source.0.insert("lie", (SIGNING, Some(list(AUTHENTICATION, 2))));
    let fetched = fetch(&source, &into).await.unwrap();
    assert!(fetched.anything_new && fetched.failed.is_empty(), "{fetched:?}");
    assert_eq!(names(&into, AUTHENTICATION), ["auth.crl"]);
    assert_eq!(names(&into, SIGNING), ["lie.crl", "sign.crl"]);
    let fetched = fetch(&source, &into).await.unwrap();
    assert!(!fetched.anything_new && fetched.failed.is_empty(), "{fetched:?}");
}
