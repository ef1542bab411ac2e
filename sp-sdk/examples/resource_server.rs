//! An interface for programs that act for people (RFC 9470): it takes access tokens of the platform, wants the card itself and within
//! five minutes for filing, and says so in a way that a client can act on.
//!
//! `resource_server CONFIG.toml`. `GET /filings` wants a token; `POST /filings` wants AAL3 within `max_age_seconds`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line says where it listens, and its log is standard error"
)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, get, post};
use actix_web::{HttpRequest, HttpResponse};
use domain::{Aal, Clock as _};
use serde::Deserialize;
use sp_sdk::guard::Guard;
use sp_sdk::http::Http;
use sp_sdk::key::ServiceKey;
use sp_sdk::oidc::Provider;
use sp_sdk::resource::{Believed, Challenge, ResourceServer, TokenHolder, TokenShown, Wanted};
use sp_sdk::web::{self, ServerSettings, Stopped};
use sp_sdk::{MachineClock, SeenOnce};

#[derive(Deserialize)]
struct Settings {
    #[serde(flatten)]
    server: ServerSettings,
    /// Our address as it is registered and as tokens name it.
    resource: String,
    issuer: String,
    trusted_ca_pem: String,
    #[serde(default)]
    addresses: Vec<(String, SocketAddr)>,
    /// How recent the use of the card must be for filing.
    #[serde(default = "five_minutes")]
    max_age_seconds: u32,
    /// Levels for filing beside AAL3, by digit of IAL.
    #[serde(default)]
    filing_ial: Option<domain::Ial>,
    /// Where tokens are asked about instead of being verified here: our own `client_id` and key.
    #[serde(default)]
    introspection: Option<Introspection>,
}

#[derive(Deserialize)]
struct Introspection {
    client_id: String,
    key: PathBuf,
}

const fn five_minutes() -> u32 {
    300
}

const SCOPES: &[&str] = &["openid"];

struct Interface {
    server: ResourceServer,
    listing: Wanted<'static>,
    filing: Wanted<'static>,
}

#[actix_web::main]
async fn main() -> Result<(), Stopped> {
    let path = std::env::args()
        .nth(1)
        .ok_or_else(|| Stopped::because("usage: resource_server CONFIG.toml"))?;
    let settings: Settings = toml::from_str(&web::read(path)?)?;
    let fetch = Arc::new(Http::new(&settings.trusted_ca_pem, &settings.addresses)?);
    let provider = Provider::discover(&settings.issuer, fetch, MachineClock.now()).await?;
    let believed = match settings.introspection {
        None => Believed::BySignature,
        Some(Introspection { client_id, key }) => Believed::ByIntrospection {
            client_id,
            key: Box::new(ServiceKey::from_pem(&web::read(key)?)?),
        },
    };
    let seen = Arc::new(SeenOnce::default());
    let server = ResourceServer::new(&settings.resource, Arc::new(provider), believed, seen);
    let description = server.metadata_path();
    let filing = Guard::aal(Aal::Three)
        .and(Guard::fresh_within(settings.max_age_seconds))
        .and(settings.filing_ial.map_or(Guard::SIGNED_IN, Guard::ial));
    let interface = Data::new(Interface {
        server,
        listing: Wanted::new(SCOPES, Guard::SIGNED_IN)?,
        filing: Wanted::new(SCOPES, filing)?,
    });
    let server = web::serve(&settings.server, move |app| {
        app.app_data(interface.clone())
            .route("/filings", get().to(list))
            .route("/filings", post().to(file))
            .route(&description, get().to(describe));
    })?;
    println!("listening on {}", settings.server.listen);
    Ok(server.await?)
}

async fn list(request: HttpRequest, interface: Data<Interface>) -> HttpResponse {
    match admitted(&request, &interface, &interface.listing).await {
        Ok(holder) => HttpResponse::Ok().json(serde_json::json!({ "of": holder.subject(), "filings": [] })),
        Err(response) => response,
    }
}

async fn file(request: HttpRequest, interface: Data<Interface>) -> HttpResponse {
    match admitted(&request, &interface, &interface.filing).await {
        Ok(holder) => HttpResponse::Ok().json(serde_json::json!({ "filed_by": holder.subject() })),
        Err(response) => response,
    }
}

async fn describe(interface: Data<Interface>) -> HttpResponse {
    HttpResponse::Ok().json(interface.server.metadata(SCOPES))
}

async fn admitted(
    request: &HttpRequest,
    interface: &Interface,
    wanted: &Wanted<'_>,
) -> Result<TokenHolder, HttpResponse> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let proofs: Vec<&str> = request
        .headers()
        .get_all("dpop")
        .filter_map(|value| value.to_str().ok())
        .collect();
    // Behind a proxy this is the address that clients use, not the one that the proxy uses.
    let address = format!("https://{}{}", text("host").unwrap_or_default(), request.path());
    let shown = TokenShown {
        method: request.method().as_str(),
        address: &address,
        query: request.uri().query(),
        authorization: text("authorization"),
        proofs: &proofs,
        certificate: None,
    };
    let verdict = interface.server.admit(&shown, wanted, MachineClock.now()).await;
    verdict.map_err(|challenge| {
        eprintln!("refused: {}", challenge.reason);
        answer(&challenge)
    })
}

fn answer(challenge: &Challenge) -> HttpResponse {
    let status = StatusCode::from_u16(challenge.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for line in &challenge.authenticate {
        response.append_header((header::WWW_AUTHENTICATE, line.as_str()));
    }
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(&challenge.body)
}
