//! What rules need to know about the client and about ourselves.

use domain::{ClientAuthentication, IdTokenAlgorithm, OidcLogout, OidcSettings, ServiceId};
use jose::JwkSet;

use crate::registration::{self, RegistrationFault};

/// How the client proves who it is, ready for use.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientMethod {
    /// `none`: PKCE alone.
    None,
    /// `client_secret_basic`.
    SecretBasic {
        /// SHA-256 of the secret in lower-case hexadecimal.
        secret_sha256: String,
    },
    /// `private_key_jwt`.
    PrivateKeyJwt {
        /// The client's public keys.
        keys: JwkSet,
    },
}

impl ClientMethod {
    /// The registered name of the method (OpenID Connect Core 1.0 section 9).
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SecretBasic { .. } => "client_secret_basic",
            Self::PrivateKeyJwt { .. } => "private_key_jwt",
        }
    }
}

/// One client, as the rules see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientFacts {
    /// The registry's name for it.
    pub service: ServiceId,
    /// `client_id`.
    pub client_id: String,
    /// Where codes may go.
    pub redirect_uris: Vec<String>,
    /// Where people may go after logout.
    pub post_logout_redirect_uris: Vec<String>,
    /// How it proves who it is.
    pub method: ClientMethod,
    /// How its ID tokens are signed.
    pub id_token_algorithm: IdTokenAlgorithm,
    /// How it is told that a person signed out.
    pub logout: OidcLogout,
}

impl ClientFacts {
    /// Reads the registry's settings, strictly: what is refused here must not be registered.
    pub fn from_settings(service: &ServiceId, settings: &OidcSettings) -> Result<Self, RegistrationFault> {
        registration::client_id(&settings.client_id)?;
        registration::redirect_uris(&settings.redirect_uris)?;
        for uri in &settings.post_logout_redirect_uris {
            registration::redirect_uri(uri)?;
        }
        registration::logout(&settings.logout, &settings.redirect_uris)?;
        let method = match &settings.authentication {
            ClientAuthentication::None => ClientMethod::None,
            ClientAuthentication::ClientSecretBasic { secret_sha256 } => {
                registration::secret_sha256(secret_sha256)?;
                ClientMethod::SecretBasic {
                    secret_sha256: secret_sha256.clone(),
                }
            }
            ClientAuthentication::PrivateKeyJwt { jwks } => ClientMethod::PrivateKeyJwt {
                keys: JwkSet::parse(jwks).map_err(RegistrationFault::Keys)?,
            },
        };
        Ok(Self {
            service: service.clone(),
            client_id: settings.client_id.clone(),
            redirect_uris: settings.redirect_uris.clone(),
            post_logout_redirect_uris: settings.post_logout_redirect_uris.clone(),
            method,
            id_token_algorithm: settings.id_token_signed_response_alg,
            logout: settings.logout.clone(),
        })
    }
}

/// Which `aud` of a client assertion is ours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AssertionAudience {
    /// The issuer identifier as the only value, as one string (draft-ietf-oauth-rfc7523bis): no other server can be made to
    /// collect assertions for us.
    #[default]
    IssuerOnly,
    /// Also the token endpoint (RFC 7523 section 3), and an array of one, for clients that know nothing newer.
    IssuerOrTokenEndpoint,
}

/// Ourselves, as the rules and documents see us.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProviderFacts {
    /// Issuer identifier: `https`, no query, no fragment, compared octet by octet.
    pub issuer: String,
    /// `authorization_endpoint`.
    pub authorization_endpoint: String,
    /// `token_endpoint`.
    pub token_endpoint: String,
    /// `userinfo_endpoint`.
    pub userinfo_endpoint: String,
    /// `jwks_uri`.
    pub jwks_uri: String,
    /// `end_session_endpoint`.
    pub end_session_endpoint: String,
    /// `acr` values that we can return, in the order of the discovery document.
    pub acr_values_supported: Vec<String>,
    /// Life of an authorization code in seconds (RFC 6749 section 4.1.2 recommends 600 at most; FAPI 2.0 wants 60).
    pub code_lifetime_seconds: i64,
    /// Life of an access token in seconds.
    pub access_token_lifetime_seconds: i64,
    /// Life of an ID token in seconds.
    pub id_token_lifetime_seconds: i64,
    /// How far a client's clock may differ from ours, in seconds.
    pub clock_skew_seconds: i64,
    /// Which `aud` of a client assertion is ours.
    pub assertion_audience: AssertionAudience,
    /// Whether clients can be told of a logout without the browser: roots for their TLS are configured.
    pub backchannel_logout: bool,
}

impl ProviderFacts {
    /// Ourselves under an issuer identifier (no trailing slash), with the usual paths and lives.
    pub fn under(issuer: &str, acr_values_supported: Vec<String>) -> Self {
        let at = |path: &str| format!("{issuer}{path}");
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: at("/oidc/authorize"),
            token_endpoint: at("/oidc/token"),
            userinfo_endpoint: at("/oidc/userinfo"),
            jwks_uri: at("/oidc/jwks"),
            end_session_endpoint: at("/oidc/logout"),
            acr_values_supported,
            code_lifetime_seconds: 60,
            access_token_lifetime_seconds: 600,
            id_token_lifetime_seconds: 300,
            clock_skew_seconds: 60,
            assertion_audience: AssertionAudience::default(),
            backchannel_logout: false,
        }
    }
}
