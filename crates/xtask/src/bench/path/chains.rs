//! The chains that both sides validate.

use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use pki::Oid;
use serde::Deserialize;
use sim::gpki::{Bridge, Draft, JPKI_POLICY, ListDraft, Party, Subtrees};
use sim::keys::KeyAlgorithm;

use crate::Failure;

/// id-kp-serverAuth.
pub(crate) const SERVER_AUTH: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.3.1");

/// A chain that is valid, and what is asked of it.
#[derive(Clone)]
pub(crate) struct Chain {
    /// Without spaces.
    pub(crate) name: String,
    pub(crate) at: Timestamp,
    pub(crate) anchors: Vec<Vec<u8>>,
    pub(crate) between: Vec<Vec<u8>>,
    pub(crate) target: Vec<u8>,
    pub(crate) lists: Vec<Vec<u8>>,
    pub(crate) policies: Vec<Oid>,
    pub(crate) explicit_policy: bool,
    pub(crate) server: bool,
}

/// Ours and those of real servers.
pub(crate) fn all(vectors: &Path) -> Result<Vec<Chain>, Failure> {
    let now = Timestamp::parse_rfc3339("2026-11-21T00:00:00Z")?;
    let mut chains = plain(now)?;
    chains.extend(bridge(now)?);
    chains.extend(real_servers(vectors)?);
    Ok(chains)
}

fn chain(name: &str, at: Timestamp, anchor: Vec<u8>, between: Vec<Vec<u8>>, target: Vec<u8>) -> Chain {
    Chain {
        name: name.to_owned(),
        at,
        anchors: vec![anchor],
        between,
        target,
        lists: Vec::new(),
        policies: Vec::new(),
        explicit_policy: false,
        server: false,
    }
}

/// Hierarchies of one kind of key, of several depths.
fn plain(now: Timestamp) -> Result<Vec<Chain>, Failure> {
    let mut chains = Vec::new();
    for (kind, algorithm) in [
        ("rsa", KeyAlgorithm::Rsa2048),
        ("p256", KeyAlgorithm::P256),
        ("p384", KeyAlgorithm::P384),
    ] {
        let root = Party::new("Bench", "root", &format!("bench root {kind}"), algorithm)?;
        let holder = Party::new("Bench", "holder", &format!("bench holder {kind}"), algorithm)?;
        let mut above = root.clone();
        let mut between = Vec::new();
        for depth in 0..=3_u64 {
            if matches!(depth, 0 | 1 | 3) {
                let target = Draft::holder(9, now).sign(&above, &holder)?;
                let name = format!("{kind}-{depth}-intermediates");
                chains.push(chain(&name, now, root.self_signed(now)?, between.clone(), target));
            }
            let label = format!("bench {kind} {depth}");
            let here = Party::new("Bench", &format!("level {depth}"), &label, algorithm)?;
            between.push(Draft::authority(depth + 10, now).sign(&above, &here)?);
            above = here;
        }
    }
    chains.push(generations(now)?);
    chains.push(constrained(now)?);
    Ok(chains)
}

/// Three pinned generations of one name; the key identifier tells which.
fn generations(now: Timestamp) -> Result<Chain, Failure> {
    let first = Party::new(
        "Bench",
        "generations",
        "bench generation 1",
        KeyAlgorithm::Rsa2048,
    )?;
    let second = first.rekeyed("bench generation 2", KeyAlgorithm::Rsa2048)?;
    let third = first.rekeyed("bench generation 3", KeyAlgorithm::Rsa2048)?;
    let holder = Party::new("Bench", "holder", "bench holder rsa", KeyAlgorithm::Rsa2048)?;
    let target = Draft::holder(9, now).sign(&third, &holder)?;
    let mut chain = chain(
        "three-generations",
        now,
        first.self_signed(now)?,
        Vec::new(),
        target,
    );
    chain.anchors.push(second.self_signed(now)?);
    chain.anchors.push(third.self_signed(now)?);
    Ok(chain)
}

/// Twenty permitted and twenty excluded host subtrees, ten names.
fn constrained(now: Timestamp) -> Result<Chain, Failure> {
    let root = Party::new("Bench", "root", "bench root p256", KeyAlgorithm::P256)?;
    let middle = Party::new("Bench", "constrained", "bench constrained", KeyAlgorithm::P256)?;
    let holder = Party::new("Bench", "holder", "bench holder p256", KeyAlgorithm::P256)?;
    let subtrees = |what: &str| Subtrees {
        hosts: (0..20).map(|n| format!("{what}{n}.example")).collect(),
        ..Subtrees::default()
    };
    let below = middle.rekeyed("bench below", KeyAlgorithm::P256)?;
    let between = vec![
        Draft::authority(20, now)
            .permitted(&subtrees("good"))
            .sign(&root, &middle)?,
        Draft::authority(21, now)
            .excluded(&subtrees("bad"))
            .sign(&middle, &below)?,
    ];
    let hosts: Vec<String> = (10..20).map(|n| format!("www.good{n}.example")).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let target = Draft::holder(9, now).hosts(&hosts).sign(&below, &holder)?;
    Ok(chain(
        "name-constraints",
        now,
        root.self_signed(now)?,
        between,
        target,
    ))
}

/// Over the bridge: policies mapped, re-keys crossed, authorities' lists asked.
fn bridge(now: Timestamp) -> Result<Vec<Chain>, Failure> {
    let bridge = Bridge::generate(now)?;
    let mut corporation = chain(
        "bridge-corporation",
        now,
        bridge.jpki_1_root.clone(),
        vec![
            bridge.bridge_to_registry.clone(),
            bridge.bridge_link.clone(),
            bridge.jpki_to_bridge.clone(),
            bridge.jpki_link.clone(),
        ],
        bridge.corporation.clone(),
    );
    corporation.policies = vec![JPKI_POLICY];
    corporation.explicit_policy = true;
    let mut verifier = chain(
        "bridge-verifier",
        now,
        bridge.jpki_2_root.clone(),
        vec![bridge.bridge_to_verifier.clone(), bridge.jpki_to_bridge.clone()],
        bridge.responder.clone(),
    );
    verifier.policies = vec![JPKI_POLICY];
    verifier.explicit_policy = true;
    // OpenSSL wants each list signed by the very key above, so both sides get one per key.
    let mut with_lists = verifier.clone();
    "bridge-verifier-with-lists".clone_into(&mut with_lists.name);
    with_lists.lists = vec![
        ListDraft::new(1, now).sign(&bridge.jpki_2, &[])?,
        ListDraft::new(2, now).sign(&bridge.bridge_2, &[])?,
        ListDraft::new(3, now).sign(&bridge.verifier, &[])?,
    ];
    Ok(vec![corporation, verifier, with_lists])
}

#[derive(Deserialize)]
struct Limbo {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
}

/// Chains of real servers and of `BetterTLS`, from x509-limbo.
fn real_servers(vectors: &Path) -> Result<Vec<Chain>, Failure> {
    const WANTED: [(&str, &str); 8] = [
        ("online::google.com", "google.com"),
        ("online::amazon.com", "amazon.com"),
        ("online::microsoft.com", "microsoft.com"),
        ("online::apple.com", "apple.com"),
        ("online::cloudflare.com", "cloudflare.com"),
        ("online::docs.python.org", "docs.python.org"),
        ("bettertls::pathbuilding::tc0", "bettertls-tc0"),
        ("bettertls::pathbuilding::tc16", "bettertls-tc16"),
    ];
    let file = vectors.join("x509-limbo.json.gz");
    let mut text = Vec::new();
    let open = std::fs::File::open(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    flate2::read::GzDecoder::new(open).read_to_end(&mut text)?;
    let limbo: Limbo = serde_json::from_slice(&text)?;
    let der = |pem: &String| -> Result<Vec<u8>, Failure> {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        Ok(STANDARD.decode(body)?)
    };
    let mut chains = Vec::new();
    for (id, name) in WANTED {
        let case = limbo
            .testcases
            .iter()
            .find(|case| case.id == id)
            .ok_or_else(|| format!("no case {id}"))?;
        let at = case.validation_time.as_deref().ok_or("a case without a time")?;
        let anchors: Result<Vec<_>, _> = case.trusted_certs.iter().map(der).collect();
        let between: Result<Vec<_>, _> = case.untrusted_intermediates.iter().map(der).collect();
        chains.push(Chain {
            name: name.to_owned(),
            at: Timestamp::parse_rfc3339(at)?,
            anchors: anchors?,
            between: between?,
            target: der(&case.peer_certificate)?,
            lists: Vec::new(),
            policies: Vec::new(),
            explicit_policy: false,
            server: true,
        });
    }
    Ok(chains)
}
