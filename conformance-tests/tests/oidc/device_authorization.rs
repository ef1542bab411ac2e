//! Device authorization (RFC 8628): a device without a browser, a person with a card in front of one.

use conformance_tests::{
    AskedDevice, Browser, DEVICE_GRANT, DpopKey, Page, Platform, RelyingParty, SigningClient, agreeing,
    declining,
};
use domain::Clock as _;
use serde_json::Value;
use sim::CardRequest;
use sim::crl::RevocationReason;

const DEVICES: &str = "device_authorization = true";

fn json(page: &Page) -> Value {
    serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("{}", page.body))
}

fn error(page: &Page) -> String {
    json(page)["error"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_device_gets_tokens_when_a_person_picks_its_number() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-tv", &format!("{DEVICES}\nrefresh = \"session\""));
    let (tv, person) = (platform.bare_browser(), platform.browser_with_new_card());
    let discovery = json(
        &tv.get(&format!("{}/.well-known/openid-configuration", rp.origin))
            .await,
    );
    let endpoint = format!("{}/oidc/device_authorization", rp.origin);
    assert_eq!(discovery["device_authorization_endpoint"], endpoint.as_str());
    assert!(
        discovery["grant_types_supported"]
            .as_array()
            .unwrap()
            .contains(&DEVICE_GRANT.into())
    );

    let device = rp.device(&tv).await;
    assert_eq!(device.page, format!("{}/activate", rp.origin));
    assert!(!device.complete.contains(&device.number));
    assert_eq!(
        error(&rp.poll(&tv, &device.device_code).await),
        "authorization_pending"
    );

    // Typed by hand, in small letters, on a page that opened without a code.
    let page = person.get(&device.page).await;
    let typed = device.user_code.to_lowercase().replace('-', " ");
    let page = person
        .submit(&page.form("/activate").with("user_code", &typed))
        .await;
    let page = person.submit(&page.form("/card")).await;
    assert!(
        page.body.contains("rp-tv filing") && page.body.contains("yourself"),
        "{}",
        page.body
    );
    assert_eq!(device.wrong_numbers(&page).len(), 5);
    let done = person.submit(&agreeing(&page, &device.number)).await;
    assert!(done.body.contains("Your device is connected"), "{}", done.body);
    // Reloading shows the same and does nothing.
    assert_eq!(person.get(done.url.as_str()).await.body, done.body);

    // A yes is answered at once, however soon the device asks.
    let answer = rp.poll(&tv, &device.device_code).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = json(&answer);
    assert_eq!(tokens["scope"], "openid");
    let payload = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&jose::decode_base64url(payload).unwrap()).unwrap();
    assert_eq!(
        (&claims["acr"], &claims["aud"]),
        (&"aal3".into(), &"rp-tv".into())
    );
    let access = tokens["access_token"].as_str().unwrap();
    let info = json(&rp.userinfo(&tv, access).await);
    assert_eq!(info["sub"], claims["sub"]);
    let refreshed = rp
        .refresh(&tv, tokens["refresh_token"].as_str().unwrap(), &[])
        .await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    assert_eq!(
        platform.metric("device_numbers_total{picked=\"right\"}").await,
        Some(1.0)
    );
    let log = platform.log();
    for secret in [&device.device_code, &device.user_code, &device.number] {
        assert!(secret.len() == 2 || !log.contains(secret.as_str()));
    }
}

#[tokio::test]
async fn devices_are_for_clients_that_are_registered_for_them_and_say_who_they_are() {
    let platform = Platform::start().await;
    let browser = platform.bare_browser();
    let plain = RelyingParty::register(&platform, "rp-no-devices");
    let refused = plain.ask_for_device(&browser, &[]).await;
    assert_eq!(
        (refused.status.as_u16(), error(&refused).as_str()),
        (400, "unauthorized_client")
    );
    assert_eq!(error(&plain.poll(&browser, "x").await), "invalid_grant");

    let keyed = SigningClient::register(&platform, "rp-keyed", "tokens = { device_authorization = true }");
    let nameless = keyed.rp.ask_for_device(&browser, &[]).await;
    assert_eq!(
        (nameless.status.as_u16(), error(&nameless).as_str()),
        (401, "invalid_client")
    );
    let assertion = keyed.assertion();
    let proof = [
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion.as_str()),
    ];
    let device = AskedDevice::of(&keyed.rp.ask_for_device(&browser, &proof).await);
    assert_eq!(device.interval, 5);
    let again = keyed.rp.ask_for_device(&browser, &proof).await;
    assert_eq!(error(&again), "invalid_client", "an assertion counts once");
    assert_eq!(
        error(&keyed.rp.poll(&browser, &device.device_code).await),
        "invalid_client"
    );

    let rp = RelyingParty::register_for(&platform, "rp-asks", DEVICES);
    for (more, code) in [
        (&[("scope", "profile")][..], "invalid_scope"),
        (&[("request", "a.b.c")], "request_not_supported"),
        (&[("prompt", "none")], "invalid_request"),
        (&[("resource", "https://elsewhere.example")], "invalid_target"),
        (
            &[(
                "claims",
                r#"{"id_token":{"acr":{"essential":true,"values":["aal9"]}}}"#,
            )],
            "unmet_authentication_requirements",
        ),
        (&[("scope", "openid"), ("max_age", "x")], "invalid_request"),
    ] {
        let answer = rp.ask_for_device(&browser, more).await;
        assert_eq!(
            (answer.status.as_u16(), error(&answer).as_str()),
            (400, code),
            "{more:?}"
        );
    }
    let endpoint = format!("{}/oidc/device_authorization", rp.origin);
    assert_eq!(browser.get(&endpoint).await.status, 405);
    let wrong = browser
        .post_body(&endpoint, "application/json", &[], "{\"client_id\":\"rp-asks\"}")
        .await;
    assert_eq!(error(&wrong), "invalid_request");
}

#[tokio::test]
async fn a_device_that_asks_too_often_is_slowed_down_and_a_no_is_told() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-often", DEVICES);
    let (tv, person) = (platform.bare_browser(), platform.browser_with_new_card());
    let (first, second) = (rp.device(&tv).await, rp.device(&tv).await);
    assert_eq!(
        error(&rp.poll(&tv, &first.device_code).await),
        "authorization_pending"
    );
    for _ in 0..3 {
        assert_eq!(error(&rp.poll(&tv, &first.device_code).await), "slow_down");
    }
    // Each device has its own interval.
    assert_eq!(
        error(&rp.poll(&tv, &second.device_code).await),
        "authorization_pending"
    );
    assert_eq!(platform.metric("devices_slowed_down_total").await, Some(3.0));

    // No, by the button of the page of agreement; and before the card, by the sign-in's own.
    let page = person.to_agreement(&first).await;
    let done = person.submit(&declining(&page)).await;
    assert!(done.body.contains("was not connected"), "{}", done.body);
    let page = person.get(&second.complete).await;
    let page = person.submit(&page.form("/activate")).await;
    let done = person.submit(&page.form("/cancel")).await;
    assert!(
        done.body.contains("was not connected"),
        "{} {}",
        done.url,
        done.body
    );
    for device in [&first, &second] {
        let answer = rp.poll(&tv, &device.device_code).await;
        assert_eq!(
            (answer.status.as_u16(), error(&answer).as_str()),
            (400, "access_denied")
        );
    }
}

#[tokio::test]
async fn what_ended_between_the_yes_and_the_question_gives_no_tokens() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-ended", DEVICES);
    let tv = platform.bare_browser();
    // The service.
    let person = platform.browser_with_new_card();
    let (device, waiting) = (rp.device(&tv).await, rp.device(&tv).await);
    person.let_in(&device).await;
    assert!(
        platform
            .command(&["service", "suspend", "rp-ended", "--reason", "test"])
            .status
            .success()
    );
    assert_eq!(error(&rp.poll(&tv, &device.device_code).await), "invalid_client");
    assert_eq!(error(&rp.ask_for_device(&tv, &[]).await), "invalid_client");
    // Nor is a code of it entered.
    let page = person.get(&waiting.complete).await;
    let entered = person.submit(&page.form("/activate")).await;
    assert!(
        entered.body.contains("no such code"),
        "{} {}",
        entered.url,
        entered.body
    );
    assert!(
        platform
            .command(&["service", "resume", "rp-ended"])
            .status
            .success()
    );
    // The session.
    let page = person.get(&format!("{}/account", platform.origin)).await;
    let _ = person.submit(&page.form("/account/end-all")).await;
    assert_eq!(error(&rp.poll(&tv, &device.device_code).await), "invalid_grant");
    // The card.
    let (id, card) = platform.card(&CardRequest::default());
    let person = platform.browser(&card);
    let device = rp.device(&tv).await;
    person.let_in(&device).await;
    {
        let mut simulation = platform.simulation.lock().unwrap();
        let now = conformance_tests::MachineClock.now();
        simulation
            .revoke(&id, RevocationReason::KeyCompromise, now)
            .unwrap();
    }
    platform.publish_list_and_wait().await;
    assert_eq!(error(&rp.poll(&tv, &device.device_code).await), "invalid_grant");
}

/// Asks for a device with a proof, as a client does.
async fn bound_device(rp: &RelyingParty, tv: &Browser, key: &DpopKey, more: &str) -> Page {
    let address = format!("{}/oidc/device_authorization", rp.origin);
    let body = format!("client_id={}&scope=openid{more}", rp.client_id);
    key.post(tv, &address, &body).await
}

#[tokio::test]
async fn a_code_that_was_asked_for_with_a_key_is_redeemed_with_it() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-proof-tv", DEVICES);
    let (tv, person) = (platform.bare_browser(), platform.browser_with_new_card());
    let (key, thief) = (DpopKey::default(), DpopKey::default());
    let other = format!("&dpop_jkt={}", thief.thumbprint());
    assert_eq!(
        error(&bound_device(&rp, &tv, &key, &other).await),
        "invalid_request"
    );
    // A proof counts once here too.
    let endpoint = format!("{}/oidc/device_authorization", rp.origin);
    let asking = format!("client_id={}&scope=openid", rp.client_id);
    let without = key.proof("POST", &endpoint, "", None);
    let refused = tv.post_raw(&endpoint, &[("dpop", &without)], &asking).await;
    let proof = key.proof("POST", &endpoint, refused.header("dpop-nonce").unwrap(), None);
    let answer = tv.post_raw(&endpoint, &[("dpop", &proof)], &asking).await;
    let again = tv.post_raw(&endpoint, &[("dpop", &proof)], &asking).await;
    assert_eq!(
        (answer.status.as_u16(), error(&again).as_str()),
        (200, "invalid_dpop_proof")
    );
    let device = AskedDevice::of(&bound_device(&rp, &tv, &key, "").await);
    person.let_in(&device).await;
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", DEVICE_GRANT)
        .append_pair("client_id", &rp.client_id)
        .append_pair("device_code", &device.device_code)
        .finish();
    let address = format!("{}/oidc/token", rp.origin);
    assert_eq!(error(&rp.poll(&tv, &device.device_code).await), "invalid_grant");
    assert_eq!(error(&thief.post(&tv, &address, &body).await), "invalid_grant");
    let answer = key.post(&tv, &address, &body).await;
    assert_eq!(json(&answer)["token_type"], "DPoP", "{}", answer.body);
}
