use super::*;

fn keys(versions: &[u32]) -> SealingKeys {
    let raw: Vec<_> = versions
        .iter()
        .map(|version| RawVersion {
            version: *version,
            digest: Zeroizing::new([u8::try_from(*version).unwrap(); 32]),
            sealing: Zeroizing::new([u8::try_from(*version).unwrap() ^ 0xff; 32]),
        })
        .collect();
    SealingKeys::from_raw(&raw).unwrap()
}

fn account(digit: &str) -> AccountId {
    format!("acc_{}", digit.repeat(32)).parse().unwrap()
}

const ISSUER: [u8; 32] = [7; 32];
const KIND: CertificateKind = CertificateKind::UserAuthentication;

#[test]
fn a_digest_names_one_certificate_only() {
    let keys = keys(&[1]);
    let digest = |kind, issuer: &[u8; 32], serial: &[u8]| keys.digest(kind, issuer, serial).value;
    let one = digest(KIND, &ISSUER, &[1, 2]);
    assert_eq!(one.len(), 64);
    assert_eq!(
        one,
        digest(KIND, &ISSUER, &[0, 0, 1, 2]),
        "leading zeros are no part of a number"
    );
    assert_ne!(one, digest(KIND, &ISSUER, &[1, 2, 0]));
    assert_ne!(one, digest(KIND, &[8; 32], &[1, 2]));
    assert_ne!(one, digest(CertificateKind::Signature, &ISSUER, &[1, 2]));
    assert_ne!(one, jose::digest::sha256_hex(&[1, 2]));
}

#[test]
fn a_digest_is_hmac_sha_256_as_an_independent_tool_computes_it() {
    // printf 'gap certificate digest 1\0\001' + 32×07 + 01 02 | openssl dgst -sha256 -mac HMAC -macopt hexkey:01…
    assert_eq!(
        keys(&[1]).digest(KIND, &ISSUER, &[1, 2]).value,
        "c23ecb2f840c3641f539e5a4b7b91d37b26e07c6f8b6d42d0d7a6db4b8d1024f"
    );
}

#[test]
fn rotation_reads_old_versions_and_writes_the_newest() {
    let (old, both) = (keys(&[1]), keys(&[1, 2]));
    let before = old.digest(KIND, &ISSUER, &[5]);
    let after = both.digests(KIND, &ISSUER, &[5]);
    assert_eq!(
        after.iter().map(|digest| digest.key_version).collect::<Vec<_>>(),
        [2, 1]
    );
    assert_eq!(after[1], before);
    assert_ne!(after[0].value, before.value);
    assert_eq!(both.current_version(), 2);

    let sealed = old.seal(&[5], Owner::Account(&account("a"))).unwrap();
    assert_eq!(
        both.open(&sealed, Owner::Account(&account("a")))
            .unwrap()
            .as_slice(),
        [5]
    );
    assert_eq!(
        both.seal(&[5], Owner::Account(&account("a")))
            .unwrap()
            .key_version,
        2
    );
    assert_eq!(
        keys(&[2])
            .open(&sealed, Owner::Account(&account("a")))
            .unwrap_err(),
        SealingFault::UnknownVersion(1)
    );
}

#[test]
fn a_sealed_serial_opens_for_its_account_only() {
    let keys = keys(&[1, 2]);
    let serial = [0x01, 0x23, 0x45, 0x67, 0x89];
    let sealed = keys.seal(&serial, Owner::Account(&account("a"))).unwrap();
    assert_eq!(
        keys.open(&sealed, Owner::Account(&account("a")))
            .unwrap()
            .as_slice(),
        serial
    );
    assert_eq!(
        keys.open(&sealed, Owner::Account(&account("b"))).unwrap_err(),
        SealingFault::Forged
    );
    let again = keys.seal(&serial, Owner::Account(&account("a"))).unwrap();
    assert_ne!(again.sealed, sealed.sealed, "a fresh nonce each time");

    let bytes = jose::decode_base64url(&sealed.sealed).unwrap();
    assert_eq!(bytes.len(), 12 + serial.len() + 16);
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let forged = SealedSerial {
            sealed: jose::encode_base64url(changed),
            ..sealed.clone()
        };
        assert_eq!(
            keys.open(&forged, Owner::Account(&account("a"))).unwrap_err(),
            SealingFault::Forged
        );
    }
    for short in [0, 11, 12, 27] {
        let forged = SealedSerial {
            sealed: jose::encode_base64url(&bytes[..short]),
            ..sealed.clone()
        };
        assert_eq!(
            keys.open(&forged, Owner::Account(&account("a"))).unwrap_err(),
            SealingFault::Forged
        );
    }
    let relabelled = SealedSerial {
        key_version: 1,
        ..sealed
    };
    assert_eq!(
        keys.open(&relabelled, Owner::Account(&account("a"))).unwrap_err(),
        SealingFault::Forged
    );
}

#[test]
fn versions_are_needed_and_distinct_and_never_shown() {
    assert_eq!(SealingKeys::from_raw(&[]).unwrap_err(), SealingFault::Versions);
    let twice: Vec<_> = (0..2)
        .map(|_| RawVersion {
            version: 3,
            digest: Zeroizing::new([0; 32]),
            sealing: Zeroizing::new([0; 32]),
        })
        .collect();
    assert_eq!(SealingKeys::from_raw(&twice).unwrap_err(), SealingFault::Versions);
    assert_eq!(
        format!("{:?}", keys(&[1, 2])),
        "SealingKeys { versions: [2, 1], keys: *** }"
    );
}

#[test]
fn stamps_are_known_to_every_version_and_made_by_nobody_else() {
    let old = keys(&[1]);
    let new = keys(&[1, 2]);
    let (before, after) = (old.stamps("nonce", b"7"), new.stamps("nonce", b"7"));
    assert_eq!((before.len(), after.len()), (1, 2));
    assert_eq!(after[1], before[0], "the older version's stamp is still known");
    assert_ne!(after[0], before[0], "the newer one writes");
    assert_eq!(before[0].len(), 22);
    assert_ne!(old.stamps("nonce", b"8"), before);
    assert_ne!(old.stamps("other", b"7"), before);
}
