//! PIN-less use: an approved terminal, a card of somebody who signed in before, a card that answers, a service that was registered
//! for it, and nothing beyond that one transaction.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use conformance_tests::{MachineClock, Page, Platform, PlatformOptions, RelyingParty};
use domain::Clock as _;
use serde_json::{Value, json};
use sim::CardRequest;
use sim::card::internal_authentication;
use sim::tls::SharedCard;

use crate::kiosk::{Terminal, certificate, genuine_born};
use crate::reader::{body, proof, refused, sign, transaction};

const BIRTH_DATE: &str = "19900217";

/// What a genuine card answers.
fn genuine(presented: &Page, card: &SharedCard) -> Vec<u8> {
    genuine_born(presented, card, BIRTH_DATE)
}

async fn platform() -> Platform {
    Platform::start_with(PlatformOptions {
        more_config: format!(
            "[device]\nenabled = true\n[terminal]\nenabled = true\ntest_birth_date = \"{BIRTH_DATE}\""
        ),
        ..PlatformOptions::default()
    })
    .await
}

/// A card of somebody who has signed in with the PIN before.
async fn known_card(platform: &Platform, rp: &RelyingParty) -> SharedCard {
    let (_, card) = platform.card(&CardRequest::default());
    rp.sign_in(&platform.browser(&card), "").await;
    card
}

#[tokio::test]
async fn a_card_held_to_an_approved_terminal_signs_in_that_transaction_and_nothing_else() {
    let platform = platform().await;
    let library = RelyingParty::register_at(&platform, "rp-library", "0");
    let other = RelyingParty::register_at(&platform, "rp-other", "0");
    let card = known_card(&platform, &library).await;
    let terminal = Terminal::approved(&platform, "kiosk-1", &["rp-library", "rp-other"]);
    let name = transaction(&terminal.browser, &library, "&acr_values=aal0").await;
    let presented = terminal.present(&name, &card).await;
    assert_eq!(presented.status, 201, "{}", presented.body);
    let done = terminal
        .answer(&presented, &card, &genuine(&presented, &card))
        .await;
    assert_eq!(done.status, 200, "{}", done.body);
    let go_on = body(&done)["continue"].as_str().unwrap().to_owned();
    let page = terminal.browser.get_until(&go_on, &library.redirect_uri).await;
    let reply = library.walk(&terminal.browser, page).await;
    let tokens = library
        .redeem(&terminal.browser, &reply.query("code").expect("a code"))
        .await;
    let claims = &tokens.claims;
    assert_eq!(
        (&claims["acr"], &claims["aal"], &claims["ial"]),
        (&"aal0".into(), &"0".into(), &"0".into())
    );
    assert_eq!(claims["amr"], json!(["sc"]), "neither key nor PIN was proven");
    // The same person as with the PIN.
    let with_pin = library.sign_in(&platform.browser(&card), "").await;
    assert_eq!(claims["sub"], with_pin.claims["sub"]);
    // No cookie, no single sign-on: neither another service nor the same one once more.
    assert!(!terminal.browser.everything_seen().contains("__Host-session"));
    for rp in [&library, &other] {
        let silent = rp.authorize(&terminal.browser, "&prompt=none").await;
        let refused = |(name, value): &(String, String)| name == "error" && value == "login_required";
        assert!(silent.iter().any(refused), "{}: {silent:?}", rp.client_id);
    }
    // The transaction is answered; its address gives nothing again.
    let again = terminal.browser.get(&go_on).await;
    assert_eq!(again.status, 410, "{}", again.body);
    let account = terminal
        .browser
        .get(&format!("{}/account", platform.origin))
        .await;
    assert!(!account.has_form("/account/end"), "{}", account.body);
}

/// Makes an answer to a challenge.
type Answer<'a> = Box<dyn Fn(&[u8]) -> Vec<u8> + 'a>;

#[tokio::test]
async fn a_certificate_is_no_authentication_and_a_card_that_is_not_genuine_neither() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-mere", "0");
    let card = known_card(&platform, &rp).await;
    let (_, other) = platform.card(&CardRequest::default());
    let terminal = Terminal::approved(&platform, "kiosk-1", &["rp-mere"]);
    let name = transaction(&terminal.browser, &rp, "").await;
    let here = format!("{}/sign-in/{name}", platform.origin);
    let presented = terminal.present(&name, &card).await;
    let page = terminal.browser.get(&here).await;
    assert!(
        page.has_form("/card"),
        "a certificate alone signs nobody in: {}",
        page.body
    );
    assert_eq!(presented.status, 201);
    let der = certificate(&card);
    let not_this = certificate(&other);
    let of = |date: &str, challenge: &[u8]| internal_authentication(&der, date, challenge);
    let wrong: [(&str, Answer<'_>); 6] = [
        ("nothing", Box::new(|_| Vec::new())),
        ("another birth date", Box::new(|c| of("19900218", c))),
        (
            "another card",
            Box::new(|c| internal_authentication(&not_this, BIRTH_DATE, c)),
        ),
        ("another challenge", Box::new(|c| of(BIRTH_DATE, &c[1..]))),
        ("a signature instead of an answer", Box::new(|c| sign(&card, c).1)),
        (
            "the right answer, too long",
            Box::new(|c| [of(BIRTH_DATE, c), vec![0]].concat()),
        ),
    ];
    for (what, make) in wrong {
        let presented = terminal.present(&name, &card).await;
        let told = body(&presented)["challenge"].as_str().unwrap().to_owned();
        let answer = make(&URL_SAFE_NO_PAD.decode(told).unwrap());
        let refused_answer = terminal.answer(&presented, &card, &answer).await;
        assert_eq!(refused_answer.status, 403, "{what}");
        refused(&refused_answer, 403, "card_not_genuine");
        // A wrong answer spends the challenge.
        let late = terminal
            .answer(&presented, &card, &genuine(&presented, &card))
            .await;
        refused(&late, 410, "presence_unknown");
    }
    // The right answer with another certificate than the one that was presented.
    let presented = terminal.present(&name, &card).await;
    let swapped = terminal
        .answer(&presented, &other, &genuine(&presented, &card))
        .await;
    refused(&swapped, 403, "card_not_genuine");
    assert!(
        terminal.browser.get(&here).await.has_form("/card"),
        "still nobody"
    );
    // At the other doors a bare certificate is nothing either.
    let device = crate::reader::Api::new(&platform, &terminal.browser);
    let given = crate::reader::Given::of(&device.begin(&name).await);
    refused(
        &device
            .prove(&given, &proof(&der, "rsa-pkcs1-sha256", &[0; 256]))
            .await,
        422,
        "signature",
    );
}

#[tokio::test]
async fn only_people_who_signed_in_with_their_pin_before_and_whose_certificate_holds() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-known", "0");
    let terminal = Terminal::approved(&platform, "kiosk-1", &["rp-known"]);
    let name = transaction(&terminal.browser, &rp, "").await;
    let (id, stranger) = platform.card(&CardRequest::default());
    refused(
        &terminal.present(&name, &stranger).await,
        403,
        "pinless_not_possible",
    );
    rp.sign_in(&platform.browser(&stranger), "").await;
    let presented = terminal.present(&name, &stranger).await;
    assert_eq!(presented.status, 201, "{}", presented.body);
    // Revoked between showing and answering.
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(&id, sim::crl::RevocationReason::KeyCompromise, MachineClock.now())
        .unwrap();
    platform.publish_list_and_wait().await;
    let late = terminal
        .answer(&presented, &stranger, &genuine(&presented, &stranger))
        .await;
    refused(&late, 403, "revoked");
    refused(&terminal.present(&name, &stranger).await, 403, "revoked");
    let (_, foreign) = platform.card(&CardRequest::with_fault(sim::fault::Fault::ForeignAuthority));
    refused(&terminal.present(&name, &foreign).await, 403, "unknown_ca");
}

#[tokio::test]
async fn only_services_that_were_registered_for_it_and_nothing_higher() {
    let platform = platform().await;
    let low = RelyingParty::register_at(&platform, "rp-low", "0");
    let elsewhere = RelyingParty::register_at(&platform, "rp-elsewhere", "0");
    let card = known_card(&platform, &low).await;
    let terminal = Terminal::approved(
        &platform,
        "kiosk-1",
        &["rp-low", "rp-one", "rp-two", "rp-three"].map(|name| {
            if name != "rp-low" {
                RelyingParty::register_at(
                    &platform,
                    name,
                    match name {
                        "rp-one" => "1",
                        "rp-two" => "2",
                        _ => "3",
                    },
                );
            }
            name
        }),
    );
    for (client, more) in [
        ("rp-one", ""),
        ("rp-two", ""),
        ("rp-three", ""),
        ("rp-low", "&acr_values=aal1"),
        ("rp-low", "&acr_values=aal3"),
        (
            "rp-low",
            "&acr_values=urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
        ),
        ("rp-elsewhere", ""),
    ] {
        let rp = RelyingParty {
            client_id: client.to_owned(),
            redirect_uri: format!("https://{client}.localhost:9/cb"),
            ..elsewhere.clone()
        };
        let name = transaction(&terminal.browser, &rp, more).await;
        let answer = terminal.present(&name, &card).await;
        assert_eq!(answer.status, 403, "{client} {more}: {}", answer.body);
        refused(&answer, 403, "service_not_for_terminals");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table, read from top to bottom")]
async fn only_an_approved_terminals_own_fresh_request_for_this_address() {
    let platform = platform().await;
    let rp = RelyingParty::register_at(&platform, "rp-asks", "0");
    let card = known_card(&platform, &rp).await;
    let terminal = Terminal::approved(&platform, "kiosk-1", &["rp-asks"]);
    let name = transaction(&terminal.browser, &rp, "").await;
    let path = "/terminal/presences";
    let asked = json!({ "transaction": name, "certificate": STANDARD.encode(certificate(&card)) });
    let good = terminal.claims(path, &asked);
    let with = |member: &str, value: Value| {
        let mut claims = terminal.claims(path, &asked);
        claims[member] = value;
        terminal.signed(&claims)
    };
    let now = MachineClock.now().seconds();
    let thief = Terminal::unknown(&platform, "kiosk-1");
    let mut unsigned = terminal.signed(&good);
    unsigned.truncate(unsigned.rfind('.').unwrap() + 1);
    let none = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode("{\"alg\":\"none\",\"typ\":\"gap-terminal-request+jwt\"}"),
        URL_SAFE_NO_PAD.encode(good.to_string())
    );
    let untyped = terminal.signed(&good).replacen(
        &URL_SAFE_NO_PAD.encode(json!({ "alg": "PS256", "typ": "gap-terminal-request+jwt" }).to_string()),
        &URL_SAFE_NO_PAD.encode("{\"alg\":\"PS256\"}"),
        1,
    );
    let rows = [
        (
            "no terminal",
            401,
            "terminal_unauthorized",
            with("iss", "kiosk-2".into()),
        ),
        (
            "a name that is none",
            401,
            "terminal_unauthorized",
            with("iss", "../kiosk".into()),
        ),
        ("another key", 401, "terminal_unauthorized", thief.signed(&good)),
        ("no signature", 401, "terminal_unauthorized", unsigned),
        ("alg none", 401, "terminal_unauthorized", none),
        ("another header", 401, "terminal_unauthorized", untyped),
        (
            "another address",
            401,
            "terminal_unauthorized",
            with("aud", format!("{}/terminal/answers", platform.origin).into()),
        ),
        (
            "another platform",
            401,
            "terminal_unauthorized",
            with("aud", format!("https://idp.example{path}").into()),
        ),
        ("not JOSE", 401, "terminal_unauthorized", "{}".to_owned()),
        ("old", 400, "request_time", with("iat", (now - 120).into())),
        (
            "from the future",
            400,
            "request_time",
            with("iat", (now + 120).into()),
        ),
        ("no time", 400, "request_time", with("iat", Value::Null)),
        ("no jti", 400, "malformed_body", with("jti", Value::Null)),
        (
            "an unknown claim",
            400,
            "malformed_body",
            with("amr", "pin".into()),
        ),
        (
            "another browser's transaction",
            400,
            "transaction_unknown",
            with("transaction", "txn_00000000000000000000000000000000".into()),
        ),
        (
            "no certificate",
            400,
            "certificate",
            with("certificate", "*".into()),
        ),
    ];
    for (what, status, code, token) in rows {
        let answer = terminal.send(path, token).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        refused(&answer, status, code);
    }
    let token = terminal.signed(&good);
    assert_eq!(terminal.send(path, token.clone()).await.status, 201);
    refused(&terminal.send(path, token).await, 409, "request_replayed");
    let large = "a".repeat(17 * 1024);
    refused(&terminal.send(path, large).await, 413, "too_large");
    // Another approved terminal cannot answer for this one.
    let second = Terminal::approved(&platform, "kiosk-3", &["rp-asks"]);
    let presented = terminal.present(&name, &card).await;
    refused(
        &second
            .answer(&presented, &card, &genuine(&presented, &card))
            .await,
        410,
        "presence_unknown",
    );
    let suspended = platform.command(&["terminal", "suspend", "kiosk-1", "--reason", "stolen"]);
    assert!(suspended.status.success());
    refused(&terminal.present(&name, &card).await, 403, "terminal_suspended");
    let listed = platform.command(&["terminal", "list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        listed.contains("kiosk-1  suspended") && listed.contains("kiosk-3  active"),
        "{listed}"
    );
    assert!(
        platform
            .command(&["terminal", "resume", "kiosk-1"])
            .status
            .success()
    );
    assert_eq!(terminal.present(&name, &card).await.status, 201);
}

#[tokio::test]
async fn production_has_no_terminals_and_a_test_may_have_none() {
    let mut platform = Platform::prepare(PlatformOptions {
        mode: "production",
        more_config: "[terminal]\nenabled = true".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let checked = platform.command(&["config", "check"]);
    assert!(!checked.status.success());
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(said.contains("terminal: only with mode = \"test\""), "{said}");
    platform.kill();
    let shut = Platform::start().await;
    let rp = RelyingParty::register_at(&shut, "rp-shut", "0");
    let terminal = Terminal::approved(&shut, "kiosk-1", &["rp-shut"]);
    let (_, card) = shut.card(&CardRequest::default());
    let name = transaction(&terminal.browser, &rp, "").await;
    refused(&terminal.present(&name, &card).await, 404, "not_found");
}
