//! Messages by SOAP: accepted, refused, attacked, and answered.

use saml::binding::artifact::Artifact;
use saml::binding::soap::{self, SoapRequest};
use saml::elements::Status;
use saml::reply::{
    Answered, Answering, Attribute, Signing, artifact_response, attribute_assertion, query_response,
};
use saml::{Qualifiers, Reason, check_artifact_resolve, check_attribute_query};
use xml::dsig::SignatureAlgorithm;

use crate::party::{
    IDP, NOW, Random, SP, attacker, idp, judged_by_schema, judged_by_xmlsec1, rsa, service, sign_rsa,
    signed_as,
};

const RSA: Signing<'static> = Signing {
    algorithm: SignatureAlgorithm::RsaSha256,
    certificate: None,
};

fn message(name: &str, inside: &str) -> String {
    format!(
        r#"<samlp:{name} xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_request" Version="2.0" IssueInstant="{NOW}"><saml:Issuer>{SP}</saml:Issuer>{inside}</samlp:{name}>"#
    )
}

fn resolve() -> String {
    let artifact = Artifact::generate(IDP, &Random).to_text();
    message(
        "ArtifactResolve",
        &format!("<samlp:Artifact>{artifact}</samlp:Artifact>"),
    )
}

fn query() -> String {
    message(
        "AttributeQuery",
        r#"<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">p_0123456789abcdef0123456789abcdef</saml:NameID></saml:Subject><saml:Attribute Name="urn:a"/><saml:Attribute Name="urn:b"/>"#,
    )
}

fn by_soap(message: &str) -> SoapRequest {
    SoapRequest::decode(&soap::encode(message.as_bytes())).unwrap()
}

fn resolve_verdict(message: &str) -> Result<(), Reason> {
    check_artifact_resolve(&by_soap(message), &service(), &idp(), NOW)
        .map(drop)
        .map_err(|refused| refused.reason)
}

fn query_verdict(message: &str) -> Result<(), Reason> {
    check_attribute_query(&by_soap(message), &service(), &idp(), NOW)
        .map(drop)
        .map_err(|refused| refused.reason)
}

#[test]
fn signed_messages_are_accepted() {
    assert_eq!(
        resolve_verdict(&signed_as("ArtifactResolve", &resolve(), rsa())),
        Ok(())
    );
    let incoming = by_soap(&signed_as("AttributeQuery", &query(), rsa()));
    let (asked, trace) = check_attribute_query(&incoming, &service(), &idp(), NOW).unwrap();
    assert_eq!(asked.name, "p_0123456789abcdef0123456789abcdef");
    assert_eq!(
        asked.attributes,
        Some(vec!["urn:a".to_owned(), "urn:b".to_owned()])
    );
    assert_eq!(asked.replay_until, NOW.plus_seconds(480));
    assert_eq!(trace.rows().len(), 7);
}

#[test]
fn nobody_is_believed_without_the_services_own_key() {
    type Verdict = fn(&str) -> Result<(), Reason>;
    let verdicts: [(&str, String, Verdict); 2] = [
        ("ArtifactResolve", resolve(), resolve_verdict),
        ("AttributeQuery", query(), query_verdict),
    ];
    for (name, plain, verdict) in verdicts {
        assert_eq!(verdict(&plain), Err(Reason::SignatureDemanded), "{name}");
        let strange = signed_as(name, &plain, attacker());
        assert_eq!(
            verdict(&strange),
            Err(Reason::Xml(xml::Reason::SignatureInvalid)),
            "{name}"
        );
        let good = signed_as(name, &plain, rsa());
        assert_eq!(verdict(&good), Ok(()), "{name}");
        for (from, to) in [
            ("Version=\"2.0\"", "Version=\"2.1\""),
            (SP, "https://evil.example/"),
        ] {
            let changed = good.replacen(from, to, 1);
            assert_ne!(changed, good);
            assert_eq!(
                verdict(&changed),
                Err(Reason::Xml(xml::Reason::DigestMismatch)),
                "{name}"
            );
        }
        let weak = good.replace(
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        );
        assert!(matches!(
            verdict(&weak),
            Err(Reason::Xml(xml::Reason::AlgorithmNotAllowed { .. }))
        ));
    }
    // One message is not the other one, though both are signed.
    let swapped = signed_as("AttributeQuery", &query(), rsa());
    assert!(matches!(
        resolve_verdict(&swapped),
        Err(Reason::NotTheMessage { .. } | Reason::UnexpectedElement { .. })
    ));
    // A version, a name and an artifact that are wrong and signed all the same: told by a status to who asked.
    for (from, to, expected) in [
        ("Version=\"2.0\"", "Version=\"1.1\"", "version_unsupported"),
        ("persistent\"", "transient\"", "name_id_format_unsupported"),
        ("\"urn:b\"", "\"urn:a\"", "invalid_value"),
        (
            "<saml:Subject>",
            "<saml:Subject><saml:EncryptedID/>",
            "unexpected_element",
        ),
    ] {
        let bent = query().replacen(from, to, 1);
        let reason = query_verdict(&signed_as("AttributeQuery", &bent, rsa())).unwrap_err();
        assert_eq!(reason.code(), expected);
    }
}

fn signature_of(message: &str) -> &str {
    let start = message.find("<ds:Signature ").unwrap();
    let end = message.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    &message[start..end]
}

/// Wrapping as it is known from responses, carried over to both messages and to their envelope, each with a fresh and with the
/// same identifier: whatever is accepted says what was signed.
#[test]
fn signature_wrapping() {
    for (name, plain, marker, evil_marker) in [
        (
            "AttributeQuery",
            query(),
            "p_0123456789abcdef0123456789abcdef",
            "p_ffffffffffffffffffffffffffffffff",
        ),
        (
            "ArtifactResolve",
            resolve(),
            "<samlp:Artifact>AAQ",
            "<samlp:Artifact>BBQ",
        ),
    ] {
        let original = signed_as(name, &plain, rsa());
        let signature = signature_of(&original);
        let bare = original.replace(signature, "");
        let extensions = |inner: &str| format!("<samlp:Extensions>{inner}</samlp:Extensions>");
        let inside = |inner: &str| signature.replace("</ds:Signature>", &format!("{inner}</ds:Signature>"));
        let mut tried = 0;
        for shape in [
            inside(&original),
            inside(&bare),
            format!("{signature}{}", extensions(&bare)),
            extensions(&original),
            original.clone(),
            format!("{signature}{bare}"),
            format!("{}{signature}", extensions(&bare)),
            inside(&format!("<ds:Object>{bare}</ds:Object>")),
            inside(&format!("<ds:Object>{original}</ds:Object>")),
            format!("{signature}{signature}"),
        ] {
            for id in ["_evil", "_request"] {
                let evil = plain
                    .replace(marker, evil_marker)
                    .replace("ID=\"_request\"", &format!("ID=\"{id}\""))
                    .replacen("</saml:Issuer>", &format!("</saml:Issuer>{shape}"), 1);
                for envelope in [
                    soap::encode(evil.as_bytes()),
                    // The original in the header, or behind the evil one.
                    wrapped(&format!("<S:Header>{original}</S:Header><S:Body>{evil}</S:Body>")),
                    wrapped(&format!("<S:Body>{evil}{original}</S:Body>")),
                    wrapped(&format!("<S:Body>{evil}</S:Body><S:Body>{original}</S:Body>")),
                ] {
                    let Ok(incoming) = SoapRequest::decode(&envelope) else {
                        continue;
                    };
                    tried += 1;
                    assert!(
                        check_attribute_query(&incoming, &service(), &idp(), NOW).is_err(),
                        "{id} {shape}"
                    );
                    assert!(
                        check_artifact_resolve(&incoming, &service(), &idp(), NOW).is_err(),
                        "{id} {shape}"
                    );
                }
            }
        }
        assert!(tried >= 20, "{tried}");
    }
}

fn wrapped(inside: &str) -> Vec<u8> {
    format!(
        r#"<S:Envelope xmlns:S="{}">{inside}</S:Envelope>"#,
        soap::NAMESPACE
    )
    .into_bytes()
}

/// Comments, processing instructions and other namespaces never make another name of a name.
#[test]
fn split_texts_and_confused_namespaces() {
    let name = "p_0123456789abcdef0123456789abcdef";
    for (from, to) in [
        (name.to_owned(), format!("{name}<!-- -->.evil")),
        (name.to_owned(), format!("{name}<?x?>.evil")),
        (name.to_owned(), format!("{name}<saml:x/>")),
        (
            "<saml:NameID ".to_owned(),
            "<saml:NameID xmlns:saml=\"urn:evil\" ".to_owned(),
        ),
        (
            "<saml:Subject>".to_owned(),
            "<saml:Subject xmlns:saml=\"urn:evil\">".to_owned(),
        ),
        (
            "Name=\"urn:b\"".to_owned(),
            "x:Name=\"urn:b\" xmlns:x=\"urn:x\"".to_owned(),
        ),
        (" ID=\"_request\"".to_owned(), " Id=\"_request\"".to_owned()),
        (" ID=\"_request\"".to_owned(), " xml:id=\"_request\"".to_owned()),
    ] {
        let good = signed_as("AttributeQuery", &query(), rsa());
        let bent = good.replacen(&from, &to, 1);
        assert_ne!(bent, good);
        let refused = SoapRequest::decode(&soap::encode(bent.as_bytes()))
            .map(|incoming| check_attribute_query(&incoming, &service(), &idp(), NOW).is_err());
        assert_ne!(refused.ok(), Some(false), "{to}");
    }
}

fn answering(idp: &saml::IdpFacts) -> Answering<'_> {
    Answering {
        idp,
        service: SP,
        in_response_to: "_request",
        now: NOW,
    }
}

/// The message of an envelope, as its own document.
fn opened(envelope: &[u8]) -> Vec<u8> {
    soap::decode_response(envelope).unwrap()
}

fn answered_query() -> Vec<u8> {
    answered_about("p_1", &Qualifiers::default())
}

fn answered_about(name: &str, beside: &Qualifiers) -> Vec<u8> {
    let idp = idp();
    let attributes = [Attribute {
        name: "urn:a".to_owned(),
        friendly_name: None,
        values: vec!["<&>".to_owned()],
    }];
    let draft = attribute_assertion(&answering(&idp), (name, beside), &attributes, 60, RSA, &Random).unwrap();
    let signature = sign_rsa(rsa(), draft.signing_input());
    let assertion = draft.attach(&signature).unwrap();
    let draft = query_response(&answering(&idp), Answered::Assertion(&assertion), RSA, &Random).unwrap();
    let signature = sign_rsa(rsa(), draft.signing_input());
    opened(&draft.attach(&signature).unwrap())
}

#[test]
fn answers_are_valid_by_the_schema_and_verify_by_xmlsec1() {
    const RESPONSE: &str = "urn:oasis:names:tc:SAML:2.0:protocol:Response";
    const AROUND: &str = "urn:oasis:names:tc:SAML:2.0:protocol:ArtifactResponse";
    const FIRST: &str = "/*/*[local-name()='Signature']";
    let response = answered_query();
    judged_by_schema(&response).unwrap();
    judged_by_xmlsec1(&response, rsa(), RESPONSE, FIRST).unwrap();

    let idp = idp();
    for inner in [Some(response.as_slice()), None] {
        let draft = artifact_response(&answering(&idp), inner, Status::SUCCESS, RSA, &Random).unwrap();
        let signature = sign_rsa(rsa(), draft.signing_input());
        let whole = opened(&draft.attach(&signature).unwrap());
        judged_by_schema(&whole).unwrap();
        // Both signatures hold: the one around, and that of the message inside at its place.
        judged_by_xmlsec1(&whole, rsa(), AROUND, FIRST).unwrap();
        judged_by_xmlsec1(&whole, attacker(), AROUND, FIRST).unwrap_err();
        if let Some(inner) = inner {
            let inside = "/*/*[local-name()='Response']/*[local-name()='Signature']";
            judged_by_xmlsec1(&whole, rsa(), RESPONSE, inside).unwrap();
            let text = String::from_utf8(whole.clone()).unwrap();
            assert!(text.contains(std::str::from_utf8(inner).unwrap()));
        }
    }
    let draft = query_response(
        &answering(&idp),
        Answered::Status(Status::UNKNOWN_PRINCIPAL),
        RSA,
        &Random,
    )
    .unwrap();
    let signature = sign_rsa(rsa(), draft.signing_input());
    judged_by_schema(&opened(&draft.attach(&signature).unwrap())).unwrap();
}

/// core-2.0-os section 3.3.4: the identifier of an answer's subject has the content and the attributes of the one in the query, no more and
/// no fewer.
#[test]
fn the_subject_of_an_answer_is_the_one_of_the_query() {
    let persistent = r#"Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent""#;
    for beside in [
        String::new(),
        format!(r#" NameQualifier="{IDP}""#),
        format!(r#" SPNameQualifier="{SP}""#),
        format!(r#" NameQualifier="{IDP}" SPNameQualifier="{SP}""#),
        r#" SPProvidedID="customer 7""#.to_owned(),
        format!(r#" NameQualifier="{IDP}" SPNameQualifier="{SP}" SPProvidedID="customer 7""#),
    ] {
        let asked = query().replace(persistent, &format!("{persistent}{beside}"));
        let incoming = by_soap(&signed_as("AttributeQuery", &asked, rsa()));
        let (checked, _) = check_attribute_query(&incoming, &service(), &idp(), NOW).unwrap();
        let answer = answered_about(&checked.name, &checked.qualifiers);
        judged_by_schema(&answer).unwrap();
        let identifier = |octets: &[u8]| {
            let document = xml::Document::parse(octets, &xml::Limits::message()).unwrap();
            let text = String::from_utf8(xml::canonicalise(document.root(), &[]).unwrap()).unwrap();
            let begin = text.find("<saml:NameID ").unwrap();
            let end = text.find("</saml:NameID>").unwrap();
            text[begin..end].to_owned()
        };
        assert_eq!(identifier(&answer), identifier(asked.as_bytes()), "{beside}");
    }
}
