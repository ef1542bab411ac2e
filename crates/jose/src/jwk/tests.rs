use serde_json::{Value, json};

use super::*;
use crate::Part;
use crate::json::JsonFault;

/// RFC 7638 section 3.1.
const RFC7638_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
/// RFC 7515 appendix A.3.1.
const P256_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const P256_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

fn set(keys: &[Value]) -> Result<JwkSet, Reason> {
    JwkSet::parse(&json!({ "keys": keys }).to_string())
}

fn p256() -> Value {
    json!({"kty":"EC","crv":"P-256","x":P256_X,"y":P256_Y})
}

fn rsa() -> Value {
    json!({"kty":"RSA","n":RFC7638_N,"e":"AQAB"})
}

fn with(mut key: Value, name: &str, value: Value) -> Value {
    key.as_object_mut().unwrap().insert(name.to_owned(), value);
    key
}

#[test]
fn the_thumbprint_of_rfc_7638() {
    let set = set(&[with(rsa(), "kid", json!("2011-04-29"))]).unwrap();
    assert_eq!(
        set.keys()[0].thumbprint(),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

#[test]
fn the_thumbprint_agrees_with_an_independent_library() {
    use jsonwebtoken::jwk::{Jwk as Other, ThumbprintHash};
    for key in [p256(), rsa()] {
        let other: Other = serde_json::from_value(key.clone()).unwrap();
        let ours = set(&[key]).unwrap();
        assert_eq!(
            ours.keys()[0].thumbprint(),
            other.thumbprint(ThumbprintHash::SHA256).unwrap()
        );
    }
}

#[test]
fn keys_that_are_not_for_us_are_left_out() {
    for other in [
        json!({"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
        json!({"kty":"EC","crv":"secp256k1","x":P256_X,"y":P256_Y}),
        with(p256(), "use", json!("enc")),
        with(rsa(), "alg", json!("RSA-OAEP-256")),
        with(rsa(), "alg", json!("RS512")),
        with(rsa(), "key_ops", json!(["encrypt"])),
    ] {
        let read = set(&[other.clone(), with(p256(), "kid", json!("ours"))]).unwrap();
        assert_eq!(read.keys().len(), 1, "{other}");
        assert_eq!(
            set(std::slice::from_ref(&other)),
            Err(Reason::NoUsableKey),
            "{other}"
        );
    }
    for ours in [
        with(p256(), "use", json!("sig")),
        with(p256(), "key_ops", json!(["verify"])),
        with(p256(), "alg", json!("ES256")),
        with(rsa(), "alg", json!("PS256")),
        with(rsa(), "n", json!(format!("AAAA{RFC7638_N}"))),
    ] {
        assert_eq!(
            set(std::slice::from_ref(&ours)).unwrap().keys().len(),
            1,
            "{ours}"
        );
    }
}

#[test]
fn faults_refuse_the_whole_set() {
    let weak = base64url::encode([&[0xff; 127][..], &[1]].concat());
    let almost = base64url::encode([&[0x7f][..], &[0xff; 255]].concat());
    let huge = base64url::encode([&[0xff; 1024][..], &[1]].concat());
    for (bad, reason) in [
        (with(p256(), "d", json!("AQ")), Reason::PrivateKeyShown),
        (with(rsa(), "qi", json!("AQ")), Reason::PrivateKeyShown),
        (json!({"kty":"oct","k":"AQ"}), Reason::PrivateKeyShown),
        (json!({"kty":"oct"}), Reason::PrivateKeyShown),
        (
            json!({"kty":"OKP","crv":"Ed25519","x":"AQ","d":"AQ"}),
            Reason::PrivateKeyShown,
        ),
        (with(p256(), "use", json!(["sig"])), Reason::KeyMember("use")),
        (with(p256(), "kid", json!(7)), Reason::KeyMember("kid")),
        (with(p256(), "kid", json!("")), Reason::KeyMember("kid")),
        (with(p256(), "alg", json!("RS256")), Reason::KeyMember("alg")),
        (with(p256(), "alg", json!("ES384")), Reason::KeyMember("alg")),
        (with(p256(), "x", json!("AQ")), Reason::KeyMember("x")),
        (
            with(p256(), "y", json!(format!("{P256_Y}="))),
            Reason::KeyMember("y"),
        ),
        (with(p256(), "y", json!(P256_X)), Reason::NotOnCurve),
        (with(p256(), "crv", json!("P-384")), Reason::KeyMember("x")),
        (with(rsa(), "n", json!(weak)), Reason::WeakKey),
        (with(rsa(), "n", json!(almost)), Reason::WeakKey),
        (with(rsa(), "n", json!(huge)), Reason::WeakKey),
        (with(rsa(), "n", json!("")), Reason::KeyMember("n")),
        (with(rsa(), "e", json!("Aw")), Reason::WeakKey),
        (with(rsa(), "e", json!("AQAA")), Reason::WeakKey),
        (with(rsa(), "e", json!("AQAAAAE")), Reason::WeakKey),
        (
            with(rsa(), "key_ops", json!("verify")),
            Reason::KeyMember("key_ops"),
        ),
        (json!({"crv":"P-256"}), Reason::KeyMember("kty")),
        (
            json!({"kty":"EC","x":P256_X,"y":P256_Y}),
            Reason::KeyMember("crv"),
        ),
        (json!("key"), Reason::Json(Part::KeySet, JsonFault::NotAnObject)),
    ] {
        assert_eq!(set(&[p256(), bad.clone()]), Err(reason), "{bad}");
    }
    assert_eq!(set(&[]), Err(Reason::NoUsableKey));
    assert_eq!(set(&vec![p256(); 33]), Err(Reason::TooManyKeys { limit: 32 }));
    assert!(set(&vec![p256(); 32]).is_ok());
    assert_eq!(JwkSet::parse("{}"), Err(Reason::KeyMember("keys")));
    let twice = format!(r#"{{"keys":[{}],"keys":[]}}"#, p256());
    assert_eq!(
        JwkSet::parse(&twice),
        Err(Reason::Json(Part::KeySet, JsonFault::RepeatedName))
    );
}

#[test]
fn what_we_publish_reads_back_and_shows_nothing_else() {
    let PublicKey::P256 { x, y } = set(&[p256()]).unwrap().keys()[0].key().clone() else {
        panic!("a P-256 key")
    };
    let ours = Jwk::new(PublicKey::P256 { x, y }, "k1".to_owned(), Algorithm::Es256).unwrap();
    let json = JwkSet::new(vec![ours.clone()]).to_json();
    assert_eq!(
        json,
        json!({"keys":[{"kty":"EC","crv":"P-256","x":P256_X,"y":P256_Y,"use":"sig","kid":"k1","alg":"ES256"}]})
    );
    assert_eq!(JwkSet::parse(&json.to_string()).unwrap().keys(), [ours]);
    assert_eq!(
        Jwk::new(PublicKey::P256 { x, y }, "k1".to_owned(), Algorithm::Rs256),
        Err(Reason::KeyMember("alg"))
    );
    assert_eq!(
        Jwk::new(PublicKey::P256 { x, y: x }, "k1".to_owned(), Algorithm::Es256),
        Err(Reason::NotOnCurve)
    );
}
