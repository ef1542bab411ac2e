//! Project Wycheproof: compact JWS and JWK sets, as clients send them and as proofs of possession carry them.
//!
//! What the vectors call valid is accepted where it is in the compact form and of an algorithm that exists for us; everything else,
//! every HMAC, curve that is not ours and JSON serialisation with it, must be refused. Ed25519 has no vectors in this set: those stand in
//! `crates/jose`.

use std::collections::BTreeMap;

use jose::{Algorithm, JwkSet, Verification};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::suite;

/// Valid cases of our algorithms, at least.
const MOST_OF_OURS: usize = 19;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    public: Option<Value>,
    #[serde(default)]
    private: Option<Value>,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    tc_id: u32,
    comment: String,
    #[serde(default)]
    jws: Option<Value>,
    result: String,
}

/// The key set that the verifier holds: the public part where there is one.
fn keys(group: &Group) -> Result<JwkSet, jose::Reason> {
    let key = group.public.as_ref().or(group.private.as_ref()).unwrap();
    let mut set = if key.get("keys").is_some() {
        key.clone()
    } else {
        json!({ "keys": [key] })
    };
    // Some groups show the private half alone; a verifier holds the public one.
    for key in set["keys"].as_array_mut().unwrap() {
        let members = key.as_object_mut().unwrap();
        for name in ["d", "p", "q", "dp", "dq", "qi"] {
            members.remove(name);
        }
    }
    JwkSet::parse(&set.to_string())
}

fn verify(group: &Group, case: &Case) -> Result<(), jose::Reason> {
    let accept = Verification {
        algorithms: &Algorithm::ALL,
        types: &["JWT"],
        untyped: true,
        max_bytes: 64 * 1024,
    };
    let text = case.jws.as_ref().and_then(Value::as_str).unwrap_or_default();
    jose::verify(text, &keys(group)?, &accept).map(|_| ())
}

/// Whether the token's own header names one of our algorithms.
fn is_ours(case: &Case) -> bool {
    let text = case.jws.as_ref().and_then(Value::as_str).unwrap_or_default();
    let header = text.split('.').next().and_then(jose::decode_base64url);
    header
        .and_then(|header| serde_json::from_slice::<Value>(&header).ok())
        .and_then(|header| {
            header
                .get("alg")
                .and_then(Value::as_str)
                .and_then(Algorithm::from_name)
        })
        .is_some()
}

#[test]
fn wycheproof_jose() {
    let text = suite::own("wycheproof-jose.json.gz");
    let files: BTreeMap<String, File> = serde_json::from_slice(&text).unwrap();
    let mut outcomes = Vec::new();
    for (name, file) in &files {
        let before = outcomes.len();
        for group in &file.test_groups {
            for case in &group.tests {
                let outcome = verify(group, case).map_err(|reason| reason.to_string());
                let expected = case.result == "valid" && is_ours(case);
                outcomes.push((
                    format!("{name} {} {}", case.tc_id, case.comment),
                    expected,
                    outcome,
                ));
            }
        }
        assert_eq!(outcomes.len() - before, file.number_of_tests, "{name}");
    }
    let accepted = outcomes.iter().filter(|(_, expected, _)| *expected).count();
    assert!(
        accepted >= MOST_OF_OURS && outcomes.len() >= 510,
        "{accepted} {}",
        outcomes.len()
    );
    suite::judge("wycheproof-jose", &outcomes);
}
