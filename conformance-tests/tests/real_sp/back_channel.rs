//! What Shibboleth asks us directly, and our keys as it sees them roll.

use std::time::{Duration, Instant};

use conformance_tests::{Apache, Browser, Platform, Shibboleth};

use crate::{header, visit};

const HOST: &str = Shibboleth::HOST;

/// The response by artifact, whatever session the service has: Shibboleth lists its artifact endpoint third.
fn by_artifact(apache: &Apache) -> (String, String) {
    let url = apache.url(HOST, "/protected/");
    let target: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
    let login = format!("/Shibboleth.sso/Login?target={target}&acsIndex=3");
    (apache.url(HOST, &login), url)
}

/// Signs a new person in; their name.
async fn somebody(platform: &Platform, apache: &Apache) -> String {
    let url = apache.url(HOST, "/protected/");
    header(
        &visit(&platform.browser_with_new_card(), &url).await,
        &url,
        "x-sub",
    )
}

#[tokio::test]
async fn an_artifact_is_resolved_by_soap() {
    let platform = Platform::start().await;
    let apache = Shibboleth::default().start(&platform).await;
    let (login, url) = by_artifact(&apache);
    let (_, card) = platform.card(&sim::CardRequest::default());
    let browser = platform.browser(&card);
    let page = visit(&browser, &login).await;
    let name = header(&page, &url, "x-sub");
    let seen = browser.everything_seen();
    assert!(seen.contains("SAMLart"), "no artifact");
    assert!(!seen.contains("SAMLResponse"), "the browser carried no response");
    // Once: what the browser carried is worth nothing afterwards.
    let hops = browser.hops();
    let carried = hops
        .iter()
        .find(|hop| hop.url.query().is_some_and(|query| query.contains("SAMLart=")))
        .expect("the address with the artifact");
    let thief = platform.bare_browser();
    let page = thief.get(carried.url.as_str()).await;
    assert!(
        page.url.as_str() != url && page.header("x-sub").is_none(),
        "{}",
        page.body
    );
    // The same person by the other binding.
    let posted = visit(&platform.browser(&card), &url).await;
    assert_eq!(header(&posted, &url, "x-sub"), name);
}

#[tokio::test]
async fn attributes_are_asked_for_while_the_person_is_signed_in() {
    let platform = Platform::start().await;
    let options = Shibboleth {
        released: "\"assurance_level\", \"authentication_method\"",
        ..Shibboleth::default()
    };
    let apache = options.start(&platform).await;
    let entity = platform.saml_entity_id().await;
    let url = apache.url(HOST, "/protected/");
    let browser = platform.browser_with_new_card();
    let page = agreed(&browser, &url).await;
    let name = header(&page, &url, "x-sub");
    let told = Shibboleth::asks_about(&apache, &entity, &name);
    assert!(told.contains("\naal: 3") || told.starts_with("aal: 3"), "{told}");
    assert!(told.contains("authentication-method: "), "{told}");
    let nobody = Shibboleth::asks_about(&apache, &entity, &name.replace("p_", "p_0"));
    assert!(!nobody.contains("aal: "), "{nobody}");
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&account.form("/account/end-all")).await;
    let late = Shibboleth::asks_about(&apache, &entity, &name);
    assert!(!late.contains("aal: "), "{late}");
}

/// Signs in and agrees to what is asked for.
async fn agreed(browser: &Browser, url: &str) -> conformance_tests::Page {
    let mut page = browser.get(url).await;
    if page.has_form("/card") {
        page = browser.submit(&page.form("/card")).await;
    }
    if page.has_form("/consent") {
        page = browser
            .submit(&page.form("/consent").with("decision", "agree"))
            .await;
    }
    browser.sign_in(page).await
}

/// Our key rolls under a running Shibboleth that takes our metadata by its signature, with the announced key pinned beside the first:
/// announced, active, alone. Every sign-in is accepted, each by whatever Shibboleth holds at that moment.
#[tokio::test]
async fn our_key_rolls_and_shibboleth_follows_by_our_metadata() {
    let platform = Platform::start().await;
    let first = certificates(&platform.saml_metadata().await);
    keys(
        &platform,
        &["announce", "--key-use", "saml", "--algorithm", "RS256"],
    );
    platform.signal("HUP");
    let until = Instant::now() + Duration::from_secs(30);
    let announced = loop {
        let now = certificates(&platform.saml_metadata().await);
        if now != first {
            break now;
        }
        assert!(Instant::now() < until, "nothing was announced");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((announced.len(), &announced[0]), (2, &first[0]));
    let options = Shibboleth {
        pins_too: Some(format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            announced[1]
        )),
        ..Shibboleth::default()
    };
    let apache = options.start(&platform).await;
    followed(&platform, &apache, &announced).await;

    let list = String::from_utf8(platform.command(&["keys", "list"]).stdout).unwrap();
    let of_state = |state: &str| {
        let line = list
            .lines()
            .find(|line| line.contains("SAML") && line.contains(state));
        line.and_then(|line| line.split_whitespace().next())
            .unwrap()
            .to_owned()
    };
    let (next, last) = (of_state("Announced"), of_state("Active"));
    keys(&platform, &["activate", &next, "--notice-seconds", "0"]);
    let active = changed(&platform, &apache, &announced).await;
    assert_eq!(active, [announced[1].clone(), first[0].clone()]);
    followed(&platform, &apache, &active).await;

    keys(&platform, &["remove", &last]);
    let alone = changed(&platform, &apache, &active).await;
    assert_eq!(alone, [announced[1].clone()]);
    followed(&platform, &apache, &alone).await;
    somebody(&platform, &apache).await;
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
        somebody(platform, apache).await;
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
