//! The front: pages and protocol endpoints, by the web framework over our TLS.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::middleware::{Next, from_fn};
use actix_web::{App as WebApp, HttpResponse, HttpServer, web};
use rustls::ServerConfig;

use crate::app::App;
use crate::listeners::certificates::SwappableCertificate;
use crate::web::{exchanges, headers, routes, verifier};

/// A request with its body is read and answered within this time: the framework bounds only the time for the head, so a body
/// that drips would hold its connection for ever.
const REQUEST_SECONDS: u64 = 20;

/// Binds the front and prepares its server; the address is the one bound.
pub fn bind(app: &Arc<App>, certificate: Arc<SwappableCertificate>) -> std::io::Result<(Server, SocketAddr)> {
    let config = &app.config.front;
    let listener = TcpListener::bind(config.listen)?;
    let address = listener.local_addr()?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    let data = web::Data::from(Arc::clone(app));
    let document_bytes = app.config.verification.max_document_bytes;
    let application = move || {
        WebApp::new()
            .app_data(data.clone())
            .wrap(from_fn(in_time))
            // Before the scope that it lies below.
            .service(exchanges::scope())
            .service(verifier::scope(document_bytes))
            .configure(routes::mount)
    };
    let mut server = HttpServer::new(application)
        .client_request_timeout(Duration::from_secs(15))
        .client_disconnect_timeout(Duration::from_secs(5))
        .keep_alive(Duration::from_secs(30))
        .tls_handshake_timeout(Duration::from_secs(10))
        .max_connection_rate(4096)
        // After the handshake come the session tickets and then the first answer; with Nagle's algorithm that answer would wait for
        // the browser's delayed acknowledgement of the tickets, 40 ms on every fresh connection.
        .tcp_nodelay(true)
        .shutdown_timeout(config.shutdown_seconds)
        .disable_signals();
    if config.workers > 0 {
        server = server.workers(config.workers);
    }
    let server = server.listen_rustls_0_23(listener, tls)?.run();
    Ok((server, address))
}

/// Bounds the time of a request with its body, and gives answers that no handler of ours wrote (a form that cannot be read) what every
/// answer carries.
pub(super) async fn in_time(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let answer = tokio::time::timeout(Duration::from_secs(REQUEST_SECONDS), next.call(request));
    let answer = answer.await.unwrap_or_else(|_| {
        metrics::counter!("front_requests_too_slow_total").increment(1);
        let mut response = headers::common(HttpResponse::RequestTimeout());
        Err(InternalError::from_response("too slow", response.force_close().finish()).into())
    });
    let mut answer = answer?;
    headers::complete(answer.headers_mut());
    Ok(answer)
}
