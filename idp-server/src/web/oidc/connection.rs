//! On which listener a client's request came in, and what the certificate of its connection proves (RFC 8705).
//!
//! A certificate is what the handshake of this very connection proved: no header is looked at, and the front never asks for one.

use actix_web::HttpRequest;
use domain::Timestamp;
use oidc::client_certificate::Shown;
use oidc::{AuthenticatedClient, ClientFacts, ClientMethod, ProviderFacts, Reason, UncheckedTokenRequest};

use crate::app::App;
use crate::listeners::mutual_tls::{ClientCertificate, OnMutualTls, look_at};

/// Authenticates the client whose facts were looked up, with the certificate of the connection where it is registered for one.
pub fn authenticate(
    app: &App,
    request: &HttpRequest,
    unchecked: &UncheckedTokenRequest,
    facts: &ClientFacts,
    provider: &ProviderFacts,
) -> Result<AuthenticatedClient, Reason> {
    let now = app.clock.now();
    let shown = certificate(app, request, facts, now);
    oidc::authenticate_on(&shown, unchecked, facts, provider, now)
}

/// What the rules want to know of the certificate, read for the clients alone whom it authenticates: a path costs signatures.
fn certificate(app: &App, request: &HttpRequest, facts: &ClientFacts, now: Timestamp) -> Shown {
    let shown = ClientCertificate::of(request);
    match facts.method {
        ClientMethod::TlsClientAuth { .. } => look_at(shown.as_ref(), Some(&app.client_anchors.load()), now),
        ClientMethod::SelfSignedTlsClientAuth { .. } => look_at(shown.as_ref(), None, now),
        _ => Err(oidc::client_certificate::CertificateFault::Absent),
    }
}

/// An endpoint's address as this request knows it: that of the listener which it came in by.
pub fn address(request: &HttpRequest, provider: &ProviderFacts, endpoint: &str) -> String {
    let alias = request
        .app_data::<OnMutualTls>()
        .and_then(|_| provider.alias(endpoint));
    alias.unwrap_or_else(|| endpoint.to_owned())
}
