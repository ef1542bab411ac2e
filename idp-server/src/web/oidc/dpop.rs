//! Proofs of possession at our endpoints (RFC 9449): read from the request, held against it, and counted once.
//!
//! A nonce is a keyed stamp of the minutes in which it counts: every process makes and knows the same ones, and none is stored. A proof
//! is spent by a unique row of the Ledger ([`spending`]), together with what it obtains: at no other process, and after no fail-over of what
//! may forget, is it good again; and whoever has neither a code nor a token that is bound to a key makes us write nothing
//! (docs/decisions/0030).

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use domain::{Fact, Timestamp};
use jose::UnverifiedClaims;
use oidc::Reason;
use oidc::dpop::{DpopFault, LIFE_SECONDS, Nonces, Proof, ProvenKey, ProvenRequest, SKEW_SECONDS};
use store::{Batch, CommitOutcome, SingleUseKind, Write};

use super::token::NoToken;
use crate::app::App;

/// The header of a proof.
const PROOF: &str = "dpop";
/// The header of a nonce.
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// Seconds after which another nonce is handed out; the last one counts as long again.
const NONCE_SECONDS: i64 = 120;

/// The key that the sender of a request has, where a proof came.
pub fn prove(
    app: &App,
    request: &HttpRequest,
    address: &str,
    access_token: Option<&str>,
) -> Result<Option<ProvenKey>, NoToken> {
    let values = request
        .headers()
        .get_all(PROOF)
        .map(|value| value.to_str().unwrap_or("\u{fffd}"));
    let Some(proof) = Proof::read(values)? else {
        return Ok(None);
    };
    let now = app.clock.now();
    let nonces = nonces(app, now);
    let proven = proof.check(&ProvenRequest {
        method: request.method().as_str(),
        addresses: &[address],
        access_token,
        nonces: if app.config.oidc.dpop_nonce {
            Nonces::Required(&nonces)
        } else {
            Nonces::NotAsked
        },
        now,
    })?;
    Ok(Some(proven))
}

/// What a proof that came with a request says, for whoever has to explain a refusal.
pub fn facts(app: &App, request: &HttpRequest, address: &str, access_token: Option<&str>) -> Vec<Fact> {
    let shown = request.headers().get(PROOF).and_then(|value| value.to_str().ok());
    let Some(shown) = shown else {
        return vec![Fact::flag("proof_is_there", false)];
    };
    oidc::explain::proof(
        shown,
        &ProvenRequest {
            method: request.method().as_str(),
            addresses: &[address],
            access_token,
            nonces: if app.config.oidc.dpop_nonce {
                Nonces::Required(&[])
            } else {
                Nonces::NotAsked
            },
            now: app.clock.now(),
        },
    )
}

/// Whether the proof of a request carries a nonce, whichever.
pub fn brings_nonce(request: &HttpRequest) -> bool {
    let shown = request.headers().get(PROOF).and_then(|value| value.to_str().ok());
    shown
        .and_then(|shown| UnverifiedClaims::read(shown, 8 * 1024).ok())
        .is_some_and(|claims| claims.text("nonce").is_some_and(|nonce| !nonce.is_empty()))
}

/// The key that made the proof of a request, where its signature holds.
pub fn thumbprint(request: &HttpRequest) -> Option<String> {
    let shown = request.headers().get(PROOF)?.to_str().ok()?;
    Proof::read(std::iter::once(shown))
        .ok()
        .flatten()
        .map(|proof| proof.thumbprint().to_owned())
}

/// Whether a request brings a proof at all.
pub fn is_shown(request: &HttpRequest) -> bool {
    request.headers().contains_key(PROOF)
}

/// A proof counts once: the row goes into the batch of what it obtains.
pub fn spending(proven: &ProvenKey) -> Write {
    let spent = proven.spent();
    Write::InsertSingleUse {
        kind: SingleUseKind::DpopProof,
        key: spent.key.0.clone(),
        expires_at: spent.until.plus_seconds(LIFE_SECONDS + SKEW_SECONDS),
    }
}

/// Spends a proof with which nothing is issued, but something told.
pub async fn spend(app: &App, proven: &ProvenKey) -> Result<(), NoToken> {
    match app.ledger.commit(Batch::new().write(spending(proven))).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict(_) => Err(Reason::Dpop(DpopFault::Replayed).into()),
    }
}

/// The nonces that count now: that of this window, then that of the last one, under every version of the key.
fn nonces(app: &App, now: Timestamp) -> Vec<String> {
    let window = now.seconds().div_euclid(NONCE_SECONDS);
    [window, window - 1]
        .into_iter()
        .flat_map(|window| app.vault.stamps("dpop nonce", &window.to_be_bytes()))
        .collect()
}

/// Hands out the nonce for the next proof (RFC 9449 sections 8.1 and 8.2), wherever a proof came or one is missed.
pub fn with_nonce(app: &App, request: &HttpRequest, mut response: HttpResponse) -> HttpResponse {
    let asks = request.headers().contains_key(PROOF)
        || response
            .headers()
            .get("www-authenticate")
            .is_some_and(|_| response.status() == 401);
    if !app.config.oidc.dpop_nonce || !asks {
        return response;
    }
    let nonce = nonces(app, app.clock.now()).into_iter().next();
    if let Some(value) = nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
        response.headers_mut().insert(NONCE, value);
    }
    response
}
