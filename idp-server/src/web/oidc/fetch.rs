//! One small text from an address that a client registered: `https` only, looked up once and judged before it is connected to, no redirects,
//! at most 64 KiB, three seconds in all.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::jobs::push::address::{destination, find};

const WHOLE: Duration = Duration::from_secs(3);
const HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
const MAX_BYTES: usize = 64 * 1024;

/// Why nothing was fetched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FetchFault {
    /// The registered address is none.
    Address,
    /// The name leads to an internal network, or nowhere.
    NotPublic,
    /// No connection, no TLS, or it broke.
    Unreachable,
    /// No answer in time.
    TooSlow,
    /// Another status than 200, redirects among them.
    Refused,
    /// Too long, or no text.
    Content,
}

impl FetchFault {
    /// The stable word for metrics.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::NotPublic => "not_public",
            Self::Unreachable => "unreachable",
            Self::TooSlow => "too_slow",
            Self::Refused => "refused",
            Self::Content => "content",
        }
    }
}

/// Fetches it.
pub(super) async fn text(
    url: &str,
    tls: &Arc<ClientConfig>,
    internal_too: bool,
) -> Result<String, FetchFault> {
    tokio::time::timeout(WHOLE, exchange(url, tls, internal_too))
        .await
        .unwrap_or(Err(FetchFault::TooSlow))
}

async fn exchange(url: &str, tls: &Arc<ClientConfig>, internal_too: bool) -> Result<String, FetchFault> {
    let to = destination(url).ok_or(FetchFault::Address)?;
    let address = find(&to, internal_too).await.ok_or(FetchFault::NotPublic)?;
    let stream = TcpStream::connect(address)
        .await
        .map_err(|_| FetchFault::Unreachable)?;
    let name = ServerName::try_from(to.host).map_err(|_| FetchFault::Address)?;
    let stream = TlsConnector::from(Arc::clone(tls))
        .connect(name, stream)
        .await
        .map_err(|_| FetchFault::Unreachable)?;
    let url = to.url;
    let host = url.host_str().ok_or(FetchFault::Address)?;
    let authority = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let request = Request::get(target)
        .header(HOST, authority)
        .header(
            ACCEPT,
            "application/oauth-authz-req+jwt, application/jwt, application/json",
        )
        .body(Empty::<Bytes>::new())
        .map_err(|_| FetchFault::Address)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| FetchFault::Unreachable)?;
    let whole = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|_| FetchFault::Unreachable)?;
        if response.status() != hyper::StatusCode::OK {
            return Err(FetchFault::Refused);
        }
        let body = Limited::new(response.into_body(), MAX_BYTES)
            .collect()
            .await
            .map_err(|_| FetchFault::Content)?;
        String::from_utf8(body.to_bytes().to_vec()).map_err(|_| FetchFault::Content)
    };
    tokio::pin!(whole);
    tokio::select! {
        biased;
        text = &mut whole => text,
        _ = connection => whole.await,
    }
}
