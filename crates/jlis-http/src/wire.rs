//! The bodies.

use jlis::{CertificateName, Unavailable};
use jpki::CaKind;
use pki::SerialNumber;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireName {
    ca_kind: String,
    issuer_key_hash: String,
    serial: String,
}

/// `predecessor` must be there: an empty object is no answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(deserialize_with = "present")]
    predecessor: Option<WireName>,
}

/// Unlike a plain `Option`, refuses a missing member.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<WireName>, D::Error> {
    Option::deserialize(deserializer)
}

/// The body of the question.
pub(crate) fn question(of: &CertificateName) -> Result<Vec<u8>, Unavailable> {
    let name = WireName {
        ca_kind: of.ca_kind.as_str().to_owned(),
        issuer_key_hash: of.issuer_key_hash.clone(),
        serial: hex(of.serial.expose_bytes()),
    };
    serde_json::to_vec(&name).map_err(|_| Unavailable::Unintelligible)
}

/// Reads the answer to a question about `of`.
pub(crate) fn answer(of: &CertificateName, body: &[u8]) -> Result<Option<CertificateName>, Unavailable> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| Unavailable::Unintelligible)?;
    let Some(wire) = answer.predecessor else {
        return Ok(None);
    };
    let name = name(&wire).ok_or(Unavailable::Unintelligible)?;
    // One authority's certificate never replaces the other's, and none replaces itself.
    if name.ca_kind != of.ca_kind || name == *of {
        return Err(Unavailable::Unintelligible);
    }
    Ok(Some(name))
}

fn name(wire: &WireName) -> Option<CertificateName> {
    let lower_hex = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    if wire.issuer_key_hash.len() != 64 || !lower_hex(&wire.issuer_key_hash) {
        return None;
    }
    if wire.serial.len() > 2 * SerialNumber::MAX_BYTES || !lower_hex(&wire.serial) {
        return None;
    }
    Some(CertificateName {
        ca_kind: CaKind::from_text(&wire.ca_kind)?,
        issuer_key_hash: wire.issuer_key_hash.clone(),
        serial: SerialNumber::from_bytes(&unhex(&wire.serial)?).ok()?,
    })
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of() -> CertificateName {
        CertificateName {
            ca_kind: CaKind::UserAuthentication,
            issuer_key_hash: "ab".repeat(32),
            serial: SerialNumber::from_bytes(&[9, 0x96]).unwrap(),
        }
    }

    #[test]
    fn the_question_is_as_documented() {
        let hash = "ab".repeat(32);
        let expected =
            format!(r#"{{"ca_kind":"user-authentication","issuer_key_hash":"{hash}","serial":"0996"}}"#);
        assert_eq!(String::from_utf8(question(&of()).unwrap()).unwrap(), expected);
    }

    #[test]
    fn only_the_two_documented_answers_are_read() {
        let hash = "cd".repeat(32);
        let some = |kind: &str, hash: &str, serial: &str| {
            format!(
                r#"{{"predecessor":{{"ca_kind":"{kind}","issuer_key_hash":"{hash}","serial":"{serial}"}}}}"#
            )
        };
        assert_eq!(answer(&of(), br#"{"predecessor":null}"#), Ok(None));
        let read = answer(&of(), some("user-authentication", &hash, "0995").as_bytes())
            .unwrap()
            .unwrap();
        assert_eq!(read.serial.expose_bytes(), [9, 0x95]);
        assert_eq!(read.issuer_key_hash, hash);
        for body in [
            String::new(),
            "null".into(),
            "{}".into(),
            "[]".into(),
            r#"{"predecessor":false}"#.into(),
            r#"{"predecessor":{}}"#.into(),
            r#"{"predecessor":null,"more":1}"#.into(),
            r#"{"predecessor":null}{"predecessor":null}"#.into(),
            r#"{"predecessor":null,"predecessor":null}"#.into(),
            some("digital-signature", &hash, "0995"),
            some("somebody", &hash, "0995"),
            some("user-authentication", &hash[2..], "0995"),
            some("user-authentication", &hash.to_uppercase(), "0995"),
            some("user-authentication", &hash, ""),
            some("user-authentication", &hash, "00"),
            some("user-authentication", &hash, "995"),
            some("user-authentication", &hash, "+995"),
            some("user-authentication", &hash, &"11".repeat(21)),
            some("user-authentication", &"ab".repeat(32), "0996"),
        ] {
            assert_eq!(
                answer(&of(), body.as_bytes()),
                Err(Unavailable::Unintelligible),
                "{body}"
            );
        }
    }
}
