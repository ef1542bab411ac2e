//! Clients that register themselves: what was refused has a reference there too.

use conformance_tests::{
    Page, Platform, PlatformOptions, SELF_REGISTRATION, SelfRegistered, SigningClient, least,
};
use serde_json::{Value, json};

use crate::support::{Developer, refused, told};

const REDIRECT: &str = "https://rp.localhost:9/cb";

/// What the operator sees, within two seconds.
async fn of_operator(platform: &Platform, reference: &str) -> Value {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(2);
    loop {
        let answer = reqwest::Client::new()
            .get(format!("{}/exchanges?reference={reference}", platform.operator))
            .bearer_auth(&platform.operator_token)
            .send()
            .await
            .unwrap();
        if answer.status() == 200 {
            return answer.json().await.unwrap();
        }
        assert!(std::time::Instant::now() < until, "nothing behind {reference}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A first registration is nobody's: its answer says what was wrong, and the operator finds it. A change is the client's own to read.
#[tokio::test]
async fn a_refused_registration_is_explained_to_whose_it_is() {
    let platform = Platform::start_with(PlatformOptions {
        more_config: SELF_REGISTRATION.to_owned(),
        ..Default::default()
    })
    .await;
    let browser = platform.bare_browser();
    let token = platform.initial_token("early", &["rp.localhost"], 2, "standard");
    let in_clear = json!({ "redirect_uris": ["http://rp.localhost/cb"] });

    let answer = platform.self_register(&browser, &token, &in_clear).await;
    let reference = told(&answer);
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains(&reference), "{}", answer.body);
    let seen = of_operator(&platform, &reference).await;
    assert_eq!(
        (&seen["exchange"], &seen["proven"], &seen["service"]),
        (&json!("registration"), &json!(false), &Value::Null)
    );
    assert_eq!(refused(&seen).0, "metadata_can_be_registered");
    let detail = seen["detail"].as_str().unwrap();
    assert!(answer.body.contains(detail), "{detail}: {}", answer.body);

    let answer = platform
        .self_register(&browser, "no-such-token", &least(REDIRECT))
        .await;
    assert_eq!(answer.status, 401);
    let seen = of_operator(&platform, &told(&answer)).await;
    assert_eq!(refused(&seen).0, "registration_token_is_good");

    let key = SigningClient::unregistered("own");
    let with_keys = |uri: &str| {
        json!({
            "redirect_uris": [uri],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": { "keys": [key.jwk()] },
        })
    };
    let made = platform
        .self_register(&browser, &token, &with_keys(REDIRECT))
        .await;
    let made = SelfRegistered::of(&made, 201);
    let mut change = with_keys("http://rp.localhost/cb");
    change["client_id"] = json!(made.client_id);
    let bearer = format!("Bearer {}", made.token);
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let answer: Page = browser
        .send_raw("PUT", &made.uri, &headers, &change.to_string())
        .await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    let mut client = key.as_client(&made.client_id, REDIRECT);
    client.rp.origin.clone_from(&platform.origin);
    let developer = Developer::of(&client, &browser).await;
    let seen = developer.explain(&told(&answer)).await;
    assert_eq!(
        (&seen["exchange"], &seen["proven"]),
        (&json!("registration"), &json!(true))
    );
    assert_eq!(refused(&seen).0, "metadata_can_be_registered");
}
