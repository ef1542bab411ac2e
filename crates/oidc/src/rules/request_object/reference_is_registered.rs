//! A `request_uri` of the client's is one that it registered; a fragment, if there, is the digest of what it leads to.

use crate::{ClientFacts, Reason};

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 section 6.2; RFC 9101 sections 5.2 and 10.4 (nothing else is fetched); RFC 9700 section 4.9";

const MAX_BYTES: usize = 2048 + 64;

/// A registered address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reference {
    /// What to fetch: octet by octet as registered.
    pub uri: String,
    digest: Option<String>,
}

impl Reference {
    /// Whether the fetched text is what the fragment says.
    pub fn accepts(&self, object: &str) -> Result<(), Reason> {
        let made = jose::encode_base64url(jose::digest::sha256(object.as_bytes()));
        match &self.digest {
            Some(digest) if *digest != made => Err(Reason::RequestUriUnreachable),
            _ => Ok(()),
        }
    }
}

/// The address. Registered without fragment; compared octet by octet up to it.
pub fn read(uri: &str, client: &ClientFacts) -> Result<Reference, Reason> {
    let (address, digest) = match uri.split_once('#') {
        Some((address, digest)) => (address, Some(digest.to_owned())),
        None => (uri, None),
    };
    if uri.len() > MAX_BYTES {
        return Err(Reason::RequestUriNotRegistered);
    }
    client
        .requests
        .request_uris
        .iter()
        .find(|registered| registered.as_bytes() == address.as_bytes())
        .map(|registered| Reference {
            uri: registered.clone(),
            digest,
        })
        .ok_or(Reason::RequestUriNotRegistered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::client;

    #[test]
    fn only_what_was_registered_is_fetched() {
        let mut client = client();
        client.requests.request_uris = vec!["https://rp.example/r?a=1".to_owned()];
        let digest = jose::encode_base64url(jose::digest::sha256(b"object"));
        let exact = format!("https://rp.example/r?a=1#{digest}");
        let reference = read(&exact, &client).unwrap();
        assert_eq!(reference.uri, "https://rp.example/r?a=1");
        assert_eq!(reference.accepts("object"), Ok(()));
        assert_eq!(reference.accepts("changed"), Err(Reason::RequestUriUnreachable));
        assert_eq!(
            read("https://rp.example/r?a=1", &client)
                .unwrap()
                .accepts("anything"),
            Ok(())
        );
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
