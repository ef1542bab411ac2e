//! A `request_uri` of the client's is one that it registered; fragments are no part of either.

use crate::{ClientFacts, Reason};

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 section 6.2; RFC 9101 sections 5.2 and 10.4 (nothing else is fetched); RFC 9700 section 4.9";

const MAX_BYTES: usize = 2048 + 256;

/// A registered address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reference {
    /// What to fetch: octet by octet as registered, up to the fragment.
    pub uri: String,
}

/// The address, compared octet by octet up to the fragment. A fragment says whether what a server keeps is still what the address leads to;
/// we keep nothing, and what the object holds is in its signature.
pub fn read(uri: &str, client: &ClientFacts) -> Result<Reference, Reason> {
    if uri.len() > MAX_BYTES {
        return Err(Reason::RequestUriNotRegistered);
    }
    let address = bare(uri);
    client
        .requests
        .request_uris
        .iter()
        .map(|registered| bare(registered))
        .find(|registered| registered.as_bytes() == address.as_bytes())
        .map(|registered| Reference {
            uri: registered.to_owned(),
        })
        .ok_or(Reason::RequestUriNotRegistered)
}

fn bare(uri: &str) -> &str {
    uri.split_once('#').map_or(uri, |(address, _)| address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::client;

    #[test]
    fn only_what_was_registered_is_fetched() {
        let mut client = client();
        let bare = "https://rp.example/r?a=1";
        let digest = jose::encode_base64url(jose::digest::sha256(b"object"));
        let exact = format!("{bare}#{digest}");
        // Whether it was registered with a fragment or without, and whatever the fragment says: nothing is kept that it could speak of.
        for registered in [bare, exact.as_str()] {
            client.requests.request_uris = vec![registered.to_owned()];
            for uri in [
                bare,
                exact.as_str(),
                "https://rp.example/r?a=1#another",
                "https://rp.example/r?a=1#",
            ] {
                assert_eq!(
                    read(uri, &client).map(|found| found.uri),
                    Ok(bare.to_owned()),
                    "{uri}"
                );
            }
        }
        let long = format!("{exact}{}", "x".repeat(MAX_BYTES));
        for uri in [
            "https://rp.example/r",
            "https://rp.example/r?a=1&b=2",
            "https://rp.example/r?a=1/../x",
            "https://rp.example@169.254.169.254/r?a=1",
            "http://rp.example/r?a=1",
            "https://RP.example/r?a=1",
            "https://127.0.0.1/",
            "file:///etc/passwd",
            "urn:ietf:params:oauth:request_uri:x",
            "data:,x",
            "#x",
            long.as_str(),
        ] {
            assert_eq!(read(uri, &client), Err(Reason::RequestUriNotRegistered), "{uri}");
        }
    }
}
