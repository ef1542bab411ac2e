//! Secrets that are handed out and come back: cookies, tickets, handles, codes, tokens. Kept only as hashes.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Entropy, TokenHash};
use zeroize::Zeroizing;

/// 256 unpredictable bits in base64url (43 characters). `Debug` shows nothing.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A fresh one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(entropy.array());
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// What somebody brings: only the exact shape is looked at further.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 43
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        well_formed.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The text to hand out.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The name under which it is kept.
    pub fn hash(&self) -> TokenHash {
        hash_of(&[self.0.as_bytes()])
    }

    /// A value bound to this secret and a purpose, for forms; it tells nothing of the secret.
    pub fn derived(&self, purpose: &str) -> String {
        hash_of(&[purpose.as_bytes(), b"\0", self.0.as_bytes()]).0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Lower-case hexadecimal SHA-256 over the parts.
pub fn hash_of(parts: &[&[u8]]) -> TokenHash {
    use std::fmt::Write;
    let mut text = String::with_capacity(64);
    for byte in digest(&SHA256, &parts.concat()).as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    TokenHash(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Constant;

    impl Entropy for Constant {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(1);
        }
    }

    #[test]
    fn only_the_exact_shape_is_looked_at() {
        let secret = Secret::generate(&Constant);
        assert_eq!(Secret::parse(secret.reveal()).unwrap().hash(), secret.hash());
        assert!(Secret::parse(&secret.reveal()[1..]).is_none());
        assert!(Secret::parse(&format!("{}%", &secret.reveal()[1..])).is_none());
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        assert_ne!(secret.derived("a"), secret.derived("b"));
    }

    #[test]
    fn hashes_are_sha_256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hash_of(&[]).0, empty);
    }
}
