//! Signatures over certificates and lists: SHA-2 with RSA (PKCS#1 v1.5, PSS) or ECDSA, nothing else.
//!
//! There is one allow-list and no way around it: no caller, no configuration and no test can ask for SHA-1.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};

use crate::key::{KeyKind, PublicKey};
use crate::tlv::{self, Element, Reader};
use crate::{Oid, Reason};

mod pss;

const SHA256_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.11");
const SHA384_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.13");
const RSASSA_PSS: Oid = Oid::new_unwrap("1.2.840.113549.1.1.10");
const ECDSA_WITH_SHA256: Oid = Oid::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: Oid = Oid::new_unwrap("1.2.840.10045.4.3.3");
const NULL: [u8; 2] = [5, 0];

/// `SIGNED{}` taken apart (RFC 5280 section 4.1): the inner structure is not read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    /// What is signed, with tag and length.
    pub(crate) tbs: Element<'a>,
    /// The outer AlgorithmIdentifier, with tag and length.
    pub(crate) algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, Reason> {
        let mut outer = tlv::single(der, tlv::SEQUENCE)?.inside();
        let tbs = outer.expect(tlv::SEQUENCE)?;
        let algorithm = outer.expect(tlv::SEQUENCE)?.whole;
        let signature = tlv::whole_bits(&outer.expect(tlv::BIT_STRING)?)?;
        outer.end()?;
        Ok(Self {
            tbs,
            algorithm,
            signature,
        })
    }

    /// Verifies the signature with a key, strictly (RFC 8017 section 8.2.2: the whole encoded message is compared).
    pub(crate) fn verify(&self, key: &PublicKey) -> Result<(), Reason> {
        verify(key, self.algorithm, self.tbs.whole, self.signature)
    }
}

/// Verifies a signature made under a DER AlgorithmIdentifier, as certificates, lists and OCSP responses carry it.
///
/// RSA from 2048 bits with PKCS#1 v1.5 or PSS (salt as long as the digest) and SHA-256, SHA-384 or SHA-512; ECDSA on P-256 with
/// SHA-256 and on P-384 with SHA-384.
pub fn verify(key: &PublicKey, algorithm: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Reason> {
    UnparsedPublicKey::new(scheme(key, algorithm)?, key.key_bytes())
        .verify(message, signature)
        .map_err(|_| Reason::BadSignature)
}

/// Verifies a signature over a message of which only the digest is at hand, by the algorithm of [`digest_of`].
pub(crate) fn verify_digest(
    key: &PublicKey,
    algorithm: &[u8],
    digest: &Digest,
    signature: &[u8],
) -> Result<(), Reason> {
    UnparsedPublicKey::new(scheme(key, algorithm)?, key.key_bytes())
        .verify_digest(digest, signature)
        .map_err(|_| Reason::BadSignature)
}

/// Which digest a DER AlgorithmIdentifier asks for. PSS has none here: no list that is streamed is signed with it.
pub(crate) fn digest_of(algorithm: &[u8]) -> Result<&'static digest::Algorithm, Reason> {
    match identifier(algorithm)?.0 {
        SHA256_WITH_RSA | ECDSA_WITH_SHA256 => Ok(&digest::SHA256),
        SHA384_WITH_RSA | ECDSA_WITH_SHA384 => Ok(&digest::SHA384),
        SHA512_WITH_RSA => Ok(&digest::SHA512),
        oid => Err(Reason::UnsupportedSignature { oid }),
    }
}

fn scheme(key: &PublicKey, algorithm: &[u8]) -> Result<&'static dyn VerificationAlgorithm, Reason> {
    let (oid, parameters) = identifier(algorithm)?;
    let unsupported = Reason::UnsupportedSignature { oid };
    let scheme: &'static dyn VerificationAlgorithm = match (oid, parameters) {
        (SHA256_WITH_RSA, Some(p)) if p == NULL => &RSA_PKCS1_2048_8192_SHA256,
        (SHA384_WITH_RSA, Some(p)) if p == NULL => &RSA_PKCS1_2048_8192_SHA384,
        (SHA512_WITH_RSA, Some(p)) if p == NULL => &RSA_PKCS1_2048_8192_SHA512,
        (RSASSA_PSS, Some(p)) => pss::scheme(p)?.ok_or(unsupported)?,
        (ECDSA_WITH_SHA256, None) => &ECDSA_P256_SHA256_ASN1,
        (ECDSA_WITH_SHA384, None) => &ECDSA_P384_SHA384_ASN1,
        _ => return Err(unsupported),
    };
    let fits = match key.kind() {
        KeyKind::Rsa { .. } => oid != ECDSA_WITH_SHA256 && oid != ECDSA_WITH_SHA384,
        KeyKind::P256 => oid == ECDSA_WITH_SHA256,
        KeyKind::P384 => oid == ECDSA_WITH_SHA384,
    };
    if fits {
        Ok(scheme)
    } else {
        Err(Reason::KeyDoesNotFit { oid })
    }
}

/// The parts of an AlgorithmIdentifier: which, and the DER of its parameters.
fn identifier(algorithm: &[u8]) -> Result<(Oid, Option<&[u8]>), Reason> {
    let mut fields: Reader<'_> = tlv::single(algorithm, tlv::SEQUENCE)?.inside();
    let oid = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
    let parameters = if fields.is_empty() {
        None
    } else {
        Some(fields.any()?.whole)
    };
    fields.end()?;
    Ok((oid, parameters))
}
