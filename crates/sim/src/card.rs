//! A card: certificate, key behind a PIN, retry counter, lock.

use rand_chacha_03::ChaCha20Rng;
use serde::{Deserialize, Serialize};

use crate::SimError;
use crate::keys::{KeyAlgorithm, PrivateKey, sha256_digest_info};

/// Wrong PINs until the 利用者証明用 key locks.
pub const PIN_TRIES: u8 = 3;
/// Wrong passwords until the 署名用 key locks.
pub const PASSWORD_TRIES: u8 = 5;

/// What guards a key of the card.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// 利用者証明用: four digits, three tries.
    #[default]
    Pin,
    /// 署名用: 6 to 16 upper-case letters and digits, five tries.
    Password,
}

impl SecretKind {
    /// Wrong ones until the lock.
    pub const fn tries(self) -> u8 {
        match self {
            Self::Pin => PIN_TRIES,
            Self::Password => PASSWORD_TRIES,
        }
    }

    fn check_shape(self, secret: &str) -> Result<(), CardError> {
        match self {
            Self::Pin if secret.len() == 4 && secret.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
            Self::Pin => Err(CardError::NotAPin),
            Self::Password
                if (6..=16).contains(&secret.len())
                    && secret
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) =>
            {
                Ok(())
            }
            Self::Password => Err(CardError::NotAPassword),
        }
    }
}

/// Why a card refused to sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// Not four digits; the card was not asked.
    #[error("a PIN is exactly four digits")]
    NotAPin,
    /// Not 6 to 16 upper-case letters and digits; the card was not asked.
    #[error("a password is 6 to 16 upper-case letters and digits")]
    NotAPassword,
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
    secret_kind: SecretKind,
    pin: String,
    tries_left: u8,
}

impl Card {
    /// A fresh card whose key is guarded by four digits.
    pub fn new(
        certificate: Vec<u8>,
        issuer: Vec<u8>,
        algorithm: KeyAlgorithm,
        key: PrivateKey,
        signing: CardSigning,
        pin: &str,
    ) -> Result<Self, CardError> {
        SecretKind::Pin.check_shape(pin)?;
        Ok(Self {
            certificate,
            issuer,
            key,
            algorithm,
            signing,
            secret_kind: SecretKind::Pin,
            pin: pin.to_owned(),
            tries_left: PIN_TRIES,
        })
    }

    /// The same card with a key that is guarded in another way.
    pub fn guarded_by(mut self, kind: SecretKind, secret: &str) -> Result<Self, CardError> {
        kind.check_shape(secret)?;
        self.secret_kind = kind;
        secret.clone_into(&mut self.pin);
        self.tries_left = kind.tries();
        Ok(self)
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
        self.tries_left = tries.min(self.secret_kind.tries());
    }

    /// VERIFY: the right PIN resets the counter, a wrong one lowers it.
    pub fn verify_pin(&mut self, pin: &str) -> Result<(), CardError> {
        self.secret_kind.check_shape(pin)?;
        if self.tries_left == 0 {
            return Err(CardError::Locked);
        }
        if pin == self.pin {
            self.tries_left = self.secret_kind.tries();
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

    /// Signs a message as the card's software does: the card pads a DigestInfo of SHA-256 with PKCS#1 v1.5, or signs with
    /// ECDSA and SHA-384.
    pub fn sign(&mut self, secret: &str, message: &[u8]) -> Result<Vec<u8>, SimError> {
        match self.signing {
            CardSigning::Ecdsa => self.sign_ecdsa(secret, message),
            CardSigning::Pkcs1 | CardSigning::Pss => self.sign_pkcs1v15(secret, &sha256_digest_info(message)),
        }
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

/// The placeholder for the card's internal authentication without PIN (公的個人認証法 article 38-4: かざし利用).
///
/// The real card proves itself by its 券面事項確認AP with a key that the holder's date of birth opens; how is not public.
/// Here: HMAC-SHA-256 with the eight digits `YYYYMMDD` as key, over
/// `"gap-placeholder-internal-authentication-v1" ‖ 00 ‖ SHA-256(certificate) ‖ challenge`. It has the shape of the real
/// thing (a challenge, an answer, the date of birth needed on both sides) and none of its strength: whoever knows the
/// certificate and the date can answer.
pub fn internal_authentication(certificate: &[u8], birth_date: &str, challenge: &[u8]) -> Vec<u8> {
    use aws_lc_rs::hmac;
    let mut message = b"gap-placeholder-internal-authentication-v1\0".to_vec();
    message.extend_from_slice(&crate::keys::sha256(certificate));
    message.extend_from_slice(challenge);
    let key = hmac::Key::new(hmac::HMAC_SHA256, birth_date.as_bytes());
    hmac::sign(&key, &message).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyCache, Seed};

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
    fn a_password_has_five_tries_and_a_shape_of_its_own() {
        let mut card = card(KeyAlgorithm::P384, CardSigning::Ecdsa)
            .guarded_by(SecretKind::Password, "ABC123")
            .unwrap();
        for text in ["1234", "abc123", "ABC12", "ABCDEFGH123456789", "ABC-123"] {
            assert_eq!(card.verify_pin(text), Err(CardError::NotAPassword), "{text}");
        }
        for left in [4, 3, 2, 1] {
            assert_eq!(card.verify_pin("ABC124"), Err(CardError::WrongPin { left }));
        }
        assert!(card.sign("ABC123", b"message").is_ok(), "the last try");
        assert_eq!(card.tries_left(), 5);
        for _ in 0..5 {
            let _ = card.verify_pin("ABC124");
        }
        assert_eq!(card.verify_pin("ABC123"), Err(CardError::Locked));
    }

    #[test]
    fn the_placeholder_depends_on_certificate_date_and_challenge() {
        let good = internal_authentication(b"certificate", "19900217", b"challenge");
        assert_eq!(good.len(), 32);
        assert_eq!(
            good,
            internal_authentication(b"certificate", "19900217", b"challenge")
        );
        assert_ne!(
            good,
            internal_authentication(b"another", "19900217", b"challenge")
        );
        assert_ne!(
            good,
            internal_authentication(b"certificate", "19900218", b"challenge")
        );
        assert_ne!(
            good,
            internal_authentication(b"certificate", "19900217", b"another")
        );
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
