//! What a browser carries for us between two requests: sealed, so that it can be neither read nor changed there.
//!
//! Strangers can begin sign-ins without end. What they begin stands in their own cookies, takes no room here, and pushes nobody else's
//! out. The key lives as long as the process: a question does not outlive a restart, nor go on at another machine.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use domain::{Entropy, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Browsers keep 4096 octets of a cookie, its name and attributes counted (RFC 6265 section 6.1).
const MOST_OCTETS: usize = 3_900;
const ABOUT: &[u8] = b"gap sp-sdk question 1";

pub(super) struct Seal([u8; 32]);

/// What was sealed, and the name under which it is known to be used.
pub(super) struct Opened<T> {
    pub(super) value: T,
    pub(super) name: String,
}

impl Seal {
    pub(super) fn fresh(entropy: &dyn Entropy) -> Self {
        Self(entropy.array())
    }

    fn key(&self) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.0).ok()
    }

    /// For a cookie, to be opened before `until`. `None`: it is longer than a cookie can be.
    pub(super) fn close<T: Serialize>(&self, value: &T, until: Timestamp) -> Option<String> {
        let mut sealed = serde_json::to_vec(&(until, value)).ok()?;
        let nonce = self
            .key()?
            .seal_in_place_append_tag(Aad::from(ABOUT), &mut sealed)
            .ok()?;
        let mut whole = nonce.as_ref().to_vec();
        whole.append(&mut sealed);
        let text = jose::encode_base64url(whole);
        (text.len() <= MOST_OCTETS).then_some(text)
    }

    pub(super) fn open<T: DeserializeOwned>(&self, text: &str, now: Timestamp) -> Option<Opened<T>> {
        if text.len() > MOST_OCTETS {
            return None;
        }
        let whole = jose::decode_base64url(text)?;
        let (nonce, sealed) = whole.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let plain = self
            .key()?
            .open_in_place(nonce, Aad::from(ABOUT), &mut sealed)
            .ok()?;
        let (until, value): (Timestamp, T) = serde_json::from_slice(plain).ok()?;
        // Of the octets, not of the text: one seal has one name however it is written.
        let name = format!("asked:{}", jose::digest::sha256_hex(&whole));
        (until > now).then_some(Opened { value, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MachineEntropy;

    #[test]
    fn what_was_sealed_opens_here_unchanged_and_in_time() {
        let (seal, now) = (Seal::fresh(&MachineEntropy), Timestamp::from_seconds(1_000));
        let until = now.plus_seconds(60);
        let text = seal.close(&"secret".to_owned(), until).unwrap();
        let open = |seal: &Seal, text: &str, now| seal.open::<String>(text, now).map(|opened| opened.value);
        assert_eq!(open(&seal, &text, now).as_deref(), Some("secret"));
        assert_eq!(open(&seal, &text, until), None);
        assert_eq!(open(&Seal::fresh(&MachineEntropy), &text, now), None);
        let mut octets = jose::decode_base64url(&text).unwrap();
        for at in 0..octets.len() {
            octets[at] ^= 1;
            assert_eq!(open(&seal, &jose::encode_base64url(&octets), now), None, "{at}");
            octets[at] ^= 1;
        }
        for cut in ["", "AAAA", &text[..16]] {
            assert_eq!(open(&seal, cut, now), None);
        }
        assert_eq!(seal.close(&"a".repeat(4_000), until), None, "no cookie holds it");
    }
}
