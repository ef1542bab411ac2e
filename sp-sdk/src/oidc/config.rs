//! What a service knows of itself and of the platform before the first request.

use std::fmt;
use std::net::SocketAddr;

use serde::Deserialize;

/// A client's secret; it prints as `***`.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// From wherever the service keeps it.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What a service knows of itself and of the platform.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// The platform's issuer, as registered: compared octet by octet.
    pub issuer: String,
    /// Our `client_id`.
    pub client_id: String,
    /// Our secret; none for a public client.
    #[serde(default)]
    pub client_secret: Option<ClientSecret>,
    /// Our redirect URI, as registered.
    pub redirect_uri: String,
    /// PEM of the authority that certifies the platform's TLS server.
    pub trusted_ca_pem: String,
    /// Addresses for names that the system's resolver does not know (`idp.localhost` in the demo).
    #[serde(default)]
    pub addresses: Vec<(String, SocketAddr)>,
    /// How ID tokens are signed, as registered: `ES256`, `RS256` or `PS256`. Another algorithm is refused.
    #[serde(default = "es256")]
    pub id_token_signed_response_alg: String,
}

fn es256() -> String {
    "ES256".to_owned()
}
