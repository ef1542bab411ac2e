//! Verification of a compact JWS: what may be, decided by the verifier; which key, decided by the set that the verifier
//! holds. Nothing in the token chooses either (RFC 8725 sections 3.1 and 3.10).

use serde_json::{Map, Value};

use crate::json::{self as strict, Limits};
use crate::{Algorithm, Jwk, JwkSet, Part, Reason, base64url};

/// Keys of the set that one token may make us try.
const MAX_TRIES: usize = 4;
const MAX_HEADER_MEMBER: usize = 256;
const HEADER_LIMITS: Limits = Limits {
    bytes: 4 * 1024,
    depth: 4,
    nodes: 64,
};

/// What a verification accepts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verification<'a> {
    /// Algorithms, all others are refused.
    pub algorithms: &'a [Algorithm],
    /// Media types in `typ`, compared without regard to case and to a leading `application/` (RFC 7515 section 4.1.9).
    pub types: &'a [&'a str],
    /// Whether a token without `typ` is accepted.
    pub untyped: bool,
    /// The longest token in bytes.
    pub max_bytes: usize,
}

/// What the protected header said, as far as we read it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProtectedHeader {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`.
    pub kid: Option<String>,
    /// `typ`.
    pub typ: Option<String>,
}

/// Proof that a signature verified. Made by [`verify`] alone.
#[derive(Clone, Eq, PartialEq)]
pub struct VerifiedJws {
    header: ProtectedHeader,
    payload: Vec<u8>,
}

impl std::fmt::Debug for VerifiedJws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedJws")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

impl VerifiedJws {
    /// The header that was signed.
    pub fn header(&self) -> &ProtectedHeader {
        &self.header
    }

    /// The payload that was signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload as a claims object (RFC 7519 section 7.2), read strictly.
    pub fn claims(&self) -> Result<Map<String, Value>, Reason> {
        read(&self.payload, Part::Payload, Limits::DEFAULT)
    }
}

/// Verifies a compact JWS with a key of `keys`.
pub fn verify(token: &str, keys: &JwkSet, accept: &Verification<'_>) -> Result<VerifiedJws, Reason> {
    let parts = Parts::split(token, accept.max_bytes)?;
    verify_by(&parts, keys, accept, Naming::Followed)
}

fn verify_by(
    parts: &Parts<'_>,
    keys: &JwkSet,
    accept: &Verification<'_>,
    naming: Naming,
) -> Result<VerifiedJws, Reason> {
    let header = read_header(parts, accept)?;
    let signature = base64url::decode(parts.signature).ok_or(Reason::NotBase64Url(Part::Signature))?;
    let payload = base64url::decode(parts.payload).ok_or(Reason::NotBase64Url(Part::Payload))?;
    let candidates = candidates(&header, keys, naming);
    if candidates.is_empty() {
        return Err(Reason::NoFittingKey);
    }
    let message = parts.signing_input.as_bytes();
    if candidates
        .into_iter()
        .any(|key| key.verifies(header.algorithm, message, &signature))
    {
        Ok(VerifiedJws { header, payload })
    } else {
        Err(Reason::BadSignature)
    }
}

/// The keys that a verification tries, in order.
fn candidates<'k>(header: &ProtectedHeader, keys: &'k JwkSet, naming: Naming) -> Vec<&'k Jwk> {
    keys.keys()
        .iter()
        .filter(|key| key.fits(header.algorithm))
        .filter(|key| naming == Naming::Ignored || header.kid.is_none() || key.kid() == header.kid.as_deref())
        .take(MAX_TRIES)
        .collect()
}

/// Claims that nobody vouches for: good for choosing whose keys to try, and for nothing else.
#[derive(Clone, Eq, PartialEq)]
pub struct UnverifiedClaims(Map<String, Value>);

impl UnverifiedClaims {
    /// Reads the payload without looking at the signature.
    pub fn read(token: &str, max_bytes: usize) -> Result<Self, Reason> {
        let parts = Parts::split(token, max_bytes)?;
        let payload = base64url::decode(parts.payload).ok_or(Reason::NotBase64Url(Part::Payload))?;
        read(&payload, Part::Payload, Limits::DEFAULT).map(Self)
    }

    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

/// A proof of possession: a JWS whose header carries the public key that made it (`jwk`, RFC 7515 section 4.1.3). The signature says
/// only that its maker has that key; whose key it is must be known from elsewhere, by its thumbprint (RFC 9449 section 4.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PossessedKey {
    key: Jwk,
    proof: VerifiedJws,
}

impl PossessedKey {
    /// Verifies a compact JWS with the key in its own header. A private key there, or none, or one of another algorithm is refused.
    pub fn verify(token: &str, accept: &Verification<'_>) -> Result<Self, Reason> {
        let parts = Parts::split(token, accept.max_bytes)?;
        let _ = read_header(&parts, accept)?;
        let bytes = base64url::decode(parts.header).ok_or(Reason::NotBase64Url(Part::Header))?;
        let members = read(&bytes, Part::Header, HEADER_LIMITS)?;
        let Some(Value::Object(jwk)) = members.get("jwk") else {
            return Err(Reason::HeaderMember("jwk"));
        };
        let key = Jwk::read(jwk)?.ok_or(Reason::NoUsableKey)?;
        // One key, whatever it and the header call it.
        let alone = JwkSet::new(vec![key.clone()]);
        let proof = verify_by(&parts, &alone, accept, Naming::Ignored)?;
        Ok(Self { key, proof })
    }

    /// RFC 7638 thumbprint of the key (`jkt`).
    pub fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }

    /// What was signed with it.
    pub fn proof(&self) -> &VerifiedJws {
        &self.proof
    }
}

/// Whether `kid` chooses among the keys.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Naming {
    Followed,
    Ignored,
}

struct Parts<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    signing_input: &'a str,
}

impl<'a> Parts<'a> {
    fn split(token: &'a str, max_bytes: usize) -> Result<Self, Reason> {
        if token.len() > max_bytes {
            return Err(Reason::TooLong { limit: max_bytes });
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(Reason::NotCompact)?;
        let (header, payload) = signing_input.split_once('.').ok_or(Reason::NotCompact)?;
        if payload.contains('.') {
            return Err(Reason::NotCompact);
        }
        Ok(Self {
            header,
            payload,
            signature,
            signing_input,
        })
    }
}

fn read_header(parts: &Parts<'_>, accept: &Verification<'_>) -> Result<ProtectedHeader, Reason> {
    let bytes = base64url::decode(parts.header).ok_or(Reason::NotBase64Url(Part::Header))?;
    let members = read(&bytes, Part::Header, HEADER_LIMITS)?;
    if members.contains_key("crit") {
        return Err(Reason::CriticalExtension);
    }
    let name = members
        .get("alg")
        .and_then(Value::as_str)
        .ok_or(Reason::AlgorithmMissing)?;
    let algorithm = Algorithm::from_name(name)
        .filter(|algorithm| accept.algorithms.contains(algorithm))
        .ok_or(Reason::AlgorithmNotAllowed)?;
    let header = ProtectedHeader {
        algorithm,
        kid: member(&members, "kid")?,
        typ: member(&members, "typ")?,
    };
    let expected = match &header.typ {
        None => accept.untyped,
        Some(typ) => accept.types.iter().any(|one| same_media_type(typ, one)),
    };
    if expected {
        Ok(header)
    } else {
        Err(Reason::UnexpectedType)
    }
}

fn member(members: &Map<String, Value>, name: &'static str) -> Result<Option<String>, Reason> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(value)) if value.len() <= MAX_HEADER_MEMBER => Ok(Some(value.clone())),
        Some(_) => Err(Reason::HeaderMember(name)),
    }
}

fn same_media_type(left: &str, right: &str) -> bool {
    fn short(text: &str) -> &str {
        match text.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") && !rest.contains('/') => {
                rest
            }
            _ => text,
        }
    }
    short(left).eq_ignore_ascii_case(short(right))
}

fn read(bytes: &[u8], part: Part, limits: Limits) -> Result<Map<String, Value>, Reason> {
    strict::read_object(bytes, limits).map_err(|fault| Reason::Json(part, fault))
}

mod inspect;

pub use inspect::Inspection;

#[cfg(test)]
mod tests;
