//! `authorization_details` (RFC 9396) behind the consent: what a token request asks, and what token, introspection and refresh say.

use conformance_tests::{Browser, DETAIL_TYPES, Page, Platform, PlatformOptions, SigningClient};
use serde_json::{Value, json};

const RESOURCE: &str = "https://api.localhost/filings";

fn years(years: &[i64]) -> Value {
    let detail = |year: &i64| json!({ "type": "tax_filing", "year": year });
    years.iter().map(detail).collect()
}

fn body(page: &Page) -> Value {
    serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("{} {}", page.status, page.body))
}

fn inside(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).expect("a compact JWS");
    serde_json::from_slice(&jose::decode_base64url(part).unwrap()).unwrap()
}

/// Posts a form, authenticated.
async fn post(client: &SigningClient, browser: &Browser, endpoint: &str, fields: &[(&str, &str)]) -> Page {
    let assertion = client.assertion();
    let mut all = vec![
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion.as_str()),
    ];
    all.extend(fields);
    client.rp.post(browser, endpoint, &[], &all).await
}

async fn refresh(client: &SigningClient, browser: &Browser, token: &Value, details: Option<&str>) -> Page {
    let mut fields = vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str().unwrap()),
    ];
    fields.extend(details.map(|details| ("authorization_details", details)));
    post(client, browser, "token", &fields).await
}

#[tokio::test]
async fn what_was_agreed_to_goes_with_every_token_and_a_token_request_gets_no_more() {
    let options = PlatformOptions {
        more_config: DETAIL_TYPES.to_owned(),
        ..Default::default()
    };
    let platform = Platform::start_with(options).await;
    let client = SigningClient::register(
        &platform,
        "rp-rar",
        &format!(
            "requests = {{ authorization_details_types = [\"tax_filing\"] }}\n[oidc.tokens]\nresources = [\"{RESOURCE}\"]\nrefresh = \"session\""
        ),
    );
    let server = SigningClient::register(
        &platform,
        "rs-rar",
        &format!("[oidc.tokens]\nserves = [\"{RESOURCE}\"]"),
    );
    let browser = platform.browser_with_new_card();
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let granted = years(&[2025, 2026]);
    let code = async || {
        let more = format!(
            "&authorization_details={}&resource={}",
            encoded(&granted.to_string()),
            encoded(RESOURCE)
        );
        client.rp.code(&browser, &more).await
    };
    let redeem = async |code: &str, details: &str| {
        let form: Vec<(String, String)> =
            url::form_urlencoded::parse(client.rp.token_request(code).as_bytes())
                .into_owned()
                .filter(|(name, _)| name != "client_id")
                .collect();
        let mut fields: Vec<(&str, &str)> = form
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        fields.push(("authorization_details", details));
        post(&client, &browser, "token", &fields).await
    };
    // Nothing asked: everything that was agreed to, in answer, token and introspection.
    let whole = body(&client.redeem_raw(&browser, &code().await).await);
    let says = async |answer: &Value, wanted: &Value| {
        assert_eq!(answer["authorization_details"], *wanted, "{answer}");
        let token = &answer["access_token"];
        assert_eq!(inside(token)["authorization_details"], *wanted);
        let asked = [("token", token.as_str().unwrap())];
        let told = body(&post(&server, &browser, "introspection", &asked).await);
        assert_eq!(
            (&told["active"], &told["authorization_details"]),
            (&json!(true), wanted)
        );
    };
    says(&whole, &granted).await;
    // Less: that much, and the refresh token keeps the whole.
    let part = redeem(&code().await, &years(&[2026]).to_string()).await;
    assert_eq!(part.status, 200, "{}", part.body);
    let part = body(&part);
    says(&part, &years(&[2026])).await;
    let next = body(&refresh(&client, &browser, &part["refresh_token"], None).await);
    says(&next, &granted).await;
    let narrow = refresh(
        &client,
        &browser,
        &next["refresh_token"],
        Some(&years(&[2025]).to_string()),
    )
    .await;
    let narrow = body(&narrow);
    says(&narrow, &years(&[2025])).await;
    // More, other, and what cannot be read: refused, and it costs neither the code nor the refresh token.
    let waiting = code().await;
    let mut last = narrow["refresh_token"].clone();
    for bad in [
        years(&[2025, 2027]).to_string(),
        r#"[{"type":"other"}]"#.to_owned(),
        "[]".to_owned(),
        "{".to_owned(),
    ] {
        for answer in [
            redeem(&waiting, &bad).await,
            refresh(&client, &browser, &last, Some(&bad)).await,
        ] {
            assert_eq!(
                (answer.status.as_u16(), &body(&answer)["error"]),
                (400, &json!("invalid_authorization_details")),
                "{bad}: {}",
                answer.body
            );
        }
    }
    last = body(&refresh(&client, &browser, &last, None).await)["refresh_token"].clone();
    assert!(last.is_string());
    says(&body(&client.redeem_raw(&browser, &waiting).await), &granted).await;
    // Where nothing was agreed to, nothing can be asked.
    let plain = client.rp.code(&browser, "").await;
    let answer = redeem(&plain, &years(&[2026]).to_string()).await;
    assert_eq!(
        body(&answer)["error"],
        "invalid_authorization_details",
        "{}",
        answer.body
    );
}
