//! Explain: what was wrong with a refused or failed exchange, for the developer of the service and for the operator.
//!
//! **Owns** the record of one exchange ([`Exchange`]), where records are kept (`rings.rs`), how they get there without anybody waiting
//! (`waiting.rs`), what is noted of each protocol (`oidc.rs`, `saml.rs`, `sign_in.rs`) and what to do about it (`advice.rs`).
//!
//! **Deliberately absent**: any judgement. Rules and reasons come from the protocol rooms, facts from `oidc::explain` and
//! `saml::explain`. Nothing here is about a person: a refusal at the card is "authentication failed", as it is to the service.
//!
//! **Neighbours**: `web/exchanges` answers services, `web/operator/exchanges.rs` operators.
//!
//! **One more kind of exchange**: a word in [`Exchange::exchange`], a function that notes it, its case in
//! `conformance-tests/tests/explain`.

pub mod advice;
pub mod oidc;
mod rings;
pub mod saml;
pub mod sign_in;
mod waiting;

use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use domain::{Fact, Reference, ServiceId, Timestamp};
use serde::{Deserialize, Serialize};

pub use rings::{KEPT_SECONDS, Owner, find, recent};
pub use waiting::{Waiting, drain, run};

use crate::app::App;

/// The header under which a back-channel endpoint tells the reference of a refusal.
pub const HEADER: HeaderName = HeaderName::from_static("exchange-reference");

/// One refused or failed exchange.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What opens it.
    pub reference: Reference,
    /// When.
    pub at: Timestamp,
    /// Whose it is, or whom it claims to be of; none where nobody is registered under the name.
    pub service: Option<ServiceId>,
    /// `oidc` or `saml`.
    pub protocol: String,
    /// Which exchange: `token`, `authn_request`, `back_channel_logout`, …
    pub exchange: String,
    /// Whether the sender proved to be the service: by its key, secret or signature. Everything else anybody could have sent.
    pub proven: bool,
    /// The stable code of the reason.
    pub reason: String,
    /// The reason as a sentence.
    pub detail: String,
    /// What was answered: an OAuth error, a SAML status, `page`, or nothing.
    pub answered: Option<String>,
    /// Every rule in order.
    pub rules: Vec<JudgedRule>,
}

/// How a rule ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// Met.
    Passed,
    /// Broken.
    Refused,
    /// An earlier one was broken.
    NotReached,
}

/// One rule that was judged.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedRule {
    /// A sentence.
    pub rule: String,
    /// Where it is written.
    pub cites: String,
    /// How it ended.
    pub verdict: Judged,
    /// What was compared, beside the rule that refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
}

impl JudgedRule {
    /// A rule without facts.
    pub fn new(rule: &str, cites: &str, verdict: Judged) -> Self {
        Self {
            rule: rule.to_owned(),
            cites: cites.to_owned(),
            verdict,
            facts: Vec::new(),
        }
    }
}

impl Exchange {
    /// Puts facts beside the rule that refused; where none did, behind all of them.
    #[must_use]
    pub fn with_facts(mut self, facts: Vec<Fact>) -> Self {
        let refused = self.rules.iter().position(|rule| rule.verdict == Judged::Refused);
        let place = refused.unwrap_or(self.rules.len().saturating_sub(1));
        if let Some(rule) = self.rules.get_mut(place) {
            rule.facts.extend(facts);
        }
        self
    }
}

impl App {
    /// Notes an exchange, if its sender may cause one more record: whoever proved to be the service may, strangers within the share of
    /// their address. Nobody waits for it to be kept.
    pub fn note(&self, exchange: Exchange, peer: Option<IpAddr>) -> Option<Reference> {
        let admitted = exchange.proven || peer.is_none_or(|peer| self.stranger_limit.admits(peer));
        if !admitted {
            metrics::counter!("exchanges_left_out_total", "why" => "address").increment(1);
            return None;
        }
        let reference = exchange.reference.clone();
        self.exchanges.add(exchange, peer).then_some(reference)
    }
}

/// Tells the reference in the header of an answer.
pub fn referenced(mut response: HttpResponse, reference: Option<&Reference>) -> HttpResponse {
    let value = reference.and_then(|reference| HeaderValue::from_str(reference.as_str()).ok());
    if let Some(value) = value {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// A sentence for developers, with the reference behind it.
pub fn with_reference(text: &str, reference: Option<&Reference>) -> String {
    match reference {
        Some(reference) => format!("{text} (reference {})", reference.as_str()),
        None => text.to_owned(),
    }
}
