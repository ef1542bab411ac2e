//! Identifiers of what we issue.

use std::fmt;

use domain::Entropy;

/// An identifier of a message or assertion of ours: `_` and 128 random bits in hexadecimal, so an `NCName`
/// (core-2.0-os section 1.3.4 asks for 128 bits and a probability of repetition below 2^-128).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct MessageId(String);

impl MessageId {
    /// A fresh identifier.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        use fmt::Write as _;
        let bytes: [u8; 16] = entropy.array();
        let mut text = String::from("_");
        for byte in bytes {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// As it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
