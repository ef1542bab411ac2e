//! C2SP x509-limbo with `BetterTLS`: certificates as TLS servers and clients present them.
//!
//! The host name is matched here (`host.rs`), and so is what only the web's own policy asks for: `crates/pki` knows neither.

use domain::Timestamp;
use pki::{
    AnchorUse, Anchors, Certificate, Form, Issuers, Oid, PathInputs, RevocationLists, Status, Target,
    find_path,
};
use serde::Deserialize;

use crate::{host, suite};

/// For the cases that leave the time to the one who runs them.
const UNTIMED: &str = "2026-11-21T00:00:00Z";

#[derive(Deserialize)]
struct Limbo {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    validation_kind: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
    key_usage: Vec<String>,
    extended_key_usage: Vec<String>,
    expected_result: String,
    expected_peer_name: Option<PeerName>,
    expected_peer_names: Vec<PeerName>,
    max_chain_depth: Option<u32>,
    crls: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct PeerName {
    pub(crate) kind: String,
    pub(crate) value: String,
}

#[test]
fn limbo() {
    let Some(text) = suite::read("x509-limbo.json.gz") else {
        return;
    };
    let limbo: Limbo = serde_json::from_slice(&text).unwrap();
    assert_eq!(limbo.testcases.len(), 9_780);
    let outcomes: Vec<_> = limbo
        .testcases
        .iter()
        .map(|case| (case.id.clone(), case.expected_result == "SUCCESS", run(case)))
        .collect();
    suite::judge("x509-limbo", &outcomes);
}

fn run(case: &Case) -> Result<(), String> {
    let trusted = case
        .trusted_certs
        .iter()
        .filter_map(|pem| Certificate::parse(&suite::pem(pem)).ok());
    let anchors = Anchors::new(trusted).map_err(|reason| reason.to_string())?;
    let between: Vec<Vec<u8>> = case
        .untrusted_intermediates
        .iter()
        .map(|pem| suite::pem(pem))
        .collect();
    let issuers = Issuers::from_der(between.iter().map(Vec::as_slice)).unwrap();
    let target =
        Certificate::parse(&suite::pem(&case.peer_certificate)).map_err(|reason| reason.to_string())?;
    for usage in &case.key_usage {
        assert_eq!(usage, "digitalSignature");
        if target
            .extensions()
            .key_usage
            .is_some_and(|usage| !usage.digital_signature())
        {
            return Err("profile: keyUsage".to_owned());
        }
    }
    let time = case.validation_time.as_deref().unwrap_or(UNTIMED);
    let mut inputs = PathInputs::at(Timestamp::parse_rfc3339(time).unwrap());
    inputs.anchor = AnchorUse::Certificate;
    inputs.form = Form::Strict;
    inputs.path_length = case.max_chain_depth;
    inputs.purpose = Some(purpose(case));
    let lists: Vec<Vec<u8>> = case.crls.iter().map(|pem| suite::pem(pem)).collect();
    let lists = RevocationLists::from_der(lists.iter().map(Vec::as_slice));
    let status = if case.crls.is_empty() {
        Status::NotAsked
    } else {
        Status::Lists(&lists)
    };
    let target = Target::new(target).unwrap();
    find_path(&target, &[&issuers], &anchors, status, &inputs).map_err(|refusal| refusal.to_string())?;
    for name in case.expected_peer_name.iter().chain(&case.expected_peer_names) {
        if !host::matches(target.certificate().extensions(), name) {
            return Err("profile: peer name".to_owned());
        }
    }
    Ok(())
}

fn purpose(case: &Case) -> Oid {
    let server = Oid::new_unwrap("1.3.6.1.5.5.7.3.1");
    let client = Oid::new_unwrap("1.3.6.1.5.5.7.3.2");
    match (
        case.extended_key_usage.first().map(String::as_str),
        case.validation_kind.as_str(),
    ) {
        (Some("clientAuth"), _) | (None, "CLIENT") => client,
        (Some("serverAuth"), _) | (None, "SERVER") => server,
        other => panic!("{other:?}"),
    }
}
