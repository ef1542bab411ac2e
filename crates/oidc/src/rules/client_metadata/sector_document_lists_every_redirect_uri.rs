//! What `sector_identifier_uri` leads to is a JSON array of addresses, and every redirect URI is among them, octet by octet.

use jose::json::Limits;
use serde_json::Value;

use crate::client_metadata::MetadataFault;

/// Where it is written.
pub const CITES: &str =
    "OpenID Connect Core 1.0 section 8.1; OpenID Connect Dynamic Client Registration 1.0 section 5";

/// Octets of a document.
pub const MAX_BYTES: usize = 64 * 1024;
const NAME: &str = "sector_identifier_uri";

/// Reads a document: nothing but texts, at most 1023.
pub fn read(document: &[u8]) -> Result<Vec<String>, MetadataFault> {
    let refuse = |because| MetadataFault::Member { name: NAME, because };
    let limits = Limits {
        bytes: MAX_BYTES,
        depth: 2,
        ..Limits::DEFAULT
    };
    let items = jose::json::read_array(document, limits)
        .map_err(|_| refuse("what it leads to is no JSON array of addresses"))?;
    items
        .into_iter()
        .map(|item| match item {
            Value::String(text) => Ok(text),
            _ => Err(refuse("what it leads to is no JSON array of addresses")),
        })
        .collect()
}

/// Whoever serves the document says that these addresses belong together: each has to be said.
pub fn check(listed: &[String], redirect_uris: &[String]) -> Result<(), MetadataFault> {
    if redirect_uris.iter().all(|uri| listed.contains(uri)) {
        Ok(())
    } else {
        Err(MetadataFault::Member {
            name: NAME,
            because: "what it leads to does not list every redirect URI",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(document: &str, uris: &[&str]) -> Result<(), MetadataFault> {
        let uris: Vec<String> = uris.iter().map(|uri| (*uri).to_owned()).collect();
        check(&read(document.as_bytes())?, &uris)
    }

    #[test]
    fn each_address_is_said() {
        let both = r#"["https://a.example/cb","https://b.example/cb"]"#;
        for (document, uris) in [
            (both, &["https://a.example/cb"][..]),
            (both, &["https://b.example/cb", "https://a.example/cb"]),
            (" [\"https://a.example/cb\"]\n", &["https://a.example/cb"]),
        ] {
            assert_eq!(judge(document, uris), Ok(()), "{document} {uris:?}");
        }
        let many = format!("[{}]", vec!["\"x\""; 2000].join(","));
        let long = format!("[\"{}\"]", "x".repeat(MAX_BYTES));
        for (document, uris) in [
            (both, &["https://c.example/cb"][..]),
            (both, &["https://a.example/cb", "https://c.example/cb"]),
            (both, &["https://a.example/cb/"]),
            (both, &["https://A.example/cb"]),
            ("[]", &["https://a.example/cb"]),
            ("", &["https://a.example/cb"]),
            ("{}", &["https://a.example/cb"]),
            (
                r#"{"redirect_uris":["https://a.example/cb"]}"#,
                &["https://a.example/cb"],
            ),
            (r#"["https://a.example/cb",1]"#, &["https://a.example/cb"]),
            (r#"[["https://a.example/cb"]]"#, &["https://a.example/cb"]),
            (r#""https://a.example/cb""#, &["https://a.example/cb"]),
            (r#"["https://a.example/cb"] x"#, &["https://a.example/cb"]),
            (many.as_str(), &["x"]),
            (long.as_str(), &["x"]),
        ] {
            assert!(judge(document, uris).is_err(), "{document:.60} {uris:?}");
        }
    }
}
