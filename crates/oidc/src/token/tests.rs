use proptest::prelude::*;

use super::*;
use crate::sample::{CODE, VERIFIER, code_body};

fn parse(
    changes: &[(&str, Option<&str>)],
    authorization: Option<&str>,
) -> Result<UncheckedTokenRequest, Reason> {
    UncheckedTokenRequest::parse(code_body(changes).as_bytes(), authorization)
}

fn header(credentials: &[u8]) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

/// `{"sub":"rp"}` behind some header, unsigned.
const ASSERTION: &str = "e30.eyJzdWIiOiJycCJ9.AA";

#[test]
fn each_way_names_the_client() {
    assert_eq!(parse(&[], None).unwrap().client_id(), "rp");
    assert_eq!(
        parse(&[("client_id", None)], Some(&header(b"rp:x")))
            .unwrap()
            .client_id(),
        "rp"
    );
    let by_assertion = [
        ("client_assertion", Some(ASSERTION)),
        ("client_assertion_type", Some(ASSERTION_TYPE)),
    ];
    assert_eq!(parse(&by_assertion, None).unwrap().client_id(), "rp");
    let mut without = by_assertion.to_vec();
    without.push(("client_id", None));
    assert_eq!(parse(&without, None).unwrap().client_id(), "rp");
}

#[test]
fn the_halves_of_basic_are_form_urlencoded() {
    for (credentials, id, secret) in [
        (&b"rp:secret"[..], "rp", "secret"),
        (b"urn%3Arp:a%3Ab%20c+d%25", "urn:rp", "a:b c d%"),
        (b"rp:", "rp", ""),
        (b"rp:a:b", "rp", "a:b"),
    ] {
        let read = parse(&[("client_id", None)], Some(&header(credentials))).unwrap();
        assert_eq!(read.client_id(), id);
        assert!(
            *read.credential()
                == Credential::Basic {
                    secret: Zeroizing::new(secret.to_owned())
                }
        );
    }
    let lower = format!("basic {}", STANDARD.encode("rp:x"));
    assert!(parse(&[], Some(&lower)).is_ok(), "schemes have no case");
}

/// What cannot be read still names somebody, whom it may be explained to.
#[test]
fn a_request_that_is_none_names_its_client() {
    let basic = header(b"rp:x");
    let named = UncheckedTokenRequest::client_named_in;
    let assertion = b"client_assertion=e30.eyJzdWIiOiJvdGhlciJ9.AA&scope=a&scope=b";
    for (body, authorization, expected) in [
        (&b"client_id=rp&client_secret=x"[..], None, Some("rp")),
        (
            b"client_id=other&client_secret=x",
            Some(basic.as_str()),
            Some("other"),
        ),
        (b"client_secret=x", Some(&*basic), Some("rp")),
        (assertion, None, Some("other")),
        (b"client_secret=x", None, None),
        (b"client_id=a+b", None, None),
        (b"client_id=%ff", None, None),
    ] {
        assert_eq!(named(body, authorization).as_deref(), expected);
    }
}

#[test]
fn two_ways_or_none_are_refused() {
    let basic = header(b"rp:x");
    let assertion = ("client_assertion", Some(ASSERTION));
    let kind = ("client_assertion_type", Some(ASSERTION_TYPE));
    let secret = ("client_secret", Some("x"));
    for (changes, authorization, reason) in [
        (
            vec![assertion, kind],
            Some(basic.as_str()),
            Reason::SeveralClientAuthentications,
        ),
        (vec![secret], Some(&*basic), Reason::SeveralClientAuthentications),
        (
            vec![secret, assertion, kind],
            None,
            Reason::SeveralClientAuthentications,
        ),
        (vec![secret], None, Reason::SecretInBody),
        (vec![assertion], None, Reason::AssertionTypeUnknown),
        (vec![kind], None, Reason::AssertionTypeUnknown),
        (
            vec![assertion, ("client_assertion_type", Some("urn:x"))],
            None,
            Reason::AssertionTypeUnknown,
        ),
        (vec![("client_id", None)], None, Reason::ClientIdMissing),
        (vec![("client_id", Some("a b"))], None, Reason::ClientIdMalformed),
        (
            vec![("client_id", Some("other"))],
            Some(&*basic),
            Reason::ClientIdsDiffer,
        ),
        (
            vec![("client_id", Some("other")), assertion, kind],
            None,
            Reason::ClientIdsDiffer,
        ),
        (
            vec![("client_assertion", Some("e30.e30.AA")), kind],
            None,
            Reason::AssertionClaim("sub"),
        ),
        (
            vec![("client_assertion", Some("x")), kind],
            None,
            Reason::AssertionRefused(jose::Reason::NotCompact),
        ),
    ] {
        assert_eq!(parse(&changes, authorization).unwrap_err(), reason, "{changes:?}");
    }
    let long = header(&[b'a'; 4096]);
    for bad in [
        "",
        "Basic",
        "Basic ",
        "Basic !",
        "Bearer x",
        "Basic cnA",
        "Basic cnA=",
        "Basic Ong=",
        "Basic cnA6eA",
        &long,
        &header(b"rp:%ff"),
    ] {
        assert_eq!(
            parse(&[("client_id", None)], Some(bad)).unwrap_err(),
            Reason::BasicMalformed,
            "{bad}"
        );
    }
}

#[test]
fn the_grant_is_read_after_the_client() {
    let request = parse(&[], None).unwrap();
    assert_eq!(
        request.grant(),
        Ok(GrantRequest::AuthorizationCode(CodeRequest {
            code: CODE,
            redirect_uri: "https://rp.example/cb",
            code_verifier: VERIFIER,
        }))
    );
    for name in ["grant_type", "code", "redirect_uri", "code_verifier"] {
        for value in [None, Some("")] {
            assert_eq!(
                parse(&[(name, value)], None).unwrap().grant(),
                Err(Reason::ParameterMissing(name))
            );
        }
    }
    for other in ["Refresh_token", "password", "implicit", "Authorization_code"] {
        let request = parse(&[("grant_type", Some(other))], None).unwrap();
        assert_eq!(request.grant(), Err(Reason::GrantTypeUnsupported), "{other}");
    }
    let refresh = |more: &str| {
        let body = format!("grant_type=refresh_token&client_id=rp{more}");
        UncheckedTokenRequest::parse(body.as_bytes(), None).unwrap()
    };
    assert_eq!(
        refresh("&refresh_token=r&scope=openid").grant(),
        Ok(GrantRequest::RefreshToken(RefreshRequest {
            refresh_token: "r",
            scope: Some("openid"),
        }))
    );
    assert_eq!(
        refresh("").grant(),
        Err(Reason::ParameterMissing("refresh_token"))
    );
    assert_eq!(refresh("&resource=a").resource(), Some("a"));
    // One access token, one resource; what is pushed or asked for a device may name several, and is read here for its credential.
    let two = UncheckedTokenRequest::parse(
        b"client_id=rp&grant_type=refresh_token&refresh_token=r&resource=a&resource=b",
        None,
    )
    .unwrap();
    assert_eq!(two.grant(), Err(Reason::Token(TokenFault::SeveralResources)));
    // Read for verifiers; the token endpoint for services has no such grant.
    let own = parse(&[("grant_type", Some("client_credentials"))], None).unwrap();
    assert_eq!(own.grant(), Ok(GrantRequest::ClientCredentials));
    let repeated = format!("{}&code=x", code_body(&[]));
    assert_eq!(
        UncheckedTokenRequest::parse(repeated.as_bytes(), None).unwrap_err(),
        Reason::RepeatedParameter("code")
    );
}

#[test]
fn nothing_secret_is_printed() {
    let request = parse(&[("client_id", None)], Some(&header(b"rp:topsecret"))).unwrap();
    let printed = format!("{request:?} {:?}", request.grant());
    for secret in ["topsecret", CODE, VERIFIER] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(body in prop::collection::vec(any::<u8>(), 0..200), header in "\\PC{0,60}", basic in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = UncheckedTokenRequest::parse(&body, None);
        let _ = UncheckedTokenRequest::parse(&body, Some(&header));
        let _ = UncheckedTokenRequest::parse(&body, Some(&format!("Basic {}", STANDARD.encode(&basic))));
        let assertion = format!("client_assertion={header}&client_assertion_type={ASSERTION_TYPE}");
        let _ = UncheckedTokenRequest::parse(assertion.as_bytes(), None);
    }
}
