//! Logout messages: what we send is valid by the schemas and verified by xmlsec1; what we take is exactly what was signed.

use domain::{NameIdFormat, SloBinding, SloEndpoint};
use saml::elements::Status;
use saml::reply::{LogoutDraft, NameId, OutgoingLogout, SignedOutPerson, Signing};
use saml::{IncomingLogout, Reason, check_logout_request, check_logout_response};
use xml::dsig::SignatureAlgorithm;

use crate::party::{
    IDP, NOW, Random, SP, folder_with, form, idp, judged_by_schema, judged_by_xmlsec1, query_of, rsa, run,
    service, sign_rsa, template,
};

const SLO: &str = "https://idp.example/saml/slo";

const SIGNING: Signing<'static> = Signing {
    algorithm: SignatureAlgorithm::RsaSha256,
    certificate: None,
};

fn request(id: &str, name: &str, behind_issuer: &str) -> String {
    format!(
        r#"<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0" IssueInstant="{NOW}" Destination="{SLO}"><saml:Issuer>{SP}</saml:Issuer>{behind_issuer}<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{name}</saml:NameID><samlp:SessionIndex>i-1</samlp:SessionIndex></samlp:LogoutRequest>"#
    )
}

fn signed(name: &str) -> String {
    let folder = folder_with(request("_request", name, &template("_request")).as_bytes(), rsa());
    let output = run(
        folder.path(),
        "xmlsec1",
        &[
            "--sign",
            "--privkey-pem",
            "key.pem",
            "--id-attr:ID",
            "urn:oasis:names:tc:SAML:2.0:protocol:LogoutRequest",
            "input.xml",
        ],
    )
    .unwrap();
    let text = String::from_utf8(output).unwrap();
    text.strip_prefix("<?xml version=\"1.0\"?>\n")
        .unwrap_or(&text)
        .trim_end()
        .to_owned()
}

fn verdict(message: &str) -> Result<String, Reason> {
    let incoming = IncomingLogout::post(&form(message))?;
    check_logout_request(&incoming, &service(), &idp(), NOW)
        .map(|(checked, _)| checked.name.clone())
        .map_err(|refused| {
            assert_eq!(refused.reply_to, None);
            refused.reason
        })
}

#[test]
fn the_original_is_accepted_and_nothing_else_is_read() {
    assert_eq!(verdict(&signed("p_alice")), Ok("p_alice".to_owned()));
    assert_eq!(
        verdict(&request("_request", "p_alice", "")),
        Err(Reason::SignatureDemanded)
    );
}

/// The shapes of `attacks/wrapping.rs`, around a logout request: the attacker wants another name signed out.
#[test]
fn signature_wrapping() {
    let original = signed("p_mallory");
    let start = original.find("<ds:Signature ").unwrap();
    let end = original.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let signature = &original[start..end];
    let bare = original.replace(signature, "");
    let inside = |inner: &str| signature.replace("</ds:Signature>", &format!("{inner}</ds:Signature>"));
    let extensions = |inner: &str| format!("<samlp:Extensions>{inner}</samlp:Extensions>");
    let shapes = [
        signature.to_owned(),
        inside(&original),
        format!("{signature}{}", extensions(&bare)),
        format!("{signature}{}", extensions(&original)),
        extensions(&original),
        original.clone(),
        format!("{signature}{bare}"),
        inside(&bare),
        format!("{}{signature}", extensions(&bare)),
        inside(&format!("<ds:Object>{bare}</ds:Object>")),
        inside(&format!("<ds:Object>{original}</ds:Object>")),
        format!("{signature}{signature}"),
    ];
    for shape in &shapes {
        for id in ["_evil", "_request"] {
            let message = request(id, "p_victim", shape);
            assert!(verdict(&message).is_err(), "{message}");
        }
    }
    // A comment inside the name does not cut it short.
    let split = original.replace("p_mallory", "p_mal<!-- -->lory");
    assert!(verdict(&split).is_err());
    // Changed after it was signed.
    assert!(verdict(&original.replace("p_mallory", "p_victim")).is_err());
    assert!(verdict(&original.replace("i-1", "i-2")).is_err());
}

#[test]
fn one_message_and_no_two() {
    let body = |fields: &str| IncomingLogout::post(fields.as_bytes()).err();
    let encoded = xml::encode_base64(request("_r", "n", "").as_bytes())
        .replace('+', "%2B")
        .replace('=', "%3D");
    assert!(body(&format!("SAMLRequest={encoded}&SAMLResponse={encoded}")).is_some());
    assert!(body("RelayState=x").is_some());
    assert!(body(&format!("SAMLRequest={encoded}&SAMLRequest={encoded}")).is_some());
    assert!(body(&format!("SAMLRequest={encoded}")).is_none());
}

fn endpoint(binding: SloBinding) -> SloEndpoint {
    SloEndpoint {
        binding,
        location: "https://sp.example/slo".to_owned(),
        response_location: Some("https://sp.example/slo/response".to_owned()),
    }
}

fn octets(outgoing: &OutgoingLogout) -> Vec<u8> {
    match outgoing {
        OutgoingLogout::Post(form) => xml::decode_base64(&form.message).unwrap(),
        OutgoingLogout::Soap(envelope) => saml::binding::soap::decode_response(envelope).unwrap(),
        OutgoingLogout::Redirect(_) => panic!("inflate it"),
    }
}

fn attach(draft: LogoutDraft) -> OutgoingLogout {
    let waiting = draft.to_be_signed(SIGNING).unwrap();
    let signature = sign_rsa(rsa(), waiting.signing_input());
    waiting.attach(&signature).unwrap()
}

#[test]
fn requests_are_valid_and_signed_by_every_binding() {
    let name = NameId {
        format: NameIdFormat::Persistent,
        value: "p_alice".to_owned(),
    };
    let person = SignedOutPerson {
        name: &name,
        service: SP,
        session_index: "i-1",
    };
    let draft =
        |binding| LogoutDraft::request(&idp(), &endpoint(binding), "_ours", &person, (NOW, 300)).unwrap();
    for binding in [SloBinding::HttpPost, SloBinding::Soap] {
        let message = octets(&attach(draft(binding)));
        judged_by_schema(&message).unwrap();
        judged_by_xmlsec1(
            &message,
            rsa(),
            "urn:oasis:names:tc:SAML:2.0:protocol:LogoutRequest",
            "/*/*[local-name()='Signature']",
        )
        .unwrap();
        let text = String::from_utf8(message).unwrap();
        assert!(text.contains(&format!("NameQualifier=\"{IDP}\"")), "{text}");
        assert!(text.contains(&format!("SPNameQualifier=\"{SP}\"")), "{text}");
    }
    let OutgoingLogout::Redirect(address) = attach(draft(SloBinding::HttpRedirect)) else {
        panic!("a redirect")
    };
    assert!(
        address.starts_with("https://sp.example/slo?SAMLRequest="),
        "{address}"
    );
    assert!(
        address.contains("&SigAlg=") && address.contains("&Signature="),
        "{address}"
    );
}

/// A request by redirect, answered where the service wants responses; the answer holds for this request and no other.
#[test]
fn responses_go_to_the_response_location_and_answer_one_request() {
    let draft = saml::binding::redirect::RedirectDraft::request(
        SLO,
        request("_theirs", "p_alice", "").as_bytes(),
        Some("relay"),
        SignatureAlgorithm::RsaSha256,
    )
    .unwrap();
    let signature = sign_rsa(rsa(), draft.signing_input());
    let incoming = IncomingLogout::redirect(&query_of(&draft.attach(&signature))).unwrap();
    let mut facts = service();
    facts.single_logout_services = vec![endpoint(SloBinding::HttpPost)];
    let (checked, _) = check_logout_request(&incoming, &facts, &idp(), NOW).unwrap();
    let reply_to = checked.reply_to.clone().unwrap();
    assert_eq!(reply_to.location(), Some("https://sp.example/slo/response"));
    for (status, second) in [
        (Status::SUCCESS, None),
        (Status::PARTIAL_LOGOUT, Some("PartialLogout")),
        (Status::UNKNOWN_PRINCIPAL, Some("UnknownPrincipal")),
    ] {
        let draft = LogoutDraft::response(&idp(), &reply_to, status, NOW, &Random).unwrap();
        let message = octets(&attach(draft));
        judged_by_schema(&message).unwrap();
        let text = String::from_utf8(message).unwrap();
        assert!(text.contains("InResponseTo=\"_theirs\""), "{text}");
        assert!(second.is_none_or(|word| text.contains(word)), "{text}");
    }
    // Without any endpoint there is nowhere to answer to.
    let (checked, _) = check_logout_request(&incoming, &service(), &idp(), NOW).unwrap();
    assert_eq!(checked.reply_to, None);
}

#[test]
fn an_answer_to_another_request_is_none() {
    let response = |to: &str| {
        let xml = format!(
            r#"<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="{NOW}" Destination="{SLO}" InResponseTo="{to}"><saml:Issuer>{SP}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>"#
        );
        let body = String::from_utf8(form(&xml))
            .unwrap()
            .replace("SAMLRequest=", "SAMLResponse=");
        IncomingLogout::post(body.as_bytes()).unwrap()
    };
    let refused = check_logout_response(&response("_ours"), "_ours", &service(), &idp(), NOW).unwrap_err();
    assert_eq!(refused.reason, Reason::SignatureDemanded);
    let soap = |to: &str| {
        let incoming = response(to);
        assert!(incoming.is_response());
        let xml = format!(
            r#"<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="{NOW}" InResponseTo="{to}"><saml:Issuer>{SP}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>"#
        );
        let envelope = saml::binding::soap::encode(xml.as_bytes());
        let incoming = IncomingLogout::soap_response(&envelope).unwrap();
        check_logout_response(&incoming, "_ours", &service(), &idp(), NOW)
    };
    assert!(soap("_ours").unwrap().0.ended);
    assert_eq!(soap("_other").unwrap_err().reason, Reason::AnswersAnother);
}

/// pysaml2 signs its answer by Redirect twice, in the query and inside. The one in the query covers everything, and counts; what stands
/// inside helps nobody, and hides nothing. A request of that shape is refused, as bindings section 3.4.4.1 has it.
#[test]
fn an_answer_with_a_second_signature_inside_is_what_its_query_signs() {
    let response = |inside: &str| {
        format!(
            r#"<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="{NOW}" Destination="{SLO}" InResponseTo="_ours"><saml:Issuer>{SP}</saml:Issuer>{inside}<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>"#
        )
    };
    let judged = |query: &str| {
        let incoming = IncomingLogout::redirect(query).unwrap();
        check_logout_response(&incoming, "_ours", &service(), &idp(), NOW)
            .map(|(checked, _)| checked.ended)
            .map_err(|refused| refused.reason)
    };
    let as_response = |message: &str| {
        let draft = saml::binding::redirect::RedirectDraft::response(
            SLO,
            message.as_bytes(),
            None,
            SignatureAlgorithm::RsaSha256,
        )
        .unwrap();
        let signature = sign_rsa(rsa(), draft.signing_input());
        query_of(&draft.attach(&signature))
    };
    let twice = response(&template("_r"));
    assert_eq!(judged(&as_response(&twice)), Ok(true));
    // The same, where the query's signature is not over these octets: what stands inside does not save it.
    let other = as_response(&response(""));
    let (message, _) = as_response(&twice)
        .split_once("&SigAlg")
        .map(|(m, r)| (m.to_owned(), r.to_owned()))
        .unwrap();
    let (_, signature) = other.split_once("&SigAlg").unwrap();
    assert!(matches!(
        judged(&format!("{message}&SigAlg{signature}")),
        Err(Reason::Xml(_))
    ));
    assert_eq!(judged(&message), Err(Reason::SignatureInsideRedirect));
    // A request is as strict as ever.
    let asked = request("_request", "p_alice", &template("_request"));
    let draft = saml::binding::redirect::RedirectDraft::request(
        SLO,
        asked.as_bytes(),
        None,
        SignatureAlgorithm::RsaSha256,
    )
    .unwrap();
    let signature = sign_rsa(rsa(), draft.signing_input());
    let incoming = IncomingLogout::redirect(&query_of(&draft.attach(&signature))).unwrap();
    let refused = check_logout_request(&incoming, &service(), &idp(), NOW).unwrap_err();
    assert_eq!(refused.reason, Reason::SignatureInsideRedirect);
}

/// Who asks asynchronously is answered with nothing, by any binding but the one whose exchange is an answer.
#[test]
fn an_asynchronous_request_waits_for_no_response() {
    let extension = |namespace: &str| {
        format!("<samlp:Extensions><aslo:Asynchronous xmlns:aslo=\"{namespace}\"/></samlp:Extensions>")
    };
    let ours = "urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo";
    let mut party = service();
    party.single_logout_services = vec![endpoint(SloBinding::HttpPost), endpoint(SloBinding::Soap)];
    for (extensions, by_post) in [
        (String::new(), true),
        (extension("urn:another"), true),
        (extension(ours), false),
    ] {
        let text = request("_request", "p_alice", &(template("_request") + &extensions));
        let folder = folder_with(text.as_bytes(), rsa());
        let sign = [
            "--sign",
            "--privkey-pem",
            "key.pem",
            "--id-attr:ID",
            "urn:oasis:names:tc:SAML:2.0:protocol:LogoutRequest",
            "input.xml",
        ];
        let signed = String::from_utf8(run(folder.path(), "xmlsec1", &sign).unwrap()).unwrap();
        let signed = signed
            .strip_prefix("<?xml version=\"1.0\"?>\n")
            .unwrap_or(&signed);
        let incoming = IncomingLogout::post(&form(signed)).unwrap();
        let (checked, _) = check_logout_request(&incoming, &party, &idp(), NOW).unwrap();
        assert_eq!(checked.reply_to.is_some(), by_post, "{extensions}");
    }
}
