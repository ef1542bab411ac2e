//! A token that is good but for one thing, and the challenge that says so.

use domain::Aal;
use serde_json::json;

use super::*;
use crate::SeenOnce;
use crate::oidc::sample::{ISSUER, NOW, Platform};

const RESOURCE: &str = "https://api.example/filings";

struct World {
    platform: Arc<Platform>,
    server: ResourceServer,
    key: ServiceKey,
}

async fn world() -> World {
    let platform = Arc::new(Platform::new());
    let provider = Arc::new(Provider::discover(ISSUER, platform.clone(), NOW).await.unwrap());
    World {
        platform,
        server: ResourceServer::new(
            RESOURCE,
            provider,
            Believed::BySignature,
            Arc::new(SeenOnce::default()),
        ),
        key: ServiceKey::generate().unwrap(),
    }
}

fn claims(cnf: &Value) -> Value {
    let at = NOW.seconds();
    json!({
        "iss": ISSUER, "sub": "p_1", "aud": RESOURCE, "client_id": "caller", "exp": at + 300, "iat": at, "jti": "j",
        "scope": "openid file", "acr": "aal3", "auth_time": at, "cnf": cnf,
    })
}

fn wanted<'a>() -> Wanted<'a> {
    Wanted::new(&["file"], Guard::aal(Aal::Three).and(Guard::fresh_within(300))).unwrap()
}

impl World {
    async fn shown(
        &self,
        authorization: &str,
        proofs: &[&str],
        certificate: Option<&[u8]>,
    ) -> Result<TokenHolder, Challenge> {
        let shown = TokenShown {
            method: "GET",
            address: RESOURCE,
            query: None,
            authorization: Some(authorization),
            proofs,
            certificate,
        };
        self.server.admit(&shown, &wanted(), NOW).await
    }

    async fn bearer(&self, claims: &Value) -> Result<TokenHolder, Challenge> {
        let token = self.platform.sign("at+jwt", claims);
        self.shown(&format!("Bearer {token}"), &[], None).await
    }
}

fn prove(key: &ServiceKey, request: (&str, &str), token: &str) -> String {
    key.dpop_proof(request, Some(token), None, &MachineEntropy, NOW)
        .unwrap()
}

fn changed(name: &str, value: &Value) -> Value {
    let mut claims = claims(&Value::Null);
    claims[name] = value.clone();
    claims
}

#[tokio::test]
async fn a_good_token_opens_and_each_wrong_one_is_told_what_to_do() {
    let world = world().await;
    let holder = world.bearer(&claims(&Value::Null)).await.unwrap();
    assert_eq!((holder.subject(), holder.client_id()), ("p_1", "caller"));
    let at = NOW.seconds();
    for (name, value, status, error) in [
        ("iss", json!("https://evil.example"), 401, "invalid_token"),
        ("aud", json!("https://other.example/"), 401, "invalid_token"),
        ("exp", json!(at), 401, "invalid_token"),
        ("scope", json!("openid filer"), 403, "insufficient_scope"),
        ("acr", json!("aal2"), 401, "insufficient_user_authentication"),
        ("acr", Value::Null, 401, "insufficient_user_authentication"),
        (
            "auth_time",
            json!(at - 301),
            401,
            "insufficient_user_authentication",
        ),
        ("auth_time", Value::Null, 401, "insufficient_user_authentication"),
    ] {
        let challenge = world.bearer(&changed(name, &value)).await.unwrap_err();
        assert_eq!(
            (challenge.status, challenge.body["error"].as_str()),
            (status, Some(error)),
            "{name} {value}"
        );
    }
    let stranger = Platform::new().sign("at+jwt", &claims(&Value::Null));
    let id_token = world.platform.sign("JWT", &claims(&Value::Null));
    for token in [stranger.as_str(), id_token.as_str(), "opaque"] {
        let challenge = world
            .shown(&format!("Bearer {token}"), &[], None)
            .await
            .unwrap_err();
        assert_eq!(challenge.reason, TokenReason::Unknown);
    }
}

/// RFC 9470 section 3, and RFC 9728 section 5.1.
#[tokio::test]
async fn the_challenge_names_the_level_the_age_and_where_to_read_on() {
    let world = world().await;
    let challenge = world.bearer(&changed("acr", &json!("aal2"))).await.unwrap_err();
    for part in [
        "error=\"insufficient_user_authentication\"",
        "acr_values=\"aal3\"",
        "max_age=\"300\"",
        "resource_metadata=\"https://api.example/.well-known/oauth-protected-resource/filings\"",
    ] {
        assert!(
            challenge.authenticate.iter().all(|line| line.contains(part)),
            "{part}: {challenge:?}"
        );
    }
    let none = TokenShown {
        method: "GET",
        address: RESOURCE,
        query: None,
        authorization: None,
        proofs: &[],
        certificate: None,
    };
    let missing = world.server.admit(&none, &wanted(), NOW).await.unwrap_err();
    assert_eq!(
        (missing.status, missing.body.get("error")),
        (401, None),
        "no error where no token was shown"
    );
    assert!(missing.authenticate[0].contains("resource_metadata="));
    let in_query = TokenShown {
        query: Some("access_token=x"),
        ..none
    };
    assert_eq!(
        world
            .server
            .admit(&in_query, &wanted(), NOW)
            .await
            .unwrap_err()
            .status,
        400
    );
    let document = world.server.metadata(&["file"]);
    assert_eq!(
        (&document["resource"], &document["authorization_servers"]),
        (&json!(RESOURCE), &json!([ISSUER]))
    );
}

#[tokio::test]
async fn a_bound_token_counts_with_its_key_once_for_this_request() {
    let world = world().await;
    let other = ServiceKey::generate().unwrap();
    let token = world
        .platform
        .sign("at+jwt", &claims(&json!({"jkt": world.key.kid()})));
    let dpop = format!("DPoP {token}");
    let proof = prove(&world.key, ("GET", RESOURCE), &token);
    assert!(world.shown(&dpop, &[&proof], None).await.is_ok());
    let fresh = || prove(&world.key, ("GET", RESOURCE), &token);
    let (one, two) = (fresh(), fresh());
    let foreign = prove(&other, ("GET", RESOURCE), &token);
    let posted = prove(&world.key, ("POST", RESOURCE), &token);
    let elsewhere = prove(&world.key, ("GET", "https://api.example/other"), &token);
    let of_another = prove(&world.key, ("GET", RESOURCE), "another");
    let bearer = format!("Bearer {token}");
    for (authorization, proofs) in [
        (&dpop, vec![proof.as_str()]),
        (&dpop, vec![]),
        (&dpop, vec![one.as_str(), two.as_str()]),
        (&dpop, vec![foreign.as_str()]),
        (&dpop, vec![posted.as_str()]),
        (&dpop, vec![elsewhere.as_str()]),
        (&dpop, vec![of_another.as_str()]),
        (&bearer, vec![]),
        (&bearer, vec![one.as_str()]),
    ] {
        let challenge = world.shown(authorization, &proofs, None).await.unwrap_err();
        assert_eq!(challenge.reason, TokenReason::Proof, "{} proofs", proofs.len());
        assert!(
            challenge
                .authenticate
                .iter()
                .all(|line| line.starts_with("DPoP "))
        );
    }
    let unbound = world.platform.sign("at+jwt", &claims(&Value::Null));
    let proof = prove(&world.key, ("GET", RESOURCE), &unbound);
    let challenge = world
        .shown(&format!("DPoP {unbound}"), &[&proof], None)
        .await
        .unwrap_err();
    assert_eq!(challenge.reason, TokenReason::Proof);
    // Who says what host this is cannot bring a proof that was made for another.
    let address = "https://evil.example/filings";
    let lured = prove(&world.key, ("GET", address), &token);
    let shown = TokenShown {
        method: "GET",
        address,
        query: None,
        authorization: Some(&dpop),
        proofs: &[&lured],
        certificate: None,
    };
    let challenge = world.server.admit(&shown, &wanted(), NOW).await.unwrap_err();
    assert_eq!(challenge.reason, TokenReason::Proof);
}

#[tokio::test]
async fn a_token_of_a_certificate_counts_on_its_connection_alone() {
    let world = world().await;
    let bound = claims(&json!({"x5t#S256": token::thumbprint(b"certificate")}));
    let token = format!("Bearer {}", world.platform.sign("at+jwt", &bound));
    assert!(world.shown(&token, &[], Some(b"certificate")).await.is_ok());
    for certificate in [None, Some(&b"another"[..])] {
        let challenge = world.shown(&token, &[], certificate).await.unwrap_err();
        assert_eq!(challenge.reason, TokenReason::Certificate);
    }
}

#[tokio::test]
async fn introspection_asks_the_platform_and_its_no_is_final() {
    let mut world = world().await;
    let key = Box::new(ServiceKey::generate().unwrap());
    world.server.believed = Believed::ByIntrospection {
        client_id: "rs".to_owned(),
        key,
    };
    let mut active = claims(&Value::Null);
    active["active"] = json!(true);
    for (status, body, expected) in [
        (200, active, None),
        (200, json!({"active": false}), Some(401)),
        (401, json!({"error": "invalid_client"}), Some(503)),
    ] {
        *world.platform.answers.lock().unwrap() = vec![(status, body, None)];
        let verdict = world.shown(&opaque(), &[], None).await;
        assert_eq!(verdict.err().map(|challenge| challenge.status), expected);
    }
    *world.platform.reachable.lock().unwrap() = false;
    assert_eq!(world.shown(&opaque(), &[], None).await.unwrap_err().status, 503);
}

fn opaque() -> String {
    let limits = oidc::access_token::Limits::default();
    let token = oidc::access_token::AccessTokenText::opaque(&limits, &MachineEntropy);
    format!("Bearer {}", token.reveal())
}

#[tokio::test]
async fn the_platform_is_not_asked_about_what_cannot_be_its_own() {
    let mut world = world().await;
    let key = Box::new(ServiceKey::generate().unwrap());
    world.server.believed = Believed::ByIntrospection {
        client_id: "rs".to_owned(),
        key,
    };
    let good = claims(&Value::Null);
    let platform = &world.platform;
    for token in [
        "opaque".to_owned(),
        "a.b.c".to_owned(),
        format!("{}.{}", "A".repeat(43), "not-limits"),
        Platform::new().sign("at+jwt", &good),
        platform.sign("JWT", &good),
        platform.sign("at+jwt", &changed("aud", &json!("https://other.example/"))),
        platform.sign("at+jwt", &changed("exp", &json!(NOW.seconds()))),
    ] {
        let refused = world
            .shown(&format!("Bearer {token}"), &[], None)
            .await
            .unwrap_err();
        assert_eq!(refused.status, 401, "{token}");
    }
    assert_eq!(platform.times_asked("/oidc/introspection"), 0);
    let mut active = good.clone();
    active["active"] = json!(true);
    *platform.answers.lock().unwrap() = vec![(200, active, None)];
    assert!(world.bearer(&good).await.is_ok());
    assert_eq!(platform.times_asked("/oidc/introspection"), 1);
}

/// RFC 9470 section 6: a token says `acr` and `auth_time`, and nothing of how the authority was asked.
#[test]
fn what_no_token_can_meet_cannot_be_wanted() {
    let asked = Guard::asked_the_authority();
    for guard in [
        asked,
        Guard::aal(Aal::Three).and(asked),
        Guard::fal(domain::Fal::Three),
    ] {
        assert_eq!(Wanted::new(&[], guard).unwrap_err(), WantedFault::NeverMet(guard));
    }
    let filing = Guard::aal(Aal::Three)
        .and(Guard::fresh_within(1))
        .and(Guard::ial(domain::Ial::Three));
    for guard in [Guard::SIGNED_IN, Guard::phishing_resistant(), filing] {
        assert_eq!(Wanted::new(&[], guard).unwrap().guard(), guard);
    }
}
