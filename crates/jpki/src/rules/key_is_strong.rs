//! RSA of the configured length, or P-384 as the next card has it (facts §1.5).

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
