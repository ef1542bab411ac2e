//! Our SAML key rolls while people sign in: announced, active beside the last, alone. Shibboleth follows our metadata by itself; mellon,
//! pysaml2 and python3-saml hold the metadata that announced the key, as an operator put it there before, and read nothing again.

use std::time::{Duration, Instant};

use conformance_tests::{Apache, Mellon, Platform, Shibboleth};
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

/// The three states after the announcement: before the new key signs, while it does, and alone. `sign_in` runs in each, and again
/// between them while processes still read their keys.
async fn rolls(platform: &Platform, announced: &[String], mut sign_in: impl AsyncFnMut()) {
    sign_in().await;
    let (next, last) = key_names(platform);
    let mut before = announced.to_vec();
    for step in [
        &["activate", &next, "--notice-seconds", "0"][..],
        &["remove", &last][..],
    ] {
        keys(platform, step);
        platform.signal("HUP");
        sign_in().await;
        before = metadata_changes(platform, &before).await;
        assert_eq!(before[0], announced[1]);
        sign_in().await;
    }
    assert_eq!(before.len(), 1);
}

#[tokio::test]
async fn our_key_rolls_under_mellon_that_holds_the_announcement() {
    let platform = Platform::start().await;
    let announced = announced(&platform).await;
    let apache = Mellon::default().start(&platform).await;
    rolls(&platform, &announced, async || mellons(&platform, &apache).await).await;
}

#[tokio::test]
async fn our_key_rolls_under_both_python_libraries_that_hold_the_announcement() {
    let platform = Platform::start().await;
    let announced = announced(&platform).await;
    let mut providers = Vec::new();
    for (library, encrypt) in LIBRARIES.into_iter().zip([false, true]) {
        providers.push(Provider::start(&platform, library, encrypt, false).await);
    }
    let mut everybody = async || {
        for provider in &mut providers {
            let browser = platform.browser_with_new_card();
            let said = provider.sign_in(&browser, json!({ "do": "ask" })).await;
            assert!(said["name"].is_string(), "{said}");
        }
    };
    rolls(&platform, &announced, &mut everybody).await;
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
    followed(&platform, &apache, &announced).await;

    let (next, last) = key_names(&platform);
    keys(&platform, &["activate", &next, "--notice-seconds", "0"]);
    let active = changed(&platform, &apache, &announced).await;
    assert_eq!(active, [announced[1].clone(), announced[0].clone()]);
    followed(&platform, &apache, &active).await;

    keys(&platform, &["remove", &last]);
    let alone = changed(&platform, &apache, &active).await;
    assert_eq!(alone, [announced[1].clone()]);
    followed(&platform, &apache, &alone).await;
    shibboleths(&platform, &apache).await;
}

fn keys(platform: &Platform, arguments: &[&str]) {
    let output = platform.command(&[&["keys"], arguments].concat());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Reads the keys again; somebody signs in meanwhile, and again until our metadata is another. Its certificates.
async fn changed(platform: &Platform, apache: &Apache, before: &[String]) -> Vec<String> {
    platform.signal("HUP");
    until(platform, apache, async || {
        let now = certificates(&platform.saml_metadata().await);
        (now != before).then_some(now)
    })
    .await
}

/// Until Shibboleth has our metadata with these certificates.
async fn followed(platform: &Platform, apache: &Apache, certificates_now: &[String]) {
    until(platform, apache, async || {
        let held = Shibboleth::knows(apache);
        (held.contains("IDPSSODescriptor") && certificates(&held) == certificates_now).then_some(())
    })
    .await;
}

/// People sign in until something is so; none of them fails.
async fn until<T>(platform: &Platform, apache: &Apache, is_so: impl AsyncFn() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        shibboleths(platform, apache).await;
        if let Some(found) = is_so().await {
            return found;
        }
        assert!(Instant::now() < until, "never");
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
