//! What was asked for, on this service and of the platform.

use serde::{Deserialize, Serialize};

use super::Admitted;
use crate::guard::Guard;
use crate::session::SessionId;
use crate::{oidc, saml};

/// A request to a guarded page, in words of no framework.
#[derive(Clone, Copy, Debug)]
pub struct PageAsked<'a> {
    /// Path and query.
    pub address: &'a str,
    /// GET or HEAD.
    pub is_safe: bool,
    /// It wants JSON, so there is nobody who could sign in.
    pub is_program: bool,
    /// Path and query of the page on this service that it came from, where that is known (`Referer`).
    pub came_from: Option<&'a str>,
}

impl PageAsked<'_> {
    /// Where the form stands that was sent.
    pub(super) fn form_page(&self) -> String {
        self.came_from.and_then(local_address).unwrap_or("/").to_owned()
    }
}

/// What a sign-in is for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Purpose {
    /// A session of this service.
    Session,
    /// A proof for something else, by its name.
    Proof(String),
}

#[derive(Deserialize, Serialize)]
pub(super) enum Sent {
    Oidc(oidc::SentRequest),
    Saml(saml::SentRequest),
}

#[derive(Deserialize, Serialize)]
pub(super) struct Asked {
    pub(super) sent: Sent,
    pub(super) guard: Guard,
    pub(super) purpose: Purpose,
    pub(super) page: String,
    pub(super) before: Option<Before>,
}

/// The session that was there when the question was asked. The answer of SAML is posted from another site, where the session's own
/// cookie does not come along.
#[derive(Deserialize, Serialize)]
pub(super) struct Before {
    pub(super) id: SessionId,
    pub(super) subject: String,
}

impl From<Admitted> for Before {
    fn from(admitted: Admitted) -> Self {
        Self {
            id: admitted.id,
            subject: admitted.session.subject,
        }
    }
}

const MOST_OCTETS: usize = 2048;

/// Path and query on this very service: no other host, whatever a browser reads into it (`//host`, `/\host`), no control characters.
pub fn local_address(text: &str) -> Option<&str> {
    let second = text.chars().nth(1);
    let plain = text.bytes().all(|octet| octet.is_ascii_graphic());
    (text.starts_with('/') && !matches!(second, Some('/' | '\\')) && plain && text.len() <= MOST_OCTETS)
        .then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_service_are_led_back_to() {
        for good in ["/", "/filings?year=2026", "/a//b", "/%E7%94%B3"] {
            assert_eq!(local_address(good), Some(good));
        }
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "filings",
            "/a\r\nset-cookie: x=y",
            "/a\tb",
            "/ä",
        ] {
            assert_eq!(local_address(bad), None, "{bad}");
        }
        assert_eq!(local_address(&format!("/{}", "a".repeat(2048))), None);
    }
}
