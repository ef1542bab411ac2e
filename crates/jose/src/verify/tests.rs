use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::json::JsonFault;
use crate::{Header, SigningInput, encode_base64url};

enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

struct Key {
    pair: Pair,
    jwk: Value,
    pkcs8: Vec<u8>,
}

fn ec(algorithm: &'static aws_lc_rs::signature::EcdsaSigningAlgorithm, crv: &str, kid: &str) -> Key {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at((pair.public_key().as_ref().len() - 1) / 2);
    let jwk = json!({"kty":"EC","crv":crv,"x":encode_base64url(x),"y":encode_base64url(y),"kid":kid});
    Key {
        pair: Pair::Ec(pair),
        jwk,
        pkcs8: pkcs8.as_ref().to_vec(),
    }
}

fn rsa(kid: &str) -> Key {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = pair.as_der().unwrap().as_ref().to_vec();
    // RSAPublicKey is SEQUENCE { INTEGER n, INTEGER e }: 2048 bits give fixed places.
    let der = pair.public_key().as_ref();
    let jwk =
        json!({"kty":"RSA","n":encode_base64url(&der[9..265]),"e":encode_base64url(&der[267..]),"kid":kid});
    Key {
        pair: Pair::Rsa(pair),
        jwk,
        pkcs8,
    }
}

static P256: LazyLock<Key> = LazyLock::new(|| ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", "p256"));
static P384: LazyLock<Key> = LazyLock::new(|| ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384", "p384"));
static RSA: LazyLock<Key> = LazyLock::new(|| rsa("rsa"));
static OTHER: LazyLock<Key> = LazyLock::new(|| ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", "other"));

const ANY: Verification<'static> = Verification {
    algorithms: &Algorithm::ALL,
    types: &["JWT"],
    untyped: true,
    max_bytes: 16 * 1024,
};

fn all_keys() -> JwkSet {
    JwkSet::parse(&json!({"keys":[P256.jwk, P384.jwk, RSA.jwk]}).to_string()).unwrap()
}

fn sign_bytes(key: &Key, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    match &key.pair {
        Pair::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
        Pair::Rsa(pair) => {
            let mut signature = vec![0; 256];
            let padding: &'static dyn aws_lc_rs::signature::RsaEncoding = if algorithm == Algorithm::Ps256 {
                &RSA_PSS_SHA256
            } else {
                &RSA_PKCS1_SHA256
            };
            pair.sign(padding, &random, message, &mut signature).unwrap();
            signature
        }
    }
}

/// A token with any header at all.
fn token(header: &str, payload: &str, key: &Key, algorithm: Algorithm) -> String {
    let input = format!("{}.{}", encode_base64url(header), encode_base64url(payload));
    let signature = sign_bytes(key, algorithm, input.as_bytes());
    format!("{input}.{}", encode_base64url(signature))
}

#[test]
fn two_phases_give_what_we_and_an_independent_library_verify() {
    use jsonwebtoken as other;
    for (key, algorithm, theirs) in [
        (&*P256, Algorithm::Es256, other::Algorithm::ES256),
        (&*P384, Algorithm::Es384, other::Algorithm::ES384),
        (&*RSA, Algorithm::Rs256, other::Algorithm::RS256),
        (&*RSA, Algorithm::Ps256, other::Algorithm::PS256),
    ] {
        let kid = key.jwk["kid"].as_str().unwrap().to_owned();
        let header = Header {
            algorithm,
            kid: kid.clone(),
            typ: Some("JWT"),
        };
        let input = SigningInput::new(&header, br#"{"sub":"x"}"#);
        let signature = sign_bytes(key, algorithm, input.bytes());
        let token = input.attach(&signature);
        let verified = verify(&token, &all_keys(), &ANY).unwrap();
        assert_eq!(verified.header().kid.as_deref(), Some(kid.as_str()));
        assert_eq!(verified.header().algorithm, algorithm);
        assert_eq!(verified.claims().unwrap()["sub"], "x");

        let jwk: other::jwk::Jwk = serde_json::from_value(key.jwk.clone()).unwrap();
        let mut validation = other::Validation::new(theirs);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        let read: other::TokenData<Value> =
            other::decode(&token, &other::DecodingKey::from_jwk(&jwk).unwrap(), &validation).unwrap();
        assert_eq!(read.claims["sub"], "x");
    }
}

#[test]
fn what_an_independent_library_signs_verifies() {
    use jsonwebtoken as other;
    for (key, algorithm, theirs) in [
        (&*P256, Algorithm::Es256, other::Algorithm::ES256),
        (&*P384, Algorithm::Es384, other::Algorithm::ES384),
    ] {
        let signer = other::EncodingKey::from_ec_der(&key.pkcs8);
        let token = other::encode(&other::Header::new(theirs), &json!({"sub":"y"}), &signer).unwrap();
        let verified = verify(&token, &all_keys(), &ANY).unwrap();
        assert_eq!(verified.header().algorithm, algorithm);
        assert_eq!(verified.claims().unwrap()["sub"], "y");
    }
    let pkcs1 = &RSA.pkcs8[26..]; // PrivateKeyInfo of a 2048-bit key: RSAPrivateKey begins here
    for theirs in [other::Algorithm::RS256, other::Algorithm::PS256] {
        let signer = other::EncodingKey::from_rsa_der(pkcs1);
        let token = other::encode(&other::Header::new(theirs), &json!({"sub":"z"}), &signer).unwrap();
        assert_eq!(
            verify(&token, &all_keys(), &ANY).unwrap().claims().unwrap()["sub"],
            "z"
        );
    }
}

#[test]
fn the_vector_of_rfc_7515_appendix_a3() {
    let keys = JwkSet::parse(
        r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
    )
    .unwrap();
    let good = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert_eq!(verify(good, &keys, &ANY).unwrap().claims().unwrap()["iss"], "joe");
    let bad = good.replace("9leGF", "9leGG");
    assert_eq!(verify(&bad, &keys, &ANY), Err(Reason::BadSignature));
}

#[test]
fn headers_that_are_refused() {
    let attacker = OTHER.jwk.to_string();
    let long = "k".repeat(257);
    for (header, reason) in [
        (r#"{"alg":"none"}"#.to_owned(), Reason::AlgorithmNotAllowed),
        (r#"{"alg":"None"}"#.to_owned(), Reason::AlgorithmNotAllowed),
        (r#"{"alg":""}"#.to_owned(), Reason::AlgorithmNotAllowed),
        (r#"{"alg":"HS256"}"#.to_owned(), Reason::AlgorithmNotAllowed),
        (r#"{"alg":"es256"}"#.to_owned(), Reason::AlgorithmNotAllowed),
        (r#"{"alg":["ES256"]}"#.to_owned(), Reason::AlgorithmMissing),
        (r#"{"kid":"p256"}"#.to_owned(), Reason::AlgorithmMissing),
        (
            r#"{"alg":"ES256","alg":"ES256"}"#.to_owned(),
            Reason::Json(Part::Header, JsonFault::RepeatedName),
        ),
        (
            r#"{"alg":"ES256","crit":["b64"],"b64":false}"#.to_owned(),
            Reason::CriticalExtension,
        ),
        (
            r#"{"alg":"ES256","crit":[]}"#.to_owned(),
            Reason::CriticalExtension,
        ),
        (
            r#"{"alg":"ES256","kid":7}"#.to_owned(),
            Reason::HeaderMember("kid"),
        ),
        (
            format!(r#"{{"alg":"ES256","kid":"{long}"}}"#),
            Reason::HeaderMember("kid"),
        ),
        (
            r#"{"alg":"ES256","kid":"unknown"}"#.to_owned(),
            Reason::NoFittingKey,
        ),
        (r#"{"alg":"ES256","kid":"rsa"}"#.to_owned(), Reason::NoFittingKey),
        (r#"{"alg":"ES384","kid":"p256"}"#.to_owned(), Reason::NoFittingKey),
        (
            r#"{"alg":"ES256","typ":"logout+jwt"}"#.to_owned(),
            Reason::UnexpectedType,
        ),
        (
            r#"["ES256"]"#.to_owned(),
            Reason::Json(Part::Header, JsonFault::NotAnObject),
        ),
    ] {
        let token = token(&header, "{}", &P256, Algorithm::Es256);
        assert_eq!(verify(&token, &all_keys(), &ANY), Err(reason), "{header}");
    }
    // Keys offered by the token itself are never looked at.
    for header in [
        format!(r#"{{"alg":"ES256","jwk":{attacker}}}"#),
        r#"{"alg":"ES256","jku":"https://attacker.example/jwks"}"#.to_owned(),
        r#"{"alg":"ES256","x5u":"https://attacker.example/cert"}"#.to_owned(),
    ] {
        let token = token(&header, "{}", &OTHER, Algorithm::Es256);
        assert_eq!(
            verify(&token, &all_keys(), &ANY),
            Err(Reason::BadSignature),
            "{header}"
        );
    }
    for header in [
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"ES256","kid":"p256","typ":"application/jwt","x5t":"AQ"}"#,
    ] {
        assert!(
            verify(&token(header, "{}", &P256, Algorithm::Es256), &all_keys(), &ANY).is_ok(),
            "{header}"
        );
    }
}

#[test]
fn the_verifier_and_the_key_choose_the_algorithm() {
    let ps = token(r#"{"alg":"PS256"}"#, "{}", &RSA, Algorithm::Ps256);
    let only = |algorithms| Verification { algorithms, ..ANY };
    assert!(verify(&ps, &all_keys(), &only(&[Algorithm::Ps256])).is_ok());
    assert_eq!(
        verify(&ps, &all_keys(), &only(&[Algorithm::Es256, Algorithm::Rs256])),
        Err(Reason::AlgorithmNotAllowed)
    );
    let mut bound = RSA.jwk.clone();
    bound["alg"] = json!("RS256");
    let bound = JwkSet::parse(&json!({"keys":[bound]}).to_string()).unwrap();
    assert_eq!(verify(&ps, &bound, &ANY), Err(Reason::NoFittingKey));
    // A PSS signature that calls itself PKCS#1 is no signature.
    let lying = token(r#"{"alg":"RS256"}"#, "{}", &RSA, Algorithm::Ps256);
    assert_eq!(verify(&lying, &all_keys(), &ANY), Err(Reason::BadSignature));
    let untyped = Verification {
        untyped: false,
        ..ANY
    };
    assert_eq!(verify(&ps, &all_keys(), &untyped), Err(Reason::UnexpectedType));
}

#[test]
fn shapes_that_are_refused() {
    let good = token(r#"{"alg":"ES256"}"#, "{}", &P256, Algorithm::Es256);
    let (input, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = input.split_once('.').unwrap();
    for (text, reason) in [
        (String::new(), Reason::NotCompact),
        (format!("{header}.{payload}"), Reason::NotCompact),
        (format!("{good}.x.y"), Reason::NotCompact),
        (format!("{input}."), Reason::BadSignature),
        (format!("{header}.."), Reason::BadSignature),
        (
            format!("{header}.{payload}.{signature}="),
            Reason::NotBase64Url(Part::Signature),
        ),
        (
            format!("{header}.{payload} .{signature}"),
            Reason::NotBase64Url(Part::Payload),
        ),
        (
            format!("{header}=.{payload}.{signature}"),
            Reason::NotBase64Url(Part::Header),
        ),
        (
            format!("{input}.{}", encode_base64url([0; 64])),
            Reason::BadSignature,
        ),
        (
            format!("{good}{}", "A".repeat(16 * 1024)),
            Reason::TooLong { limit: 16 * 1024 },
        ),
    ] {
        assert_eq!(
            verify(&text, &all_keys(), &ANY),
            Err(reason),
            "{}",
            text.get(..60).unwrap_or(&text)
        );
    }
    // DER instead of r || s.
    let der = token(r#"{"alg":"ES256"}"#, "{}", &RSA, Algorithm::Rs256);
    assert_eq!(verify(&der, &all_keys(), &ANY), Err(Reason::BadSignature));
    let no_object = token(r#"{"alg":"ES256"}"#, "[]", &P256, Algorithm::Es256);
    assert_eq!(
        verify(&no_object, &all_keys(), &ANY).unwrap().claims(),
        Err(Reason::Json(Part::Payload, JsonFault::NotAnObject))
    );
}

#[test]
fn a_token_makes_us_try_four_keys_at_most() {
    let fifth = |place: usize| {
        let mut keys: Vec<Value> = (0..5)
            .map(|_| ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", "same").jwk)
            .collect();
        keys[place] = P256.jwk.clone();
        JwkSet::parse(&json!({ "keys": keys }).to_string()).unwrap()
    };
    let token = token(r#"{"alg":"ES256"}"#, "{}", &P256, Algorithm::Es256);
    assert!(verify(&token, &fifth(3), &ANY).is_ok());
    assert_eq!(verify(&token, &fifth(4), &ANY), Err(Reason::BadSignature));
}

#[test]
fn unverified_claims_are_readable_by_name_only() {
    let token = token(
        r#"{"alg":"none"}"#,
        r#"{"sub":"a","exp":1}"#,
        &P256,
        Algorithm::Es256,
    );
    let claims = UnverifiedClaims::read(&token, 1024).unwrap_or_else(|reason| panic!("{reason}"));
    assert_eq!(
        (claims.text("sub"), claims.text("exp"), claims.text("iss")),
        (Some("a"), None, None)
    );
    assert!(matches!(
        UnverifiedClaims::read("a.b", 1024),
        Err(Reason::NotCompact)
    ));
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = verify(&text, &all_keys(), &ANY);
        let dotted = format!("{}.{}.{}", encode_base64url(&bytes), encode_base64url(&text), text);
        prop_assert!(verify(&dotted, &all_keys(), &ANY).is_err());
        prop_assert!(JwkSet::parse(&text).is_err());
    }

    #[test]
    fn one_flipped_bit_is_noticed(place in 0usize..1000, bit in 0u8..8) {
        let good = token(r#"{"alg":"ES256"}"#, r#"{"sub":"someone"}"#, &P256, Algorithm::Es256);
        let mut bytes = good.clone().into_bytes();
        let place = place % bytes.len();
        bytes[place] ^= 1 << bit;
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert!(verify(&changed, &all_keys(), &ANY).is_err());
        }
    }
}
