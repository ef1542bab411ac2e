//! `POST /v1/token`: client credentials by `private_key_jwt` (RFC 6749 section 4.4, RFC 7523 sections 2.2 and 3). The audience of the
//! assertion is the platform's issuer, or this address.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use jose::JwkSet;
use oidc::{
    AssertionAudience, GrantRequest, OpaqueSecret, ProviderFacts, Reason, Reply, UncheckedTokenRequest,
};
use serde_json::json;
use store::{Batch, CommitOutcome, EphemeraKey, EphemeraKind, RecordKind, SingleUseKind, Write};
use trust_framework::verifiers::{Standing, Verifier};

use super::VerifierProblem;
use crate::app::App;
use crate::web::headers;
use crate::web::oidc::answer;

enum NoToken {
    Refused(Reason),
    Broken(VerifierProblem),
}

impl From<Reason> for NoToken {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

impl From<store::StoreFault> for NoToken {
    fn from(fault: store::StoreFault) -> Self {
        Self::Broken(fault.into())
    }
}

/// `POST /v1/token`.
pub async fn post(
    app: web::Data<App>,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, VerifierProblem> {
    let body = body.map_err(|_| VerifierProblem::TooLarge)?;
    match issue(&app, &body).await {
        Ok(response) => Ok(response),
        Err(NoToken::Refused(reason)) => {
            metrics::counter!("verifier_tokens_refused_total", "reason" => reason.code()).increment(1);
            Ok(answer(&Reply::token_error(
                &reason,
                app.config.front.origin.as_str(),
            )))
        }
        Err(NoToken::Broken(problem)) => Err(problem),
    }
}

async fn issue(app: &App, body: &[u8]) -> Result<HttpResponse, NoToken> {
    let now = app.clock.now();
    let request = UncheckedTokenRequest::parse(body, None)?;
    let record = app
        .ledger
        .record(RecordKind::Verifier, request.client_id())
        .await?
        .ok_or(Reason::UnknownClient)?;
    let broken = |why: String| NoToken::Broken(VerifierProblem::Fault(why));
    let verifier = Verifier::of(&record).map_err(|why| broken(why.to_string()))?;
    let keys = JwkSet::parse(&verifier.jwks).map_err(|why| broken(why.to_string()))?;
    let spent = oidc::authenticate_by_assertion(&request, &verifier.id, &keys, &facts(app), now)?;
    // Only whoever holds the key learns of the standing; for everybody else there is no such client.
    if verifier.standing(now) != Standing::Good {
        return Err(Reason::UnknownClient.into());
    }
    let GrantRequest::ClientCredentials = request.grant()? else {
        return Err(Reason::GrantTypeUnsupported.into());
    };
    let once = Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::ClientAssertion,
        key: format!("verifier:{}:{}", verifier.id, spent.key.0),
        expires_at: spent.until,
    });
    if app.ledger.commit(once).await? != CommitOutcome::Committed {
        return Err(Reason::AssertionReplayed.into());
    }
    let token = OpaqueSecret::generate(&*app.entropy);
    let lifetime = i64::from(app.config.verification.token_seconds);
    let key = EphemeraKey::new(EphemeraKind::VerifierToken, token.hash().0);
    app.ephemera
        .put(&key, verifier.id.into_bytes(), now, now.plus_seconds(lifetime))
        .await?;
    let body = json!({
        "access_token": token.reveal(),
        "token_type": "Bearer",
        "expires_in": lifetime,
    });
    Ok(headers::json(StatusCode::OK, body.to_string()))
}

fn facts(app: &App) -> ProviderFacts {
    let origin = &app.config.front.origin;
    ProviderFacts {
        token_endpoint: origin.url("/v1/token"),
        assertion_audience: AssertionAudience::IssuerOrTokenEndpoint,
        ..ProviderFacts::under(origin.as_str(), Vec::new())
    }
}
