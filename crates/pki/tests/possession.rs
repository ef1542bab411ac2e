//! The table of TLS signature schemes: what each key may prove in each version.

#![allow(clippy::unwrap_used, reason = "a test's own helpers")]

use domain::Timestamp;
use pki::{PublicKey, Reason, TlsVersion, verify_possession};
use sim::card::{Card, CardSigning};
use sim::fault::Fault;
use sim::keys::{KeyAlgorithm, KeyCache, Seed, sha256_digest_info};
use sim::{CardRequest, Simulation};

use TlsVersion::{Tls12, Tls13};

const MESSAGE: &[u8] = b"what a CertificateVerify signs";
const SCHEMES: [u16; 16] = [
    0x0201, 0x0203, 0x0401, 0x0403, 0x0420, 0x0501, 0x0503, 0x0520, 0x0601, 0x0603, 0x0620, 0x0804, 0x0805,
    0x0806, 0x0807, 0x0809,
];

fn card(algorithm: KeyAlgorithm, signing: CardSigning, fault: Option<Fault>) -> Card {
    let mut world = Simulation::in_memory("possession", KeyCache::shared());
    let request = CardRequest {
        algorithm,
        signing: Some(signing),
        fault,
        ..CardRequest::default()
    };
    world
        .make_card(&request, Timestamp::from_seconds(1_795_000_000))
        .unwrap()
        .card()
        .unwrap()
}

/// The schemes under which a signature verifies in a version.
fn verifying(key: &PublicKey, version: TlsVersion, signature: &[u8]) -> Vec<u16> {
    SCHEMES
        .into_iter()
        .filter(|scheme| verify_possession(key, version, *scheme, MESSAGE, signature).is_ok())
        .collect()
}

fn key(card: &Card) -> PublicKey {
    PublicKey::of_certificate(card.certificate()).unwrap()
}

#[test]
fn pkcs1_counts_as_0401_in_1_2_and_as_0420_in_1_3_only() {
    for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::Rsa1024] {
        let mut card = card(algorithm, CardSigning::Pkcs1, None);
        let signature = card.sign_pkcs1v15("1234", &sha256_digest_info(MESSAGE)).unwrap();
        assert_eq!(
            verifying(&key(&card), Tls12, &signature),
            [0x0401],
            "{algorithm:?}"
        );
        assert_eq!(
            verifying(&key(&card), Tls13, &signature),
            [0x0420],
            "{algorithm:?}"
        );
        let refused = |version, scheme| verify_possession(&key(&card), version, scheme, MESSAGE, &signature);
        assert_eq!(
            refused(Tls13, 0x0401),
            Err(Reason::SchemeNotAllowed { scheme: 0x0401 })
        );
        assert_eq!(
            refused(Tls12, 0x0420),
            Err(Reason::SchemeNotAllowed { scheme: 0x0420 })
        );
        assert_eq!(refused(Tls12, 0x0501), Err(Reason::BadSignature));
        assert_eq!(
            verify_possession(&key(&card), Tls12, 0x0401, b"another", &signature),
            Err(Reason::BadSignature)
        );
    }
}

#[test]
fn pss_counts_in_both_and_from_2048_bits() {
    let mut chance = Seed::from_text("salt").stream("pss");
    let digest = {
        let info = sha256_digest_info(MESSAGE);
        let (_, digest) = info.split_last_chunk::<32>().unwrap();
        *digest
    };
    let mut card2048 = card(KeyAlgorithm::Rsa2048, CardSigning::Pss, None);
    let signature = card2048.sign_pss("1234", &digest, &mut chance).unwrap();
    assert_eq!(verifying(&key(&card2048), Tls12, &signature), [0x0804]);
    assert_eq!(verifying(&key(&card2048), Tls13, &signature), [0x0804]);
    let mut weak = card(KeyAlgorithm::Rsa1024, CardSigning::Pss, None);
    let signature = weak.sign_pss("1234", &digest, &mut chance).unwrap();
    assert_eq!(
        verifying(&key(&weak), Tls13, &signature),
        [0; 0],
        "the provider's limit: a TLS alert"
    );
}

#[test]
fn ecdsa_is_bound_to_its_curve() {
    let mut card = card(KeyAlgorithm::P384, CardSigning::Ecdsa, None);
    let signature = card.sign_ecdsa("1234", MESSAGE).unwrap();
    assert_eq!(verifying(&key(&card), Tls12, &signature), [0x0503]);
    assert_eq!(verifying(&key(&card), Tls13, &signature), [0x0503]);
    let refused = verify_possession(&key(&card), Tls13, 0x0403, MESSAGE, &signature);
    assert_eq!(refused, Err(Reason::SchemeNotAllowed { scheme: 0x0403 }));
}

#[test]
fn pkcs1_is_verified_strictly() {
    let mut card = card(KeyAlgorithm::Rsa2048, CardSigning::Pkcs1, None);
    let good = sha256_digest_info(MESSAGE);
    // The card pads what it is given, so whatever a lax verifier might overlook can be signed for real.
    let without_null = {
        let mut info = vec![0x30, 0x2f, 0x30, 0x0b];
        info.extend_from_slice(good.get(4..15).unwrap());
        info.extend_from_slice(good.get(17..).unwrap());
        info
    };
    let trailing = [good.as_slice(), &[0]].concat();
    let bare_digest = good.get(19..).unwrap().to_vec();
    for (what, info) in [
        ("no NULL", without_null),
        ("a byte more", trailing),
        ("no DigestInfo", bare_digest),
    ] {
        let signature = card.sign_pkcs1v15("1234", &info).unwrap();
        assert_eq!(verifying(&key(&card), Tls12, &signature), [0; 0], "{what}");
        assert_eq!(verifying(&key(&card), Tls13, &signature), [0; 0], "{what}");
    }
}
