//! What no delivery can do: set the platform back, take a revocation back, leave half of itself behind, or be believed because it is
//! new.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use conformance_tests::{Platform, PlatformOptions, RelyingParty};
use serde_json::Value;
use sim::CardRequest;
use sim::authority::{CaKind, Hierarchy};
use sim::crl::CrlFacts;
use sim::national_crl::{Nation, Order, write_crl};

use crate::support::{audit, ingest, lists, now, revoke, until};

async fn last(platform: &Platform) -> Value {
    lists(&platform.operator, &platform.operator_token).await["last_delivery"].take()
}

async fn generation(platform: &Platform) -> u64 {
    lists(&platform.operator, &platform.operator_token).await["generation"]
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn an_older_list_is_refused_also_after_a_restart() {
    let mut platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-replay");
    let file = platform.path().join("crl/auth.crl");
    let yesterday = fs::read(&file).unwrap();
    let (id, card) = platform.card(&CardRequest::default());
    rp.sign_in(&platform.browser(&card), "").await;
    revoke(&platform, &id);
    platform.publish_list_and_wait().await;
    let before = generation(&platform).await;
    assert_eq!(platform.stop(), Some(0));
    fs::write(&file, yesterday).unwrap();
    platform.run().await;
    let told = last(&platform).await;
    assert_eq!(
        (
            told["outcome"].as_str(),
            told["reason"].as_str(),
            told["alarm"].as_bool()
        ),
        (Some("refused"), Some("older"), Some(true)),
        "{told}"
    );
    assert_eq!(generation(&platform).await, before);
    let alarms = "revocation_alarms_total{ca=\"user-authentication\",reason=\"older\"}";
    assert!(platform.metric(alarms).await.unwrap() >= 1.0);
    let browser = platform.browser(&card);
    let page = browser.get(&rp.request("")).await;
    let page = browser.submit(&page.form("/card")).await;
    assert_eq!(page.status, 403, "the card stays revoked: {}", page.body);
    // On record once, however often the same files are looked at.
    assert!(!platform.command(&["revocation", "ingest"]).status.success());
    let refused = audit(&platform, "revocation_data_refused");
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0]["code"], "older");
}

#[tokio::test]
async fn a_list_from_the_future_is_refused_and_taken_when_its_time_comes() {
    let platform = Platform::start().await;
    let before = generation(&platform).await;
    // One of the two clocks is wrong, by an hour.
    platform.publish_list_of(now().plus_seconds(3600), now().plus_seconds(90_000));
    until("the refusal", &platform, || async {
        last(&platform).await["reason"] == "from_the_future"
    })
    .await;
    assert_eq!(generation(&platform).await, before);
    // With the clock right again a list of now is taken, although its number is higher than that of the refused one.
    platform.publish_list();
    until("the list of now", &platform, || async {
        generation(&platform).await > before
    })
    .await;
}

#[tokio::test]
async fn lists_from_j_lis_are_believed_for_their_signature_and_not_for_their_sender() {
    let platform = Platform::start_with(PlatformOptions {
        jlis_process: true,
        publish_list: false,
        jpki: "list_source = \"jlis\"".to_owned(),
        jlis: "list_poll_seconds = 1".to_owned(),
        ..Default::default()
    })
    .await;
    let rp = RelyingParty::register(&platform, "rp-fetch");
    let ready = || async {
        let said = reqwest::get(format!("{}/ready", platform.operator))
            .await
            .unwrap();
        said.status() == 200
    };
    until("the first delivery", &platform, ready).await;
    let held: Vec<_> = (0..3).map(|_| platform.jlis().somebody()).collect();
    let cards: Vec<_> = held
        .iter()
        .map(|held| platform.card_of(held.authentication.as_ref().unwrap()))
        .collect();
    let browser = platform.browser(&cards[0]);
    let tokens = rp.sign_in(&browser, "").await;
    for one in &held {
        platform
            .jlis()
            .revoke(one.authentication.as_ref().unwrap(), "key-compromise");
    }
    let before = generation(&platform).await;
    platform.jlis().publish();
    until("the revocation arrived", &platform, || async {
        generation(&platform).await > before
    })
    .await;
    assert_eq!(rp.userinfo(&browser, &tokens.access_token).await.status, 401);

    let held_at = generation(&platform).await;
    for (fault, reason) in [
        ("crl-replayed", "older"),
        ("crl-future", "from_the_future"),
        ("crl-wrong-signer", "list_refused"),
        ("crl-corrupted", "list_refused"),
        ("crl-unrevocation", "unrevoked"),
    ] {
        let stamp = last(&platform).await["stamp"].take();
        platform.jlis().fault(fault);
        // What is replayed is yesterday's, as it was.
        if fault != "crl-replayed" {
            platform.jlis().publish();
        }
        until(fault, &platform, || async {
            let told = last(&platform).await;
            told["stamp"] != stamp && told["reason"] == reason
        })
        .await;
        assert_eq!(generation(&platform).await, held_at, "{fault}");
        platform.jlis().behave();
    }
    // The sender that is down, or sends rubbish in place of a manifest, changes nothing.
    platform.jlis().fault("crl-unavailable");
    until("a failed fetch", &platform, || async {
        platform
            .metric("revocation_fetch_failures_total")
            .await
            .unwrap_or_default()
            >= 1.0
    })
    .await;
    assert_eq!(generation(&platform).await, held_at);
    platform.jlis().behave();
    platform.jlis().publish();
    until("the next good delivery", &platform, || async {
        generation(&platform).await > held_at
    })
    .await;
    for card in &cards {
        let browser = platform.browser(card);
        let page = browser.get(&rp.request("")).await;
        let page = browser.submit(&page.form("/card")).await;
        assert_eq!(page.status, 403, "revoked once is revoked: {}", page.body);
    }
}

/// A long list lies in the directory of lists; nobody took it in yet.
fn deliver_300_000(platform: &Platform) {
    let made = now();
    let simulation = platform.simulation.lock().unwrap();
    let authority = simulation
        .authority(Hierarchy::Test, CaKind::UserAuthentication, 3)
        .unwrap();
    let facts = CrlFacts {
        this_update: made,
        next_update: Some(made.plus_seconds(86_400)),
        number: 1000,
        distribution_point: None,
    };
    let nation = Nation::new(300_000, 3_000_000, Order::Rising, made);
    let mut file = std::io::BufWriter::new(fs::File::create(platform.path().join("draft")).unwrap());
    write_crl(&authority, &facts, nation, &mut file).unwrap();
    drop(file);
    fs::rename(
        platform.path().join("draft"),
        platform.path().join("crl/auth.crl"),
    )
    .unwrap();
}

/// The running platform itself takes a long list in: whoever is signed in meanwhile, by card or again, is not kept waiting for its end.
#[tokio::test]
async fn sign_ins_go_on_while_a_list_is_taken_in() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-meanwhile");
    let browser = platform.browser_with_new_card();
    rp.sign_in(&browser, "").await;
    let before = generation(&platform).await;
    deliver_300_000(&platform);
    let (mut meanwhile, mut by_card) = (0, 0);
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    while generation(&platform).await == before {
        assert!(std::time::Instant::now() < deadline, "{}", platform.log());
        let reply = rp.authorize(&browser, "&prompt=none").await;
        assert!(reply.iter().any(|(name, _)| name == "code"), "{reply:?}");
        meanwhile += 1;
        if by_card < 3 {
            rp.sign_in(&platform.browser_with_new_card(), "").await;
            by_card += 1;
        }
    }
    assert!(meanwhile >= 1 && by_card >= 1, "{meanwhile} {by_card}");
    let told = lists(&platform.operator, &platform.operator_token).await;
    assert_eq!(told["lists"][0]["entries"], 300_000, "{told}");
    rp.sign_in(&browser, "&prompt=login").await;
}

#[tokio::test]
async fn an_ingest_that_is_killed_leaves_the_old_index_or_the_new_one() {
    let mut platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-kill");
    // The server stops looking, so that only the killed process takes in.
    assert_eq!(platform.stop(), Some(0));
    let text = fs::read_to_string(platform.path().join("idp-server.toml")).unwrap();
    let text = text.replace("crl_poll_seconds = 1\n", "crl_poll_seconds = 3600\n");
    fs::write(platform.path().join("idp-server.toml"), text).unwrap();
    platform.run().await;
    let before = generation(&platform).await;
    deliver_300_000(&platform);
    let browser = platform.browser_with_new_card();
    for millis in [20, 60, 120, 200, 300, 450, 600, 900] {
        let mut child = Command::new(conformance_tests::program("idp-server"))
            .arg("--config")
            .arg(platform.path().join("idp-server.toml"))
            .args(["revocation", "ingest"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        let _ = child.kill();
        let _ = child.wait();
        let told = lists(&platform.operator, &platform.operator_token).await;
        let seen = told["generation"].as_u64().unwrap();
        let entries = told["lists"][0]["entries"].as_u64().unwrap();
        assert!(
            seen == before && entries < 300_000 || seen > before && entries == 300_000,
            "{told}"
        );
        assert_eq!(told["state"], "fresh", "{told}");
        rp.sign_in(&browser, "&prompt=login").await;
    }
    ingest(&platform);
    let told = lists(&platform.operator, &platform.operator_token).await;
    assert_eq!(told["lists"][0]["entries"], 300_000, "{told}");
    assert!(told["generation"].as_u64().unwrap() > before);
    rp.sign_in(&browser, "&prompt=login").await;
}
