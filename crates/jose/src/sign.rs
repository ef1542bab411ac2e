//! Signing in two phases: the input to be signed leaves this room, the signature comes back. So a file, an HSM or a remote
//! signer makes no difference here.

use serde_json::{Map, Value};

use crate::{Algorithm, base64url};

/// What the protected header says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`: which key of the published set.
    pub kid: String,
    /// `typ`, so that one kind of token is never taken for another (RFC 8725 section 3.11).
    pub typ: Option<&'static str>,
}

/// The JWS Signing Input (RFC 7515 section 5.1, step 8): ASCII(header) `.` ASCII(payload).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SigningInput {
    text: String,
}

impl SigningInput {
    /// Prepares a payload, usually the UTF-8 of a claims object.
    pub fn new(header: &Header, payload: &[u8]) -> Self {
        let mut members = Map::new();
        members.insert(
            "alg".to_owned(),
            Value::String(header.algorithm.name().to_owned()),
        );
        members.insert("kid".to_owned(), Value::String(header.kid.clone()));
        if let Some(typ) = header.typ {
            members.insert("typ".to_owned(), Value::String(typ.to_owned()));
        }
        let header = Value::Object(members).to_string();
        let mut text = base64url::encode(header);
        text.push('.');
        text.push_str(&base64url::encode(payload));
        Self { text }
    }

    /// What the signer signs. ECDSA signatures are expected as fixed-length `r || s` (RFC 7518 section 3.4).
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The finished compact JWS.
    #[must_use]
    pub fn attach(mut self, signature: &[u8]) -> String {
        self.text.push('.');
        self.text.push_str(&base64url::encode(signature));
        self.text
    }
}
