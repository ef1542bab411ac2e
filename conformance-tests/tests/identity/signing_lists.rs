//! Enrolments and the lists of the 署名用 CA: an index that was put back to an earlier state or lost gives no items away, also after
//! a restart, until the current one is back; and of lists by municipality, the one that covers a certificate decides.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use conformance_tests::{Browser, MachineClock, Platform, RelyingParty};
use domain::{Clock as _, Timestamp};
use sim::CardRequest;
use sim::authority::{CaKind, Hierarchy, distribution_point_name};
use sim::crl::{CrlFacts, RevocationReason, crl};
use sim::person::{Medium, PersonRequest};
use sim::profile::Municipality;

use crate::enrolment::{enrol, register, request};
use crate::support::{browser, person, publish_signing_list, refusal_on, subject};

/// A folder of files in place of another.
fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

async fn released(browser: &Browser, service: &RelyingParty) -> bool {
    let page = browser
        .get_until(&request(service, "+address"), &service.redirect_uri)
        .await;
    if page.text("main .box code").is_some() {
        assert_eq!(refusal_on(&page).1, "enrolment_required");
        return false;
    }
    service.walk(browser, page).await.query("code").is_some()
}

async fn generation(platform: &Platform) -> u64 {
    let said = reqwest::Client::new()
        .get(format!("{}/revocation", platform.operator))
        .bearer_auth(&platform.operator_token)
        .send()
        .await
        .unwrap();
    let said: serde_json::Value = said.json().await.unwrap();
    said["authorities"][1]["generation"].as_u64().unwrap_or_default()
}

#[tokio::test]
async fn an_index_that_was_put_back_or_lost_gives_no_items_away() {
    let mut platform = Platform::start().await;
    let first = RelyingParty::register(&platform, "rp-first");
    let service = register(
        &platform,
        "rp-items",
        r#"["address"]"#,
        r#"required_level = { ial = "3", aal = "3" }"#,
    );
    let who = person(&platform);
    let browser = browser(&platform, &who, Medium::Card);
    subject(&browser, &first).await;
    publish_signing_list(&platform);
    enrol(&platform, &browser, &who, true).await;
    assert!(released(&browser, &service).await);

    let index = platform.path().join("data/revocation/digital-signature");
    let (earlier, current) = (platform.path().join("earlier"), platform.path().join("current"));
    copy(&index, &earlier);
    let before = generation(&platform).await;
    // A list that says something else, so that there is another index.
    let other = person(&platform);
    let record = crate::enrolment::signing(&platform, &other);
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(&record.id, RevocationReason::KeyCompromise, MachineClock.now())
        .unwrap();
    publish_signing_list(&platform);
    let until = Instant::now() + Duration::from_secs(20);
    while generation(&platform).await == before {
        assert!(Instant::now() < until, "{}", platform.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The enrolment was looked at by the newer lists.
    assert!(released(&browser, &service).await);
    // The lists are away too: else the platform builds what it lost anew from them, and is right to.
    let list = platform.path().join("crl/sign.crl");
    let kept = fs::read(&list).unwrap();
    fs::remove_file(&list).unwrap();
    copy(&index, &current);

    for lost in [false, true] {
        platform.kill();
        if lost {
            fs::remove_dir_all(&index).unwrap();
        } else {
            copy(&earlier, &index);
        }
        platform.run().await;
        assert!(!released(&browser, &service).await, "lost: {lost}");
        platform.kill();
        copy(&current, &index);
        platform.run().await;
        assert!(released(&browser, &service).await, "lost: {lost}");
    }
    // Under a running platform what it read before is newer than what was put back, and stays.
    copy(&earlier, &index);
    assert!(released(&browser, &service).await);
    fs::write(&list, kept).unwrap();
}

/// Puts the list of a municipality into the directory.
fn publish(platform: &Platform, area: &Municipality, number: u64, next: Timestamp) {
    let kind = CaKind::DigitalSignature;
    let authority = platform
        .simulation
        .lock()
        .unwrap()
        .authority(Hierarchy::Test, kind, 3)
        .unwrap();
    let facts = CrlFacts {
        number,
        this_update: MachineClock.now().plus_seconds(-600),
        next_update: Some(next),
        distribution_point: Some(distribution_point_name(
            Hierarchy::Test,
            kind,
            &area.prefecture,
            &area.name,
        )),
    };
    let draft = platform.path().join("draft-area");
    fs::write(&draft, crl(&authority, &facts, &[]).unwrap()).unwrap();
    fs::rename(draft, platform.path().join(format!("crl/sign-{}.crl", area.name))).unwrap();
}

/// Somebody whose card a municipality issued.
fn person_of(platform: &Platform, area: &Municipality) -> String {
    let now = MachineClock.now();
    let mut simulation = platform.simulation.lock().unwrap();
    let person = simulation.new_person(&PersonRequest::default(), now).unwrap();
    let request = CardRequest {
        municipality: Some(area.clone()),
        ..CardRequest::default()
    };
    simulation
        .issue_to(&person.id, Medium::Card, &CaKind::ALL, &request, now)
        .unwrap();
    person.id
}

#[tokio::test]
async fn one_late_list_withholds_the_items_of_those_whom_it_covers_and_of_nobody_else() {
    let platform = Platform::start().await;
    let first = RelyingParty::register(&platform, "rp-first");
    let service = register(
        &platform,
        "rp-items",
        r#"["address"]"#,
        r#"required_level = { ial = "3", aal = "3" }"#,
    );
    let (late, current) = (Municipality::sample(0), Municipality::sample(1));
    let end = MachineClock.now().plus_seconds(15);
    publish(&platform, &late, 1, end);
    publish(&platform, &current, 1, MachineClock.now().plus_seconds(86_400));
    let mut browsers = Vec::new();
    for area in [&late, &current] {
        let who = person_of(&platform, area);
        let browser = browser(&platform, &who, Medium::Card);
        subject(&browser, &first).await;
        enrol(&platform, &browser, &who, true).await;
        assert!(released(&browser, &service).await, "{}", area.name);
        browsers.push(browser);
    }
    let until = Instant::now() + Duration::from_secs(30);
    while MachineClock.now() <= end {
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!released(&browsers[0], &service).await, "the list is late");
    assert!(
        released(&browsers[1], &service).await,
        "another list covers these"
    );
    publish(&platform, &late, 2, MachineClock.now().plus_seconds(86_400));
    let until = Instant::now() + Duration::from_secs(20);
    while !released(&browsers[0], &service).await {
        assert!(Instant::now() < until, "{}", platform.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
