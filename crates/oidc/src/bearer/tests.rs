use super::*;
use crate::sample::{NOW, grant};
use crate::{OpaqueSecret, Release, UserInfo};

const TOKEN: &str = "mF_9-B5f-4_1JqM";

fn bearer(token: &str) -> Shown<'_> {
    Shown {
        scheme: Scheme::Bearer,
        token,
    }
}

fn stored() -> AccessToken {
    AccessToken {
        hash: OpaqueSecret::hash_of(TOKEN),
        grant: grant().id,
        issued_at: NOW,
        expires_at: NOW.plus_seconds(600),
    }
}

#[test]
fn the_header_and_nothing_else() {
    assert_eq!(read(Some("Bearer mF_9-B5f-4_1JqM"), None), Ok(bearer(TOKEN)));
    assert_eq!(read(Some("bearer a=="), Some("x=1")), Ok(bearer("a==")));
    let by_dpop = Shown {
        scheme: Scheme::Dpop,
        token: "a.b~c",
    };
    assert_eq!(read(Some("dpop a.b~c"), None), Ok(by_dpop));
    assert_eq!(read(None, None), Err(Reason::TokenMissing));
    let long = format!("Bearer {}", "a".repeat(8193));
    for bad in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer =",
        "Basic eDp5",
        "Bearer a b",
        "Bearer a,b",
        "Bearer \u{e9}",
        "mF_9",
        &long,
    ] {
        assert_eq!(read(Some(bad), None), Err(Reason::BearerMalformed), "{bad}");
    }
    for query in ["access_token=x", "a=b&access_token=", "access%5ftoken=x"] {
        assert_eq!(
            read(Some("Bearer x"), Some(query)),
            Err(Reason::TokenInQuery),
            "{query}"
        );
    }
}

#[test]
fn a_token_counts_while_it_and_its_grant_live() {
    let good = grant();
    assert_eq!(
        approve(
            bearer(TOKEN),
            Sender::default(),
            &stored(),
            &good,
            NOW.plus_seconds(599)
        )
        .map(|live| live.grant().id.clone()),
        Ok(good.id.clone())
    );
    let revoked = AuthorizationGrant {
        revoked_at: Some(NOW),
        ..good.clone()
    };
    let scopeless = AuthorizationGrant {
        scope: "openidx".to_owned(),
        ..good.clone()
    };
    let other = AuthorizationGrant {
        id: format!("grt_{}", "9".repeat(32)).parse().unwrap(),
        ..good.clone()
    };
    for (presented, grant, now, reason) in [
        ("other", &good, NOW, Reason::TokenUnknown),
        (TOKEN, &other, NOW, Reason::TokenUnknown),
        (TOKEN, &revoked, NOW, Reason::GrantRevoked),
        (TOKEN, &good, NOW.plus_seconds(600), Reason::TokenExpired),
        (TOKEN, &scopeless, NOW, Reason::ScopeInsufficient),
    ] {
        assert_eq!(
            approve(bearer(presented), Sender::default(), &stored(), grant, now),
            Err(reason)
        );
    }
}

#[test]
fn a_bound_token_counts_with_its_key_and_an_unbound_one_is_no_dpop_token() {
    use crate::access_token::AccessTokenText;
    use crate::grants::refresh_token::sample::Chance;
    let key = Sender {
        jkt: Some("k"),
        certificate: None,
    };
    let other = Sender {
        jkt: Some("o"),
        certificate: None,
    };
    let text = AccessTokenText::opaque(&Limits::of(key, Some("openid")), &Chance);
    let bound = AccessToken {
        hash: text.hash(),
        ..stored()
    };
    let good = AuthorizationGrant {
        scope: "openid name".to_owned(),
        ..grant()
    };
    let shown = |scheme, token| Shown { scheme, token };
    let live = approve(shown(Scheme::Dpop, text.reveal()), key, &bound, &good, NOW).unwrap();
    assert_eq!(live.scope(), "openid", "narrower than the grant");
    let (secret, _) = text.reveal().split_once('.').unwrap();
    let differs = Reason::Dpop(DpopFault::KeyDiffers);
    for (shown, sender, stored, reason) in [
        (shown(Scheme::Dpop, text.reveal()), other, &bound, &differs),
        (
            shown(Scheme::Bearer, text.reveal()),
            Sender::default(),
            &bound,
            &differs,
        ),
        (shown(Scheme::Bearer, text.reveal()), key, &bound, &differs),
        (shown(Scheme::Dpop, TOKEN), key, &stored(), &differs),
        (
            shown(Scheme::Bearer, secret),
            Sender::default(),
            &bound,
            &Reason::TokenUnknown,
        ),
    ] {
        assert_eq!(
            approve(shown, sender, stored, &good, NOW).err().as_ref(),
            Some(reason)
        );
    }
    let jws = AccessToken {
        hash: OpaqueSecret::hash_of("h.p.s"),
        ..stored()
    };
    assert_eq!(
        approve(bearer("h.p.s"), Sender::default(), &jws, &good, NOW).err(),
        Some(Reason::TokenUnknown),
        "a signed token is for another resource"
    );
}

#[test]
fn challenges_say_what_rfc_6750_says() {
    let issuer = "https://idp.example";
    let challenge = |reason: &Reason| {
        let reply = refusal(reason, issuer);
        (reply.status, reply.header("www-authenticate").unwrap().to_owned())
    };
    assert_eq!(
        challenge(&Reason::TokenMissing),
        (
            401,
            "Bearer realm=\"https://idp.example\", resource_metadata=\"https://idp.example/.well-known/oauth-protected-resource/oidc/userinfo\""
                .to_owned()
        )
    );
    assert_eq!(
        challenge(&Reason::TokenExpired),
        (
            401,
            "Bearer realm=\"https://idp.example\", resource_metadata=\"https://idp.example/.well-known/oauth-protected-resource/oidc/userinfo\", error=\"invalid_token\", error_description=\"the access token is expired\""
                .to_owned()
        )
    );
    for (reason, status, error) in [
        (Reason::TokenUnknown, 401, "invalid_token"),
        (Reason::GrantRevoked, 401, "invalid_token"),
        (Reason::SignInNoLongerHolds, 401, "invalid_token"),
        (Reason::BearerMalformed, 400, "invalid_request"),
        (Reason::TokenInQuery, 400, "invalid_request"),
        (Reason::ScopeInsufficient, 403, "insufficient_scope"),
        (Reason::Dpop(DpopFault::KeyDiffers), 401, "invalid_token"),
        (Reason::Dpop(DpopFault::Replayed), 401, "invalid_dpop_proof"),
        (Reason::Dpop(DpopFault::Nonce), 401, "use_dpop_nonce"),
    ] {
        let reply = refusal(&reason, issuer);
        let values = reply
            .headers
            .iter()
            .filter(|(name, _)| *name == "www-authenticate");
        let (got, text) = (
            reply.status,
            values
                .map(|(_, value)| value.as_str())
                .collect::<Vec<_>>()
                .join("; "),
        );
        assert!(
            text.ends_with("algs=\"ES256 ES384 Ed25519 EdDSA PS256 RS256\""),
            "{text}"
        );
        assert_eq!(got, status, "{reason:?}");
        assert!(text.contains(&format!("error=\"{error}\"")), "{text}");
    }
}

#[test]
fn user_information_shows_what_was_released() {
    let good = grant();
    let token = approve(bearer(TOKEN), Sender::default(), &stored(), &good, NOW).unwrap();
    let subject = format!("p_{}", "5".repeat(32)).parse().unwrap();
    let body = |release| {
        UserInfo {
            token: token.clone(),
            subject: &subject,
            release,
            person: crate::PersonClaims::default(),
        }
        .reply()
        .body
    };
    assert_eq!(
        body(Release::default()),
        r#"{"sub":"p_55555555555555555555555555555555"}"#
    );
    assert_eq!(
        body(Release {
            level: true,
            time: true,
            method: true
        }),
        r#"{"aal":"3","acr":"urn:example:aal3","auth_time":1799999970,"ial":"0","revocation_certainty":"crl","sub":"p_55555555555555555555555555555555"}"#
    );
}

#[test]
fn a_token_bound_to_a_certificate_counts_on_a_connection_with_it() {
    use crate::TokenFault;
    use crate::access_token::AccessTokenText;
    use crate::grants::refresh_token::sample::Chance;
    let by = |certificate, jkt| Sender { jkt, certificate };
    let text = AccessTokenText::opaque(&Limits::of(by(Some("c"), None), None), &Chance);
    let both = AccessTokenText::opaque(&Limits::of(by(Some("c"), Some("k")), None), &Chance);
    let good = grant();
    let verdict = |text: &AccessTokenText, scheme, sender| {
        let stored = AccessToken {
            hash: text.hash(),
            ..stored()
        };
        let shown = Shown {
            scheme,
            token: text.reveal(),
        };
        approve(shown, sender, &stored, &good, NOW).err()
    };
    let (bearer, dpop) = (Scheme::Bearer, Scheme::Dpop);
    let differs = Some(Reason::Token(TokenFault::CertificateDiffers));
    assert_eq!(verdict(&text, bearer, by(Some("c"), None)), None);
    assert_eq!(verdict(&text, bearer, by(Some("o"), None)), differs);
    assert_eq!(verdict(&text, bearer, Sender::default()), differs);
    assert_eq!(verdict(&text, bearer, by(None, Some("k"))), differs);
    assert_eq!(verdict(&both, dpop, by(Some("c"), Some("k"))), None);
    assert_eq!(verdict(&both, dpop, by(None, Some("k"))), differs);
    let key = Some(Reason::Dpop(DpopFault::KeyDiffers));
    assert_eq!(verdict(&both, bearer, by(Some("c"), None)), key);
    let reply = refusal(
        &Reason::Token(TokenFault::CertificateDiffers),
        "https://idp.example",
    );
    assert_eq!(reply.status, 401);
    let (_, challenge) = &reply
        .headers
        .iter()
        .find(|(name, _)| *name == "www-authenticate")
        .unwrap();
    assert!(
        challenge.starts_with("Bearer ") && challenge.contains("error=\"invalid_token\""),
        "{challenge}"
    );
}
