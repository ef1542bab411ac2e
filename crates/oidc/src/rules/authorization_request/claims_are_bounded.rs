//! `claims`, if there, is a bounded JSON object of the shape that the specification gives it.

use crate::check::Ask;
use crate::claims::RequestedClaims;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 sections 5.5 and 5.5.1";

/// A wish that we misread could let the wrong person, or too weak a sign-in, pass for what the client insists on.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The wishes. What is released stays within the registration and the person's consent, whatever is asked.
pub fn read(ask: &Ask<'_>) -> Result<RequestedClaims, Reason> {
    ask.request
        .get("claims")
        .map_or_else(|| Ok(RequestedClaims::default()), RequestedClaims::parse)
}

#[cfg(test)]
mod tests {
    use domain::ReleasedAttribute::{Address, Name};

    use super::*;
    use crate::claims::RequestedAcr;
    use crate::sample::read_with;

    fn with(value: Option<&str>) -> Result<RequestedClaims, Reason> {
        read_with(&[("claims", value)], read)
    }

    fn acr(values: &[&str], essential: bool) -> RequestedClaims {
        RequestedClaims {
            acr: Some(RequestedAcr {
                values: values.iter().map(|value| (*value).to_owned()).collect(),
                essential,
            }),
            ..Default::default()
        }
    }

    #[test]
    fn wishes_that_are_understood() {
        let nothing = RequestedClaims::default();
        let somebody = RequestedClaims {
            subject: Some("p1".to_owned()),
            ..Default::default()
        };
        for (text, expected) in [
            ("{}", nothing.clone()),
            (r#"{"id_token":{},"userinfo":{},"other":7}"#, nothing.clone()),
            (
                r#"{"userinfo":{"https://example/claim":{"essential":true},"email":null}}"#,
                nothing.clone(),
            ),
            (
                r#"{"id_token":{"name":null},"userinfo":{"address":{"essential":true},"address_substitution":null}}"#,
                RequestedClaims {
                    in_id_token: vec![Name],
                    in_user_info: vec![Address],
                    ..Default::default()
                },
            ),
            (r#"{"id_token":{"acr":null}}"#, acr(&[], false)),
            (r#"{"id_token":{"acr":{"value":"aal3"}}}"#, acr(&["aal3"], false)),
            (
                r#"{"id_token":{"acr":{"essential":true,"values":["aal3","aal2"]}}}"#,
                acr(&["aal3", "aal2"], true),
            ),
            (
                r#"{"userinfo":{"acr":{"essential":true,"values":["aal9"]}}}"#,
                nothing,
            ),
            (r#"{"id_token":{"sub":{"value":"p1"}}}"#, somebody.clone()),
            (
                r#"{"id_token":{"sub":{"value":"p1"}},"userinfo":{"sub":{"values":["p1"]}}}"#,
                somebody,
            ),
            (
                r#"{"id_token":{"auth_time":{"essential":true}}}"#,
                RequestedClaims {
                    auth_time_is_essential: true,
                    ..Default::default()
                },
            ),
        ] {
            assert_eq!(with(Some(text)), Ok(expected), "{text}");
        }
        assert_eq!(with(None), Ok(RequestedClaims::default()));
    }

    #[test]
    fn shapes_and_bounds() {
        let long = format!(r#"{{"id_token":{{"acr":{{"value":"{}"}}}}}}"#, "x".repeat(256));
        let many = format!(
            r#"{{"id_token":{{"acr":{{"values":["1"{}]}}}}}}"#,
            r#","2""#.repeat(8)
        );
        let wide = format!(
            r#"{{"userinfo":{{"a":null{}}}}}"#,
            (0..300)
                .map(|n| format!(r#","b{n}":null"#))
                .collect::<Vec<_>>()
                .concat()
        );
        let huge = format!(r#"{{"x":"{}"}}"#, "x".repeat(9000));
        for text in [
            "[]",
            "null",
            "{",
            r#""x""#,
            r#"{"id_token":[]}"#,
            r#"{"userinfo":null}"#,
            r#"{"id_token":{"acr":true}}"#,
            r#"{"id_token":{"acr":{"essential":"true"}}}"#,
            r#"{"id_token":{"acr":{"values":"aal3"}}}"#,
            r#"{"id_token":{"acr":{"values":[]}}}"#,
            r#"{"id_token":{"acr":{"value":3}}}"#,
            r#"{"id_token":{"acr":{"value":["aal3"]}}}"#,
            r#"{"id_token":{"acr":{"value":"a b"}}}"#,
            r#"{"id_token":{"sub":{"value":7}}}"#,
            r#"{"id_token":{"sub":{"values":["a","b"]}}}"#,
            r#"{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}"#,
            r#"{"id_token":{"acr":null,"acr":null}}"#,
            r#"{"id_token":{"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}}"#,
            &long,
            &many,
            &wide,
            &huge,
        ] {
            assert_eq!(
                with(Some(text)),
                Err(Reason::ParameterMalformed("claims")),
                "{text}"
            );
        }
        assert!(
            !format!("{:?}", with(Some(r#"{"id_token":{"sub":{"value":"secret"}}}"#))).contains("secret")
        );
    }
}
