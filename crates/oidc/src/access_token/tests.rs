use serde_json::json;

use super::*;
use crate::grants::refresh_token::sample::Chance;
use crate::sample::{NOW, TestKey, grant, provider};

const BOUND: Sender<'static> = Sender {
    jkt: Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
    certificate: None,
};

#[test]
fn limits_stand_behind_the_secret_and_under_the_hash() {
    let free = AccessTokenText::opaque(&Limits::default(), &Chance);
    assert_eq!(free.reveal().len(), 43);
    assert_eq!(Limits::read(free.reveal()), Some(Limits::default()));
    let limits = Limits::of(BOUND, Some("openid"));
    let bound = AccessTokenText::opaque(&limits, &Chance);
    assert_eq!(Limits::read(bound.reveal()), Some(limits));
    let (secret, _) = bound.reveal().split_once('.').unwrap();
    assert_ne!(
        OpaqueSecret::hash_of(secret),
        bound.hash(),
        "unbound it is another token"
    );
    for bad in ["a.b", "a.", "a.!", "a.eyJ4IjoxfQ"] {
        assert_eq!(Limits::read(bad), None, "{bad}");
    }
    assert_eq!(format!("{bound:?}"), "AccessTokenText(***)");
}

#[test]
fn a_bound_token_needs_its_key() {
    let certificate = Sender {
        certificate: Some("c"),
        ..Sender::default()
    };
    for (limits, admitted, refused) in [
        (
            Limits::default(),
            vec![Sender::default(), BOUND, certificate],
            vec![],
        ),
        (
            Limits::of(BOUND, None),
            vec![BOUND],
            vec![Sender::default(), certificate],
        ),
        (
            Limits::of(certificate, None),
            vec![certificate],
            vec![Sender::default(), BOUND],
        ),
    ] {
        let admits = |sender| limits.admit_key(sender) && limits.admit_certificate(sender);
        assert!(admitted.into_iter().all(&admits), "{limits:?}");
        assert!(!refused.into_iter().any(&admits), "{limits:?}");
    }
    assert_eq!(Limits::of(BOUND, None).token_type(), "DPoP");
    assert_eq!(Limits::of(certificate, None).token_type(), "Bearer");
}

fn claims(release: Release, limits: &Limits) -> AccessTokenClaims {
    let facts = AccessTokenFacts {
        resource: "https://api.example/",
        client_id: "rp",
        subject: &format!("p_{}", "5".repeat(32)).parse().unwrap(),
        release,
        limits,
        authorization_details: None,
    };
    AccessTokenClaims::compose(&grant(), &facts, &provider(), &Chance, NOW)
}

#[test]
fn a_signed_one_says_what_rfc_9068_wants_and_no_more() {
    let mut plain = serde_json::to_value(claims(Release::default(), &Limits::default())).unwrap();
    assert_eq!(plain["jti"].as_str().unwrap().len(), 22);
    plain.as_object_mut().unwrap().remove("jti");
    assert_eq!(
        plain,
        json!({
            "iss": "https://idp.example", "sub": "p_55555555555555555555555555555555",
            "aud": "https://api.example/", "client_id": "rp", "scope": "openid",
            "exp": 1_800_000_600, "iat": 1_800_000_000,
        })
    );
    let release = Release {
        level: true,
        time: true,
        method: true,
    };
    let full = serde_json::to_value(claims(release, &Limits::of(BOUND, Some("name")))).unwrap();
    assert_eq!(
        (&full["acr"], &full["auth_time"], &full["cnf"], &full["scope"]),
        (
            &json!("urn:example:aal3"),
            &json!(1_799_999_970),
            &json!({"jkt": BOUND.jkt}),
            &json!("name")
        )
    );
}

/// RFC 9396 section 9.1.
#[test]
fn a_signed_one_says_what_was_agreed_to_beyond_scopes() {
    let subject = format!("p_{}", "5".repeat(32)).parse().unwrap();
    let of = |details| AccessTokenFacts {
        resource: "https://api.example/",
        client_id: "rp",
        subject: &subject,
        release: Release::default(),
        limits: &Limits {
            jkt: None,
            certificate: None,
            scope: None,
        },
        authorization_details: details,
    };
    let said = |details| {
        let claims = AccessTokenClaims::compose(&grant(), &of(details), &provider(), &Chance, NOW);
        serde_json::to_value(claims)
            .unwrap()
            .get("authorization_details")
            .cloned()
    };
    assert_eq!(said(None), None);
    assert_eq!(
        said(Some(r#"[{"type":"a","year":1}]"#)),
        Some(json!([{"type": "a", "year": 1}]))
    );
}

#[test]
fn only_our_own_tokens_of_this_type_are_read() {
    let key = TestKey::new();
    let ours = key.set("k");
    let claims = claims(Release::default(), &Limits::default());
    let input = claims.signing_input(IdTokenAlgorithm::Es256, "k").unwrap();
    let token = key.attach(input);
    assert_eq!(
        AccessTokenClaims::read(&token, &ours, &provider()),
        Ok(claims.clone())
    );
    let value = serde_json::to_value(&claims).unwrap();
    let mut elsewhere = value.clone();
    elsewhere["iss"] = json!("https://other.example");
    for other in [
        key.sign("k", Some("JWT"), &value),
        key.sign("k", None, &value),
        key.sign("k", Some("at+jwt"), &elsewhere),
        key.sign("k", Some("at+jwt"), &json!({"iss": "https://idp.example"})),
        TestKey::new().sign("k", Some("at+jwt"), &value),
        "opaque".to_owned(),
    ] {
        assert_eq!(
            AccessTokenClaims::read(&other, &ours, &provider()),
            Err(Reason::TokenUnknown)
        );
    }
}
