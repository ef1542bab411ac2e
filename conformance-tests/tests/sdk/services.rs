//! The two samples of the demo: guards, logout both ways, encryption, new keys of the platform during traffic.

use std::process::Command;

use conformance_tests::{Browser, Page, Platform};
use serde_json::Value;

use crate::{Place, Sample, client_key, eventually};

async fn oidc(platform: &Platform) -> Sample {
    let place = Place::new(platform, "oidc-sample", "localhost");
    let (key, jwks) = client_key(platform, "oidc-sample");
    let origin = place.origin.clone();
    platform.register(&format!(
        r#"
        kind = "sp"
        name = {{ ja = "省庁", en = "Ministry" }}
        required_level = {{ ial = "0", aal = "2" }}
        released_attributes = ["assurance_level", "authentication_time"]
        [oidc]
        client_id = "sample"
        redirect_uris = ["{origin}/callback"]
        post_logout_redirect_uris = ["{origin}/signed-out"]
        backchannel_logout_uri = "{origin}/logout/back-channel"
        authentication = {{ method = "private_key_jwt", jwks = '{jwks}' }}
        "#
    ));
    let settings = format!(
        "client_key = \"{}\"\n[oidc]\nissuer = \"{}\"\nclient_id = \"sample\"\nredirect_uri = \"{origin}/callback\"\n\
         post_logout_redirect_uri = \"{origin}/signed-out\"\n{}",
        key.display(),
        platform.origin,
        place.platform
    );
    Sample::start(platform, "oidc_service", place, &settings).await
}

async fn saml(platform: &Platform) -> Sample {
    let place = Place::new(platform, "saml-sample", "localhost");
    let (certificate, key) = platform.write_server_certificate("saml-signing", &["signing.localhost"]);
    let at = |name: &str| platform.path().join(name).display().to_string();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=sample",
            "-keyout",
        ])
        .args([at("enc.key"), "-out".to_owned(), at("enc.pem")])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let metadata = platform
        .bare_browser()
        .get_one(&format!("{}/saml/metadata", platform.origin))
        .await;
    std::fs::write(at("idp.xml"), metadata.body).unwrap();
    let settings = format!(
        "entity_id = \"{0}/\"\norigin = \"{0}\"\nidp_entity_id = \"{1}/saml/metadata\"\nidp_metadata = \"{2}\"\n{3}[signing]\nkey = \
         \"{4}\"\ncertificate = \"{5}\"\n[[decryption]]\nkey = \"{6}\"\ncertificate = \"{7}\"\n",
        place.origin,
        platform.origin,
        at("idp.xml"),
        place.platform,
        key.display(),
        certificate.display(),
        at("enc.key"),
        at("enc.pem"),
    );
    let file = at("saml-draft.toml");
    std::fs::write(&file, format!("{}{settings}", place.settings)).unwrap();
    std::fs::write(
        at("own.xml"),
        crate::printed("saml_service", &["--metadata", &file]).trim(),
    )
    .unwrap();
    let added = platform.command(&["service", "add-saml", &at("own.xml")]);
    assert!(
        added.status.success(),
        "{}",
        String::from_utf8_lossy(&added.stderr)
    );
    Sample::start(platform, "saml_service", place, &settings).await
}

async fn signs_in(browser: &Browser, sample: &Sample, path: &str) -> Page {
    let page = browser.get(&sample.at(path)).await;
    browser.sign_in(page).await
}

async fn is_known(browser: &Browser, sample: &Sample) -> bool {
    browser.get(&sample.at("/")).await.text("#sub").is_some()
}

/// Presses "end all" on the account page, which is the platform telling everybody.
async fn end_all(platform: &Platform, browser: &Browser) {
    let page = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&page.form("/account/end-all")).await;
}

async fn walk_of_guards_and_logouts(platform: &Platform, sample: &Sample) {
    let browser = platform.browser_with_new_card();
    // A guarded page leads to the platform and back to itself.
    let page = signs_in(&browser, sample, "/filings?year=8").await;
    assert_eq!(
        page.url.as_str(),
        sample.at("/filings?year=8"),
        "{}\n{}",
        page.body,
        sample.log()
    );
    let filed = browser.submit(&page.form("/filings").with("text", "<b>")).await;
    assert!(
        filed.text("#filed").is_some_and(|text| text.ends_with(": <b>")),
        "{}",
        filed.body
    );
    // Whoever is not signed in is told that nothing was sent, in words and not by a silent redirect.
    let stranger = platform.bare_browser();
    let from = sample.at("/filings");
    let lost = stranger
        .post_raw(
            &sample.at("/filings"),
            &[("referer", &from), ("accept-language", "en")],
            "text=x",
        )
        .await;
    assert_eq!(lost.status, 403);
    assert!(
        lost.text("#not-sent").is_some() && lost.body.contains("/sign-in?return_to=%2Ffilings"),
        "{}",
        lost.body
    );
    let program = stranger.get_raw(&from, &[("accept", "application/json")]).await;
    let told: Value = serde_json::from_str(&program.body).unwrap();
    assert_eq!(
        (program.status.as_u16(), told["error"].as_str()),
        (401, Some("insufficient_user_authentication"))
    );
    // Another site's form signs nobody out; this one's does, here and at the platform.
    let forged = browser
        .post_raw(&sample.at("/sign-out"), &[], "form_token=x")
        .await;
    assert_eq!(forged.status, 403);
    assert!(is_known(&browser, sample).await);
    let page = browser.get(&sample.at("/")).await;
    let page = browser.submit(&page.form("/sign-out")).await;
    assert!(
        page.text("#signed-out").is_some(),
        "{} {}\n{}",
        page.url,
        page.body,
        sample.log()
    );
    assert!(!is_known(&browser, sample).await);
    let again = browser.get(&sample.at("/sign-in")).await;
    assert!(
        again.url.as_str().starts_with(&platform.origin),
        "the platform signed out too: {}",
        again.url
    );
    // Signed out at the platform: the service is told without the browser.
    let browser = platform.browser_with_new_card();
    signs_in(&browser, sample, "/sign-in").await;
    assert!(is_known(&browser, sample).await, "{}", sample.log());
    end_all(platform, &browser).await;
    eventually("the service ends its session", || async {
        !is_known(&browser, sample).await
    })
    .await;
}

/// The platform signs with a new key while the service runs; nobody is turned away.
async fn walk_of_a_roll_over(platform: &Platform, sample: &Sample, key_use: &str) {
    let sign_in = async |when: &str| {
        let browser = platform.browser_with_new_card();
        let page = signs_in(&browser, sample, "/sign-in").await;
        assert!(
            page.text("#sub").is_some(),
            "{when}: {} {}\n{}",
            page.url,
            page.body,
            sample.log()
        );
    };
    sign_in("before").await;
    let key = |arguments: &[&str]| {
        let done = platform.command(arguments);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    key(&[
        "keys",
        "announce",
        "--key-use",
        key_use,
        "--algorithm",
        algorithm(key_use),
    ]);
    let kid = announced_in(&key(&["keys", "list"]));
    sign_in("announced").await;
    key(&["keys", "activate", &kid, "--notice-seconds", "0"]);
    let document = if key_use == "oidc" {
        "/oidc/jwks"
    } else {
        "/saml/metadata"
    };
    let published = async || {
        let page = platform
            .bare_browser()
            .get_one(&format!("{}{document}", platform.origin))
            .await;
        page.body.matches("\"kid\"").count() + page.body.matches("use=\"signing\"").count()
    };
    let before = published().await;
    platform.signal("HUP");
    eventually("the new key is published", || async {
        published().await > before
    })
    .await;
    for round in 0..3 {
        sign_in(&format!("activated, {round}")).await;
    }
    // That it is the new key that signs: a service that knows the old one alone reads no such token.
    if key_use == "oidc" {
        let browser = platform.browser_with_new_card();
        let page = signs_in(&browser, sample, "/sign-in").await;
        let token = page.text("#id-token").unwrap();
        let header = jose::decode_base64url(token.split('.').next().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header["kid"].as_str(), Some(kid.as_str()));
    }
}

fn algorithm(key_use: &str) -> &'static str {
    if key_use == "oidc" { "ES256" } else { "RS256" }
}

/// The announced key in the list of all.
fn announced_in(list: &str) -> String {
    let line = list.lines().find(|line| line.contains("Announced"));
    let mut words = line
        .unwrap_or_else(|| panic!("no announced key in {list}"))
        .split_whitespace();
    words.find(|word| word.starts_with("key_")).unwrap().to_owned()
}

#[tokio::test]
async fn a_service_by_openid_connect() {
    let platform = Platform::start().await;
    let sample = oidc(&platform).await;
    walk_of_guards_and_logouts(&platform, &sample).await;
    walk_of_a_roll_over(&platform, &sample, "oidc").await;
}

#[tokio::test]
async fn a_service_by_saml_with_encrypted_assertions() {
    let platform = Platform::start().await;
    let sample = saml(&platform).await;
    walk_of_guards_and_logouts(&platform, &sample).await;
    walk_of_a_roll_over(&platform, &sample, "saml").await;
}
