//! A reply of the token, userinfo and document endpoints as a value: status, headers, body.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::{ErrorCode, MetadataFault, Reason};

/// What the web room writes to the wire.
#[derive(Clone, Eq, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Body, empty or JSON.
    pub body: String,
}

impl fmt::Debug for Reply {
    /// Bodies carry tokens; only the status is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply {{ status: {}, body: *** }}", self.status)
    }
}

impl Reply {
    /// JSON that nobody may keep (RFC 6749 section 5.1).
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::of_type(status, "application/json", body.to_string())
    }

    /// A body of another type that nobody may keep.
    pub(crate) fn of_type(status: u16, content_type: &str, body: String) -> Self {
        Self {
            status,
            headers: vec![
                ("content-type", content_type.to_owned()),
                ("cache-control", "no-store".to_owned()),
                ("pragma", "no-cache".to_owned()),
            ],
            body,
        }
    }

    /// Nothing more to say (RFC 7009 section 2.2).
    pub fn empty() -> Self {
        Self::of_type(200, "application/json", "{}".to_owned())
    }

    /// An error of the token endpoint (RFC 6749 section 5.2). `invalid_client` is 401 with a challenge, all else 400.
    pub fn token_error(reason: &Reason, issuer: &str) -> Self {
        let error = reason.error_code();
        let body = json!({
            "error": error.as_str(),
            "error_description": error_description(&reason.to_string()),
        });
        let status = match error {
            ErrorCode::InvalidClient => 401,
            ErrorCode::ServerError => 500,
            ErrorCode::TemporarilyUnavailable => 503,
            _ => 400,
        };
        let mut reply = Self::json(status, &body);
        if status == 401 {
            reply.headers.push((
                "www-authenticate",
                format!("Basic realm=\"{}\", charset=\"UTF-8\"", quoted(issuer)),
            ));
        }
        reply
    }

    /// A pushed request was taken (RFC 9126 section 2.2).
    pub fn pushed(body: &Value) -> Self {
        Self::json(201, body)
    }

    /// An error of the pushed authorization request endpoint (RFC 9126 section 2.3): as at the token endpoint, and 413 for what is too long.
    pub fn push_error(reason: &Reason, issuer: &str) -> Self {
        let mut reply = Self::token_error(reason, issuer);
        if matches!(reason, Reason::RequestTooLong { .. }) {
            reply.status = 413;
        }
        reply
    }

    /// A registration as it stands (RFC 7591 section 3.2.1; RFC 7592 section 3).
    pub fn registration(status: u16, members: Map<String, Value>) -> Self {
        Self::json(status, &Value::Object(members))
    }

    /// A registration was deleted (RFC 7592 section 2.3).
    pub fn registration_deleted() -> Self {
        Self {
            status: 204,
            ..Self::of_type(204, "application/json", String::new())
        }
    }

    /// Why there is no registration (RFC 7591 section 3.2.2).
    pub fn registration_error(fault: &MetadataFault) -> Self {
        Self::json(
            400,
            &json!({ "error": fault.code(), "error_description": error_description(&fault.to_string()) }),
        )
    }

    /// No token, or one that is good for nothing (RFC 6750 section 3; RFC 7592 section 2): without one, the challenge names no error.
    pub fn registration_token_refused(shown: bool, issuer: &str) -> Self {
        let realm = quoted(issuer);
        let (body, challenge) = if shown {
            let error = "invalid_token";
            (
                json!({ "error": error }),
                format!("Bearer realm=\"{realm}\", error=\"{error}\""),
            )
        } else {
            (json!({}), format!("Bearer realm=\"{realm}\""))
        };
        let mut reply = Self::json(401, &body);
        reply.headers.push(("www-authenticate", challenge));
        reply
    }

    /// The client may do nothing now, or somebody else did something at the same time.
    pub fn registration_stands(status: u16) -> Self {
        Self::json(status, &json!({ "error": "access_denied" }))
    }

    /// Too many requests from one place (RFC 9126 section 2.3).
    pub fn slow_down() -> Self {
        Self::json(
            429,
            &json!({ "error": ErrorCode::TemporarilyUnavailable.as_str() }),
        )
    }

    /// Changes `error_description`, where there is one: what it is changed to keeps to the alphabet of descriptions.
    #[must_use]
    pub fn described(mut self, change: impl FnOnce(&str) -> String) -> Self {
        if let Ok(Value::Object(mut members)) = serde_json::from_str(&self.body)
            && let Some(Value::String(text)) = members.get_mut("error_description")
        {
            *text = error_description(&change(text));
            self.body = Value::Object(members).to_string();
        }
        self
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// `error_description` may hold `%x20-21 / %x23-5B / %x5D-7E` only (RFC 6749 section 5.2): others are dropped.
pub(crate) fn error_description(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e'))
        .take(256)
        .collect()
}

/// The inside of a quoted-string (RFC 9110 section 5.6.4); what would need escaping is dropped.
pub(crate) fn quoted(text: &str) -> String {
    error_description(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_errors_say_what_rfc_6749_says() {
        let reply = Reply::token_error(&Reason::SecretWrong, "https://idp.example");
        assert_eq!(reply.status, 401);
        assert_eq!(
            reply.header("www-authenticate"),
            Some("Basic realm=\"https://idp.example\", charset=\"UTF-8\"")
        );
        assert_eq!(
            reply.body,
            r#"{"error":"invalid_client","error_description":"client authentication failed"}"#
        );
        for (reason, error) in [
            (Reason::CodeReplayed, "invalid_grant"),
            (Reason::GrantTypeUnsupported, "unsupported_grant_type"),
            (Reason::ParameterMissing("code"), "invalid_request"),
            (Reason::SeveralClientAuthentications, "invalid_request"),
        ] {
            let reply = Reply::token_error(&reason, "https://idp.example");
            assert_eq!((reply.status, reply.header("www-authenticate")), (400, None));
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            assert!(
                reply.body.contains(&format!("\"error\":\"{error}\"")),
                "{}",
                reply.body
            );
        }
        assert!(!format!("{reply:?}").contains("error"), "bodies are not printed");
    }

    #[test]
    fn descriptions_keep_to_their_alphabet() {
        assert_eq!(error_description("a\"b\\c\r\n\u{7f}é d"), "abc d");
        assert_eq!(error_description(&"x".repeat(300)).len(), 256);
    }
}
