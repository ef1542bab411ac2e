//! What rules need to know about the client and about ourselves.

use std::sync::Arc;

use domain::{
    ClientAlgorithm, ClientAuthentication, IdTokenAlgorithm, OidcLogout, OidcSettings, RefreshPermission,
    RegisteredCertificate, SecurityProfile, ServiceId,
};
use jose::{Algorithm, JwkSet};

use crate::authorization_details::DetailTypes;
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
    /// `tls_client_auth` (RFC 8705 section 2.1).
    TlsClientAuth {
        /// What its certificate must be.
        certificate: RegisteredCertificate,
    },
    /// `self_signed_tls_client_auth` (RFC 8705 section 2.2).
    SelfSignedTlsClientAuth {
        /// Of one of these keys.
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
            Self::TlsClientAuth { .. } => "tls_client_auth",
            Self::SelfSignedTlsClientAuth { .. } => "self_signed_tls_client_auth",
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
    /// What its authorization requests may and must be.
    pub requests: RequestFacts,
    /// By which rules it is held.
    pub profile: SecurityProfile,
    /// Which tokens it may have.
    pub tokens: TokenFacts,
}

/// Which tokens a client may have, and how they are bound and answered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TokenFacts {
    /// Refresh tokens.
    pub refresh: RefreshPermission,
    /// No token without a DPoP proof.
    pub dpop_required: bool,
    /// With what its DPoP proofs may be signed.
    pub proof_algorithms: Vec<Algorithm>,
    /// No token without a certificate, and each bound to it.
    pub certificate_required: bool,
    /// Resources that it serves.
    pub serves: Vec<String>,
    /// How its user information is signed, if it is.
    pub userinfo_algorithm: Option<IdTokenAlgorithm>,
    /// With what its assertions may be signed.
    pub assertion_algorithms: Vec<Algorithm>,
    /// Whether it may ask for devices (RFC 8628).
    pub device_authorization: bool,
}

impl TokenFacts {
    fn of(settings: &OidcSettings) -> Result<Self, RegistrationFault> {
        registration::tokens(settings)?;
        let fapi = settings.profile == SecurityProfile::Fapi2;
        let mut assertion_algorithms = match &settings.tokens.token_endpoint_auth_signing_alg {
            Some(algorithm) => vec![client_algorithm(*algorithm)],
            None => Algorithm::ALL.to_vec(),
        };
        assertion_algorithms.retain(|algorithm| !fapi || registration::fapi_allows(*algorithm));
        let mut proof_algorithms = listed(&settings.tokens.dpop_signing_algs);
        proof_algorithms.retain(|algorithm| !fapi || registration::fapi_allows(*algorithm));
        Ok(Self {
            refresh: settings.tokens.refresh,
            dpop_required: settings.tokens.dpop_bound_access_tokens,
            proof_algorithms,
            certificate_required: settings.tokens.tls_client_certificate_bound_access_tokens,
            serves: settings.tokens.serves.clone(),
            userinfo_algorithm: settings.tokens.userinfo_signed_response_alg,
            assertion_algorithms,
            device_authorization: settings.tokens.device_authorization,
        })
    }
}

/// What a client's authorization requests may and must be.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RequestFacts {
    /// They must be pushed.
    pub must_be_pushed: bool,
    /// They must be signed.
    pub must_be_signed: bool,
    /// With what request objects may be signed.
    pub algorithms: Vec<Algorithm>,
    /// By which keys; none means that there are no request objects.
    pub keys: Option<JwkSet>,
    /// Where request objects may be fetched from.
    pub request_uris: Vec<String>,
    /// For which resources tokens may be asked.
    pub resources: Vec<String>,
    /// Which types of `authorization_details` may be used.
    pub detail_types: Vec<String>,
    /// `default_max_age`, in seconds.
    pub default_max_age: Option<u32>,
}

impl RequestFacts {
    fn of(settings: &OidcSettings, method: &ClientMethod) -> Result<Self, RegistrationFault> {
        let requests = &settings.requests;
        let keys = match (&requests.jwks, method) {
            (Some(jwks), _) => Some(JwkSet::parse(jwks).map_err(RegistrationFault::Keys)?),
            (None, ClientMethod::PrivateKeyJwt { keys }) => Some(keys.clone()),
            (None, _) => None,
        };
        let fapi = settings.profile == SecurityProfile::Fapi2;
        let mut algorithms = listed(&requests.request_object_signing_algs);
        algorithms.retain(|algorithm| !fapi || registration::fapi_allows(*algorithm));
        registration::requests(settings, keys.is_some() && !algorithms.is_empty())?;
        Ok(Self {
            must_be_pushed: requests.require_pushed_authorization_requests || fapi,
            must_be_signed: requests.require_signed_request_object,
            algorithms,
            keys,
            request_uris: requests.request_uris.clone(),
            resources: settings.tokens.resources.clone(),
            detail_types: requests.authorization_details_types.clone(),
            default_max_age: requests.default_max_age,
        })
    }
}

/// The algorithms of a client's list; an empty one means all that we take.
fn listed(settings: &[ClientAlgorithm]) -> Vec<Algorithm> {
    if settings.is_empty() {
        Algorithm::ALL.to_vec()
    } else {
        settings
            .iter()
            .map(|algorithm| client_algorithm(*algorithm))
            .collect()
    }
}

/// The JWS algorithm of a client's setting.
pub(crate) const fn client_algorithm(setting: ClientAlgorithm) -> Algorithm {
    match setting {
        ClientAlgorithm::Es256 => Algorithm::Es256,
        ClientAlgorithm::Es384 => Algorithm::Es384,
        ClientAlgorithm::Ed25519 => Algorithm::Ed25519,
        ClientAlgorithm::EdDsa => Algorithm::EdDsa,
        ClientAlgorithm::Ps256 => Algorithm::Ps256,
        ClientAlgorithm::Rs256 => Algorithm::Rs256,
    }
}

impl ClientFacts {
    /// Reads the registry's settings, strictly: what is refused here must not be registered.
    pub fn from_settings(service: &ServiceId, settings: &OidcSettings) -> Result<Self, RegistrationFault> {
        registration::client_id(&settings.client_id)?;
        // A client of devices alone is never sent anybody.
        if !(settings.tokens.device_authorization && settings.redirect_uris.is_empty()) {
            registration::redirect_uris(&settings.redirect_uris)?;
        }
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
            ClientAuthentication::TlsClientAuth(name) => ClientMethod::TlsClientAuth {
                certificate: name.registered().map_err(|because| RegistrationFault::Setting {
                    name: "authentication",
                    because,
                })?,
            },
            ClientAuthentication::SelfSignedTlsClientAuth { jwks } => ClientMethod::SelfSignedTlsClientAuth {
                keys: JwkSet::parse(jwks).map_err(RegistrationFault::Keys)?,
            },
        };
        registration::profile(settings)?;
        registration::documents(settings)?;
        let requests = RequestFacts::of(settings, &method)?;
        Ok(Self {
            service: service.clone(),
            client_id: settings.client_id.clone(),
            redirect_uris: settings.redirect_uris.clone(),
            post_logout_redirect_uris: settings.post_logout_redirect_uris.clone(),
            method,
            id_token_algorithm: settings.id_token_signed_response_alg,
            logout: settings.logout.clone(),
            tokens: TokenFacts::of(settings)?,
            requests,
            profile: settings.profile,
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

/// The listener for client certificates, where there is one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MutualTlsFacts {
    /// Its origin, no trailing slash: the endpoints stand there under the same paths.
    pub origin: String,
    /// Whether authorities are pinned, so that `tls_client_auth` can succeed.
    pub authorities: bool,
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
    /// `introspection_endpoint`.
    pub introspection_endpoint: String,
    /// `revocation_endpoint`.
    pub revocation_endpoint: String,
    /// `userinfo_endpoint`.
    pub userinfo_endpoint: String,
    /// `jwks_uri`.
    pub jwks_uri: String,
    /// `end_session_endpoint`.
    pub end_session_endpoint: String,
    /// `registration_endpoint`, where clients may register themselves.
    pub registration_endpoint: Option<String>,
    /// `pushed_authorization_request_endpoint`.
    pub pushed_authorization_request_endpoint: String,
    /// `device_authorization_endpoint` (RFC 8628 section 4).
    pub device_authorization_endpoint: String,
    /// Where people enter what a device shows (RFC 8628 section 3.2: short, easy to type).
    pub verification_uri: String,
    /// Life of a device's codes in seconds (RFC 8628 section 3.2).
    pub device_code_lifetime_seconds: i64,
    /// Seconds between two questions of a device (RFC 8628 section 3.5).
    pub device_interval_seconds: u32,
    /// Life of a pushed request in seconds (RFC 9126 section 2.2 recommends 5 to 600).
    pub pushed_request_lifetime_seconds: i64,
    /// Types of `authorization_details` that there are.
    pub detail_types: Arc<DetailTypes>,
    /// Whether request objects can be fetched from registered addresses (OpenID Connect Core 1.0 section 6.2).
    pub fetches_request_objects: bool,
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
    /// Where clients with certificates are received (RFC 8705 section 5), if they are.
    pub mutual_tls: Option<MutualTlsFacts>,
}

impl ProviderFacts {
    /// The same endpoint where clients with certificates are received.
    pub fn alias(&self, endpoint: &str) -> Option<String> {
        let path = endpoint.strip_prefix(&self.issuer)?;
        self.mutual_tls
            .as_ref()
            .map(|listener| format!("{}{path}", listener.origin))
    }

    /// Ourselves under an issuer identifier (no trailing slash), with the usual paths and lives.
    pub fn under(issuer: &str, acr_values_supported: Vec<String>) -> Self {
        let at = |path: &str| format!("{issuer}{path}");
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: at("/oidc/authorize"),
            token_endpoint: at("/oidc/token"),
            introspection_endpoint: at("/oidc/introspection"),
            revocation_endpoint: at("/oidc/revocation"),
            userinfo_endpoint: at("/oidc/userinfo"),
            jwks_uri: at("/oidc/jwks"),
            end_session_endpoint: at("/oidc/logout"),
            registration_endpoint: None,
            pushed_authorization_request_endpoint: at("/oidc/par"),
            device_authorization_endpoint: at("/oidc/device_authorization"),
            verification_uri: at("/activate"),
            device_code_lifetime_seconds: 600,
            device_interval_seconds: 5,
            pushed_request_lifetime_seconds: 60,
            fetches_request_objects: false,
            detail_types: Arc::default(),
            acr_values_supported,
            code_lifetime_seconds: 60,
            access_token_lifetime_seconds: 600,
            id_token_lifetime_seconds: 300,
            clock_skew_seconds: 60,
            assertion_audience: AssertionAudience::default(),
            backchannel_logout: false,
            mutual_tls: None,
        }
    }
}
