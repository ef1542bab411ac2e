//! The number that a device shows, and the others among which a person has to find it (`docs/decisions/0028`).

use domain::Entropy;
use serde::{Deserialize, Serialize};

/// How many the page shows, the right one among them.
pub const CHOICES: usize = 6;

/// Two digits, 10 to 99. They are drawn once: a page that drew new ones each time would tell the right one by what stays.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    shown: String,
    choices: Vec<String>,
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Numbers(***)")
    }
}

impl Numbers {
    /// Draws them, each as likely as any other, no two alike.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut drawn: Vec<String> = Vec::with_capacity(CHOICES);
        while drawn.len() < CHOICES {
            let bytes: [u8; 16] = entropy.array();
            // 180 is the largest multiple of 90 in an octet.
            for number in bytes.into_iter().filter(|byte| *byte < 180) {
                let number = (10 + number % 90).to_string();
                if drawn.len() < CHOICES && !drawn.contains(&number) {
                    drawn.push(number);
                }
            }
        }
        let shown = drawn.first().cloned().unwrap_or_default();
        // In the order of their size, so that the place tells nothing.
        drawn.sort_unstable();
        Self {
            shown,
            choices: drawn,
        }
    }

    /// What the device shows.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// What the page shows.
    pub fn choices(&self) -> &[String] {
        &self.choices
    }

    /// Whether a pick is the device's.
    pub fn is_shown(&self, picked: &str) -> bool {
        jose::digest::same(self.shown.as_bytes(), picked.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    struct From(AtomicU8);

    impl Entropy for From {
        fn fill(&self, buffer: &mut [u8]) {
            for byte in buffer {
                let held = self.0.load(Ordering::Relaxed);
                *byte = held;
                self.0
                    .store(held.wrapping_mul(5).wrapping_add(1), Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn six_different_ones_of_two_digits_and_one_of_them_right() {
        let mut places = std::collections::BTreeSet::new();
        for seed in 0..=255 {
            let numbers = Numbers::generate(&From(AtomicU8::new(seed)));
            let distinct: std::collections::BTreeSet<_> = numbers.choices().iter().collect();
            assert_eq!(distinct.len(), CHOICES);
            assert!(numbers.choices().is_sorted());
            assert!(
                numbers
                    .choices()
                    .iter()
                    .all(|n| (10..=99).contains(&n.parse::<u8>().unwrap()))
            );
            let right: Vec<_> = numbers.choices().iter().map(|n| numbers.is_shown(n)).collect();
            assert_eq!(right.iter().filter(|is| **is).count(), 1);
            places.insert(right.iter().position(|is| *is).unwrap());
            for wrong in ["", "0", "100", " "] {
                assert!(!numbers.is_shown(wrong));
            }
            assert_eq!(format!("{numbers:?}"), "Numbers(***)");
        }
        assert_eq!(
            places.len(),
            CHOICES,
            "the right one stands in every place at times"
        );
    }
}
