//! The code that a device shows and a person types (RFC 8628 section 6.1).

use std::fmt;

use domain::Entropy;

/// No vowels, so that no words come about; nothing that is read as something else.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters in a code: 34.5 bits (RFC 8628 section 6.1 gives this very example), for some minutes, behind limits per address and for all.
const COUNT: usize = 8;
/// 240 is the largest multiple of 20 in an octet: below it every letter is as likely as any other.
const FAIR: u8 = 240;
/// The longest text that is looked at: a code with whatever somebody types between its letters.
const LONGEST: usize = 4 * COUNT;

/// A code as it is kept and compared: eight letters. `Debug` shows nothing.
#[derive(Clone, Eq, PartialEq)]
pub struct UserCode(String);

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(***)")
    }
}

impl UserCode {
    /// A fresh one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut letters = String::with_capacity(COUNT);
        while letters.len() < COUNT {
            let bytes: [u8; 16] = entropy.array();
            let fair = bytes.into_iter().filter(|byte| *byte < FAIR);
            letters.extend(
                fair.filter_map(|byte| LETTERS.get(usize::from(byte % 20)))
                    .map(|letter| char::from(*letter))
                    .take(COUNT - letters.len()),
            );
        }
        Self(letters)
    }

    /// As people type it: in either case and width, with whatever punctuation and spaces (RFC 8628 section 6.1: characters outside the
    /// set are dropped; letters that are never used are none that could be dropped).
    pub fn read(typed: &str) -> Option<Self> {
        if typed.chars().count() > LONGEST {
            return None;
        }
        let letters: String = typed
            .chars()
            .map(narrow)
            .filter(|c| c.is_alphanumeric())
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let known = letters.len() == COUNT && letters.bytes().all(|byte| LETTERS.contains(&byte));
        known.then_some(Self(letters))
    }

    /// As it is kept.
    pub fn letters(&self) -> &str {
        &self.0
    }

    /// As it is shown: two groups of four.
    pub fn shown(&self) -> String {
        let (first, second) = self.0.split_at(COUNT / 2);
        format!("{first}-{second}")
    }
}

/// Letters of double width, as Japanese keyboards give them.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => u32::from(c)
            .checked_sub(0xfee0)
            .and_then(char::from_u32)
            .unwrap_or(c),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            for (place, byte) in buffer.iter_mut().enumerate() {
                // Two that would not be fair, then 0, 1, 2, …
                *byte = u8::try_from((place + 254) % 256).unwrap();
            }
        }
    }

    #[test]
    fn letters_come_fairly_and_unambiguously() {
        let code = UserCode::generate(&Counting);
        assert_eq!((code.letters(), code.shown().as_str()), ("BCDFGHJK", "BCDF-GHJK"));
        assert_eq!(format!("{code:?}"), "UserCode(***)");
        for ambiguous in b"AEIOUY0123456789" {
            assert!(!LETTERS.contains(ambiguous));
        }
        let distinct: std::collections::BTreeSet<_> = LETTERS.iter().collect();
        assert_eq!(distinct.len(), 20);
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        for typed in [
            "BCDF-GHJK",
            "bcdfghjk",
            " bcdf ghjk",
            "b.c-d-f g/h-j-k",
            "ＢＣＤＦー",
        ] {
            let read = UserCode::read(typed);
            if typed == "ＢＣＤＦー" {
                assert_eq!(read, None, "{typed}");
            } else {
                assert_eq!(read.unwrap().letters(), "BCDFGHJK", "{typed}");
            }
        }
        assert_eq!(
            UserCode::read("ｂｃｄｆ－ｇｈｊｋ").unwrap().letters(),
            "BCDFGHJK"
        );
        for typed in [
            "",
            "BCDF-GHJ",
            "BCDF-GHJKL",
            "ACDF-GHJK",
            "8CDF-GHJK",
            "省庁",
            &"B".repeat(5000),
        ] {
            assert_eq!(UserCode::read(typed), None, "{typed}");
        }
    }
}
