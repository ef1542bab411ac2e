//! The line: one connection per question, everything bounded.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use jlis::Unavailable;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// No header of an answer may be longer, in bytes, all of them together.
const HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// Bounds of one question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// From the first packet to the last byte of the answer.
    pub whole: Duration,
    /// Of the answer's body, in bytes.
    pub answer_bytes: usize,
}

impl Default for Limits {
    /// Three seconds (a person waits), 4096 bytes.
    fn default() -> Self {
        Self {
            whole: Duration::from_secs(3),
            answer_bytes: 4096,
        }
    }
}

/// Why no client was made.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientReason {
    /// Not `http://host[:port]` or `https://host[:port]`, without query or user; a path only where one is asked for.
    Address,
    /// `https` without a TLS configuration.
    TlsMissing,
    /// The TLS material cannot be used.
    Tls(String),
    /// No responder is configured.
    NoResponder,
    /// Two responders have one label, or a label is empty.
    Labels,
}

impl fmt::Display for ClientReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("not http://host:port or https://host:port"),
            Self::TlsMissing => f.write_str("https needs a TLS configuration"),
            Self::Tls(why) => write!(f, "TLS: {why}"),
            Self::NoResponder => f.write_str("no responder"),
            Self::Labels => f.write_str("labels of responders must be there and differ"),
        }
    }
}

impl std::error::Error for ClientReason {}

/// What is sent.
pub(crate) struct Question<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    /// Of the body; none where there is no body.
    pub(crate) content_type: Option<&'static str>,
    /// The only content type of an answer that is read.
    pub(crate) accept: &'static str,
    pub(crate) body: Vec<u8>,
}

/// Where to, and how.
#[derive(Clone)]
pub(crate) struct Line {
    host: String,
    port: u16,
    authority: String,
    path: String,
    tls: Option<(ServerName<'static>, Arc<ClientConfig>)>,
}

impl Line {
    /// `address` is `http://host[:port]` or `https://host[:port]`, possibly with a path; `tls` is used for the latter and
    /// should trust only who answers for J-LIS.
    pub(crate) fn new(address: &str, tls: Option<Arc<ClientConfig>>) -> Result<Self, ClientReason> {
        let uri: Uri = address.parse().map_err(|_| ClientReason::Address)?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(ClientReason::Address),
        };
        let authority = uri.authority().ok_or(ClientReason::Address)?;
        if uri.query().is_some() || address.contains('#') || authority.as_str().contains('@') {
            return Err(ClientReason::Address);
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let tls = if secure {
            let name = ServerName::try_from(host.clone()).map_err(|_| ClientReason::Address)?;
            Some((name, tls.ok_or(ClientReason::TlsMissing)?))
        } else {
            None
        };
        Ok(Self {
            host,
            port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            path: uri.path().to_owned(),
            tls,
        })
    }

    /// As [`Self::new`], the address having no path of its own.
    pub(crate) fn without_path(address: &str, tls: Option<Arc<ClientConfig>>) -> Result<Self, ClientReason> {
        let line = Self::new(address, tls)?;
        if matches!(line.path.as_str(), "" | "/") {
            Ok(line)
        } else {
            Err(ClientReason::Address)
        }
    }

    /// The path of the address.
    pub(crate) fn path(&self) -> &str {
        if self.path.is_empty() { "/" } else { &self.path }
    }

    /// Asks, and reads the whole answer, within the limits.
    pub(crate) async fn ask(&self, question: Question<'_>, limits: Limits) -> Result<Bytes, Unavailable> {
        let whole = async move |response: Response<Incoming>| {
            Limited::new(response.into_body(), limits.answer_bytes)
                .collect()
                .await
                .map(http_body_util::Collected::to_bytes)
                .map_err(|_| Unavailable::Unintelligible)
        };
        tokio::time::timeout(limits.whole, self.exchange(question, whole))
            .await
            .unwrap_or(Err(Unavailable::TooSlow))
    }

    /// Asks, and hands the successful answer to `read`. Bounded in time by the caller.
    pub(crate) async fn exchange<T, E, R, F>(&self, question: Question<'_>, read: R) -> Result<T, E>
    where
        E: From<Unavailable>,
        R: FnOnce(Response<Incoming>) -> F,
        F: Future<Output = Result<T, E>>,
    {
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|_| Unavailable::Unreachable)?;
        // A question is one small packet; nothing is won by waiting for more.
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => self.over(stream, question, read).await,
            Some((name, config)) => {
                let stream = TlsConnector::from(Arc::clone(config))
                    .connect(name.clone(), stream)
                    .await
                    .map_err(|_| Unavailable::Unreachable)?;
                self.over(stream, question, read).await
            }
        }
    }

    async fn over<S, T, E, R, F>(&self, stream: S, question: Question<'_>, read: R) -> Result<T, E>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        E: From<Unavailable>,
        R: FnOnce(Response<Incoming>) -> F,
        F: Future<Output = Result<T, E>>,
    {
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES)
            .max_headers(MAX_HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Unavailable::Unreachable)?;
        let mut request = Request::builder()
            .method(question.method)
            .uri(question.path)
            .header(HOST, &self.authority)
            .header(ACCEPT, question.accept);
        if let Some(kind) = question.content_type {
            request = request.header(CONTENT_TYPE, kind);
        }
        let request = request
            .body(Full::new(Bytes::from(question.body)))
            .map_err(|_| Unavailable::Unreachable)?;
        let answer = async {
            let response = sender
                .send_request(request)
                .await
                .map_err(|_| Unavailable::Unreachable)?;
            // Redirects among them: J-LIS has one address.
            if response.status() != StatusCode::OK {
                return Err(Unavailable::Refused {
                    status: response.status().as_u16(),
                }
                .into());
            }
            let agreed = response
                .headers()
                .get(CONTENT_TYPE)
                .is_some_and(|kind| kind == question.accept);
            if !agreed {
                return Err(Unavailable::Unintelligible.into());
            }
            read(response).await
        };
        // The connection is driven here and dropped with the answer: nothing outlives the question.
        tokio::pin!(answer);
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            _ = connection => answer.await,
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("authority", &self.authority)
            .field("secure", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain() {
        let make = |address: &str| Line::without_path(address, None).map(|made| made.port);
        assert_eq!(make("http://127.0.0.1:8080"), Ok(8080));
        assert_eq!(make("http://[::1]:8080/"), Ok(8080));
        assert_eq!(make("http://localhost"), Ok(80));
        assert_eq!(make("https://localhost"), Err(ClientReason::TlsMissing));
        for address in [
            "",
            "localhost:1",
            "ftp://localhost",
            "http://a/path",
            "http://a?q",
            "http://a#f",
            "http://u@a",
            "/x",
        ] {
            assert_eq!(make(address), Err(ClientReason::Address), "{address}");
        }
        let with_path = |address: &str| Line::new(address, None).map(|made| made.path().to_owned());
        assert_eq!(with_path("http://a/ocsp"), Ok("/ocsp".to_owned()));
        assert_eq!(with_path("http://a"), Ok("/".to_owned()));
        assert_eq!(with_path("http://a/ocsp?x"), Err(ClientReason::Address));
    }
}
