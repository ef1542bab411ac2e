//! Levels of assurance: identity proofing (IAL), authentication (AAL) and federation (FAL) as three values,
//! never one (DS-511, NIST SP 800-63-4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is no level.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LevelError;

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a level between 0 (for IAL and AAL) and 3")
    }
}

impl std::error::Error for LevelError {}

macro_rules! level {
    ($(#[$doc:meta])* $name:ident, $word:literal, [$($(#[$vdoc:meta])* $variant:ident = $number:literal),+]) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $number)] $variant),+ }

        impl $name {
            /// Every value, lowest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value's digit.
            pub const fn digit(self) -> &'static str {
                match self { $(Self::$variant => $number),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($word)?;
                f.write_str(self.digit())
            }
        }

        impl FromStr for $name {
            type Err = LevelError;

            /// Reads the digit alone or the digit behind the word, in either case (`3`, `aal3`).
            fn from_str(text: &str) -> Result<Self, LevelError> {
                let lower = text.to_ascii_lowercase();
                let digit = lower.strip_prefix($word).unwrap_or(&lower);
                Self::ALL.iter().copied().find(|level| level.digit() == digit).ok_or(LevelError)
            }
        }
    };
}

level!(
    /// Identity assurance level (身元確認): how the person behind the account was proofed.
    Ial, "ial", [
    /// Nothing is known but that it is the same holder of the same card. This is our own floor below the guideline's
    /// IAL1: the authentication certificate names nobody.
    Zero = "0",
    /// Self-asserted.
    One = "1",
    /// Proofed remotely or in person.
    Two = "2",
    /// Proofed with the signing certificate (署名用電子証明書) or in person by designated staff.
    Three = "3"]
);
level!(
    /// Authentication assurance level (当人認証).
    Aal, "aal", [
    /// かざし利用: a genuine card was present at an approved terminal, and nobody was asked for a secret (公的個人認証法
    /// Article 38-4). Our own mark below the guideline's AAL1; it satisfies nothing but itself.
    Zero = "0",
    /// One factor.
    One = "1",
    /// Two factors.
    Two = "2",
    /// Two factors, one of them a tamper-resistant hardware key.
    Three = "3"]
);
level!(
    /// Federation assurance level: how the assertion is bound and protected.
    Fal, "fal", [
    /// Bearer assertion, signed.
    One = "1",
    /// Bearer assertion, signed, bound to the request, injection-protected.
    Two = "2",
    /// Assertion bound to a key of the holder.
    Three = "3"]
);

/// What a sign-in reached or what a service asks for, each value by itself.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AssuranceLevel {
    /// Identity proofing.
    pub ial: Ial,
    /// Authentication.
    pub aal: Aal,
}

impl AssuranceLevel {
    /// What is demanded where nobody demands more. PIN-less use alone stays below it.
    pub const LOWEST: Self = Self {
        ial: Ial::Zero,
        aal: Aal::One,
    };

    /// Whether every value is at least as high as in `demand`.
    pub fn satisfies(self, demand: Self) -> bool {
        self.ial >= demand.ial && self.aal >= demand.aal
    }

    /// The higher of each value: what meets both demands.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            ial: self.ial.max(other.ial),
            aal: self.aal.max(other.aal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_both_spellings() {
        assert_eq!("aal3".parse(), Ok(Aal::Three));
        assert_eq!("AAL2".parse(), Ok(Aal::Two));
        assert_eq!("0".parse(), Ok(Ial::Zero));
        assert_eq!("0".parse::<Fal>(), Err(LevelError));
        assert_eq!("aal33".parse::<Aal>(), Err(LevelError));
        assert_eq!("ial3".parse::<Aal>(), Err(LevelError));
    }

    #[test]
    fn satisfies_is_a_partial_order_and_join_its_least_upper_bound() {
        let all: Vec<_> = Ial::ALL
            .iter()
            .flat_map(|ial| Aal::ALL.iter().map(|aal| AssuranceLevel { ial: *ial, aal: *aal }))
            .collect();
        for a in &all {
            for b in &all {
                let join = a.join(*b);
                assert!(join.satisfies(*a) && join.satisfies(*b));
                for upper in all.iter().filter(|u| u.satisfies(*a) && u.satisfies(*b)) {
                    assert!(upper.satisfies(join));
                }
            }
        }
    }
}
