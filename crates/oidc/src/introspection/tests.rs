use domain::ServiceId;

use super::*;
use crate::access_token::{AccessTokenFacts, Limits};
use crate::grants::refresh_token::sample::{Chance, Family};
use crate::sample::{NOW, client, grant, provider};
use crate::{Release, Sender};

const RESOURCE: &str = "https://api.example/";

fn claims(sender: Sender<'_>) -> AccessTokenClaims {
    let facts = AccessTokenFacts {
        resource: RESOURCE,
        client_id: "rp",
        subject: &format!("p_{}", "5".repeat(32)).parse().unwrap(),
        release: Release::default(),
        limits: &Limits::of(sender, None),
        authorization_details: Some(r#"[{"type":"a"}]"#),
    };
    AccessTokenClaims::compose(&grant(), &facts, &provider(), &Chance, NOW)
}

fn server(serves: &[&str]) -> ClientFacts {
    let mut facts = client();
    facts.service = format!("svc_{}", "8".repeat(32)).parse::<ServiceId>().unwrap();
    facts.tokens.serves = serves.iter().map(|uri| (*uri).to_owned()).collect();
    facts
}

fn row() -> AccessToken {
    AccessToken {
        hash: OpaqueSecret::hash_of("h.p.s"),
        grant: grant().id,
        issued_at: NOW,
        expires_at: NOW.plus_seconds(600),
    }
}

#[test]
fn the_resource_server_that_the_token_is_for_is_told_and_nobody_else() {
    let good = grant();
    let revoked = AuthorizationGrant {
        revoked_at: Some(NOW),
        ..good.clone()
    };
    let end = NOW.plus_seconds(600);
    let own = server(&["https://other.example/", RESOURCE]);
    let judge = |shown: &str, asker: &ClientFacts, grant: &AuthorizationGrant, now| {
        Introspection::judge(shown, claims(Sender::default()), (&row(), grant), asker, now)
    };
    assert!(judge("h.p.s", &own, &good, NOW).is_active());
    assert!(judge("h.p.s", &own, &good, end.plus_millis(-1)).is_active());
    for (case, answer) in [
        ("another token", judge("h.p.t", &own, &good, NOW)),
        ("over", judge("h.p.s", &own, &good, end)),
        ("withdrawn", judge("h.p.s", &own, &revoked, NOW)),
        ("the client itself", judge("h.p.s", &client(), &good, NOW)),
        (
            "another resource server",
            judge("h.p.s", &server(&["https://api.example"]), &good, NOW),
        ),
    ] {
        assert_eq!(answer, Introspection::Inactive, "{case}");
        assert_eq!(answer.reply().body, r#"{"active":false}"#, "{case}");
    }
}

#[test]
fn the_answer_says_to_which_key_the_token_is_bound() {
    for (sender, kind) in [
        (Sender::default(), "Bearer"),
        (
            Sender {
                jkt: Some("k"),
                certificate: None,
            },
            "DPoP",
        ),
    ] {
        let reply = Introspection::Active(Box::new(claims(sender))).reply();
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(
            (
                &body["active"],
                &body["token_type"],
                &body["aud"],
                &body["cnf"]["jkt"]
            ),
            (&json!(true), &json!(kind), &json!(RESOURCE), &json!(sender.jkt))
        );
        // RFC 9396 section 9.2.
        assert_eq!(body["authorization_details"], json!([{"type": "a"}]));
    }
}

#[test]
fn a_signed_answer_is_no_other_kind_of_token() {
    let key = crate::sample::TestKey::new();
    let asker = Family::client_with_key();
    let input = Introspection::Inactive.signing_input(&asker, &provider(), "k", NOW);
    let jws = key.attach(input);
    let accept = jose::Verification {
        algorithms: &[Algorithm::Es256],
        types: &["token-introspection+jwt"],
        untyped: false,
        max_bytes: 8192,
    };
    let claims = jose::verify(&jws, &key.set("k"), &accept)
        .unwrap()
        .claims()
        .unwrap();
    assert_eq!(
        Value::Object(claims),
        json!({
            "iss": "https://idp.example", "aud": "rp", "iat": NOW.seconds(),
            "token_introspection": { "active": false },
        })
    );
    assert_eq!(
        Introspection::signed_reply(jws).header("content-type"),
        Some("application/token-introspection+jwt")
    );
    assert_eq!(who_may_ask(&asker), Ok(()));
    assert_eq!(
        who_may_ask(&Family::new().client),
        Err(Reason::Token(TokenFault::ClientIsPublic))
    );
}
