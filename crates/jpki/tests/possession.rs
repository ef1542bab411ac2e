//! Possession outside TLS: each algorithm with its own keys, and nothing that was not signed as a whole.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own helpers"
)]

use domain::Timestamp;
use jpki::{Possession, PossessionReason, StatementAlgorithm};
use sim::card::{Card, CardSigning};
use sim::keys::{KeyAlgorithm, KeyCache, Seed, sha256_digest_info};
use sim::{CardRequest, Simulation};

const STATEMENT: &[u8] = b"GAP-IDP-CARD-SIGN-IN-CHALLENGE-V1\norigin: https://idp.example.go.jp\n";

fn card(algorithm: KeyAlgorithm, signing: CardSigning) -> Card {
    let mut simulation = Simulation::in_memory("possession", KeyCache::shared());
    let request = CardRequest {
        algorithm,
        signing: Some(signing),
        ..CardRequest::default()
    };
    let now = Timestamp::parse_rfc3339("2026-11-21T09:00:00+09:00").unwrap();
    let record = simulation.make_card(&request, now).unwrap();
    simulation.card(&record.id).unwrap()
}

fn sign(card: &mut Card, octets: &[u8]) -> (StatementAlgorithm, Vec<u8>) {
    let info = sha256_digest_info(octets);
    match card.signing() {
        CardSigning::Pkcs1 => (
            StatementAlgorithm::RsaPkcs1Sha256,
            card.sign_pkcs1v15("1234", &info).unwrap(),
        ),
        CardSigning::Pss => {
            let digest: [u8; 32] = info[19..].try_into().unwrap();
            let mut chance = Seed::from_text("salt").stream("pss");
            (
                StatementAlgorithm::RsaPssSha256,
                card.sign_pss("1234", &digest, &mut chance).unwrap(),
            )
        }
        CardSigning::Ecdsa => (
            StatementAlgorithm::EcdsaP384Sha384,
            card.sign_ecdsa("1234", octets).unwrap(),
        ),
    }
}

const CARDS: [(KeyAlgorithm, CardSigning); 3] = [
    (KeyAlgorithm::Rsa2048, CardSigning::Pkcs1),
    (KeyAlgorithm::Rsa2048, CardSigning::Pss),
    (KeyAlgorithm::P384, CardSigning::Ecdsa),
];

#[test]
fn each_card_proves_possession_of_its_own_certificate_by_its_own_algorithm() {
    for (key, signing) in CARDS {
        let mut card = card(key, signing);
        let (algorithm, signature) = sign(&mut card, STATEMENT);
        let certificate = card.certificate().to_vec();
        let proven = Possession::by_statement(&certificate, algorithm, STATEMENT, &signature).unwrap();
        assert_eq!(
            (proven.certificate(), proven.algorithm()),
            (certificate.as_slice(), algorithm)
        );
        for other in StatementAlgorithm::ALL
            .into_iter()
            .filter(|other| *other != algorithm)
        {
            assert!(
                Possession::by_statement(&certificate, other, STATEMENT, &signature).is_err(),
                "{other:?}"
            );
        }
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert_eq!(
                Possession::by_statement(&certificate, algorithm, STATEMENT, &changed).err(),
                Some(PossessionReason::BadSignature)
            );
        }
        for statement in [
            &STATEMENT[1..],
            &STATEMENT[..STATEMENT.len() - 1],
            b"",
            &sha256_digest_info(STATEMENT),
        ] {
            assert!(Possession::by_statement(&certificate, algorithm, statement, &signature).is_err());
        }
    }
}

#[test]
fn a_key_that_is_too_short_proves_possession_so_that_its_weakness_can_be_told() {
    let mut card = card(KeyAlgorithm::Rsa1024, CardSigning::Pkcs1);
    let (algorithm, signature) = sign(&mut card, STATEMENT);
    let certificate = card.certificate().to_vec();
    assert!(Possession::by_statement(&certificate, algorithm, STATEMENT, &signature).is_ok());
}

#[test]
fn what_is_no_certificate_is_told_and_never_panics() {
    let mut good = card(KeyAlgorithm::Rsa2048, CardSigning::Pkcs1);
    let (algorithm, signature) = sign(&mut good, STATEMENT);
    let certificate = good.certificate().to_vec();
    for end in 0..certificate.len() {
        let refused = Possession::by_statement(&certificate[..end], algorithm, STATEMENT, &signature).err();
        assert!(
            matches!(refused, Some(PossessionReason::Unreadable(_))),
            "cut at {end}: {refused:?}"
        );
    }
    let ec = card(KeyAlgorithm::P384, CardSigning::Ecdsa);
    assert_eq!(
        Possession::by_statement(ec.certificate(), algorithm, STATEMENT, &signature).err(),
        Some(PossessionReason::OtherKey)
    );
}

#[test]
fn algorithms_have_one_spelling_each() {
    for algorithm in StatementAlgorithm::ALL {
        assert_eq!(StatementAlgorithm::from_text(algorithm.as_str()), Some(algorithm));
    }
    for text in ["", "none", "RSA-PKCS1-SHA256", "rsa-pkcs1-sha1"] {
        assert_eq!(StatementAlgorithm::from_text(text), None);
    }
}
