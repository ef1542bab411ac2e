//! A client that registered itself asks for no real names, and for nothing that outlives the session.

use super::refuse;
use crate::client_metadata::{MetadataAsk, MetadataFault};

/// Where it is written.
pub const CITES: &str =
    "RFC 7591 section 2 (scope); decision 0029 (what a client that registers itself may not have)";

/// Only `openid`. Said aloud: a scope that is silently dropped is looked for later, by people.
pub fn check(ask: &MetadataAsk<'_>) -> Result<(), MetadataFault> {
    let scope = ask.metadata.scope.as_deref().unwrap_or_default();
    if scope.split(' ').all(|word| matches!(word, "" | "openid")) {
        Ok(())
    } else {
        refuse(
            "scope",
            "only openid; more is given by an operator's registration",
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::said;
    use super::*;

    #[test]
    fn only_openid() {
        for good in [json!({}), json!({"scope": "openid"}), json!({"scope": ""})] {
            assert_eq!(said(check, &good), Ok(()), "{good}");
        }
        for bad in [
            "openid name",
            "address",
            "openid birthdate gender",
            "openid offline_access",
            "profile",
            "openid\tname",
        ] {
            assert!(said(check, &json!({ "scope": bad })).is_err(), "{bad}");
        }
    }
}
