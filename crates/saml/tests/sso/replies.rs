//! What we reply is valid by the schema, verifies under xmlsec1, and says what it should.

use domain::NameIdFormat;
use saml::elements::Status;
use saml::reply::{
    AssertionContent, AssertionDraft, Attribute, Issuance, NameId, Response, ResponseDraft, SignedAssertion,
    Signing,
};
use saml::{ReplyTo, check_authn_request};
use xml::dsig::SignatureAlgorithm;
use xml::enc::{ContentCipher, KeyTransport};
use xml::{Document, Limits};

use crate::party::{
    ACS, CARD, IDP, NOW, Random, SP, SSO, attacker, folder_with, idp, judged_by_schema, judged_by_xmlsec1,
    redirected, request, rsa, run, service, sign_p256, sign_rsa, signed_query,
};

const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion:Assertion";
const RESPONSE: &str = "urn:oasis:names:tc:SAML:2.0:protocol:Response";
const AT_ASSERTION: &str = "//*[local-name()='Assertion']/*[local-name()='Signature']";
const AT_RESPONSE: &str = "/*/*[local-name()='Signature']";
const SIGNING: Signing<'static> = Signing {
    algorithm: SignatureAlgorithm::RsaSha256,
    certificate: None,
};

fn reply_to() -> ReplyTo {
    let incoming = redirected(&signed_query(&request(SSO, ""), Some("ss:mem:<&\"'>")));
    let (checked, _) = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap();
    checked.reply_to.clone()
}

fn content() -> AssertionContent {
    AssertionContent {
        name_id: NameId {
            format: NameIdFormat::Persistent,
            value: "p_0123456789abcdef0123456789abcdef".to_owned(),
        },
        authn_instant: NOW.plus_seconds(-30),
        session_index: "_session".to_owned(),
        session_not_on_or_after: Some(NOW.plus_seconds(3600)),
        authn_context_class: CARD.to_owned(),
        attributes: vec![
            Attribute {
                name: "urn:example:level".to_owned(),
                friendly_name: Some("level".to_owned()),
                values: vec!["ial0".to_owned(), "aal3 <&>\"'\r\n".to_owned()],
            },
            Attribute {
                name: "urn:example:none".to_owned(),
                friendly_name: None,
                values: Vec::new(),
            },
        ],
        lifetime_seconds: 120,
    }
}

fn assertion(issuance: &Issuance<'_>) -> SignedAssertion {
    let draft = AssertionDraft::compose(issuance, &content(), SIGNING, &Random).unwrap();
    let signature = sign_rsa(rsa(), draft.signing_input());
    draft.attach(&signature).unwrap()
}

fn signed(draft: ResponseDraft) -> Response {
    let draft = draft.to_be_signed(SIGNING).unwrap();
    let signature = sign_rsa(rsa(), draft.signing_input());
    draft.attach(&signature).unwrap()
}

fn with_issuance<T>(body: impl FnOnce(&Issuance<'_>) -> T) -> T {
    let (idp, reply_to) = (idp(), reply_to());
    body(&Issuance {
        idp: &idp,
        reply_to: &reply_to,
        now: NOW,
    })
}

#[test]
fn success_with_a_signed_assertion() {
    let response = with_issuance(|issuance| {
        ResponseDraft::success(issuance, &assertion(issuance), &Random)
            .unwrap()
            .unsigned()
            .unwrap()
    });
    judged_by_schema(response.xml()).unwrap();
    judged_by_xmlsec1(response.xml(), rsa(), ASSERTION, AT_ASSERTION).unwrap();
    judged_by_xmlsec1(response.xml(), attacker(), ASSERTION, AT_ASSERTION).unwrap_err();

    // Masked, the whole reply reads:
    let text = String::from_utf8(response.xml().to_vec()).unwrap();
    let masked = mask(&mask(&mask(&text, " ID=\"", "\""), "URI=\"", "\""), "Value>", "<");
    assert_eq!(masked, EXPECTED.replace('\n', "").replace('⏎', "\n"));
}

/// Replaces what stands between two marks.
fn mask(text: &str, from: &str, to: &str) -> String {
    let mut pieces = text.split(from);
    let mut out = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let rest = if piece.len() > 20 && (from != "Value>" || piece.split(to).next().unwrap().len() > 40) {
            format!("…{}", &piece[piece.find(to).unwrap()..])
        } else {
            piece.to_owned()
        };
        out.push_str(from);
        out.push_str(&rest);
    }
    out
}

const EXPECTED: &str = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Destination="https://sp.example/acs" ID="…" InResponseTo="_request" IssueInstant="2026-11-21T00:00:00Z" Version="2.0">
<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example/saml/metadata</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode></samlp:Status>
<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="…" IssueInstant="2026-11-21T00:00:00Z" Version="2.0">
<saml:Issuer>https://idp.example/saml/metadata</saml:Issuer>
<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod>
<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>
<ds:Reference URI="…"><ds:Transforms>
<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>
<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>
<ds:DigestValue>…</ds:DigestValue></ds:Reference></ds:SignedInfo>
<ds:SignatureValue>…</ds:SignatureValue></ds:Signature>
<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="https://idp.example/saml/metadata" SPNameQualifier="https://sp.example/metadata">p_0123456789abcdef0123456789abcdef</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData InResponseTo="_request" NotOnOrAfter="2026-11-21T00:02:00Z" Recipient="https://sp.example/acs"></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="2026-11-20T23:57:00Z" NotOnOrAfter="2026-11-21T00:02:00Z">
<saml:AudienceRestriction><saml:Audience>https://sp.example/metadata</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="2026-11-20T23:59:30Z" SessionIndex="_session" SessionNotOnOrAfter="2026-11-21T01:00:00Z">
<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement>
<saml:Attribute FriendlyName="level" Name="urn:example:level" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">
<saml:AttributeValue>ial0</saml:AttributeValue>
<saml:AttributeValue>aal3 &lt;&amp;&gt;"'&#xD;⏎</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="urn:example:none" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"></saml:Attribute></saml:AttributeStatement>
</saml:Assertion></samlp:Response>"#;

#[test]
fn response_and_assertion_both_signed() {
    let response = with_issuance(|issuance| {
        signed(ResponseDraft::success(issuance, &assertion(issuance), &Random).unwrap())
    });
    judged_by_schema(response.xml()).unwrap();
    judged_by_xmlsec1(response.xml(), rsa(), ASSERTION, AT_ASSERTION).unwrap();
    judged_by_xmlsec1(response.xml(), rsa(), RESPONSE, AT_RESPONSE).unwrap();
    let changed = String::from_utf8(response.xml().to_vec())
        .unwrap()
        .replace("p_0123", "p_1123");
    judged_by_xmlsec1(changed.as_bytes(), rsa(), RESPONSE, AT_RESPONSE).unwrap_err();
    judged_by_xmlsec1(changed.as_bytes(), rsa(), ASSERTION, AT_ASSERTION).unwrap_err();
}

#[test]
fn an_encrypted_assertion_is_opened_and_then_verified_by_xmlsec1() {
    for cipher in [ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm] {
        let response = with_issuance(|issuance| {
            let encrypted = assertion(issuance)
                .encrypt(
                    &service().encryption_keys[0],
                    cipher,
                    KeyTransport::RsaOaepMgf1p,
                    &Random,
                )
                .unwrap();
            signed(ResponseDraft::success_encrypted(issuance, &encrypted, &Random).unwrap())
        });
        judged_by_schema(response.xml()).unwrap();
        judged_by_xmlsec1(response.xml(), rsa(), RESPONSE, AT_RESPONSE).unwrap();
        assert!(!String::from_utf8_lossy(response.xml()).contains("p_0123"));

        let folder = folder_with(response.xml(), rsa());
        let opened = run(
            folder.path(),
            "xmlsec1",
            &["--decrypt", "--privkey-pem", "key.pem", "input.xml"],
        )
        .unwrap();
        judged_by_xmlsec1(&opened, rsa(), ASSERTION, AT_ASSERTION).unwrap();
        assert!(String::from_utf8_lossy(&opened).contains("p_0123"));
    }
}

#[test]
fn an_ecdsa_assertion_verifies_here() {
    with_issuance(|issuance| {
        let signing = Signing {
            algorithm: SignatureAlgorithm::EcdsaSha256,
            certificate: None,
        };
        let draft = AssertionDraft::compose(issuance, &content(), signing, &Random).unwrap();
        let signature = sign_p256(draft.signing_input());
        let signed = draft.attach(&signature).unwrap();
        let response = ResponseDraft::success(issuance, &signed, &Random)
            .unwrap()
            .unsigned()
            .unwrap();
        let document = Document::parse(response.xml(), &Limits::message()).unwrap();
        let assertion = document.root().elements().unwrap()[2];
        xml::dsig::verify(assertion, &service().signing_keys).unwrap();
    });
}

#[test]
fn failures_carry_nested_status_codes_and_nothing_else() {
    for (status, second) in [
        (Status::NO_PASSIVE, "NoPassive"),
        (Status::AUTHN_FAILED, "AuthnFailed"),
        (Status::NO_AUTHN_CONTEXT, "NoAuthnContext"),
        (Status::REQUEST_DENIED, "RequestDenied"),
    ] {
        let response = with_issuance(|issuance| {
            signed(ResponseDraft::failure(issuance, status, Some("see us"), &Random).unwrap())
        });
        judged_by_schema(response.xml()).unwrap();
        judged_by_xmlsec1(response.xml(), rsa(), RESPONSE, AT_RESPONSE).unwrap();
        let text = String::from_utf8(response.xml().to_vec()).unwrap();
        let expected = format!(
            "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"><samlp:StatusCode \
             Value=\"urn:oasis:names:tc:SAML:2.0:status:{second}\"></samlp:StatusCode></samlp:StatusCode>\
             <samlp:StatusMessage>see us</samlp:StatusMessage></samlp:Status>"
        );
        assert!(text.contains(&expected), "{text}");
        assert!(!text.contains("Assertion "), "{text}");
    }
}

#[test]
fn the_form_goes_where_the_check_said() {
    let response = with_issuance(|issuance| {
        ResponseDraft::failure(issuance, Status::NO_PASSIVE, None, &Random)
            .unwrap()
            .unsigned()
            .unwrap()
    });
    let form = response.post_form();
    assert_eq!(form.action, ACS);
    assert_eq!(form.field, "SAMLResponse");
    assert_eq!(form.relay_state.as_deref(), Some("ss:mem:<&\"'>"));
    assert_eq!(xml::decode_base64(&form.message).unwrap(), response.xml());
    assert!(response.id().as_str().starts_with('_') && response.id().as_str().len() == 33);
    assert!(!format!("{response:?}{form:?}").contains(IDP));
}

#[test]
fn a_reply_address_survives_storage() {
    let reply_to = reply_to();
    let text = serde_json::to_string(&reply_to).unwrap();
    assert_eq!(serde_json::from_str::<ReplyTo>(&text).unwrap(), reply_to);
    assert_eq!((reply_to.service(), reply_to.location()), (SP, ACS));
    assert_eq!(reply_to.in_response_to(), Some("_request"));
}
