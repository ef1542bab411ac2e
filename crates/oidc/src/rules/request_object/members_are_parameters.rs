//! Members that have the name of a parameter have the shape of one.

use serde_json::Value;

use crate::Reason;
use crate::authorization::KNOWN;
use crate::parameters::Parameters;
use crate::request_object::ObjectAsk;

/// Where it is written.
pub const CITES: &str =
    "RFC 9101 section 4; OpenID Connect Core 1.0 section 6.1; RFC 8707 section 2; RFC 9396 section 2";

/// Text, as in the query; `max_age` may be a number, `claims` is an object, `authorization_details` and `resource` may be arrays. Other
/// members are no parameters and ignored.
pub fn check(ask: &ObjectAsk<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The parameters.
pub(crate) fn read(ask: &ObjectAsk<'_>) -> Result<Parameters, Reason> {
    let mut parameters = Parameters::empty();
    for name in KNOWN {
        let Some(value) = ask.claims.get(name) else {
            continue;
        };
        match (name, value) {
            ("request" | "request_uri", _) => {}
            (_, Value::String(text)) => parameters.add(name, text.clone()),
            ("max_age", Value::Number(number)) => parameters.add(name, number.to_string()),
            ("claims" | "registration", Value::Object(_)) | ("authorization_details", Value::Array(_)) => {
                parameters.add(name, value.to_string());
            }
            ("resource", Value::Array(values)) => {
                for one in values {
                    let text = one.as_str().ok_or(Reason::RequestObjectClaim("resource"))?;
                    parameters.add(name, text.to_owned());
                }
            }
            _ => return Err(Reason::RequestObjectClaim(name)),
        }
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::object_with;

    #[test]
    fn shapes() {
        for (name, value, text) in [
            ("state", json!("a b"), "a b"),
            ("max_age", json!(0), "0"),
            ("max_age", json!("60"), "60"),
            ("claims", json!({"id_token": {}}), r#"{"id_token":{}}"#),
            (
                "authorization_details",
                json!([{"type": "x"}]),
                r#"[{"type":"x"}]"#,
            ),
            ("resource", json!(["https://a", "https://b"]), "https://a"),
        ] {
            let read = object_with(name, &value, read).unwrap();
            assert_eq!(read.get(name), Some(text), "{name}");
        }
        for (name, value) in [
            ("state", json!(1)),
            ("scope", json!(["openid"])),
            ("redirect_uri", json!({"a": 1})),
            ("max_age", json!(true)),
            ("claims", json!([])),
            ("authorization_details", json!({})),
            ("resource", json!([1])),
        ] {
            assert_eq!(
                object_with(name, &value, check),
                Err(Reason::RequestObjectClaim(name)),
                "{name}"
            );
        }
        assert_eq!(
            object_with("colour", &json!(7), check),
            Ok(()),
            "no parameter of ours"
        );
    }
}
