//! Names of certificates in JSON.

use jlis::CertificateName;
use jpki::CaKind;
use pki::SerialNumber;
use serde::{Deserialize, Serialize};

/// `{"ca_kind":…,"issuer_key_hash":"<64 hex>","serial":"<hex, whole bytes, no leading 00>"}`
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireName {
    pub(crate) ca_kind: String,
    pub(crate) issuer_key_hash: String,
    pub(crate) serial: String,
}

impl WireName {
    pub(crate) fn of(name: &CertificateName) -> Self {
        Self {
            ca_kind: name.ca_kind.as_str().to_owned(),
            issuer_key_hash: name.issuer_key_hash.clone(),
            serial: hex(name.serial.expose_bytes()),
        }
    }

    pub(crate) fn read(&self) -> Option<CertificateName> {
        if self.issuer_key_hash.len() != 64 || !is_lower_hex(&self.issuer_key_hash) {
            return None;
        }
        if self.serial.len() > 2 * SerialNumber::MAX_BYTES || !is_lower_hex(&self.serial) {
            return None;
        }
        Some(CertificateName {
            ca_kind: CaKind::from_text(&self.ca_kind)?,
            issuer_key_hash: self.issuer_key_hash.clone(),
            serial: SerialNumber::from_bytes(&unhex(&self.serial)?).ok()?,
        })
    }
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Reads lower-case hexadecimal of whole bytes.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || !is_lower_hex(text) {
        return None;
    }
    pairs
        .iter()
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
