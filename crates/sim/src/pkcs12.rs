//! A card's certificate and key as PKCS#12 (RFC 7292), for browsers and for curl.
//!
//! Key and certificate are encrypted with PBES2 (PBKDF2-HMAC-SHA-256, AES-256-CBC), the whole is authenticated with
//! HMAC-SHA-256: what OpenSSL 3 writes by default and what NSS reads.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, hmac, pbkdf2};
use domain::Entropy;

use crate::SimError;
use crate::asn1::{self, Oid};
use crate::keys::PrivateKey;

const DATA: Oid = Oid::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: Oid = Oid::new_unwrap("1.2.840.113549.1.7.6");
const PBES2: Oid = Oid::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: Oid = Oid::new_unwrap("1.2.840.113549.1.5.12");
const HMAC_SHA256: Oid = Oid::new_unwrap("1.2.840.113549.2.9");
const AES_256_CBC: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.1.42");
const SHA256: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHROUDED_KEY_BAG: Oid = Oid::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: Oid = Oid::new_unwrap("1.2.840.113549.1.12.10.1.3");
const X509_CERTIFICATE: Oid = Oid::new_unwrap("1.2.840.113549.1.9.22.1");
const FRIENDLY_NAME: Oid = Oid::new_unwrap("1.2.840.113549.1.9.20");
const LOCAL_KEY_ID: Oid = Oid::new_unwrap("1.2.840.113549.1.9.21");
const ITERATIONS: u32 = 2048;

/// The file's content. `friendly_name` is the nickname under which a browser lists it.
pub fn pkcs12(
    certificate: &[u8],
    key: &PrivateKey,
    password: &str,
    friendly_name: &str,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, SimError> {
    let attributes = asn1::set(vec![
        asn1::sequence(&[
            asn1::oid(FRIENDLY_NAME),
            asn1::set_of_one(&asn1::bmp(friendly_name)),
        ]),
        asn1::sequence(&[
            asn1::oid(LOCAL_KEY_ID),
            asn1::set_of_one(&asn1::octet_string(&key.key_identifier())),
        ]),
    ]);
    let bag = |kind: Oid, value: &[u8]| {
        asn1::sequence(&[asn1::sequence(&[
            asn1::oid(kind),
            asn1::context(0, value),
            attributes.clone(),
        ])])
    };

    let certificate_value = asn1::sequence(&[
        asn1::oid(X509_CERTIFICATE),
        asn1::context(0, &asn1::octet_string(certificate)),
    ]);
    let certificates = encrypt(&bag(CERTIFICATE_BAG, &certificate_value), password, entropy)?;
    let certificates = asn1::sequence(&[
        asn1::integer(0),
        asn1::sequence(&[
            asn1::oid(DATA),
            certificates.algorithm,
            asn1::context_primitive(0, &certificates.ciphertext),
        ]),
    ]);

    let shrouded = encrypt(&key.pkcs8()?, password, entropy)?;
    let shrouded = asn1::sequence(&[shrouded.algorithm, asn1::octet_string(&shrouded.ciphertext)]);
    let keys = bag(SHROUDED_KEY_BAG, &shrouded);

    let contents = asn1::sequence(&[
        asn1::sequence(&[asn1::oid(ENCRYPTED_DATA), asn1::context(0, &certificates)]),
        asn1::sequence(&[asn1::oid(DATA), asn1::context(0, &asn1::octet_string(&keys))]),
    ]);
    let salt: [u8; 16] = entropy.array();
    let mac_key = mac_key(password, &salt);
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &mac_key), &contents);
    let digest_info = asn1::sequence(&[
        asn1::algorithm(SHA256, Some(asn1::null())),
        asn1::octet_string(mac.as_ref()),
    ]);
    Ok(asn1::sequence(&[
        asn1::integer(3),
        asn1::sequence(&[asn1::oid(DATA), asn1::context(0, &asn1::octet_string(&contents))]),
        asn1::sequence(&[
            digest_info,
            asn1::octet_string(&salt),
            asn1::integer(u64::from(ITERATIONS)),
        ]),
    ]))
}

struct Encrypted {
    algorithm: Vec<u8>,
    ciphertext: Vec<u8>,
}

/// PBES2 (RFC 8018 section 6.2).
fn encrypt(plain: &[u8], password: &str, entropy: &dyn Entropy) -> Result<Encrypted, SimError> {
    let failed = |_| SimError::Key("encryption failed".into());
    let salt: [u8; 16] = entropy.array();
    let iv: [u8; 16] = entropy.array();
    let mut key = [0; 32];
    let iterations = NonZeroU32::new(ITERATIONS).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        iterations,
        &salt,
        password.as_bytes(),
        &mut key,
    );
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, &key).map_err(failed)?)
        .map_err(failed)?;
    let mut ciphertext = plain.to_vec();
    cipher
        .less_safe_encrypt(&mut ciphertext, EncryptionContext::Iv128(FixedLength::from(iv)))
        .map_err(failed)?;
    let derivation = asn1::sequence(&[
        asn1::octet_string(&salt),
        asn1::integer(u64::from(ITERATIONS)),
        asn1::algorithm(HMAC_SHA256, Some(asn1::null())),
    ]);
    let parameters = asn1::sequence(&[
        asn1::algorithm(PBKDF2, Some(derivation)),
        asn1::algorithm(AES_256_CBC, Some(asn1::octet_string(&iv))),
    ]);
    Ok(Encrypted {
        algorithm: asn1::algorithm(PBES2, Some(parameters)),
        ciphertext,
    })
}

/// RFC 7292 appendix B.2 with SHA-256 (block of 64 bytes, output of 32) and ID 3: one round gives the whole key.
fn mac_key(password: &str, salt: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 64;
    let mut text: Vec<u8> = password.encode_utf16().flat_map(u16::to_be_bytes).collect();
    text.extend_from_slice(&[0, 0]);
    let filled = |bytes: &[u8]| -> Vec<u8> {
        bytes
            .iter()
            .copied()
            .cycle()
            .take(bytes.len().div_ceil(BLOCK) * BLOCK)
            .collect()
    };
    let mut key = [vec![3; BLOCK], filled(salt), filled(&text)].concat();
    for _ in 0..ITERATIONS {
        key = digest::digest(&digest::SHA256, &key).as_ref().to_vec();
    }
    key
}
