//! Lists by municipality: each person is judged by the one that covers the card, one that never comes again goes out of use by an
//! operator's word, and an index that cannot be read is not called current.

use std::fs;

use conformance_tests::{Platform, PlatformOptions};
use domain::Timestamp;
use serde_json::Value;
use sim::CardRequest;
use sim::authority::{CaKind, Hierarchy, distribution_point_name};
use sim::crl::{CrlFacts, crl};
use sim::profile::Municipality;

use crate::support::{audit, ingest, lists, now, register_with, until};

/// Puts the list of a municipality into the directory.
fn publish(platform: &Platform, area: &Municipality, number: u64, this_update: Timestamp, next: Timestamp) {
    let kind = CaKind::UserAuthentication;
    let authority = platform
        .simulation
        .lock()
        .unwrap()
        .authority(Hierarchy::Test, kind, 3)
        .unwrap();
    let facts = CrlFacts {
        number,
        this_update,
        next_update: Some(next),
        distribution_point: Some(distribution_point_name(
            Hierarchy::Test,
            kind,
            &area.prefecture,
            &area.name,
        )),
    };
    let draft = platform.path().join("draft");
    fs::write(&draft, crl(&authority, &facts, &[]).unwrap()).unwrap();
    fs::rename(draft, platform.path().join(format!("crl/{}.crl", area.name))).unwrap();
}

/// The name of the list in this state.
fn named(said: &Value, state: &str) -> String {
    let lists = said["lists"].as_array().unwrap();
    let list = lists.iter().find(|list| list["state"] == state).unwrap();
    list["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn one_late_list_stops_those_whom_it_covers_and_can_be_retired() {
    let platform = Platform::start_with(PlatformOptions {
        publish_list: false,
        // The test takes in what it put there.
        jpki: "crl_poll_seconds = 3600".to_owned(),
        ..Default::default()
    })
    .await;
    let rp = register_with(&platform, "rp-areas", "");
    let (late, current) = (Municipality::sample(0), Municipality::sample(1));
    let end = now().plus_seconds(15);
    publish(&platform, &late, 1, now().plus_seconds(-600), end);
    publish(
        &platform,
        &current,
        1,
        now().plus_seconds(-600),
        now().plus_seconds(86_400),
    );
    ingest(&platform);
    let somebody_of = |area: &Municipality| {
        let (_, card) = platform.card(&CardRequest {
            municipality: Some(area.clone()),
            ..CardRequest::default()
        });
        platform.browser(&card)
    };
    let (of_late, of_current) = (somebody_of(&late), somebody_of(&current));
    let tokens = rp.sign_in(&of_late, "").await;
    rp.sign_in(&of_current, "").await;
    until("the list is late", &platform, || async { now() > end }).await;
    // Single sign-on goes on for whom the other list covers, and a new card of theirs is let in.
    rp.sign_in(&of_current, "").await;
    rp.sign_in(&somebody_of(&current), "").await;
    let page = of_late.get(&rp.request("")).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert_ne!(rp.userinfo(&of_late, &tokens.access_token).await.status, 200);
    // People who watch are told; whoever sends people here is not turned away.
    let said = lists(&platform.operator, &platform.operator_token).await;
    assert_eq!(said["state"], "refuse", "{said}");
    let ready = reqwest::get(format!("{}/ready", platform.operator))
        .await
        .unwrap();
    assert_eq!(ready.status(), 200);

    // The municipality is no more: its list will never come again.
    fs::remove_file(platform.path().join(format!("crl/{}.crl", late.name))).unwrap();
    let (id, other) = (named(&said, "refuse"), named(&said, "fresh"));
    let retire = |list: &str, more: &[&str]| {
        let words = [
            &[
                "revocation",
                "retire",
                "--ca",
                "user-authentication",
                "--list",
                list,
            ],
            more,
        ]
        .concat();
        let said = platform.command(&words);
        (
            said.status.success(),
            String::from_utf8_lossy(&said.stderr).into_owned(),
        )
    };
    let reason = ["--reason", "merged into its neighbour on 1 April"];
    for (list, more, told) in [
        (id.as_str(), vec!["--reason", "no"], "a reason of at least"),
        (&id, reason.to_vec(), "--force"),
        (&id, [&reason[..], &["--force", &other]].concat(), "--force"),
        (
            &other,
            [&reason[..], &["--force", &other]].concat(),
            "within its dates",
        ),
        ("0123456789abcdef", reason.to_vec(), "no list in use"),
    ] {
        let (done, said) = retire(list, &more);
        assert!(!done && said.contains(told), "{told}: {said}");
    }
    assert!(audit(&platform, "revocation_list_retired").is_empty());
    let (done, said) = retire(&id, &[&reason[..], &["--force", &id]].concat());
    assert!(done, "{said}");
    let events = audit(&platform, "revocation_list_retired");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["facts"]["reason"], reason[1]);
    assert_eq!(events[0]["facts"]["forced"], "true");
    // Begun on record before it happened, and done only after: with the generation that it brought.
    assert_eq!(audit(&platform, "revocation_list_retirement_begun").len(), 1);
    assert!(events[0]["facts"]["generation"].is_string(), "{}", events[0]);
    let said = lists(&platform.operator, &platform.operator_token).await;
    assert_eq!(said["state"], "fresh", "{said}");
    assert_eq!(said["lists"].as_array().unwrap().len(), 1);
    // Nobody is let in by it: those whom the list covered are covered by nothing.
    rp.sign_in(&of_current, "").await;
    let page = of_late.get(&rp.request("")).await;
    assert_eq!(page.status, 503, "{}", page.body);
}

#[tokio::test]
async fn an_index_that_cannot_be_read_calls_nobody_good_until_it_can() {
    let platform = Platform::start().await;
    let rp = register_with(&platform, "rp-unread", "");
    let browser = platform.browser_with_new_card();
    rp.sign_in(&browser, "").await;
    let metric = "revocation_index_unreadable{ca=\"user-authentication\"}";
    assert_eq!(platform.metric(metric).await, Some(0.0));
    let manifest = platform
        .path()
        .join("data/revocation/user-authentication/manifest");
    let whole = fs::read(&manifest).unwrap();
    fs::write(&manifest, &whole[..whole.len() / 2]).unwrap();
    let page = browser.get(&rp.request("")).await;
    assert_eq!(page.status, 503, "{}", page.body);
    let stranger = platform.browser_with_new_card();
    let page = stranger.get(&rp.request("")).await;
    let page = stranger.submit(&page.form("/card")).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert_eq!(platform.metric(metric).await, Some(1.0));
    let refuse = "revocation_state{ca=\"user-authentication\",state=\"refuse\"}";
    assert_eq!(platform.metric(refuse).await, Some(1.0));
    let ready = reqwest::get(format!("{}/ready", platform.operator))
        .await
        .unwrap();
    assert_eq!(ready.status(), 503);
    let said = lists(&platform.operator, &platform.operator_token).await;
    assert_eq!(
        said["unreadable"], "the manifest of the revocation index is damaged",
        "{said}"
    );
    let page = reqwest::Client::new()
        .get(format!("{}/revocation", platform.operator))
        .bearer_auth(&platform.operator_token)
        .header("accept", "text/html")
        .header("accept-language", "en")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("cannot read the revocation data"), "{page}");
    fs::write(&manifest, &whole).unwrap();
    rp.sign_in(&browser, "").await;
    assert_eq!(platform.metric(metric).await, Some(0.0));
}
