//! `POST /v1/withdrawals`: a person takes a consent back, with a text signed by the certificate that gave it, or by one that replaced it. Whoever
//! carries the text here needs no credentials: the signature is the person's.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use audit::Actor;
use jlis::{CertificateName, LinkKind};
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
    for kind in [ConsentKind::StatusWatch, ConsentKind::LatestItems] {
        let Some(record) = app.ledger.record(held::register(kind), &id).await? else {
            continue;
        };
        let held = Held::of(&record)?;
        if !is_the_same_person(&app, name_of(&signer), &record.tags).await? {
            break;
        }
        held::end(&app, &record, held, "person", Actor::Person(None), now).await?;
        return Ok(headers::json(
            StatusCode::OK,
            json!({"consent": id, "state": "ended"}).to_string(),
        ));
    }
    // Another person's consent is not told from none.
    Err(VerifierProblem::Unknown)
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
