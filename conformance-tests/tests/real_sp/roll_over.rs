//! Our SAML key rolls while people sign in at all times, several at once: announced, active beside the last, alone. Shibboleth follows our
//! metadata by itself; mellon, pysaml2 and python3-saml hold the metadata that announced the key, as an operator put it there before, and
//! read nothing again.

use std::time::{Duration, Instant};

use conformance_tests::{Apache, Mellon, Platform, Shibboleth, Traffic};
use futures_util::future::{join, join_all, join3};
use serde_json::json;

use crate::python::{LIBRARIES, Provider};
use crate::{header, visit};

/// Announces the next key; the certificates in the metadata then, the active one first.
async fn announced(platform: &Platform) -> Vec<String> {
    let first = certificates(&platform.saml_metadata().await);
    keys(
        platform,
        &["announce", "--key-use", "saml", "--algorithm", "RS256"],
    );
    platform.signal("HUP");
    let announced = metadata_changes(platform, &first).await;
    assert_eq!((announced.len(), &announced[0]), (2, &first[0]));
    announced
}

/// Waits until our metadata has other certificates.
async fn metadata_changes(platform: &Platform, before: &[String]) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let now = certificates(&platform.saml_metadata().await);
        if now != before {
            return now;
        }
        assert!(Instant::now() < until, "the metadata stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Names of the announced key and of the active one.
fn key_names(platform: &Platform) -> (String, String) {
    let list = String::from_utf8(platform.command(&["keys", "list"]).stdout).unwrap();
    let of_state = |state: &str| {
        let line = list
            .lines()
            .find(|line| line.contains("SAML") && line.contains(state));
        line.and_then(|line| line.split_whitespace().next())
            .unwrap()
            .to_owned()
    };
    (of_state("Announced"), of_state("Active"))
}

/// A new person at Shibboleth.
async fn shibboleths(platform: &Platform, apache: &Apache) {
    let url = apache.url(Shibboleth::HOST, "/protected/");
    header(
        &visit(&platform.browser_with_new_card(), &url).await,
        &url,
        "x-sub",
    );
}

/// A new person at both of mellon's services, the second with an encrypted assertion.
async fn mellons(platform: &Platform, apache: &Apache) {
    let browser = platform.browser_with_new_card();
    for path in ["/protected/", "/level/"] {
        let url = apache.url(Mellon::HOST, path);
        header(&visit(&browser, &url).await, &url, "x-sub");
    }
}

/// The states after the announcement: before the new key signs, while it does beside the last, and alone. `is_known` waits until the
/// service holds our new metadata, if it ever looks. People sign in at all times.
async fn while_it_rolls(
    traffic: &Traffic,
    platform: &Platform,
    announced: &[String],
    is_known: impl AsyncFn(&[String]),
) {
    traffic.flows().await;
    let (next, last) = key_names(platform);
    let mut held = announced.to_vec();
    for (step, certificates) in [
        (
            &["activate", &next, "--notice-seconds", "0"][..],
            &[announced[1].clone(), announced[0].clone()][..],
        ),
        (&["remove", &last, "--now"][..], &[announced[1].clone()][..]),
    ] {
        keys(platform, step);
        platform.signal("HUP");
        held = metadata_changes(platform, &held).await;
        assert_eq!(held, certificates);
        is_known(&held).await;
        traffic.flows().await;
    }
    traffic.end();
}

#[tokio::test]
async fn our_key_rolls_under_mellon_that_holds_the_announcement() {
    let platform = Platform::start().await;
    let announced = announced(&platform).await;
    let apache = Mellon::default().start(&platform).await;
    // mellon makes what it needs for a place at the first request there, and two first ones at once disturb each other (seen with 0.18.1:
    // lasso "Failed to load metadata from preloaded buffer", and 500).
    mellons(&platform, &apache).await;
    let traffic = Traffic::of(3);
    let lane = |lane| traffic.lane(lane, async || mellons(&platform, &apache).await);
    let people = join3(lane(0), lane(1), lane(2));
    join(
        people,
        while_it_rolls(&traffic, &platform, &announced, async |_| ()),
    )
    .await;
}

#[tokio::test]
async fn our_key_rolls_under_both_python_libraries_that_hold_the_announcement() {
    let platform = Platform::start().await;
    let announced = announced(&platform).await;
    let mut providers = Vec::new();
    for (library, encrypt) in LIBRARIES.into_iter().zip([false, true]) {
        providers.push(Provider::start(&platform, library, encrypt, false).await);
    }
    let traffic = Traffic::of(2);
    let people = providers.iter_mut().enumerate().map(|(lane, provider)| {
        traffic.lane(lane, async || {
            let browser = platform.browser_with_new_card();
            let said = provider.sign_in(&browser, json!({ "do": "ask" })).await;
            assert!(said["name"].is_string(), "{said}");
        })
    });
    join(
        join_all(people),
        while_it_rolls(&traffic, &platform, &announced, async |_| ()),
    )
    .await;
    // Each reads the metadata of today, with the new key alone.
    let today = platform.path().join("idp-today.xml");
    std::fs::write(&today, platform.saml_metadata().await).unwrap();
    for provider in &mut providers {
        provider.does(&json!({ "do": "trust", "idp": today }));
        let browser = platform.browser_with_new_card();
        provider.sign_in(&browser, json!({ "do": "ask" })).await;
    }
}

/// Our key rolls under a running Shibboleth that takes our metadata by its signature, with the announced key pinned beside the first:
/// announced, active, alone. Every sign-in is accepted, each by whatever Shibboleth holds at that moment.
#[tokio::test]
async fn our_key_rolls_and_shibboleth_follows_by_our_metadata() {
    let platform = Platform::start().await;
    let announced = announced(&platform).await;
    let options = Shibboleth {
        pins_too: Some(format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            announced[1]
        )),
        ..Shibboleth::default()
    };
    let apache = options.start(&platform).await;
    let traffic = Traffic::of(3);
    let lane = |lane| traffic.lane(lane, async || shibboleths(&platform, &apache).await);
    let people = join3(lane(0), lane(1), lane(2));
    let steps = async {
        followed(&apache, &announced).await;
        let is_known = async |held: &[String]| followed(&apache, held).await;
        while_it_rolls(&traffic, &platform, &announced, is_known).await;
    };
    join(people, steps).await;
}

fn keys(platform: &Platform, arguments: &[&str]) {
    let output = platform.command(&[&["keys"], arguments].concat());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Until Shibboleth has our metadata with these certificates.
async fn followed(apache: &Apache, certificates_now: &[String]) {
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        let held = Shibboleth::knows(apache);
        if held.contains("IDPSSODescriptor") && certificates(&held) == certificates_now {
            return;
        }
        assert!(Instant::now() < until, "never");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Certificates of the signing role, in order.
fn certificates(metadata: &str) -> Vec<String> {
    let (_, role) = metadata.split_once("IDPSSODescriptor").unwrap();
    let (role, _) = role.split_once("IDPSSODescriptor>").unwrap();
    let texts = role.split("X509Certificate>").skip(1).step_by(2);
    texts
        .map(|text| text.split('<').next().unwrap().split_whitespace().collect())
        .collect()
}
