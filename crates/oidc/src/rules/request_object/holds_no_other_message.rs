//! The object is a request and nothing else: no request within it, and no `sub` that would make it a client assertion.

use serde_json::Value;

use crate::Reason;
use crate::request_object::ObjectAsk;

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 section 6.1; RFC 9101 sections 4 and 10.8";

/// `request` and `request_uri` must not be members. A `sub` that is the client would let one text serve as two messages.
pub fn check(ask: &ObjectAsk<'_>) -> Result<(), Reason> {
    for name in ["request", "request_uri"] {
        if ask.claims.contains_key(name) {
            return Err(Reason::RequestObjectClaim(name));
        }
    }
    match ask.claims.get("sub") {
        Some(Value::String(subject)) if *subject == ask.client.client_id => {
            Err(Reason::RequestObjectClaim("sub"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::object_with;

    #[test]
    fn one_message_only() {
        assert_eq!(object_with("sub", &json!("somebody"), check), Ok(()));
        for (name, value) in [
            ("request", "a.b.c"),
            ("request", ""),
            ("request_uri", "https://x.example"),
            ("sub", "rp"),
        ] {
            assert_eq!(
                object_with(name, &json!(value), check),
                Err(Reason::RequestObjectClaim(name)),
                "{name}"
            );
        }
    }
}
