//! Web origins: scheme, host and port, as the public sees them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An `https` origin without path, query or trailing slash: `https://idp.example.go.jp`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

/// Why a text is no origin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OriginError(String);

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no https origin (write it as https://host or https://host:port)",
            self.0
        )
    }
}

impl std::error::Error for OriginError {}

impl TryFrom<String> for Origin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, OriginError> {
        let refused = || OriginError(text.clone());
        let parsed = url::Url::parse(&text).map_err(|_| refused())?;
        let plain = parsed.scheme() == "https"
            && parsed.username().is_empty()
            && parsed.password().is_none()
            && parsed.origin().ascii_serialization() == text;
        if plain { Ok(Self(text)) } else { Err(refused()) }
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> String {
        origin.0
    }
}

impl Origin {
    /// The origin's text, without trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and port as in a `Host` header.
    pub fn authority(&self) -> &str {
        self.0.strip_prefix("https://").unwrap_or(&self.0)
    }

    /// The host without port.
    pub fn host(&self) -> &str {
        self.authority().split(':').next().unwrap_or_default()
    }

    /// A URL below this origin; `path` begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_https_origins() {
        for good in ["https://idp.example.go.jp", "https://idp.localhost:8443"] {
            assert_eq!(Origin::try_from(good.to_owned()).unwrap().as_str(), good);
        }
        for bad in [
            "http://idp.example.go.jp",
            "https://idp.example.go.jp/",
            "https://idp.example.go.jp:443",
            "https://u@idp.example.go.jp",
            "https://IDP.example.go.jp",
            "idp.example.go.jp",
            "",
        ] {
            assert!(Origin::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        assert_eq!(
            Origin::try_from("https://a.b:1".to_owned()).unwrap().host(),
            "a.b"
        );
    }
}
