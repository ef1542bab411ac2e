//! What a record says of a service that speaks OpenID Connect.

use serde::{Deserialize, Serialize};

use crate::TlsClientAuthName;

/// How an OIDC client proves who it is at the token endpoint.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "method", deny_unknown_fields)]
pub enum ClientAuthentication {
    /// Public client; PKCE alone.
    None,
    /// RFC 6749 section 2.3.1, HTTP Basic.
    ClientSecretBasic {
        /// SHA-256 of the secret in lower-case hexadecimal. Secrets are ours, random, 256 bits, so a plain hash suffices.
        secret_sha256: String,
    },
    /// RFC 7523 section 2.2.
    PrivateKeyJwt {
        /// The client's public keys, a JWK Set (RFC 7517 section 5) as JSON text; with a `jwks_uri`, what it led to last.
        #[serde(default)]
        jwks: String,
    },
    /// RFC 8705 section 2.1: a certificate below an authority that the platform pins, issued to the one name that is registered.
    TlsClientAuth(TlsClientAuthName),
    /// RFC 8705 section 2.2: a certificate of one of the client's own keys, whoever issued it.
    SelfSignedTlsClientAuth {
        /// The client's public keys, a JWK Set (RFC 7517 section 5) as JSON text. Certificates in it (`x5c`) are not looked at.
        #[serde(default)]
        jwks: String,
    },
}

/// Signature algorithm of ID tokens (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum IdTokenAlgorithm {
    /// ECDSA P-256, SHA-256.
    #[default]
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5, SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS, SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
}

/// Signature algorithm of what a client signs (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum ClientAlgorithm {
    /// ECDSA P-256, SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA P-384, SHA-384.
    #[serde(rename = "ES384")]
    Es384,
    /// EdDSA with Ed25519.
    #[serde(rename = "Ed25519")]
    Ed25519,
    /// The same by its older name.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// RSASSA-PSS, SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PKCS1-v1_5, SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
}

/// By which rules an OIDC client is held, beyond those for everyone (RFC 9700).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityProfile {
    /// Those for everyone.
    #[default]
    Standard,
    /// FAPI 2.0 Security Profile.
    Fapi2,
}

/// What an OIDC client may and must do with its authorization requests.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestSettings {
    /// Its requests must be pushed (RFC 9126 section 6).
    pub require_pushed_authorization_requests: bool,
    /// Its requests must be signed (RFC 9101 section 10.5).
    pub require_signed_request_object: bool,
    /// With what its request objects may be signed; empty means with any algorithm that we accept from clients.
    pub request_object_signing_algs: Vec<ClientAlgorithm>,
    /// The keys that sign its request objects, a JWK Set as JSON text; without it those of `private_key_jwt` serve.
    pub jwks: Option<String>,
    /// Where its request objects may be fetched from (OpenID Connect Core 1.0 section 6.2), compared octet by octet.
    pub request_uris: Vec<String>,
    /// Which `authorization_details` types of the platform's it may use (RFC 9396).
    pub authorization_details_types: Vec<String>,
    /// How many seconds ago the card may have been used, where a request does not say (OpenID Connect Dynamic Client Registration 1.0
    /// section 2). A request may say more; the service's required level may not be talked down.
    #[serde(skip_serializing_if = "is_default")]
    pub default_max_age: Option<u32>,
}

/// What says nothing is not written: yesterday's binary, which does not know the word, reads the record during a rolling upgrade.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// OpenID Connect settings of a service.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// `client_id`, unique over the registry, 1 to 255 printable ASCII characters.
    pub client_id: String,
    /// Compared octet by octet (RFC 9700 section 2.1).
    pub redirect_uris: Vec<String>,
    /// Where a person may be sent after RP-initiated logout, compared octet by octet.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// How the client proves who it is.
    pub authentication: ClientAuthentication,
    /// How its ID tokens are signed.
    #[serde(default)]
    pub id_token_signed_response_alg: IdTokenAlgorithm,
    /// How it is told that a person signed out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub logout: OidcLogout,
    /// What its authorization requests may and must be.
    #[serde(default, skip_serializing_if = "is_default")]
    pub requests: RequestSettings,
    /// By which rules it is held.
    #[serde(default, skip_serializing_if = "is_default")]
    pub profile: SecurityProfile,
    /// Which tokens it may have.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tokens: TokenSettings,
    /// What it publishes at addresses of its own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub documents: ClientDocuments,
}

/// Documents that a client publishes and we fetch.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientDocuments {
    /// `sector_identifier_uri` (OpenID Connect Core 1.0 section 8.1): which redirect URIs belong together; its host is the sector.
    pub sector_identifier_uri: Option<String>,
    /// `jwks_uri` (OpenID Connect Dynamic Client Registration 1.0 section 2): where its keys are looked for again and again.
    pub jwks_uri: Option<String>,
}

/// How a client is told that a person signed out.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcLogout {
    /// `backchannel_logout_uri` (OpenID Connect Back-Channel Logout 1.0 section 2.2).
    pub backchannel_uri: Option<String>,
    /// `backchannel_logout_session_required`. Every logout token has `sid`, so this changes nothing; kept for the operator's view.
    pub backchannel_session_required: bool,
    /// `frontchannel_logout_uri` (OpenID Connect Front-Channel Logout 1.0 section 2).
    pub frontchannel_uri: Option<String>,
    /// `frontchannel_logout_session_required`: the address gets `iss` and `sid`.
    pub frontchannel_session_required: bool,
}

/// Whether a client gets refresh tokens.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshPermission {
    /// None.
    #[default]
    Never,
    /// Such that end with the person's session.
    Session,
    /// Also such that outlive it, where the request asks for `offline_access` and the person agrees (OpenID Connect Core 1.0
    /// section 11).
    Offline,
}

/// Which tokens a client may have, and how they are bound and answered.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenSettings {
    /// Refresh tokens.
    pub refresh: RefreshPermission,
    /// `dpop_bound_access_tokens` (RFC 9449 section 5.2): no token without a `DPoP` proof.
    pub dpop_bound_access_tokens: bool,
    /// `tls_client_certificate_bound_access_tokens` (RFC 8705 section 3.4): no token without a client certificate.
    pub tls_client_certificate_bound_access_tokens: bool,
    /// Resources for which it may ask access tokens (RFC 8707).
    pub resources: Vec<String>,
    /// Resources that it serves: it may ask here about access tokens for them (RFC 7662).
    pub serves: Vec<String>,
    /// `dpop_signing_algs`: with what its DPoP proofs may be signed; empty means with any algorithm that we accept from clients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dpop_signing_algs: Vec<ClientAlgorithm>,
    /// `userinfo_signed_response_alg`: user information comes as a signed JWT.
    pub userinfo_signed_response_alg: Option<IdTokenAlgorithm>,
    /// `token_endpoint_auth_signing_alg`: the one algorithm of its assertions; none means any that we have.
    pub token_endpoint_auth_signing_alg: Option<ClientAlgorithm>,
    /// It may ask for devices that have no browser of their own (RFC 8628).
    #[serde(skip_serializing_if = "is_default")]
    pub device_authorization: bool,
}
