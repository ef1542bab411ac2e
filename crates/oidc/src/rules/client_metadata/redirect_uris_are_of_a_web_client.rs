//! Redirect URIs are `https` on a host of the network, not on the person's own machine.

use url::{Host, Url};

use super::refuse;
use crate::client_metadata::{MetadataAsk, MetadataFault};

/// Where it is written.
pub const CITES: &str =
    "OpenID Connect Dynamic Client Registration 1.0 section 2 (application_type); RFC 9700 section 4.1.1";

/// Programs on the person's own machine are registered by an operator, who knows why.
pub fn check(ask: &MetadataAsk<'_>) -> Result<(), MetadataFault> {
    let metadata = ask.metadata;
    if metadata
        .application_type
        .as_deref()
        .is_some_and(|kind| kind != "web")
    {
        return refuse("application_type", "only web");
    }
    let on_the_network = |uri: &String| {
        Url::parse(uri).is_ok_and(|url| {
            let named = matches!(url.host(), Some(Host::Domain(name)) if name.contains('.'));
            url.scheme() == "https" && named
        })
    };
    if metadata.redirect_uris.iter().all(on_the_network) {
        Ok(())
    } else {
        Err(MetadataFault::RedirectUri("only https on a full host name"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::said;
    use super::*;

    #[test]
    fn only_servers_on_the_network() {
        for good in [
            json!({}),
            json!({"application_type": "web"}),
            json!({"redirect_uris": ["https://rp.example/cb", "https://rp.example:8443/cb?a=b"]}),
        ] {
            assert_eq!(said(check, &good), Ok(()), "{good}");
        }
        for bad in [
            json!({"application_type": "native"}),
            json!({"redirect_uris": ["http://rp.example/cb"]}),
            json!({"redirect_uris": ["https://rp.example/cb", "http://localhost/cb"]}),
            json!({"redirect_uris": ["https://localhost/cb"]}),
            json!({"redirect_uris": ["https://127.0.0.1/cb"]}),
            json!({"redirect_uris": ["https://[::1]/cb"]}),
            json!({"redirect_uris": ["javascript:alert(1)"]}),
            json!({"redirect_uris": ["data:text/html,x"]}),
            json!({"redirect_uris": ["jp.go.example.app:/cb"]}),
            json!({"redirect_uris": ["urn:ietf:wg:oauth:2.0:oob"]}),
            json!({"redirect_uris": ["/cb"]}),
        ] {
            assert!(said(check, &bad).is_err(), "{bad}");
        }
    }
}
