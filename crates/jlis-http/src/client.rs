//! The client: one connection per question, everything bounded.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use jlis::{CertificateName, LinkSource, Unavailable};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::wire;

const PATH: &str = "/v1/predecessor";

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
    /// Not `http://host[:port]` or `https://host[:port]`, without path, query or user.
    Address,
    /// `https` without a TLS configuration.
    TlsMissing,
}

impl fmt::Display for ClientReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "not http://host:port or https://host:port",
            Self::TlsMissing => "https needs a TLS configuration",
        })
    }
}

impl std::error::Error for ClientReason {}

/// Asks over HTTP.
#[derive(Clone)]
pub struct HttpLinkSource {
    host: String,
    port: u16,
    authority: String,
    tls: Option<(ServerName<'static>, Arc<ClientConfig>)>,
    limits: Limits,
}

impl HttpLinkSource {
    /// `address` is `http://host:port` or `https://host:port`; `tls` is used for the latter and should trust only who answers for
    /// J-LIS.
    pub fn new(address: &str, tls: Option<Arc<ClientConfig>>, limits: Limits) -> Result<Self, ClientReason> {
        let uri: Uri = address.parse().map_err(|_| ClientReason::Address)?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(ClientReason::Address),
        };
        let authority = uri.authority().ok_or(ClientReason::Address)?;
        let plain =
            matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.as_str().contains('@');
        if !plain {
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
            tls,
            limits,
        })
    }

    async fn ask(&self, of: &CertificateName) -> Result<Option<CertificateName>, Unavailable> {
        let question = wire::question(of)?;
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|_| Unavailable::Unreachable)?;
        let body = match &self.tls {
            None => self.exchange(stream, question).await?,
            Some((name, config)) => {
                let stream = TlsConnector::from(Arc::clone(config))
                    .connect(name.clone(), stream)
                    .await
                    .map_err(|_| Unavailable::Unreachable)?;
                self.exchange(stream, question).await?
            }
        };
        wire::answer(of, &body)
    }

    async fn exchange<S>(&self, stream: S, question: Vec<u8>) -> Result<Bytes, Unavailable>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Unavailable::Unreachable)?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(PATH)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(question)))
            .map_err(|_| Unavailable::Unreachable)?;
        let answer = async {
            let response = sender
                .send_request(request)
                .await
                .map_err(|_| Unavailable::Unreachable)?;
            if response.status() != StatusCode::OK {
                return Err(Unavailable::Refused {
                    status: response.status().as_u16(),
                });
            }
            let json = response
                .headers()
                .get(CONTENT_TYPE)
                .is_some_and(|kind| kind == "application/json");
            if !json {
                return Err(Unavailable::Unintelligible);
            }
            Limited::new(response.into_body(), self.limits.answer_bytes)
                .collect()
                .await
                .map(http_body_util::Collected::to_bytes)
                .map_err(|_| Unavailable::Unintelligible)
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

#[async_trait]
impl LinkSource for HttpLinkSource {
    async fn predecessor(&self, of: &CertificateName) -> Result<Option<CertificateName>, Unavailable> {
        tokio::time::timeout(self.limits.whole, self.ask(of))
            .await
            .unwrap_or(Err(Unavailable::TooSlow))
    }
}

impl fmt::Debug for HttpLinkSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpLinkSource")
            .field("authority", &self.authority)
            .field("secure", &self.tls.is_some())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain() {
        let make =
            |address: &str| HttpLinkSource::new(address, None, Limits::default()).map(|made| made.port);
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
            "http://u@a",
            "/x",
        ] {
            assert_eq!(make(address), Err(ClientReason::Address), "{address}");
        }
    }
}
