//! What a refusal rests on, for the developer of the service: which digest over which octets, which keys were tried, destination,
//! issuer, endpoint and clock, beside the rules of the trace.
//!
//! **Owns** the wording of facts about messages. **Deliberately absent**: any judgement (the rules made it before; here what they
//! compared is read once more), and everything about a person: names, indexes and attributes are never looked at.
//!
//! **One more fact**: a line in the function of its message, with its unit in its name.

use aws_lc_rs::digest::{SHA256, digest};
use domain::{Fact, Timestamp};
use xml::dsig::{Inspection, NAMESPACE, VerificationKey};
use xml::{Document, Element, Limits};

use crate::binding::soap::SoapRequest;
use crate::binding::{DetachedSignature, Incoming, IncomingLogout};
use crate::elements::date_time;
use crate::names::ASSERTION;
use crate::{IdpFacts, ServiceFacts};

/// An `AuthnRequest`, against the facts that it was judged by.
pub fn authn_request(
    incoming: &Incoming,
    service: &ServiceFacts,
    idp: &IdpFacts,
    now: Timestamp,
) -> Vec<Fact> {
    let expected = idp.sso_location(incoming.binding);
    of_octets(incoming, (service, idp, now), expected, true)
}

/// A logout message, likewise.
pub fn logout(
    incoming: &IncomingLogout,
    service: &ServiceFacts,
    idp: &IdpFacts,
    now: Timestamp,
) -> Vec<Fact> {
    let expected = idp.slo_location(incoming.binding);
    of_octets(&incoming.incoming, (service, idp, now), expected, false)
}

/// A message by SOAP to an endpoint of ours, likewise.
pub fn back_channel(
    incoming: &SoapRequest,
    endpoint: &str,
    service: &ServiceFacts,
    idp: &IdpFacts,
    now: Timestamp,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let looked = incoming.look(|root| {
        signature(root, (service, true), &mut facts);
        head(root, (service, idp, now), endpoint, &mut facts);
    });
    if looked.is_err() {
        facts.push(Fact::flag("message_can_be_read", false));
    }
    facts
}

type Against<'a> = (&'a ServiceFacts, &'a IdpFacts, Timestamp);

fn of_octets(incoming: &Incoming, against: Against<'_>, expected: &str, sso: bool) -> Vec<Fact> {
    let mut facts = vec![Fact::count("message_octets", incoming.xml.len())];
    let Ok(document) = Document::parse(&incoming.xml, &Limits::message()) else {
        facts.push(Fact::flag("message_can_be_read", false));
        return facts;
    };
    let root = document.root();
    match &incoming.detached {
        Some(shown) => detached(shown, against.0, &mut facts),
        // Every logout message must be signed; an AuthnRequest where the service says so.
        None => signature(
            root,
            (against.0, !sso || against.0.authn_requests_signed),
            &mut facts,
        ),
    }
    head(root, against, expected, &mut facts);
    if sso {
        endpoint(root, against.0, &mut facts);
    }
    facts
}

/// Over which octets the signature beside the message is, and with which keys it was tried.
fn detached(shown: &DetachedSignature, service: &ServiceFacts, facts: &mut Vec<Fact>) {
    facts.extend([
        Fact::text("signature", "detached"),
        Fact::text("algorithm_given", shown.algorithm.uri()),
        Fact::count("signed_octets", shown.octets.len()),
        Fact::hex("signed_sha256", digest(&SHA256, &shown.octets).as_ref()),
    ]);
    facts.push(keys(service));
}

/// Which digest over which octets, and with which keys the signature in the message was tried.
fn signature(root: Element<'_>, (service, demanded): (&ServiceFacts, bool), facts: &mut Vec<Fact>) {
    let inside = root
        .elements()
        .is_ok_and(|all| all.iter().any(|child| child.is(NAMESPACE, "Signature")));
    if !inside {
        facts.push(Fact::text("signature", "none"));
        facts.push(Fact::flag("signature_demanded", demanded));
        return;
    }
    facts.push(Fact::text("signature", "enveloped"));
    if let Ok(seen) = Inspection::of(root) {
        facts.extend([
            Fact::text("algorithm_given", seen.algorithm.uri()),
            Fact::text("digest_algorithm_given", seen.digest_algorithm.uri()),
            Fact::hex("digest_claimed", &seen.digest_claimed),
            Fact::hex("digest_computed", &seen.digest_computed),
            Fact::count("digest_over_canonical_octets", seen.canonical_octets),
            Fact::count("signature_over_canonical_octets", seen.signed_info_octets),
            Fact::hex("signature_over_sha256", &seen.signed_info_sha256),
            Fact::flag(
                "reference_is_the_message",
                seen.reference == format!("#{}", seen.id),
            ),
        ]);
    }
    facts.push(keys(service));
}

/// The registered keys, by the SHA-256 of their `SubjectPublicKeyInfo`: all are tried, in this order.
fn keys(service: &ServiceFacts) -> Fact {
    let named: Vec<String> = service.signing_keys.iter().map(key_name).collect();
    Fact::list("keys_tried", named.iter().map(String::as_str))
}

fn key_name(key: &VerificationKey) -> String {
    use std::fmt::Write as _;
    let mut text = format!("{} sha256:", key.kind());
    for octet in key.spki_sha256() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02x}");
    }
    text
}

/// Who, where to, and when.
fn head(root: Element<'_>, (service, idp, now): Against<'_>, expected: &str, facts: &mut Vec<Fact>) {
    facts.push(Fact::text("message", root.local_name()));
    facts.push(Fact::address("destination_expected", expected));
    match root.attribute("Destination") {
        Some(given) => facts.push(Fact::address("destination_given", given)),
        None => facts.push(Fact::flag("destination_is_there", false)),
    }
    facts.push(Fact::text("issuer_expected", &service.entity_id));
    let issuer = root.elements().ok().and_then(|all| {
        let first = all.first().copied()?;
        first.is(ASSERTION, "Issuer").then(|| first.text().ok())?
    });
    facts.extend(issuer.map(|given| Fact::text("issuer_given", given.trim())));
    facts.extend(
        root.attribute("Version")
            .map(|given| Fact::text("version_given", given)),
    );
    if let Some(Ok(at)) = root
        .attribute("IssueInstant")
        .map(|given| date_time("IssueInstant", given))
    {
        facts.push(Fact::number("issued_in_seconds", at.seconds_since(now)));
    }
    facts.push(Fact::number("age_allowed_seconds", idp.request_max_age_seconds));
    facts.push(Fact::number(
        "clock_difference_allowed_seconds",
        idp.clock_skew_seconds,
    ));
}

/// Where the answer shall go, and where it may.
fn endpoint(root: Element<'_>, service: &ServiceFacts, facts: &mut Vec<Fact>) {
    facts.extend(
        root.attribute("AssertionConsumerServiceURL")
            .map(|given| Fact::address("acs_given", given)),
    );
    facts.extend(
        root.attribute("AssertionConsumerServiceIndex")
            .map(|given| Fact::text("acs_index_given", given)),
    );
    facts.extend(
        root.attribute("ProtocolBinding")
            .map(|given| Fact::text("binding_given", given)),
    );
    facts.push(Fact::addresses(
        "acs_registered",
        service
            .assertion_consumer_services
            .iter()
            .map(|acs| acs.location.as_str()),
    ));
}
