//! Public keys to verify with, and the two spellings of an ECDSA signature.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::PublicEncryptingKey;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};

use super::SignatureAlgorithm;
use crate::Reason;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Rsa,
    P256,
    P384,
}

/// A public key to verify with: RSA of 2048 to 8192 bits, P-256 or P-384.
#[derive(Clone, Eq, PartialEq)]
pub struct VerificationKey {
    kind: Kind,
    spki: Vec<u8>,
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerificationKey({:?})", self.kind)
    }
}

impl VerificationKey {
    /// From a DER `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7).
    pub fn from_spki(spki: &[u8]) -> Result<Self, Reason> {
        let parses =
            |algorithm: &'static dyn VerificationAlgorithm| ParsedPublicKey::new(algorithm, spki).is_ok();
        let kind = if PublicEncryptingKey::from_der(spki)
            .is_ok_and(|k| (2048..=8192).contains(&k.key_size_bits()))
        {
            Kind::Rsa
        } else if parses(&ECDSA_P256_SHA256_ASN1) {
            Kind::P256
        } else if parses(&ECDSA_P384_SHA384_ASN1) {
            Kind::P384
        } else {
            return Err(Reason::KeyUnusable);
        };
        // A bare point or PKCS#1 key would parse too; only the self-describing form is a registered key.
        if spki.first() == Some(&0x30) {
            Ok(Self {
                kind,
                spki: spki.to_vec(),
            })
        } else {
            Err(Reason::KeyUnusable)
        }
    }

    /// Whether this is an RSA key (the only kind that assertions can be encrypted to).
    pub fn is_rsa(&self) -> bool {
        self.kind == Kind::Rsa
    }

    /// SHA-256 over the `SubjectPublicKeyInfo`: the name of the key where keys are compared by eye
    /// (`openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum`).
    pub fn spki_sha256(&self) -> Vec<u8> {
        digest(&SHA256, &self.spki).as_ref().to_vec()
    }

    /// The kind of key, for people.
    pub const fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Rsa => "RSA",
            Kind::P256 => "P-256",
            Kind::P384 => "P-384",
        }
    }

    /// The DER `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Verifies a signature as XML Signature 1.1 section 6.4 spells it: ECDSA is `r || s`, both of the curve's width.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Reason> {
        match self.field_octets() {
            None => self.verify_provider(algorithm, message, signature),
            Some(width) if signature.len() == width * 2 => {
                self.verify_provider(algorithm, message, &der_signature(signature))
            }
            Some(_) => Err(Reason::SignatureInvalid),
        }
    }

    /// Verifies a signature of the redirect binding, where ECDSA is found in both spellings: `r || s` and the DER
    /// `ECDSA-Sig-Value` of RFC 3279 section 2.2.3 (what Java's provider makes). The length tells them apart: no DER
    /// form of a signature that verifies has the raw length and fails to verify as raw.
    pub fn verify_detached(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Reason> {
        match self.verify(algorithm, message, signature) {
            Err(Reason::SignatureInvalid) if algorithm.is_ecdsa() => {
                self.verify_provider(algorithm, message, signature)
            }
            verdict => verdict,
        }
    }

    const fn field_octets(&self) -> Option<usize> {
        match self.kind {
            Kind::Rsa => None,
            Kind::P256 => Some(32),
            Kind::P384 => Some(48),
        }
    }

    fn verify_provider(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Reason> {
        let provider: &'static dyn VerificationAlgorithm = match (self.kind, algorithm) {
            (Kind::Rsa, SignatureAlgorithm::RsaSha256) => &RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, SignatureAlgorithm::RsaSha384) => &RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, SignatureAlgorithm::RsaSha512) => &RSA_PKCS1_2048_8192_SHA512,
            (Kind::P256, SignatureAlgorithm::EcdsaSha256) => &ECDSA_P256_SHA256_ASN1,
            (Kind::P256, SignatureAlgorithm::EcdsaSha384) => &ECDSA_P256_SHA384_ASN1,
            (Kind::P384, SignatureAlgorithm::EcdsaSha256) => &ECDSA_P384_SHA256_ASN1,
            (Kind::P384, SignatureAlgorithm::EcdsaSha384) => &ECDSA_P384_SHA384_ASN1,
            _ => return Err(Reason::SignatureInvalid),
        };
        UnparsedPublicKey::new(provider, &self.spki)
            .verify(message, signature)
            .map_err(|_| Reason::SignatureInvalid)
    }
}

/// `r || s` → `SEQUENCE { INTEGER r, INTEGER s }`. Both halves are at most 48 octets, so every length is one octet.
fn der_signature(raw: &[u8]) -> Vec<u8> {
    let (r, s) = raw.split_at(raw.len() / 2);
    let mut body = Vec::with_capacity(raw.len() + 8);
    for half in [r, s] {
        let first = half.iter().position(|b| *b != 0);
        // Zero is no valid half; it is written as zero and refused by the provider.
        let digits = first.and_then(|at| half.get(at..)).unwrap_or(&[0]);
        let padded = digits.first().is_some_and(|b| *b >= 0x80);
        body.push(0x02);
        push_length(&mut body, digits.len() + usize::from(padded));
        if padded {
            body.push(0);
        }
        body.extend_from_slice(digits);
    }
    let mut der = vec![0x30];
    push_length(&mut der, body.len());
    der.extend(body);
    der
}

fn push_length(der: &mut Vec<u8>, length: usize) {
    der.push(u8::try_from(length).unwrap_or(u8::MAX));
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair};

    use super::*;

    fn ec(algorithm: &'static EcdsaSigningAlgorithm) -> (EcdsaKeyPair, Vec<u8>) {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let spki = spki.as_ref().to_vec();
        (pair, spki)
    }

    #[test]
    fn keys_of_other_kinds_are_no_keys() {
        // RSA-1024, from `openssl genrsa 1024 | openssl rsa -pubout -outform DER`.
        let short = crate::decode_base64(
            "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC8vPZZPXCeDaswDQzLsrFF5lyOjvjNOOpQJa8GJAEPRpCcjzVvXgmZycJ2gijZWp9b\
             REHuvmtVEEARjyYJNlNIERjvVervmXVv18YyZdirZl72VFX4Vlo7RkkFQ1wEwc95KaJvkEhRIQBX9Z7p9q2zEEM4Qh4001PJKx1F\
             yimTZQIDAQAB",
        )
        .unwrap();
        let ed25519 = Ed25519KeyPair::generate().unwrap();
        let ed25519: PublicKeyX509Der<'_> = ed25519.public_key().as_der().unwrap();
        let (p256, spki) = ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING);
        let (_, p521) = ec(&signature::ECDSA_P521_SHA512_FIXED_SIGNING);
        let (_, k256) = ec(&signature::ECDSA_P256K1_SHA256_FIXED_SIGNING);
        for (name, bad) in [
            ("empty", &[][..]),
            ("short", &short),
            ("Ed25519", ed25519.as_ref()),
            ("P-521", &p521),
            ("secp256k1", &k256),
            ("bare point", p256.public_key().as_ref()),
            ("cut", &spki[..spki.len() - 1]),
        ] {
            assert_eq!(
                VerificationKey::from_spki(bad),
                Err(Reason::KeyUnusable),
                "{name}"
            );
        }
        assert!(!VerificationKey::from_spki(&spki).unwrap().is_rsa());
    }

    #[test]
    fn a_raw_signature_has_one_length_inside_xml_and_two_spellings_outside() {
        for (algorithm, scheme) in [
            (
                &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                SignatureAlgorithm::EcdsaSha256,
            ),
            (
                &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
                SignatureAlgorithm::EcdsaSha384,
            ),
        ] {
            let (pair, spki) = ec(algorithm);
            let key = VerificationKey::from_spki(&spki).unwrap();
            // Many, so that halves with leading zeros and set high bits are among them.
            for round in 0..600_u32 {
                let message = round.to_be_bytes();
                let raw = pair.sign(&SystemRandom::new(), &message).unwrap();
                let der = der_signature(raw.as_ref());
                assert_eq!(key.verify(scheme, &message, raw.as_ref()), Ok(()));
                assert_eq!(key.verify(scheme, &message, &der), Err(Reason::SignatureInvalid));
                assert_eq!(key.verify_detached(scheme, &message, &der), Ok(()));
                assert_eq!(key.verify_detached(scheme, &message, raw.as_ref()), Ok(()));
                let wide: Vec<u8> = raw
                    .as_ref()
                    .chunks(raw.as_ref().len() / 2)
                    .flat_map(|half| [&[0], half].concat())
                    .collect();
                assert_eq!(
                    key.verify_detached(scheme, &message, &wide),
                    Err(Reason::SignatureInvalid)
                );
                assert_eq!(
                    key.verify_detached(scheme, b"other", &der),
                    Err(Reason::SignatureInvalid)
                );
            }
            for bad in [&[][..], &[0; 64], &[0; 96], &[0xff; 64], &[0; 2]] {
                assert_eq!(
                    key.verify_detached(scheme, b"", bad),
                    Err(Reason::SignatureInvalid)
                );
            }
        }
    }
}
