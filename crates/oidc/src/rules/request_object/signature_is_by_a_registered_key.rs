//! The request object is signed with a registered key of the client, by an algorithm that is registered for it.

use jose::{Verification, VerifiedJws};

use crate::{ClientFacts, Reason};

/// Where it is written.
pub const CITES: &str = "RFC 9101 sections 6.2, 10.1 and 10.8; OpenID Connect Core 1.0 section 6.3.2; RFC 8725 sections 3.1 and 3.11";

/// The media type without its prefix (RFC 9101 section 4).
pub const TYPE: &str = "oauth-authz-req+jwt";
/// The longest request object in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// The verified object. Keys come from the registration alone: `jwk`, `jku`, `x5u` and `x5c` in the header are not looked at. `none` and
/// `HS*` do not exist here; a nested JWE is no compact JWS.
pub fn read(object: &str, client: &ClientFacts) -> Result<VerifiedJws, Reason> {
    let keys = client
        .requests
        .keys
        .as_ref()
        .ok_or(Reason::RequestObjectWithoutKeys)?;
    let accept = Verification {
        algorithms: &client.requests.algorithms,
        types: &[TYPE, "JWT"],
        untyped: true,
        max_bytes: MAX_BYTES,
    };
    jose::verify(object, keys, &accept).map_err(Reason::RequestObjectRefused)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::{TestKey, object_client};

    #[test]
    fn registered_keys_algorithms_and_types() {
        let key = TestKey::new();
        let client = object_client(&key);
        let claims = json!({ "a": 1 });
        for typ in [
            None,
            Some("oauth-authz-req+jwt"),
            Some("JWT"),
            Some("application/oauth-authz-req+jwt"),
        ] {
            assert!(read(&key.sign("k1", typ, &claims), &client).is_ok(), "{typ:?}");
        }
        let refused = |object: &str, client: &ClientFacts| match read(object, client) {
            Err(Reason::RequestObjectRefused(reason)) => reason,
            other => panic!("{other:?}"),
        };
        for typ in ["client-authentication+jwt", "at+jwt", "dpop+jwt"] {
            let object = key.sign("k1", Some(typ), &claims);
            assert_eq!(refused(&object, &client), jose::Reason::UnexpectedType, "{typ}");
        }
        let other = TestKey::new().sign("k1", None, &claims);
        assert_eq!(refused(&other, &client), jose::Reason::BadSignature);
        let mut narrow = client.clone();
        narrow.requests.algorithms = vec![jose::Algorithm::Ps256];
        let object = key.sign("k1", None, &claims);
        assert_eq!(refused(&object, &narrow), jose::Reason::AlgorithmNotAllowed);
        let part = |value: serde_json::Value| jose::encode_base64url(value.to_string());
        for header in [
            json!({"alg":"none"}),
            json!({"alg":"HS256","kid":"k1"}),
            json!({"alg":"none","kid":"k1","typ":"JWT"}),
        ] {
            let object = format!("{}.{}.", part(header), part(claims.clone()));
            assert_eq!(refused(&object, &client), jose::Reason::AlgorithmNotAllowed);
        }
        assert_eq!(refused("a.b.c.d.e", &client), jose::Reason::NotCompact, "a JWE");
        let long = "x".repeat(MAX_BYTES + 1);
        assert_eq!(
            refused(&long, &client),
            jose::Reason::TooLong { limit: MAX_BYTES }
        );
        let mut keyless = client;
        keyless.requests.keys = None;
        assert_eq!(read(&object, &keyless), Err(Reason::RequestObjectWithoutKeys));
    }

    #[test]
    fn a_key_in_the_header_is_not_looked_at() {
        let (ours, theirs) = (TestKey::new(), TestKey::new());
        let client = object_client(&ours);
        let jwk = theirs.set("k1").to_json()["keys"][0].clone();
        for header in [
            json!({"alg":"ES256","jwk":jwk}),
            json!({"alg":"ES256","kid":"k1","jku":"https://attacker.example/jwks"}),
            json!({"alg":"ES256","x5u":"https://attacker.example/cert"}),
        ] {
            let object = theirs.sign_with_header(&header, &json!({"a":1}));
            assert_eq!(
                read(&object, &client),
                Err(Reason::RequestObjectRefused(jose::Reason::BadSignature)),
                "{header}"
            );
        }
    }
}
