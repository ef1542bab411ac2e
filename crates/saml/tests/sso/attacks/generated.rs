//! Signature wrapping of every message that a service signs, by every permutation of [`sim::xml_wrapping`]: whatever is accepted says
//! exactly what was signed, and where nothing is signed nothing is accepted that a service's own rules do not let through unsigned.

use saml::binding::soap::{self, SoapRequest};
use saml::{
    IncomingLogout, Reason, check_artifact_resolve, check_attribute_query, check_authn_request,
    check_logout_request,
};
use sim::xml_wrapping::Wrapping;

use domain::{AcsBinding, AcsEndpoint};

use super::naive;
use crate::party::{ACS, NOW, SP, SSO_POST, form, idp, posted, request, rsa, service, signed_as};

/// Another place of the same service. It is registered, so that a wrapped request would be answered there, and not refused for its address.
const SECOND: &str = "https://sp.example/second";

fn with_two_places() -> saml::ServiceFacts {
    let mut service = service();
    service.assertion_consumer_services.push(AcsEndpoint {
        binding: AcsBinding::HttpPost,
        index: 1,
        location: SECOND.to_owned(),
        is_default: None,
    });
    service
}

/// What a message says once it is believed, as one text.
type Said = fn(&str) -> Result<String, Reason>;

struct Kind {
    element: &'static str,
    plain: String,
    forged: (&'static str, &'static str),
    said: Said,
}

fn message(name: &str, attributes: &str, inside: &str) -> String {
    format!(
        r#"<samlp:{name} xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_request" Version="2.0" IssueInstant="{NOW}"{attributes}><saml:Issuer>{SP}</saml:Issuer>{inside}</samlp:{name}>"#
    )
}

fn asked_by_post(document: &str) -> Result<String, Reason> {
    check_authn_request(&posted(document), &with_two_places(), &idp(), NOW)
        .map(|(checked, _)| format!("{:?}", *checked))
        .map_err(|refused| refused.reason)
}

fn logout_said(incoming: &IncomingLogout) -> Result<String, Reason> {
    check_logout_request(incoming, &service(), &idp(), NOW)
        .map(|(checked, _)| {
            let (id, name, indexes) = (&checked.id, &checked.name, &checked.session_indexes);
            format!("{id} {name} {indexes:?}")
        })
        .map_err(|refused| refused.reason)
}

fn logout_by_post(document: &str) -> Result<String, Reason> {
    logout_said(&IncomingLogout::post(&form(document))?)
}

fn logout_by_soap(document: &str) -> Result<String, Reason> {
    logout_said(&IncomingLogout::soap_request(&soap::encode(document.as_bytes()))?)
}

fn resolve_by_soap(document: &str) -> Result<String, Reason> {
    let incoming = SoapRequest::decode(&soap::encode(document.as_bytes()))?;
    check_artifact_resolve(&incoming, &service(), &idp(), NOW)
        .map(|(checked, _)| format!("{} {}", checked.id, checked.artifact.to_text()))
        .map_err(|refused| refused.reason)
}

fn query_by_soap(document: &str) -> Result<String, Reason> {
    let incoming = SoapRequest::decode(&soap::encode(document.as_bytes()))?;
    check_attribute_query(&incoming, &service(), &idp(), NOW)
        .map(|(checked, _)| format!("{} {} {:?}", checked.id, checked.name, checked.attributes))
        .map_err(|refused| refused.reason)
}

/// SHA-1 of the entity identifier of these tests' platform stands inside; see `binding/artifact.rs`.
fn artifact(last: u8) -> String {
    let source = "177bc22a39b95668689e7a9ca2b04b9bec3ad24a";
    let mut octets = vec![0, 4, 0, 0];
    octets.extend(
        (0..40)
            .step_by(2)
            .map(|at| u8::from_str_radix(&source[at..at + 2], 16).unwrap()),
    );
    octets.extend([last; 20]);
    xml::encode_base64(&octets)
}

fn name(value: &str) -> String {
    format!(
        r#"<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{value}</saml:NameID>"#
    )
}

fn kinds() -> Vec<Kind> {
    let logout = || {
        let inside = format!(
            "{}<samlp:SessionIndex>i-1</samlp:SessionIndex>",
            name("p_mallory")
        );
        message(
            "LogoutRequest",
            " Destination=\"https://idp.example/saml/slo\"",
            &inside,
        )
    };
    let by_soap = logout().replace("/saml/slo\"", "/saml/slo/soap\"");
    let (mine, theirs): (&str, &str) = ("p_mallory", "p_victim0");
    vec![
        Kind {
            element: "AuthnRequest",
            plain: request(SSO_POST, ""),
            forged: (ACS, SECOND),
            said: asked_by_post,
        },
        Kind {
            element: "LogoutRequest",
            plain: logout(),
            forged: (mine, theirs),
            said: logout_by_post,
        },
        Kind {
            element: "LogoutRequest",
            plain: by_soap,
            forged: (mine, theirs),
            said: logout_by_soap,
        },
        Kind {
            element: "ArtifactResolve",
            plain: message(
                "ArtifactResolve",
                "",
                &format!("<samlp:Artifact>{}</samlp:Artifact>", artifact(7)),
            ),
            forged: ("BwcHBwcHBwcHBwcHBwcH", "CAgICAgICAgICAgICAgI"),
            said: resolve_by_soap,
        },
        Kind {
            element: "AttributeQuery",
            plain: message(
                "AttributeQuery",
                "",
                &format!(
                    "<saml:Subject>{}</saml:Subject><saml:Attribute Name=\"urn:a\"/>",
                    name(mine)
                ),
            ),
            forged: (mine, theirs),
            said: query_by_soap,
        },
    ]
}

fn signature_of(message: &str) -> &str {
    let start = message.find("<ds:Signature ").unwrap();
    let end = message.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    &message[start..end]
}

#[test]
fn whatever_is_accepted_says_what_was_signed() {
    let keys = service().signing_keys;
    for kind in kinds() {
        let signed = signed_as(kind.element, &kind.plain, rsa());
        let expected = (kind.said)(&signed).unwrap();
        // The forged one would be believed, were it signed: nothing else about it is wrong but whose it is.
        let by_its_service = kind.plain.replace(kind.forged.0, kind.forged.1);
        let otherwise = (kind.said)(&signed_as(kind.element, &by_its_service, rsa())).unwrap();
        assert_ne!(otherwise, expected);
        let forged = signed.replace(kind.forged.0, kind.forged.1);
        assert_eq!(
            (kind.said)(&forged),
            Err(Reason::Xml(xml::Reason::DigestMismatch))
        );
        let wrapping = Wrapping {
            document: &signed,
            signed: &signed,
            signature: signature_of(&signed),
            id: "_request",
            forged: kind.forged,
        };
        let (mut tried, mut accepted, mut fools) = (0, 0, 0);
        let mut judge = |what: &str, document: &str| {
            tried += 1;
            match (kind.said)(document) {
                Ok(said) => {
                    assert_eq!(said, expected, "{what}\n{document}");
                    accepted += 1;
                }
                // A sample of those that are refused: would they have fooled a reader of the other kind?
                Err(_) if tried % 8 == 0 => {
                    fools += usize::from(naive::is_fooled(document, &keys, kind.forged));
                }
                Err(_) => {}
            }
        };
        wrapping.each(3, &mut judge);
        wrapping.drawn(2_000, 20_261_121, &mut judge);
        let element = kind.element;
        eprintln!(
            "{element}: {tried} tried, {accepted} accepted as signed, {fools} of an eighth fool a naive reader"
        );
        assert!(tried > 5_000, "{element}: {tried}");
        assert!(fools > 20, "{element}: {fools} permutations fool a naive reader");
        // What is accepted hides the forged one in KeyInfo, which nobody reads; anything more would be a surprise.
        assert!(accepted * 20 < tried, "{element}: {accepted} of {tried} accepted");
    }
}

/// The same around the envelope of SOAP: the message is the one child of the one body, wherever others stand.
#[test]
fn a_second_message_in_the_envelope_is_no_message() {
    let query = &kinds()[4];
    let signed = signed_as(query.element, &query.plain, rsa());
    let evil = signed.replace(query.forged.0, query.forged.1);
    let bare_evil = evil.replacen(signature_of(&evil), "", 1);
    let around = String::from_utf8(soap::encode(signed.as_bytes())).unwrap();
    let said = |envelope: &str| {
        let incoming = SoapRequest::decode(envelope.as_bytes())?;
        check_attribute_query(&incoming, &service(), &idp(), NOW)
            .map(|(checked, _)| checked.name.clone())
            .map_err(|refused| refused.reason)
    };
    assert_eq!(said(&around), Ok("p_mallory".to_owned()));
    let mut accepted = 0;
    for evil in [&evil, &bare_evil] {
        for id in ["_request", "_evil"] {
            let evil = evil.replacen("_request", id, 1);
            for cover in ["", "soap11:Header", "soap11:Body", "soap11:Envelope"] {
                let (before, behind) = match cover {
                    "" => (String::new(), String::new()),
                    name => (
                        format!("<{name} xmlns:soap11=\"{}\">", soap::NAMESPACE),
                        format!("</{name}>"),
                    ),
                };
                for (at, _) in around.match_indices('<') {
                    let envelope = format!("{}{before}{evil}{behind}{}", &around[..at], &around[at..]);
                    if let Ok(name) = said(&envelope) {
                        assert_eq!(name, "p_mallory", "{envelope}");
                        accepted += 1;
                    }
                }
            }
        }
    }
    assert!(
        accepted > 0,
        "in a header block, which is not heeded, it is not read"
    );
}
