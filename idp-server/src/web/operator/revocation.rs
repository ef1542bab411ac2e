//! What operators see of revocation data: per authority and per list, how old, from which delivery, and what was refused; and the
//! account of questions that may cost money. A page in a browser, JSON elsewhere.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::Timestamp;
use jpki::CaKind;
use pki::CrlScope;
use revocation::{Freshness, NationalIndex, freshness};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::StoreFault;

use super::operators::{self, Operators};
use super::{Telling, page};
use crate::app::App;
use crate::jobs::lists::record::LastDelivery;
use crate::jobs::questions;
use crate::trust::Trust;
use crate::web::headers;

/// Where it is.
pub(super) const PATH: &str = "/revocation";

/// What is known about the lists of one authority.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuthorityStatus {
    /// `user-authentication` or `digital-signature`.
    pub ca: &'static str,
    /// `fresh`, `stale_allowed`, `refuse` or `missing`: of the oldest list, by the platform's own policy.
    pub state: &'static str,
    /// Why this process cannot read what every process uses, if so: nothing is called good by what is in use here meanwhile.
    pub unreadable: Option<String>,
    /// The state in use here.
    pub generation: Option<u64>,
    /// Revoked certificates.
    pub revoked: Option<u64>,
    /// Of them, those that stay revoked here although no list in use names them.
    pub retained: Option<u64>,
    /// Every list in use.
    pub lists: Vec<ListStatus>,
    /// What became of the last delivery.
    pub last_delivery: Option<LastDelivery>,
}

/// One list in use.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListStatus {
    /// Its place among them, from 1.
    pub place: usize,
    /// Its name, the same from delivery to delivery.
    pub id: String,
    /// How many distribution points it names; none for one that covers the whole authority.
    pub points: Option<usize>,
    /// The beginning of the hexadecimal SHA-256 of the key that signed it.
    pub key: String,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Option<Timestamp>,
    /// Its entries.
    pub entries: u64,
    /// As of the authority.
    pub state: &'static str,
}

/// What is known about the lists of every authority.
pub async fn status(app: &App) -> Result<Vec<AuthorityStatus>, StoreFault> {
    app.shelves.catch_up(&app.trust);
    let trust = app.trust.load_full();
    let mut all = Vec::new();
    for kind in [CaKind::UserAuthentication, CaKind::DigitalSignature] {
        let last = LastDelivery::read(&*app.ledger, kind).await?;
        all.push(authority(&trust, kind, last, app.clock.now()));
    }
    Ok(all)
}

fn authority(trust: &Trust, kind: CaKind, last: Option<LastDelivery>, now: Timestamp) -> AuthorityStatus {
    let index = trust.index(kind);
    let lists = index.map_or_else(Vec::new, |index| {
        let policy = &trust.profile().freshness;
        index
            .parts()
            .enumerate()
            .map(|(place, part)| ListStatus {
                place: place + 1,
                id: part.id(),
                points: match part.scope {
                    CrlScope::Whole => None,
                    CrlScope::Points(names) => Some(names.len()),
                },
                key: part.issuer_key_hash.chars().take(16).collect(),
                this_update: part.this_update,
                next_update: part.next_update,
                entries: part.entries,
                state: word(freshness(Some(part.coverage()), policy, now)),
            })
            .collect()
    });
    AuthorityStatus {
        ca: kind.as_str(),
        state: word(trust.freshness_of(kind, now)),
        unreadable: trust.fault(kind).map(ToString::to_string),
        generation: index.map(|index| index.generation().0),
        revoked: index.map(NationalIndex::len),
        retained: index.map(NationalIndex::retained),
        lists,
        last_delivery: last,
    }
}

/// The word of a state, for programs.
pub(super) fn word(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Fresh => "fresh",
        Freshness::StaleAllowed { .. } => "stale_allowed",
        Freshness::Refuse => "refuse",
        Freshness::Missing => "missing",
    }
}

/// `GET /revocation`.
pub(super) async fn get(
    app: web::Data<App>,
    operators: web::Data<Operators>,
    request: HttpRequest,
) -> HttpResponse {
    if operators.authenticate(&request).is_none() {
        return operators::challenge();
    }
    let (authorities, contradiction, telling) = match (
        status(&app).await,
        questions::last_contradiction(&*app.ledger).await,
        Telling::measure(&app).await,
    ) {
        (Ok(authorities), Ok(contradiction), Ok(telling)) => (authorities, contradiction, telling),
        (Err(fault), ..) | (_, Err(fault), _) | (.., Err(fault)) => return store_does_not_answer(&fault),
    };
    if page::is_preferred(&request) {
        return page::show_revocation(&app, &request, &authorities, contradiction, telling);
    }
    let body = json!({
        "authorities": authorities, "last_contradiction": contradiction,
        "notices": { "late": telling.is_late(), "seconds": telling },
    });
    headers::json(StatusCode::OK, body.to_string())
}

/// The query of the account.
#[derive(Deserialize)]
pub(super) struct Account {
    month: Option<String>,
}

/// `GET /revocation/questions?month=2026-11`: who asked how often. Without a month, all of them.
pub(super) async fn account(
    app: web::Data<App>,
    operators: web::Data<Operators>,
    request: HttpRequest,
    query: web::Query<Account>,
) -> HttpResponse {
    if operators.authenticate(&request).is_none() {
        return operators::challenge();
    }
    match questions::account(&*app.ledger, query.month.as_deref()).await {
        Ok(lines) => headers::json(StatusCode::OK, json!({ "questions": lines }).to_string()),
        Err(fault) => store_does_not_answer(&fault),
    }
}

fn store_does_not_answer(fault: &StoreFault) -> HttpResponse {
    tracing::error!(error = %fault, "an operator's question could not be answered");
    let body = json!({ "error": "the store does not answer; try again" });
    headers::json(StatusCode::SERVICE_UNAVAILABLE, body.to_string())
}
