//! A small service's server.

use std::net::SocketAddr;
use std::path::PathBuf;

use actix_web::web::{FormConfig, ServiceConfig};
use actix_web::{App, HttpServer};
use serde::Deserialize;

use super::{ListenFault, taken, tls};

/// Where a service listens.
#[derive(Clone, Debug, Deserialize)]
pub struct ServerSettings {
    /// The address.
    pub listen: SocketAddr,
    /// Its server certificate (PEM, with its chain).
    pub certificate: PathBuf,
    /// The key of it (PEM).
    pub private_key: PathBuf,
}

/// Octets of a form: an encrypted assertion of SAML fits.
const MOST_OCTETS: usize = 512 * 1024;

/// Listens over TLS; to be awaited.
pub fn serve(
    settings: &ServerSettings,
    configure: impl Fn(&mut ServiceConfig) + Send + Clone + 'static,
) -> Result<actix_web::dev::Server, ListenFault> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(FormConfig::default().limit(MOST_OCTETS))
            .configure(configure.clone())
    })
    .workers(1)
    .bind_rustls_0_23(
        settings.listen,
        tls(&settings.certificate, &settings.private_key)?,
    )
    .map_err(taken(settings.listen))?;
    Ok(server.run())
}
