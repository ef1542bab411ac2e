//! What a verification looked at, for whoever has to explain a refusal. It judges nothing: which keys were tried is asked of the same
//! function that the verification asks.

use serde_json::{Map, Value};

use super::{HEADER_LIMITS, Naming, Parts, Verification, candidates, read, read_header};
use crate::json::Limits;
use crate::{Jwk, JwkSet, Part, base64url, digest};

/// What a compact JWS says of itself, and what it was held against. Nothing in it is vouched for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Inspection {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    /// Octets of header and payload as they were signed (RFC 7515 section 5.1, step 5).
    pub signing_input_octets: usize,
    /// Their SHA-256, in lower-case hexadecimal.
    pub signing_input_sha256: String,
    /// Thumbprints (RFC 7638) of the keys that the verification tried, in order.
    pub tried: Vec<String>,
}

impl Inspection {
    /// Reads a token that `verify` would read with the same arguments. `None`: it is no compact JWS.
    pub fn of(token: &str, keys: &JwkSet, accept: &Verification<'_>) -> Option<Self> {
        let parts = Parts::split(token, accept.max_bytes).ok()?;
        let object = |text: &str, part, limits| {
            base64url::decode(text)
                .and_then(|bytes| read(&bytes, part, limits).ok())
                .unwrap_or_default()
        };
        let tried = read_header(&parts, accept)
            .map(|header| candidates(&header, keys, Naming::Followed))
            .unwrap_or_default();
        Some(Self {
            header: object(parts.header, Part::Header, HEADER_LIMITS),
            claims: object(parts.payload, Part::Payload, Limits::DEFAULT),
            signing_input_octets: parts.signing_input.len(),
            signing_input_sha256: digest::sha256_hex(parts.signing_input.as_bytes()),
            tried: tried.into_iter().map(Jwk::thumbprint).collect(),
        })
    }

    /// A member of the header that is a text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    /// A claim.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }
}
