//! Device authorization (RFC 8628): a device without a browser asks, a person agrees in a browser of theirs.
//!
//! **Owns** the request and the order of its rules ([`check`]), the code that people type ([`UserCode`]), the numbers among which they find
//! the one that their device shows ([`Numbers`]), the record of one ask and who may do what to it next ([`Asked`]), and the reply to the
//! device.
//!
//! **Deliberately absent**: what the device gets in the end (`grants/device_code.rs`), look-ups, whether an answer is the first one (a
//! unique insert of the caller), how often somebody tries (counters of the caller), pages.
//!
//! **Neighbours**: `rules/device_authorization_request/`, and the rules of the authorization request that mean the same here.
//!
//! **One more parameter**: its rule in `rules/`, its row in [`RULES`], its member in [`Request`].

mod fault;
mod numbers;
mod record;
mod user_code;

use serde_json::json;

pub use self::fault::DeviceFault;
pub use self::numbers::{CHOICES, Numbers};
pub use self::record::{Asked, Stage};
pub use self::user_code::UserCode;
use crate::check::{Ask, Rule};
use crate::rules::authorization_request as shared;
use crate::rules::device_authorization_request as own;
use crate::{
    ClientFacts, OpaqueSecret, Prompt, ProviderFacts, Reason, Reply, RequestedClaims, Trace,
    UncheckedAuthorizationRequest, Verdict, Wanted,
};

macro_rules! table {
    ($($room:ident::$rule:ident),+ $(,)?) => {
        &[$(Rule { name: stringify!($rule), cites: $room::$rule::CITES, check: $room::$rule::check }),+]
    };
}

/// The table. There is no address to answer to: every refusal is a reply to the client.
pub const RULES: &[Rule] = table![
    shared::client_is_the_one_looked_up,
    own::client_is_registered_for_devices,
    shared::no_parameter_is_repeated,
    shared::request_is_opened,
    shared::scope_asks_for_openid,
    own::page_is_wanted,
    shared::max_age_is_a_number_of_seconds,
    shared::acr_values_are_bounded,
    shared::claims_are_bounded,
    shared::resources_are_registered,
    shared::authorization_details_are_as_their_types_say,
    shared::dpop_jkt_is_a_thumbprint,
];

/// What a device asks for. Made by [`check`] alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    scope: Vec<String>,
    max_age_seconds: Option<u32>,
    acr_values: Vec<String>,
    claims: RequestedClaims,
    resources: Vec<String>,
    authorization_details: Option<String>,
    dpop_thumbprint: Option<String>,
}

impl Request {
    /// What is wanted. The card is used and the person is asked each time: whoever agrees may not be whoever holds the device, and no
    /// session or consent of theirs was about it (RFC 8628 section 5.4).
    pub fn wanted(&self) -> Wanted<'_> {
        Wanted {
            scope: &self.scope,
            prompt: Prompt {
                none: false,
                login: true,
                consent: true,
                select_account: false,
            },
            max_age_seconds: self.max_age_seconds,
            acr_values: &self.acr_values,
            claims: &self.claims,
            resources: &self.resources,
            authorization_details: self.authorization_details.as_deref(),
            dpop_thumbprint: self.dpop_thumbprint.as_deref(),
        }
    }
}

/// Checks a device's request against the facts of the client that was authenticated with it; what every rule said, and the request.
pub fn check(
    request: &UncheckedAuthorizationRequest,
    client: &ClientFacts,
    provider: &ProviderFacts,
) -> (Trace, Result<Request, Reason>) {
    let ask = Ask {
        request,
        client,
        provider,
    };
    let mut trace = Trace::default();
    let mut refused = None;
    for rule in RULES {
        let verdict = if refused.is_some() {
            Verdict::NotReached
        } else {
            let result = (rule.check)(&ask);
            let verdict = Verdict::of(&result);
            refused = result.err();
            verdict
        };
        trace.note(rule.name, rule.cites, verdict);
    }
    (trace, refused.map_or_else(|| compose(&ask), Err))
}

/// Reads the request once more through the same readers that the rules used.
fn compose(ask: &Ask<'_>) -> Result<Request, Reason> {
    Ok(Request {
        scope: shared::scope_asks_for_openid::read(ask)?,
        max_age_seconds: shared::max_age_is_a_number_of_seconds::read(ask)?,
        acr_values: shared::acr_values_are_bounded::read(ask)?,
        claims: shared::claims_are_bounded::read(ask)?,
        resources: shared::resources_are_registered::read(ask)?,
        authorization_details: shared::authorization_details_are_as_their_types_say::read(ask)?,
        dpop_thumbprint: shared::dpop_jkt_is_a_thumbprint::read(ask)?,
    })
}

/// What the device is told (RFC 8628 section 3.2). `match_number` is an extension of ours, as section 3.2 leaves room for: two digits
/// that the device shows beside the code, and that the person has to find again on the page (`docs/decisions/0028`).
pub fn reply(
    device_code: &OpaqueSecret,
    user_code: &UserCode,
    numbers: &Numbers,
    provider: &ProviderFacts,
) -> Reply {
    let page = &provider.verification_uri;
    Reply::json(
        200,
        &json!({
            "device_code": device_code.reveal(),
            "user_code": user_code.shown(),
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={}", user_code.shown()),
            "expires_in": provider.device_code_lifetime_seconds,
            "interval": provider.device_interval_seconds,
            "match_number": numbers.shown(),
        }),
    )
}

#[cfg(test)]
mod tests;
