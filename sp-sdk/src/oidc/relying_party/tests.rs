//! The question, the answer, and every claim of the ID token: each answer is good but for one thing.

use serde_json::json;

use super::*;
use crate::oidc::ClientSecret;
use crate::oidc::sample::{CLIENT, ISSUER, NOW, Platform, config, key_pem};

async fn party_of(platform: &Arc<Platform>, change: impl Fn(&mut OidcConfig)) -> RelyingParty {
    let mut config = config();
    change(&mut config);
    RelyingParty::discover_by(config, platform.clone(), NOW)
        .await
        .unwrap()
}

fn options() -> RequestOptions {
    RequestOptions {
        max_age_seconds: Some(0),
        levels: vec!["aal3".to_owned()],
        certainty: Some("ocsp".to_owned()),
        resource: Some("https://api.example/".to_owned()),
        ..RequestOptions::default()
    }
}

#[tokio::test]
async fn the_question_carries_pkce_state_and_nonce_and_what_was_asked() {
    let platform = Arc::new(Platform::new());
    let party = party_of(&platform, |_| {}).await;
    let (address, sent) = party.begin(&options(), NOW).await.unwrap();
    for part in [
        "https://idp.example/oidc/authorize?response_type=code&client_id=client&",
        &format!("state={}", sent.state),
        &format!("nonce={}", sent.nonce),
        "code_challenge_method=S256",
        "acr_values=aal3+ocsp",
        "max_age=0",
        "scope=openid",
        "resource=https%3A%2F%2Fapi.example%2F",
        "dpop_jkt=",
    ] {
        assert!(address.contains(part), "{part} in {address}");
    }
    assert!(!address.contains(&sent.verifier), "the verifier stays at home");
    let other = party.begin(&options(), NOW).await.unwrap().1;
    assert_ne!(
        (&sent.state, &sent.nonce, &sent.verifier),
        (&other.state, &other.nonce, &other.verifier)
    );
}

#[tokio::test]
async fn whoever_can_prove_itself_pushes_and_the_browser_carries_a_name_alone() {
    let platform = Arc::new(Platform::new());
    let key = key_pem();
    for with_key in [true, false] {
        let party = party_of(&platform, |config| {
            if with_key {
                config.private_key_pem = Some(ClientSecret::new(key.clone()));
            } else {
                config.client_secret = Some(ClientSecret::new("s/ecret".to_owned()));
            }
        })
        .await;
        *platform.answers.lock().unwrap() =
            vec![(201, json!({"request_uri": "urn:x", "expires_in": 60}), None)];
        let (address, _) = party.begin(&options(), NOW).await.unwrap();
        assert_eq!(
            address,
            "https://idp.example/oidc/authorize?client_id=client&request_uri=urn%3Ax"
        );
        let (url, body) = platform.asked.lock().unwrap().last().unwrap().clone();
        assert!(
            url.ends_with("/par") && body.contains("acr_values=aal3+ocsp"),
            "{body}"
        );
        assert_eq!(body.contains("client_assertion="), with_key);
        assert_eq!(body.contains("authorization: Basic"), !with_key);
        *platform.answers.lock().unwrap() = vec![(400, json!({"error": "invalid_request"}), None)];
        let refused = party.begin(&options(), NOW).await.unwrap_err();
        let error = "invalid_request".to_owned();
        assert_eq!(refused, OidcReason::PushRefused { error });
    }
}

#[tokio::test]
async fn an_answer_is_the_platforms_and_this_browsers() {
    let platform = Arc::new(Platform::new());
    let party = party_of(&platform, |_| {}).await;
    let (_, sent) = party.begin(&RequestOptions::default(), NOW).await.unwrap();
    let good = Answer {
        code: Some("c".to_owned()),
        state: Some(sent.state.clone()),
        iss: Some(ISSUER.to_owned()),
        error: None,
    };
    assert_eq!(party.read_answer(good.clone(), &sent), Ok("c".to_owned()));
    let with = |change: &dyn Fn(&mut Answer)| {
        let mut answer = good.clone();
        change(&mut answer);
        party.read_answer(answer, &sent).unwrap_err()
    };
    assert_eq!(
        with(&|a| a.state = None),
        OidcReason::Missing { parameter: "state" }
    );
    assert_eq!(
        with(&|a| a.state = Some("x".to_owned())),
        OidcReason::AnswersAnotherRequest
    );
    assert_eq!(with(&|a| a.iss = None), OidcReason::AnotherIssuer);
    assert_eq!(
        with(&|a| a.iss = Some("https://evil.example".to_owned())),
        OidcReason::AnotherIssuer
    );
    assert_eq!(
        with(&|a| a.code = None),
        OidcReason::Missing { parameter: "code" }
    );
    let error = "access_denied".to_owned();
    assert_eq!(
        with(&|a| a.error = Some(error.clone())),
        OidcReason::NotSignedIn { error: error.clone() }
    );
}

/// A whole sign-in whose ID token has one claim changed.
async fn finished(name: &str, value: &Value, options: &RequestOptions) -> Result<SignIn, OidcReason> {
    let platform = Arc::new(Platform::new());
    let party = party_of(&platform, |_| {}).await;
    let (_, sent) = party.begin(options, NOW).await.unwrap();
    let mut claims = json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "p_1", "nonce": sent.nonce, "acr": "aal3", "aal": "3", "ial": "2",
        "auth_time": NOW.seconds(), "iat": NOW.seconds(), "exp": NOW.seconds() + 300, "sid": "s_1",
        "amr": ["hwk", "pin"], "at_hash": digest::left_half(Algorithm::Es256, "access"),
    });
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value.clone();
    }
    let tokens = json!({
        "access_token": "access", "token_type": "DPoP", "id_token": platform.sign("JWT", &claims),
    });
    let answer = Answer {
        code: Some("c".to_owned()),
        state: Some(sent.state.clone()),
        iss: Some(ISSUER.to_owned()),
        error: None,
    };
    // The first proof lacks the nonce that the platform wants.
    let nonce = || Some("nonce-1".to_owned());
    *platform.answers.lock().unwrap() = vec![
        (400, json!({"error": "use_dpop_nonce"}), nonce()),
        (200, tokens, nonce()),
    ];
    let verdict = party.finish(answer, sent, NOW).await;
    assert_eq!(platform.times_asked("/token"), 2);
    verdict
}

#[tokio::test]
async fn a_good_answer_is_a_sign_in_with_all_that_it_says() {
    let person = finished("sub", &json!("p_1"), &options()).await.unwrap();
    assert_eq!(
        (
            person.subject(),
            person.level(),
            person.ial(),
            person.aal(),
            person.session()
        ),
        ("p_1", Some("aal3"), Some("2"), Some("3"), Some("s_1"))
    );
    assert_eq!(
        (person.methods().len(), person.authenticated_at()),
        (2, Some(NOW))
    );
    assert_eq!(person.access_token(), "access");
}

#[tokio::test]
async fn an_id_token_that_is_wrong_in_one_claim_is_refused_for_it() {
    let now = NOW.seconds();
    for (name, value, reason) in [
        ("iss", json!("https://evil.example"), OidcReason::Claim("iss")),
        ("aud", json!("other"), OidcReason::Claim("aud")),
        ("aud", json!([CLIENT, "other"]), OidcReason::Claim("aud")),
        ("azp", json!("other"), OidcReason::Claim("azp")),
        ("sub", Value::Null, OidcReason::Claim("sub")),
        ("nonce", Value::Null, OidcReason::Claim("nonce")),
        ("nonce", json!("another"), OidcReason::Claim("nonce")),
        ("exp", json!(now - 60), OidcReason::Expired),
        ("exp", Value::Null, OidcReason::Claim("exp")),
        ("iat", json!(now + 61), OidcReason::Claim("iat")),
        ("at_hash", json!("x"), OidcReason::AnotherAccessToken),
        ("acr", json!("aal2"), OidcReason::LevelNotAskedFor),
        ("acr", Value::Null, OidcReason::LevelNotAskedFor),
        ("auth_time", json!(now - 61), OidcReason::NotFresh),
        ("auth_time", Value::Null, OidcReason::NotFresh),
        ("auth_time", json!("now"), OidcReason::Claim("auth_time")),
    ] {
        assert_eq!(
            finished(name, &value, &options()).await.unwrap_err(),
            reason,
            "{name} {value}"
        );
    }
    // One audience in a list is one audience.
    assert!(finished("aud", &json!([CLIENT]), &options()).await.is_ok());
}

#[tokio::test]
async fn tokens_are_shown_with_a_proof_for_that_request() {
    let platform = Arc::new(Platform::new());
    let party = party_of(&platform, |_| {}).await;
    let request = ("GET", "https://api.example/x?y=1");
    let shown = party.show_token(request, "token", Some("n"), NOW).unwrap();
    assert_eq!(shown[0].1, "DPoP token");
    let proof = ::oidc::dpop::Proof::read(std::iter::once(shown[1].1.as_str()))
        .unwrap()
        .unwrap();
    let nonces = ["n".to_owned()];
    let came_with = ::oidc::dpop::ProvenRequest {
        method: "GET",
        addresses: &["https://api.example/x"],
        access_token: Some("token"),
        nonces: ::oidc::dpop::Nonces::Required(&nonces),
        now: NOW,
    };
    let jkt = party.dpop.as_ref().unwrap().kid();
    assert_eq!(proof.check(&came_with).unwrap().jkt(), jkt);
    let bare = party_of(&platform, |config| config.dpop = false).await;
    assert_eq!(
        bare.show_token(request, "token", None, NOW).unwrap(),
        [("authorization", "Bearer token".to_owned())]
    );
}
