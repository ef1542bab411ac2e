//! `redirect_uri` is one of the registered ones, octet by octet; a native application on the person's own machine says its port.

use serde::{Deserialize, Serialize};

use crate::ClientMethod;
use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "RFC 9700 section 2.1; OpenID Connect Core 1.0 section 3.1.2.1; RFC 6749 section 3.1.2; RFC 8252 section 7.3";

/// Proof that an address is registered for the client. Made by [`read`] alone; the stored form is read back from our own
/// store only.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct RegisteredRedirect(String);

impl RegisteredRedirect {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// No parsing, no normalisation, no prefixes, no wildcards, no default when there is only one registered. An application without a secret
/// that listens on a literal loopback address cannot know its port before: only that may differ (RFC 8252 section 7.3).
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The address.
pub fn read(ask: &Ask<'_>) -> Result<RegisteredRedirect, Reason> {
    ask.request.parameters().refuse_repeated("redirect_uri")?;
    let asked = ask
        .request
        .get("redirect_uri")
        .ok_or(Reason::RedirectUriMissing)?;
    if asked.contains('#') {
        return Err(Reason::RedirectUriFragment);
    }
    let is_native = ask.client.method == ClientMethod::None;
    let fits = |registered: &String| {
        registered.as_bytes() == asked.as_bytes() || (is_native && differs_in_port(registered, asked))
    };
    if ask.client.redirect_uris.iter().any(fits) {
        Ok(RegisteredRedirect(asked.to_owned()))
    } else {
        Err(Reason::RedirectUriNotRegistered)
    }
}

/// Whether both are the same place on a literal loopback address, whatever the port. `localhost` is none: it may lead elsewhere (RFC 8252
/// section 8.3).
fn differs_in_port(registered: &str, asked: &str) -> bool {
    ["http://127.0.0.1", "http://[::1]"].into_iter().any(|host| {
        let behind = |uri: &str| without_port(uri.strip_prefix(host)?).map(str::to_owned);
        behind(registered).is_some_and(|place| behind(asked) == Some(place))
    })
}

/// What stands behind an authority's port, where there is one; none where what follows the host is neither a port nor a path.
fn without_port(rest: &str) -> Option<&str> {
    let Some(port) = rest.strip_prefix(':') else {
        return Some(rest).filter(|place| place.starts_with('/'));
    };
    let (port, place) = port.split_at(port.find('/')?);
    let is_one = !port.starts_with('0')
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok();
    is_one.then_some(place)
}

#[cfg(test)]
mod tests;
