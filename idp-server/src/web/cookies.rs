//! The three cookies. All are `__Host-` (this origin only, whole path, TLS only) and `HttpOnly`.
//!
//! `SameSite=Lax`: they ride a top-level GET from a service, never a cross-site POST; so a SAML request by POST is
//! answered with a redirect to a GET before anything about the person is decided.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use domain::Language;

use crate::secret::Secret;

/// Names the browser, so that what it began only it can finish. Not a session.
pub const BROWSER: &str = "__Host-browser";
/// The signed-in session's secret.
pub const SESSION: &str = "__Host-session";
/// The language that the person chose.
pub const LANGUAGE: &str = "__Host-language";

/// Reads a secret cookie; a malformed one is as good as none.
pub fn secret(request: &HttpRequest, name: &str) -> Option<Secret> {
    request
        .cookie(name)
        .and_then(|cookie| Secret::parse(cookie.value()))
}

fn base(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}

/// Sets the browser's name, for as long as the browser runs.
pub fn browser(secret: &Secret) -> Cookie<'static> {
    base(BROWSER, secret.reveal().to_owned())
}

/// Sets the session's secret, for as long as the browser runs; the Ledger knows when it ends.
pub fn session(secret: &Secret) -> Cookie<'static> {
    base(SESSION, secret.reveal().to_owned())
}

/// Removes the session cookie.
pub fn no_session() -> Cookie<'static> {
    let mut cookie = base(SESSION, String::new());
    cookie.set_max_age(Duration::ZERO);
    cookie
}

/// Remembers the language for a year.
pub fn language(language: Language) -> Cookie<'static> {
    let mut cookie = base(LANGUAGE, language.tag().to_owned());
    cookie.set_max_age(Duration::days(365));
    cookie
}
