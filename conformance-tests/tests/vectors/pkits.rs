//! NIST PKITS 1.0.1: section 6 of RFC 5280 with policies, name constraints and lists.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use pki::{Anchors, Certificate, Issuers, Oid, PathInputs, RevocationLists, Status, Target, find_path};
use serde::Deserialize;

use crate::suite;

#[derive(Deserialize)]
struct Pkits {
    policies: HashMap<String, String>,
    cases: Vec<Case>,
    certs: HashMap<String, String>,
    crls: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Case {
    test: String,
    title: String,
    /// From the trust anchor to the end entity; issuers of lists are among them.
    certs: Vec<String>,
    crls: Vec<String>,
    should_validate: bool,
    #[serde(default)]
    initial_policy_set: Vec<String>,
    #[serde(default)]
    initial_explicit_policy: bool,
    #[serde(default)]
    initial_policy_mapping_inhibit: bool,
    #[serde(default)]
    initial_inhibit_any_policy: bool,
    expected_user_constrained_policy_set: Option<Vec<String>>,
}

#[test]
fn pkits() {
    let Some(text) = suite::read("pkits.json.gz") else {
        return;
    };
    let pkits: Pkits = serde_json::from_slice(&text).unwrap();
    assert_eq!(pkits.cases.len(), 249);
    let outcomes: Vec<_> = pkits
        .cases
        .iter()
        .map(|case| {
            let name = format!("{} {}", case.test, case.title);
            (name, case.should_validate, run(&pkits, case))
        })
        .collect();
    suite::judge("pkits", &outcomes);
}

fn run(pkits: &Pkits, case: &Case) -> Result<(), String> {
    let der = |name: &String| STANDARD.decode(&pkits.certs[name]).unwrap();
    let (anchor, rest) = case.certs.split_first().unwrap();
    let (target, between) = rest.split_last().unwrap();
    let parse = |name: &String| Certificate::parse(&der(name)).map_err(|reason| reason.to_string());
    let anchors = Anchors::new([parse(anchor)?]).unwrap();
    let between: Vec<Vec<u8>> = between.iter().map(der).collect();
    let issuers = Issuers::from_der(between.iter().map(Vec::as_slice)).unwrap();
    let lists: Vec<Vec<u8>> = case
        .crls
        .iter()
        .map(|name| STANDARD.decode(&pkits.crls[name]).unwrap())
        .collect();
    let lists = RevocationLists::from_der(lists.iter().map(Vec::as_slice));
    let target = Target::new(parse(target)?).unwrap();
    let oid = |name: &String| pkits.policies[name].parse::<Oid>().unwrap();
    let mut inputs = PathInputs::at(Timestamp::parse_rfc3339("2026-11-21T00:00:00Z").unwrap());
    inputs.policies = case.initial_policy_set.iter().map(oid).collect();
    inputs.require_explicit_policy = case.initial_explicit_policy;
    inputs.inhibit_policy_mapping = case.initial_policy_mapping_inhibit;
    inputs.inhibit_any_policy = case.initial_inhibit_any_policy;
    let path = find_path(&target, &[&issuers], &anchors, Status::Lists(&lists), &inputs)
        .map_err(|refusal| refusal.to_string())?;
    if let (true, Some(expected)) = (case.should_validate, &case.expected_user_constrained_policy_set) {
        let mut expected: Vec<Oid> = expected.iter().map(oid).collect();
        expected.sort();
        if path.policies() != expected {
            return Err(format!("policies {:?}, not {expected:?}", path.policies()));
        }
    }
    Ok(())
}
