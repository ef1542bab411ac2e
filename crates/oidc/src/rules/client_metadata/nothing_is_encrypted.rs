//! No encrypted answers are asked for: there are none.

use super::refuse;
use crate::client_metadata::{MetadataAsk, MetadataFault};

/// Where it is written.
pub const CITES: &str =
    "OpenID Connect Dynamic Client Registration 1.0 section 2 (…_encrypted_response_alg); RFC 9701 section 6";

/// A client that believes its answers to be encrypted must not be told that they are.
pub fn check(ask: &MetadataAsk<'_>) -> Result<(), MetadataFault> {
    let names = &ask.metadata.names;
    let asks = |name: &String| {
        [
            "_encrypted_response_alg",
            "_encrypted_response_enc",
            "_encryption_alg",
            "_encryption_enc",
        ]
        .iter()
        .any(|end| name.ends_with(end))
    };
    if names.iter().any(asks) {
        refuse("encryption", "encrypted tokens and objects are not offered")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::said;
    use super::*;

    #[test]
    fn nothing_is_promised_that_is_not_done() {
        for good in [
            json!({}),
            json!({"id_token_signed_response_alg": "ES256", "unknown_member": 1}),
        ] {
            assert_eq!(said(check, &good), Ok(()), "{good}");
        }
        for bad in [
            "id_token_encrypted_response_alg",
            "id_token_encrypted_response_enc",
            "userinfo_encrypted_response_alg",
            "introspection_encrypted_response_alg",
            "authorization_encrypted_response_enc",
            "request_object_encryption_alg",
            "request_object_encryption_enc",
        ] {
            assert!(said(check, &json!({ bad: "RSA-OAEP" })).is_err(), "{bad}");
        }
    }
}
