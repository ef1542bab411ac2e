//! `redirect_uri` is one of the registered ones, octet by octet.

use serde::{Deserialize, Serialize};

use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str =
    "RFC 9700 section 2.1; OpenID Connect Core 1.0 section 3.1.2.1; RFC 6749 section 3.1.2";

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

/// No parsing, no normalisation, no prefixes, no wildcards, no default when there is only one registered.
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
    ask.client
        .redirect_uris
        .iter()
        .find(|registered| registered.as_bytes() == asked.as_bytes())
        .map(|registered| RegisteredRedirect(registered.clone()))
        .ok_or(Reason::RedirectUriNotRegistered)
}

#[cfg(test)]
mod tests;
