//! Requests by both bindings, signed and unsigned, up to the check's verdict.

use domain::{NameIdFormat, SamlBinding};
use saml::binding::redirect::{RedirectDraft, encode_unsigned_request};
use saml::{Answer, Reason, Verdict, check_authn_request};
use xml::dsig::SignatureAlgorithm;

use crate::party::{
    ACS, CARD, NOW, SP, SSO, SSO_POST, attacker, idp, posted, query_of, redirected, request, rsa, service,
    sign_p256, sign_rsa, signed_by_xmlsec1, signed_query,
};

#[test]
fn a_signed_redirect_is_accepted() {
    let incoming = redirected(&signed_query(&request(SSO, ""), Some("a+b c&d=%")));
    assert_eq!(incoming.issuer().unwrap(), SP);
    let (checked, trace) = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap();
    assert_eq!(checked.id, "_request");
    assert_eq!(checked.service, SP);
    assert_eq!(checked.reply_to.location(), ACS);
    assert_eq!(checked.reply_to.relay_state(), Some("a+b c&d=%"));
    assert_eq!(checked.name_id_format, NameIdFormat::Persistent);
    assert!(checked.allow_create && checked.signed && !checked.force_authn && !checked.is_passive);
    assert_eq!(checked.binding, SamlBinding::HttpRedirect);
    assert_eq!(checked.replay_until, NOW.plus_seconds(480));
    assert_eq!(trace.rows().len(), 13);
    assert!(trace.rows().iter().all(|row| row.verdict == Verdict::Passed));
}

#[test]
fn an_ecdsa_redirect_is_accepted_raw_and_in_der() {
    let message = request(SSO, "");
    let draft =
        || RedirectDraft::request(SSO, message.as_bytes(), None, SignatureAlgorithm::EcdsaSha256).unwrap();
    let raw = sign_p256(draft().signing_input());
    let der = to_der(&raw);
    for signature in [&raw, &der] {
        let incoming = redirected(&query_of(&draft().attach(signature)));
        let (checked, _) = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap();
        assert!(checked.signed);
    }
    let mut broken = der.clone();
    *broken.last_mut().unwrap() ^= 1;
    let incoming = redirected(&query_of(&draft().attach(&broken)));
    let refused = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap_err();
    assert_eq!(refused.reason, Reason::Xml(xml::Reason::SignatureInvalid));
}

fn to_der(raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for half in raw.chunks(32) {
        let digits = &half[half.iter().position(|b| *b != 0).unwrap()..];
        let pad = digits[0] >= 0x80;
        body.extend([2, u8::try_from(digits.len() + usize::from(pad)).unwrap()]);
        body.extend(pad.then_some(0));
        body.extend(digits);
    }
    let mut der = vec![0x30, u8::try_from(body.len()).unwrap()];
    der.extend(body);
    der
}

#[test]
fn an_unsigned_redirect_is_accepted_only_where_signatures_are_not_demanded() {
    let address = encode_unsigned_request(SSO, request(SSO, "").as_bytes(), None).unwrap();
    let incoming = redirected(&query_of(&address));
    let mut lenient = service();
    lenient.authn_requests_signed = false;
    let (checked, _) = check_authn_request(&incoming, &lenient, &idp(), NOW).unwrap();
    assert!(!checked.signed);

    let refused = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap_err();
    assert_eq!(refused.reason, Reason::SignatureDemanded);
    assert_eq!(refused.reply_to, None);
}

#[test]
fn a_signed_post_is_accepted_and_read_from_what_was_signed() {
    let message = signed_by_xmlsec1(&request(SSO_POST, ""), rsa());
    let incoming = posted(&message);
    assert_eq!(incoming.issuer().unwrap(), SP);
    let (checked, _) = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap();
    assert!(checked.signed);
    assert_eq!(checked.reply_to.location(), ACS);
    assert_eq!(checked.reply_to.relay_state(), Some("relay"));

    let refused = check_authn_request(&posted(&request(SSO_POST, "")), &service(), &idp(), NOW).unwrap_err();
    assert_eq!(refused.reason, Reason::SignatureDemanded);
}

#[test]
fn a_signature_that_is_there_must_hold_even_where_none_is_demanded() {
    let mut lenient = service();
    lenient.authn_requests_signed = false;
    let message = signed_by_xmlsec1(&request(SSO_POST, ""), attacker());
    let refused = check_authn_request(&posted(&message), &lenient, &idp(), NOW).unwrap_err();
    assert_eq!(refused.reason, Reason::Xml(xml::Reason::SignatureInvalid));

    lenient.signing_keys.clear();
    let refused = check_authn_request(&posted(&message), &lenient, &idp(), NOW).unwrap_err();
    assert_eq!(refused.reason, Reason::Xml(xml::Reason::NoKey));
    let redirect = redirected(&signed_query(&request(SSO, ""), None));
    let refused = check_authn_request(&redirect, &lenient, &idp(), NOW).unwrap_err();
    assert_eq!(refused.reason, Reason::Xml(xml::Reason::NoKey));
}

#[test]
fn what_is_wrong_with_the_ask_is_answered_to_the_service() {
    let context = |class: &str| {
        format!(
            "<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>{class}</saml:AuthnContextClassRef>\
             </samlp:RequestedAuthnContext>"
        )
    };
    let behind_policy = |addition: String| {
        request(SSO, "").replace("</samlp:AuthnRequest>", &(addition + "</samlp:AuthnRequest>"))
    };
    for (message, expected) in [
        (behind_policy(context("urn:unknown")), Reason::AuthnContextUnknown),
        (
            request(SSO, "").replace("nameid-format:persistent", "nameid-format:kerberos"),
            Reason::NameIdFormatUnsupported {
                found: "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos".to_owned(),
            },
        ),
        (
            request(SSO, "").replace("Version=\"2.0\"", "Version=\"2.1\""),
            Reason::VersionUnsupported { higher: true },
        ),
        (request(SSO, "<saml:Subject/>"), Reason::SubjectPresent),
    ] {
        let incoming = redirected(&signed_query(&message, Some("relay")));
        let refused = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap_err();
        assert_eq!(refused.reason, expected);
        assert!(matches!(refused.reason.answer(), Answer::Respond(_)));
        let reply_to = refused.reply_to.unwrap();
        assert_eq!(
            (reply_to.location(), reply_to.relay_state()),
            (ACS, Some("relay"))
        );
    }
    let incoming = redirected(&signed_query(&behind_policy(context(CARD)), None));
    let (checked, _) = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap();
    assert_eq!(checked.requested_authn_context.as_ref().unwrap().classes, [CARD]);
}

#[test]
fn the_trace_names_every_rule_once() {
    let incoming = redirected(&signed_query(&request("https://elsewhere.example", ""), None));
    let refused = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap_err();
    assert_eq!(refused.reply_to, None);
    let verdicts: Vec<_> = refused
        .trace
        .rows()
        .iter()
        .map(|row| match &row.verdict {
            Verdict::Passed => format!("+ {}", row.rule),
            Verdict::Failed { reason } => format!("! {} {}", row.rule, reason.code()),
            _ => format!("  {}", row.rule),
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            "+ signature_verifies",
            "+ message_is_a_well_formed_authn_request",
            "+ request_is_signed_if_demanded",
            "+ issuer_is_the_registered_service",
            "! destination_is_this_idp destination_elsewhere",
            "  issue_instant_is_within_clock_skew",
            "  acs_is_registered",
            "  version_is_2_0",
            "  protocol_binding_is_post_or_artifact",
            "  subject_is_absent",
            "  name_id_policy_can_be_met",
            "  requested_authn_context_is_understood",
            "  attribute_set_is_registered",
        ]
    );
    let json = serde_json::to_value(&refused.trace).unwrap();
    assert_eq!(
        json[4],
        serde_json::json!({
            "rule": "destination_is_this_idp",
            "citation": "saml-core-2.0-os 3.2.1; saml-bindings-2.0-os 3.4.5.2, 3.5.5.2",
            "verdict": "failed",
            "reason": {
                "code": "destination_elsewhere",
                "detail": "the message is addressed to https://elsewhere.example",
            },
        })
    );
}

#[test]
fn the_signature_of_a_redirect_covers_the_octets_as_sent() {
    let query = signed_query(&request(SSO, ""), Some("x"));
    // The same values in another spelling are other octets.
    let respelled = query.replacen("RelayState=x", "RelayState=%78", 1);
    assert_ne!(query, respelled);
    let refused = check_authn_request(&redirected(&respelled), &service(), &idp(), NOW).unwrap_err();
    assert_eq!(refused.reason, Reason::Xml(xml::Reason::SignatureInvalid));
    // Another order in the query is the same signed string; unknown parameters are not part of it.
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.reverse();
    pairs.insert(2, "lang=ja");
    let reordered = pairs.join("&");
    assert!(check_authn_request(&redirected(&reordered), &service(), &idp(), NOW).is_ok());
    // Lower-case hexadecimal as Microsoft's library writes it verifies, because nothing is encoded again.
    let message = request(SSO, "");
    let address = encode_unsigned_request(SSO, message.as_bytes(), None).unwrap();
    let raw = query_of(&address)
        .replace("%2B", "%2b")
        .replace("%2F", "%2f")
        .replace("%3D", "%3d");
    let octets = format!("{raw}&SigAlg=http%3a%2f%2fwww.w3.org%2f2001%2f04%2fxmldsig-more%23rsa-sha256");
    let signature = xml::encode_base64(&sign_rsa(rsa(), octets.as_bytes()))
        .replace('+', "%2b")
        .replace('/', "%2f")
        .replace('=', "%3d");
    let incoming = redirected(&format!("{octets}&Signature={signature}"));
    assert!(check_authn_request(&incoming, &service(), &idp(), NOW).is_ok());
}

/// HTTP-POST-SimpleSign: the signature stands beside the message and covers the form's values, not what carries them.
#[test]
fn a_simply_signed_post_is_accepted_and_nothing_of_it_can_be_changed() {
    const RSA: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let message = request(SSO_POST, "");
    let octets = |message: &str, relay: Option<&str>| {
        let relay = relay
            .map(|relay| format!("&RelayState={relay}"))
            .unwrap_or_default();
        format!("SAMLRequest={message}{relay}&SigAlg={RSA}")
    };
    let form = |message: &str, relay: Option<&str>, algorithm: &str, signature: &[u8]| {
        let relay = relay
            .map(|relay| format!("&RelayState={}", escaped(relay)))
            .unwrap_or_default();
        let form = format!(
            "SAMLRequest={}{relay}&SigAlg={}&Signature={}",
            escaped(&xml::encode_base64(message.as_bytes())),
            escaped(algorithm),
            escaped(&xml::encode_base64(signature))
        );
        saml::binding::post::decode(form.as_bytes())
    };
    for relay in [None, Some("a b&SigAlg=\u{3042}")] {
        let signature = sign_rsa(rsa(), octets(&message, relay).as_bytes());
        let incoming = form(&message, relay, RSA, &signature).unwrap();
        let (checked, _) = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap();
        assert!(checked.signed);
        assert_eq!(checked.reply_to.relay_state(), relay);
        // Another message, another RelayState, none, one more; another key; another algorithm.
        let other = message.replace("_request", "_requesu");
        let wrong = Reason::Xml(xml::Reason::SignatureInvalid);
        for (message, relay) in [
            (other.as_str(), relay),
            (message.as_str(), Some("other")),
            (message.as_str(), Some("")),
        ] {
            let incoming = form(message, relay, RSA, &signature).unwrap();
            let refused = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap_err();
            assert_eq!(refused.reason, wrong);
        }
        let strange = sign_rsa(attacker(), octets(&message, relay).as_bytes());
        let incoming = form(&message, relay, RSA, &strange).unwrap();
        let refused = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap_err();
        assert_eq!(refused.reason, wrong);
        let sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
        assert!(matches!(
            form(&message, relay, sha1, &signature).unwrap_err(),
            Reason::Xml(xml::Reason::AlgorithmNotAllowed { .. })
        ));
    }
    // A signature inside as well is one too many, and half a signature is none.
    let inside = signed_by_xmlsec1(&message, rsa());
    let signature = sign_rsa(rsa(), octets(&inside, None).as_bytes());
    let incoming = form(&inside, None, RSA, &signature).unwrap();
    let refused = check_authn_request(&incoming, &service(), &idp(), NOW).unwrap_err();
    assert_eq!(refused.reason, Reason::SignatureInsideRedirect);
    let half = format!(
        "SAMLRequest={}&SigAlg=x",
        escaped(&xml::encode_base64(message.as_bytes()))
    );
    assert_eq!(
        saml::binding::post::decode(half.as_bytes()).unwrap_err(),
        Reason::SignatureHalf
    );
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
