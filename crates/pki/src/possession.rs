//! Proof that whoever sent a certificate holds its key: the signature of a TLS CertificateVerify.
//!
//! A JPKI authentication certificate can be read from the card without a PIN, so nothing but this counts as
//! authentication (公的個人認証法 Article 38: the signature is what the verifier has to check).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA384, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};

use crate::Reason;
use crate::key::{KeyKind, PublicKey};

/// The version of TLS that was negotiated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446, RFC 9846.
    Tls13,
}

/// Verifies the signature of a CertificateVerify under a SignatureScheme code point.
///
/// Accepted: in TLS 1.2 `rsa_pkcs1_sha256/384/512` (0x0401, 0x0501, 0x0601) and ECDSA with SHA-256 or SHA-384 on either
/// curve (the code points do not bind the curve there, RFC 8446 section 4.2.3); in TLS 1.3
/// `rsa_pkcs1_sha256_legacy` (0x0420, RFC 9963) and ECDSA with the curve's own hash; in both PSS with an RSA key
/// (0x0804, 0x0805, 0x0806). PKCS#1 verification is strict (RFC 8017 section 8.2.2), as RFC 9963 section 3 demands.
///
/// PKCS#1 v1.5 with SHA-256 or SHA-512 accepts RSA from 1024 bits, so that a weak key meets a page that says so and not a TLS
/// alert. The provider verifies PSS from 2048 bits only, so a weak key over PSS does end in an alert.
pub fn verify_possession(
    key: &PublicKey,
    version: TlsVersion,
    scheme: u16,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    let algorithm = algorithm(key.kind(), version, scheme).ok_or(Reason::SchemeNotAllowed { scheme })?;
    UnparsedPublicKey::new(algorithm, key.key_bytes())
        .verify(message, signature)
        .map_err(|_| Reason::BadSignature)
}

fn algorithm(key: KeyKind, version: TlsVersion, scheme: u16) -> Option<&'static dyn VerificationAlgorithm> {
    use TlsVersion::{Tls12, Tls13};
    Some(match (scheme, version, key) {
        (0x0401, Tls12, KeyKind::Rsa { .. }) | (0x0420, Tls13, KeyKind::Rsa { .. }) => {
            &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
        }
        (0x0501, Tls12, KeyKind::Rsa { .. }) => &RSA_PKCS1_2048_8192_SHA384,
        (0x0601, Tls12, KeyKind::Rsa { .. }) => &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        (0x0804, _, KeyKind::Rsa { .. }) => &RSA_PSS_2048_8192_SHA256,
        (0x0805, _, KeyKind::Rsa { .. }) => &RSA_PSS_2048_8192_SHA384,
        (0x0806, _, KeyKind::Rsa { .. }) => &RSA_PSS_2048_8192_SHA512,
        (0x0403, _, KeyKind::P256) => &ECDSA_P256_SHA256_ASN1,
        (0x0503, _, KeyKind::P384) => &ECDSA_P384_SHA384_ASN1,
        (0x0403, Tls12, KeyKind::P384) => &ECDSA_P384_SHA256_ASN1,
        (0x0503, Tls12, KeyKind::P256) => &ECDSA_P256_SHA384_ASN1,
        _ => return None,
    })
}
