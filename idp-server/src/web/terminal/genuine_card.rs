//! The measure that shows that a certificate is in a genuine card (公的個人認証法 Article 38-4): a port, because the real one is
//! not public.

use aws_lc_rs::{digest, hmac};

use super::birth_date::BirthDate;

/// Verifies the card's answer to a challenge.
pub trait GenuineCard: Send + Sync {
    /// Whether a genuine card that holds this certificate (DER), opened with this date of birth, gave this answer.
    fn answered(&self, certificate: &[u8], birth_date: &BirthDate, challenge: &[u8], answer: &[u8]) -> bool;
}

/// That a genuine card answered. Made by [`prove`] alone; a session without PIN asks for it.
#[derive(Debug)]
pub struct CardIsGenuine(());

/// Asks the port.
pub fn prove(
    port: &dyn GenuineCard,
    certificate: &[u8],
    birth_date: &BirthDate,
    challenge: &[u8],
    answer: &[u8],
) -> Option<CardIsGenuine> {
    port.answered(certificate, birth_date, challenge, answer)
        .then_some(CardIsGenuine(()))
}

/// The simulated card's mechanism, a placeholder of ours: HMAC-SHA-256 keyed with the date of birth over a label, the
/// certificate's SHA-256 and the challenge. It has the shape of the real thing and none of its strength (whoever knows
/// the certificate and the date can answer), so only `mode = "test"` composes it.
pub struct Placeholder;

impl GenuineCard for Placeholder {
    fn answered(&self, certificate: &[u8], birth_date: &BirthDate, challenge: &[u8], answer: &[u8]) -> bool {
        let mut message = b"gap-placeholder-internal-authentication-v1\0".to_vec();
        message.extend_from_slice(digest::digest(&digest::SHA256, certificate).as_ref());
        message.extend_from_slice(challenge);
        let key = hmac::Key::new(hmac::HMAC_SHA256, birth_date.expose().as_bytes());
        hmac::verify(&key, &message, answer).is_ok()
    }
}
