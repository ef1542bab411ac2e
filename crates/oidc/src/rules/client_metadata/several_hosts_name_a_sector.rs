//! Redirect URIs on several hosts need a `sector_identifier_uri`: who they are together is said by one of them.

use std::collections::BTreeSet;

use url::Url;

use super::refuse;
use crate::client_metadata::{MetadataAsk, MetadataFault};

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 section 8.1";

/// Without it, two hosts that do not know of one another could be made to know people by one name.
pub fn check(ask: &MetadataAsk<'_>) -> Result<(), MetadataFault> {
    let hosts: BTreeSet<Option<String>> = ask
        .metadata
        .redirect_uris
        .iter()
        .map(|uri| Url::parse(uri).ok()?.host_str().map(str::to_owned))
        .collect();
    if hosts.len() > 1 && ask.metadata.sector_identifier_uri.is_none() {
        refuse("sector_identifier_uri", "redirect URIs on several hosts need one")
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
    fn one_host_or_a_word_about_several() {
        let (one, other) = ("https://rp.example/a", "https://www.rp.example/a");
        for good in [
            json!({}),
            json!({"redirect_uris": [one, "https://rp.example:8443/b"]}),
            json!({"redirect_uris": [one, other], "sector_identifier_uri": "https://rp.example/s"}),
        ] {
            assert_eq!(said(check, &good), Ok(()), "{good}");
        }
        for bad in [
            json!({"redirect_uris": [one, other]}),
            json!({"redirect_uris": [other, one, one]}),
        ] {
            assert!(said(check, &bad).is_err(), "{bad}");
        }
    }
}
