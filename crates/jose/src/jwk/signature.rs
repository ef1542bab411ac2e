//! What the crypto provider does with a public key.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use super::{Jwk, PublicKey};
use crate::{Algorithm, Reason};

/// Refuses weak RSA keys and coordinates that are no point (NIST SP 800-56A section 5.6.2.3.3, by the provider).
pub(super) fn check_key(key: &PublicKey) -> Result<(), Reason> {
    match key {
        PublicKey::P256 { x, y } => on_curve(&ECDSA_P256_SHA256_FIXED, x, y),
        PublicKey::P384 { x, y } => on_curve(&ECDSA_P384_SHA384_FIXED, x, y),
        PublicKey::Rsa { n, e } => {
            let bits = n.len() * 8
                - n.first()
                    .map_or(0, |byte| usize::try_from(byte.leading_zeros()).unwrap_or(0));
            let odd = |bytes: &[u8]| bytes.last().is_some_and(|byte| byte & 1 == 1);
            // 65537 ≤ e < 2^32, odd: FIPS 186-5 section A.1.1 from below, the provider's limit from above.
            let exponent = (e.len() == 3 && e.as_slice() >= [1, 0, 1].as_slice()) || e.len() == 4;
            if (2048..=8192).contains(&bits) && odd(n) && odd(e) && exponent {
                Ok(())
            } else {
                Err(Reason::WeakKey)
            }
        }
    }
}

impl Jwk {
    /// Whether the signature verifies; `false` also when the key does not fit the algorithm.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.fits(algorithm) {
            return false;
        }
        let outcome = match (&self.key, algorithm) {
            (PublicKey::P256 { x, y }, Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(x, y)).verify(message, signature)
            }
            (PublicKey::P384 { x, y }, Algorithm::Es384) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point(x, y)).verify(message, signature)
            }
            (PublicKey::Rsa { n, e }, Algorithm::Rs256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (PublicKey::Rsa { n, e }, Algorithm::Ps256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            }
            _ => return false,
        };
        outcome.is_ok()
    }
}

/// SEC 1 section 2.3.3, uncompressed.
fn point(x: &[u8], y: &[u8]) -> Vec<u8> {
    let mut point = Vec::with_capacity(1 + x.len() + y.len());
    point.push(4);
    point.extend_from_slice(x);
    point.extend_from_slice(y);
    point
}

fn on_curve(algorithm: &'static dyn VerificationAlgorithm, x: &[u8], y: &[u8]) -> Result<(), Reason> {
    UnparsedPublicKey::new(algorithm, point(x, y))
        .parse()
        .map(|_| ())
        .map_err(|_| Reason::NotOnCurve)
}
