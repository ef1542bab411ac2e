//! `iss` is the client.

use super::text;
use crate::Reason;
use crate::request_object::ObjectAsk;

/// Where it is written.
pub const CITES: &str = "RFC 9101 section 4; RFC 8725 section 3.8; FAPI 2.0 Message Signing section 5.3";

/// Required, so that an object of one client is none of another who registered the same key.
pub fn check(ask: &ObjectAsk<'_>) -> Result<(), Reason> {
    if text(ask, "iss")? == ask.client.client_id {
        Ok(())
    } else {
        Err(Reason::RequestObjectNotByClient)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::object_with;

    #[test]
    fn the_client_itself() {
        for (iss, verdict) in [
            (json!("rp"), Ok(())),
            (json!("RP"), Err(Reason::RequestObjectNotByClient)),
            (json!("other"), Err(Reason::RequestObjectNotByClient)),
            (json!(["rp"]), Err(Reason::RequestObjectClaim("iss"))),
            (json!(null), Err(Reason::RequestObjectClaim("iss"))),
        ] {
            assert_eq!(object_with("iss", &iss, check), verdict, "{iss}");
        }
    }
}
