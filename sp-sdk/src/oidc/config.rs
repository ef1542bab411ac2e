//! What a service knows of itself and of the platform before the first request.

use std::fmt;
use std::net::SocketAddr;

use serde::Deserialize;

/// A client's secret or private key; it prints as `***`.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// From wherever the service keeps it.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What a service knows of itself and of the platform.
///
/// With `private_key_pem` the client proves itself by `private_key_jwt`, and its requests are pushed (RFC 9126); with `client_secret`
/// by that secret; with neither it is a public client, whose requests the platform takes through the browser alone. Tokens are bound to
/// a key of this process (`DPoP`, RFC 9449) in all three cases, unless `dpop = false`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// The platform's issuer, as registered: compared octet by octet.
    pub issuer: String,
    /// Our `client_id`.
    pub client_id: String,
    /// Our P-256 key (PKCS#8 in PEM), whose public part is registered: the way to choose.
    #[serde(default)]
    pub private_key_pem: Option<ClientSecret>,
    /// Our secret, where there is no key.
    #[serde(default)]
    pub client_secret: Option<ClientSecret>,
    /// Our redirect URI, as registered.
    pub redirect_uri: String,
    /// Where the platform sends the browser after a logout, as registered.
    #[serde(default)]
    pub post_logout_redirect_uri: Option<String>,
    /// PEM of the authority that certifies the platform's TLS server.
    pub trusted_ca_pem: String,
    /// Addresses for names that the system's resolver does not know (`idp.localhost` in the demo).
    #[serde(default)]
    pub addresses: Vec<(String, SocketAddr)>,
    /// How ID tokens are signed, as registered: `ES256`, `RS256` or `PS256`. Another algorithm is refused.
    #[serde(default = "es256")]
    pub id_token_signed_response_alg: String,
    /// Tokens are bound to a key of ours, where the platform can.
    #[serde(default = "yes")]
    pub dpop: bool,
}

fn es256() -> String {
    "ES256".to_owned()
}

const fn yes() -> bool {
    true
}
