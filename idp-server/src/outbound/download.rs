//! A large document, straight into a file: nobody waits for it, and it need not fit into memory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION};
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::address::{destination, find};
use super::{HEAD_BYTES, MAX_HEADERS, Message, Outbound, OutboundFault, request, within};

/// Seconds in which a large document has to be there.
const WHOLE: Duration = Duration::from_mins(2);
/// Other addresses that an address may lead to, one after the other.
const MOST_REDIRECTS: usize = 3;
/// Octets of a validator (`ETag`, `Last-Modified`) that are remembered.
const VALIDATOR_BYTES: usize = 256;

/// What is downloaded.
#[derive(Debug)]
pub struct Download<'a> {
    /// Where from.
    pub url: &'a str,
    /// `Accept`.
    pub accept: &'static str,
    /// `ETag` of the copy that is there.
    pub etag: Option<&'a str>,
    /// `Last-Modified` of the copy that is there.
    pub last_modified: Option<&'a str>,
    /// Octets that are taken.
    pub limit: u64,
}

/// What came of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Downloaded {
    /// The copy that is there is still the one (RFC 9110 section 15.4.5).
    Same,
    /// It is in the file.
    Fresh {
        /// `ETag`.
        etag: Option<String>,
        /// `Last-Modified`.
        last_modified: Option<String>,
    },
}

impl Outbound {
    /// Downloads into a file, which is made or emptied; within two minutes. A publisher's document may move (IIP-MD02 of the Kantara
    /// implementation profile): redirects are followed, each to an address that is judged as the first one is. Nobody gains by that, because
    /// what counts is who signed the document.
    ///
    /// # Errors
    /// [`OutboundFault`]; what is in the file then means nothing.
    pub async fn download(&self, download: &Download<'_>, into: &Path) -> Result<Downloaded, OutboundFault> {
        within(WHOLE, self.fetch(download, into)).await
    }

    async fn fetch(&self, download: &Download<'_>, into: &Path) -> Result<Downloaded, OutboundFault> {
        let mut url = download.url.to_owned();
        for _ in 0..=MOST_REDIRECTS {
            match self.fetch_at(&url, download, into).await? {
                Step::There(downloaded) => return Ok(downloaded),
                Step::Elsewhere(next) => url = next,
            }
        }
        Err(OutboundFault::Refused)
    }

    async fn fetch_at(&self, url: &str, download: &Download<'_>, into: &Path) -> Result<Step, OutboundFault> {
        let to = destination(url).ok_or(OutboundFault::Address)?;
        let _place = self.places.take(&to.host).await;
        let address = find(&to, self.internal_too)
            .await
            .ok_or(OutboundFault::NotPublic)?;
        let unreachable = |_| OutboundFault::Unreachable;
        let stream = TcpStream::connect(address).await.map_err(unreachable)?;
        let name = ServerName::try_from(to.host).map_err(|_| OutboundFault::Address)?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await.map_err(unreachable)?;
        let message = Message {
            url,
            fields: &[(ACCEPT.as_str(), download.accept)],
            body: Vec::new(),
            answer_limit: 0,
        };
        let mut request: hyper::Request<Full<Bytes>> = request(Method::GET, &to.url, message)?;
        for (field, value) in [
            (IF_NONE_MATCH, download.etag),
            (IF_MODIFIED_SINCE, download.last_modified),
        ] {
            if let Some(value) = value.and_then(|value| value.parse().ok()) {
                request.headers_mut().insert(field, value);
            }
        }
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
            if response.status().is_redirection() && response.status() != StatusCode::NOT_MODIFIED {
                return elsewhere(&response, url).map(Step::Elsewhere);
            }
            take(response, download, into).await.map(Step::There)
        };
        tokio::pin!(answer);
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            _ = connection => answer.await,
        }
    }
}

/// What one address said.
enum Step {
    There(Downloaded),
    Elsewhere(String),
}

/// Where a document went (RFC 9110 section 15.4).
fn elsewhere(response: &Response<Incoming>, url: &str) -> Result<String, OutboundFault> {
    let moved = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    let location = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok());
    let (Some(location), true) = (location, moved.contains(&response.status())) else {
        return Err(OutboundFault::Refused);
    };
    let next = Url::parse(url).and_then(|base| base.join(location));
    next.map(String::from).map_err(|_| OutboundFault::Address)
}

async fn take(
    response: Response<Incoming>,
    download: &Download<'_>,
    into: &Path,
) -> Result<Downloaded, OutboundFault> {
    let conditional = download.etag.is_some() || download.last_modified.is_some();
    match response.status() {
        StatusCode::NOT_MODIFIED if conditional => return Ok(Downloaded::Same),
        StatusCode::OK => {}
        _ => return Err(OutboundFault::Refused),
    }
    let fresh = Downloaded::Fresh {
        etag: validator(response.headers(), &ETAG),
        last_modified: validator(response.headers(), &LAST_MODIFIED),
    };
    let broken = |_| OutboundFault::Unreachable;
    let mut file = File::create(into).await.map_err(broken)?;
    let mut body = response.into_body();
    let mut left = download.limit;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| OutboundFault::TooLong)?;
        let Some(octets) = frame.data_ref() else { continue };
        left = left
            .checked_sub(u64::try_from(octets.len()).unwrap_or(u64::MAX))
            .ok_or(OutboundFault::TooLong)?;
        file.write_all(octets).await.map_err(broken)?;
    }
    file.flush().await.map_err(broken)?;
    Ok(fresh)
}

fn validator(fields: &HeaderMap, name: &hyper::header::HeaderName) -> Option<String> {
    let text = fields.get(name)?.to_str().ok()?;
    (text.len() <= VALIDATOR_BYTES).then(|| text.to_owned())
}
