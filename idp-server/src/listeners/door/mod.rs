//! The certificate door: its own accept loop, TLS configuration by server name, one request per connection.
//!
//! **Owns** everything between the TCP connection and the one-time ticket: admission (`admission.rs`), the handshake
//! (`tls.rs`), what the certificate means (`verdict.rs`), the one answer (`service.rs`).
//!
//! **Deliberately absent**: pages, cookies, service names, return addresses. The door knows an opaque handle and answers
//! `303` to the front with a ticket that only the browser which began can redeem. No HTTP/2, no resumption, no
//! certificate from a header.

pub mod admission;
mod service;
mod tls;
pub mod verdict;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioIo, TokioTimer};
use login::DoorFamily;
use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::LazyConfigAcceptor;

pub use service::{DoorName, PeerCertificate, RETURN_PATH};
pub use tls::RSA_PKCS1_SHA256_LEGACY;

use self::admission::{Admission, Limits};
use crate::app::App;
use crate::listeners::certificates::SwappableCertificate;

/// A `ClientHello` is sent by a machine, not by a person: no PIN is typed before it.
const CLIENT_HELLO_SECONDS: u64 = 10;

/// The door before it serves.
pub struct Door {
    app: Arc<App>,
    listener: TcpListener,
    card: Arc<ServerConfig>,
    card12: Arc<ServerConfig>,
    admission: Arc<Admission>,
}

impl Door {
    /// Binds and prepares both families.
    pub async fn bind(app: Arc<App>, certificate: Arc<SwappableCertificate>) -> std::io::Result<Self> {
        let config = &app.config.door;
        let listener = TcpListener::bind(config.listen).await?;
        let hints = app.trust.load().subject_hints();
        let build = |family| {
            tls::server_config(
                family,
                Arc::<SwappableCertificate>::clone(&certificate),
                hints.clone(),
            )
            .map_err(std::io::Error::other)
        };
        let admission = Admission::new(Limits {
            total: config.handshakes,
            per_address: config.handshakes_per_address,
            per_prefix: config.handshakes_per_prefix,
        });
        Ok(Self {
            listener,
            card: build(DoorFamily::Card)?,
            card12: build(DoorFamily::Card12)?,
            admission,
            app,
        })
    }

    /// The address that was bound.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` says so, then waits for handshakes in progress, at most `grace`.
    pub async fn serve(self, mut stop: watch::Receiver<bool>, grace: Duration) {
        let door = Arc::new(self);
        loop {
            let accepted = tokio::select! {
                accepted = door.listener.accept() => accepted,
                _ = stop.wait_for(|stopping| *stopping) => break,
            };
            match accepted {
                Ok((stream, peer)) => door.admit(stream, peer),
                Err(error) => {
                    // Out of file descriptors: give the handshakes in progress time to end.
                    tracing::warn!(error = %error, "the door cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        let drained = async {
            while door.admission.held() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(grace, drained).await.is_err() {
            tracing::warn!(
                door.held = door.admission.held(),
                "the door closes with handshakes in progress"
            );
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let place = match self.admission.admit(peer.ip()) {
            Ok(place) => place,
            Err(turned) => {
                metrics::counter!("door_turned_away_total", "limit" => turned.as_str()).increment(1);
                return;
            }
        };
        let door = Arc::clone(self);
        tokio::spawn(async move {
            door.connection(stream).await;
            drop(place);
        });
    }

    async fn connection(&self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let acceptor = LazyConfigAcceptor::new(Acceptor::default(), stream);
        let hello = tokio::time::timeout(Duration::from_secs(CLIENT_HELLO_SECONDS), acceptor).await;
        let start = match hello {
            Ok(Ok(start)) => start,
            Ok(Err(_)) => return self.ended("no_client_hello"),
            Err(_) => return self.ended("client_hello_timeout"),
        };
        let Some(name) = start
            .client_hello()
            .server_name()
            .and_then(|name| self.app.door_name(name))
        else {
            return self.ended("unknown_server_name");
        };
        let config = match name.family {
            DoorFamily::Card => Arc::clone(&self.card),
            DoorFamily::Card12 => Arc::clone(&self.card12),
        };
        let begun = std::time::Instant::now();
        let handshake = start.into_stream(config);
        let limit = Duration::from_secs(self.app.config.door.handshake_seconds);
        let stream = match tokio::time::timeout(limit, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return self.handshake_failed(&name, &error),
            Err(_) => return self.ended("handshake_timeout"),
        };
        metrics::histogram!("door_handshake_seconds").record(begun.elapsed().as_secs_f64());
        self.ended("completed");
        let peer = PeerCertificate::of(stream.get_ref().1, name);
        self.serve_one_request(stream, peer).await;
    }

    async fn serve_one_request(
        &self,
        stream: tokio_rustls::server::TlsStream<TcpStream>,
        peer: PeerCertificate,
    ) {
        let app = Arc::clone(&self.app);
        let peer = Arc::new(peer);
        let service = hyper::service::service_fn(move |request| {
            let (app, peer) = (Arc::clone(&app), Arc::clone(&peer));
            async move { Ok::<_, std::convert::Infallible>(service::answer(&app, &peer, &request).await) }
        });
        let limit = Duration::from_secs(self.app.config.door.request_seconds);
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limit)
            .keep_alive(false)
            .max_buf_size(16 * 1024)
            .serve_connection(TokioIo::new(stream), service)
            .without_shutdown();
        // The browser reads at its own pace, but not for ever.
        if let Ok(Ok(parts)) = tokio::time::timeout(limit + limit, connection).await {
            let mut stream = parts.io.into_inner();
            let _ = tokio::time::timeout(Duration::from_secs(2), stream.shutdown()).await;
        }
    }

    fn handshake_failed(&self, name: &service::DoorName, error: &std::io::Error) {
        let kind = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .map_or("connection_lost", handshake_failure);
        tracing::info!(
            door.family = name.family.as_str(),
            door.failure = kind,
            "a handshake did not complete"
        );
        self.ended(kind);
    }

    #[allow(
        clippy::unused_self,
        reason = "reads as what happens to this door's connection"
    )]
    fn ended(&self, how: &'static str) {
        metrics::counter!("door_handshakes_total", "ended" => how).increment(1);
    }
}

/// Bounded vocabulary of failures for logs and metrics.
fn handshake_failure(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::AlertReceived(_) => "client_alert",
        rustls::Error::InvalidCertificate(_) => "bad_certificate_or_signature",
        rustls::Error::PeerIncompatible(_) => "client_incompatible",
        rustls::Error::PeerMisbehaved(_) => "client_misbehaved",
        _ => "other",
    }
}
