//! A ministry's site that signs people in by OpenID Connect: one file, nothing kept but in memory.
//!
//! `oidc_service CONFIG.toml`; `cargo xtask demo` writes such a file and starts it. `oidc_service --jwks KEY.pem` prints the public part
//! of a key, for the registration.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line says where it listens, and its log is standard error"
)]

mod frame;

use std::path::PathBuf;
use std::sync::Arc;

use actix_web::web::resource;
use domain::{Aal, Clock as _};
use serde::Deserialize;
use sp_sdk::MachineClock;
use sp_sdk::gate::{Gate, Partner};
use sp_sdk::guard::Guard;
use sp_sdk::key::ServiceKey;
use sp_sdk::oidc::{ClientSecret, OidcConfig, RelyingParty};
use sp_sdk::session::MemorySessions;
use sp_sdk::web::{self, Guarded, ServerSettings, Stopped};

#[derive(Deserialize)]
struct Settings {
    #[serde(flatten)]
    server: ServerSettings,
    /// Our P-256 key, with which we prove who asks.
    #[serde(default)]
    client_key: Option<PathBuf>,
    oidc: OidcConfig,
}

#[actix_web::main]
async fn main() -> Result<(), Stopped> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = match arguments.as_slice() {
        [flag, key] if flag == "--jwks" => {
            println!("{}", ServiceKey::from_pem(&web::read(key)?)?.jwks());
            return Ok(());
        }
        [path] => path,
        _ => {
            return Err(Stopped::because(
                "usage: oidc_service CONFIG.toml | --jwks KEY.pem",
            ));
        }
    };
    let mut settings: Settings = toml::from_str(&web::read(path)?)?;
    if let Some(key) = &settings.client_key {
        settings.oidc.private_key_pem = Some(ClientSecret::new(web::read(key)?));
    }
    let platform = RelyingParty::discover(settings.oidc, MachineClock.now()).await?;
    let gate = Arc::new(Gate::new(
        Partner::Oidc(Box::new(platform)),
        Arc::new(MemorySessions::new(10_000)),
        3_600,
    ));
    let told = frame::log();
    // The page for filings wants the card itself, and within five minutes.
    let strict = Guard::aal(Aal::Three).and(Guard::fresh_within(300));
    let server = web::serve(&settings.server, move |app| {
        web::routes(app, &gate, &told);
        frame::home(
            app,
            &gate,
            ("ある省庁（OpenID Connect）", "A ministry (OpenID Connect)"),
        );
        let guarded = Guarded::new(&gate, strict, &told);
        app.service(resource("/filings").wrap(guarded).to(frame::filings));
    })?;
    println!("listening on {}", settings.server.listen);
    Ok(server.await?)
}
