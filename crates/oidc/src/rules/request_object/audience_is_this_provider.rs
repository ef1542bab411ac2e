//! `aud` is our issuer identifier, or a list that holds it.

use serde_json::Value;

use crate::Reason;
use crate::request_object::ObjectAsk;

/// Where it is written.
pub const CITES: &str = "RFC 9101 section 4; RFC 8725 section 3.9; FAPI 2.0 Message Signing section 5.3";

/// Required. The issuer identifier, not the endpoint, octet by octet.
pub fn check(ask: &ObjectAsk<'_>) -> Result<(), Reason> {
    let ours = |value: &Value| *value == ask.provider.issuer.as_str();
    let named = match ask.claims.get("aud") {
        None | Some(Value::Null) => return Err(Reason::RequestObjectClaim("aud")),
        Some(Value::Array(values)) => values.iter().any(ours),
        Some(value) => ours(value),
    };
    if named {
        Ok(())
    } else {
        Err(Reason::RequestObjectForAnother)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::object_with;

    #[test]
    fn our_issuer() {
        let another = || Err(Reason::RequestObjectForAnother);
        for (aud, verdict) in [
            (json!("https://idp.example"), Ok(())),
            (json!(["https://idp.example"]), Ok(())),
            (json!(["https://other.example", "https://idp.example"]), Ok(())),
            (json!("https://idp.example/"), another()),
            (json!("https://idp.example/oidc/authorize"), another()),
            (json!(["https://other.example"]), another()),
            (json!([]), another()),
            (json!({"https://idp.example": 1}), another()),
            (json!(null), Err(Reason::RequestObjectClaim("aud"))),
        ] {
            assert_eq!(object_with("aud", &aud, check), verdict, "{aud}");
        }
    }
}
