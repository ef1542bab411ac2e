//! What a client's registration may say. Refused here, a fault is seen by the operator once instead of by people each day.

use std::fmt;

use domain::OidcLogout;
use url::{Host, Url};

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
