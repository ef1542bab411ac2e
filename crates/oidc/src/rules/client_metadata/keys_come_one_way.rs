//! Keys are given by value or by address, not both; whoever proves itself by a key gives one.

use super::refuse;
use crate::client_metadata::{MetadataAsk, MetadataFault, RegisteredMethod};

/// Where it is written.
pub const CITES: &str = "RFC 7591 section 2 (jwks and jwks_uri MUST NOT both be present)";

/// Two sets would be two truths.
pub fn check(ask: &MetadataAsk<'_>) -> Result<(), MetadataFault> {
    let metadata = ask.metadata;
    match (&metadata.jwks, &metadata.jwks_uri) {
        (Some(_), Some(_)) => refuse("jwks_uri", "not together with jwks"),
        (None, None) if metadata.token_endpoint_auth_method == RegisteredMethod::PrivateKeyJwt => {
            refuse("jwks", "private_key_jwt needs keys")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::said;
    use super::*;

    #[test]
    fn one_set_of_keys() {
        let jwks = json!({"keys": []});
        for good in [
            json!({}),
            json!({"token_endpoint_auth_method": "none", "jwks": null}),
            json!({"token_endpoint_auth_method": "client_secret_basic", "jwks": null}),
            json!({"jwks": jwks}),
            json!({"jwks": null, "jwks_uri": "https://rp.example/jwks"}),
        ] {
            assert_eq!(said(check, &good), Ok(()), "{good}");
        }
        for bad in [
            json!({"jwks": jwks, "jwks_uri": "https://rp.example/jwks"}),
            json!({"jwks": null}),
        ] {
            assert!(said(check, &bad).is_err(), "{bad}");
        }
    }
}
