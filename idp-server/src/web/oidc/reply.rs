//! Replies: a permit becomes an authorization code; a refusal becomes an error.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use audit::Action;
use domain::{
    AuthorizationGrant, GrantId, GrantTerms, ProtocolSettings, Recency, Reference, SecurityProfile, Service,
};
use login::{Permit, ServiceAnswer, Transaction};
use oidc::grants::authorization_code;
use oidc::{AuthorizationResponse, ErrorCode, OpaqueSecret, ProviderFacts};
use store::{Record, RecordKind, Write};

use super::{Continuation, provider_facts};
use crate::exchanges::with_reference;
use crate::pages::{PostOutcome, PostToServicePage};
use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::headers::{self, FormTargets};
use crate::web::login::reply::Prepared;

/// Makes the code and its grant; nothing leaves before the batch commits.
pub fn prepare(
    context: &Context,
    transaction: &Transaction,
    permit: &Permit,
    service: &Service,
    continuation: &Continuation,
) -> Result<Prepared, Problem> {
    let provider = provider_facts(context);
    let now = context.now();
    let code = OpaqueSecret::generate(&*context.entropy);
    let grant = AuthorizationGrant {
        id: GrantId::generate(&*context.entropy),
        code: code.hash(),
        service: permit.service().clone(),
        account: permit.account().clone(),
        session: permit.session().clone(),
        redirect_uri: continuation.redirect_uri.clone(),
        code_challenge: continuation.code_challenge.clone(),
        nonce: continuation.nonce.clone(),
        scope: continuation.scope.clone(),
        acr: permit.context().to_owned(),
        auth_time_required: continuation.auth_time_required
            || transaction.ask.freshness.max_age_seconds.is_some(),
        released: permit.released().to_vec(),
        level: permit.level(),
        method: permit.method(),
        certainty: permit.certainty(),
        authenticated_at: permit.authenticated_at(),
        checked_generation: permit.generation(),
        issued_at: now,
        expires_at: now.plus_seconds(code_life(service, &provider)),
        revoked_at: None,
    };
    let response = continuation.return_to.with_code(code.reveal(), &provider);
    let mut writes = Vec::new();
    let terms = GrantTerms {
        single_sign_on: permit.recency() != Recency::InThisSignIn,
        ..continuation.terms.clone()
    };
    if terms != GrantTerms::default() {
        let text = serde_json::to_string(&terms).map_err(|error| Problem::Fault(error.to_string()))?;
        // As long as anything that is issued on the code at once can be asked about.
        let until = grant
            .expires_at
            .plus_seconds(provider.access_token_lifetime_seconds + 3600);
        let record = Record::new(RecordKind::GrantTerms, grant.id.as_str(), text).expiring(until);
        writes.push(Write::PutRecord(record));
    }
    writes.push(Write::InsertGrant(grant));
    writes.extend(continuation.spends.iter().map(|spent| Write::InsertSingleUse {
        kind: spent.kind,
        key: spent.key.clone(),
        expires_at: spent.until,
    }));
    Ok(Prepared {
        name: None,
        writes,
        action: Action::CodeIssued,
        response: send(context, service, &response, PostOutcome::SignedIn)?,
    })
}

fn code_life(service: &Service, provider: &ProviderFacts) -> i64 {
    let profile = match &service.protocol {
        ProtocolSettings::Oidc(settings) => settings.profile,
        ProtocolSettings::Saml(_) => SecurityProfile::default(),
    };
    authorization_code::lifetime_seconds(profile, provider)
}

/// The one word that a client learns.
pub fn refuse(
    context: &Context,
    service: &Service,
    continuation: &Continuation,
    answer: ServiceAnswer,
    reference: &Reference,
) -> Result<HttpResponse, Problem> {
    let (error, description) = match answer {
        ServiceAnswer::LoginRequired => (ErrorCode::LoginRequired, "the person has to sign in"),
        ServiceAnswer::ConsentRequired => (ErrorCode::ConsentRequired, "the person has to agree"),
        ServiceAnswer::Denied => (ErrorCode::AccessDenied, "the person declined"),
        ServiceAnswer::LevelUnmet => (
            ErrorCode::UnmetAuthenticationRequirements,
            "no method here reaches what was asked for",
        ),
        ServiceAnswer::InteractionRequired => (
            ErrorCode::InteractionRequired,
            "the person has to be shown a page",
        ),
        ServiceAnswer::Unavailable => (ErrorCode::TemporarilyUnavailable, "try again later"),
        ServiceAnswer::AuthenticationFailed | ServiceAnswer::Silence => {
            (ErrorCode::AccessDenied, "authentication failed")
        }
    };
    let response = continuation.return_to.with_error(
        error,
        &with_reference(description, Some(reference)),
        &provider_facts(context),
    );
    send(context, service, &response, PostOutcome::NotSignedIn)
}

/// Sends an authorization response on its way.
pub fn send(
    context: &Context,
    service: &Service,
    response: &AuthorizationResponse,
    outcome: PostOutcome,
) -> Result<HttpResponse, Problem> {
    match response {
        AuthorizationResponse::Redirect { location } => Ok(headers::see_other(location)),
        AuthorizationResponse::FormPost { action, fields } => {
            let mut frame = context.frame();
            frame.languages = None;
            let page = PostToServicePage {
                frame,
                service_name: service.name.clone(),
                outcome,
                action: action.clone(),
                fields: fields
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect(),
            };
            let targets = FormTargets::own().and(action);
            Ok(headers::page(StatusCode::OK, context.render(&page)?, &targets))
        }
        _ => Err(Problem::Fault("a response mode without a page".to_owned())),
    }
}
