//! JSON, JWS and JWK.

use jose::json::{Limits, read_object};
use jose::{Algorithm, JwkSet, UnverifiedClaims, Verification, verify};

/// Nothing verifies against an empty set.
pub(crate) fn jws(bytes: &[u8]) {
    let Ok(token) = std::str::from_utf8(bytes) else {
        return;
    };
    let accept = Verification {
        algorithms: &Algorithm::ALL,
        types: &["JWT", "at+jwt"],
        untyped: true,
        max_bytes: 16 * 1024,
    };
    assert!(verify(token, &JwkSet::default(), &accept).is_err());
    let _ = UnverifiedClaims::read(token, 16 * 1024);
}

/// The strict reader, and keys.
pub(crate) fn document(bytes: &[u8]) {
    object(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = JwkSet::parse(text);
    }
    if let Ok(listed) = oidc::sector_document::read(bytes) {
        assert!(oidc::sector_document::check(&listed, &listed).is_ok());
    }
}

/// What is accepted names nothing twice, so writing it and reading it again changes nothing.
fn object(bytes: &[u8]) {
    let limits = Limits {
        bytes: 64 * 1024,
        depth: 16,
        nodes: 1_024,
    };
    if let Ok(object) = read_object(bytes, limits) {
        let text = serde_json::to_string(&object).unwrap();
        assert_eq!(read_object(text.as_bytes(), limits).as_ref(), Ok(&object));
    }
}

pub(crate) fn tokens() -> Vec<Vec<u8>> {
    [
        r#"{"alg":"ES256","kid":"k","typ":"JWT"}"#,
        r#"{"alg":"none"}"#,
        r#"{"alg":"RS256","jwk":{"kty":"RSA"}}"#,
    ]
    .iter()
    .map(|header| {
        let part = |text: &str| jose::encode_base64url(text);
        format!(
            "{}.{}.{}",
            part(header),
            part(r#"{"iss":"i","exp":1}"#),
            part("s")
        )
        .into_bytes()
    })
    .collect()
}

pub(crate) fn key_sets() -> Vec<Vec<u8>> {
    let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    let y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    vec![
        format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}","kid":"1","use":"sig"}}]}}"#)
            .into_bytes(),
        br#"["https://rp.example/cb","https://rp.example/other"]"#.to_vec(),
        br#"{"a":[1,2.5e3,null,true,"\u3042"],"b":{"c":{}}}"#.to_vec(),
    ]
}
