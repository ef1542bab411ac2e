//! A ministry's site that signs people in by SAML: one file, nothing kept but in memory.
//!
//! `saml_service CONFIG.toml`; `cargo xtask demo` writes such a file and starts it. `saml_service --metadata ENTITY ACS` prints the
//! metadata to register.

#![allow(clippy::print_stdout, reason = "a command line says where it listens")]

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::web::{Data, Form, FormConfig, get, post};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use domain::Clock as _;
use serde::Deserialize;
use sp_sdk::saml::{
    IdentityProvider, MetadataTrust, RequestOptions, SeenAssertions, SentRequest, ServiceProvider, SignIn,
};
use sp_sdk::{MachineClock, MachineEntropy, Pending, web};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    listen: SocketAddr,
    certificate: PathBuf,
    private_key: PathBuf,
    entity_id: String,
    assertion_consumer_service: String,
    /// The platform's `entityID`, and its metadata as a file that came from the operator.
    idp_entity_id: String,
    idp_metadata: PathBuf,
}

struct Service {
    saml: ServiceProvider,
    seen: SeenAssertions,
    asked: Pending<SentRequest>,
    signed_in: Pending<SignIn>,
}

#[derive(Deserialize)]
struct Posted {
    #[serde(rename = "SAMLResponse")]
    response: String,
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = match arguments.as_slice() {
        [flag, entity, acs] if flag == "--metadata" => {
            println!("{}", ServiceProvider::metadata(entity, acs)?);
            return Ok(());
        }
        [path] => path,
        _ => return Err("usage: saml_service CONFIG.toml | --metadata ENTITY ACS".into()),
    };
    let settings: Settings = toml::from_str(&std::fs::read_to_string(path)?)?;
    let metadata = std::fs::read(&settings.idp_metadata)?;
    let trust = MetadataTrust::AsGiven;
    let service = Data::from(Arc::new(Service {
        saml: ServiceProvider {
            entity_id: settings.entity_id,
            assertion_consumer_service: settings.assertion_consumer_service,
            identity_provider: IdentityProvider::from_metadata(
                &metadata,
                &settings.idp_entity_id,
                &trust,
                MachineClock.now(),
            )?,
            clock_skew_seconds: ServiceProvider::DEFAULT_CLOCK_SKEW_SECONDS,
        },
        seen: SeenAssertions::default(),
        asked: Pending::new(600, 10_000),
        signed_in: Pending::new(3_600, 10_000),
    }));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(service.clone())
            .app_data(FormConfig::default().limit(512 * 1024))
            .route("/", get().to(home))
            .route("/sign-in", get().to(sign_in))
            .route("/acs", post().to(consume))
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
            "<dl><dt>Pseudonym</dt><dd id=\"sub\">{}</dd><dt>Level</dt><dd id=\"acr\">{}</dd><dt>Time</dt><dd \
             id=\"auth-time\">{}</dd></dl><details><summary>Assertion</summary><pre id=\"assertion\">{}</pre></details>",
            web::escape(person.pseudonym()),
            web::escape(person.level()),
            person.authenticated_at(),
            web::escape(&String::from_utf8_lossy(person.assertion())),
        ),
    };
    web::page("Another ministry (SAML)", &text)
}

async fn sign_in(service: Data<Service>) -> HttpResponse {
    let now = MachineClock.now();
    match service
        .saml
        .begin(&RequestOptions::default(), &MachineEntropy, now)
    {
        Ok((address, sent)) => {
            let key = service.asked.put(sent, &MachineEntropy, now);
            // The platform's page posts the answer from its own site, so this cookie must ride a cross-site POST.
            web::redirect(&address, web::cookie("asked", key, 600, true))
        }
        Err(reason) => web::refused(&reason.to_string()),
    }
}

async fn consume(request: HttpRequest, posted: Form<Posted>, service: Data<Service>) -> HttpResponse {
    let now = MachineClock.now();
    let asked = value(&request, "__Host-asked").and_then(|key| service.asked.take(&key, now));
    let Some(sent) = asked else {
        return web::refused("this browser did not ask, or its question was answered already");
    };
    match service.saml.verify(&posted.response, sent, &service.seen, now) {
        Ok(person) => {
            let key = service.signed_in.put(person, &MachineEntropy, now);
            web::redirect("/", web::cookie("person", key, 3_600, false))
        }
        Err(reason) => web::refused(&reason.to_string()),
    }
}
