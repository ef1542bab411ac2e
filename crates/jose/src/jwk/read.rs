//! Reading one JWK from outside.

use serde_json::{Map, Value};

use super::{Jwk, PublicKey, signature};
use crate::{Algorithm, Reason, base64url};

/// Members that only private and symmetric keys have (RFC 7518 sections 6.2.2, 6.3.2 and 6.4).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const MAX_KID: usize = 256;

/// Reads a member of a set. `None`: a key that is not ours to use (another type, encryption, another algorithm), which
/// RFC 7517 section 5 says to ignore. A private key is refused whatever its type.
pub(super) fn jwk(members: &Map<String, Value>) -> Result<Option<Jwk>, Reason> {
    let kty = text(members, "kty")?.ok_or(Reason::KeyMember("kty"))?;
    if kty == "oct" || PRIVATE_MEMBERS.iter().any(|name| members.contains_key(*name)) {
        return Err(Reason::PrivateKeyShown);
    }
    if text(members, "use")?.is_some_and(|purpose| purpose != "sig") || !may_verify(members)? {
        return Ok(None);
    }
    let algorithm = match text(members, "alg")? {
        None => None,
        Some(name) => match Algorithm::from_name(name) {
            Some(algorithm) => Some(algorithm),
            None => return Ok(None),
        },
    };
    let key = match (kty, text(members, "crv")?) {
        ("EC", Some("P-256")) => PublicKey::P256 {
            x: coordinate(members, "x")?,
            y: coordinate(members, "y")?,
        },
        ("EC", Some("P-384")) => PublicKey::P384 {
            x: coordinate(members, "x")?,
            y: coordinate(members, "y")?,
        },
        ("OKP", Some("Ed25519")) => PublicKey::Ed25519 {
            x: coordinate(members, "x")?,
        },
        ("EC", None) => return Err(Reason::KeyMember("crv")),
        ("RSA", _) => PublicKey::Rsa {
            n: unsigned(members, "n")?,
            e: unsigned(members, "e")?,
        },
        _ => return Ok(None),
    };
    signature::check_key(&key)?;
    let kid = text(members, "kid")?.map(str::to_owned);
    if kid
        .as_ref()
        .is_some_and(|kid| kid.is_empty() || kid.len() > MAX_KID)
    {
        return Err(Reason::KeyMember("kid"));
    }
    let jwk = Jwk { key, kid, algorithm };
    match algorithm {
        Some(algorithm) if !jwk.fits(algorithm) => Err(Reason::KeyMember("alg")),
        _ => Ok(Some(jwk)),
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, Reason> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(_) => Err(Reason::KeyMember(name)),
    }
}

/// `key_ops` (RFC 7517 section 4.3), if there, must list `verify`.
fn may_verify(members: &Map<String, Value>) -> Result<bool, Reason> {
    match members.get("key_ops") {
        None => Ok(true),
        Some(Value::Array(operations)) => Ok(operations.iter().any(|operation| operation == "verify")),
        Some(_) => Err(Reason::KeyMember("key_ops")),
    }
}

/// RFC 7518 section 6.2.1.2, RFC 8037 section 2: exactly the length of the field, leading zeros kept.
fn coordinate<const N: usize>(members: &Map<String, Value>, name: &'static str) -> Result<[u8; N], Reason> {
    let value = text(members, name)?.ok_or(Reason::KeyMember(name))?;
    let bytes = base64url::decode(value).ok_or(Reason::KeyMember(name))?;
    bytes.try_into().map_err(|_| Reason::KeyMember(name))
}

/// RFC 7518 section 6.3.1: `Base64urlUInt`. Some producers keep the sign octet of ASN.1; the value is the same.
fn unsigned(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, Reason> {
    let value = text(members, name)?.ok_or(Reason::KeyMember(name))?;
    let bytes = base64url::decode(value).ok_or(Reason::KeyMember(name))?;
    let stripped: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    if stripped.is_empty() {
        Err(Reason::KeyMember(name))
    } else {
        Ok(stripped)
    }
}
