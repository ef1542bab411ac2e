//! Digests and comparisons that OAuth and OpenID Connect are made of.

use aws_lc_rs::{constant_time, digest};

use crate::{Algorithm, base64url};

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out
        .iter_mut()
        .zip(digest::digest(&digest::SHA256, bytes).as_ref())
    {
        *to = *from;
    }
    out
}

/// SHA-256 in lower-case hexadecimal (64 characters): how secrets that were handed out are kept.
pub fn sha256_hex(bytes: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let nibble = |value: u8| char::from(HEX.get(usize::from(value & 15)).copied().unwrap_or(b'0'));
    let mut out = String::with_capacity(64);
    for byte in sha256(bytes) {
        out.push(nibble(byte >> 4));
        out.push(nibble(byte));
    }
    out
}

/// `at_hash` and `c_hash` (OpenID Connect Core 1.0 section 3.1.3.6): base64url of the left half of the digest that belongs
/// to the algorithm of the ID token.
pub fn left_half(algorithm: Algorithm, ascii: &str) -> String {
    let hash = match algorithm {
        Algorithm::Es256 | Algorithm::Rs256 | Algorithm::Ps256 => &digest::SHA256,
        Algorithm::Es384 => &digest::SHA384,
        // The digest inside Ed25519 (RFC 8032 section 5.1).
        Algorithm::Ed25519 | Algorithm::EdDsa => &digest::SHA512,
    };
    let whole = digest::digest(hash, ascii.as_bytes());
    let half = whole.as_ref().get(..whole.as_ref().len() / 2).unwrap_or_default();
    base64url::encode(half)
}

/// Whether two byte strings are equal, in time that depends on their lengths only.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(left, right).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        // FIPS 180-4 example "abc".
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        // OpenID Connect Core 1.0 appendix A.3: at_hash of the access token shown there.
        assert_eq!(
            left_half(Algorithm::Rs256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
        assert_eq!(left_half(Algorithm::Es384, "x").len(), 32);
        assert!(same(b"a", b"a") && !same(b"a", b"b") && !same(b"a", b"aa"));
    }
}
