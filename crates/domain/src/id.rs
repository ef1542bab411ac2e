//! Identifiers: distinct types, 128 random bits behind a short prefix, so that none is ever all digits
//! (a 12-digit 個人番号 can never be mistaken for one of ours) and a log line tells what it names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Entropy;

/// Why a text is no identifier of the expected kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum IdError {
    /// The prefix belongs to another kind or to none.
    Prefix,
    /// The rest has another length or characters outside the alphabet.
    Shape,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prefix => "the prefix names another kind of identifier",
            Self::Shape => "not 32 lower-case hexadecimal characters",
        })
    }
}

impl std::error::Error for IdError {}

const HEX: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
];

fn hex_nibble(nibble: u8) -> char {
    HEX.get(usize::from(nibble & 15)).copied().unwrap_or('0')
}

fn write_hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        out.push(hex_nibble(byte >> 4));
        out.push(hex_nibble(*byte));
    }
}

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The prefix that every identifier of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A fresh identifier with 128 unpredictable bits.
            pub fn generate(entropy: &dyn Entropy) -> Self {
                let bytes: [u8; 16] = entropy.array();
                let mut text = String::with_capacity(Self::PREFIX.len() + 32);
                text.push_str(Self::PREFIX);
                write_hex(&bytes, &mut text);
                Self(text)
            }

            /// The identifier as it stands in the database, in logs and on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let rest = text.strip_prefix(Self::PREFIX).ok_or(IdError::Prefix)?;
                let well_formed = rest.len() == 32
                    && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
                if well_formed { Ok(Self(text.to_owned())) } else { Err(IdError::Shape) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

opaque_id!(
    /// One person's account on the platform. Never leaves it.
    AccountId, "acc_"
);
opaque_id!(
    /// One credential (a card's certificate) of an account. Never leaves the platform.
    CredentialId, "crd_"
);
opaque_id!(
    /// A signed-in session of a browser (the cookie holds another, secret value).
    SessionId, "ses_"
);
opaque_id!(
    /// One service (SP or AP) in the registry. Immutable.
    ServiceId, "svc_"
);
opaque_id!(
    /// The sector within which a person's pseudonym is the same. Immutable, never reused.
    SectorId, "sec_"
);
opaque_id!(
    /// One protocol-neutral ask for a sign-in, from request to reply.
    TransactionId, "txn_"
);
opaque_id!(
    /// One try at the certificate door within a transaction.
    AttemptId, "att_"
);
opaque_id!(
    /// One authorization (an OAuth grant) from which tokens descend.
    GrantId, "grt_"
);
opaque_id!(
    /// What a service knows a person by: random, per (account, sector), never reused.
    PseudonymValue, "p_"
);

/// What a person reads to a help desk: ten characters of Crockford's base 32 in two groups, `K7Q2M-9XW4T`
/// (50 bits; no I, L, O or U). It opens the chain of decisions to the authenticated operator and nothing to others.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Reference {
    /// A fresh reference. The first character is always a letter, so a reference is never all digits.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let bytes: [u8; 10] = entropy.array();
        let mut text = String::with_capacity(11);
        for (place, byte) in bytes.iter().enumerate() {
            let index = usize::from(byte & 31);
            let index = if place == 0 { 10 + index % 22 } else { index };
            if place == 5 {
                text.push('-');
            }
            text.push(char::from(CROCKFORD.get(index).copied().unwrap_or(b'A')));
        }
        Self(text)
    }

    /// The reference as shown to people.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reference {
    type Err = IdError;

    /// Reads what people type: lower case, without the hyphen, with I, L and O for 1, 1 and 0.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let mut plain = String::with_capacity(11);
        for character in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
            let upper = match character.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            };
            let known = u8::try_from(upper).is_ok_and(|b| CROCKFORD.contains(&b));
            if !known || plain.len() >= 11 {
                return Err(IdError::Shape);
            }
            if plain.len() == 5 {
                plain.push('-');
            }
            plain.push(upper);
        }
        if plain.len() == 11 {
            Ok(Self(plain))
        } else {
            Err(IdError::Shape)
        }
    }
}

impl TryFrom<String> for Reference {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> String {
        reference.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Constant(u8);

    impl Entropy for Constant {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn ids_carry_their_kind_and_refuse_others() {
        let id = AccountId::generate(&Constant(0x11));
        assert_eq!(id.as_str(), "acc_11111111111111111111111111111111");
        assert_eq!(id.as_str().parse::<SessionId>(), Err(IdError::Prefix));
        assert_eq!("acc_1".parse::<AccountId>(), Err(IdError::Shape));
        assert_eq!(
            "acc_1111111111111111111111111111111G".parse::<AccountId>(),
            Err(IdError::Shape)
        );
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<AccountId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<SessionId>(&json).is_err());
    }

    #[test]
    fn references_survive_being_read_aloud() {
        let reference = Reference::generate(&Constant(1));
        assert_eq!(reference.as_str(), "B1111-11111");
        assert_eq!("bLi1I 1111l".parse::<Reference>().unwrap(), reference);
        assert_eq!("B1111-1111".parse::<Reference>(), Err(IdError::Shape));
        assert_eq!("B1111-11111-1".parse::<Reference>(), Err(IdError::Shape));
        assert_eq!("B1111-1111U".parse::<Reference>(), Err(IdError::Shape));
    }
}
