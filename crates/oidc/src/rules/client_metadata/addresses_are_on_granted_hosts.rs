//! Every address that the client names is on a host that the operator's token names.

use url::Url;

use super::refuse;
use crate::client_metadata::{MetadataAsk, MetadataFault};

/// Where it is written.
pub const CITES: &str = "RFC 7591 sections 1.2 and 5 (an initial access token carries what may be registered; addresses off the client's own \
                         hosts); decision 0029";

/// Also those that are only shown or only fetched: whoever vouched, vouched for these hosts. Compared as a browser reads them.
pub fn check(ask: &MetadataAsk<'_>) -> Result<(), MetadataFault> {
    let granted = |uri: &String| {
        Url::parse(uri)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .is_some_and(|host| ask.terms.hosts.contains(&host))
    };
    let metadata = ask.metadata;
    if !metadata.redirect_uris.iter().all(granted) {
        return Err(MetadataFault::RedirectUri(
            "a host that the initial access token does not name",
        ));
    }
    let lists: [(&'static str, &[String]); 2] = [
        ("post_logout_redirect_uris", &metadata.post_logout_redirect_uris),
        ("request_uris", &metadata.request_uris),
    ];
    let single = [
        ("jwks_uri", &metadata.jwks_uri),
        ("sector_identifier_uri", &metadata.sector_identifier_uri),
        ("backchannel_logout_uri", &metadata.backchannel_logout_uri),
        ("frontchannel_logout_uri", &metadata.frontchannel_logout_uri),
        ("client_uri", &metadata.client_uri),
        ("logo_uri", &metadata.logo_uri),
        ("policy_uri", &metadata.policy_uri),
        ("tos_uri", &metadata.tos_uri),
    ];
    let single = single.iter().map(|(name, uri)| (*name, uri.as_slice()));
    for (name, uris) in lists.into_iter().chain(single) {
        if !uris.iter().all(granted) {
            return refuse(name, "a host that the initial access token does not name");
        }
    }
    let shown = [
        ("client_uri", &metadata.client_uri),
        ("logo_uri", &metadata.logo_uri),
        ("policy_uri", &metadata.policy_uri),
        ("tos_uri", &metadata.tos_uri),
    ];
    for (name, uri) in shown {
        if let Some(Err(because)) = uri.as_deref().map(crate::registration::fetchable) {
            return refuse(name, because);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::said;
    use super::*;

    const ONE: [&str; 8] = [
        "jwks_uri",
        "sector_identifier_uri",
        "backchannel_logout_uri",
        "frontchannel_logout_uri",
        "client_uri",
        "logo_uri",
        "policy_uri",
        "tos_uri",
    ];
    const MANY: [&str; 3] = ["redirect_uris", "post_logout_redirect_uris", "request_uris"];

    #[test]
    fn whoever_vouched_vouched_for_hosts() {
        for good in ["https://rp.example/x", "https://www.rp.example:8443/x"] {
            for name in ONE {
                assert_eq!(said(check, &json!({ name: good })), Ok(()), "{name} {good}");
            }
            for name in MANY {
                assert_eq!(said(check, &json!({ name: [good] })), Ok(()), "{name} {good}");
            }
        }
        for bad in [
            "https://evil.example/x",
            "https://rp.example.evil.example/x",
            "https://sub.rp.example/x",
            "https://rp.example@evil.example/x",
            "https://evil.example/https://rp.example/",
            "https://rp.example.\u{3002}evil.example/x",
            "https://127.0.0.1/x",
            "javascript:alert(1)",
            "data:,x",
            "rp.example",
            "",
        ] {
            for name in ONE {
                assert!(said(check, &json!({ name: bad })).is_err(), "{name} {bad}");
            }
            for name in MANY {
                let mixed = json!({ name: ["https://rp.example/x", bad] });
                assert!(said(check, &mixed).is_err(), "{name} {bad}");
            }
        }
        // What is only shown is https too.
        for name in ["client_uri", "logo_uri", "policy_uri", "tos_uri"] {
            assert!(
                said(check, &json!({ name: "http://rp.example/" })).is_err(),
                "{name}"
            );
        }
    }
}
