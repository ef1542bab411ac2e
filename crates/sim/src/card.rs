//! A card: certificate, key behind a PIN, retry counter, lock.

use rand_chacha_03::ChaCha20Rng;
use serde::{Deserialize, Serialize};

use crate::SimError;
use crate::keys::{KeyAlgorithm, PrivateKey};

/// Wrong PINs until the card locks (facts §3.1, CONFIRMED).
pub const PIN_TRIES: u8 = 3;

/// Why a card refused to sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// Not four digits; the card was not asked.
    #[error("a PIN is exactly four digits")]
    NotAPin,
    /// Status word 63Cx.
    #[error("wrong PIN, {left} tries left")]
    WrongPin {
        /// How many wrong PINs remain until the lock.
        left: u8,
    },
    /// Status word 6984.
    #[error("locked after too many wrong PINs")]
    Locked,
    /// The card's command pads 1 to 245 bytes.
    #[error("nothing to sign, or more than the card takes")]
    Length,
    /// The card has no such command.
    #[error("the card cannot sign in that way")]
    Unsupported,
}

/// How the key of a card may be used from a computer.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum CardSigning {
    /// PKCS#1 v1.5 only, as the middleware of today.
    #[default]
    Pkcs1,
    /// PKCS#1 v1.5 and RSASSA-PSS (the card's command with P1=04).
    Pss,
    /// ECDSA: the next card.
    Ecdsa,
}

/// The state of a card's chip.
#[derive(Clone, Debug)]
pub struct Card {
    certificate: Vec<u8>,
    issuer: Vec<u8>,
    key: PrivateKey,
    algorithm: KeyAlgorithm,
    signing: CardSigning,
    pin: String,
    tries_left: u8,
}

impl Card {
    /// A fresh card.
    pub fn new(
        certificate: Vec<u8>,
        issuer: Vec<u8>,
        algorithm: KeyAlgorithm,
        key: PrivateKey,
        signing: CardSigning,
        pin: &str,
    ) -> Result<Self, CardError> {
        check_shape(pin)?;
        Ok(Self {
            certificate,
            issuer,
            key,
            algorithm,
            signing,
            pin: pin.to_owned(),
            tries_left: PIN_TRIES,
        })
    }

    /// The certificate (DER). The real card gives it without a PIN, so it proves nothing.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The certificate of the authority that issued it (DER).
    pub fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    /// How the key may be used.
    pub fn signing(&self) -> CardSigning {
        self.signing
    }

    /// Lets the key be used in another way (the same chip behind other middleware).
    #[must_use]
    pub fn with_signing(mut self, signing: CardSigning) -> Self {
        self.signing = signing;
        self
    }

    /// Which kind of key.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The key, which a real card would never give: for exports into software tokens.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// Wrong PINs until the lock; 0 is locked.
    pub fn tries_left(&self) -> u8 {
        self.tries_left
    }

    /// Sets the retry counter, when a card is read back from its file.
    pub(crate) fn set_tries_left(&mut self, tries: u8) {
        self.tries_left = tries.min(PIN_TRIES);
    }

    /// VERIFY: the right PIN resets the counter, a wrong one lowers it.
    pub fn verify_pin(&mut self, pin: &str) -> Result<(), CardError> {
        check_shape(pin)?;
        if self.tries_left == 0 {
            return Err(CardError::Locked);
        }
        if pin == self.pin {
            self.tries_left = PIN_TRIES;
            return Ok(());
        }
        self.tries_left -= 1;
        match self.tries_left {
            0 => Err(CardError::Locked),
            left => Err(CardError::WrongPin { left }),
        }
    }

    /// Pads what is given (normally a DigestInfo) with PKCS#1 v1.5 type 1 and signs it.
    pub fn sign_pkcs1v15(&mut self, pin: &str, digest_info: &[u8]) -> Result<Vec<u8>, SimError> {
        self.verify_pin(pin)?;
        if self.signing == CardSigning::Ecdsa {
            return Err(CardError::Unsupported.into());
        }
        if digest_info.is_empty() || digest_info.len() > self.key.bits() / 8 - 11 {
            return Err(CardError::Length.into());
        }
        self.key.sign_pkcs1v15(digest_info)
    }

    /// RSASSA-PSS over a SHA-256 digest, with a salt of 32 bytes from `chance`.
    pub fn sign_pss(
        &mut self,
        pin: &str,
        digest: &[u8; 32],
        chance: &mut ChaCha20Rng,
    ) -> Result<Vec<u8>, SimError> {
        self.verify_pin(pin)?;
        if self.signing != CardSigning::Pss {
            return Err(CardError::Unsupported.into());
        }
        self.key.sign_pss_sha256(digest, chance)
    }

    /// ECDSA on P-384 with SHA-384, DER form.
    pub fn sign_ecdsa(&mut self, pin: &str, message: &[u8]) -> Result<Vec<u8>, SimError> {
        self.verify_pin(pin)?;
        if self.signing != CardSigning::Ecdsa {
            return Err(CardError::Unsupported.into());
        }
        self.key.sign(message)
    }
}

fn check_shape(pin: &str) -> Result<(), CardError> {
    if pin.len() == 4 && pin.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        Err(CardError::NotAPin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyCache, Seed, sha256_digest_info};

    fn card(algorithm: KeyAlgorithm, signing: CardSigning) -> Card {
        let key = KeyCache::shared()
            .key(&Seed::from_text("card tests"), "key", algorithm)
            .unwrap();
        Card::new(vec![], vec![], algorithm, key, signing, "1234").unwrap()
    }

    #[test]
    fn three_wrong_pins_lock_and_the_right_one_in_between_resets() {
        let mut card = card(KeyAlgorithm::P384, CardSigning::Ecdsa);
        assert_eq!(card.verify_pin("0000"), Err(CardError::WrongPin { left: 2 }));
        assert_eq!(card.verify_pin("0000"), Err(CardError::WrongPin { left: 1 }));
        assert_eq!(card.verify_pin("1234"), Ok(()));
        assert_eq!(card.tries_left(), 3);
        for left in [2, 1] {
            assert_eq!(card.verify_pin("9999"), Err(CardError::WrongPin { left }));
        }
        assert_eq!(card.verify_pin("9999"), Err(CardError::Locked));
        assert_eq!(
            card.verify_pin("1234"),
            Err(CardError::Locked),
            "the right PIN no longer helps"
        );
        assert!(matches!(
            card.sign_ecdsa("1234", b"x"),
            Err(SimError::Card(CardError::Locked))
        ));
    }

    #[test]
    fn what_is_no_pin_costs_no_try() {
        let mut card = card(KeyAlgorithm::P384, CardSigning::Ecdsa);
        for text in ["", "123", "12345", "12a4", "１２３４"] {
            assert_eq!(card.verify_pin(text), Err(CardError::NotAPin));
        }
        assert_eq!(card.tries_left(), 3);
    }

    #[test]
    fn a_card_of_today_signs_pkcs1_only_and_nothing_too_long() {
        let mut card = card(KeyAlgorithm::Rsa1024, CardSigning::Pkcs1);
        let info = sha256_digest_info(b"message");
        assert_eq!(card.sign_pkcs1v15("1234", &info).unwrap().len(), 128);
        let mut chance = Seed::from_text("salt").stream("pss");
        assert!(matches!(
            card.sign_pss("1234", &[0; 32], &mut chance),
            Err(SimError::Card(CardError::Unsupported))
        ));
        for length in [0, 118] {
            assert!(matches!(
                card.sign_pkcs1v15("1234", &vec![1; length]),
                Err(SimError::Card(CardError::Length))
            ));
        }
    }
}
