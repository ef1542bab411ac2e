//! What a client's registration may say. Refused here, a fault is seen by the operator once instead of by people each day.

use std::fmt;

use domain::{
    ClientAlgorithm, ClientAuthentication, IdTokenAlgorithm, OidcLogout, OidcSettings, SecurityProfile,
};
use jose::Algorithm;
use url::{Host, Url};

use crate::facts;

/// Names of our own response parameters: a registered address that carries one could be confused with an answer.
const RESPONSE_PARAMETERS: [&str; 9] = [
    "access_token",
    "code",
    "error",
    "error_description",
    "error_uri",
    "id_token",
    "iss",
    "response",
    "state",
];
const MAX_URIS: usize = 64;
const MAX_URI_BYTES: usize = 2048;
const MAX_FRAGMENT_BYTES: usize = 255;

/// Why settings cannot be registered.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RegistrationFault {
    /// `client_id` is not 1 to 255 printable ASCII characters without space.
    ClientId,
    /// No redirect URI, or more than 64.
    RedirectUriCount,
    /// A redirect URI that cannot be trusted.
    RedirectUri {
        /// Which.
        uri: String,
        /// What is wrong with it.
        because: &'static str,
    },
    /// The secret's hash is not 64 lower-case hexadecimal characters.
    SecretHash,
    /// The client's keys.
    Keys(jose::Reason),
    /// A logout address that cannot be trusted.
    LogoutUri {
        /// Which.
        uri: String,
        /// What is wrong with it.
        because: &'static str,
    },
    /// A setting that cannot be.
    Setting {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        because: &'static str,
    },
}

impl fmt::Display for RegistrationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientId => {
                f.write_str("client_id must be 1 to 255 printable ASCII characters without space")
            }
            Self::RedirectUriCount => write!(f, "there must be 1 to {MAX_URIS} redirect URIs"),
            Self::RedirectUri { uri, because } => write!(f, "redirect URI {uri}: {because}"),
            Self::SecretHash => f.write_str("secret_sha256 must be 64 lower-case hexadecimal characters"),
            Self::Keys(reason) => write!(f, "jwks: {reason}"),
            Self::LogoutUri { uri, because } => write!(f, "logout URI {uri}: {because}"),
            Self::Setting { name, because } => write!(f, "{name}: {because}"),
        }
    }
}

impl std::error::Error for RegistrationFault {}

pub(crate) fn client_id(text: &str) -> Result<(), RegistrationFault> {
    if (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(RegistrationFault::ClientId)
    }
}

pub(crate) fn secret_sha256(text: &str) -> Result<(), RegistrationFault> {
    if text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    {
        Ok(())
    } else {
        Err(RegistrationFault::SecretHash)
    }
}

pub(crate) fn redirect_uris(uris: &[String]) -> Result<(), RegistrationFault> {
    if !(1..=MAX_URIS).contains(&uris.len()) {
        return Err(RegistrationFault::RedirectUriCount);
    }
    uris.iter().try_for_each(|uri| redirect_uri(uri))
}

/// What a client's requests may be: bounded lists, addresses that name a public host, nothing that could not be kept.
pub(crate) fn requests(client: &OidcSettings, may_sign: bool) -> Result<(), RegistrationFault> {
    let settings = &client.requests;
    let fault = |name, because| Err(RegistrationFault::Setting { name, because });
    for (name, list) in [
        ("request_uris", &settings.request_uris),
        ("resources", &client.tokens.resources),
        (
            "authorization_details_types",
            &settings.authorization_details_types,
        ),
    ] {
        if list.len() > MAX_URIS {
            return fault(name, "more than 64");
        }
    }
    if !may_sign && (settings.require_signed_request_object || !settings.request_uris.is_empty()) {
        return fault(
            "jwks",
            "request objects need keys, and an algorithm that may be used",
        );
    }
    for uri in &settings.request_uris {
        if let Err(because) = request_uri(uri) {
            return fault("request_uris", because);
        }
    }
    if !client.tokens.resources.iter().all(|uri| is_resource(uri)) {
        return fault(
            "resources",
            "only absolute URIs without fragment, at most 512 bytes",
        );
    }
    let named = |name: &String| (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
    if !settings.authorization_details_types.iter().all(named) {
        return fault(
            "authorization_details_types",
            "1 to 128 printable ASCII characters without space",
        );
    }
    Ok(())
}

/// Which tokens a client may have: bounded lists of addresses, and an algorithm that its keys and its profile leave over.
pub(crate) fn tokens(client: &OidcSettings) -> Result<(), RegistrationFault> {
    let fault = |name, because| Err(RegistrationFault::Setting { name, because });
    let settings = &client.tokens;
    if settings.serves.len() > MAX_URIS || !settings.serves.iter().all(|uri| is_resource(uri)) {
        return fault("serves", "at most 64 absolute URIs without fragment");
    }
    let public = client.authentication == ClientAuthentication::None;
    if public && !settings.serves.is_empty() {
        return fault(
            "serves",
            "a resource server needs credentials to ask about tokens",
        );
    }
    let fapi = client.profile == SecurityProfile::Fapi2;
    let is_good = |algorithm: &ClientAlgorithm| !fapi || fapi_allows(facts::client_algorithm(*algorithm));
    let because = "FAPI 2.0 has PS256, ES256 and EdDSA (Ed25519) alone";
    if !settings.token_endpoint_auth_signing_alg.iter().all(is_good) {
        return fault("token_endpoint_auth_signing_alg", because);
    }
    // FAPI 2.0 Security Profile section 5.3.2.2 knows the code flow alone; a device's request is neither pushed nor signed.
    let strict = fapi
        || client.requests.require_pushed_authorization_requests
        || client.requests.require_signed_request_object;
    if settings.device_authorization && strict {
        return fault(
            "device_authorization",
            "not beside fapi2, pushed requests or signed requests that are required",
        );
    }
    if !settings.dpop_signing_algs.iter().all(is_good) {
        return fault("dpop_signing_algs", because);
    }
    Ok(())
}

/// What a client publishes: addresses that we fetch from, and keys that somebody needs.
pub(crate) fn documents(client: &OidcSettings) -> Result<(), RegistrationFault> {
    let documents = &client.documents;
    for (name, uri) in [
        ("sector_identifier_uri", &documents.sector_identifier_uri),
        ("jwks_uri", &documents.jwks_uri),
    ] {
        if let Some(Err(because)) = uri.as_deref().map(fetchable) {
            return Err(RegistrationFault::Setting { name, because });
        }
    }
    let has_keys = matches!(
        client.authentication,
        ClientAuthentication::PrivateKeyJwt { .. } | ClientAuthentication::SelfSignedTlsClientAuth { .. }
    ) || client.requests.jwks.is_some();
    if documents.jwks_uri.is_some() && !has_keys {
        return Err(RegistrationFault::Setting {
            name: "jwks_uri",
            because: "nothing is signed with its keys",
        });
    }
    Ok(())
}

/// A resource indicator (RFC 8707 section 2): an absolute URI without fragment.
pub(crate) fn is_resource(text: &str) -> bool {
    text.len() <= 512
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.contains('#')
        && Url::parse(text).is_ok()
}

/// An address that we may be made to fetch from: `https`, a host name, no user information, no fragment, in a browser's spelling. Whether
/// the name leads to the public network is seen at each fetch.
pub fn fetchable(text: &str) -> Result<(), &'static str> {
    if text.len() > MAX_URI_BYTES {
        return Err("longer than 2048 bytes");
    }
    if text.contains('#') {
        return Err("a fragment is not allowed");
    }
    let Ok(url) = Url::parse(text) else {
        return Err("not an absolute URI");
    };
    if url.scheme() != "https" {
        return Err("only https");
    }
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Err("user information is not allowed");
    }
    match url.host() {
        Some(Host::Domain(name)) if name.contains('.') && !name.ends_with('.') => {}
        _ => return Err("only a full host name, no address"),
    }
    if url.as_str() != text && url.as_str() != format!("{text}/") {
        return Err("a browser would spell it differently");
    }
    Ok(())
}

/// Where a request object is: as everything that is fetched, and perhaps a fragment that changes with the content (OpenID Connect Core 1.0
/// section 6.2).
fn request_uri(text: &str) -> Result<(), &'static str> {
    let Some((address, fragment)) = text.split_once('#') else {
        return fetchable(text);
    };
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    if fragment.len() > MAX_FRAGMENT_BYTES || !fragment.bytes().all(is_plain) {
        return Err("a fragment is at most 255 printable ASCII characters");
    }
    fetchable(address)
}

/// With what clients of the profile sign (FAPI 2.0 Security Profile section 5.4.1): PS256, ES256, EdDSA with Ed25519.
pub(crate) const fn fapi_allows(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::Ps256 | Algorithm::Es256 | Algorithm::Ed25519 | Algorithm::EdDsa
    )
}

/// What a profile demands of a registration (FAPI 2.0 Security Profile sections 5.3.2.1 and 5.4.1).
pub(crate) fn profile(settings: &OidcSettings) -> Result<(), RegistrationFault> {
    if settings.profile != SecurityProfile::Fapi2 {
        return Ok(());
    }
    let fault = |name, because| Err(RegistrationFault::Setting { name, because });
    match settings.authentication {
        ClientAuthentication::None | ClientAuthentication::ClientSecretBasic { .. } => {
            return fault(
                "authentication",
                "the profile fapi2 needs private_key_jwt, tls_client_auth or self_signed_tls_client_auth",
            );
        }
        ClientAuthentication::PrivateKeyJwt { .. }
        | ClientAuthentication::TlsClientAuth(_)
        | ClientAuthentication::SelfSignedTlsClientAuth { .. } => {}
    }
    if settings.id_token_signed_response_alg == IdTokenAlgorithm::Rs256 {
        return fault(
            "id_token_signed_response_alg",
            "the profile fapi2 needs ES256 or PS256",
        );
    }
    if settings.tokens.userinfo_signed_response_alg == Some(IdTokenAlgorithm::Rs256) {
        return fault(
            "userinfo_signed_response_alg",
            "the profile fapi2 needs ES256 or PS256",
        );
    }
    if !settings.redirect_uris.iter().all(|uri| uri.starts_with("https:")) {
        return fault("redirect_uris", "the profile fapi2 needs https");
    }
    Ok(())
}

/// An absolute `https` URI without fragment (RFC 6749 section 3.1.2), or `http` on a loopback host (RFC 8252 section 7.3) for
/// development, in the spelling that a browser would keep, so that the address that was registered is the address visited.
pub(crate) fn redirect_uri(text: &str) -> Result<(), RegistrationFault> {
    let refuse = |because| {
        Err(RegistrationFault::RedirectUri {
            uri: text.to_owned(),
            because,
        })
    };
    if text.len() > MAX_URI_BYTES {
        return refuse("longer than 2048 bytes");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return refuse("only printable ASCII without backslash");
    }
    if text.contains('#') {
        return refuse("a fragment is not allowed");
    }
    let Ok(url) = Url::parse(text) else {
        return refuse("not an absolute URI");
    };
    if !matches!((url.scheme(), loopback(&url)), ("https", _) | ("http", true)) {
        return refuse("only https, or http on a loopback host");
    }
    let authority_ends = text.find(['/', '?']).map_or(0, |at| at + 2);
    let authority = text
        .get(authority_ends..)
        .and_then(|rest| rest.split(['/', '?']).next());
    if authority.is_none_or(|authority| authority.contains('@')) {
        return refuse("user information is not allowed");
    }
    if url.as_str() != text && url.as_str() != format!("{text}/") {
        return refuse("a browser would spell it differently");
    }
    if url
        .query_pairs()
        .any(|(name, _)| RESPONSE_PARAMETERS.contains(&name.as_ref()))
    {
        return refuse("its query has the name of a response parameter");
    }
    Ok(())
}

/// Back-Channel Logout 1.0 section 2.2: absolute, no fragment; `https` always, for the token names a person. Front-Channel Logout 1.0
/// section 2: the same origin (scheme, host and port) as a registered redirect URI.
pub(crate) fn logout(settings: &OidcLogout, redirect_uris: &[String]) -> Result<(), RegistrationFault> {
    let refuse = |uri: &str, because| {
        Err(RegistrationFault::LogoutUri {
            uri: uri.to_owned(),
            because,
        })
    };
    for uri in [&settings.backchannel_uri, &settings.frontchannel_uri]
        .into_iter()
        .flatten()
    {
        if let Err(RegistrationFault::RedirectUri { because, .. }) = redirect_uri(uri) {
            return refuse(uri, because);
        }
    }
    if let Some(uri) = settings
        .backchannel_uri
        .as_deref()
        .filter(|uri| !uri.starts_with("https://"))
    {
        return refuse(uri, "only https");
    }
    let origin = |uri: &str| Url::parse(uri).ok().map(|url| url.origin());
    if let Some(uri) = &settings.frontchannel_uri
        && !redirect_uris
            .iter()
            .any(|registered| origin(registered) == origin(uri))
    {
        return refuse(uri, "its origin must be that of a redirect URI");
    }
    if let Some(uri) = &settings.frontchannel_uri
        && uri.contains(['\'', '"', ';', ','])
    {
        return refuse(uri, "no quotes, semicolons or commas");
    }
    Ok(())
}

fn loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
