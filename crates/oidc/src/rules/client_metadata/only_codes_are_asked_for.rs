//! The grants and the response types are those of the code flow, and fit one another.

use super::refuse;
use crate::client_metadata::{MetadataAsk, MetadataFault};

/// Where it is written.
pub const CITES: &str = "RFC 7591 section 2.1; RFC 9700 section 2.1.2 (no implicit grant)";

const GRANTS: [&str; 2] = ["authorization_code", "refresh_token"];

/// The implicit and hybrid flows are not offered; other grants are for services that an operator registered.
pub fn check(ask: &MetadataAsk<'_>) -> Result<(), MetadataFault> {
    if let Some(types) = &ask.metadata.grant_types {
        let known = types.iter().all(|kind| GRANTS.contains(&kind.as_str()));
        if !known || !types.iter().any(|kind| kind == "authorization_code") {
            return refuse("grant_types", "authorization_code, and refresh_token beside it");
        }
    }
    match &ask.metadata.response_types {
        Some(types) if types.is_empty() || types.iter().any(|kind| kind != "code") => {
            refuse("response_types", "only code")
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
    fn only_the_code_flow() {
        for good in [
            json!({}),
            json!({"grant_types": ["authorization_code"], "response_types": ["code"]}),
            json!({"grant_types": ["refresh_token", "authorization_code"]}),
        ] {
            assert_eq!(said(check, &good), Ok(()), "{good}");
        }
        for bad in [
            json!({"grant_types": []}),
            json!({"grant_types": ["implicit"]}),
            json!({"grant_types": ["refresh_token"]}),
            json!({"grant_types": ["authorization_code", "password"]}),
            json!({"grant_types": ["authorization_code", "client_credentials"]}),
            json!({"grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]}),
            json!({"response_types": []}),
            json!({"response_types": ["code", "id_token"]}),
            json!({"response_types": ["code id_token"]}),
            json!({"response_types": ["token"]}),
        ] {
            assert!(said(check, &bad).is_err(), "{bad}");
        }
    }
}
