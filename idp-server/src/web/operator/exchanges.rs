//! What was wrong with exchanges, of every service: to authenticated operators, on record when one is opened. People read a page,
//! programs JSON.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use audit::{Action, Actor, Event, Outcome};
use domain::{Reference, ServiceId};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Batch, ServiceProtocol, StoreFault};

use super::operators::{self, Operators};
use super::page;
use crate::app::App;
use crate::exchanges::{Exchange, Owner, find, recent};
use crate::pages::{ExchangesLookup, ExchangesPage};
use crate::web::exchanges::{short, whole};
use crate::web::headers;

/// Where it is.
pub(super) const PATH: &str = "/exchanges";
/// Records in a list.
const PAGE: usize = 100;

/// A reference, or a service: by identifier, `client_id` or entityID. `-`: what came in the name of nobody who is registered.
#[derive(Deserialize)]
pub(super) struct Asked {
    reference: Option<String>,
    service: Option<String>,
}

/// `GET /exchanges?reference=…` or `?service=…`.
pub(super) async fn get(
    app: web::Data<App>,
    operators: web::Data<Operators>,
    request: HttpRequest,
    asked: web::Query<Asked>,
) -> HttpResponse {
    let Some(operator) = operators.authenticate(&request) else {
        return operators::challenge();
    };
    match look_up(&app, &asked, operator).await {
        Ok(found) if page::is_preferred(&request) => show(&app, &request, found),
        Ok(found) => as_json(&found),
        Err(fault) => {
            tracing::error!(error = %fault, "an operator's question could not be answered");
            let body = json!({ "error": "the store does not answer; try again" });
            headers::json(StatusCode::SERVICE_UNAVAILABLE, body.to_string())
        }
    }
}

async fn look_up(app: &App, asked: &Asked, operator: &str) -> Result<ExchangesLookup, StoreFault> {
    let given = |text: &Option<String>| {
        text.as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| text.chars().take(256).collect::<String>())
    };
    if let Some(typed) = given(&asked.reference) {
        let Ok(reference) = typed.parse::<Reference>() else {
            return Ok(ExchangesLookup::NotFound(typed));
        };
        return Ok(match open(app, &reference, operator).await? {
            Some(exchange) => ExchangesLookup::One(Box::new(exchange)),
            None => ExchangesLookup::NotFound(typed),
        });
    }
    let Some(typed) = given(&asked.service) else {
        return Ok(ExchangesLookup::Blank);
    };
    let Some(owner) = owner(app, &typed).await? else {
        return Ok(ExchangesLookup::NotFound(typed));
    };
    let mut all = recent(&*app.ephemera, &owner, app.clock.now()).await?;
    all.truncate(PAGE);
    Ok(ExchangesLookup::List(typed, all))
}

async fn owner(app: &App, typed: &str) -> Result<Option<Owner>, StoreFault> {
    if typed == "-" {
        return Ok(Some(Owner::Nobody));
    }
    if let Ok(id) = typed.parse::<ServiceId>() {
        return Ok(Some(Owner::Service(id)));
    }
    for protocol in [ServiceProtocol::Oidc, ServiceProtocol::Saml] {
        if let Some(service) = app.ledger.service_by_identifier(protocol, typed).await? {
            return Ok(Some(Owner::Service(service.id)));
        }
    }
    Ok(None)
}

/// Opens a record in an operator's name.
pub async fn open(app: &App, reference: &Reference, operator: &str) -> Result<Option<Exchange>, StoreFault> {
    let found = find(&*app.ephemera, reference, app.clock.now()).await?;
    if found.is_some() {
        let event = Event::new(
            app.clock.now(),
            Action::ReferenceOpened,
            Outcome::Done,
            Actor::Operator(operator.to_owned()),
        )
        .fact("reference", reference.as_str());
        app.ledger.commit(Batch::new().event(event)).await?;
    }
    Ok(found)
}

/// For programs: as the service sees it, and whose it is.
pub fn json_of(exchange: &Exchange) -> Value {
    let mut all = whole(exchange);
    if let Some(members) = all.as_object_mut() {
        members.insert("service".to_owned(), json!(exchange.service));
    }
    all
}

fn status(found: &ExchangesLookup) -> StatusCode {
    match found {
        ExchangesLookup::NotFound(_) => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}

fn as_json(found: &ExchangesLookup) -> HttpResponse {
    let body = match found {
        ExchangesLookup::Blank => json!({ "error": "ask for ?reference=… or ?service=…" }),
        ExchangesLookup::NotFound(_) => json!({ "error": "unknown, or older than what is kept" }),
        ExchangesLookup::One(exchange) => json_of(exchange),
        ExchangesLookup::List(_, all) => json!({ "exchanges": all.iter().map(short).collect::<Vec<_>>() }),
    };
    headers::json(status(found), body.to_string())
}

fn show(app: &App, request: &HttpRequest, found: ExchangesLookup) -> HttpResponse {
    let status = status(&found);
    let page = ExchangesPage {
        frame: page::frame(app),
        search_url: PATH.to_owned(),
        chain_url: page::PATH.to_owned(),
        lookup: found,
    };
    page::send(&page, request, status)
}
