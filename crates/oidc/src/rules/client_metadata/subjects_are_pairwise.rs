//! `subject_type`, if there, is `pairwise`.

use super::refuse;
use crate::client_metadata::{MetadataAsk, MetadataFault};

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 section 8; 番号利用法 article 9 (no identifier that follows a person through the offices)";

/// A name of a person that is the same everywhere is not given.
pub fn check(ask: &MetadataAsk<'_>) -> Result<(), MetadataFault> {
    match ask.metadata.subject_type.as_deref() {
        None | Some("pairwise") => Ok(()),
        Some(_) => refuse("subject_type", "only pairwise"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::said;
    use super::*;

    #[test]
    fn nobody_is_known_everywhere() {
        for good in [json!({}), json!({"subject_type": "pairwise"})] {
            assert_eq!(said(check, &good), Ok(()), "{good}");
        }
        for bad in ["public", "", "PAIRWISE", "pairwise "] {
            assert!(said(check, &json!({ "subject_type": bad })).is_err(), "{bad}");
        }
    }
}
