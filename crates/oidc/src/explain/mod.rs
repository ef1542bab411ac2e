//! What a refusal rests on, for the developer of the client: the rules in order with their verdicts, and facts beside the one that
//! refused (computed and claimed digests, keys tried, audience, clock, address).
//!
//! **Owns** the wording of facts ([`jws`], [`proof`], [`authorization`], [`code`]) and the line of stages of the endpoints that have no
//! table of rules of their own ([`stages`]).
//!
//! **Deliberately absent**: any judgement. A refusal is made before, by the rules; here its [`Reason`] is taken as it is, and what was
//! compared is read once more. No fact is a secret, a token, a code or says anything about a person: a subject that was given is told
//! only as "is the client's" or not.
//!
//! **Neighbours**: `trace.rs` holds the lines; `idp-server` keeps them under a reference.
//!
//! **One more fact**: a line in the function of its message, with its unit in its name.

mod stages;

#[cfg(test)]
mod tests;

use domain::{AuthorizationGrant, Fact, Timestamp};
use jose::{Inspection, Jwk, JwkSet, Verification};
use serde_json::Value;

pub use self::stages::{Endpoint, stages};
use crate::dpop::{self, LIFE_SECONDS, Nonces, ProvenRequest, SKEW_SECONDS};
use crate::rules::request_object::signature_is_by_a_registered_key as object_signature;
use crate::token::{Credential, MAX_ASSERTION};
use crate::{
    AssertionAudience, ClientFacts, ClientMethod, CodeRequest, Envelope, ProviderFacts, Reason,
    UncheckedAuthorizationRequest, UncheckedTokenRequest,
};

/// What a client showed to say who it is, and what it is registered for.
pub fn client_credential(
    request: &UncheckedTokenRequest,
    client: &ClientFacts,
    provider: &ProviderFacts,
    now: Timestamp,
) -> Vec<Fact> {
    let shown = match request.credential() {
        Credential::None => "none",
        Credential::Basic { .. } => "client_secret_basic",
        Credential::Assertion { .. } => "client_assertion",
    };
    let mut facts = vec![
        Fact::text("method_given", shown),
        Fact::text("method_registered", client.method.name()),
    ];
    if let (Credential::Assertion { jwt }, ClientMethod::PrivateKeyJwt { keys }) =
        (request.credential(), &client.method)
    {
        facts.extend(assertion(
            jwt,
            &client.client_id,
            keys,
            &client.tokens.assertion_algorithms,
            provider,
            now,
        ));
    }
    facts
}

/// What a client assertion says and was held against (RFC 7523 section 3).
pub fn assertion(
    jwt: &str,
    name: &str,
    keys: &JwkSet,
    algorithms: &[jose::Algorithm],
    provider: &ProviderFacts,
    now: Timestamp,
) -> Vec<Fact> {
    let accept = Verification {
        algorithms,
        types: &["JWT", "client-authentication+jwt"],
        untyped: true,
        max_bytes: MAX_ASSERTION,
    };
    let Some(seen) = Inspection::of(jwt, keys, &accept) else {
        return Vec::new();
    };
    let mut facts = jws(&seen, Some(keys), algorithms);
    facts.push(Fact::text("audience_expected", &provider.issuer));
    if provider.assertion_audience == AssertionAudience::IssuerOrTokenEndpoint {
        facts.push(Fact::text("audience_also_accepted", &provider.token_endpoint));
    }
    facts.extend(claims(&seen, name, provider, now));
    facts
}

/// What a request object says and was held against (RFC 9101 section 4).
pub fn request_object(
    object: &str,
    client: &ClientFacts,
    provider: &ProviderFacts,
    now: Timestamp,
) -> Vec<Fact> {
    let none = JwkSet::new(Vec::new());
    let accept = Verification {
        algorithms: &client.requests.algorithms,
        types: &[object_signature::TYPE, "JWT"],
        untyped: true,
        max_bytes: object_signature::MAX_BYTES,
    };
    let keys = client.requests.keys.as_ref();
    let Some(seen) = Inspection::of(object, keys.unwrap_or(&none), &accept) else {
        return vec![Fact::count("object_octets", object.len())];
    };
    let mut facts = jws(&seen, keys, &client.requests.algorithms);
    facts.push(Fact::text("audience_expected", &provider.issuer));
    facts.extend(claims(&seen, &client.client_id, provider, now));
    facts
}

/// The signature: over which octets, by which algorithm, tried with which keys.
fn jws(seen: &Inspection, keys: Option<&JwkSet>, algorithms: &[jose::Algorithm]) -> Vec<Fact> {
    let mut facts = vec![
        Fact::count("signing_input_octets", seen.signing_input_octets),
        Fact::text("signing_input_sha256", &seen.signing_input_sha256),
        Fact::list("algorithms_accepted", algorithms.iter().map(|one| one.name())),
        Fact::list("keys_tried", seen.tried.iter().map(String::as_str)),
    ];
    for (name, member) in [
        ("algorithm_given", "alg"),
        ("key_id_given", "kid"),
        ("type_given", "typ"),
    ] {
        facts.extend(seen.header(member).map(|value| Fact::text(name, value)));
    }
    if let Some(keys) = keys {
        let known: Vec<String> = keys.keys().iter().map(known).collect();
        facts.push(Fact::list("keys_registered", known.iter().map(String::as_str)));
    }
    facts
}

/// A registered key: its `kid`, and its thumbprint (RFC 7638).
fn known(key: &Jwk) -> String {
    format!("{} ({})", key.kid().unwrap_or("-"), key.thumbprint())
}

/// Issuer, subject, audience and times, as they were given.
fn claims(seen: &Inspection, client_id: &str, provider: &ProviderFacts, now: Timestamp) -> Vec<Fact> {
    let mut facts = vec![Fact::text("issuer_expected", client_id)];
    match seen.claim("iss") {
        Some(Value::String(given)) => facts.push(Fact::address("issuer_given", given)),
        given => facts.push(Fact::flag(
            "issuer_is_a_text",
            given.is_some_and(Value::is_string),
        )),
    }
    // A subject may be a person's, where a token of another kind is sent by mistake.
    if let Some(given) = seen.claim("sub") {
        facts.push(Fact::flag("subject_is_the_client_id", given == client_id));
    }
    match seen.claim("aud") {
        Some(Value::String(given)) => facts.push(Fact::address("audience_given", given)),
        Some(Value::Array(given)) => facts.push(Fact::addresses(
            "audience_given",
            given.iter().filter_map(Value::as_str),
        )),
        _ => facts.push(Fact::flag("audience_is_there", false)),
    }
    for (name, claim) in [
        ("expires_in_seconds", "exp"),
        ("issued_in_seconds", "iat"),
        ("not_before_in_seconds", "nbf"),
    ] {
        let at = seen.claim(claim).and_then(Value::as_f64);
        if let Some(at) = at {
            facts.push(Fact::number(name, difference(at, now)));
        }
    }
    facts.push(Fact::number(
        "clock_difference_allowed_seconds",
        provider.clock_skew_seconds,
    ));
    facts
}

/// Whole seconds from now to a `NumericDate`, which may be anything.
fn difference(at: f64, now: Timestamp) -> i64 {
    const MOST: f64 = 1e12;
    let whole = format!("{:.0}", at.clamp(-MOST, MOST));
    whole
        .parse::<i64>()
        .map_or(0, |seconds| seconds.saturating_sub(now.seconds()))
}

/// What a proof of possession says and was held against (RFC 9449 section 4.3).
pub fn proof(shown: &str, request: &ProvenRequest<'_>) -> Vec<Fact> {
    let none = JwkSet::new(Vec::new());
    let accept = Verification {
        algorithms: &dpop::ALGORITHMS,
        types: &["dpop+jwt"],
        untyped: false,
        max_bytes: 8 * 1024,
    };
    let Some(seen) = Inspection::of(shown, &none, &accept) else {
        return vec![Fact::count("proof_octets", shown.len())];
    };
    let mut facts = jws(&seen, None, &dpop::ALGORITHMS);
    // The key stands in the proof itself: none is looked for.
    facts.retain(|fact| fact.name != "keys_tried");
    facts.extend([
        Fact::text("method_expected", request.method),
        Fact::addresses("address_expected", request.addresses.iter().copied()),
        Fact::number("lives_seconds", LIFE_SECONDS),
        Fact::number("clock_difference_allowed_seconds", SKEW_SECONDS),
        Fact::flag("nonce_required", matches!(request.nonces, Nonces::Required(_))),
        Fact::flag("nonce_given", seen.claim("nonce").is_some()),
    ]);
    let text = |claim: &str| seen.claim(claim).and_then(Value::as_str);
    facts.extend(text("htm").map(|given| Fact::text("method_given", given)));
    facts.extend(text("htu").map(|given| Fact::address("address_given", given)));
    if let Some(at) = seen.claim("iat").and_then(Value::as_f64) {
        facts.push(Fact::number("issued_in_seconds", difference(at, request.now)));
    }
    if let Some(token) = request.access_token {
        let made = jose::encode_base64url(jose::digest::sha256(token.as_bytes()));
        facts.push(Fact::text("access_token_hash_computed", &made));
        facts.extend(text("ath").map(|given| Fact::text("access_token_hash_claimed", given)));
    }
    facts
}

/// Which key sent a request, and which key it should have been (RFC 9449 sections 6 and 10).
pub fn bound_key(expected: Option<&str>, shown: Option<&str>) -> Vec<Fact> {
    let fact = |name, value: Option<&str>| Fact::text(name, value.unwrap_or("-"));
    vec![
        fact("key_expected_thumbprint", expected),
        fact("key_given_thumbprint", shown),
    ]
}

/// What an authorization request says and was held against, as far as the reason is about it.
pub fn authorization(
    request: &UncheckedAuthorizationRequest,
    client: &ClientFacts,
    provider: &ProviderFacts,
    reason: &Reason,
    now: Timestamp,
) -> Vec<Fact> {
    let mut facts = vec![Fact::text("issuer", &provider.issuer)];
    let given =
        |name: &'static str, parameter: &str| request.get(parameter).map(|value| Fact::text(name, value));
    match reason {
        Reason::RedirectUriNotRegistered | Reason::RedirectUriMissing | Reason::RedirectUriFragment => {
            facts.extend(redirect_uri(request.get("redirect_uri"), client));
        }
        Reason::ChallengeMethodNotS256 => facts.extend(given("method_given", "code_challenge_method")),
        Reason::ResponseTypeUnsupported => facts.extend(given("response_type_given", "response_type")),
        Reason::ResponseModeUnsupported => facts.extend(given("response_mode_given", "response_mode")),
        Reason::ScopeWithoutOpenid => facts.extend(given("scope_given", "scope")),
        Reason::PromptNoneWithOthers => facts.extend(given("prompt_given", "prompt")),
        Reason::AcrUnreachable => {
            facts.extend(given("acr_values_given", "acr_values"));
            facts.push(Fact::list(
                "acr_values_supported",
                provider.acr_values_supported.iter().map(String::as_str),
            ));
        }
        Reason::ResourceNotAllowed => {
            let shown = request.parameters().all("resource");
            facts.push(Fact::addresses("resources_given", shown));
            facts.push(Fact::addresses(
                "resources_registered",
                client.requests.resources.iter().map(String::as_str),
            ));
        }
        Reason::RequestUriNotRegistered => {
            facts.extend(
                request
                    .get("request_uri")
                    .map(|uri| Fact::address("request_uri_given", uri)),
            );
            facts.push(Fact::addresses(
                "request_uris_registered",
                client.requests.request_uris.iter().map(String::as_str),
            ));
        }
        _ => {}
    }
    if let Ok(Envelope::Object(object)) = request.envelope() {
        facts.extend(request_object(object, client, provider, now));
    }
    facts
}

/// An address that is not registered: where it begins to differ from the registered one that it is most like.
fn redirect_uri(given: Option<&str>, client: &ClientFacts) -> Vec<Fact> {
    let registered = client.redirect_uris.iter().map(String::as_str);
    let mut facts = vec![Fact::addresses("redirect_uri_registered", registered.clone())];
    let Some(given) = given else {
        facts.push(Fact::flag("redirect_uri_is_there", false));
        return facts;
    };
    facts.extend([
        Fact::address("redirect_uri_given", given),
        Fact::count("redirect_uri_given_octets", given.len()),
        Fact::text(
            "redirect_uri_given_sha256",
            &jose::digest::sha256_hex(given.as_bytes()),
        ),
    ]);
    let same = |one: &str| one.bytes().zip(given.bytes()).take_while(|(a, b)| a == b).count();
    if let Some(nearest) = registered.max_by_key(|one| same(one)) {
        facts.push(Fact::address("redirect_uri_nearest", nearest));
        facts.push(Fact::count("first_difference_at_octet", same(nearest)));
    }
    facts
}

/// What a code was issued for, and what came to redeem it (RFC 6749 section 4.1.3, RFC 7636 section 4.6).
pub fn code(grant: &AuthorizationGrant, asked: &CodeRequest<'_>, now: Timestamp) -> Vec<Fact> {
    let made = jose::encode_base64url(jose::digest::sha256(asked.code_verifier.as_bytes()));
    vec![
        Fact::number("issued_in_seconds", grant.issued_at.seconds_since(now)),
        Fact::number("expires_in_seconds", grant.expires_at.seconds_since(now)),
        Fact::flag("grant_is_withdrawn", grant.revoked_at.is_some()),
        Fact::address("redirect_uri_expected", &grant.redirect_uri),
        Fact::address("redirect_uri_given", asked.redirect_uri),
        Fact::flag(
            "redirect_uri_is_the_same",
            grant.redirect_uri == asked.redirect_uri,
        ),
        Fact::text("code_challenge_expected", &grant.code_challenge.0),
        Fact::text("code_challenge_computed", &made),
        Fact::count("code_verifier_octets", asked.code_verifier.len()),
    ]
}
