//! A ministry's site that signs people in by OpenID Connect: one file, nothing kept but in memory.
//!
//! `oidc_service CONFIG.toml`; `cargo xtask demo` writes such a file and starts it.

#![allow(clippy::print_stdout, reason = "a command line says where it listens")]

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::web::{Data, Query, get};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use domain::Clock as _;
use serde::Deserialize;
use sp_sdk::oidc::{Answer, OidcConfig, RelyingParty, RequestOptions, SentRequest, SignIn};
use sp_sdk::{MachineClock, MachineEntropy, Pending, web};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    listen: SocketAddr,
    certificate: PathBuf,
    private_key: PathBuf,
    oidc: OidcConfig,
}

struct Service {
    platform: RelyingParty,
    asked: Pending<SentRequest>,
    signed_in: Pending<SignIn>,
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: oidc_service CONFIG.toml")?;
    let settings: Settings = toml::from_str(&std::fs::read_to_string(path)?)?;
    let service = Data::from(Arc::new(Service {
        platform: RelyingParty::discover(settings.oidc).await?,
        asked: Pending::new(600, 10_000),
        signed_in: Pending::new(3_600, 10_000),
    }));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(service.clone())
            .route("/", get().to(home))
            .route("/sign-in", get().to(sign_in))
            .route("/callback", get().to(callback))
    })
    .workers(1)
    .bind_rustls_0_23(
        settings.listen,
        web::tls(&settings.certificate, &settings.private_key)?,
    )
    .map_err(web::taken(settings.listen))?;
    println!("listening on {}", settings.listen);
    Ok(server.run().await?)
}

fn value(request: &HttpRequest, name: &str) -> Option<String> {
    request.cookie(name).map(|cookie| cookie.value().to_owned())
}

async fn home(request: HttpRequest, service: Data<Service>) -> HttpResponse {
    let known =
        value(&request, "__Host-person").and_then(|key| service.signed_in.get(&key, MachineClock.now()));
    let text = match known {
        None => r#"<p><a id="sign-in" href="/sign-in">Sign in with My Number Card / マイナンバーカードでログイン</a></p>"#.to_owned(),
        Some(person) => format!(
            "<dl><dt>Pseudonym</dt><dd id=\"sub\">{}</dd><dt>Level</dt><dd id=\"acr\">{}</dd><dt>Method</dt><dd \
             id=\"amr\">{}</dd></dl><details><summary>ID token</summary><pre id=\"id-token\">{}</pre></details>",
            web::escape(person.subject()),
            web::escape(person.level().unwrap_or("not released")),
            web::escape(&person.methods().join(" ")),
            web::escape(person.id_token()),
        ),
    };
    web::page("A ministry (OpenID Connect)", &text)
}

async fn sign_in(service: Data<Service>) -> HttpResponse {
    let now = MachineClock.now();
    let (address, sent) = service.platform.begin(&RequestOptions::default(), now);
    let key = service.asked.put(sent, &MachineEntropy, now);
    web::redirect(&address, web::cookie("asked", key, 600, false))
}

async fn callback(request: HttpRequest, answer: Query<Answer>, service: Data<Service>) -> HttpResponse {
    let now = MachineClock.now();
    let asked = value(&request, "__Host-asked").and_then(|key| service.asked.take(&key, now));
    let Some(sent) = asked else {
        return web::refused("this browser did not ask, or its question was answered already");
    };
    match service.platform.finish(answer.into_inner(), sent).await {
        Ok(person) => {
            let key = service.signed_in.put(person, &MachineEntropy, now);
            web::redirect("/", web::cookie("person", key, 3_600, false))
        }
        Err(reason) => web::refused(&reason.to_string()),
    }
}
