//! `POST /v1/withdrawals`: a person takes a consent back, with a text signed by the certificate that gave it, or by one that replaced it. Whoever
//! carries the text here needs no credentials: the signature is the person's. A withdrawal that comes before its consent is not forgotten: that
//! consent, signed by the same certificate, is not registered any more.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use audit::Actor;
use domain::Timestamp;
use jlis::{CertificateName, LinkKind};
use jpki::signing::Examined;
use serde_json::json;

use super::VerifierProblem;
use super::asked::stranger_may_ask;
use super::consent::{self, ConsentKind, SignedConsent};
use super::held::{self, Held};
use super::signatures::name_of;
use super::wire::{self, SignedText};
use crate::app::App;
use crate::web::headers;

/// Renewals between consent and withdrawal: ten years hold at most three ordinary ones.
const MAX_RENEWALS: usize = 8;

/// `POST /v1/withdrawals`.
pub async fn post(
    app: web::Data<App>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, VerifierProblem> {
    stranger_may_ask(&app, &request)?;
    let signed: SignedText = wire::read(body)?;
    let now = app.clock.now();
    let SignedConsent { signer, text } = consent::signed_by(&app, &signed.message.0, now)?;
    let id = consent::read_withdrawal(app.config.front.origin.as_str(), &text)?;
    if end(&app, &id, &signer, now).await? {
        return Ok(ended(&id));
    }
    // Not registered, or another person's, which is not told from that: this certificate's consent of that number will not be registered.
    if !held::bar(&app, &id, &name_of(&signer), now).await? && end(&app, &id, &signer, now).await? {
        return Ok(ended(&id));
    }
    let answer = json!({"consent": id, "state": "barred"});
    Ok(headers::json(StatusCode::ACCEPTED, answer.to_string()))
}

fn ended(id: &str) -> HttpResponse {
    headers::json(
        StatusCode::OK,
        json!({"consent": id, "state": "ended"}).to_string(),
    )
}

/// Ends the consent if it is registered and this person's.
async fn end(app: &App, id: &str, signer: &Examined, now: Timestamp) -> Result<bool, VerifierProblem> {
    for kind in [ConsentKind::StatusWatch, ConsentKind::LatestItems] {
        let Some(record) = app.ledger.record(held::register(kind), id).await? else {
            continue;
        };
        let held = Held::of(&record)?;
        if !is_the_same_person(app, name_of(signer), &record.tags).await? {
            return Ok(false);
        }
        held::end(&*app.ledger, &record, held, "person", Actor::Person(None), now).await?;
        return Ok(true);
    }
    Ok(false)
}

async fn is_the_same_person(
    app: &App,
    mut name: CertificateName,
    tags: &[String],
) -> Result<bool, VerifierProblem> {
    for _ in 0..MAX_RENEWALS {
        if held::subject_tag(app, &name).iter().any(|tag| tags.contains(tag)) {
            return Ok(true);
        }
        let links = app
            .links
            .links(&name)
            .await
            .map_err(|_| VerifierProblem::Unavailable)?;
        match links.only(LinkKind::Predecessor) {
            Ok(Some(older)) => name = older.clone(),
            Ok(None) | Err(_) => return Ok(false),
        }
    }
    Ok(false)
}
