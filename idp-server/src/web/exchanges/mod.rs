//! What was wrong with an exchange, asked by the service whose it was: `/v1/exchanges/…`.
//!
//! **Owns** the token with which a service asks (`token.rs`: by the service's own credentials, those of its protocol), the answers (here),
//! and their description (`openapi.json`, which a test holds against them).
//!
//! **Deliberately absent**: what is recorded and where (`crate::exchanges`), the operator's view (`web/operator/exchanges.rs`). A
//! reference of another service is answered as one that nobody knows.
//!
//! **One more operation**: a row in [`scope`], its description in `openapi.json`, a case in `conformance-tests/tests/explain`.

mod token;

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::web::{self, get, post};
use actix_web::{HttpRequest, HttpResponse, Scope};
use domain::{Reference, Service, ServiceState};
use oidc::OpaqueSecret;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{EphemeraKey, EphemeraKind, StoreFault};

use super::headers;
use super::saml::sources;
use crate::app::App;
use crate::exchanges::{Exchange, Owner, advice, find, recent};

/// The description, held against the handlers by `conformance-tests/tests/explain`.
const DESCRIPTION: &str = include_str!("openapi.json");
/// Octets of a request: a client assertion and what goes with it.
const SMALL: usize = 32 * 1024;
/// Records in a list, where nothing else is asked.
const PAGE: usize = 50;
/// Questions of one service in a minute.
const PER_MINUTE: u64 = 240;
/// Lists among them: each is as many look-ups as there are places.
const LISTS_PER_MINUTE: u64 = 20;

/// The table.
pub fn scope() -> Scope {
    let at = |path: &str, method: actix_web::Route| {
        web::resource(path)
            .app_data(web::PayloadConfig::new(SMALL))
            .route(method)
            .default_service(web::to(wrong_method))
    };
    web::scope("/v1/exchanges")
        .service(at("", get().to(list)))
        .service(at("/openapi.json", get().to(openapi)))
        .service(at("/token", post().to(token::post)))
        .service(at("/{reference}", get().to(one)))
        .default_service(web::to(not_found))
}

/// Why there is no answer.
enum No {
    /// No token, or one that does not count.
    Unauthenticated,
    /// Nobody's, or somebody else's.
    Unknown,
    /// Not the query of this operation.
    Malformed,
    /// Too often.
    TooMany,
    /// The store.
    Unavailable(StoreFault),
}

impl From<StoreFault> for No {
    fn from(fault: StoreFault) -> Self {
        Self::Unavailable(fault)
    }
}

impl No {
    fn answer(self) -> HttpResponse {
        let (status, word) = match &self {
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "invalid_token"),
            Self::Unknown => (StatusCode::NOT_FOUND, "not_found"),
            Self::Malformed => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "slow_down"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        };
        if let Self::Unavailable(fault) = &self {
            tracing::error!(error = %fault, "a service's question could not be answered");
        }
        let mut response = headers::json(status, json!({ "error": word }).to_string());
        let extra = match status {
            StatusCode::UNAUTHORIZED => Some((WWW_AUTHENTICATE, "Bearer realm=\"exchanges\"")),
            StatusCode::TOO_MANY_REQUESTS => Some((RETRY_AFTER, "60")),
            _ => None,
        };
        if let Some((name, value)) = extra {
            let value = actix_web::http::header::HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// `GET /v1/exchanges/openapi.json`.
async fn openapi(app: web::Data<App>) -> HttpResponse {
    let mut description: Value = serde_json::from_str(DESCRIPTION).unwrap_or_default();
    if let Some(members) = description.as_object_mut() {
        members.insert(
            "servers".to_owned(),
            json!([{ "url": app.config.front.origin.as_str() }]),
        );
    }
    headers::json(StatusCode::OK, description.to_string())
}

/// `GET /v1/exchanges/{reference}`.
async fn one(app: web::Data<App>, request: HttpRequest, reference: web::Path<String>) -> HttpResponse {
    match open(&app, &request, &reference).await {
        Ok(exchange) => headers::json(StatusCode::OK, whole(&exchange).to_string()),
        Err(no) => no.answer(),
    }
}

async fn open(app: &App, request: &HttpRequest, reference: &str) -> Result<Exchange, No> {
    let service = authenticate(app, request).await?;
    let reference: Reference = reference.parse().map_err(|_| No::Unknown)?;
    let found = find(&*app.ephemera, &reference, app.clock.now()).await?;
    found
        .filter(|exchange| exchange.service.as_ref() == Some(&service.id))
        .ok_or(No::Unknown)
}

/// How many, and of which kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    limit: Option<usize>,
}

/// `GET /v1/exchanges?limit=…`: the newest first.
async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    query: Result<web::Query<Listed>, actix_web::Error>,
) -> HttpResponse {
    let answer = async {
        let service = authenticate(&app, &request).await?;
        let limit = query.map_err(|_| No::Malformed)?.limit.unwrap_or(PAGE).min(PAGE);
        let rate = EphemeraKey::new(EphemeraKind::Rate, format!("exchanges listed:{}", service.id));
        if app.ephemera.count(&rate, app.clock.now(), 60).await? > LISTS_PER_MINUTE {
            return Err(No::TooMany);
        }
        let all = recent(&*app.ephemera, &Owner::Service(service.id), app.clock.now()).await?;
        Ok::<_, No>(all.iter().take(limit).map(short).collect::<Vec<_>>())
    };
    match answer.await {
        Ok(all) => headers::json(StatusCode::OK, json!({ "exchanges": all }).to_string()),
        Err(no) => no.answer(),
    }
}

/// A line of a list.
pub(super) fn short(exchange: &Exchange) -> Value {
    json!({
        "reference": exchange.reference,
        "at": exchange.at.to_string(),
        "protocol": exchange.protocol,
        "exchange": exchange.exchange,
        "proven": exchange.proven,
        "reason": exchange.reason,
        "detail": exchange.detail,
        "answered": exchange.answered,
    })
}

/// All that is kept, with what to do about it.
pub(super) fn whole(exchange: &Exchange) -> Value {
    let mut all = short(exchange);
    if let Some(members) = all.as_object_mut() {
        members.insert("rules".to_owned(), json!(exchange.rules));
        let advice = advice::of(exchange);
        members.insert("advice".to_owned(), json!({ "ja": advice.ja, "en": advice.en }));
    }
    all
}

/// Whether whoever asks without a token that counts may be answered once more.
fn stranger(app: &App, request: &HttpRequest) -> Result<(), No> {
    match request.peer_addr() {
        Some(peer) if !app.stranger_limit.admits(peer.ip()) => Err(No::TooMany),
        _ => Ok(()),
    }
}

/// The service that asks, active now.
async fn authenticate(app: &App, request: &HttpRequest) -> Result<Service, No> {
    let Some(service) = service_of(app, request).await? else {
        stranger(app, request)?;
        return Err(No::Unauthenticated);
    };
    let rate = EphemeraKey::new(EphemeraKind::Rate, format!("exchanges asked:{}", service.id));
    if app.ephemera.count(&rate, app.clock.now(), 60).await? > PER_MINUTE {
        return Err(No::TooMany);
    }
    Ok(service)
}

async fn service_of(app: &App, request: &HttpRequest) -> Result<Option<Service>, StoreFault> {
    let mut all = request.headers().get_all(AUTHORIZATION);
    let (Some(header), None) = (all.next(), all.next()) else {
        return Ok(None);
    };
    let token = header
        .to_str()
        .ok()
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, token)| scheme.eq_ignore_ascii_case("Bearer") && token.len() == 43);
    let Some((_, token)) = token else {
        return Ok(None);
    };
    let key = token_key(token);
    let held = app.ephemera.get(&key, app.clock.now()).await?;
    let id = held
        .and_then(|octets| String::from_utf8(octets).ok())
        .and_then(|text| text.parse().ok());
    let Some(id) = id else { return Ok(None) };
    let service = app.ledger.service(&id).await?;
    match service.filter(|service| service.state == ServiceState::Active) {
        Some(service) if sources::stands(app, &service).await? => Ok(Some(service)),
        _ => Ok(None),
    }
}

/// Where a token is kept.
fn token_key(token: &str) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::ExchangeToken, OpaqueSecret::hash_of(token).0)
}

async fn not_found() -> HttpResponse {
    No::Unknown.answer()
}

async fn wrong_method() -> HttpResponse {
    headers::json(
        StatusCode::METHOD_NOT_ALLOWED,
        json!({ "error": "method_not_allowed" }).to_string(),
    )
}
