use serde_json::json;

use super::*;
use crate::sample::{NOW, ProofKey, proof_claims, proven_request};

#[test]
fn a_good_proof_gives_its_key_and_what_to_remember() {
    let key = ProofKey::new();
    let text = key.sign(&key.header(), &proof_claims());
    let proof = Proof::read([text.as_str()].into_iter()).unwrap().unwrap();
    let proven = proof.check(&proven_request()).unwrap();
    assert_eq!(proven.jkt(), key.jkt());
    assert_eq!(
        proven.spent().until,
        NOW.plus_seconds(LIFE_SECONDS + SKEW_SECONDS)
    );
    // The same identifier from another key is another proof.
    let other = ProofKey::new();
    let text = other.sign(&other.header(), &proof_claims());
    let proof = Proof::read([text.as_str()].into_iter()).unwrap().unwrap();
    assert_ne!(
        proof.check(&proven_request()).unwrap().spent().key,
        proven.spent().key
    );
}

#[test]
fn none_is_none_and_two_are_too_many() {
    assert_eq!(Proof::read(std::iter::empty()), Ok(None));
    assert_eq!(
        Proof::read(["a.b.c", "a.b.c"].into_iter()).err(),
        Some(Reason::Dpop(DpopFault::Several))
    );
}

#[test]
fn every_rule_of_the_table_is_asked() {
    let key = ProofKey::new();
    let at = ProvenRequest {
        access_token: Some("x"),
        nonces: Nonces::Required(&[]),
        ..proven_request()
    };
    for (name, value, fault) in [
        ("htm", json!("GET"), DpopFault::Method),
        ("htu", json!("https://x.example/"), DpopFault::Address),
        ("iat", json!(1), DpopFault::Time),
        ("jti", json!(""), DpopFault::Claim("jti")),
        ("ath", json!("x"), DpopFault::AccessToken),
        (
            "ath",
            json!(jose::encode_base64url(jose::digest::sha256(b"x"))),
            DpopFault::Nonce,
        ),
    ] {
        let mut claims = proof_claims();
        claims[name] = value;
        let text = key.sign(&key.header(), &claims);
        let proof = Proof::read([text.as_str()].into_iter()).unwrap().unwrap();
        assert_eq!(proof.check(&at).err(), Some(Reason::Dpop(fault)), "{name}");
    }
    assert_eq!(RULES.len(), 6);
}
