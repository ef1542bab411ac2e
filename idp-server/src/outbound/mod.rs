//! Requests to addresses that partners gave: where a client's request objects and redirect lists are fetched, where services are told of
//! logouts and verifiers of changes.
//!
//! **Owns** what every such request obeys, in one place, so that a registered address cannot be made to lead elsewhere (server-side request
//! forgery) or to hold us up: `https` alone, roots of the operator's choice, the name looked up once and judged, and the connection made to
//! the address that was judged (`address.rs`); no redirects (but of documents that count by their signature: `download.rs`), no proxies, no cookies, nothing unpacked; a bounded head and body, a bounded
//! time for the whole, and a bounded number at once, of one host and of all (`places.rs`).
//!
//! **Deliberately absent**: what is sent and what an answer means (`jobs/push`, `jobs/logout`, `web/oidc`), what is fetched from addresses
//! of the operator's own (`jlis-http`).
//!
//! **One more kind of request**: an [`Outbound`] of its own with its roots, opened beside the others in `server.rs`, and calls of
//! [`Outbound::get`], [`Outbound::post`] or [`Outbound::download`] (large documents, into a file).

mod address;
mod download;
mod places;
mod roots;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use address::{destination, find};
use places::Places;

pub use download::{Download, Downloaded};
pub use roots::roots;

/// Seconds in which a message has to be answered.
const MESSAGE: Duration = Duration::from_secs(10);
/// Seconds in which a document has to be there: somebody waits for it.
const DOCUMENT: Duration = Duration::from_secs(3);
const HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OutboundFault {
    /// The registered address is none.
    Address,
    /// It leads to an internal network, to a port of another protocol, or nowhere.
    NotPublic,
    /// No connection, no TLS, or it broke.
    Unreachable,
    /// No answer in time; perhaps because too much was under way to the same host.
    TooSlow,
    /// A document was answered with another status than 200, redirects among them.
    Refused,
    /// An answer longer than allowed, or one that broke off.
    TooLong,
}

impl OutboundFault {
    /// The stable word for metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::NotPublic => "not_public",
            Self::Unreachable => "unreachable",
            Self::TooSlow => "too_slow",
            Self::Refused => "refused",
            Self::TooLong => "too_long",
        }
    }
}

impl fmt::Display for OutboundFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for OutboundFault {}

/// A message.
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
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, as far as it was asked for.
    pub body: Vec<u8>,
}

/// A way out: whose certificates are believed, whether internal networks are reached, and how much is under way.
pub struct Outbound {
    tls: Arc<ClientConfig>,
    internal_too: bool,
    places: Places,
}

impl Outbound {
    /// With the roots of a PEM file. `internal_too` opens internal networks and every port: for tests, and for platforms whose partners
    /// stand beside them.
    ///
    /// # Errors
    /// A sentence about the file.
    pub fn open(ca: &Path, internal_too: bool) -> Result<Self, String> {
        Ok(Self {
            tls: roots(ca)?,
            internal_too,
            places: Places::default(),
        })
    }

    /// Fetches a document of at most `limit` octets: status 200 and its body, within three seconds.
    ///
    /// # Errors
    /// [`OutboundFault`], when there is none.
    pub async fn get(&self, url: &str, accept: &'static str, limit: usize) -> Result<Vec<u8>, OutboundFault> {
        let message = Message {
            url,
            fields: &[(ACCEPT.as_str(), accept)],
            body: Vec::new(),
            answer_limit: limit,
        };
        let answer = within(DOCUMENT, self.exchange(Method::GET, message)).await?;
        Ok(answer.body)
    }

    /// Sends by `POST`; any status is an answer, within ten seconds.
    ///
    /// # Errors
    /// [`OutboundFault`], when there is no answer.
    pub async fn post(&self, message: Message<'_>) -> Result<Answer, OutboundFault> {
        within(MESSAGE, self.exchange(Method::POST, message)).await
    }

    async fn exchange(&self, method: Method, message: Message<'_>) -> Result<Answer, OutboundFault> {
        let to = destination(message.url).ok_or(OutboundFault::Address)?;
        let _place = self.places.take(&to.host).await;
        let address = find(&to, self.internal_too)
            .await
            .ok_or(OutboundFault::NotPublic)?;
        let stream = TcpStream::connect(address)
            .await
            .map_err(|_| OutboundFault::Unreachable)?;
        let name = ServerName::try_from(to.host).map_err(|_| OutboundFault::Address)?;
        let stream = TlsConnector::from(Arc::clone(&self.tls))
            .connect(name, stream)
            .await
            .map_err(|_| OutboundFault::Unreachable)?;
        let document = method == Method::GET;
        let limit = message.answer_limit;
        let request = request(method, &to.url, message)?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES)
            .max_headers(MAX_HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_| OutboundFault::Unreachable)?;
        let answer = async {
            let response = sender
                .send_request(request)
                .await
                .map_err(|_| OutboundFault::Unreachable)?;
            if document && response.status() != hyper::StatusCode::OK {
                return Err(OutboundFault::Refused);
            }
            read(response, limit).await
        };
        tokio::pin!(answer);
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            _ = connection => answer.await,
        }
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("internal_too", &self.internal_too)
            .finish_non_exhaustive()
    }
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, OutboundFault>>,
) -> Result<T, OutboundFault> {
    tokio::time::timeout(time, work)
        .await
        .unwrap_or(Err(OutboundFault::TooSlow))
}

/// The request as it is sent: to the registered host by its name, whatever address it has.
fn request(method: Method, url: &Url, message: Message<'_>) -> Result<Request<Full<Bytes>>, OutboundFault> {
    let host = url.host_str().ok_or(OutboundFault::Address)?;
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header(HOST, authority);
    for (field, value) in message.fields {
        request = request.header(*field, *value);
    }
    request
        .body(Full::new(Bytes::from(message.body)))
        .map_err(|_| OutboundFault::Address)
}

async fn read(response: Response<Incoming>, limit: usize) -> Result<Answer, OutboundFault> {
    let status = response.status().as_u16();
    if limit == 0 {
        return Ok(Answer {
            status,
            body: Vec::new(),
        });
    }
    let body = Limited::new(response.into_body(), limit)
        .collect()
        .await
        .map_err(|_| OutboundFault::TooLong)?;
    Ok(Answer {
        status,
        body: body.to_bytes().to_vec(),
    })
}
