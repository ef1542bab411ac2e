//! Public keys to verify with, and the two spellings of an ECDSA signature.

use std::fmt;

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
