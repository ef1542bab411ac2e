//! OpenID Connect over HTTP: steps 1, 3 and 9 of a sign-in, and the endpoints that clients call.
//!
//! **Owns** the authorization endpoint (`authorize.rs`), pushed requests (`par.rs`), what a request comes in (`envelope.rs`), replies
//! (`reply.rs`), the token endpoint (`token.rs`, a file per grant: `redeem.rs`, `refresh.rs`; for devices `device_authorization/`; what all
//! of them issue: `issue.rs`), proofs of possession (`dpop.rs`), certificates of connections (`connection.rs`), whether a sign-in still
//! holds (`standing.rs`), introspection, revocation, clients that register themselves (`registration.rs`),
//! user information (`userinfo.rs`), documents (`documents.rs`), logout (`logout.rs`), and the facts that the `oidc` room asks for
//! (here).
//!
//! **Deliberately absent**: rules (they are in `oidc`), decisions about people (`web/login`), SAML.

pub mod authorize;
pub mod connection;
pub(in crate::web) mod demand;
pub mod device_authorization;
pub mod documents;
pub mod dpop;
pub mod envelope;
pub mod introspection;
pub mod issue;
pub mod logout;
pub mod par;
pub mod redeem;
pub mod refresh;
pub mod registration;
pub mod reply;
pub mod revocation;
pub mod standing;
pub mod token;
pub mod userinfo;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use domain::{
    CodeChallenge, GrantTerms, ProtocolSettings, Service, ServiceId, ServiceState, SessionId, Timestamp,
};
use oidc::{ClientFacts, MutualTlsFacts, ProviderFacts, Reply, ReturnAddress};
use serde::{Deserialize, Serialize};
use store::{ServiceProtocol, SingleUseKind};

use super::error::Problem;
use super::headers;
use crate::app::App;
use crate::secret;

/// What a reply needs of the request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Continuation {
    /// Where and how the reply goes.
    pub return_to: ReturnAddress,
    /// The same address, for form targets and the grant.
    pub redirect_uri: String,
    /// Granted scopes, space separated.
    pub scope: String,
    /// `nonce`.
    pub nonce: Option<String>,
    /// PKCE challenge.
    pub code_challenge: CodeChallenge,
    /// `auth_time` is an essential claim.
    #[serde(default)]
    pub auth_time_required: bool,
    /// What is asked of the tokens beyond scopes.
    #[serde(default)]
    pub terms: GrantTerms,
    /// What counts once and is spent with the reply: a pushed request, a request object's `jti`.
    #[serde(default)]
    pub spends: Vec<Spent>,
}

/// A key of the Ledger's that only one reply may insert.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// What for.
    pub kind: SingleUseKind,
    /// Hash or composed key.
    pub key: String,
    /// When the row may be purged.
    pub until: Timestamp,
}

/// Ourselves, as OpenID Connect sees us.
pub fn provider_facts(app: &App) -> ProviderFacts {
    // Class references are understood here too; they are SAML's words and advertised there.
    let contexts = policy::answered_contexts()
        .filter(|context| !context.dialect.is_of_saml())
        .map(|context| context.name);
    let certainties = policy::known_certainties()
        .iter()
        .map(|certainty| certainty.name)
        .filter(|name| !name.starts_with("urn:"));
    let acr_values = contexts.chain(certainties).map(str::to_owned).collect();
    let config = &app.config.oidc;
    ProviderFacts {
        code_lifetime_seconds: i64::from(config.code_seconds),
        device_code_lifetime_seconds: i64::from(config.device_code_seconds),
        device_interval_seconds: config.device_interval_seconds,
        pushed_request_lifetime_seconds: i64::from(config.pushed_request_seconds),
        detail_types: Arc::clone(&app.detail_types),
        fetches_request_objects: app.fetches.is_some(),
        access_token_lifetime_seconds: i64::from(config.access_token_seconds),
        id_token_lifetime_seconds: i64::from(config.id_token_seconds),
        assertion_audience: if config.accept_token_endpoint_audience {
            oidc::AssertionAudience::IssuerOrTokenEndpoint
        } else {
            oidc::AssertionAudience::IssuerOnly
        },
        mutual_tls: app.config.mutual_tls.url("").map(|origin| MutualTlsFacts {
            origin,
            authorities: !app.config.mutual_tls.client_ca.is_empty(),
        }),
        backchannel_logout: app.logout_messages.is_some(),
        registration_endpoint: app
            .config
            .registration
            .enabled
            .then(|| app.config.front.origin.url(registration::PATH)),
        ..ProviderFacts::under(app.config.front.origin.as_str(), acr_values)
    }
}

/// A client by its `client_id`, whatever its state.
pub async fn find(app: &App, client_id: &str) -> Result<Option<(Service, ClientFacts)>, Problem> {
    let Some(service) = app
        .ledger
        .service_by_identifier(ServiceProtocol::Oidc, client_id)
        .await?
    else {
        return Ok(None);
    };
    let facts = facts(&service)?;
    Ok(Some((service, facts)))
}

/// A client's facts from its record.
pub fn facts(service: &Service) -> Result<ClientFacts, Problem> {
    let ProtocolSettings::Oidc(settings) = &service.protocol else {
        return Err(Problem::Fault(
            "a record of another protocol under a client_id".to_owned(),
        ));
    };
    ClientFacts::from_settings(&service.id, settings)
        .map_err(|fault| Problem::Fault(format!("registered settings of {}: {fault}", service.id)))
}

/// Whether a service may be answered at all.
pub fn is_active(service: &Service) -> bool {
    service.state == ServiceState::Active
}

/// `sid`: names a session towards one service, and tells nothing to another.
pub fn sid(session: &SessionId, service: &ServiceId) -> String {
    let hash = secret::hash_of(&[b"sid\0", session.as_str().as_bytes(), service.as_str().as_bytes()]);
    hash.0.chars().take(32).collect::<String>().replacen("", "s_", 1)
}

/// Writes an answer for a client.
pub fn answer(reply: &Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = headers::common(HttpResponse::build(status));
    for (name, value) in &reply.headers {
        builder.append_header((*name, value.as_str()));
    }
    builder.body(reply.body.clone())
}

/// Why there is no answer for a client: revocation data that is too old is no fault of ours, and passes; everything else is logged here
/// and told as `server_error`.
pub fn fault(problem: &Problem) -> HttpResponse {
    if let Problem::Refused(refused) = problem {
        metrics::counter!("refusals_total", "code" => refused.refusal.code()).increment(1);
        let body = r#"{"error":"temporarily_unavailable"}"#.to_owned();
        return headers::json(StatusCode::SERVICE_UNAVAILABLE, body);
    }
    if matches!(problem, Problem::TooMany) {
        return answer(&Reply::slow_down());
    }
    tracing::error!(error = ?problem, "a client's request failed");
    metrics::counter!("faults_total").increment(1);
    headers::json(
        StatusCode::INTERNAL_SERVER_ERROR,
        r#"{"error":"server_error"}"#.to_owned(),
    )
}
