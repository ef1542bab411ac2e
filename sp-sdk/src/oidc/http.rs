//! HTTP to the platform: one trusted authority, no redirects (a redirect would lead the secret elsewhere), bounded time and size.

use std::sync::Arc;
use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::{OidcConfig, OidcReason};

const LONGEST: Duration = Duration::from_secs(10);
const MOST_OCTETS: usize = 256 * 1024;

/// A client for one platform.
#[derive(Clone, Debug)]
pub(super) struct Http(reqwest::Client);

impl Http {
    pub(super) fn new(config: &OidcConfig) -> Result<Self, OidcReason> {
        let unusable = OidcReason::Setting {
            what: "trusted_ca_pem",
        };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(config.trusted_ca_pem.as_bytes()) {
            let certificate = certificate.map_err(|_| unusable.clone())?;
            roots.add(certificate).map_err(|_| unusable.clone())?;
        }
        if roots.is_empty() {
            return Err(unusable);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| OidcReason::Setting { what: "TLS" })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut builder = reqwest::Client::builder()
            .use_preconfigured_tls(tls)
            .https_only(true)
            .redirect(Policy::none())
            .timeout(LONGEST);
        for (name, address) in &config.addresses {
            builder = builder.resolve(name, *address);
        }
        Ok(Self(
            builder.build().map_err(|_| OidcReason::Setting { what: "TLS" })?,
        ))
    }

    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OidcReason> {
        let unreachable = |error: reqwest::Error| OidcReason::Unreachable(error.without_url().to_string());
        let request = reqwest::Request::try_from(request).map_err(unreachable)?;
        let mut answer = self.0.execute(request).await.map_err(unreachable)?;
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&part);
            if body.len() > MOST_OCTETS {
                return Err(OidcReason::Unreachable(format!(
                    "an answer of more than {MOST_OCTETS} octets"
                )));
            }
        }
        let mut response = HttpResponse::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }
}
