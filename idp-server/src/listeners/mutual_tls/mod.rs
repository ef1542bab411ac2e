//! The listener for machines that prove themselves by the certificate of their connection (RFC 8705): verifiers, and clients of OpenID
//! Connect.
//!
//! **Owns** the socket, who may connect at all (`admitted.rs`: places by address, before TLS, by the counters of the certificate door), its
//! TLS (possession proven by the handshake, no resumption, no certificate from a header), the certificate of a connection as handlers see
//! it ([`ClientCertificate::of`]), and what the rules want to know of it ([`look_at`]: its path, its names, its key).
//!
//! **Deliberately absent**: who is registered with what (`domain::RegisteredCertificate` stands in the registers), pages, the certificate
//! door: here no person types a PIN, so a handshake takes seconds at most.
//!
//! **One more endpoint here**: its row in `web/routes.rs` (`mount_for_machines`) or its resource in [`bind`]. The handlers are the front's
//! own; the certificate is there when they look.

mod admitted;
mod certificate;
mod judge;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, TlsAcceptorConfig};
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, map_config};
use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::{AppConfig, Extensions, Server};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App as WebApp, web};
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use tokio::sync::watch;

pub use certificate::ClientCertificate;
pub use judge::{anchors, judge, look_at};

use self::admitted::Admitted;
use crate::app::App;
use crate::listeners::certificates::SwappableCertificate;
use crate::listeners::door::admission::Admission;
use crate::listeners::front::in_time;
use crate::listeners::possession::{self, PossessionVerifier};
use crate::web::{exchanges, routes, verifier};

/// Tells handlers that a request came in by this listener.
#[derive(Clone, Copy, Debug)]
pub struct OnMutualTls;

/// Binds the listener and prepares its server; the address is the one bound. Connections that are idle end when it is `stopping`.
///
/// # Errors
/// What the system says about the address.
pub fn bind(
    app: &Arc<App>,
    address: SocketAddr,
    certificate: Arc<SwappableCertificate>,
    stopping: watch::Receiver<bool>,
) -> std::io::Result<(Server, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    let tls = server_config(certificate).map_err(std::io::Error::other)?;
    let data = web::Data::from(Arc::clone(app));
    let document_bytes = app.config.verification.max_document_bytes;
    let limits = app.config.mutual_tls.limits();
    let admission = Admission::new(limits);
    // The framework's own server for web applications has no place for counters before TLS; this is what it builds, with them.
    let served = move || {
        let application = WebApp::new()
            .app_data(data.clone())
            .app_data(OnMutualTls)
            .wrap(from_fn(in_time))
            .configure(routes::mount_for_machines)
            .service(exchanges::scope())
            .service(verifier::scope(document_bytes));
        let application = application
            .into_factory()
            .map_err(|error: actix_web::Error| error.error_response());
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let mut stopping = stopping.clone();
                async move {
                    let _ = stopping.wait_for(|stopping| *stopping).await;
                }
            })
            .keep_alive(Duration::from_secs(30))
            .client_request_timeout(Duration::from_secs(15))
            .client_disconnect_timeout(Duration::from_secs(5))
            .tcp_nodelay(true)
            .on_connect_ext(|connection: &TlsStream<TcpStream>, data: &mut Extensions| {
                remember_certificate(connection, data);
            })
            .finish(map_config(application, |()| AppConfig::default()))
            .rustls_0_23_with_config(
                tls.clone(),
                TlsAcceptorConfig::default().handshake_timeout(Duration::from_secs(10)),
            );
        Admitted::new(http, Arc::clone(&admission))
    };
    let server = Server::build()
        .workers(1)
        .max_concurrent_connections(limits.total)
        .shutdown_timeout(app.config.front.shutdown_seconds)
        .disable_signals()
        .listen("mutual-tls", listener, served)?
        .run();
    Ok((server, address))
}

/// Without session storage and tickets each connection proves possession itself.
fn server_config(certificate: Arc<SwappableCertificate>) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = PossessionVerifier::new(Vec::new(), possession::schemes());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(certificate);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

/// After the handshake: what was shown, for every request of the connection.
fn remember_certificate(connection: &TlsStream<TcpStream>, data: &mut Extensions) {
    let shown = connection
        .get_ref()
        .1
        .peer_certificates()
        .and_then(ClientCertificate::of_chain);
    if let Some(shown) = shown {
        data.insert(shown);
    }
}
