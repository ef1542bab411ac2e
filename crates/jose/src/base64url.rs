//! Base 64 with the URL-safe alphabet and no padding (RFC 7515 section 2): one spelling per value.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Writes bytes as base64url without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding. Padding, white space, other alphabets and dangling bits are refused (`None`), so that
/// two different texts never mean the same bytes.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_per_value() {
        assert_eq!(decode("AQ").unwrap(), [1]);
        for other in ["AQ==", "AR", "A", "A Q", "AQ\n", "+/", "é"] {
            assert_eq!(decode(other), None, "{other:?}");
        }
    }
}
