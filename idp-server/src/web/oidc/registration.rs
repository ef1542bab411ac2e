//! Clients that register themselves: the registration endpoint (RFC 7591 section 3; OpenID Connect Dynamic Client Registration 1.0) and each
//! client's own (RFC 7592).
//!
//! Off unless the configuration says otherwise; nobody registers without an operator's initial access token, which is looked at before
//! anything is read or fetched. Each change gives a new registration access token.

use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::{ClientAuthentication, ClientDocuments, ProtocolSettings, Reference, Service};
use oidc::bearer::{self, Scheme};
use oidc::{ClientMetadata, MetadataFault, RegistrationTerms, Reply};
use serde_json::{Map, Value, json};
use trust_framework::Published;
use trust_framework::self_registration::{
    ClientRegistration, Known, Registered, SelfRegistrar, SelfRegistrationRefusal,
};

use super::{answer, fault};
use crate::app::App;
use crate::client_documents::{self, DocumentFault};
use crate::exchanges;
use crate::web::context::Context;
use crate::web::error::Problem;

/// Where clients register.
pub const PATH: &str = "/oidc/register";
/// Where each finds its own registration.
pub const CLIENT_PATH: &str = "/oidc/register/{client_id}";

/// Why there is no registration.
enum Refused {
    /// Nobody registers here.
    Off,
    /// Too many from one address.
    TooMany,
    /// No token was shown.
    NoToken,
    /// As the registrar says.
    By(SelfRegistrationRefusal),
    /// Our own fault.
    Broken(Problem),
}

impl From<SelfRegistrationRefusal> for Refused {
    fn from(refusal: SelfRegistrationRefusal) -> Self {
        Self::By(refusal)
    }
}

impl From<MetadataFault> for Refused {
    fn from(fault: MetadataFault) -> Self {
        Self::By(SelfRegistrationRefusal::Metadata(fault))
    }
}

impl From<store::StoreFault> for Refused {
    fn from(fault: store::StoreFault) -> Self {
        Self::Broken(fault.into())
    }
}

impl From<DocumentFault> for Refused {
    fn from(fault: DocumentFault) -> Self {
        match fault {
            DocumentFault::Fault(fault) => fault.into(),
            DocumentFault::Store(fault) => fault.into(),
        }
    }
}

/// `POST /oidc/register`.
pub async fn post(context: Context, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let result = register(&context, &request, &body).await;
    reply(&context, None, result).await
}

/// `GET /oidc/register/{client_id}`.
pub async fn get(context: Context, request: HttpRequest, client: web::Path<String>) -> HttpResponse {
    let result = read(&context, &request, &client).await;
    reply(&context, Some(&client), result).await
}

/// `PUT /oidc/register/{client_id}`.
pub async fn put(
    context: Context,
    request: HttpRequest,
    client: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    let result = update(&context, &request, &client, &body).await;
    reply(&context, Some(&client), result).await
}

/// `DELETE /oidc/register/{client_id}`.
pub async fn delete(context: Context, request: HttpRequest, client: web::Path<String>) -> HttpResponse {
    let result = remove(&context, &request, &client).await;
    reply(&context, Some(&client), result).await
}

async fn reply(context: &Context, client: Option<&str>, result: Result<Reply, Refused>) -> HttpResponse {
    let issuer = context.config.front.origin.as_str();
    let refused = match result {
        Ok(reply) => return answer(&reply),
        Err(refused) => refused,
    };
    let (word, reply) = match &refused {
        Refused::Off => return HttpResponse::NotFound().finish(),
        Refused::TooMany => ("too_many", Ok(Reply::slow_down())),
        Refused::NoToken => ("token", Ok(Reply::registration_token_refused(false, issuer))),
        Refused::By(SelfRegistrationRefusal::Token) => {
            ("token", Ok(Reply::registration_token_refused(true, issuer)))
        }
        Refused::By(SelfRegistrationRefusal::Metadata(why)) => {
            (why.code(), Ok(Reply::registration_error(why)))
        }
        Refused::By(SelfRegistrationRefusal::Suspended) => ("suspended", Ok(Reply::registration_stands(403))),
        Refused::By(SelfRegistrationRefusal::ChangedMeanwhile) => {
            ("changed_meanwhile", Ok(Reply::registration_stands(409)))
        }
        Refused::By(other) => ("fault", Err(fault(&Problem::Fault(other.to_string())))),
        Refused::Broken(problem) => ("fault", Err(fault(problem))),
    };
    metrics::counter!("registrations_refused_total", "reason" => word).increment(1);
    let reply = match reply {
        Ok(reply) => reply,
        Err(response) => return response,
    };
    let reference = match &refused {
        Refused::By(refusal) => explained(context, client, refusal, word).await,
        _ => None,
    };
    let reply = match &reference {
        Some(reference) => reply.described(|text| exchanges::with_reference(text, Some(reference))),
        None => reply,
    };
    exchanges::referenced(answer(&reply), reference.as_ref())
}

/// Notes what was wrong. Whoever has shown the token of a registration finds it with the client's own credentials; a first registration is
/// nobody's yet, and the operator's to see.
async fn explained(
    context: &Context,
    client: Option<&str>,
    refusal: &SelfRegistrationRefusal,
    word: &str,
) -> Option<Reference> {
    let (rule, cites) = match refusal {
        SelfRegistrationRefusal::Token => ("registration_token_is_good", "RFC 7591 3; RFC 7592 2"),
        SelfRegistrationRefusal::Suspended => ("client_is_active", "RFC 7592 2"),
        SelfRegistrationRefusal::ChangedMeanwhile => ("nothing_changed_meanwhile", "RFC 7592 2.2"),
        _ => ("metadata_can_be_registered", "RFC 7591 2; RFC 7591 3.2.2"),
    };
    let service = match client {
        Some(client) if !matches!(refusal, SelfRegistrationRefusal::Token) => {
            super::find(context, client).await.ok().flatten()
        }
        _ => None,
    };
    let why = (word, refusal.to_string(), rule, cites);
    exchanges::oidc::registration(
        context,
        service.as_ref().map(|(service, _)| &service.id),
        why,
        context.peer(),
    )
}

/// What stands before everything: whether there is this endpoint, how often one may come, and the token that was shown.
fn shown<'a>(context: &Context, request: &'a HttpRequest) -> Result<&'a str, Refused> {
    if !context.config.registration.enabled {
        return Err(Refused::Off);
    }
    let peer = request.peer_addr();
    if peer.is_some_and(|peer| !context.registration_limit.admits(peer.ip())) {
        return Err(Refused::TooMany);
    }
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else {
        return Err(Refused::NoToken);
    };
    let alone = headers.next().is_none();
    let read = header
        .to_str()
        .ok()
        .and_then(|text| bearer::read(Some(text), request.uri().query()).ok());
    match read {
        Some(shown) if alone && shown.scheme == Scheme::Bearer => Ok(shown.token),
        _ => Err(SelfRegistrationRefusal::Token.into()),
    }
}

fn registrar(app: &App) -> SelfRegistrar {
    SelfRegistrar::new(
        Arc::clone(&app.ledger),
        Arc::clone(&app.clock),
        Arc::clone(&app.entropy),
    )
}

/// What was said, a software statement's words above the client's own (RFC 7591 section 2.3), and held against the rules.
fn said(
    context: &Context,
    mut members: Map<String, Value>,
    terms: &RegistrationTerms,
) -> Result<ClientMetadata, MetadataFault> {
    match members.get("software_statement") {
        None if context.config.registration.software_statement_required => {
            return Err(MetadataFault::Member {
                name: "software_statement",
                because: "nobody registers without one",
            });
        }
        None => {}
        Some(Value::String(statement)) => {
            let issuers = &context.statement_issuers;
            let claims = oidc::software_statement::read(
                statement,
                issuers,
                context.config.front.origin.as_str(),
                context.now(),
            )?;
            members.extend(claims);
        }
        Some(_) => return Err(MetadataFault::StatementInvalid("not a signed JWT")),
    }
    let metadata = ClientMetadata::of(&members)?;
    metadata.check(terms)?;
    Ok(metadata)
}

fn members(request: &HttpRequest, body: &[u8]) -> Result<Map<String, Value>, MetadataFault> {
    let kind = request.headers().get(CONTENT_TYPE);
    let is_json = kind
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return Err(MetadataFault::Malformed("only application/json".to_owned()));
    }
    ClientMetadata::read(body)
}

async fn published(context: &Context, metadata: &ClientMetadata) -> Result<Published, DocumentFault> {
    let addresses = ClientDocuments {
        sector_identifier_uri: metadata.sector_identifier_uri.clone(),
        jwks_uri: metadata.jwks_uri.clone(),
    };
    for (name, uri) in [
        ("sector_identifier_uri", &addresses.sector_identifier_uri),
        ("jwks_uri", &addresses.jwks_uri),
    ] {
        if let Some(Err(because)) = uri.as_deref().map(oidc::fetchable) {
            return Err(DocumentFault::Fault(MetadataFault::Member { name, because }));
        }
    }
    let uris = &metadata.redirect_uris;
    client_documents::fetch(
        context.fetches.as_ref(),
        &*context.ledger,
        &addresses,
        uris,
        context.now(),
    )
    .await
}

async fn register(context: &Context, request: &HttpRequest, body: &[u8]) -> Result<Reply, Refused> {
    let token = shown(context, request)?;
    let registrar = registrar(context.app());
    let Some(terms) = registrar.initial(token).await? else {
        return Err(SelfRegistrationRefusal::Token.into());
    };
    let metadata = said(context, members(request, body)?, &terms)?;
    let published = published(context, &metadata).await?;
    let registered = registrar.register(token, &metadata, &published).await?;
    metrics::counter!("clients_registered_total").increment(1);
    tracing::info!(service.id = %registered.service.id, "a client registered itself");
    Ok(Reply::registration(201, shown_once(context, &registered)?))
}

async fn known(context: &Context, token: &str, client: &str) -> Result<Known, Refused> {
    match registrar(context.app()).find(client, token).await? {
        Some(known) if super::is_active(&known.service) => Ok(known),
        Some(_) => Err(SelfRegistrationRefusal::Suspended.into()),
        None => Err(SelfRegistrationRefusal::Token.into()),
    }
}

async fn read(context: &Context, request: &HttpRequest, client: &str) -> Result<Reply, Refused> {
    let token = shown(context, request)?;
    let known = known(context, token, client).await?;
    let mut told = told(context, &known.service, &known.registration)?;
    told.insert("registration_access_token".to_owned(), json!(token));
    Ok(Reply::registration(200, told))
}

async fn update(
    context: &Context,
    request: &HttpRequest,
    client: &str,
    body: &[u8],
) -> Result<Reply, Refused> {
    let token = shown(context, request)?;
    let known = known(context, token, client).await?;
    let members = members(request, body)?;
    let secret = match &known.service.protocol {
        ProtocolSettings::Oidc(settings) => match &settings.authentication {
            ClientAuthentication::ClientSecretBasic { secret_sha256 } => Some(secret_sha256.as_str()),
            _ => None,
        },
        ProtocolSettings::Saml(_) => None,
    };
    oidc::replacement::check(&members, client, secret)?;
    let metadata = said(context, members, &known.registration.terms)?;
    let published = published(context, &metadata).await?;
    let registered = registrar(context.app())
        .update(known, &metadata, &published)
        .await?;
    Ok(Reply::registration(200, shown_once(context, &registered)?))
}

async fn remove(context: &Context, request: &HttpRequest, client: &str) -> Result<Reply, Refused> {
    let token = shown(context, request)?;
    let known = known(context, token, client).await?;
    let service = registrar(context.app()).delete(known).await?;
    tracing::info!(service.id = %service.id, "a client removed itself");
    Ok(Reply::registration_deleted())
}

/// The registration, with what is shown once.
fn shown_once(context: &Context, registered: &Registered) -> Result<Map<String, Value>, Refused> {
    let mut told = told(context, &registered.service, &registered.registration)?;
    let token = registered.token.reveal();
    told.insert("registration_access_token".to_owned(), json!(token));
    if let Some(secret) = &registered.secret {
        told.insert("client_secret".to_owned(), json!(secret.reveal()));
        told.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    Ok(told)
}

fn told(
    context: &Context,
    service: &Service,
    registration: &ClientRegistration,
) -> Result<Map<String, Value>, Refused> {
    let ProtocolSettings::Oidc(settings) = &service.protocol else {
        return Err(SelfRegistrationRefusal::Token.into());
    };
    let method = super::facts(service).map_err(Refused::Broken)?.method.name();
    let mut told = oidc::registered(settings, method, &registration.informative);
    let address = format!("{PATH}/{}", settings.client_id);
    told.insert(
        "registration_client_uri".to_owned(),
        json!(context.config.front.origin.url(&address)),
    );
    told.insert(
        "client_id_issued_at".to_owned(),
        json!(registration.registered_at.seconds()),
    );
    Ok(told)
}
