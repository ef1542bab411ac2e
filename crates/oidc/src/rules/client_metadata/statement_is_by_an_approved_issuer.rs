//! A software statement is a JWT by somebody whom the operator believes; what it says of the client stands above what the client says.

use domain::Timestamp;
use jose::{Algorithm, JwkSet, UnverifiedClaims, Verification};
use serde_json::{Map, Value};

use crate::client_metadata::MetadataFault;
use crate::numeric_date::numeric_date;

/// Where it is written.
pub const CITES: &str = "RFC 7591 sections 2.3 and 3.1.1; RFC 8725 sections 3.1, 3.8 and 3.10";

/// Octets of a statement.
pub const MAX_BYTES: usize = 16 * 1024;
/// Members that are about the statement, not about the client.
const OWN: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// Somebody who vouches for software.
#[derive(Clone, Debug)]
pub struct StatementIssuer {
    /// `iss`, compared octet by octet.
    pub issuer: String,
    /// Its keys.
    pub keys: JwkSet,
}

/// What the statement says of the client. `audience` is our issuer: a statement that names for whom it is names us.
pub fn read(
    statement: &str,
    issuers: &[StatementIssuer],
    audience: &str,
    now: Timestamp,
) -> Result<Map<String, Value>, MetadataFault> {
    if statement.len() > MAX_BYTES {
        return Err(MetadataFault::StatementInvalid("too long"));
    }
    let unverified = UnverifiedClaims::read(statement, MAX_BYTES)
        .map_err(|_| MetadataFault::StatementInvalid("not a signed JWT"))?;
    let named = unverified.text("iss");
    let Some(issuer) = issuers.iter().find(|known| named == Some(known.issuer.as_str())) else {
        return Err(MetadataFault::StatementUnapproved);
    };
    let accept = Verification {
        algorithms: &Algorithm::ALL,
        types: &["JWT", "software-statement+jwt"],
        untyped: true,
        max_bytes: MAX_BYTES,
    };
    let claims = jose::verify(statement, &issuer.keys, &accept)
        .and_then(|verified| verified.claims())
        .map_err(|_| MetadataFault::StatementInvalid("its signature does not hold"))?;
    let moment = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => numeric_date(value)
            .map(|at| Some(at.seconds()))
            .ok_or(MetadataFault::StatementInvalid("a time that is no number")),
    };
    let is_for_us = match claims.get("aud") {
        None => true,
        Some(Value::Array(values)) => values.iter().any(|one| one == audience),
        Some(one) => one == audience,
    };
    if !is_for_us {
        return Err(MetadataFault::StatementInvalid("it is for another server"));
    }
    let now = now.seconds();
    if moment("exp")?.is_some_and(|end| end <= now) {
        return Err(MetadataFault::StatementInvalid("it has expired"));
    }
    if moment("nbf")?.is_some_and(|begin| begin > now) {
        return Err(MetadataFault::StatementInvalid("it is not valid yet"));
    }
    let mut claims = claims;
    claims.retain(|name, value| !OWN.contains(&name.as_str()) && !value.is_null());
    // A statement within a statement would stand above itself.
    if claims.contains_key("software_statement") {
        return Err(MetadataFault::StatementInvalid("it holds another one"));
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::{NOW, TestKey};

    const US: &str = "https://idp.example";

    #[test]
    fn only_who_is_believed_is_heard() {
        let (key, other) = (TestKey::new(), TestKey::new());
        let issuers = [StatementIssuer {
            issuer: "https://vendors.example".to_owned(),
            keys: key.set("v1"),
        }];
        let base =
            json!({"iss": "https://vendors.example", "software_id": "filing", "client_name": "Filing"});
        let with = |name: &str, value: Value| {
            let mut claims = base.clone();
            claims[name] = value;
            claims
        };
        for good in [
            base.clone(),
            with("exp", json!(NOW.seconds() + 1)),
            with("iat", json!(1)),
            with("nbf", json!(NOW.seconds())),
            with("aud", json!(US)),
            with("aud", json!(["https://other.example", US])),
        ] {
            let said = read(&key.sign("v1", Some("JWT"), &good), &issuers, US, NOW).unwrap();
            assert_eq!(said["software_id"], "filing");
            assert!(!said.contains_key("iss") && !said.contains_key("exp"));
        }
        let forged = other.sign("v1", None, &base);
        let unsigned = format!(
            "{}.{}.",
            jose::encode_base64url(br#"{"alg":"none"}"#),
            jose::encode_base64url(base.to_string())
        );
        for (bad, code) in [
            (forged.as_str(), "invalid_software_statement"),
            (unsigned.as_str(), "invalid_software_statement"),
            ("", "invalid_software_statement"),
            ("a.b.c", "invalid_software_statement"),
            (
                &key.sign("v1", None, &with("exp", json!(NOW.seconds()))),
                "invalid_software_statement",
            ),
            (
                &key.sign("v1", None, &with("aud", json!("https://other.example"))),
                "invalid_software_statement",
            ),
            (
                &key.sign("v1", None, &with("aud", json!([]))),
                "invalid_software_statement",
            ),
            (
                &key.sign("v1", None, &with("exp", json!("never"))),
                "invalid_software_statement",
            ),
            (
                &key.sign("v1", None, &with("nbf", json!(NOW.seconds() + 1))),
                "invalid_software_statement",
            ),
            (
                &key.sign("v1", Some("dpop+jwt"), &base),
                "invalid_software_statement",
            ),
            (
                &key.sign("v1", None, &with("software_statement", json!("a.b.c"))),
                "invalid_software_statement",
            ),
            (
                &key.sign("v1", None, &with("iss", json!("https://vendors.example/"))),
                "unapproved_software_statement",
            ),
            (
                &key.sign("v1", None, &with("iss", Value::Null)),
                "unapproved_software_statement",
            ),
        ] {
            let fault = read(bad, &issuers, US, NOW).unwrap_err();
            assert_eq!(fault.code(), code, "{fault}");
        }
        let long = format!("{}{}", key.sign("v1", None, &base), "x".repeat(MAX_BYTES));
        assert!(read(&long, &issuers, US, NOW).is_err());
        assert!(read(&key.sign("v1", None, &base), &[], US, NOW).is_err());
    }
}
