//! `nonce` is one that we handed out a moment ago, where we ask for one.

use crate::Reason;
use crate::dpop::{Ask, DpopFault, Nonces};

/// Where it is written.
pub const CITES: &str = "RFC 9449 section 4.3, check 10, and sections 8 and 9";

/// So a proof cannot have been made long before by somebody who had the key for a while.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    let Nonces::Required(good) = ask.request.nonces else {
        return Ok(());
    };
    let shown = ask.claims.get("nonce").and_then(serde_json::Value::as_str);
    if shown.is_some_and(|shown| good.iter().any(|one| one == shown)) {
        Ok(())
    } else {
        Err(Reason::Dpop(DpopFault::Nonce))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dpop::ProvenRequest;
    use crate::sample::{proof_at, proof_with, proven_request};

    #[test]
    fn one_of_those_that_are_good_now() {
        let good = ["this".to_owned(), "last".to_owned()];
        let at = ProvenRequest {
            nonces: Nonces::Required(&good),
            ..proven_request()
        };
        for nonce in ["this", "last"] {
            assert_eq!(proof_at(&at, "nonce", &json!(nonce), check), Ok(()), "{nonce}");
        }
        for nonce in [json!(null), json!(""), json!("older"), json!(["this"])] {
            assert_eq!(
                proof_at(&at, "nonce", &nonce, check),
                Err(Reason::Dpop(DpopFault::Nonce)),
                "{nonce}"
            );
        }
        assert_eq!(
            proof_with("nonce", &json!(null), check),
            Ok(()),
            "none is asked for"
        );
    }
}
