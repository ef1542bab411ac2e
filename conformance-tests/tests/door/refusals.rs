//! Every refusal that the door can see is a page in both languages with a reference. The operator opens the reference to the
//! rule that failed; the service learns that authentication failed, whatever the reason.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use conformance_tests::{Browser, MachineClock, Page, Platform, PlatformOptions, RelyingParty};
use domain::Clock as _;
use sim::CardRequest;
use sim::card::CardSigning;
use sim::crl::RevocationReason;
use sim::fault::Fault;
use sim::keys::KeyAlgorithm;
use sim::record::CardRecord;

use crate::support::{Seen, assert_no_trace, failed_rules, publish, refusal_on, sign_in_page, use_card};

/// A person at the card's refusal: what the page says in both languages.
struct Refused {
    english: Seen,
    japanese: Seen,
    browser: Browser,
    page: Page,
}

/// Walks to the refusal, reads it in both languages.
async fn refused(browser: Browser, service: &RelyingParty) -> Refused {
    let page = use_card(&browser, service).await;
    let english = refusal_on(&page);
    let other = browser.clone().speaking("ja").get(page.url.as_str()).await;
    let japanese = refusal_on(&other);
    assert_eq!(english.language, "en");
    assert_eq!(japanese.language, "ja");
    assert!(english.title.is_ascii(), "{english:?}");
    assert!(
        japanese
            .title
            .chars()
            .any(|c| ('\u{3040}'..='\u{30ff}').contains(&c)),
        "{japanese:?}"
    );
    assert_eq!((english.status, &english.code), (japanese.status, &japanese.code));
    Refused {
        english,
        japanese,
        browser,
        page,
    }
}

/// The three views of one refusal: the person's, the operator's, the service's. `rule` is the one that must have failed.
async fn assert_refused(
    platform: &Platform,
    service: &RelyingParty,
    browser: Browser,
    record: Option<&CardRecord>,
    (status, code, rule): (u16, &str, &str),
) -> Refused {
    let what = format!("{:?}", record.and_then(|record| record.fault));
    let seen = refused(browser, service).await;
    assert_eq!(
        (seen.english.status, seen.english.code.as_str()),
        (status, code),
        "{what}"
    );
    let reference = seen
        .english
        .reference
        .clone()
        .unwrap_or_else(|| panic!("{what}: no reference"));
    assert_eq!(seen.japanese.reference.as_ref(), Some(&reference));
    let explained = platform.explain(&reference).await;
    assert_eq!(failed_rules(&explained), [rule], "{what}: {explained}");
    let stranger = reqwest::get(format!("{}/references/{reference}", platform.operator))
        .await
        .unwrap();
    assert_eq!(stranger.status(), 401, "{what}");
    assert!(!stranger.text().await.unwrap().contains(rule));
    if let Some(record) = record {
        assert_no_trace(record, "the browser", &seen.browser.everything_seen());
        assert_no_trace(record, "the operator's view", &explained.to_string());
        assert_no_trace(record, "the log", &platform.log());
    }
    let back = seen
        .browser
        .submit_until(&seen.page.form("/return"), &service.redirect_uri)
        .await;
    let mut told: BTreeMap<String, String> = back.url.query_pairs().into_owned().collect();
    // Behind it stands the reference that opens, to the service's developers, no more than this either.
    let description = told.remove("error_description").unwrap_or_default();
    assert!(
        description.starts_with("authentication failed (reference ") && description.len() == 45,
        "{what}: {description}"
    );
    let expected = [
        ("error", "access_denied"),
        ("iss", platform.origin.as_str()),
        ("state", "st-1"),
    ];
    assert_eq!(
        told,
        expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        "{what}"
    );
    seen
}

const MALFORMED: &str = "malformed_profile";

/// What is wrong, and how it is refused.
fn by_fault(fault: Fault) -> (u16, &'static str, &'static str) {
    match fault {
        Fault::Expired => (403, "expired", "jpki.validity_has_not_ended"),
        Fault::NotYetValid => (403, "not_yet_valid", "jpki.validity_has_begun"),
        Fault::WrongPolicy | Fault::NoPolicy => (403, "unknown_policy", "jpki.policy_is_known"),
        Fault::SigningPolicy | Fault::SigningCertificate => {
            (403, "signing_certificate", "jpki.certificate_is_not_for_signing")
        }
        Fault::NoKeyUsage | Fault::WrongKeyUsage => (403, MALFORMED, "jpki.key_usage_has_digital_signature"),
        Fault::NoExtendedKeyUsage | Fault::WrongExtendedKeyUsage => {
            (403, MALFORMED, "jpki.purpose_has_client_auth")
        }
        Fault::MangledExtension | Fault::DuplicateExtension => {
            (403, MALFORMED, "jpki.certificate_is_readable")
        }
        Fault::UnknownCriticalExtension => (403, MALFORMED, "jpki.critical_extensions_are_known"),
        Fault::AuthorityCertificate | Fault::AuthorityKeyUsage => (403, MALFORMED, "jpki.it_is_no_authority"),
        Fault::WeakKey => (403, "weak_key", "jpki.key_is_strong"),
        Fault::ForeignAuthority | Fault::ProductionNamed | Fault::ForgedSignature => {
            (403, "unknown_ca", "jpki.a_pinned_ca_signed_it")
        }
    }
}

#[tokio::test]
async fn every_fault_of_a_certificate_is_a_page_a_failed_rule_and_one_word_to_the_service() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-faults");
    let mut titles: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for fault in Fault::ALL {
        let (id, card) = platform.card(&CardRequest::with_fault(fault));
        let record = platform.simulation.lock().unwrap().record(&id).unwrap().clone();
        let seen = assert_refused(
            &platform,
            &service,
            platform.browser(&card),
            Some(&record),
            by_fault(fault),
        )
        .await;
        for title in [seen.english.title, seen.japanese.title] {
            titles.entry(title).or_default().insert(seen.english.code.clone());
        }
    }
    // Each code has a title of its own in each language: seven codes among these faults.
    assert_eq!(titles.len(), 14, "{titles:?}");
    assert!(titles.values().all(|codes| codes.len() == 1), "{titles:?}");
}

#[tokio::test]
async fn a_next_card_with_a_fault_is_refused_alike() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-p384");
    let request = CardRequest {
        algorithm: KeyAlgorithm::P384,
        ..CardRequest::with_fault(Fault::Expired)
    };
    let (_, card) = platform.card(&request);
    assert_refused(
        &platform,
        &service,
        platform.browser(&card),
        None,
        by_fault(Fault::Expired),
    )
    .await;
}

#[tokio::test]
async fn a_handshake_without_certificate_is_a_page_that_offers_both_families() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-none");
    let rule = (403, "no_certificate", "door.certificate_was_sent");
    let seen = assert_refused(&platform, &service, platform.bare_browser(), None, rule).await;
    for family in ["card", "card12"] {
        assert!(
            seen.page
                .body
                .contains(&format!("name=\"family\" value=\"{family}\"")),
            "{family}"
        );
    }
}

#[tokio::test]
async fn each_reason_of_a_revocation_is_told_to_the_person() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-revoked");
    let mut cards = Vec::new();
    for reason in RevocationReason::ALL {
        let (id, card) = platform.card(&CardRequest::default());
        let mut simulation = platform.simulation.lock().unwrap();
        simulation.revoke(&id, reason, MachineClock.now()).unwrap();
        cards.push((reason, simulation.record(&id).unwrap().clone(), card));
    }
    publish(&platform).await;
    let mut texts = BTreeSet::new();
    for (reason, record, card) in cards {
        let rule = (403, "revoked", "jpki.it_is_not_revoked");
        let seen = assert_refused(&platform, &service, platform.browser(&card), Some(&record), rule).await;
        let explained = platform.explain(&seen.english.reference.unwrap()).await;
        let told = &explained["event"]["facts"]["reason"];
        // RFC 5280 section 5.3.1 spells reasons in camel case; ours are in snake case.
        let expected = format!("{reason:?}");
        let spelt: String = told.as_str().unwrap().split('_').map(capitalised).collect();
        assert_eq!(spelt.to_lowercase(), expected.to_lowercase(), "{explained}");
        let document = seen.page.body.split_once("cause-heading").unwrap().1;
        texts.insert(document.split_once("</section>").unwrap().0.to_owned());
    }
    assert_eq!(
        texts.len(),
        RevocationReason::ALL.len(),
        "each reason has its own words"
    );
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

#[tokio::test]
async fn production_refuses_the_test_hierarchy_even_where_it_was_pinned() {
    let platform = Platform::start_with(PlatformOptions {
        mode: "production",
        ..PlatformOptions::default()
    })
    .await;
    let service = RelyingParty::register(&platform, "rp-production");
    let (id, card) = platform.card(&CardRequest::default());
    let record = platform.simulation.lock().unwrap().record(&id).unwrap().clone();
    let rule = (
        403,
        "test_ca_in_production",
        "jpki.issuer_is_no_test_ca_in_production",
    );
    assert_refused(&platform, &service, platform.browser(&card), Some(&record), rule).await;
}

#[tokio::test]
async fn without_a_list_nobody_is_signed_in() {
    let platform = Platform::start_with(PlatformOptions {
        publish_list: false,
        ..PlatformOptions::default()
    })
    .await;
    let service = RelyingParty::register(&platform, "rp-no-list");
    let rule = (503, "crl_missing", "jpki.a_revocation_list_covers_it");
    let (_, card) = platform.card(&CardRequest::default());
    assert_refused(&platform, &service, platform.browser(&card), None, rule).await;
    assert_eq!(ready(&platform).await, (503, "missing".to_owned()));
    // The list arrives: the same card signs in, nothing was restarted.
    publish(&platform).await;
    service.sign_in(&platform.browser(&card), "").await;
    assert_eq!(ready(&platform).await, (200, "fresh".to_owned()));
}

#[tokio::test]
async fn an_old_list_makes_no_card_good_but_still_tells_of_a_revocation() {
    let platform = Platform::prepare(PlatformOptions {
        publish_list: false,
        ..PlatformOptions::default()
    })
    .await;
    let (good, revoked) = (
        platform.card(&CardRequest::default()),
        platform.card(&CardRequest::default()),
    );
    let now = MachineClock.now();
    let reason = RevocationReason::KeyCompromise;
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(&revoked.0, reason, now)
        .unwrap();
    platform.publish_list_of(now.plus_seconds(-2 * 86_400), now.plus_seconds(-86_400));
    let mut platform = platform;
    platform.run().await;
    let service = RelyingParty::register(&platform, "rp-old-list");
    let stale = (503, "crl_stale", "jpki.the_revocation_list_is_fresh");
    assert_refused(&platform, &service, platform.browser(&good.1), None, stale).await;
    let rule = (403, "revoked", "jpki.it_is_not_revoked");
    assert_refused(&platform, &service, platform.browser(&revoked.1), None, rule).await;
    assert_eq!(ready(&platform).await, (503, "refuse".to_owned()));
}

async fn ready(platform: &Platform) -> (u16, String) {
    let answer = reqwest::get(format!("{}/ready", platform.operator))
        .await
        .unwrap();
    let status = answer.status().as_u16();
    let json: serde_json::Value = answer.json().await.unwrap();
    (status, json["revocation_data"].as_str().unwrap().to_owned())
}

/// RSA-1024 over PKCS#1 is a page; over PSS it is an alert (`alerts`).
#[tokio::test]
async fn a_weak_key_is_a_page_in_both_families() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-weak");
    let request = CardRequest {
        signing: Some(CardSigning::Pkcs1),
        ..CardRequest::with_fault(Fault::WeakKey)
    };
    let (_, card) = platform.card(&request);
    for family in ["card", "card12"] {
        let browser = platform.browser(&card);
        let page = sign_in_page(&browser, &service).await;
        let form = page.form("/card").with("family", family);
        let seen = refusal_on(&browser.submit(&form).await);
        assert_eq!((seen.status, seen.code.as_str()), (403, "weak_key"), "{family}");
    }
}

#[tokio::test]
async fn a_saml_service_learns_authn_failed_and_nothing_else() {
    let platform = Platform::start().await;
    let acs = "https://sp-door.localhost:9/acs";
    platform.register(&format!(
        r#"
        kind = "sp"
        name = {{ ja = "扉", en = "Door" }}
        [saml]
        metadata = '''<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp-door.localhost/md">
        <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
        <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs}" index="0"/>
        </SPSSODescriptor></EntityDescriptor>'''
        "#
    ));
    for (fault, code) in [
        (Fault::Expired, "expired"),
        (Fault::ForeignAuthority, "unknown_ca"),
    ] {
        let (_, card) = platform.card(&CardRequest::with_fault(fault));
        let browser = platform.browser(&card);
        let message = base64::engine::general_purpose::STANDARD.encode(authn_request(&platform, acs));
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("SAMLRequest", &message)
            .append_pair("RelayState", "rs-1")
            .finish();
        let begun = browser
            .post_raw(&format!("{}/saml/sso", platform.origin), &[], &body)
            .await;
        assert_eq!(begun.status, 303, "{}", begun.body);
        let next = begun.url.join(begun.header("location").unwrap()).unwrap();
        let page = browser.get(next.as_str()).await;
        let refused = browser.submit(&page.form("/card")).await;
        assert_eq!(refusal_on(&refused).code, code);
        let sent = browser.submit(&refused.form("/return")).await;
        let form = sent.form(acs);
        assert_eq!(form.field("RelayState"), Some("rs-1"));
        let response = form.field("SAMLResponse").expect("a response");
        let xml = base64::engine::general_purpose::STANDARD
            .decode(response)
            .unwrap();
        let xml = String::from_utf8(xml).unwrap();
        assert!(
            xml.contains("urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"),
            "{xml}"
        );
        for word in [code, "Assertion ", "NameID", "expire", "certificate"] {
            assert!(!xml.contains(word), "{word} in {xml}");
        }
    }
}

fn authn_request(platform: &Platform, acs: &str) -> String {
    let id = format!("_{}", MachineClock.now().millis());
    let instant = MachineClock.now();
    format!(
        r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0" IssueInstant="{instant}" Destination="{}/saml/sso" AssertionConsumerServiceURL="{acs}" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"><saml:Issuer>https://sp-door.localhost/md</saml:Issuer></samlp:AuthnRequest>"#,
        platform.origin
    )
}
