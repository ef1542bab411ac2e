//! The endpoints that clients call beside the token endpoint, the messages that we send, and who proves itself by a secret: what was wrong is
//! explained there too.

use std::time::{Duration, Instant};

use conformance_tests::{Browser, DocumentServer, DpopKey, Page, Platform, RelyingParty, SigningClient};
use serde_json::{Value, json};

use crate::support::{Developer, claims, in_sentence, keeps_silent, post, refused, told};

/// What is wrong at each endpoint, once a client has proven itself and before.
#[tokio::test]
async fn introspection_revocation_and_devices_are_explained() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-endpoints", "");
    let browser = platform.bare_browser();
    let developer = Developer::of(&client, &browser).await;
    let thief = DpopKey::default();
    for (endpoint, error, reason, rule) in [
        (
            "introspection",
            "invalid_request",
            "parameter_missing",
            "token_may_be_asked_about",
        ),
        (
            "revocation",
            "invalid_request",
            "parameter_missing",
            "token_may_be_asked_about",
        ),
        (
            "device_authorization",
            "unauthorized_client",
            "device_not_registered",
            "device_may_be_authorized",
        ),
    ] {
        let fields = [("scope", "openid secret-scope")];
        let page = post(&client, &browser, endpoint, &[], (&client.assertion(), &fields)).await;
        assert_eq!(page.status, 400, "{endpoint}: {}", page.body);
        let reference = told(&page);
        assert_eq!(in_sentence(&page.body), reference);
        let explained = developer.explain(&reference).await;
        assert_eq!(
            (
                &explained["exchange"],
                &explained["answered"],
                &explained["reason"],
                &explained["proven"]
            ),
            (&json!(endpoint), &json!(error), &json!(reason), &json!(true))
        );
        assert_eq!(refused(&explained).0, rule);
        keeps_silent(&explained, &["secret-scope"]);

        // What cannot even be read is explained to whom it names.
        let twice = [("scope", "openid"), ("scope", "secret-scope")];
        let page = post(&client, &browser, endpoint, &[], (&client.assertion(), &twice)).await;
        assert_eq!(page.status, 400, "{}", page.body);
        let explained = developer.explain(&told(&page)).await;
        assert_eq!(
            (&explained["reason"], &explained["proven"]),
            (&json!("repeated_parameter"), &json!(false))
        );
        keeps_silent(&explained, &["secret-scope"]);

        let header = json!({"alg": "ES256", "kid": "k1"});
        let forged = thief.sign(&header, &claims(&client, "", Value::Null));
        let page = post(&client, &browser, endpoint, &[], (&forged, &fields)).await;
        assert_eq!(page.status, 401, "{endpoint}: {}", page.body);
        let explained = developer.explain(&told(&page)).await;
        assert_eq!(
            (
                &explained["exchange"],
                &explained["answered"],
                &explained["reason"],
                &explained["proven"]
            ),
            (
                &json!(endpoint),
                &json!("invalid_client"),
                &json!("assertion_refused"),
                &json!(false)
            )
        );
        let (rule, facts) = refused(&explained);
        assert_eq!(rule, "client_proves_who_it_is");
        let keys = jose::JwkSet::parse(&json!({ "keys": [client.jwk()] }).to_string()).unwrap();
        assert_eq!(facts["keys_tried"], json!([keys.keys()[0].thumbprint()]));
        keeps_silent(&explained, &[&forged, "secret-scope"]);
    }
}

/// The explanation of a message of ours that a service did not take, once there is one.
async fn delivery(list: impl AsyncFn() -> Vec<Value>) -> Value {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let found = list()
            .await
            .into_iter()
            .find(|one| one["exchange"] == "logout_delivery");
        if let Some(found) = found {
            return found;
        }
        assert!(Instant::now() < until, "nothing is said of the message");
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
}

/// A logout of which a service could not be told: its developer reads what its endpoint answered, and nothing of the person.
#[tokio::test]
async fn a_message_of_ours_that_was_not_taken_is_explained() {
    let platform = Platform::start().await;
    let server = DocumentServer::start(&platform, &["localhost"]).await;
    server.put("/refuses?secret=7", "400 Bad Request", "no");
    server.put("/fails?secret=7", "503 Service Unavailable", "no");
    let asker = platform.bare_browser();
    let browser = platform.browser_with_new_card();
    let mut clients = Vec::new();
    for (name, path) in [("rp-refuses", "/refuses"), ("rp-fails", "/fails")] {
        let address = server.url("localhost", &format!("{path}?secret=7"));
        server.put(
            &format!("{path}?secret=7"),
            if path == "/fails" {
                "503 Service Unavailable"
            } else {
                "400 Bad Request"
            },
            "no",
        );
        let more = format!("backchannel_logout_uri = \"{address}\"");
        let client = SigningClient::register(&platform, name, &more);
        let code = client.rp.code(&browser, "").await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", client.rp.redirect_uri.as_str()),
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ];
        let page = post(&client, &browser, "token", &[], (&client.assertion(), &fields)).await;
        let tokens: Value = serde_json::from_str(&page.body).unwrap();
        let payload = tokens["id_token"]
            .as_str()
            .unwrap()
            .split('.')
            .nth(1)
            .unwrap()
            .to_owned();
        let id: Value = serde_json::from_slice(&jose::decode_base64url(&payload).unwrap()).unwrap();
        clients.push((client, id));
    }
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&account.form("/account/end-all")).await;
    for ((client, id), (reason, again)) in clients
        .iter()
        .zip([("answered_400", false), ("answered_other", true)])
    {
        let developer = Developer::of(client, &asker).await;
        let noted = delivery(async || developer.list().await).await;
        let explained = developer.explain(noted["reference"].as_str().unwrap()).await;
        assert_eq!(
            (
                &explained["reason"],
                &explained["protocol"],
                &explained["answered"]
            ),
            (&json!(reason), &json!("oidc"), &json!(null))
        );
        let (rule, facts) = refused(&explained);
        assert_eq!(rule, "service_answers_that_it_was_told");
        assert_eq!(facts["channel"], "back_channel");
        assert_eq!(facts["tries"], 1);
        assert_eq!(facts["is_tried_again"], again, "{facts}");
        assert!(
            facts["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        );
        assert!(
            explained["advice"]["en"]
                .as_str()
                .unwrap()
                .contains("logout endpoint"),
            "{explained}"
        );
        keeps_silent(
            &explained,
            &[
                id["sub"].as_str().unwrap(),
                id["sid"].as_str().unwrap(),
                "secret=7",
            ],
        );
    }
}

const SECRET: &str = "the-secret-of-a-test-0123456789";

fn with_secret(platform: &Platform, client_id: &str) -> RelyingParty {
    let redirect_uri = format!("https://{client_id}.localhost:9/cb");
    let hash = jose::digest::sha256_hex(SECRET.as_bytes());
    platform.register(&format!(
        r#"
        kind = "sp"
        name = {{ ja = "{client_id}", en = "{client_id}" }}
        [oidc]
        client_id = "{client_id}"
        redirect_uris = ["{redirect_uri}"]
        authentication = {{ method = "client_secret_basic", secret_sha256 = "{hash}" }}
        "#
    ));
    RelyingParty {
        client_id: client_id.to_owned(),
        redirect_uri,
        origin: platform.origin.clone(),
    }
}

/// Asks for a token of the developer's, with the name and this secret.
async fn by_secret(browser: &Browser, rp: &RelyingParty, secret: &str) -> Page {
    use base64::Engine as _;
    let pair = format!("{}:{secret}", rp.client_id);
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    let url = format!("{}/v1/exchanges/token", rp.origin);
    browser
        .post_raw(
            &url,
            &[("authorization", &basic)],
            "grant_type=client_credentials",
        )
        .await
}

/// A client that has a secret opens its own with it, and by no other.
#[tokio::test]
async fn a_client_with_a_secret_reads_its_own_by_it() {
    let platform = Platform::start().await;
    let rp = with_secret(&platform, "rp-secret");
    let other = with_secret(&platform, "rp-namesake");
    let browser = platform.bare_browser();
    // In the body it is not registered, and a wrong one is wrong: both are explained to whoever has the right one.
    let mut references = Vec::new();
    let url = format!("{}/oidc/token", platform.origin);
    for (body, reason) in [
        (
            format!("grant_type=refresh_token&refresh_token=x&client_id=rp-secret&client_secret={SECRET}"),
            "secret_in_body",
        ),
        (
            "grant_type=refresh_token&refresh_token=x&client_id=rp-secret".to_owned(),
            "method_not_registered",
        ),
    ] {
        let page = browser.post_raw(&url, &[], &body).await;
        assert_eq!(page.status, 401, "{}", page.body);
        references.push((told(&page), reason));
    }
    for wrong in ["", "the-secret-of-a-test-0123456780"] {
        let page = by_secret(&browser, &rp, wrong).await;
        assert_eq!(page.status, 401, "{}", page.body);
    }
    let token = async |rp: &RelyingParty| {
        let page = by_secret(&browser, rp, SECRET).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let json: Value = serde_json::from_str(&page.body).unwrap();
        Developer::holding(&browser, &platform.origin, json["access_token"].as_str().unwrap())
    };
    let (own, theirs) = (token(&rp).await, token(&other).await);
    for (reference, reason) in &references {
        let explained = own.explain(reference).await;
        assert_eq!(explained["reason"], *reason, "{explained}");
        keeps_silent(&explained, &[SECRET]);
        assert_eq!(theirs.get(&format!("/{reference}")).await.status, 404);
    }
}
