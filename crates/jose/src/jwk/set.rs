//! JWK Sets (RFC 7517 section 5).

use serde_json::{Value, json};

use super::{Jwk, read};
use crate::json::{self as strict, JsonFault, Limits};
use crate::{Part, Reason};

const MAX_KEYS: usize = 32;

/// A bounded set of public keys.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

impl JwkSet {
    /// A set of ours.
    pub fn new(keys: Vec<Jwk>) -> Self {
        Self { keys }
    }

    /// Reads a set from outside. Keys that are not for signatures, or of types and algorithms that we do not have, are left
    /// out; a private key, a weak key, a malformed key, or nothing left refuses the whole set, so that a registration error
    /// is seen at registration.
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let object = strict::read_object(text.as_bytes(), Limits::DEFAULT)
            .map_err(|fault| Reason::Json(Part::KeySet, fault))?;
        let Some(Value::Array(members)) = object.get("keys") else {
            return Err(Reason::KeyMember("keys"));
        };
        if members.len() > MAX_KEYS {
            return Err(Reason::TooManyKeys { limit: MAX_KEYS });
        }
        let mut keys = Vec::with_capacity(members.len());
        for member in members {
            let Value::Object(member) = member else {
                return Err(Reason::Json(Part::KeySet, JsonFault::NotAnObject));
            };
            keys.extend(read::jwk(member)?);
        }
        if keys.is_empty() {
            return Err(Reason::NoUsableKey);
        }
        Ok(Self { keys })
    }

    /// The keys.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The set as published.
    pub fn to_json(&self) -> Value {
        json!({ "keys": self.keys.iter().map(Jwk::to_json).collect::<Vec<_>>() })
    }
}
