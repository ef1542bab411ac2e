//! People of the simulation in front of the platform.

use std::sync::{Arc, Mutex};

use conformance_tests::{Browser, MachineClock, Page, Platform, RelyingParty};
use domain::Clock as _;
use sim::CardRequest;
use sim::authority::CaKind;
use sim::person::{Issued, Medium, PersonRequest};
use sim::record::CardRecord;
use sim::tls::SharedCard;

/// Somebody new with a whole card.
pub(crate) fn person(platform: &Platform) -> String {
    let mut simulation = platform.simulation.lock().unwrap();
    let person = simulation
        .new_person(&PersonRequest::default(), MachineClock.now())
        .unwrap();
    drop(simulation);
    issue(platform, &person.id, Medium::Card);
    person.id
}

/// Both certificates of a medium.
pub(crate) fn issue(platform: &Platform, person: &str, medium: Medium) -> Issued {
    let mut simulation = platform.simulation.lock().unwrap();
    simulation
        .issue_to(
            person,
            medium,
            &CaKind::ALL,
            &CardRequest::default(),
            MachineClock.now(),
        )
        .unwrap()
}

/// The newest certificates of a medium in place of those before.
pub(crate) fn renew(platform: &Platform, person: &str, medium: Medium) -> Issued {
    let mut simulation = platform.simulation.lock().unwrap();
    simulation
        .renew(person, medium, &CardRequest::default(), MachineClock.now())
        .unwrap()
}

/// A person's newest valid certificate of a kind.
pub(crate) fn newest(platform: &Platform, person: &str, medium: Medium, kind: CaKind) -> CardRecord {
    let simulation = platform.simulation.lock().unwrap();
    simulation.current(person, medium, kind).unwrap().clone()
}

/// A certificate in a reader.
pub(crate) fn in_reader(platform: &Platform, record: &CardRecord) -> SharedCard {
    let simulation = platform.simulation.lock().unwrap();
    Arc::new(Mutex::new(simulation.card(&record.id).unwrap()))
}

/// A browser with the person's card or phone.
pub(crate) fn browser(platform: &Platform, person: &str, medium: Medium) -> Browser {
    let record = newest(platform, person, medium, CaKind::UserAuthentication);
    platform.browser(&in_reader(platform, &record))
}

/// Signs in; the pseudonym.
pub(crate) async fn sign_in(
    platform: &Platform,
    service: &RelyingParty,
    person: &str,
    medium: Medium,
) -> String {
    subject(&browser(platform, person, medium), service).await
}

/// Signs in; the pseudonym.
pub(crate) async fn subject(browser: &Browser, service: &RelyingParty) -> String {
    service.sign_in(browser, "").await.claims["sub"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// From a service's request through the door to whatever page comes then.
pub(crate) async fn use_card(browser: &Browser, service: &RelyingParty) -> Page {
    let page = browser.get(&service.request("")).await;
    browser.submit(&page.form("/card")).await
}

/// Status, code and reference of a refusal page.
pub(crate) fn refusal_on(page: &Page) -> (u16, String, Option<String>) {
    let code = page
        .text("main .box code")
        .unwrap_or_else(|| panic!("no refusal at {} ({}):\n{}", page.url, page.status, page.body));
    (page.status.as_u16(), code, page.text("span.reference"))
}

/// How many accounts there are.
pub(crate) async fn accounts(platform: &Platform) -> u64 {
    let count = platform.metric("ledger_accounts").await.unwrap_or_default();
    // A count is far below 2^53.
    #[allow(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    let whole = count as u64;
    whole
}

/// Runs `idp-server` and returns what it printed.
pub(crate) fn command(platform: &Platform, arguments: &[&str]) -> String {
    let output = platform.command(arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Publishes the list of the 署名用 CA; the running platform finds it by itself.
pub(crate) fn publish_signing_list(platform: &Platform) {
    let now = MachineClock.now();
    let list = platform
        .simulation
        .lock()
        .unwrap()
        .publish_crl(
            sim::authority::Hierarchy::Test,
            CaKind::DigitalSignature,
            now,
            now.plus_seconds(24 * 3600),
        )
        .unwrap();
    let draft = platform.path().join("draft-signing");
    std::fs::write(&draft, list).unwrap();
    std::fs::rename(&draft, platform.path().join("crl/sign.crl")).unwrap();
}
