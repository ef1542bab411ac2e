//! The operator's listener: health, readiness, metrics, references. Plain HTTP for loopback or a protected network.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App as WebApp, HttpServer, web};

use crate::app::App;
use crate::web::headers;
use crate::web::operator::{self, Operators};

/// Binds the listener; the address is the one bound.
pub fn bind(
    app: &Arc<App>,
    operators: Arc<Operators>,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
) -> std::io::Result<(Server, SocketAddr)> {
    let listener = TcpListener::bind(app.config.operator.listen)?;
    let address = listener.local_addr()?;
    let data = web::Data::from(Arc::clone(app));
    let operators = web::Data::from(operators);
    let metrics = web::Data::new(metrics);
    let server = HttpServer::new(move || {
        WebApp::new()
            .app_data(data.clone())
            .app_data(operators.clone())
            .app_data(metrics.clone())
            .wrap(from_fn(completed))
            .configure(operator::mount)
    })
    .workers(1)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok((server, address))
}

/// Gives answers that no handler of ours wrote (a form that cannot be read, a path that is none) what every answer carries.
async fn completed(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut answer = next.call(request).await?;
    headers::complete(answer.headers_mut());
    Ok(answer)
}
