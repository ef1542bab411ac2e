//! Answers of the platform's own composer, each good but for one thing.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use domain::{NameIdFormat, Timestamp};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use saml::IdpFacts;
use saml::elements::{SecondStatus, Status, TopStatus};
use saml::metadata::IdpMetadata;
use saml::reply::{
    AssertionContent, AssertionDraft, Issuance, NameId, ReplyTo, ResponseDraft, SignedAssertion, Signing,
};
use sim::keys::Seed;
use sim::server_certificate::ServerAuthority;
use xml::dsig::SignatureAlgorithm;

use super::assertion::Assertion;
use super::*;
use crate::MachineEntropy;

mod encrypted;
pub(crate) mod gate;
mod logout;
mod party;
mod wrapping;

const NOW: Timestamp = Timestamp::from_seconds(1_795_219_200);
const IDP: &str = "https://idp.example/saml/metadata";
const SP: &str = "https://sp.example/metadata";
const ACS: &str = "https://sp.example/acs";
const CARD: &str = "urn:example:aal3";
const SIGNING: Signing<'static> = Signing {
    algorithm: SignatureAlgorithm::EcdsaSha256,
    certificate: None,
};

/// The platform, with a key of its own.
struct Platform {
    key: EcdsaKeyPair,
    certificate: Vec<u8>,
    facts: IdpFacts,
}

impl Platform {
    fn new(seed: &str) -> Self {
        let authority = ServerAuthority::generate(&Seed::from_text(seed), NOW).unwrap();
        let issued = authority.issue(&["idp.example"]).unwrap();
        let pem = issued.key_pem().unwrap();
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
        let certificate =
            rustls::pki_types::CertificateDer::from_pem_slice(issued.chain_pem().as_bytes()).unwrap();
        Self {
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.secret_pkcs8_der()).unwrap(),
            certificate: certificate.to_vec(),
            facts: IdpFacts {
                entity_id: IDP.to_owned(),
                sso_redirect: "https://idp.example/saml/sso".to_owned(),
                sso_post: "https://idp.example/saml/sso".to_owned(),
                slo: "https://idp.example/saml/slo".to_owned(),
                slo_soap: "https://idp.example/saml/slo/soap".to_owned(),
                artifact_resolution: "https://idp.example/saml/artifact".to_owned(),
                attribute_query: "https://idp.example/saml/attributes".to_owned(),
                scope: "idp.example".to_owned(),
                clock_skew_seconds: 180,
                request_max_age_seconds: 300,
                authn_contexts: vec![CARD.to_owned()],
            },
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key
            .sign(&SystemRandom::new(), message)
            .unwrap()
            .as_ref()
            .to_vec()
    }

    fn metadata(&self) -> Vec<u8> {
        let draft = IdpMetadata {
            idp: &self.facts,
            signing_certificates: std::slice::from_ref(&self.certificate),
            name_id_formats: &[NameIdFormat::Persistent],
            want_authn_requests_signed: false,
            display_name: None,
            error_url: None,
            valid_until: NOW.plus_seconds(86_400),
            cache_duration_seconds: 3_600,
        }
        .to_be_signed(SIGNING, &MachineEntropy)
        .unwrap();
        let signature = self.sign(draft.signing_input());
        draft.attach(&signature).unwrap()
    }

    fn assertion(&self, reply_to: &ReplyTo, authn_instant: Timestamp) -> SignedAssertion {
        let content = AssertionContent {
            name_id: NameId {
                format: NameIdFormat::Persistent,
                value: "pseudonym".to_owned(),
            },
            authn_instant,
            session_index: "_s".to_owned(),
            session_not_on_or_after: None,
            authn_context_class: CARD.to_owned(),
            attributes: vec![],
            lifetime_seconds: 300,
        };
        let draft =
            AssertionDraft::compose(&self.issuance(reply_to), &content, SIGNING, &MachineEntropy).unwrap();
        let signature = self.sign(draft.signing_input());
        draft.attach(&signature).unwrap()
    }

    fn issuance<'a>(&'a self, reply_to: &'a ReplyTo) -> Issuance<'a> {
        Issuance {
            idp: &self.facts,
            reply_to,
            now: NOW,
        }
    }

    /// A whole answer; the Response is signed or not, the assertion always.
    fn answer(&self, reply_to: &ReplyTo, sign_response: bool) -> String {
        let assertion = self.assertion(reply_to, NOW);
        let draft = ResponseDraft::success(&self.issuance(reply_to), &assertion, &MachineEntropy).unwrap();
        let response = if sign_response {
            let draft = draft.to_be_signed(SIGNING).unwrap();
            let signature = self.sign(draft.signing_input());
            draft.attach(&signature).unwrap()
        } else {
            draft.unsigned().unwrap()
        };
        String::from_utf8(response.xml().to_vec()).unwrap()
    }
}

/// A service that trusts a platform, and what it sent.
struct Service {
    provider: ServiceProvider,
    seen: SeenAssertions,
}

impl Service {
    fn of(platform: &Platform) -> Self {
        let identity_provider =
            IdentityProvider::from_metadata(&platform.metadata(), IDP, &MetadataTrust::AsGiven, NOW).unwrap();
        Self {
            provider: ServiceProvider::new(SP, ACS, identity_provider),
            seen: SeenAssertions::default(),
        }
    }

    fn sent(&self) -> SentRequest {
        self.provider
            .begin(&RequestOptions::default(), &MachineEntropy, NOW)
            .unwrap()
            .1
    }

    fn judge_at(&self, xml: &str, sent: SentRequest, now: Timestamp) -> Result<SignIn, SamlReason> {
        self.provider
            .verify(&xml::encode_base64(xml.as_bytes()), sent, &self.seen, now)
    }

    fn judge(&self, xml: &str, sent: SentRequest) -> Result<SignIn, SamlReason> {
        self.judge_at(xml, sent, NOW)
    }
}

fn reply(service: &str, location: &str, request: &str) -> ReplyTo {
    let value = serde_json::json!({
        "service": service, "location": location, "in_response_to": request, "relay_state": null,
    });
    serde_json::from_value(value).unwrap()
}

fn setting() -> (Platform, Service) {
    let platform = Platform::new("sdk");
    let service = Service::of(&platform);
    (platform, service)
}

#[test]
fn a_good_answer_is_a_sign_in_and_works_once() {
    let (platform, service) = setting();
    for sign_response in [false, true] {
        let sent = service.sent();
        let again = serde_json::from_value(serde_json::to_value(&sent).unwrap()).unwrap();
        let answer = platform.answer(&reply(SP, ACS, &sent.id), sign_response);
        let person = service.judge(&answer, sent).unwrap();
        assert_eq!(
            (person.pseudonym(), person.level(), person.authenticated_at()),
            ("pseudonym", CARD, NOW)
        );
        assert!(person.assertion().starts_with(b"<saml:Assertion"));
        assert_eq!(service.judge(&answer, again), Err(SamlReason::Replayed));
    }
}

#[test]
fn the_question_is_one_that_the_platform_reads() {
    let (platform, service) = setting();
    let options = RequestOptions {
        force_authn: true,
        levels: vec![CARD.to_owned()],
        certainty: None,
    };
    let (address, sent) = service.provider.begin(&options, &MachineEntropy, NOW).unwrap();
    let (location, query) = address.split_once('?').unwrap();
    assert_eq!(location, platform.facts.sso_redirect);
    let incoming = saml::binding::redirect::decode(query).unwrap();
    let facts = saml::ServiceFacts {
        entity_id: SP.to_owned(),
        assertion_consumer_services: vec![domain::AcsEndpoint {
            binding: domain::AcsBinding::HttpPost,
            index: 0,
            location: ACS.to_owned(),
            is_default: None,
        }],
        single_logout_services: vec![],
        signing_keys: vec![],
        encryption_keys: vec![],
        encryption_methods: Vec::new(),
        authn_requests_signed: false,
        sign_response: false,
        name_id_formats: vec![],
        subject_id_requirement: None,
        attribute_services: Vec::new(),
        subject_id: false,
        unsolicited: false,
    };
    let (checked, _) = saml::check_authn_request(&incoming, &facts, &platform.facts, NOW).unwrap();
    assert_eq!(
        (checked.id.as_str(), checked.force_authn),
        (sent.id.as_str(), true)
    );
    assert_eq!(checked.reply_to.location(), ACS);
    assert_eq!(checked.requested_authn_context.as_ref().unwrap().classes, [CARD]);
}

#[test]
fn answers_for_others_are_refused() {
    let (platform, service) = setting();
    let other = "https://other.example/";
    for (entity, location, own_request, swap, reason) in [
        (
            SP,
            other,
            true,
            None,
            SamlReason::ForAnotherPlace { what: "Destination" },
        ),
        (
            SP,
            other,
            true,
            Some((1, other, ACS)),
            SamlReason::ForAnotherPlace { what: "Recipient" },
        ),
        (other, ACS, true, None, SamlReason::ForAnotherAudience),
        (SP, ACS, false, None, SamlReason::AnswersAnotherRequest),
        (
            SP,
            ACS,
            false,
            Some((1, "_another", "")),
            SamlReason::AnswersAnotherRequest,
        ),
    ] {
        let sent = service.sent();
        let request = if own_request {
            sent.id.clone()
        } else {
            "_another".to_owned()
        };
        let mut answer = platform.answer(&reply(entity, location, &request), false);
        // The envelope is unsigned, so whoever carries it can put right what stands there.
        if let Some((times, from, to)) = swap {
            answer = answer.replacen(from, if to.is_empty() { &sent.id } else { to }, times);
        }
        assert_eq!(service.judge(&answer, sent), Err(reason.clone()), "{reason}");
    }
}

/// What stands in the signed assertion counts, whatever the envelope around it says.
#[test]
fn an_assertion_of_another_platform_is_refused_by_its_own_issuer() {
    let (mut platform, service) = setting();
    platform.facts.entity_id = "https://other-idp.example/".to_owned();
    let sent = service.sent();
    let answer = platform.answer(&reply(SP, ACS, &sent.id), false);
    let (envelope, assertion) = answer.split_once("<saml:Assertion").unwrap();
    let envelope = envelope.replace(&platform.facts.entity_id, IDP);
    let answer = format!("{envelope}<saml:Assertion{assertion}");
    assert_eq!(service.judge(&answer, sent), Err(SamlReason::AnotherIssuer));
}

#[test]
fn time_is_held_on_both_sides() {
    let (platform, service) = setting();
    for (seconds, reason) in [
        (-59, None),
        (-61, Some(SamlReason::NotYetValid)),
        (359, None),
        (360, Some(SamlReason::Expired)),
        // Its metadata ends, and five minutes are for clocks that differ.
        (86_400 + 299, Some(SamlReason::Expired)),
        (86_400 + 300, Some(SamlReason::MetadataExpired)),
    ] {
        let sent = service.sent();
        let answer = platform.answer(&reply(SP, ACS, &sent.id), false);
        let verdict = service.judge_at(&answer, sent, NOW.plus_seconds(seconds));
        assert_eq!(verdict.err(), reason, "{seconds}");
    }
}

/// An assertion ends in two places (`Conditions` and `SubjectConfirmationData`, core-2.0-os sections 2.5.1.2 and 2.4.1.2); each is enough.
#[test]
fn each_of_the_two_ends_of_an_assertion_counts_by_itself() {
    let (platform, service) = setting();
    let sent = service.sent();
    let answer = platform.answer(&reply(SP, ACS, &sent.id), false);
    let read = || {
        let document = xml::Document::parse(answer.as_bytes(), &xml::Limits::message()).unwrap();
        let parts = document.root().elements().unwrap();
        let assertion = parts.iter().find(|part| part.is(ASSERTION, "Assertion"));
        Assertion::read(*assertion.unwrap()).unwrap()
    };
    let judge = |assertion: &Assertion, seconds: i64| {
        let now = NOW.plus_seconds(seconds);
        service.provider.check_assertion(assertion, &sent, now).err()
    };
    let later = NOW.plus_seconds(3_600);
    let mut conditions_last = read();
    conditions_last.not_on_or_after = later;
    let mut confirmation_lasts = read();
    for bearer in &mut confirmation_lasts.confirmations {
        bearer.not_on_or_after = later;
    }
    for assertion in [conditions_last, confirmation_lasts] {
        assert_eq!(judge(&assertion, 359), None);
        assert_eq!(judge(&assertion, 360), Some(SamlReason::Expired));
    }
}

#[test]
fn what_was_asked_must_be_met() {
    let (platform, service) = setting();
    let judge = |options: &RequestOptions, signed_in_at: Timestamp| {
        let (_, sent) = service.provider.begin(options, &MachineEntropy, NOW).unwrap();
        let reply_to = reply(SP, ACS, &sent.id);
        let assertion = platform.assertion(&reply_to, signed_in_at);
        let issuance = platform.issuance(&reply_to);
        let response = ResponseDraft::success(&issuance, &assertion, &MachineEntropy)
            .unwrap()
            .unsigned()
            .unwrap();
        service
            .judge(std::str::from_utf8(response.xml()).unwrap(), sent)
            .err()
    };
    let (hour_ago, any) = (NOW.plus_seconds(-3_600), RequestOptions::default());
    let fresh = RequestOptions {
        force_authn: true,
        ..RequestOptions::default()
    };
    let level = |level: &str| RequestOptions {
        levels: vec![level.to_owned()],
        ..RequestOptions::default()
    };
    assert_eq!(judge(&any, hour_ago), None);
    assert_eq!(judge(&fresh, NOW), None);
    assert_eq!(judge(&fresh, hour_ago), Some(SamlReason::NotFresh));
    assert_eq!(judge(&level(CARD), NOW), None);
    assert_eq!(
        judge(&level("urn:example:higher"), NOW),
        Some(SamlReason::LevelNotAskedFor)
    );
}

/// What the unsigned request asked for proves nothing: the answer must say it.
#[test]
fn a_certainty_that_was_asked_for_is_said_by_the_answer() {
    const OCSP: &str = "urn:jp:go:gap:certainty:ocsp";
    const CRL: &str = "urn:jp:go:gap:certainty:crl";
    let (platform, service) = setting();
    let judge = |asked: &str, said: Option<&str>, level: &str| {
        let options = RequestOptions {
            certainty: Some(asked.to_owned()),
            ..RequestOptions::default()
        };
        let (_, sent) = service.provider.begin(&options, &MachineEntropy, NOW).unwrap();
        let kept = serde_json::to_string(&sent).unwrap();
        let sent: SentRequest = serde_json::from_str(&kept).unwrap();
        let signed = platform.answer(&reply(SP, ACS, &sent.id), false);
        let document = xml::Document::parse(signed.as_bytes(), &xml::Limits::message()).unwrap();
        let element = document.root().elements().unwrap().into_iter().last().unwrap();
        let mut assertion = super::assertion::Assertion::read(element).unwrap();
        assertion.level = level.to_owned();
        assertion.attributes.extend(said.map(|said| Attribute {
            name: "urn:jp:go:gap:attribute:revocation-certainty".to_owned(),
            values: vec![said.to_owned()],
        }));
        service.provider.check_assertion(&assertion, &sent, NOW).err()
    };
    let refused = Some(SamlReason::CertaintyNotAskedFor);
    for (asked, said, level, expected) in [
        (OCSP, Some("ocsp"), CARD, None),
        (OCSP, Some("crl"), CARD, refused.clone()),
        (OCSP, None, CARD, refused.clone()),
        (OCSP, None, OCSP, None),
        (OCSP, None, CRL, refused.clone()),
        (OCSP, Some("OCSP"), CARD, refused.clone()),
        (CRL, None, CARD, None),
        (CRL, Some("ocsp"), CARD, None),
        ("urn:example:unknown", Some("ocsp"), CARD, refused),
        ("urn:example:unknown", None, "urn:example:unknown", None),
    ] {
        assert_eq!(judge(asked, said, level), expected, "{asked} {said:?} {level}");
    }
}

#[test]
fn signatures_are_the_platforms_over_what_is_read() {
    let (platform, service) = setting();
    let stranger = Platform::new("stranger");
    let judge = |from: &Platform, sign_response: bool, change: &dyn Fn(String) -> String| {
        let sent = service.sent();
        let answer = change(from.answer(&reply(SP, ACS, &sent.id), sign_response));
        service.judge(&answer, sent).unwrap_err()
    };
    let same = |answer: String| answer;
    assert_eq!(
        judge(&stranger, false, &same),
        SamlReason::Xml(xml::Reason::SignatureInvalid)
    );
    assert_eq!(
        judge(&stranger, true, &same),
        SamlReason::Xml(xml::Reason::SignatureInvalid)
    );
    let somebody_else = |answer: String| answer.replace(">pseudonym<", ">somebody<");
    for sign_response in [false, true] {
        assert_eq!(
            judge(&platform, sign_response, &somebody_else),
            SamlReason::Xml(xml::Reason::DigestMismatch)
        );
    }
    // A signed Response whose envelope was changed.
    let elsewhere = |answer: String| answer.replacen("Version=\"2.0\"", "Version=\"2.0\" Consent=\"x\"", 1);
    assert_eq!(
        judge(&platform, true, &elsewhere),
        SamlReason::Xml(xml::Reason::DigestMismatch)
    );
    let unsigned = |answer: String| {
        let (before, rest) = answer.split_once("<ds:Signature").unwrap();
        let (_, after) = rest.split_once("</ds:Signature>").unwrap();
        format!("{before}{after}")
    };
    assert_eq!(
        judge(&platform, false, &unsigned),
        SamlReason::Xml(xml::Reason::SignatureMissing)
    );
    // Wrapping: a forged assertion beside the real one, in front and behind.
    let wrapped = |answer: String| {
        let (start, end) = (
            answer.find("<saml:Assertion").unwrap(),
            answer.find("</samlp:Response>").unwrap(),
        );
        let forged = answer[start..end]
            .replace(">pseudonym<", ">somebody<")
            .replace(" ID=\"_", " ID=\"_f");
        format!("{}{forged}{}", &answer[..start], &answer[start..])
    };
    assert_eq!(
        judge(&platform, false, &wrapped),
        SamlReason::Malformed { what: "Assertion" }
    );
}

#[test]
fn a_refusal_of_the_platform_is_told_with_its_codes() {
    let (platform, service) = setting();
    let sent = service.sent();
    let reply_to = reply(SP, ACS, &sent.id);
    let status = Status {
        top: TopStatus::Responder,
        second: Some(SecondStatus::AuthnFailed),
    };
    let response = ResponseDraft::failure(&platform.issuance(&reply_to), status, None, &MachineEntropy)
        .unwrap()
        .unsigned()
        .unwrap();
    let verdict = service.judge(std::str::from_utf8(response.xml()).unwrap(), sent);
    let Err(SamlReason::NotSignedIn { status, second }) = verdict else {
        panic!("{verdict:?}")
    };
    assert!(status.ends_with(":Responder") && second.unwrap().ends_with(":AuthnFailed"));
}

#[test]
fn metadata_is_believed_for_its_reason_only() {
    let (platform, stranger) = (Platform::new("sdk"), Platform::new("stranger"));
    let keys = |of: &Platform| {
        let read =
            IdentityProvider::from_metadata(&of.metadata(), IDP, &MetadataTrust::AsGiven, NOW).unwrap();
        MetadataTrust::SignedBy(read.keys().to_vec())
    };
    let read = |trust: &MetadataTrust, entity: &str, now| {
        IdentityProvider::from_metadata(&platform.metadata(), entity, trust, now).err()
    };
    assert_eq!(read(&keys(&platform), IDP, NOW), None);
    assert_eq!(
        read(&keys(&stranger), IDP, NOW),
        Some(SamlReason::Xml(xml::Reason::SignatureInvalid))
    );
    assert_eq!(
        read(&MetadataTrust::AsGiven, SP, NOW),
        Some(SamlReason::AnotherIssuer)
    );
    let late = NOW.plus_seconds(86_400 + domain::METADATA_CLOCK_SKEW_SECONDS);
    assert_eq!(
        read(&MetadataTrust::AsGiven, IDP, late),
        Some(SamlReason::MetadataExpired)
    );
}

/// A key of a kind that this release cannot use, announced beside the one that signs.
#[test]
fn a_key_of_another_kind_in_the_metadata_stops_nobody() {
    let platform = Platform::new("sdk");
    let text = String::from_utf8(platform.metadata()).unwrap();
    let known = xml::encode_base64(&platform.certificate);
    // id-ecPublicKey (RFC 5480) becomes another number.
    let public_key = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    let at = platform
        .certificate
        .windows(public_key.len())
        .position(|window| window == public_key)
        .unwrap();
    let mut other = platform.certificate.clone();
    other[at + public_key.len() - 1] = 0x7f;
    let from = text.find("<md:KeyDescriptor").unwrap();
    let end = "</md:KeyDescriptor>";
    let to = from + text[from..].find(end).unwrap() + end.len();
    let announced = text[from..to].replace(&known, &xml::encode_base64(&other));
    assert_ne!(announced, text[from..to]);
    let read = |text: &str, now| {
        IdentityProvider::from_metadata(text.as_bytes(), IDP, &MetadataTrust::AsGiven, now)
            .map(|read| read.keys().len())
    };
    assert_eq!(
        read(
            &text.replacen(&text[from..to], &(announced.clone() + &text[from..to]), 1),
            NOW
        ),
        Ok(1)
    );
    // Alone it is none.
    let malformed = SamlReason::Malformed {
        what: "KeyDescriptor",
    };
    assert_eq!(
        read(&text.replace(&text[from..to], &announced), NOW),
        Err(malformed)
    );
    // The role may end before its document.
    let ends = NOW.plus_seconds(60).to_rfc3339().unwrap();
    let text = text.replacen(
        "<md:IDPSSODescriptor ",
        &format!("<md:IDPSSODescriptor validUntil=\"{ends}\" "),
        1,
    );
    assert_eq!(read(&text, NOW.plus_seconds(359)), Ok(1));
    assert_eq!(
        read(&text, NOW.plus_seconds(360)),
        Err(SamlReason::MetadataExpired)
    );
}
