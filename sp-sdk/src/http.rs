//! HTTP to the platform: one trusted authority, no redirects (a redirect would lead secrets elsewhere), bounded time and size.
//!
//! [`Fetch`] is a port, so that a service can send through a proxy of its own, and tests can play the platform.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

const LONGEST: Duration = Duration::from_secs(10);
const MOST_OCTETS: usize = 1024 * 1024;

/// Why nothing was answered.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FetchFault {
    /// `trusted_ca_pem` holds no certificate, or one that cannot be read.
    TrustedCa,
    /// The platform could not be reached.
    Unreachable(String),
    /// More octets than are read.
    TooLarge {
        /// How many are read.
        limit: usize,
    },
}

impl fmt::Display for FetchFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrustedCa => f.write_str("trusted_ca_pem holds no readable certificate"),
            Self::Unreachable(why) => write!(f, "the platform cannot be reached: {why}"),
            Self::TooLarge { limit } => write!(f, "an answer of more than {limit} octets"),
        }
    }
}

impl std::error::Error for FetchFault {}

/// A request.
#[derive(Clone, Eq, PartialEq)]
pub struct Outgoing {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Absolute.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// Empty for GET.
    pub body: Vec<u8>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing({} {})", self.method, self.url)
    }
}

impl Outgoing {
    /// A look at a document.
    pub fn get(url: &str) -> Self {
        Self {
            method: "GET",
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A form.
    pub fn form(url: &str, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        Self::post(url, "application/x-www-form-urlencoded", body.into_bytes())
    }

    /// A body of a type.
    pub fn post(url: &str, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            method: "POST",
            url: url.to_owned(),
            headers: vec![("content-type", content_type.to_owned())],
            body,
        }
    }
}

/// What was answered.
#[derive(Clone, Eq, PartialEq)]
pub struct Answered {
    /// Status.
    pub status: u16,
    /// `DPoP-Nonce`, where it was there (RFC 9449 section 8).
    pub dpop_nonce: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answered({})", self.status)
    }
}

/// How a service reaches the platform.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Sends one request and reads its answer. Redirects are answers, not followed.
    async fn send(&self, request: Outgoing) -> Result<Answered, FetchFault>;
}

/// The platform by this machine's own connections.
#[derive(Clone, Debug)]
pub struct Http(reqwest::Client);

impl Http {
    /// Trusts the authorities in `trusted_ca_pem` and no others; `addresses` are for names that the system's resolver does not know.
    pub fn new(trusted_ca_pem: &str, addresses: &[(String, SocketAddr)]) -> Result<Self, FetchFault> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(trusted_ca_pem.as_bytes()) {
            let certificate = certificate.map_err(|_| FetchFault::TrustedCa)?;
            roots.add(certificate).map_err(|_| FetchFault::TrustedCa)?;
        }
        if roots.is_empty() {
            return Err(FetchFault::TrustedCa);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| FetchFault::Unreachable(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut builder = reqwest::Client::builder()
            .use_preconfigured_tls(tls)
            .https_only(true)
            .redirect(Policy::none())
            .timeout(LONGEST);
        for (name, address) in addresses {
            builder = builder.resolve(name, *address);
        }
        builder.build().map(Self).map_err(|error| unreachable(&error))
    }
}

fn unreachable(error: &reqwest::Error) -> FetchFault {
    FetchFault::Unreachable(if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection (name, address, or a server certificate that trusted_ca_pem does not vouch for)"
            .to_owned()
    } else {
        "the connection broke".to_owned()
    })
}

#[async_trait]
impl Fetch for Http {
    async fn send(&self, request: Outgoing) -> Result<Answered, FetchFault> {
        let url = reqwest::Url::parse(&request.url)
            .map_err(|_| FetchFault::Unreachable("the address is malformed".to_owned()))?;
        let mut sent = match request.method {
            "POST" => self.0.post(url).body(request.body),
            _ => self.0.get(url),
        };
        for (name, value) in request.headers {
            sent = sent.header(name, value);
        }
        let mut answer = sent.send().await.map_err(|error| unreachable(&error))?;
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| unreachable(&error))? {
            body.extend_from_slice(&part);
            if body.len() > MOST_OCTETS {
                return Err(FetchFault::TooLarge { limit: MOST_OCTETS });
            }
        }
        let nonce = answer.headers().get("dpop-nonce");
        Ok(Answered {
            status: answer.status().as_u16(),
            dpop_nonce: nonce.and_then(|value| value.to_str().ok()).map(str::to_owned),
            body,
        })
    }
}
