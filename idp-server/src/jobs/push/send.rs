//! One delivery: connect, send, read the status line, forget the rest.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::address::{destination, find};

const WHOLE: Duration = Duration::from_secs(10);
const HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// Why a notice was not delivered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PushError {
    /// The registered address is none.
    Address,
    /// The name leads to an internal network, or nowhere.
    NotPublic,
    /// No connection, no TLS, or it broke.
    Unreachable,
    /// No answer in time.
    TooSlow,
    /// Another status than 2xx, redirects among them.
    Refused,
}

impl PushError {
    /// The stable word for metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::NotPublic => "not_public",
            Self::Unreachable => "unreachable",
            Self::TooSlow => "too_slow",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for PushError {}

/// TLS towards verifiers, with the roots of a PEM file.
///
/// # Errors
/// A sentence about the file.
pub fn roots(path: &Path) -> Result<Arc<ClientConfig>, String> {
    let wrong = |why: &dyn fmt::Display| format!("{}: {why}", path.display());
    let pem = std::fs::read(path).map_err(|why| wrong(&why))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|why| wrong(&why))?;
        roots.add(certificate).map_err(|why| wrong(&why))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"no certificate in it"));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| wrong(&why))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Sends a token.
pub(super) async fn post(
    url: &str,
    tls: &Arc<ClientConfig>,
    token: String,
    internal_too: bool,
) -> Result<(), PushError> {
    tokio::time::timeout(WHOLE, exchange(url, tls, token, internal_too))
        .await
        .unwrap_or(Err(PushError::TooSlow))
}

async fn exchange(
    url: &str,
    tls: &Arc<ClientConfig>,
    token: String,
    internal_too: bool,
) -> Result<(), PushError> {
    let to = destination(url).ok_or(PushError::Address)?;
    let address = find(&to, internal_too).await.ok_or(PushError::NotPublic)?;
    let stream = TcpStream::connect(address)
        .await
        .map_err(|_| PushError::Unreachable)?;
    let name = ServerName::try_from(to.host).map_err(|_| PushError::Address)?;
    let stream = TlsConnector::from(Arc::clone(tls))
        .connect(name, stream)
        .await
        .map_err(|_| PushError::Unreachable)?;
    let url = to.url;
    let host = url.host_str().ok_or(PushError::Address)?;
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let request = Request::post(target)
        .header(HOST, authority)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/secevent+jwt")
        .body(Full::new(Bytes::from(token)))
        .map_err(|_| PushError::Address)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| PushError::Unreachable)?;
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    let response = tokio::select! {
        biased;
        answer = &mut answer => answer,
        _ = connection => answer.await,
    }
    .map_err(|_| PushError::Unreachable)?;
    if response.status().is_success() {
        Ok(())
    } else {
        Err(PushError::Refused)
    }
}
