//! `POST /v1/token`: client credentials (RFC 6749 section 4.4) by `private_key_jwt` (RFC 7523 sections 2.2 and 3), or by the certificate
//! of the connection on the listener for mutual TLS (RFC 8705 section 2), and then the token is bound to that certificate (section 3).
//! The audience of an assertion is the platform's issuer, or this address.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::Timestamp;
use jose::JwkSet;
use oidc::client_certificate::CertificateFault;
use oidc::{
    AssertionAudience, GrantRequest, OpaqueSecret, ProviderFacts, Reason, Reply, SpentAssertion,
    UncheckedTokenRequest,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Batch, CommitOutcome, EphemeraKey, EphemeraKind, RecordKind, SingleUseKind, Write};
use trust_framework::verifiers::{Standing, Verifier};

use super::VerifierProblem;
use super::asked::stranger_may_ask;
use crate::app::App;
use crate::listeners::mutual_tls::{ClientCertificate, judge};
use crate::web::headers;
use crate::web::oidc::answer;

/// What is kept of an access token.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuedToken {
    /// Whose.
    pub(super) verifier: String,
    /// `x5t#S256` of the certificate that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bound_to: Option<String>,
}

impl IssuedToken {
    /// Reads what was kept. Tokens that yesterday's program issued are a name and nothing else.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        if text.starts_with('{') {
            serde_json::from_str(text).ok()
        } else {
            Some(Self {
                verifier: text.to_owned(),
                bound_to: None,
            })
        }
    }
}

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
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, VerifierProblem> {
    stranger_may_ask(&app, &request)?;
    let body = body.map_err(|_| VerifierProblem::TooLarge)?;
    match issue(&app, ClientCertificate::of(&request).as_ref(), &body).await {
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

async fn issue(app: &App, shown: Option<&ClientCertificate>, body: &[u8]) -> Result<HttpResponse, NoToken> {
    let now = app.clock.now();
    let request = UncheckedTokenRequest::parse(body, None)?;
    let record = app
        .ledger
        .record(RecordKind::Verifier, request.client_id())
        .await?
        .ok_or(Reason::UnknownClient)?;
    let verifier = Verifier::of(&record).map_err(|why| broken(&why))?;
    let proof = authenticate(app, &request, &verifier, shown, now)?;
    // Only whoever holds the key learns of the standing; for everybody else there is no such client.
    if verifier.standing(now) != Standing::Good {
        return Err(Reason::UnknownClient.into());
    }
    let GrantRequest::ClientCredentials = request.grant()? else {
        return Err(Reason::GrantTypeUnsupported.into());
    };
    let bound_to = match proof {
        Proof::Certificate(confirmation) => Some(confirmation),
        Proof::Assertion(spent) => {
            let once = Batch::new().write(Write::InsertSingleUse {
                kind: SingleUseKind::ClientAssertion,
                key: format!("verifier:{}:{}", verifier.id, spent.key.0),
                expires_at: spent.until,
            });
            if app.ledger.commit(once).await? != CommitOutcome::Committed {
                return Err(Reason::AssertionReplayed.into());
            }
            None
        }
    };
    let token = OpaqueSecret::generate(&*app.entropy);
    let lifetime = i64::from(app.config.verification.token_seconds);
    let key = EphemeraKey::new(EphemeraKind::VerifierToken, token.hash().0);
    let kept = IssuedToken {
        verifier: verifier.id,
        bound_to,
    };
    let kept = serde_json::to_vec(&kept).map_err(|why| broken(&why))?;
    app.ephemera
        .put(&key, kept, now, now.plus_seconds(lifetime))
        .await?;
    let body = json!({
        "access_token": token.reveal(),
        "token_type": "Bearer",
        "expires_in": lifetime,
    });
    Ok(headers::json(StatusCode::OK, body.to_string()))
}

/// How a verifier proved who it is.
enum Proof {
    /// By an assertion that counts once.
    Assertion(SpentAssertion),
    /// By the certificate with this `x5t#S256`.
    Certificate(String),
}

fn authenticate(
    app: &App,
    request: &UncheckedTokenRequest,
    verifier: &Verifier,
    shown: Option<&ClientCertificate>,
    now: Timestamp,
) -> Result<Proof, NoToken> {
    if let (true, Some(registered)) = (request.brings_no_credential(), &verifier.certificate) {
        judge(shown, registered, &app.client_anchors.load(), now).map_err(Reason::CertificateRefused)?;
        let confirmation = shown.map(|shown| shown.confirmation().to_owned());
        return confirmation
            .map(Proof::Certificate)
            .ok_or_else(|| Reason::CertificateRefused(CertificateFault::Absent).into());
    }
    if let (true, Some(registered)) = (verifier.jwks.is_empty(), &verifier.certificate) {
        return Err(Reason::MethodNotRegistered {
            registered: registered.method(),
        }
        .into());
    }
    let keys = JwkSet::parse(&verifier.jwks).map_err(|why| broken(&why))?;
    let spent = oidc::authenticate_by_assertion(request, &verifier.id, &keys, &facts(app), now)?;
    Ok(Proof::Assertion(spent))
}

fn broken(why: &dyn std::fmt::Display) -> NoToken {
    NoToken::Broken(VerifierProblem::Fault(why.to_string()))
}

fn facts(app: &App) -> ProviderFacts {
    let origin = &app.config.front.origin;
    ProviderFacts {
        token_endpoint: origin.url("/v1/token"),
        assertion_audience: AssertionAudience::IssuerOrTokenEndpoint,
        ..ProviderFacts::under(origin.as_str(), Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_yesterday_are_names_and_unbound() {
        let read = |bytes: &[u8]| IssuedToken::read(bytes).map(|token| (token.verifier, token.bound_to));
        assert_eq!(read(b"bank-a"), Some(("bank-a".to_owned(), None)));
        assert_eq!(
            read(br#"{"verifier":"bank-a","bound_to":"x"}"#),
            Some(("bank-a".to_owned(), Some("x".to_owned())))
        );
        assert_eq!(read(b"{"), None);
        assert_eq!(
            read(br#"{"verifier":"bank-a","bound":"x"}"#),
            None,
            "never read as unbound"
        );
    }
}
