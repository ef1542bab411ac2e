//! The order of the rules for logout messages as one readable table.

use domain::{NameIdFormat, SloBinding, Timestamp};
use serde::{Deserialize, Serialize};

use crate::binding::IncomingLogout;
use crate::check::Checked;
use crate::elements::{LogoutRequest, LogoutResponse, Principal, TopStatus};
use crate::names::name_id_format;
use crate::rules::authn_request::signature_verifies::{self, SecondSignature};
use crate::rules::logout_message::{
    self, Header, Heard, destination_is_this_idp, issue_instant_is_within_clock_skew,
    issuer_is_the_registered_service, message_is_signed, version_is_2_0,
};
use crate::rules::logout_request::{self, Asked, not_on_or_after_is_ahead, principal_is_named_as_issued};
use crate::rules::logout_response::{self, Answered, it_answers_our_request};
use crate::{Answer, IdpFacts, Reason, ServiceFacts, Trace};

/// Who speaks, to whom, and when. What fails here is answered to nobody: not even that it was read.
const WHO_SPEAKS: [logout_message::Rule; 4] = [
    message_is_signed::RULE,
    issuer_is_the_registered_service::RULE,
    destination_is_this_idp::RULE,
    issue_instant_is_within_clock_skew::RULE,
];

/// What fails from here on is answered by a response, where the service has an endpoint for it.
const WHICH_SAML: [logout_message::Rule; 1] = [version_is_2_0::RULE];

/// What is asked.
const WHAT_IS_ASKED: [logout_request::Rule; 2] =
    [not_on_or_after_is_ahead::RULE, principal_is_named_as_issued::RULE];

/// What is answered.
const WHAT_IS_ANSWERED: [logout_response::Rule; 1] = [it_answers_our_request::RULE];

const READABLE: (&str, &str) = (
    "message_is_a_well_formed_logout_message",
    "saml-core-2.0-os 3.7.1, 3.7.2",
);

/// Where a logout response goes and what it answers. Only a check makes it; it survives storage in between.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogoutReplyTo {
    binding: SloBinding,
    location: Option<String>,
    in_response_to: String,
    relay_state: Option<String>,
}

impl LogoutReplyTo {
    /// The registered endpoint for responses: by the binding of the request where the service has one, else by another through the
    /// browser. By SOAP the answer goes back on the connection, and has no address.
    fn find(incoming: &IncomingLogout, service: &ServiceFacts, request: &str) -> Option<Self> {
        let binding = incoming.binding();
        let front = [binding, SloBinding::HttpRedirect, SloBinding::HttpPost]
            .into_iter()
            .filter(|binding| *binding != SloBinding::Soap)
            .find_map(|binding| service.logout_endpoint(binding));
        let (binding, location) = match (binding, front) {
            (SloBinding::Soap, _) => (SloBinding::Soap, None),
            (_, Some(endpoint)) => {
                let location = endpoint.response_location.as_ref().unwrap_or(&endpoint.location);
                (endpoint.binding, Some(location.clone()))
            }
            (_, None) => return None,
        };
        Some(Self {
            binding,
            location,
            in_response_to: request.to_owned(),
            relay_state: incoming.relay_state().map(str::to_owned),
        })
    }

    /// By which binding.
    pub fn binding(&self) -> SloBinding {
        self.binding
    }

    /// The registered location; none by SOAP.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The request's `ID`.
    pub fn in_response_to(&self) -> &str {
        &self.in_response_to
    }

    /// `RelayState`, as it came.
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }
}

/// What a `LogoutRequest` asks for once it is checked.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct SignOutRequest {
    /// `ID`. A second request of one service with the same identifier before [`SignOutRequest::replay_until`] is a replay.
    pub id: String,
    /// The format of the name, where the service gave it.
    pub format: Option<NameIdFormat>,
    /// The name: to be found exactly so among those that were issued to this service.
    pub name: String,
    /// The sessions meant; none means all of the person's at this service.
    pub session_indexes: Vec<String>,
    /// Where the response goes; none when the service has no endpoint for it.
    pub reply_to: Option<LogoutReplyTo>,
    /// When the request is too old anyway, so that its identifier may be forgotten.
    pub replay_until: Timestamp,
}

impl std::fmt::Debug for SignOutRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignOutRequest")
            .field("id", &self.id)
            .field("reply_to", &self.reply_to)
            .finish_non_exhaustive()
    }
}

/// What a service says of a logout once it is checked.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SignOutAnswer {
    /// Whether it ended its session.
    pub ended: bool,
    /// When the response is too old anyway.
    pub replay_until: Timestamp,
    /// `ID` of the response.
    pub id: String,
}

/// A logout message that was not accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutRefused {
    /// Why.
    pub reason: Reason,
    /// Which rules ran.
    pub trace: Trace,
    /// Where a response may carry the refusal to; absent when only a page of ours may.
    pub reply_to: Option<LogoutReplyTo>,
}

impl LogoutRefused {
    fn new(reason: Reason, trace: Trace, reply_to: Option<LogoutReplyTo>) -> Box<Self> {
        let reply_to = reply_to.filter(|_| matches!(reason.answer(), Answer::Respond(_)));
        Box::new(Self {
            reason,
            trace,
            reply_to,
        })
    }
}

/// Checks a request against the facts of the service that [`IncomingLogout::issuer`] names.
pub fn check_logout_request(
    incoming: &IncomingLogout,
    service: &ServiceFacts,
    idp: &IdpFacts,
    now: Timestamp,
) -> Result<(Checked<SignOutRequest>, Trace), Box<LogoutRefused>> {
    let mut trace = Trace::default();
    let request = |document: &xml::Document<'_>| LogoutRequest::read(document.root());
    let (request, signed) = match read(incoming, service, &mut trace, request) {
        Ok(read) => read,
        Err(reason) => return Err(LogoutRefused::new(reason, trace, None)),
    };
    let heard = Heard {
        header: Header::of_request(&request),
        binding: incoming.binding(),
        signed,
        service,
        idp,
        now,
    };
    if let Err(reason) = run(
        &WHO_SPEAKS,
        |rule| (rule.name, rule.citation, (rule.check)(&heard)),
        &mut trace,
    ) {
        return Err(LogoutRefused::new(reason, trace, None));
    }
    // By SOAP an answer is part of the exchange.
    let wants_no_answer = request.is_asynchronous && incoming.binding() != SloBinding::Soap;
    let reply_to = LogoutReplyTo::find(incoming, service, &request.id).filter(|_| !wants_no_answer);
    let asked = Asked {
        request: &request,
        service,
        idp,
        now,
    };
    let rest = run(
        &WHICH_SAML,
        |rule| (rule.name, rule.citation, (rule.check)(&heard)),
        &mut trace,
    )
    .and_then(|()| {
        run(
            &WHAT_IS_ASKED,
            |rule| (rule.name, rule.citation, (rule.check)(&asked)),
            &mut trace,
        )
    });
    let name = match (rest, &request.principal) {
        (Ok(()), Principal::Named(name)) => name,
        (Ok(()), _) => return Err(LogoutRefused::new(Reason::PrincipalUnreadable, trace, reply_to)),
        (Err(reason), _) => return Err(LogoutRefused::new(reason, trace, reply_to)),
    };
    let accepted = SignOutRequest {
        id: request.id.clone(),
        format: name.format.as_deref().and_then(name_id_format),
        name: name.value.clone(),
        session_indexes: request.session_indexes.clone(),
        reply_to,
        replay_until: replay_until(request.issue_instant, idp),
    };
    Ok((Checked::passed(accepted), trace))
}

/// Checks a response to the request with this `ID`, which was sent to this service.
pub fn check_logout_response(
    incoming: &IncomingLogout,
    sent: &str,
    service: &ServiceFacts,
    idp: &IdpFacts,
    now: Timestamp,
) -> Result<(Checked<SignOutAnswer>, Trace), Box<LogoutRefused>> {
    let mut trace = Trace::default();
    let response = |document: &xml::Document<'_>| LogoutResponse::read(document.root());
    let (response, signed) = match read(incoming, service, &mut trace, response) {
        Ok(read) => read,
        Err(reason) => return Err(LogoutRefused::new(reason, trace, None)),
    };
    let heard = Heard {
        header: Header::of_response(&response),
        binding: incoming.binding(),
        // By SOAP the connection that we opened to the registered address, under TLS, says who answers (profiles section 4.4.4.2 wants a
        // signature only where the binding authenticates nobody; mod_auth_mellon and others leave it out).
        signed: signed || incoming.binding() == SloBinding::Soap,
        service,
        idp,
        now,
    };
    let answered = Answered {
        response: &response,
        request: sent,
    };
    let verdict = run(
        &WHO_SPEAKS,
        |rule| (rule.name, rule.citation, (rule.check)(&heard)),
        &mut trace,
    )
    .and_then(|()| {
        run(
            &WHICH_SAML,
            |rule| (rule.name, rule.citation, (rule.check)(&heard)),
            &mut trace,
        )
    })
    .and_then(|()| {
        run(
            &WHAT_IS_ANSWERED,
            |rule| (rule.name, rule.citation, (rule.check)(&answered)),
            &mut trace,
        )
    });
    if let Err(reason) = verdict {
        return Err(LogoutRefused::new(reason, trace, None));
    }
    let accepted = SignOutAnswer {
        ended: response.status.first().map(String::as_str) == Some(TopStatus::Success.uri()),
        replay_until: replay_until(response.issue_instant, idp),
        id: response.id,
    };
    Ok((Checked::passed(accepted), trace))
}

fn replay_until(issued: Timestamp, idp: &IdpFacts) -> Timestamp {
    issued
        .plus_seconds(idp.request_max_age_seconds)
        .plus_seconds(idp.clock_skew_seconds)
}

/// Verifies, and reads the message from what was verified.
fn read<T>(
    incoming: &IncomingLogout,
    service: &ServiceFacts,
    trace: &mut Trace,
    reader: impl Fn(&xml::Document<'_>) -> Result<T, Reason>,
) -> Result<(T, bool), Reason> {
    let second = if incoming.is_response() {
        SecondSignature::PassedOver
    } else {
        SecondSignature::Refused
    };
    let source = match signature_verifies::verify(&incoming.incoming, service, second) {
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
    let message = source.document().and_then(|document| reader(&document));
    match &message {
        Ok(_) => trace.passed(READABLE.0, READABLE.1),
        Err(reason) => trace.failed(READABLE.0, READABLE.1, reason.clone()),
    }
    Ok((message?, source.is_signed()))
}

/// Runs rules in order until one fails.
fn run<R>(
    rules: &[R],
    check: impl Fn(&R) -> (&'static str, &'static str, Result<(), Reason>),
    trace: &mut Trace,
) -> Result<(), Reason> {
    let mut rules = rules.iter();
    for rule in rules.by_ref() {
        let (name, citation, verdict) = check(rule);
        if let Err(reason) = verdict {
            trace.failed(name, citation, reason.clone());
            for rest in rules {
                let (name, citation, _) = check(rest);
                trace.not_reached(name, citation);
            }
            return Err(reason);
        }
        trace.passed(name, citation);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &str) -> Vec<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src/rules")
            .join(folder);
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| {
                Some(
                    entry
                        .unwrap()
                        .file_name()
                        .to_str()?
                        .strip_suffix(".rs")?
                        .to_owned(),
                )
            })
            .filter(|name| name != "mod")
            .collect();
        files.sort_unstable();
        files
    }

    #[test]
    fn every_rule_file_is_a_row() {
        let mut message: Vec<&str> = WHO_SPEAKS
            .iter()
            .chain(&WHICH_SAML)
            .map(|rule| rule.name)
            .collect();
        message.sort_unstable();
        assert_eq!(files("logout_message"), message);
        let request: Vec<&str> = WHAT_IS_ASKED.iter().map(|rule| rule.name).collect();
        assert_eq!(files("logout_request"), request);
        let response: Vec<&str> = WHAT_IS_ANSWERED.iter().map(|rule| rule.name).collect();
        assert_eq!(files("logout_response"), response);
    }
}
