//! Access tokens for other resources: signed ones, asked about by the resource server that they are for, and given back.

use conformance_tests::{AskedDevice, Browser, DEVICE_GRANT, Page, Platform, RelyingParty, SigningClient};
use serde_json::Value;

const RESOURCE: &str = "https://api.localhost/filings";

fn json(page: &Page) -> Value {
    serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("{} {}", page.status, page.body))
}

fn part(token: &str, place: usize) -> Value {
    let part = token.split('.').nth(place).expect("a compact JWS");
    serde_json::from_slice(&jose::decode_base64url(part).expect("base64url")).expect("JSON")
}

/// Asks about a token, authenticated.
async fn ask(server: &SigningClient, browser: &Browser, token: &str, accept: &str) -> Page {
    let assertion = server.assertion();
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("token", token)
        .append_pair("token_type_hint", "access_token")
        .append_pair(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        .append_pair("client_assertion", &assertion)
        .finish();
    let address = format!("{}/oidc/introspection", server.rp.origin);
    browser.post_raw(&address, &[("accept", accept)], &body).await
}

async fn token_for(rp: &RelyingParty, browser: &Browser, more: &str) -> String {
    let resource: String = url::form_urlencoded::byte_serialize(RESOURCE.as_bytes()).collect();
    let code = rp.code(browser, &format!("&resource={resource}{more}")).await;
    let answer = rp.redeem_raw(browser, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    json(&answer)["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_server_that_a_token_is_for_is_told_and_nobody_else() {
    let platform = Platform::start().await;
    let settings = format!("resources = [\"{RESOURCE}\", \"https://other.localhost/\"]");
    let rp = RelyingParty::register_for(&platform, "rp-caller", &settings);
    let serves = format!("[oidc.tokens]\nserves = [\"{RESOURCE}\"]");
    let server = SigningClient::register(&platform, "rs-filings", &serves);
    let stranger = SigningClient::register(
        &platform,
        "rs-other",
        "[oidc.tokens]\nserves = [\"https://other.localhost/\"]",
    );
    let browser = platform.browser_with_new_card();
    let token = token_for(&rp, &browser, "").await;
    assert_eq!(part(&token, 0)["typ"], "at+jwt");
    let claims = part(&token, 1);
    assert_eq!(
        (&claims["aud"], &claims["client_id"]),
        (&RESOURCE.into(), &"rp-caller".into())
    );
    assert!(
        claims["jti"].is_string() && claims["acr"].is_string() && claims["auth_time"].is_i64(),
        "{claims}"
    );
    let told = json(&ask(&server, &browser, &token, "application/json").await);
    assert_eq!(
        (&told["active"], &told["sub"], &told["token_type"]),
        (&true.into(), &claims["sub"], &"Bearer".into())
    );
    // Signed, on demand (RFC 9701).
    let signed = ask(&server, &browser, &token, "application/token-introspection+jwt").await;
    assert_eq!(
        signed.header("content-type"),
        Some("application/token-introspection+jwt")
    );
    assert_eq!(part(&signed.body, 0)["typ"], "token-introspection+jwt");
    let inner = part(&signed.body, 1);
    assert_eq!(
        (&inner["aud"], &inner["token_introspection"]["active"]),
        (&"rs-filings".into(), &true.into())
    );
    // Everybody else, and everything else.
    let inactive = serde_json::json!({"active": false});
    assert_eq!(json(&ask(&stranger, &browser, &token, "*/*").await), inactive);
    let opaque = RelyingParty::register(&platform, "rp-plain")
        .sign_in(&browser, "")
        .await;
    for other in [
        "unknown",
        "a.b.c",
        opaque.access_token.as_str(),
        opaque.id_token.as_str(),
        &token[..token.len() - 4],
    ] {
        assert_eq!(
            json(&ask(&server, &browser, other, "*/*").await),
            inactive,
            "{other}"
        );
    }
    let bare = rp
        .post(&browser, "introspection", &[], &[("token", &token)])
        .await;
    assert_eq!(
        (bare.status.as_u16(), &json(&bare)["error"]),
        (401, &"invalid_client".into())
    );
    // A token for a resource opens no user information.
    assert_eq!(rp.userinfo(&browser, &token).await.status, 401);
    // Given back by another client: refused; by its own: it counts no more, at once.
    let stolen = opaque_client(&platform)
        .post(&browser, "revocation", &[], &[("token", &token)])
        .await;
    assert_eq!(
        (stolen.status.as_u16(), &json(&stolen)["error"]),
        (400, &"invalid_grant".into())
    );
    assert_eq!(json(&ask(&server, &browser, &token, "*/*").await)["active"], true);
    assert_eq!(
        rp.post(&browser, "revocation", &[], &[("token", &token)])
            .await
            .status,
        200
    );
    assert_eq!(json(&ask(&server, &browser, &token, "*/*").await), inactive);
    // The session ends: so does what was issued in it.
    let token = token_for(&rp, &browser, "").await;
    assert_eq!(json(&ask(&server, &browser, &token, "*/*").await)["active"], true);
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&account.form("/account/end-all")).await;
    assert_eq!(json(&ask(&server, &browser, &token, "*/*").await), inactive);
}

fn opaque_client(platform: &Platform) -> RelyingParty {
    RelyingParty {
        client_id: "rp-plain".to_owned(),
        redirect_uri: String::new(),
        origin: platform.origin.clone(),
    }
}

#[tokio::test]
async fn a_token_is_for_one_resource_that_was_granted() {
    let platform = Platform::start().await;
    let settings = format!("resources = [\"{RESOURCE}\", \"https://other.localhost/\"]");
    let rp = RelyingParty::register_for(&platform, "rp-targets", &settings);
    let browser = platform.browser_with_new_card();
    let both = "&resource=https%3A%2F%2Fapi.localhost%2Ffilings&resource=https%3A%2F%2Fother.localhost%2F";
    for (granted, asked, answer) in [
        ("", "", Ok(None)),
        (
            "",
            "&resource=https%3A%2F%2Fapi.localhost%2Ffilings",
            Err("invalid_target"),
        ),
        (both, "", Err("invalid_target")),
        (
            both,
            "&resource=https%3A%2F%2Fother.localhost%2F",
            Ok(Some("https://other.localhost/")),
        ),
        (
            both,
            "&resource=https%3A%2F%2Fother.localhost",
            Err("invalid_target"),
        ),
        (both, both, Err("invalid_target")),
    ] {
        let code = rp.code(&browser, granted).await;
        let body = format!("{}{asked}", rp.token_request(&code));
        let page = browser
            .post_raw(&format!("{}/oidc/token", rp.origin), &[], &body)
            .await;
        let got = json(&page);
        match answer {
            Err(error) => assert_eq!(got["error"], error, "{granted} {asked}"),
            Ok(None) => assert!(!got["access_token"].as_str().unwrap().contains('.')),
            Ok(Some(audience)) => assert_eq!(part(got["access_token"].as_str().unwrap(), 1)["aud"], audience),
        }
    }
}

#[tokio::test]
async fn several_resources_are_pushed_or_asked_for_a_device_and_each_token_is_for_one() {
    const OTHER: &str = "https://other.localhost/";
    let platform = Platform::start().await;
    let settings = format!("resources = [\"{RESOURCE}\", \"{OTHER}\"]\nrefresh = \"session\"");
    let pusher = SigningClient::register(&platform, "rp-pushes", &format!("[oidc.tokens]\n{settings}"));
    let device = RelyingParty::register_for(
        &platform,
        "rp-device",
        &format!("{settings}\ndevice_authorization = true"),
    );
    let browser = platform.browser_with_new_card();
    let both = [("resource", RESOURCE), ("resource", OTHER)];

    let mut parameters = pusher.parameters();
    parameters.extend(both.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let pushed = json(&pusher.push(&browser, &parameters).await);
    let bring = pusher.bring(pushed["request_uri"].as_str().expect("a request_uri"));
    let start = browser.get_until(&bring, &pusher.rp.redirect_uri).await;
    let landed = pusher.rp.walk(&browser, start).await;
    let code = landed.query("code").expect("a code");
    let refused = pusher.redeem_raw(&browser, &code).await;
    assert_eq!(json(&refused)["error"], "invalid_target", "none of two is named");

    let asked = AskedDevice::of(&device.ask_for_device(&browser, &both).await);
    browser.let_in(&asked).await;
    let poll = async |resource: &str| {
        let fields = [
            ("grant_type", DEVICE_GRANT),
            ("device_code", &asked.device_code),
            ("resource", resource),
        ];
        json(&device.post(&browser, "token", &[], &fields).await)
    };
    let tokens = poll(OTHER).await;
    assert_eq!(part(tokens["access_token"].as_str().unwrap(), 1)["aud"], OTHER);
    // The same grant, the other resource.
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ("resource", RESOURCE),
    ];
    let tokens = json(&device.post(&browser, "token", &[], &fields).await);
    assert_eq!(part(tokens["access_token"].as_str().unwrap(), 1)["aud"], RESOURCE);
}

/// Our own user information is a resource under the name that its metadata says (RFC 9728), for every client.
#[tokio::test]
async fn user_information_is_a_resource_by_its_own_name() {
    let platform = Platform::start().await;
    let settings = format!("resources = [\"{RESOURCE}\"]");
    let rp = RelyingParty::register_for(&platform, "rp-own", &settings);
    let browser = platform.browser_with_new_card();
    let document = browser
        .get(&format!(
            "{}/.well-known/oauth-protected-resource/oidc/userinfo",
            rp.origin
        ))
        .await;
    let own = json(&document)["resource"].as_str().unwrap().to_owned();
    let named = |uri: &str| {
        let uri: String = url::form_urlencoded::byte_serialize(uri.as_bytes()).collect();
        format!("&resource={uri}")
    };
    let both = named(&own) + &named(RESOURCE);
    for (granted, asked, is_own) in [
        (named(&own), String::new(), true),
        (named(&own), named(&own), true),
        (String::new(), named(&own), true),
        (both.clone(), named(&own), true),
        (both, named(RESOURCE), false),
    ] {
        let code = rp.code(&browser, &granted).await;
        let body = format!("{}{asked}", rp.token_request(&code));
        let page = browser
            .post_raw(&format!("{}/oidc/token", rp.origin), &[], &body)
            .await;
        let access = json(&page)["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("{}", page.body))
            .to_owned();
        assert_eq!(!access.contains('.'), is_own, "{granted} {asked}");
        let told = rp.userinfo(&browser, &access).await;
        assert_eq!(told.status == 200, is_own, "{}", told.body);
    }
    let code = rp.code(&browser, &named(RESOURCE)).await;
    let body = format!("{}{}", rp.token_request(&code), named(&own));
    let page = browser
        .post_raw(&format!("{}/oidc/token", rp.origin), &[], &body)
        .await;
    assert_eq!(json(&page)["error"], "invalid_target", "it was not granted");
}
