//! A proof is a JWS of the type `dpop+jwt`, signed with an allowed algorithm by the public key in its own header.

use jose::{PossessedKey, Verification};

use crate::Reason;
use crate::dpop::{ALGORITHMS, DpopFault};

/// Where it is written.
pub const CITES: &str = "RFC 9449 sections 4.2 and 4.3 (checks 2 to 7); RFC 8725 section 3.1";

const MAX_BYTES: usize = 8 * 1024;

/// The key that made the proof. A private or symmetric key in the header is refused, as is `none` and every HMAC.
pub fn read(proof: &str) -> Result<PossessedKey, Reason> {
    let accept = Verification {
        algorithms: &ALGORITHMS,
        types: &["dpop+jwt"],
        untyped: false,
        max_bytes: MAX_BYTES,
    };
    PossessedKey::verify(proof, &accept).map_err(|reason| Reason::Dpop(DpopFault::Refused(reason)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sample::ProofKey;

    #[test]
    fn a_proof_of_its_own_key_and_nothing_else() {
        let key = ProofKey::new();
        let claims = json!({"jti": "1"});
        let good = key.sign(&key.header(), &claims);
        assert_eq!(read(&good).map(|proof| proof.thumbprint()), Ok(key.jkt()));
        let with = |change: &dyn Fn(&mut Value)| {
            let mut header = key.header();
            change(&mut header);
            key.sign(&header, &claims)
        };
        let private = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        let other = ProofKey::new().header()["jwk"].clone();
        for (proof, reason) in [
            (with(&|h| h["typ"] = json!("JWT")), jose::Reason::UnexpectedType),
            (
                with(&|h| drop(h.as_object_mut().unwrap().remove("typ"))),
                jose::Reason::UnexpectedType,
            ),
            (
                with(&|h| h["alg"] = json!("none")),
                jose::Reason::AlgorithmNotAllowed,
            ),
            (
                with(&|h| h["alg"] = json!("HS256")),
                jose::Reason::AlgorithmNotAllowed,
            ),
            (with(&|h| h["alg"] = json!("RS256")), jose::Reason::NoFittingKey),
            (
                with(&|h| drop(h.as_object_mut().unwrap().remove("jwk"))),
                jose::Reason::HeaderMember("jwk"),
            ),
            (
                with(&|h| h["jwk"]["d"] = private.clone()),
                jose::Reason::PrivateKeyShown,
            ),
            (
                with(&|h| h["jwk"] = json!({"kty": "oct", "k": "AA"})),
                jose::Reason::PrivateKeyShown,
            ),
            (with(&|h| h["jwk"] = other.clone()), jose::Reason::BadSignature),
            (
                with(&|h| h["crit"] = json!(["b64"])),
                jose::Reason::CriticalExtension,
            ),
            ("x.y".to_owned(), jose::Reason::NotCompact),
            ("x".repeat(9000), jose::Reason::TooLong { limit: 8192 }),
        ] {
            assert_eq!(
                read(&proof).err(),
                Some(Reason::Dpop(DpopFault::Refused(reason))),
                "{proof}"
            );
        }
    }
}
