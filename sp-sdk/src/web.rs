//! What a small service in the web framework needs besides: cookies with the right attributes, a TLS listener.
//!
//! **Owns** [`cookie`], [`tls`], [`page`] and [`redirect`]. **Deliberately absent**: routes and what pages say; they are the service's own.
//!
//! **Neighbours**: `examples/`.
//!
//! **One more framework**: a module and a feature of its own beside this one.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::{StatusCode, header};
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
    respond(StatusCode::OK, title, text)
}

/// The page of a sign-in that failed. `why` is for the demo's eyes; a service that serves people logs it and shows a sentence.
pub fn refused(why: &str) -> HttpResponse {
    let text = format!(
        "<p id=\"refused\">{}</p><p><a href=\"/\">Back</a></p>",
        escape(why)
    );
    respond(StatusCode::FORBIDDEN, "Not signed in", &text)
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

fn respond(status: StatusCode, title: &str, text: &str) -> HttpResponse {
    let title = escape(title);
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .body(format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width\"><title>{title}</title></head><body><h1>{title}</h1>{text}</body></html>"
        ))
}

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
