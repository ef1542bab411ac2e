//! Secrets that we hand out: authorization codes and access tokens. Random, opaque, kept as a hash only.

use std::fmt;

use domain::{Entropy, TokenHash};
use zeroize::Zeroizing;

/// 256 unpredictable bits in base64url (43 characters). Never printed; cleared when dropped.
pub struct OpaqueSecret(Zeroizing<String>);

impl OpaqueSecret {
    /// A fresh secret (RFC 6749 section 10.10 asks for at least 128 bits).
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(entropy.array());
        Self(Zeroizing::new(jose::encode_base64url(bytes.as_slice())))
    }

    /// The text that goes to the client, once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What we keep of it.
    pub fn hash(&self) -> TokenHash {
        Self::hash_of(&self.0)
    }

    /// What we keep of a secret that somebody shows.
    pub fn hash_of(presented: &str) -> TokenHash {
        TokenHash(jose::digest::sha256_hex(presented.as_bytes()))
    }
}

impl fmt::Debug for OpaqueSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueSecret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Constant;

    impl Entropy for Constant {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0xfb);
        }
    }

    #[test]
    fn a_secret_is_known_by_its_hash_and_never_printed() {
        let secret = OpaqueSecret::generate(&Constant);
        assert_eq!(secret.reveal(), "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
        assert_eq!(secret.hash(), OpaqueSecret::hash_of(secret.reveal()));
        assert_ne!(secret.hash(), OpaqueSecret::hash_of("other"));
        assert_eq!(format!("{secret:?}"), "OpaqueSecret(***)");
    }
}
