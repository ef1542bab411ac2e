//! The order of the rules as one readable table, and the proof that they were passed.

use std::ops::Deref;

use domain::{NameIdFormat, SamlBinding, Timestamp};

use crate::elements::{AuthnRequest, RequestedAuthnContext};
use crate::reply::ReplyTo;
use crate::rules::authn_request::{
    Asked, Rule, acs_is_registered, attribute_set_is_registered, destination_is_this_idp,
    issue_instant_is_within_clock_skew, issuer_is_the_registered_service, name_id_policy_can_be_met,
    protocol_binding_is_post_or_artifact, request_is_signed_if_demanded,
    requested_authn_context_is_understood, signature_verifies, subject_is_absent, version_is_2_0,
};
use crate::{Answer, IdpFacts, Incoming, Reason, ServiceFacts, Trace};

/// Who speaks, and where the answer goes. What fails here is answered by a page of ours and nothing else.
const WHO_ASKS: [Rule; 5] = [
    request_is_signed_if_demanded::RULE,
    issuer_is_the_registered_service::RULE,
    destination_is_this_idp::RULE,
    issue_instant_is_within_clock_skew::RULE,
    acs_is_registered::RULE,
];

/// What is asked. What fails here is answered by a Response to the endpoint that was just found registered.
const WHAT_IS_ASKED: [Rule; 6] = [
    version_is_2_0::RULE,
    protocol_binding_is_post_or_artifact::RULE,
    subject_is_absent::RULE,
    name_id_policy_can_be_met::RULE,
    requested_authn_context_is_understood::RULE,
    attribute_set_is_registered::RULE,
];

const READABLE: (&str, &str) = ("message_is_a_well_formed_authn_request", "saml-core-2.0-os 3.4.1");

/// Proof that every rule was passed. Only the tables of rules make it (here, `check_logout.rs` and `back_channel.rs`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checked<T>(T);

impl<T> Deref for Checked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Checked<T> {
    /// Every rule was passed: said by the tables of this crate and by nobody else.
    pub(crate) const fn passed(value: T) -> Self {
        Self(value)
    }

    /// The value without its proof.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// What an `AuthnRequest` asks for once it is checked: the request with everything resolved.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SignInRequest {
    /// `ID`. A second request of one service with the same identifier before [`SignInRequest::replay_until`] is a
    /// replay.
    pub id: String,
    /// The service's `entityID`.
    pub service: String,
    /// Where the answer goes.
    pub reply_to: ReplyTo,
    /// `ForceAuthn`: a session must not answer.
    pub force_authn: bool,
    /// `IsPassive`: the person must not be asked.
    pub is_passive: bool,
    /// What was asked about the authentication; unknown classes are left out.
    pub requested_authn_context: Option<RequestedAuthnContext>,
    /// The format of the name identifier to issue.
    pub name_id_format: NameIdFormat,
    /// Names of the attributes that it asks for; none means everything that it is registered for.
    pub attributes: Option<Vec<String>>,
    /// Whether a new pseudonym may be made: not where a policy is given that does not allow it (section 3.4.1.1).
    pub allow_create: bool,
    /// Whether a registered key signed it.
    pub signed: bool,
    /// By which binding it came.
    pub binding: SamlBinding,
    /// `IssueInstant`
    pub issue_instant: Timestamp,
    /// When the request is too old anyway, so that its identifier may be forgotten.
    pub replay_until: Timestamp,
}

/// A request that was not accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// Why.
    pub reason: Reason,
    /// Which rules ran.
    pub trace: Trace,
    /// Where a Response may carry the refusal to; absent when only a page of ours may.
    pub reply_to: Option<ReplyTo>,
}

/// Checks a request against the facts of the service that [`Incoming::issuer`] names.
///
/// Returns which rules ran beside the proof, or inside the refusal.
pub fn check_authn_request(
    incoming: &Incoming,
    service: &ServiceFacts,
    idp: &IdpFacts,
    now: Timestamp,
) -> Result<(Checked<SignInRequest>, Trace), Box<Refused>> {
    let mut trace = Trace::default();
    let (request, signed) = match read(incoming, service, &mut trace) {
        Ok(read) => read,
        Err(reason) => return Err(refuse(reason, trace, WHO_ASKS.iter().chain(&WHAT_IS_ASKED), None)),
    };
    let asked = Asked {
        request: &request,
        binding: incoming.binding,
        signed,
        service,
        idp,
        now,
    };
    let mut rules = WHO_ASKS.iter();
    if let Err(reason) = run(&mut rules, &asked, &mut trace) {
        return Err(refuse(reason, trace, rules.chain(&WHAT_IS_ASKED), None));
    }
    let reply_to = match acs_is_registered::resolve(&request, service) {
        Ok(acs) => ReplyTo::new(service, acs, Some(&request.id), incoming.relay_state()),
        Err(reason) => return Err(refuse(reason, trace, WHAT_IS_ASKED.iter(), None)),
    };
    let mut rules = WHAT_IS_ASKED.iter();
    if let Err(reason) = run(&mut rules, &asked, &mut trace) {
        return Err(refuse(reason, trace, rules, Some(reply_to)));
    }
    match name_id_policy_can_be_met::resolve(&request, service) {
        Ok(format) => Ok((Checked(accept(&asked, reply_to, format)), trace)),
        Err(reason) => Err(refuse(reason, trace, [].iter(), Some(reply_to))),
    }
}

/// Verifies, and reads the request from what was verified.
fn read(
    incoming: &Incoming,
    service: &ServiceFacts,
    trace: &mut Trace,
) -> Result<(AuthnRequest, bool), Reason> {
    let source =
        match signature_verifies::verify(incoming, service, signature_verifies::SecondSignature::Refused) {
            Ok(source) => source,
            Err(reason) => {
                trace.failed(
                    signature_verifies::NAME,
                    signature_verifies::CITATION,
                    reason.clone(),
                );
                trace.not_reached(READABLE.0, READABLE.1);
                return Err(reason);
            }
        };
    trace.passed(signature_verifies::NAME, signature_verifies::CITATION);
    let request = source
        .document()
        .and_then(|document| AuthnRequest::read(document.root()));
    match &request {
        Ok(_) => trace.passed(READABLE.0, READABLE.1),
        Err(reason) => trace.failed(READABLE.0, READABLE.1, reason.clone()),
    }
    Ok((request?, source.is_signed()))
}

fn run<'r>(
    rules: &mut impl Iterator<Item = &'r Rule>,
    asked: &Asked<'_>,
    trace: &mut Trace,
) -> Result<(), Reason> {
    for rule in rules {
        if let Err(reason) = (rule.check)(asked) {
            trace.failed(rule.name, rule.citation, reason.clone());
            return Err(reason);
        }
        trace.passed(rule.name, rule.citation);
    }
    Ok(())
}

fn refuse<'r>(
    reason: Reason,
    mut trace: Trace,
    rest: impl Iterator<Item = &'r Rule>,
    reply_to: Option<ReplyTo>,
) -> Box<Refused> {
    for rule in rest {
        trace.not_reached(rule.name, rule.citation);
    }
    let reply_to = reply_to.filter(|_| matches!(reason.answer(), Answer::Respond(_)));
    Box::new(Refused {
        reason,
        trace,
        reply_to,
    })
}

fn accept(asked: &Asked<'_>, reply_to: ReplyTo, name_id_format: NameIdFormat) -> SignInRequest {
    let request = asked.request;
    let known = |context: &RequestedAuthnContext| RequestedAuthnContext {
        comparison: context.comparison,
        classes: context
            .classes
            .iter()
            .filter(|class| asked.idp.authn_contexts.contains(class))
            .cloned()
            .collect(),
    };
    SignInRequest {
        id: request.id.clone(),
        service: asked.service.entity_id.clone(),
        reply_to,
        force_authn: request.force_authn,
        is_passive: request.is_passive,
        requested_authn_context: request.requested_authn_context.as_ref().map(known),
        name_id_format,
        allow_create: request
            .name_id_policy
            .as_ref()
            .is_none_or(|policy| policy.allow_create),
        attributes: attribute_set_is_registered::resolve(request, asked.service)
            .ok()
            .flatten()
            .map(|set| {
                set.attributes
                    .iter()
                    .map(|attribute| attribute.name.clone())
                    .collect()
            }),
        signed: asked.signed,
        binding: asked.binding,
        issue_instant: request.issue_instant,
        replay_until: request
            .issue_instant
            .plus_seconds(asked.idp.request_max_age_seconds)
            .plus_seconds(asked.idp.clock_skew_seconds),
    }
}

#[cfg(test)]
mod tests;
