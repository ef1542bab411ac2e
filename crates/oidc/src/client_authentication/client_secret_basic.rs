//! `client_secret_basic` (RFC 6749 section 2.3.1).

use crate::Reason;

/// Compares hashes in constant time. Secrets are ours, random, 256 bits, so a plain SHA-256 suffices.
pub(super) fn check(secret: &str, secret_sha256: &str) -> Result<(), Reason> {
    let presented = jose::digest::sha256_hex(secret.as_bytes());
    if jose::digest::same(presented.as_bytes(), secret_sha256.as_bytes()) {
        Ok(())
    } else {
        Err(Reason::SecretWrong)
    }
}
