//! What is noted of SAML: requests through the browser, messages by SOAP.

use std::net::IpAddr;

use domain::{Fact, Reference, Service};
use saml::elements::{Status, TopStatus};
use saml::{Reason, Trace, Verdict};

use super::{Exchange, Judged, JudgedRule};
use crate::app::App;

/// Rules that say who sent a message.
const SIGNATURES: [&str; 2] = ["signature_verifies", "message_is_signed_by_the_service"];

/// A message that was refused.
pub struct RefusedMessage<'a> {
    /// Whose message.
    pub service: &'a Service,
    /// Which: `authn_request`, `logout_request`, …
    pub word: &'static str,
    /// Why.
    pub reason: &'a Reason,
    /// By which rule.
    pub trace: &'a Trace,
    /// What was compared.
    pub facts: Vec<Fact>,
    /// What was answered; `None`: a page, or a fault.
    pub status: Option<Status>,
    /// Whether it came by SOAP: then there is no page.
    pub by_soap: bool,
}

/// The stable word for a reason: what is wrong with a signature is told apart from what is no XML.
pub(super) const fn code(reason: &Reason) -> &'static str {
    match reason {
        Reason::Xml(xml::Reason::SignatureInvalid) => "signature_invalid",
        Reason::Xml(xml::Reason::DigestMismatch) => "digest_mismatch",
        Reason::Xml(xml::Reason::NoKey) => "no_key",
        Reason::Xml(xml::Reason::ReferenceElsewhere) => "reference_elsewhere",
        other => other.code(),
    }
}

/// Notes it, under the reference that its page or answer tells.
pub fn note(app: &App, message: RefusedMessage<'_>, reference: &Reference, peer: Option<IpAddr>) -> bool {
    let rules: Vec<JudgedRule> = message.trace.rows().iter().map(rule).collect();
    let signed = message.facts.iter().any(|fact| {
        fact.name == "signature" && !matches!(&fact.value, domain::FactValue::Text(kind) if kind == "none")
    });
    let proven = signed
        && rules
            .iter()
            .any(|rule| SIGNATURES.contains(&rule.rule.as_str()) && rule.verdict == Judged::Passed);
    let silent = if message.by_soap { "soap_fault" } else { "page" };
    let exchange = Exchange {
        reference: reference.clone(),
        at: app.clock.now(),
        service: Some(message.service.id.clone()),
        protocol: "saml".to_owned(),
        exchange: message.word.to_owned(),
        proven,
        reason: code(message.reason).to_owned(),
        detail: message.reason.to_string(),
        answered: Some(message.status.map_or(silent, word).to_owned()),
        rules,
    };
    app.note(exchange.with_facts(message.facts), peer).is_some()
}

/// Who sent a message whose rules were all passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sender {
    /// The service: it is signed, or had to be.
    Service,
    /// Perhaps anybody, from this address.
    Anybody(Option<IpAddr>),
}

/// A message whose rules were all passed, and that was refused for what is known beyond it.
pub fn note_beyond(
    app: &App,
    (service, word, sender): (&Service, &'static str, Sender),
    (code, detail): (&'static str, &'static str),
    (rule, cites): (&'static str, &'static str),
    reference: &Reference,
) {
    let exchange = Exchange {
        reference: reference.clone(),
        at: app.clock.now(),
        service: Some(service.id.clone()),
        protocol: "saml".to_owned(),
        exchange: word.to_owned(),
        proven: sender == Sender::Service,
        reason: code.to_owned(),
        detail: detail.to_owned(),
        answered: None,
        rules: vec![
            JudgedRule::new("every_rule_of_the_message", "saml-core-2.0-os", Judged::Passed),
            JudgedRule::new(rule, cites, Judged::Refused),
        ],
    };
    let peer = match sender {
        Sender::Service => None,
        Sender::Anybody(peer) => peer,
    };
    app.note(exchange, peer);
}

/// A link to a sign-in that nobody asked for (profiles-2.0-os section 4.1.5), and that leads nowhere.
pub fn note_unsolicited(
    app: &App,
    (service, peer): (&Service, Option<IpAddr>),
    reason: &Reason,
    reference: &Reference,
) {
    let exchange = Exchange {
        reference: reference.clone(),
        at: app.clock.now(),
        service: Some(service.id.clone()),
        protocol: "saml".to_owned(),
        exchange: "unsolicited".to_owned(),
        proven: false,
        reason: code(reason).to_owned(),
        detail: reason.to_string(),
        answered: Some("page".to_owned()),
        rules: vec![JudgedRule::new(
            "a_sign_in_may_begin_here",
            "saml-profiles-2.0-os 4.1.5",
            Judged::Refused,
        )],
    };
    app.note(exchange, peer);
}

/// A request that was accepted, for contexts of which none can be reached.
pub fn out_of_reach(
    app: &App,
    service: &Service,
    (asked, signed): (&[String], bool),
    reference: &Reference,
    peer: Option<IpAddr>,
) {
    let known = policy::answered_contexts()
        .map(|context| context.name)
        .filter(|name| policy::is_uri(name));
    let exchange = Exchange {
        reference: reference.clone(),
        at: app.clock.now(),
        service: Some(service.id.clone()),
        protocol: "saml".to_owned(),
        exchange: "authn_request".to_owned(),
        proven: signed,
        reason: "authn_context_out_of_reach".to_owned(),
        detail: "none of the requested authentication contexts can be reached".to_owned(),
        answered: Some(word(Status::NO_AUTHN_CONTEXT).to_owned()),
        rules: vec![
            JudgedRule::new(
                "every_rule_of_the_message",
                "saml-core-2.0-os 3.4.1",
                Judged::Passed,
            ),
            JudgedRule::new(
                "requested_authn_context_can_be_reached",
                "saml-core-2.0-os 3.3.2.2.1",
                Judged::Refused,
            ),
        ],
    };
    let facts = vec![
        Fact::list("contexts_asked", asked.iter().map(String::as_str)),
        Fact::list("contexts_known", known),
    ];
    app.note(exchange.with_facts(facts), peer);
}

/// The last part of a status' name.
fn word(status: Status) -> &'static str {
    let uri = status
        .second
        .map_or_else(|| top(status.top), saml::elements::SecondStatus::uri);
    uri.rsplit(':').next().unwrap_or(uri)
}

const fn top(status: TopStatus) -> &'static str {
    status.uri()
}

fn rule(row: &saml::TraceRow) -> JudgedRule {
    let verdict = match &row.verdict {
        Verdict::Passed => Judged::Passed,
        Verdict::Failed { .. } => Judged::Refused,
        _ => Judged::NotReached,
    };
    JudgedRule::new(row.rule, row.citation, verdict)
}
