//! One canonical sample, and the tables around it.

use xml::{Document, Limits};

use super::*;

const SAMPLE: &str = r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="2026-11-21T00:00:00Z" Destination="https://idp.example/sso" Consent="urn:oasis:names:tc:SAML:2.0:consent:current-implicit" ForceAuthn="true" IsPassive="0" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" AssertionConsumerServiceURL="https://sp.example/acs" AttributeConsumingServiceIndex="3" ProviderName="Example">
  <saml:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity"> https://sp.example </saml:Issuer>
  <samlp:Extensions><anything xmlns="urn:x"><deep/></anything></samlp:Extensions>
  <samlp:NameIDPolicy Format="urn:f" SPNameQualifier="https://sp.example" AllowCreate="1"/>
  <saml:Conditions NotOnOrAfter="2026-11-21T00:05:00Z"/>
  <samlp:RequestedAuthnContext Comparison="minimum"><saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef><saml:AuthnContextClassRef>urn:b</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>
  <samlp:Scoping ProxyCount="0"/>
</samlp:AuthnRequest>"#;

fn read(text: &str) -> Result<AuthnRequest, Reason> {
    let document = Document::parse(text.as_bytes(), &Limits::message())?;
    AuthnRequest::read(document.root())
}

fn bent(from: &str, to: &str) -> Result<AuthnRequest, Reason> {
    let text = SAMPLE.replacen(from, to, 1);
    assert_ne!(text, SAMPLE, "{from} is not in the sample");
    read(&text)
}

#[test]
fn everything_is_read() {
    assert_eq!(
        read(SAMPLE),
        Ok(AuthnRequest {
            id: "_1".to_owned(),
            version: "2.0".to_owned(),
            issue_instant: Timestamp::from_seconds(1_795_219_200),
            destination: Some("https://idp.example/sso".to_owned()),
            issuer: "https://sp.example".to_owned(),
            force_authn: true,
            is_passive: false,
            protocol_binding: Some("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST".to_owned()),
            acs_url: Some("https://sp.example/acs".to_owned()),
            acs_index: None,
            name_id_policy: Some(NameIdPolicy {
                format: Some("urn:f".to_owned()),
                sp_name_qualifier: Some("https://sp.example".to_owned()),
                allow_create: true,
            }),
            requested_authn_context: Some(RequestedAuthnContext {
                comparison: Comparison::Minimum,
                classes: vec!["urn:a".to_owned(), "urn:b".to_owned()],
            }),
            attribute_service_index: Some(3),
            has_subject: false,
        })
    );
}

#[test]
fn what_may_be_absent() {
    let least = r#"<AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0" IssueInstant="2026-11-21T00:00:00Z"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.example</Issuer></AuthnRequest>"#;
    let request = read(least).unwrap();
    assert_eq!(request.destination, None);
    assert!(!request.force_authn && !request.is_passive && !request.has_subject);
    assert_eq!(request.name_id_policy, None);
    assert_eq!(request.requested_authn_context, None);
}

#[test]
fn accepted_variations() {
    for (comparison, expected) in [
        ("exact", Comparison::Exact),
        ("maximum", Comparison::Maximum),
        ("better", Comparison::Better),
    ] {
        let context = bent("minimum", comparison)
            .unwrap()
            .requested_authn_context
            .unwrap();
        assert_eq!(context.comparison, expected);
    }
    let absent = bent(" Comparison=\"minimum\"", "").unwrap();
    assert_eq!(
        absent.requested_authn_context.unwrap().comparison,
        Comparison::Exact
    );
    let subject = bent("<samlp:NameIDPolicy", "<saml:Subject/><samlp:NameIDPolicy").unwrap();
    assert!(subject.has_subject);
    let located = "<samlp:AuthnRequest xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"a b\"";
    assert!(bent("<samlp:AuthnRequest", located).is_ok());
    let declared = SAMPLE.replace("AuthnContextClassRef", "AuthnContextDeclRef");
    assert!(
        read(&declared)
            .unwrap()
            .requested_authn_context
            .unwrap()
            .classes
            .is_empty()
    );
    let index = bent(
        "AssertionConsumerServiceURL=\"https://sp.example/acs\"",
        "AssertionConsumerServiceIndex=\"9\"",
    )
    .unwrap();
    assert_eq!((index.acs_url, index.acs_index), (None, Some(9)));
}

fn unexpected(element: &str) -> Reason {
    Reason::UnexpectedElement {
        element: element.to_owned(),
    }
}

fn attribute(attribute: &str) -> Reason {
    Reason::UnexpectedAttribute {
        attribute: attribute.to_owned(),
    }
}

const fn invalid(what: &'static str) -> Reason {
    Reason::InvalidValue { what }
}

#[test]
fn refused_attributes_and_values() {
    for (from, to, expected) in [
        ("ID=\"_1\"", "", Reason::Missing { what: "ID" }),
        ("ID=\"_1\"", "ID=\"1\"", invalid("ID")),
        ("ID=\"_1\"", "ID=\"_1\" Id=\"_2\"", attribute("Id")),
        ("ID=\"_1\"", "ID=\"_1\" samlp:ID=\"_2\"", attribute("ID")),
        ("ID=\"_1\"", "ID=\"_1\" xml:id=\"_2\"", attribute("id")),
        ("Version=\"2.0\"", "", Reason::Missing { what: "Version" }),
        (
            "IssueInstant=\"2026-11-21T00:00:00Z\"",
            "",
            Reason::Missing { what: "IssueInstant" },
        ),
        ("21T00:00:00Z\" D", "21\" D", invalid("IssueInstant")),
        (
            "ForceAuthn=\"true\"",
            "ForceAuthn=\"TRUE\"",
            invalid("ForceAuthn"),
        ),
        ("IsPassive=\"0\"", "IsPassive=\"\"", invalid("IsPassive")),
        (
            "Index=\"3\"",
            "Index=\"x\"",
            invalid("AttributeConsumingServiceIndex"),
        ),
        (
            "https://idp.example/sso",
            "https://idp.example/ sso",
            invalid("Destination"),
        ),
        (
            "https://sp.example/acs",
            "https://sp.example/acs&#10;x",
            invalid("AssertionConsumerServiceURL"),
        ),
        (
            "nameid-format:entity",
            "nameid-format:persistent",
            invalid("Issuer Format"),
        ),
        (
            "<saml:Issuer ",
            "<saml:Issuer NameQualifier=\"x\" ",
            attribute("NameQualifier"),
        ),
        ("> https://sp.example <", "><", invalid("Issuer")),
        (
            "> https://sp.example <",
            ">https://sp.example<x/><",
            Reason::Xml(xml::Reason::MixedContent {
                element: "Issuer".to_owned(),
            }),
        ),
    ] {
        assert_eq!(bent(from, to), Err(expected), "{from} → {to}");
    }
}

#[test]
fn refused_elements() {
    let policy = "<samlp:NameIDPolicy";
    for (from, to, expected) in [
        (
            policy,
            "<samlp:NameIDPolicy/><samlp:NameIDPolicy",
            unexpected("NameIDPolicy"),
        ),
        (
            policy,
            "<samlp:Unknown/><samlp:NameIDPolicy",
            unexpected("Unknown"),
        ),
        (
            policy,
            "<saml:NameIDPolicy/><samlp:NameIDPolicy",
            unexpected("NameIDPolicy"),
        ),
        (
            policy,
            "<saml:Issuer>x</saml:Issuer><samlp:NameIDPolicy",
            unexpected("Issuer"),
        ),
        (
            policy,
            "text<samlp:NameIDPolicy",
            Reason::Xml(xml::Reason::MixedContent {
                element: "AuthnRequest".to_owned(),
            }),
        ),
        (
            "AllowCreate=\"1\"/>",
            "AllowCreate=\"1\"><x/></samlp:NameIDPolicy>",
            unexpected("x"),
        ),
        (
            "AllowCreate=\"1\"",
            "AllowCreate=\"1\" Extra=\"\"",
            attribute("Extra"),
        ),
        ("AllowCreate=\"1\"", "AllowCreate=\"2\"", invalid("AllowCreate")),
        ("minimum", "Minimum", invalid("Comparison")),
        (
            "ClassRef>urn:a",
            "ClassRef Format=\"x\">urn:a",
            attribute("Format"),
        ),
        (
            "<saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef>",
            "<saml:AuthnContextDeclRef>urn:a</saml:AuthnContextDeclRef>",
            unexpected("AuthnContextDeclRef"),
        ),
    ] {
        assert_eq!(bent(from, to), Err(expected), "{from} → {to}");
    }
}

#[test]
fn refused_as_a_whole() {
    assert_eq!(
        read(&SAMPLE.replace("AuthnRequest", "LogoutRequest")),
        Err(Reason::NotAuthnRequest {
            found: "LogoutRequest".to_owned()
        })
    );
    assert_eq!(
        read(&SAMPLE.replace("2.0:protocol", "2.0:protocoI")),
        Err(Reason::NotAuthnRequest {
            found: "AuthnRequest".to_owned()
        })
    );
    let reference = "<saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef>";
    assert_eq!(
        bent(reference, &reference.repeat(16)),
        Err(invalid("RequestedAuthnContext"))
    );
    let empty = SAMPLE
        .replace(reference, "")
        .replace(&reference.replace("urn:a", "urn:b"), "");
    assert_eq!(read(&empty), Err(invalid("RequestedAuthnContext")));
    let issuer = SAMPLE.find("<saml:Issuer").unwrap()..SAMPLE.find("<samlp:Extensions").unwrap();
    let mut anonymous = SAMPLE.to_owned();
    anonymous.replace_range(issuer, "");
    assert_eq!(read(&anonymous), Err(Reason::Missing { what: "Issuer" }));
}
