//! The order of rules for an authorization request, as one table. Before `redirect_uri_is_registered_exactly` has passed, a
//! refusal is a page of ours; after it, the client is told (OpenID Connect Core 1.0 section 3.1.2.6, RFC 6749 section 4.1.2.1).

use serde::{Deserialize, Serialize};

use crate::rules::authorization_request as rules;
use crate::{
    AuthorizationRequest, ClientFacts, ProviderFacts, Reason, ReturnAddress, Trace,
    UncheckedAuthorizationRequest, Verdict,
};

/// What a rule sees.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// What came.
    pub request: &'a UncheckedAuthorizationRequest,
    /// Who is said to ask.
    pub client: &'a ClientFacts,
    /// Who is asked.
    pub provider: &'a ProviderFacts,
}

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Rule {
    /// A sentence, and the name of the file.
    pub name: &'static str,
    /// Where it is written.
    pub cites: &'static str,
    /// The rule.
    pub check: fn(&Ask<'_>) -> Result<(), Reason>,
}

macro_rules! table {
    ($($rule:ident),+ $(,)?) => {
        &[$(Rule { name: stringify!($rule), cites: rules::$rule::CITES, check: rules::$rule::check }),+]
    };
}

/// The table.
pub const RULES: &[Rule] = table![
    client_is_the_one_looked_up,
    redirect_uri_is_registered_exactly,
    no_parameter_is_repeated,
    response_mode_is_query_or_form_post,
    state_is_bounded_text,
    request_is_opened,
    request_came_as_registered,
    response_type_is_code,
    scope_asks_for_openid,
    nonce_is_bounded_text,
    pkce_challenge_is_s256,
    prompt_is_understood,
    max_age_is_a_number_of_seconds,
    acr_values_are_bounded,
    claims_are_bounded,
    hints_are_bounded,
    resources_are_registered,
    authorization_details_are_as_their_types_say,
    dpop_jkt_is_a_thumbprint,
];

/// Proof that every rule passed. Made by [`check`] alone; the stored form is read back from our own store only.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Checked<T>(T);

impl<T> Checked<T> {
    /// What was checked.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// What was checked.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// The outcome of a check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Examined {
    /// Which rules ran with which verdict.
    pub trace: Trace,
    /// Where an answer may go, if that much was verified: with a refusal whose `Reason::answer` is a redirect, use it.
    pub return_to: Option<ReturnAddress>,
    /// The request, or the first reason against it.
    pub outcome: Result<Checked<AuthorizationRequest>, Reason>,
}

/// Where an answer may go when the request itself could not be opened: to an address that stands beside it and is registered.
pub fn return_address(
    beside: &UncheckedAuthorizationRequest,
    client: &ClientFacts,
    provider: &ProviderFacts,
) -> Option<ReturnAddress> {
    let ask = Ask {
        request: beside,
        client,
        provider,
    };
    rules::client_is_the_one_looked_up::check(&ask).ok()?;
    ReturnAddress::of(&ask).ok()
}

/// Checks a request against the facts of the client that its `client_id` names.
pub fn check(
    request: &UncheckedAuthorizationRequest,
    client: &ClientFacts,
    provider: &ProviderFacts,
) -> Examined {
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
    let outcome = match refused {
        None => compose(&ask).map(Checked),
        Some(reason) => Err(reason),
    };
    let return_to = match &outcome {
        Ok(checked) => Some(checked.0.return_to.clone()),
        // The address is verified by itself again; a reason that belongs on a page gets none whatever was verified.
        Err(reason) if reason.answer().is_redirect() => ReturnAddress::of(&ask).ok(),
        Err(_) => None,
    };
    Examined {
        trace,
        return_to,
        outcome,
    }
}

/// Reads the request once more through the same readers that the rules used.
fn compose(ask: &Ask<'_>) -> Result<AuthorizationRequest, Reason> {
    Ok(AuthorizationRequest {
        service: ask.client.service.clone(),
        client_id: ask.client.client_id.clone(),
        return_to: ReturnAddress::of(ask)?,
        scope: rules::scope_asks_for_openid::read(ask)?,
        nonce: rules::nonce_is_bounded_text::read(ask)?,
        code_challenge: rules::pkce_challenge_is_s256::read(ask)?,
        prompt: rules::prompt_is_understood::read(ask)?,
        max_age_seconds: rules::max_age_is_a_number_of_seconds::read(ask)?,
        acr_values: rules::acr_values_are_bounded::read(ask)?,
        claims: rules::claims_are_bounded::read(ask)?,
        resources: rules::resources_are_registered::read(ask)?,
        authorization_details: rules::authorization_details_are_as_their_types_say::read(ask)?,
        dpop_thumbprint: rules::dpop_jkt_is_a_thumbprint::read(ask)?,
        ui_languages: rules::hints_are_bounded::languages(ask)?,
        id_token_hint: rules::hints_are_bounded::id_token_hint(ask)?,
    })
}

#[cfg(test)]
mod tests;
