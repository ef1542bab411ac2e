//! RSA of the configured length, or P-384 as the next card has it (次期個人番号カードタスクフォース, final summary of 2024-03-18; RFC 5280 section 4.1.2.7).

use pki::KeyKind;

use crate::check::{Proven, Seen};
use crate::reason::Reason;

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    match proven.certificate().public_key().kind() {
        KeyKind::Rsa { bits } if bits < proven.config.min_rsa_bits => Err(Reason::WeakKey { bits }),
        KeyKind::Rsa { bits } => Ok(Some(format!("RSA, {bits} bits"))),
        KeyKind::P384 => Ok(Some("ECDSA, P-384".to_owned())),
        KeyKind::P256 => Err(Reason::WeakKey { bits: 256 }),
        _ => Err(Reason::WeakKey { bits: 0 }),
    }
}
