//! The one answer of the door: look up the opaque handle, decide about the certificate, hang the outcome on a ticket,
//! send the browser back to the front.

use domain::AttemptId;
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONNECTION, HOST, HeaderValue, LOCATION, REFERRER_POLICY};
use hyper::{Method, Request, Response, StatusCode};
use login::{Attempt, DoorFamily, Ticket};
use rustls::ServerConnection;
use rustls::pki_types::CertificateDer;
use store::{EphemeraKey, EphemeraKind};

use super::verdict;
use crate::app::App;
use crate::secret::Secret;

/// A host name of the door, taken apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DoorName {
    /// Which family.
    pub family: DoorFamily,
    /// The attempt's label.
    pub label: AttemptId,
}

/// What the handshake left behind.
#[derive(Debug)]
pub struct PeerCertificate {
    name: DoorName,
    certificate: Option<CertificateDer<'static>>,
    protocol: &'static str,
}

impl PeerCertificate {
    /// From a completed handshake: the certificate whose key signed `CertificateVerify`, if one was sent.
    pub(super) fn of(connection: &ServerConnection, name: DoorName) -> Self {
        let certificate = connection
            .peer_certificates()
            .and_then(|chain| chain.first())
            .map(|certificate| certificate.clone().into_owned());
        let protocol = match connection.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS 1.2",
        };
        Self {
            name,
            certificate,
            protocol,
        }
    }

    /// The certificate's DER bytes.
    pub(super) fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_deref()
    }

    /// The TLS version, for the operator's trace.
    pub(super) fn protocol(&self) -> &'static str {
        self.protocol
    }
}

/// Handshakes that one try may complete.
const VISITS_PER_ATTEMPT: u64 = 16;

/// Where the front takes tickets.
pub const RETURN_PATH: &str = "/card/return";

/// Answers a request.
pub(super) async fn answer(
    app: &App,
    peer: &PeerCertificate,
    request: &Request<Incoming>,
) -> Response<Empty<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return status(StatusCode::METHOD_NOT_ALLOWED);
    }
    if request.uri().path() != "/" || !host_is_this_name(app, peer, request) {
        return status(StatusCode::NOT_FOUND);
    }
    let now = app.clock.now();
    let ticket = match attempt_of(app, peer, request.uri().query(), now).await {
        Ok(Some(attempt)) => hang_on_ticket(app, peer, attempt, now).await,
        // The handle is unknown, late or another attempt's: the front has a page for a ticket that it does not know.
        Ok(None) => Ok(Secret::generate(&*app.entropy)),
        Err(fault) => Err(fault),
    };
    match ticket {
        Ok(secret) => see_front(app, &secret),
        Err(fault) => {
            tracing::error!(error = %fault, "the door cannot reach the store");
            status(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

fn host_is_this_name(app: &App, peer: &PeerCertificate, request: &Request<Incoming>) -> bool {
    request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .and_then(|host| app.door_name(host.split(':').next().unwrap_or_default()))
        .is_some_and(|name| name == peer.name)
}

async fn attempt_of(
    app: &App,
    peer: &PeerCertificate,
    query: Option<&str>,
    now: domain::Timestamp,
) -> Result<Option<Attempt>, store::StoreFault> {
    let Some(handle) = query
        .and_then(|query| query.strip_prefix("a="))
        .and_then(Secret::parse)
    else {
        return Ok(None);
    };
    let name = handle.hash().0;
    // One try is one handshake, or a few when a browser tries again by itself; not a way to make us write without end.
    let visits = EphemeraKey::new(EphemeraKind::Rate, format!("door:{name}"));
    let key = EphemeraKey::new(EphemeraKind::Attempt, name);
    let Some(bytes) = app.ephemera.get(&key, now).await? else {
        return Ok(None);
    };
    let window = app.config.session.transaction_seconds;
    if app.ephemera.count(&visits, now, window).await? > VISITS_PER_ATTEMPT {
        return Ok(None);
    }
    let attempt: Option<Attempt> = serde_json::from_slice(&bytes).ok();
    Ok(attempt.filter(|attempt| attempt.id == peer.name.label && attempt.family == Some(peer.name.family)))
}

async fn hang_on_ticket(
    app: &App,
    peer: &PeerCertificate,
    attempt: Attempt,
    now: domain::Timestamp,
) -> Result<Secret, store::StoreFault> {
    let (outcome, trace) = verdict::decide(app, peer, &attempt.id, now)
        .map_err(|fault| store::StoreFault::Unavailable(fault.to_string()))?;
    let expires_at = now.plus_seconds(i64::from(app.config.session.ticket_seconds));
    let ticket = Ticket {
        attempt,
        outcome,
        trace,
        expires_at,
    };
    let secret = Secret::generate(&*app.entropy);
    let key = EphemeraKey::new(EphemeraKind::Ticket, secret.hash().0);
    let bytes = serde_json::to_vec(&ticket).map_err(|error| store::StoreFault::Corrupt(error.to_string()))?;
    // Kept longer than it may be redeemed, so that a late browser reads "too late" and not "unknown".
    app.ephemera
        .put(&key, bytes, now, expires_at.plus_seconds(600))
        .await?;
    Ok(secret)
}

fn see_front(app: &App, ticket: &Secret) -> Response<Empty<Bytes>> {
    let location = format!(
        "{}?t={}",
        app.config.front.origin.url(RETURN_PATH),
        ticket.reveal()
    );
    let mut response = status(StatusCode::SEE_OTHER);
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

fn status(code: StatusCode) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(
        "strict-transport-security",
        HeaderValue::from_static("max-age=63072000"),
    );
    response
}
