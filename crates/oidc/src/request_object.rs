//! Request objects (RFC 9101; OpenID Connect Core 1.0 section 6): a JWS becomes the parameters of a request, by rules in one order.
//!
//! There are two families. By RFC 9101 the object alone counts. By OpenID Connect Core the object's parameters are completed by those beside
//! it. An object is of RFC 9101 when its type says so, when it was pushed (RFC 9126 section 3), when the client is registered for signed
//! requests only, or when what stands beside it would be no OpenID Connect request without it.

use domain::{Timestamp, TokenHash};
use serde_json::{Map, Value};

use crate::parameters::Parameters;
use crate::rules::request_object as rules;
use crate::{ClientFacts, ProviderFacts, Reason, Trace, UncheckedAuthorizationRequest, Verdict};

/// Whose words about parameters beside the object count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// RFC 9101: the object alone.
    Jar,
    /// OpenID Connect Core 1.0 section 6.3.3: the object, completed by what stands beside it.
    Core,
}

/// What a rule sees, once the signature holds.
#[derive(Clone, Copy)]
pub struct ObjectAsk<'a> {
    /// The signed claims.
    pub claims: &'a Map<String, Value>,
    /// The request that brought the object.
    pub beside: &'a UncheckedAuthorizationRequest,
    /// By which family it is read.
    pub family: Family,
    /// Who is said to ask.
    pub client: &'a ClientFacts,
    /// Who is asked.
    pub provider: &'a ProviderFacts,
    /// The moment.
    pub now: Timestamp,
}

/// A `jti` that counts once: insert `key` uniquely, keep it until `until`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SpentObject {
    /// SHA-256 over client and `jti`.
    pub key: TokenHash,
    /// After this moment the object would be refused as expired anyway.
    pub until: Timestamp,
}

/// The outcome of opening an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OpenedObject {
    /// Which rules ran with which verdict.
    pub trace: Trace,
    /// The request that it holds, which no rule of the authorization request has seen, and what counts once; or the first reason against it.
    pub outcome: Result<(UncheckedAuthorizationRequest, Option<SpentObject>), Reason>,
}

type Check = fn(&ObjectAsk<'_>) -> Result<(), Reason>;

macro_rules! table {
    ($($rule:ident),+ $(,)?) => {
        &[$((stringify!($rule), rules::$rule::CITES, rules::$rule::check)),+]
    };
}

/// The rules behind the signature, in order.
const RULES: &[(&str, &str, Check)] = table![
    issuer_is_the_client,
    audience_is_this_provider,
    time_is_now,
    identifier_is_bounded,
    holds_no_other_message,
    members_are_parameters,
    agrees_with_what_is_beside_it,
];

/// Opens an object that came with a request of the client whose facts these are.
pub fn open_request_object(
    object: &str,
    beside: &UncheckedAuthorizationRequest,
    client: &ClientFacts,
    provider: &ProviderFacts,
    now: Timestamp,
) -> OpenedObject {
    let mut trace = Trace::default();
    let verified = rules::signature_is_by_a_registered_key::read(object, client).and_then(|verified| {
        let claims = verified.claims().map_err(Reason::RequestObjectRefused)?;
        Ok((verified.header().typ.clone(), claims))
    });
    let signature = verified.as_ref().map(|_| ()).map_err(Clone::clone);
    trace.note(
        "signature_is_by_a_registered_key",
        rules::signature_is_by_a_registered_key::CITES,
        Verdict::of(&signature),
    );
    let (typ, claims) = match verified {
        Ok(verified) => verified,
        Err(reason) => {
            for (name, cites, _) in RULES {
                trace.note(name, cites, Verdict::NotReached);
            }
            return OpenedObject {
                trace,
                outcome: Err(reason),
            };
        }
    };
    let ask = ObjectAsk {
        claims: &claims,
        beside,
        family: family(typ.as_deref(), beside, client),
        client,
        provider,
        now,
    };
    let mut refused = None;
    for (name, cites, check) in RULES {
        let verdict = if refused.is_some() {
            Verdict::NotReached
        } else {
            let result = check(&ask);
            let verdict = Verdict::of(&result);
            refused = result.err();
            verdict
        };
        trace.note(name, cites, verdict);
    }
    let outcome = refused.map_or_else(|| compose(&ask), Err);
    OpenedObject { trace, outcome }
}

pub(crate) fn family(
    typ: Option<&str>,
    beside: &UncheckedAuthorizationRequest,
    client: &ClientFacts,
) -> Family {
    let typed = typ.is_some_and(|typ| {
        let jar = rules::signature_is_by_a_registered_key::TYPE;
        typ.eq_ignore_ascii_case(jar) || typ.eq_ignore_ascii_case(&format!("application/{jar}"))
    });
    let alone = beside.get("response_type").is_none() && beside.get("scope").is_none();
    if typed || alone || beside.carried().pushed || client.requests.must_be_signed {
        Family::Jar
    } else {
        Family::Core
    }
}

fn compose(ask: &ObjectAsk<'_>) -> Result<(UncheckedAuthorizationRequest, Option<SpentObject>), Reason> {
    let mut inside: Parameters = rules::members_are_parameters::read(ask)?.without("client_id");
    inside.add("client_id", ask.beside.client_id().to_owned());
    let parameters = match ask.family {
        Family::Jar => inside,
        Family::Core => inside.completed_by(ask.beside.parameters()),
    };
    let spent = rules::identifier_is_bounded::read(ask)?;
    let parameters = parameters.without("request").without("request_uri");
    Ok((
        UncheckedAuthorizationRequest::opened(parameters, ask.beside),
        spent,
    ))
}

#[cfg(test)]
mod tests;
