//! `ath` is the hash of the access token that came with the proof.

use crate::Reason;
use crate::dpop::{Ask, DpopFault};

/// Where it is written.
pub const CITES: &str = "RFC 9449 section 4.2 (ath required with an access token) and section 4.3, check 12";

/// A proof made for one token shows no other one. Where no token came, there is nothing to hold it against.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    let Some(token) = ask.request.access_token else {
        return Ok(());
    };
    let made = jose::encode_base64url(jose::digest::sha256(token.as_bytes()));
    if jose::digest::same(made.as_bytes(), ask.text("ath")?.as_bytes()) {
        Ok(())
    } else {
        Err(Reason::Dpop(DpopFault::AccessToken))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::{proof_at, proof_with, proven_request};

    #[test]
    fn the_hash_of_this_token() {
        let at = crate::dpop::ProvenRequest {
            // RFC 9449 section 7.1, figure 13.
            access_token: Some("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"),
            ..proven_request()
        };
        let good = json!("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        assert_eq!(proof_at(&at, "ath", &good, check), Ok(()));
        for bad in ["", "x", "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEp"] {
            assert_eq!(
                proof_at(&at, "ath", &json!(bad), check),
                Err(Reason::Dpop(DpopFault::AccessToken)),
                "{bad}"
            );
        }
        assert_eq!(
            proof_at(&at, "ath", &json!(null), check),
            Err(Reason::Dpop(DpopFault::Claim("ath")))
        );
        assert_eq!(proof_with("ath", &json!(null), check), Ok(()));
    }
}
