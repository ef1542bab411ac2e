//! One message to a registered address of a partner: connect, send, read a bounded answer.
//!
//! **Owns** what every such message obeys: `https` alone, roots of the operator's choice, the address looked up once and judged (only the
//! public network, unless the configuration says otherwise), no redirects, ten seconds in all, bounded head and body.
//!
//! **Deliberately absent**: what is sent, and what an answer means (`jobs/push`, `jobs/logout`).
//!
//! **One more kind of message**: a caller of [`post`].

pub(crate) mod address;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use address::{destination, find};

const WHOLE: Duration = Duration::from_secs(10);
const HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SendError {
    /// The registered address is none.
    Address,
    /// The name leads to an internal network, or nowhere.
    NotPublic,
    /// No connection, no TLS, or it broke.
    Unreachable,
    /// No answer in time.
    TooSlow,
    /// An answer longer than allowed.
    TooLong,
}

impl SendError {
    /// The stable word for metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::NotPublic => "not_public",
            Self::Unreachable => "unreachable",
            Self::TooSlow => "too_slow",
            Self::TooLong => "too_long",
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for SendError {}

/// TLS towards partners, with the roots of a PEM file.
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

/// What is sent.
#[derive(Debug)]
pub struct Message<'a> {
    /// The registered address.
    pub url: &'a str,
    /// Header fields beside `Host`.
    pub fields: &'a [(&'static str, &'static str)],
    /// Its body.
    pub body: Vec<u8>,
    /// Octets of an answer that are read; the rest of a longer one is an error, or with 0 nothing is read at all.
    pub answer_limit: usize,
    /// Internal networks too.
    pub internal_too: bool,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, as far as it was asked for.
    pub body: Vec<u8>,
}

/// Sends by `POST`.
///
/// # Errors
/// [`SendError`], when there is no answer.
pub async fn post(tls: &Arc<ClientConfig>, message: Message<'_>) -> Result<Answer, SendError> {
    tokio::time::timeout(WHOLE, exchange(tls, message))
        .await
        .unwrap_or(Err(SendError::TooSlow))
}

async fn exchange(tls: &Arc<ClientConfig>, message: Message<'_>) -> Result<Answer, SendError> {
    let to = destination(message.url).ok_or(SendError::Address)?;
    let address = find(&to, message.internal_too)
        .await
        .ok_or(SendError::NotPublic)?;
    let stream = TcpStream::connect(address)
        .await
        .map_err(|_| SendError::Unreachable)?;
    let name = ServerName::try_from(to.host).map_err(|_| SendError::Address)?;
    let stream = TlsConnector::from(Arc::clone(tls))
        .connect(name, stream)
        .await
        .map_err(|_| SendError::Unreachable)?;
    let url = to.url;
    let host = url.host_str().ok_or(SendError::Address)?;
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut request = Request::post(target).header(HOST, authority);
    for (field, value) in message.fields {
        request = request.header(*field, *value);
    }
    let request = request
        .body(Full::new(Bytes::from(message.body)))
        .map_err(|_| SendError::Address)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| SendError::Unreachable)?;
    let answer = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|_| SendError::Unreachable)?;
        let status = response.status().as_u16();
        if message.answer_limit == 0 {
            return Ok(Answer {
                status,
                body: Vec::new(),
            });
        }
        let body = Limited::new(response.into_body(), message.answer_limit)
            .collect()
            .await
            .map_err(|_| SendError::TooLong)?;
        Ok(Answer {
            status,
            body: body.to_bytes().to_vec(),
        })
    };
    tokio::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        _ = connection => answer.await,
    }
}
