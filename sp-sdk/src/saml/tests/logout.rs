//! Logout messages against the platform's own composer and its own judge, over all three bindings.

use domain::{AcsBinding, AcsEndpoint, SloBinding, SloEndpoint};
use saml::binding::IncomingLogout;
use saml::reply::{LogoutDraft, SignedOutPerson};
use saml::{LogoutReplyTo, ServiceFacts};
use xml::dsig::VerificationKey;

use super::*;
use crate::oidc::sample::key_pem as sample_key_pem;

const SLO: &str = "https://sp.example/slo";
const SOAP: &str = "https://sp.example/slo/soap";
const BINDINGS: [SloBinding; 3] = [SloBinding::HttpRedirect, SloBinding::HttpPost, SloBinding::Soap];

pub(super) fn setting_with_logout() -> (Platform, Service) {
    let (platform, mut service) = setting();
    let certificate = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        xml::encode_base64(&platform.certificate)
    );
    let keys = OwnKeys::default()
        .with_signing(&sample_key_pem(), &certificate)
        .unwrap();
    service.provider.own_keys = Arc::new(keys);
    service.provider.single_logout = Some(SLO.to_owned());
    service.provider.single_logout_soap = Some(SOAP.to_owned());
    (platform, service)
}

/// As the other side takes it from the wire.
pub(super) fn carried(message: &OutgoingLogout, is_response: bool) -> IncomingLogout {
    match message {
        OutgoingLogout::Redirect(address) => {
            IncomingLogout::redirect(address.split_once('?').unwrap().1).unwrap()
        }
        OutgoingLogout::Post(form) => {
            let mut body = url::form_urlencoded::Serializer::new(String::new());
            body.append_pair(form.field, &form.message);
            IncomingLogout::post(body.finish().as_bytes()).unwrap()
        }
        OutgoingLogout::Soap(envelope) if is_response => IncomingLogout::soap_response(envelope).unwrap(),
        OutgoingLogout::Soap(envelope) => IncomingLogout::soap_request(envelope).unwrap(),
    }
}

/// What the platform asks of us, with one thing changed.
pub(super) fn asked(
    platform: &Platform,
    binding: SloBinding,
    id: &str,
    change: &dyn Fn(&mut saml::IdpFacts, &mut SloEndpoint, &mut String),
) -> IncomingLogout {
    let mut facts = platform.facts.clone();
    let location = if binding == SloBinding::Soap { SOAP } else { SLO };
    let mut to = SloEndpoint {
        binding,
        location: location.to_owned(),
        response_location: None,
    };
    let mut audience = SP.to_owned();
    change(&mut facts, &mut to, &mut audience);
    let name = NameId {
        format: NameIdFormat::Persistent,
        value: "pseudonym".to_owned(),
    };
    let person = SignedOutPerson {
        name: &name,
        service: &audience,
        session_index: "_s",
    };
    carried(&request(platform, &facts, &to, id, &person), false)
}

fn request(
    platform: &Platform,
    facts: &saml::IdpFacts,
    to: &SloEndpoint,
    id: &str,
    person: &SignedOutPerson<'_>,
) -> OutgoingLogout {
    let draft = LogoutDraft::request(facts, to, id, person, (NOW, 300)).unwrap();
    let waiting = draft.to_be_signed(SIGNING).unwrap();
    let signature = platform.sign(waiting.signing_input());
    waiting.attach(&signature).unwrap()
}

/// A good one by SOAP, as it is on the wire.
pub(super) fn envelope(platform: &Platform, id: &str) -> Vec<u8> {
    let name = NameId {
        format: NameIdFormat::Persistent,
        value: "pseudonym".to_owned(),
    };
    let person = SignedOutPerson {
        name: &name,
        service: SP,
        session_index: "_s",
    };
    let to = SloEndpoint {
        binding: SloBinding::Soap,
        location: SOAP.to_owned(),
        response_location: None,
    };
    match request(platform, &platform.facts, &to, id, &person) {
        OutgoingLogout::Soap(envelope) => envelope,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_platforms_request_is_heard_once_by_each_binding_and_answered_by_the_same() {
    let (platform, service) = setting_with_logout();
    for (place, binding) in BINDINGS.into_iter().enumerate() {
        let incoming = asked(&platform, binding, &format!("_request{place}"), &|_, _, _| {});
        let heard = service
            .provider
            .hear_logout_request(&incoming, &service.seen, NOW)
            .unwrap();
        assert_eq!(heard.signed_out().subject.as_deref(), Some("pseudonym"));
        assert_eq!(
            (heard.binding(), heard.signed_out().sessions.as_slice()),
            (binding, &["_s".to_owned()][..])
        );
        let hear = || {
            service
                .provider
                .hear_logout_request(&incoming, &service.seen, NOW)
        };
        assert!(
            !heard.is_repeated() && hear().is_ok(),
            "what is not done is not remembered"
        );
        heard.done(&service.seen, NOW);
        let again = hear();
        if binding == SloBinding::Soap {
            assert!(again.unwrap().is_repeated(), "a server repeats itself");
        } else {
            assert_eq!(again.unwrap_err(), SamlReason::Replayed);
        }
        let answer = service
            .provider
            .answer_logout(heard, true, &MachineEntropy, NOW)
            .unwrap();
        let facts = facts_of(&service);
        let verdict = saml::check_logout_response(
            &carried(&answer, true),
            &format!("_request{place}"),
            &facts,
            &platform.facts,
            NOW,
        );
        assert!(verdict.unwrap().0.ended, "{binding:?}");
    }
}

/// How the platform knows us.
pub(super) fn facts_of(service: &Service) -> ServiceFacts {
    let jwks = service.provider.own_keys.public_spki();
    ServiceFacts {
        entity_id: SP.to_owned(),
        assertion_consumer_services: vec![AcsEndpoint {
            binding: AcsBinding::HttpPost,
            index: 0,
            location: ACS.to_owned(),
            is_default: None,
        }],
        single_logout_services: BINDINGS
            .into_iter()
            .map(|binding| SloEndpoint {
                binding,
                location: SLO.to_owned(),
                response_location: None,
            })
            .collect(),
        signing_keys: vec![VerificationKey::from_spki(&jwks).unwrap()],
        encryption_keys: vec![],
        encryption_methods: vec![],
        authn_requests_signed: false,
        sign_response: false,
        name_id_formats: vec![],
        subject_id_requirement: None,
        attribute_services: vec![],
        subject_id: false,
        unsolicited: false,
    }
}

#[test]
fn our_request_is_one_that_the_platform_accepts_and_its_answer_is_heard() {
    let (platform, service) = setting_with_logout();
    let facts = facts_of(&service);
    for binding in BINDINGS {
        let person = ("pseudonym", Some("_s"));
        let (message, sent) = service
            .provider
            .begin_logout(person, binding, &MachineEntropy, NOW)
            .unwrap();
        let incoming = carried(&message, false);
        let (request, _) = saml::check_logout_request(&incoming, &facts, &platform.facts, NOW).unwrap();
        assert_eq!(
            (request.name.as_str(), request.session_indexes.as_slice()),
            ("pseudonym", &["_s".to_owned()][..])
        );
        let respond = |reply_to: &LogoutReplyTo, status: Status| {
            let draft =
                LogoutDraft::response(&platform.facts, reply_to, status, NOW, &MachineEntropy).unwrap();
            let waiting = draft.to_be_signed(SIGNING).unwrap();
            let signature = platform.sign(waiting.signing_input());
            carried(&waiting.attach(&signature).unwrap(), true)
        };
        let reply_to = request.reply_to.clone().unwrap();
        for (top, second, said) in [
            (TopStatus::Success, None, LoggedOut::Everywhere),
            (
                TopStatus::Success,
                Some(SecondStatus::PartialLogout),
                LoggedOut::Partly,
            ),
            (TopStatus::Responder, None, LoggedOut::No),
        ] {
            let answer = respond(&reply_to, Status { top, second });
            let heard = service.provider.hear_logout_response(&answer, &sent, NOW);
            assert_eq!(heard, Ok(said), "{binding:?}");
        }
        let success = Status {
            top: TopStatus::Success,
            second: None,
        };
        let other = service
            .provider
            .begin_logout(person, binding, &MachineEntropy, NOW)
            .unwrap()
            .1;
        assert_eq!(
            service
                .provider
                .hear_logout_response(&respond(&reply_to, success), &other, NOW),
            Err(SamlReason::AnswersAnotherRequest)
        );
    }
}

#[test]
fn a_request_that_is_wrong_in_one_thing_ends_nothing() {
    let (platform, service) = setting_with_logout();
    let stranger = Platform::new("stranger");
    let judge = |incoming: &IncomingLogout, now| {
        service
            .provider
            .hear_logout_request(incoming, &service.seen, now)
            .unwrap_err()
    };
    for binding in BINDINGS {
        let same = |_: &mut saml::IdpFacts, _: &mut SloEndpoint, _: &mut String| {};
        assert_eq!(
            judge(&asked(&stranger, binding, "_1", &same), NOW),
            SamlReason::Xml(xml::Reason::SignatureInvalid)
        );
        let good = asked(&platform, binding, "_2", &same);
        assert_eq!(judge(&good, NOW.plus_seconds(361)), SamlReason::Expired);
        assert_eq!(judge(&good, NOW.plus_seconds(-61)), SamlReason::NotYetValid);
        let other = || "https://other.example/".to_owned();
        assert_eq!(
            judge(
                &asked(&platform, binding, "_3", &|_, to, _| to.location = other()),
                NOW
            ),
            SamlReason::ForAnotherPlace { what: "Destination" }
        );
        assert_eq!(
            judge(
                &asked(&platform, binding, "_4", &|_, _, audience| *audience = other()),
                NOW
            ),
            SamlReason::ForAnotherAudience
        );
        assert_eq!(
            judge(
                &asked(&platform, binding, "_5", &|idp, _, _| idp.entity_id = other()),
                NOW
            ),
            SamlReason::AnotherIssuer
        );
    }
}

#[test]
fn what_nobody_signed_ends_nothing() {
    let (_, service) = setting_with_logout();
    let message = format!(
        r#"<samlp:LogoutRequest xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" ID="_u" Version="2.0" IssueInstant="{}" Destination="{SLO}"><saml:Issuer>{IDP}</saml:Issuer><saml:NameID>pseudonym</saml:NameID></samlp:LogoutRequest>"#,
        NOW.to_rfc3339().unwrap()
    );
    let post = OutgoingLogout::Post(PostForm {
        action: SLO.to_owned(),
        field: "SAMLRequest",
        message: xml::encode_base64(message.as_bytes()),
        relay_state: None,
    });
    let soap = OutgoingLogout::Soap(saml::binding::soap::encode(message.as_bytes()));
    let address = saml::binding::redirect::encode_unsigned_request(SLO, message.as_bytes(), None).unwrap();
    for unsigned in [post, soap, OutgoingLogout::Redirect(address)] {
        let heard = service
            .provider
            .hear_logout_request(&carried(&unsigned, false), &service.seen, NOW);
        assert_eq!(heard.unwrap_err(), SamlReason::Unsigned);
    }
}

#[test]
fn our_metadata_says_what_we_have() {
    let (_, service) = setting_with_logout();
    let own = OwnMetadata {
        entity_id: SP,
        assertion_consumer_service: ACS,
        single_logout: Some(SLO),
        single_logout_soap: Some(SOAP),
        own_keys: &service.provider.own_keys,
    };
    let read = saml::metadata::read_service_provider(own.document().unwrap().as_bytes()).unwrap();
    let settings = read.settings;
    assert_eq!(
        (settings.entity_id.as_str(), settings.signing_keys.len()),
        (SP, 1)
    );
    assert_eq!(settings.single_logout_services.len(), 3);
    assert!(settings.encryption_keys.is_empty() && !settings.authn_requests_signed);
}
