//! `/v1/watches` and `/v1/four-items-consents`: a signed consent registered, looked at, given up. The same acts for both kinds.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use audit::Actor;

use super::consent::ConsentKind;
use super::{Asked, VerifierProblem, held};
use crate::web::headers;

/// One kind of consent, as the routes name it.
pub trait OfKind: 'static {
    /// Which.
    const KIND: ConsentKind;
    /// The word in the account for a registration.
    const COUNTED: &'static str;
}

/// Watches over signing certificates.
#[derive(Debug)]
pub struct StatusWatch;

/// The latest 基本4情報.
#[derive(Debug)]
pub struct LatestItems;

impl OfKind for StatusWatch {
    const KIND: ConsentKind = ConsentKind::StatusWatch;
    const COUNTED: &'static str = "watch";
}

impl OfKind for LatestItems {
    const KIND: ConsentKind = ConsentKind::LatestItems;
    const COUNTED: &'static str = "items_consent";
}

/// `POST`: registers a signed consent.
pub async fn post<K: OfKind>(
    asked: Asked,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, VerifierProblem> {
    let (id, held) = held::register_consent(&asked, K::KIND, body).await?;
    asked.count(K::COUNTED);
    Ok(headers::json(
        StatusCode::CREATED,
        held::answer(&id, &held, asked.now).to_string(),
    ))
}

/// `GET …/{id}`.
pub async fn get<K: OfKind>(asked: Asked, id: web::Path<String>) -> Result<HttpResponse, VerifierProblem> {
    let (_, held) = held::find(&asked, K::KIND, &id).await?;
    Ok(headers::json(
        StatusCode::OK,
        held::answer(&id, &held, asked.now).to_string(),
    ))
}

/// `DELETE …/{id}`: the verifier needs it no more.
pub async fn delete<K: OfKind>(asked: Asked, id: web::Path<String>) -> Result<HttpResponse, VerifierProblem> {
    let (record, held) = held::find(&asked, K::KIND, &id).await?;
    let actor = Actor::Verifier(asked.verifier.id.clone());
    held::end(&*asked.ledger, &record, held, "verifier", actor, asked.now).await?;
    Ok(headers::common(HttpResponse::NoContent()).finish())
}
