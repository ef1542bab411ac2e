//! Keys that roll while people sign in.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use conformance_tests::{Browser, Platform, SamlService};

/// The platform's metadata shows the next key before it signs and the last one after it did: a service that knows either document verifies
/// every answer, and nobody's sign-in fails meanwhile.
#[tokio::test]
async fn our_signing_key_rolls_and_no_sign_in_fails() {
    let platform = Platform::start().await;
    let service = SamlService::register(&platform, "rolling", "");
    let browser = platform.browser_with_new_card();
    let first = certificates(&platform.saml_metadata().await);
    assert_eq!(first.len(), 1);
    assert_eq!(
        signer(&platform, &sign_in(&service, &browser, "_1").await, &first),
        Some(0)
    );

    keys(
        &platform,
        &["announce", "--key-use", "saml", "--algorithm", "RS256"],
    );
    reload(&platform).await;
    let announced = certificates(&platform.saml_metadata().await);
    assert_eq!(
        (announced.len(), &announced[0]),
        (2, &first[0]),
        "the active one stands first"
    );
    assert_eq!(
        signer(&platform, &sign_in(&service, &browser, "_2").await, &announced),
        Some(0)
    );

    // A day has not passed: an operator who is in a hurry has to say so.
    let list = String::from_utf8(platform.command(&["keys", "list"]).stdout).unwrap();
    let next = list
        .lines()
        .find(|line| line.contains("Announced"))
        .and_then(|line| line.split_whitespace().next())
        .unwrap()
        .to_owned();
    assert!(!platform.command(&["keys", "activate", &next]).status.success());
    keys(&platform, &["activate", &next, "--notice-seconds", "0"]);
    let mut signers = Vec::new();
    for round in 0..6 {
        if round == 2 {
            platform.signal("HUP");
        }
        let answer = sign_in(&service, &browser, &format!("_r{round}")).await;
        signers
            .push(signer(&platform, &answer, &announced).expect("a service that fetched before verifies it"));
    }
    assert!(signers.is_sorted(), "{signers:?}");
    reload(&platform).await;
    assert_eq!(
        signer(&platform, &sign_in(&service, &browser, "_3").await, &announced),
        Some(1)
    );
    let after = certificates(&platform.saml_metadata().await);
    assert_eq!(
        after,
        [announced[1].clone(), announced[0].clone()],
        "the last one is still shown, behind the active one"
    );

    let last = list
        .lines()
        .find(|line| line.contains("SAML") && line.contains("Active"))
        .and_then(|line| line.split_whitespace().next())
        .unwrap();
    // What it signed a moment ago is still in use: whoever is in a hurry has to say so, and it is on record.
    let early = platform.command(&["keys", "remove", last]);
    let why = String::from_utf8_lossy(&early.stderr).into_owned();
    assert!(
        !early.status.success() && why.contains("may still be good"),
        "{why}"
    );
    keys(&platform, &["remove", last, "--now"]);
    let log = String::from_utf8(platform.command(&["audit", "export"]).stdout).unwrap();
    assert!(log.contains("remove_now"));
    reload(&platform).await;
    assert_eq!(
        certificates(&platform.saml_metadata().await),
        [announced[1].clone()]
    );
    assert_eq!(
        signer(&platform, &sign_in(&service, &browser, "_4").await, &announced),
        Some(1)
    );
}

async fn sign_in(service: &SamlService, browser: &Browser, id: &str) -> String {
    let mut page = browser.get(&service.request(id)).await;
    if page.has_form("/card") {
        page = browser.submit(&page.form("/card")).await;
    }
    service.reply(browser, page).await
}

fn keys(platform: &Platform, arguments: &[&str]) {
    let output = platform.command(&[&["keys"], arguments].concat());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Reads the keys again, and waits until the log says so.
async fn reload(platform: &Platform) {
    let count = |platform: &Platform| {
        let log = fs::read_to_string(platform.path().join("log")).unwrap_or_default();
        log.matches("read again").count()
    };
    let before = count(platform);
    platform.signal("HUP");
    let until = Instant::now() + Duration::from_secs(20);
    while count(platform) == before {
        assert!(Instant::now() < until, "nothing was read again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Certificates of the signing role, PEM, in order.
fn certificates(metadata: &str) -> Vec<String> {
    let (_, role) = metadata.split_once("IDPSSODescriptor").unwrap();
    let (role, _) = role.split_once("</md:IDPSSODescriptor>").unwrap();
    role.split("X509Certificate>")
        .skip(1)
        .step_by(2)
        .map(|text| {
            let base64 = text.split('<').next().unwrap();
            format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
        })
        .collect()
}

/// Which of the certificates' keys signed the assertion, by the `xmlsec1` command.
fn signer(platform: &Platform, response: &str, certificates: &[String]) -> Option<usize> {
    let folder = platform.path();
    fs::write(folder.join("response.xml"), response).unwrap();
    certificates.iter().position(|pem| {
        fs::write(folder.join("signer.pem"), pem).unwrap();
        Command::new("xmlsec1")
            .args(["--verify", "--pubkey-cert-pem", "signer.pem"])
            .args([
                "--id-attr:ID",
                "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
                "response.xml",
            ])
            .current_dir(folder)
            .output()
            .expect("xmlsec1 is needed by these tests")
            .status
            .success()
    })
}
