//! `POST /v1/exchanges/token`: client credentials (RFC 6749 section 4.4) by the service's own credentials. A client of OpenID Connect
//! authenticates itself as at the token endpoint, by the same code. A SAML service signs a client assertion (RFC 7523) with a key of its
//! registered metadata, its entityID standing for the `client_id`. The token opens what was wrong with that service's exchanges and
//! nothing else.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::{ProtocolSettings, Service, ServiceState};
use jose::{Algorithm, Jwk, JwkSet, PublicKey};
use keys::PublicPart;
use oidc::{GrantRequest, OpaqueSecret, Reason, Reply, TokenFault, UncheckedTokenRequest};
use serde_json::json;
use store::{Batch, CommitOutcome, ServiceProtocol, SingleUseKind, Write};

use super::{stranger, token_key};
use crate::app::App;
use crate::web::error::Problem;
use crate::web::headers;
use crate::web::oidc::token::{NoToken, authenticate, read};
use crate::web::oidc::{answer, fault, provider_facts};
use crate::web::saml::sources;

/// Seconds for which a token counts.
const LIFE_SECONDS: i64 = 600;

/// `POST /v1/exchanges/token`.
pub(super) async fn post(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    match issue(&app, &request, &body).await {
        Ok(response) => response,
        Err(NoToken::Refused(reason)) => {
            metrics::counter!("exchange_tokens_refused_total", "reason" => reason.code()).increment(1);
            if let Err(no) = stranger(&app, &request) {
                return no.answer();
            }
            answer(&Reply::token_error(&reason, app.config.front.origin.as_str()))
        }
        Err(NoToken::Broken(problem)) => fault(&problem),
    }
}

async fn issue(app: &App, request: &HttpRequest, body: &[u8]) -> Result<HttpResponse, NoToken> {
    let unchecked = read(request, body)?;
    let saml = app
        .ledger
        .service_by_identifier(ServiceProtocol::Saml, unchecked.client_id())
        .await?;
    let service = match saml {
        Some(service) => of_saml(app, &unchecked, service).await?,
        None => of_openid_connect(app, request, &unchecked).await?,
    };
    let GrantRequest::ClientCredentials = unchecked.grant()? else {
        return Err(Reason::GrantTypeUnsupported.into());
    };
    let (token, now) = (OpaqueSecret::generate(&*app.entropy), app.clock.now());
    let id = service.id.as_str().as_bytes().to_vec();
    app.ephemera
        .put(
            &token_key(token.reveal()),
            id,
            now,
            now.plus_seconds(LIFE_SECONDS),
        )
        .await?;
    let body = json!({
        "access_token": token.reveal(),
        "token_type": "Bearer",
        "expires_in": LIFE_SECONDS,
    });
    Ok(headers::json(StatusCode::OK, body.to_string()))
}

/// As at the token endpoint. A client without credentials is nobody in particular: its `client_id` is public.
async fn of_openid_connect(
    app: &App,
    request: &HttpRequest,
    unchecked: &UncheckedTokenRequest,
) -> Result<Service, NoToken> {
    let by = authenticate(app, request, unchecked).await?;
    if by.client.is_public() {
        return Err(Reason::Token(TokenFault::ClientIsPublic).into());
    }
    Ok(by.service)
}

async fn of_saml(app: &App, unchecked: &UncheckedTokenRequest, service: Service) -> Result<Service, NoToken> {
    if service.state != ServiceState::Active || !sources::stands(app, &service).await? {
        return Err(Reason::UnknownClient.into());
    }
    let ProtocolSettings::Saml(settings) = &service.protocol else {
        return Err(Problem::Fault("a record of another protocol under an entity ID".to_owned()).into());
    };
    let keys = key_set(&settings.signing_keys);
    let entity_id = &settings.entity_id;
    let spent =
        oidc::authenticate_by_assertion(unchecked, entity_id, &keys, &provider_facts(app), app.clock.now())?;
    let once = Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::ClientAssertion,
        key: format!("{}:{}", service.id, spent.key.0),
        expires_at: spent.until,
    });
    match app.ledger.commit(once).await? {
        CommitOutcome::Committed => Ok(service),
        CommitOutcome::Conflict(_) => Err(Reason::AssertionReplayed.into()),
    }
}

/// The keys of metadata (base64 of DER `SubjectPublicKeyInfo`) as keys of assertions. Those of kinds that assertions are not signed with
/// are left out. `kid`, where an assertion has one, is the thumbprint (RFC 7638).
fn key_set(keys: &[String]) -> JwkSet {
    let read = |key: &String| {
        let spki = xml::decode_base64(key).ok()?;
        PublicPart::from_spki(&spki).ok().map(|part| part.key().clone())
    };
    let mut set = Vec::new();
    for key in keys.iter().filter_map(read) {
        let algorithms: &[Algorithm] = match &key {
            PublicKey::Rsa { .. } => &[Algorithm::Ps256, Algorithm::Rs256],
            PublicKey::P256 { .. } => &[Algorithm::Es256],
            PublicKey::P384 { .. } => &[Algorithm::Es384],
            PublicKey::Ed25519 { .. } => &[],
        };
        let named = |algorithm: &Algorithm| Jwk::new(key.clone(), key.thumbprint(), *algorithm).ok();
        set.extend(algorithms.iter().filter_map(named));
    }
    JwkSet::new(set)
}
