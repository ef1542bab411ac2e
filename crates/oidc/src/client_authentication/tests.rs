use domain::ClientAuthentication;
use serde_json::{Value, json};

use super::*;
use crate::AssertionAudience;
use crate::sample::{NOW, TestKey, client, client_with, code_body, encode, provider};

fn at(seconds: i64) -> i64 {
    NOW.seconds() + seconds
}

fn by_secret() -> ClientFacts {
    let secret_sha256 = jose::digest::sha256_hex(b"right");
    client_with(ClientAuthentication::ClientSecretBasic { secret_sha256 })
}

fn by_key(key: &TestKey) -> ClientFacts {
    let jwks = key.set("c1").to_json().to_string();
    client_with(ClientAuthentication::PrivateKeyJwt { jwks })
}

fn claims(changes: &[(&str, Value)]) -> Value {
    let mut claims = json!({
        "iss": "rp", "sub": "rp", "aud": "https://idp.example", "jti": "j1", "exp": at(60), "iat": at(0),
    });
    for (name, value) in changes {
        let members = claims.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(*name);
        } else {
            members.insert((*name).to_owned(), value.clone());
        }
    }
    claims
}

fn with_assertion(jwt: &str) -> Result<UncheckedTokenRequest, Reason> {
    let kind = encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let body = format!(
        "{}&client_assertion_type={kind}&client_assertion={jwt}",
        code_body(&[])
    );
    UncheckedTokenRequest::parse(body.as_bytes(), None)
}

fn with_basic(credentials: &str) -> UncheckedTokenRequest {
    use base64::Engine as _;
    let header = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(credentials)
    );
    UncheckedTokenRequest::parse(code_body(&[]).as_bytes(), Some(&header)).unwrap()
}

fn public() -> UncheckedTokenRequest {
    UncheckedTokenRequest::parse(code_body(&[]).as_bytes(), None).unwrap()
}

#[test]
fn the_registered_way_is_the_only_one() {
    let key = TestKey::new();
    let jwt = key.sign("c1", None, &claims(&[]));
    let requests = [public(), with_basic("rp:right"), with_assertion(&jwt).unwrap()];
    let clients = [client(), by_secret(), by_key(&key)];
    for (row, request) in requests.iter().enumerate() {
        for (column, client) in clients.iter().enumerate() {
            let verdict = authenticate(request, client, &provider(), NOW);
            if row == column {
                let proof = verdict.unwrap();
                assert_eq!((proof.client_id(), proof.service()), ("rp", &client.service));
                assert_eq!(proof.spent().is_some(), row == 2);
            } else {
                let registered = client.method.name();
                assert_eq!(verdict, Err(Reason::MethodNotRegistered { registered }));
            }
        }
    }
    let other = ClientFacts {
        client_id: "other".to_owned(),
        ..client()
    };
    assert_eq!(
        authenticate(&public(), &other, &provider(), NOW),
        Err(Reason::UnknownClient)
    );
}

#[test]
fn secrets_are_compared_whole() {
    let verdict = |credentials: &str| authenticate(&with_basic(credentials), &by_secret(), &provider(), NOW);
    assert!(verdict("rp:right").is_ok());
    let hash = format!("rp:{}", jose::digest::sha256_hex(b"right"));
    for wrong in ["rp:", "rp:wrong", "rp:right ", "rp:righ", "rp:Right", &hash] {
        assert_eq!(verdict(wrong), Err(Reason::SecretWrong), "{wrong}");
    }
}

#[test]
fn assertions_that_are_accepted() {
    let key = TestKey::new();
    for (typ, changes) in [
        (None, vec![]),
        (Some("JWT"), vec![]),
        (Some("client-authentication+jwt"), vec![]),
        (None, vec![("iat", Value::Null)]),
        (None, vec![("nbf", json!(at(60)))]),
        (None, vec![("iat", json!(at(60)))]),
        (None, vec![("exp", json!(at(-59)))]),
        (None, vec![("exp", json!(at(3660)))]),
        (None, vec![("exp", json!(1_800_000_030.75))]),
        (None, vec![("jti", json!("x".repeat(255)))]),
    ] {
        let request = with_assertion(&key.sign("c1", typ, &claims(&changes))).unwrap();
        let verdict = authenticate(&request, &by_key(&key), &provider(), NOW);
        assert!(verdict.is_ok(), "{typ:?} {changes:?} {verdict:?}");
    }
}

#[test]
fn assertions_that_are_refused() {
    let (key, other) = (TestKey::new(), TestKey::new());
    let claim = Reason::AssertionClaim;
    for (changes, reason) in [
        (vec![("iss", json!("other"))], Reason::AssertionNotByClient),
        (vec![("iss", Value::Null)], claim("iss")),
        (
            vec![("aud", json!("https://other.example"))],
            Reason::AssertionForAnother,
        ),
        (
            vec![("aud", json!("https://idp.example/"))],
            Reason::AssertionForAnother,
        ),
        (
            vec![("aud", json!("https://idp.example/oidc/token"))],
            Reason::AssertionForAnother,
        ),
        (
            vec![("aud", json!(["https://idp.example"]))],
            Reason::AssertionForAnother,
        ),
        (vec![("aud", Value::Null)], claim("aud")),
        (vec![("exp", Value::Null)], claim("exp")),
        (vec![("exp", json!("1800000060"))], claim("exp")),
        (vec![("exp", json!(1e300))], claim("exp")),
        (vec![("exp", json!(at(-60)))], Reason::AssertionExpired),
        (vec![("exp", json!(at(-61)))], Reason::AssertionExpired),
        (vec![("exp", json!(i64::MIN))], claim("exp")),
        (vec![("exp", json!(at(3661)))], Reason::AssertionLivesTooLong),
        (vec![("exp", json!(i64::MAX))], claim("exp")),
        (vec![("iat", json!(at(61)))], Reason::AssertionNotYetValid),
        (vec![("nbf", json!(at(61)))], Reason::AssertionNotYetValid),
        (vec![("jti", Value::Null)], claim("jti")),
        (vec![("jti", json!(""))], claim("jti")),
        (vec![("jti", json!(7))], claim("jti")),
        (vec![("jti", json!("x".repeat(256)))], claim("jti")),
    ] {
        let request = with_assertion(&key.sign("c1", None, &claims(&changes))).unwrap();
        let verdict = authenticate(&request, &by_key(&key), &provider(), NOW);
        assert_eq!(verdict, Err(reason), "{changes:?}");
    }
    for (jwt, reason) in [
        (other.sign("c1", None, &claims(&[])), jose::Reason::BadSignature),
        (key.sign("c2", None, &claims(&[])), jose::Reason::NoFittingKey),
        (
            key.sign("c1", Some("at+jwt"), &claims(&[])),
            jose::Reason::UnexpectedType,
        ),
    ] {
        let request = with_assertion(&jwt).unwrap();
        let verdict = authenticate(&request, &by_key(&key), &provider(), NOW);
        assert_eq!(verdict, Err(Reason::AssertionRefused(reason)));
    }
    let unsigned = format!(
        "{}.{}.",
        jose::encode_base64url(r#"{"alg":"none"}"#),
        jose::encode_base64url(claims(&[]).to_string())
    );
    let verdict = authenticate(
        &with_assertion(&unsigned).unwrap(),
        &by_key(&key),
        &provider(),
        NOW,
    );
    assert_eq!(
        verdict,
        Err(Reason::AssertionRefused(jose::Reason::AlgorithmNotAllowed))
    );
}

#[test]
fn the_older_audience_is_a_setting_and_never_a_list() {
    let key = TestKey::new();
    let lenient = ProviderFacts {
        assertion_audience: AssertionAudience::IssuerOrTokenEndpoint,
        ..provider()
    };
    for (audience, accepted) in [
        (json!("https://idp.example"), true),
        (json!("https://idp.example/oidc/token"), true),
        (json!(["https://idp.example/oidc/token"]), true),
        (json!("https://idp.example/oidc/par"), true),
        (json!("https://idp.example/oidc/introspection"), false),
        (json!(["https://idp.example", "https://other.example"]), false),
        (json!([]), false),
        (json!("https://other.example"), false),
        (json!({"x": "https://idp.example"}), false),
    ] {
        let request = with_assertion(&key.sign("c1", None, &claims(&[("aud", audience.clone())]))).unwrap();
        let verdict = authenticate(&request, &by_key(&key), &lenient, NOW);
        assert_eq!(verdict.is_ok(), accepted, "{audience} {verdict:?}");
    }
}

#[test]
fn a_client_of_fapi_2_names_the_issuer_alone_and_each_its_registered_algorithm() {
    let key = TestKey::new();
    let lenient = ProviderFacts {
        assertion_audience: AssertionAudience::IssuerOrTokenEndpoint,
        ..provider()
    };
    let mut strict = by_key(&key);
    strict.profile = SecurityProfile::Fapi2;
    for (audience, verdict) in [
        (json!("https://idp.example"), Ok(())),
        (
            json!("https://idp.example/oidc/token"),
            Err(Reason::AssertionForAnother),
        ),
        (json!(["https://idp.example"]), Err(Reason::AssertionForAnother)),
    ] {
        let request = with_assertion(&key.sign("c1", None, &claims(&[("aud", audience)]))).unwrap();
        assert_eq!(
            authenticate(&request, &strict, &lenient, NOW).map(|_| ()),
            verdict
        );
    }
    let mut other_algorithm = by_key(&key);
    other_algorithm.tokens.assertion_algorithms = vec![jose::Algorithm::Ps256];
    let request = with_assertion(&key.sign("c1", None, &claims(&[]))).unwrap();
    assert_eq!(
        authenticate(&request, &other_algorithm, &lenient, NOW),
        Err(Reason::AssertionRefused(jose::Reason::AlgorithmNotAllowed))
    );
}

#[test]
fn a_jti_is_remembered_per_client_until_it_would_be_refused_anyway() {
    let key = TestKey::new();
    let spent = |jti: &str| {
        let request = with_assertion(&key.sign("c1", None, &claims(&[("jti", json!(jti))]))).unwrap();
        let proof = authenticate(&request, &by_key(&key), &provider(), NOW).unwrap();
        proof.spent().unwrap().clone()
    };
    assert_eq!(spent("j1"), spent("j1"));
    assert_ne!(spent("j1").key, spent("j2").key);
    assert_eq!(spent("j1").until, NOW.plus_seconds(60 + 60));
    assert_eq!(spent("j1").key.0, jose::digest::sha256_hex(b"rp\0j1"));
}

/// Through `authenticate` the subject is the looked-up client by construction; the check itself does not count on that.
#[test]
fn the_subject_is_looked_at_again_after_verification() {
    let key = TestKey::new();
    let jwt = key.sign("c1", None, &claims(&[("sub", json!("other"))]));
    let accepted = Accepted {
        algorithms: &jose::Algorithm::ALL,
        audience: AssertionAudience::IssuerOnly,
    };
    let verdict = private_key_jwt::check(&jwt, "rp", &key.set("c1"), &accepted, &provider(), NOW);
    assert_eq!(verdict, Err(Reason::AssertionNotByClient));
}

#[test]
fn a_certificate_authenticates_whoever_is_registered_for_one_and_nobody_else() {
    use crate::client_certificate::sample::{certificate, key as rsa};
    use domain::TlsClientAuthName;
    let by_name = client_with(ClientAuthentication::TlsClientAuth(TlsClientAuthName {
        tls_client_auth_san_uri: Some("urn:ministry:client".to_owned()),
        ..TlsClientAuthName::default()
    }));
    let own = jose::Jwk::new(rsa(1), "k".to_owned(), jose::Algorithm::Ps256).unwrap();
    let jwks = jose::JwkSet::new(vec![own]).to_json().to_string();
    let by_certificate_key = client_with(ClientAuthentication::SelfSignedTlsClientAuth { jwks });
    let key = TestKey::new();
    let good: Shown = Ok(certificate());
    let stranger: Shown = Ok(crate::client_certificate::CertificateFacts {
        key: Some(rsa(3)),
        names: Vec::new(),
        ..certificate()
    });
    let late: Shown = Ok(crate::client_certificate::CertificateFacts {
        not_after: NOW.plus_seconds(-1),
        ..certificate()
    });
    let none: Shown = Err(CertificateFault::Absent);
    let verdict = |shown: &Shown, client: &ClientFacts| {
        authenticate_on(shown, &public(), client, &provider(), NOW).map(|proof| proof.by_key())
    };
    let refused = |fault| Err(Reason::CertificateRefused(fault));
    for (client, other) in [
        (&by_name, CertificateFault::OtherSubject),
        (&by_certificate_key, CertificateFault::NotRegistered),
    ] {
        assert_eq!(verdict(&good, client), Ok(true));
        assert_eq!(verdict(&none, client), refused(CertificateFault::Absent));
        assert_eq!(verdict(&late, client), refused(CertificateFault::Expired));
        assert_eq!(verdict(&stranger, client), refused(other));
        assert_eq!(
            authenticate(&public(), client, &provider(), NOW).map(|proof| proof.by_key()),
            refused(CertificateFault::Absent)
        );
        // Neither a secret nor an assertion stands in for the certificate, nor beside it.
        let registered = client.method.name();
        for request in [
            with_basic("rp:right"),
            with_assertion(&key.sign("c1", None, &claims(&[]))).unwrap(),
        ] {
            assert_eq!(
                authenticate_on(&good, &request, client, &provider(), NOW).map(|_| ()),
                Err(Reason::MethodNotRegistered { registered })
            );
        }
    }
    // A certificate is nobody's credential who is registered with another one.
    for client in [by_secret(), by_key(&key)] {
        let registered = client.method.name();
        assert_eq!(
            verdict(&good, &client),
            Err(Reason::MethodNotRegistered { registered })
        );
    }
    assert_eq!(verdict(&good, &client()), Ok(false), "a public client stays one");
}
