use serde_json::{Value, json};

use super::*;
use crate::grants::authorization_code::approve;
use crate::sample::{CODE, NOW, TestKey, VERIFIER, client, code_body, grant, provider};
use crate::{CodeRequest, UncheckedTokenRequest, authenticate};

fn compose(release: Release, session: Option<&str>) -> IdTokenClaims {
    let request = UncheckedTokenRequest::parse(code_body(&[]).as_bytes(), None).unwrap();
    let client = authenticate(&request, &client(), &provider(), NOW).unwrap();
    let asked = CodeRequest {
        code: CODE,
        redirect_uri: "https://rp.example/cb",
        code_verifier: VERIFIER,
    };
    let grant = grant();
    let approved = approve(&grant, &asked, &client, NOW).unwrap();
    let facts = IdTokenFacts {
        subject: &format!("p_{}", "5".repeat(32)).parse().unwrap(),
        release,
        method: AuthenticationMethod::CardTls,
        person: PersonClaims::default(),
        session,
        // OpenID Connect Core 1.0 appendix A.3
        access_token: "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
        algorithm: IdTokenAlgorithm::Es256,
        refreshed: false,
    };
    IdTokenClaims::compose(&approved, &facts, &provider(), NOW)
}

#[test]
fn nothing_but_the_pseudonym_is_shown_unless_released() {
    let claims = serde_json::to_value(compose(Release::default(), None)).unwrap();
    assert_eq!(
        claims,
        json!({
            "iss": "https://idp.example",
            "sub": "p_55555555555555555555555555555555",
            "aud": "rp",
            "exp": 1_800_000_300,
            "iat": 1_800_000_000,
            "nonce": "n-0S6_WzA2Mj",
            "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
        })
    );
}

#[test]
fn what_is_released_is_shown() {
    let session = grant().session;
    let release = Release::of(&[
        ReleasedAttribute::Pseudonym,
        ReleasedAttribute::AssuranceLevel,
        ReleasedAttribute::AuthenticationTime,
        ReleasedAttribute::AuthenticationMethod,
    ]);
    let claims = serde_json::to_value(compose(release, Some(session.as_str()))).unwrap();
    for (name, value) in [
        ("auth_time", json!(1_799_999_970)),
        ("acr", json!("urn:example:aal3")),
        ("amr", json!(["hwk", "mfa", "pin", "sc"])),
        ("ial", json!("0")),
        ("aal", json!("3")),
        ("revocation_certainty", json!("crl")),
        ("sid", json!("ses_44444444444444444444444444444444")),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    for (attribute, name) in [
        (ReleasedAttribute::AssuranceLevel, "acr"),
        (ReleasedAttribute::AuthenticationTime, "auth_time"),
        (ReleasedAttribute::AuthenticationMethod, "amr"),
    ] {
        let one = serde_json::to_value(compose(Release::of(&[attribute]), None)).unwrap();
        assert_eq!(one.get("revocation_certainty").is_some(), name == "acr");
        let shown: Vec<_> = ["acr", "auth_time", "amr"]
            .into_iter()
            .filter(|n| one.get(n).is_some())
            .collect();
        assert_eq!(shown, [name]);
    }
    assert_eq!(Release::of(&[ReleasedAttribute::Pseudonym]), Release::default());
}

#[test]
fn the_signed_token_says_which_key_and_what_it_is() {
    let key = TestKey::new();
    let claims = compose(Release::default(), None);
    let token = key.attach(claims.signing_input(IdTokenAlgorithm::Es256, "key_1").unwrap());
    let header: Value =
        serde_json::from_slice(&jose::decode_base64url(token.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!(header, json!({"alg": "ES256", "kid": "key_1", "typ": "JWT"}));
    let accept = jose::Verification {
        algorithms: &[Algorithm::Es256],
        types: &["JWT"],
        untyped: false,
        max_bytes: 4096,
    };
    let verified = jose::verify(&token, &key.set("key_1"), &accept).unwrap();
    assert_eq!(
        Value::Object(verified.claims().unwrap()),
        serde_json::to_value(&claims).unwrap()
    );
    assert!(!format!("{claims:?}").contains("p_5"));
}
