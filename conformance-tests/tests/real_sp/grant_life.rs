//! The whole life of a grant in the hands of the npm libraries: `relying_parties/life.mjs`.

use conformance_tests::{DETAIL_TYPES, Platform, PlatformOptions, SigningClient};
use serde_json::{Value, json};

use crate::libraries::{node_program, npm_packages, signs_in};

const RESOURCE: &str = "https://api.localhost/filings";

/// The claims of a signed token.
fn claims(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&jose::decode_base64url(part).unwrap()).unwrap()
}

async fn lives(library: &'static str) {
    npm_packages();
    let platform = Platform::start_with(PlatformOptions {
        more_config: DETAIL_TYPES.to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    for (profile, rotates) in [("standard", true), ("fapi2", false)] {
        let id = format!("rp-{profile}");
        let bye = format!("https://{id}.localhost:9/cb/bye");
        let settings = format!(
            "profile = \"{profile}\"\npost_logout_redirect_uris = [\"{bye}\"]\n\
             requests = {{ authorization_details_types = [\"tax_filing\"] }}\n[oidc.tokens]\nrefresh = \"session\"\n\
             dpop_bound_access_tokens = true\nuserinfo_signed_response_alg = \"ES256\"\nserves = [\"{RESOURCE}\"]\n\
             resources = [\"{RESOURCE}\"]\n"
        );
        let client = SigningClient::register(&platform, &id, &settings);
        let details = json!([{ "type": "tax_filing", "year": 2026 }]);
        let asked = json!({
            "issuer": platform.origin, "clientId": id, "redirectUri": client.rp.redirect_uri, "pkcs8": client.pkcs8(),
            "resource": RESOURCE, "details": details, "bye": bye,
        });
        let browser = platform.browser_with_new_card();
        let program = node_program("life.mjs", library, &asked.to_string());
        let told = signs_in(&platform, &browser, &client.rp, program).await;

        assert_eq!(told["info"]["sub"], told["claims"]["sub"], "{profile}");
        assert!(told["claims"]["auth_time"].is_i64(), "max_age was asked for");
        assert_eq!(told["tokens"]["token_type"], "dpop");
        assert_eq!(told["tokens"]["authorization_details"], details, "{profile}");
        let rotated = told["refreshed"]["refresh_token"].is_string();
        assert_eq!(rotated, rotates, "{profile}: {}", told["refreshed"]);
        // The refreshed token is for the resource: signed, bound to the same key, with the details.
        let token = claims(&told["refreshed"]["access_token"]);
        assert_eq!(token["aud"], RESOURCE, "{token}");
        assert_eq!(token["authorization_details"], details, "{token}");
        let active = &told["active"];
        assert_eq!(
            (&active["active"], &active["aud"]),
            (&json!(true), &json!(RESOURCE))
        );
        assert_eq!(active["sub"], token["sub"]);
        assert_eq!(active["authorization_details"], details, "{active}");
        assert!(
            token["cnf"]["jkt"].is_string() && token["cnf"] == active["cnf"],
            "{active}"
        );
        assert_eq!(told["inactive"], json!({ "active": false }), "{profile}");
        assert_eq!(told["other"], "invalid_target", "{profile}");
        let stolen = told["stolen"].as_str().unwrap();
        assert!(stolen.contains("WWW_AUTHENTICATE"), "another key: {stolen}");
        assert_eq!(told["spent"], "invalid_grant", "{profile}");
        assert_eq!(told["out"], format!("{bye}?state=gone"));
        // Signed out: the next request finds nobody.
        let silent = client.rp.request("&prompt=none");
        let answer = browser.get_until(&silent, &client.rp.redirect_uri).await;
        let error = answer.query("error").unwrap();
        let expected = if profile == "fapi2" {
            "invalid_request"
        } else {
            "login_required"
        };
        assert_eq!(error, expected);
    }
}

#[tokio::test]
async fn openid_client_lives_through_a_grant() {
    lives("openid-client").await;
}

#[tokio::test]
async fn oauth4webapi_lives_through_a_grant() {
    lives("oauth4webapi").await;
}
