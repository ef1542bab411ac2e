//! What replaces a registration names the client, brings no other secret, and none of what only we say.

use serde_json::{Map, Value};

use crate::OpaqueSecret;
use crate::client_metadata::MetadataFault;

/// Where it is written.
pub const CITES: &str = "RFC 7592 section 2.2";

/// `client_id` is the client's, `client_secret` (if there) the one that it has. `secret_sha256` is what we keep of that.
pub fn check(
    members: &Map<String, Value>,
    client_id: &str,
    secret_sha256: Option<&str>,
) -> Result<(), MetadataFault> {
    let refuse = |name, because| Err(MetadataFault::Member { name, because });
    for ours in [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ] {
        if members.contains_key(ours) {
            return refuse(ours, "only the server says it");
        }
    }
    if members.get("client_id").and_then(Value::as_str) != Some(client_id) {
        return refuse("client_id", "not the client's");
    }
    match members.get("client_secret").map(Value::as_str) {
        None => Ok(()),
        Some(Some(text)) if secret_sha256 == Some(OpaqueSecret::hash_of(text).0.as_str()) => Ok(()),
        Some(_) => refuse("client_secret", "not the client's; it cannot be chosen"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_client_replaces_itself_alone() {
        let kept = OpaqueSecret::hash_of("own").0;
        let judge = |members: &Value| check(members.as_object().unwrap(), "rp", Some(&kept));
        for good in [
            json!({"client_id": "rp", "redirect_uris": []}),
            json!({"client_id": "rp", "client_secret": "own"}),
        ] {
            assert_eq!(judge(&good), Ok(()), "{good}");
        }
        for bad in [
            json!({}),
            json!({"client_id": "other"}),
            json!({"client_id": 1}),
            json!({"client_id": "rp", "client_secret": "chosen"}),
            json!({"client_id": "rp", "client_secret": 1}),
            json!({"client_id": "rp", "registration_access_token": "x"}),
            json!({"client_id": "rp", "registration_client_uri": "x"}),
            json!({"client_id": "rp", "client_secret_expires_at": 0}),
            json!({"client_id": "rp", "client_id_issued_at": 0}),
        ] {
            assert!(judge(&bad).is_err(), "{bad}");
        }
        let none = json!({"client_id": "rp", "client_secret": "own"});
        assert!(
            check(none.as_object().unwrap(), "rp", None).is_err(),
            "it has none"
        );
    }
}
