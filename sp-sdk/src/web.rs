//! The gate in the web framework: routes, a guard to wrap pages in, and what a small service needs besides (cookies with the right
//! attributes, a TLS listener).
//!
//! **Owns** [`routes`] (sign-in, callback, assertion consumer service, sign-out, logout receivers), [`Guarded`] (the guard as middleware),
//! [`SignedIn`] (the person in a handler), [`serve`], [`form_ticket`] (forms before any session), [`cookie`], [`tls`], [`page`],
//! [`redirect`] and [`Stopped`] (what `main` returns); the few pages that the gate itself
//! must show, in Japanese and English (`words.rs`). **Deliberately absent**: what the service's own pages say.
//!
//! **Neighbours**: [`crate::gate`] decides; `examples/`.
//!
//! **One more framework**: a module and a feature of its own beside this one.

mod form_ticket;
mod guarded;
mod routes;
mod server;
mod stopped;
mod words;

pub use form_ticket::{form_ticket, owns_form};
pub use guarded::{Guarded, SignedIn};
pub use routes::{Told, routes};
pub use server::{ServerSettings, serve};
pub use stopped::{Stopped, read};
pub use words::language;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::{StatusCode, header};
use domain::Language;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why the TLS listener cannot be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenFault {
    /// A file cannot be read as what it should be.
    File {
        /// Its path.
        path: String,
    },
    /// Certificate and key do not fit.
    Pair(rustls::Error),
    /// The address is taken or not ours.
    Address {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl fmt::Display for ListenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path } => write!(f, "{path} cannot be read as PEM"),
            Self::Pair(why) => write!(f, "certificate and key do not fit: {why}"),
            Self::Address { address, source } => write!(f, "cannot listen on {address}: {source}"),
        }
    }
}

impl std::error::Error for ListenFault {}

/// A cookie of this host alone. `rides_posts` is for what must come along when the platform's page posts the SAML Response from
/// another site; everything else stays Lax.
pub fn cookie(name: &'static str, value: String, seconds: i64, rides_posts: bool) -> Cookie<'static> {
    Cookie::build(format!("__Host-{name}"), value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(if rides_posts {
            SameSite::None
        } else {
            SameSite::Lax
        })
        .max_age(Duration::seconds(seconds))
        .finish()
}

/// TLS for a server certificate (PEM, with its chain) and its key (PEM).
pub fn tls(certificate: &Path, key: &Path) -> Result<ServerConfig, ListenFault> {
    let unreadable = |path: &Path| ListenFault::File {
        path: path.display().to_string(),
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .map_err(|_| unreadable(certificate))?
        .collect::<Result<_, _>>()
        .map_err(|_| unreadable(certificate))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|_| unreadable(key))?;
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(ListenFault::Pair)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(ListenFault::Pair)
}

/// Names the address in the fault of a listener that could not be made.
pub fn taken(address: SocketAddr) -> impl FnOnce(io::Error) -> ListenFault {
    move |source| ListenFault::Address { address, source }
}

/// A page of a service, with headers that keep it to itself.
pub fn page(title: &str, text: &str) -> HttpResponse {
    respond((StatusCode::OK, Language::En), title, text)
}

/// The same in a language, with a status.
pub fn page_in(language: Language, status: StatusCode, title: &str, text: &str) -> HttpResponse {
    respond((status, language), title, text)
}

/// The page of a sign-in that failed. `why` is for the demo's eyes; a service that serves people logs it and shows a sentence.
pub fn refused(why: &str) -> HttpResponse {
    let text = format!(
        "<p id=\"refused\">{}</p><p><a href=\"/\">Back</a></p>",
        escape(why)
    );
    respond((StatusCode::FORBIDDEN, Language::En), "Not signed in", &text)
}

/// On to another address, with a cookie.
pub fn redirect(to: &str, cookie: Cookie<'_>) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .cookie(cookie)
        .finish()
}

/// Text as it may stand in HTML, in content and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn respond((status, language): (StatusCode, Language), title: &str, text: &str) -> HttpResponse {
    let (title, tag) = (escape(title), language.tag());
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
        ))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .body(format!(
            "<!DOCTYPE html><html lang=\"{tag}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{text}</main>\
             </body></html>"
        ))
}

/// Readable without any file beside it.
const STYLE: &str = "body{font-family:system-ui,sans-serif;line-height:1.7;margin:0;color:#1a1a1c;background:#fff}\
    main{max-width:44rem;margin:0 auto;padding:1.5rem}h1{font-size:1.75rem}\
    a{color:#0017c1}button,.button{font:inherit;padding:.6rem 1.4rem;border:1px solid #0017c1;border-radius:.5rem;background:#0017c1;\
    color:#fff;cursor:pointer;text-decoration:none;display:inline-block}button.quiet{background:#fff;color:#0017c1}\
    :focus-visible{outline:.25rem solid #b78f00;outline-offset:.15rem}form,label{display:block;margin:.8rem 0}\
    input{font:inherit;padding:.4rem;border:1px solid #626264;border-radius:.3rem}dt{font-weight:bold}pre{white-space:pre-wrap;overflow-wrap:anywhere}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_that_rides_posts_is_the_only_one_that_crosses_sites() {
        let rides = cookie("asked", "v".to_owned(), 60, true).to_string();
        assert_eq!(
            rides,
            "__Host-asked=v; HttpOnly; SameSite=None; Secure; Path=/; Max-Age=60"
        );
        let stays = cookie("person", "v".to_owned(), 60, false).to_string();
        assert!(stays.contains("SameSite=Lax"), "{stays}");
    }

    #[test]
    fn nothing_of_a_text_becomes_markup() {
        assert_eq!(escape(r#"<a b="c">'&"#), "&lt;a b=&quot;c&quot;&gt;&#39;&amp;");
    }
}
