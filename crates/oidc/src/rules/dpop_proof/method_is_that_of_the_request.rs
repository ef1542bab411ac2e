//! `htm` is the HTTP method of the request.

use crate::Reason;
use crate::dpop::{Ask, DpopFault};

/// Where it is written.
pub const CITES: &str = "RFC 9449 section 4.3, check 8; RFC 9110 section 9.1 (methods are case-sensitive)";

/// A proof for reading is none for writing.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    if ask.text("htm")? == ask.request.method {
        Ok(())
    } else {
        Err(Reason::Dpop(DpopFault::Method))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::proof_with;

    #[test]
    fn the_same_method() {
        assert_eq!(proof_with("htm", &json!("POST"), check), Ok(()));
        for other in ["GET", "post", "", "POST "] {
            assert_eq!(
                proof_with("htm", &json!(other), check),
                Err(Reason::Dpop(DpopFault::Method)),
                "{other}"
            );
        }
        for malformed in [json!(null), json!(["POST"])] {
            assert_eq!(
                proof_with("htm", &malformed, check),
                Err(Reason::Dpop(DpopFault::Claim("htm")))
            );
        }
    }
}
