//! Decryption, for the service's side (`sp-sdk`): the same profile as encryption, one refusal for everything.
//!
//! Whoever can send a service ciphertexts and learns in which way they fail, by an error or by time, can decrypt what others sent
//! (XML Encryption 1.1 sections 6.1 and 6.5). So a content key that does not open is replaced by a random one, the content is
//! opened with that, and both end in [`Reason::DecryptionFailed`].

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};
use domain::Entropy;

use super::{ContentCipher, KeyTransport, NAMESPACE, NAMESPACE_11, TYPE_ELEMENT};
use crate::dsig::NAMESPACE as SIGNATURE;
use crate::{Element, Reason, decode_base64};

/// Keys that are tried: the one in use, the one before it, the next one.
const MAX_KEYS: usize = 4;

/// A recipient's private RSA key of at least 2048 bits. Never printed.
pub struct DecryptionKey(OaepPrivateDecryptingKey);

impl std::fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DecryptionKey(RSA, {} bits, ***)", self.0.key_size_bits())
    }
}

impl DecryptionKey {
    /// From PKCS#8 in DER (RFC 5958).
    ///
    /// # Errors
    /// [`Reason::KeyUnusable`]: no RSA key of 2048 bits or more.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Reason> {
        PrivateDecryptingKey::from_pkcs8(der)
            .ok()
            .filter(|key| key.key_size_bits() >= 2048)
            .and_then(|key| OaepPrivateDecryptingKey::new(key).ok())
            .map(Self)
            .ok_or(Reason::KeyUnusable)
    }
}

/// Opens `xenc:EncryptedData` of type Element: the octets of the element that was encrypted. Nothing about them is true yet.
///
/// Algorithms are those of [`super::encrypt`] and no others: AES-GCM, RSA-OAEP.
///
/// # Errors
/// [`Reason::DecryptionFailed`], whatever was wrong: algorithm, structure, key, content.
pub fn decrypt(data: Element<'_>, keys: &[DecryptionKey], entropy: &dyn Entropy) -> Result<Vec<u8>, Reason> {
    let sealed = Sealed::read(data)
        .ok()
        .flatten()
        .ok_or(Reason::DecryptionFailed)?;
    let mut opened = None;
    // Every key is tried, so that time does not say which one it was.
    for key in keys.iter().take(MAX_KEYS) {
        let plain = sealed.open(&sealed.unwrap(key, entropy));
        opened = opened.or(plain);
    }
    opened.ok_or(Reason::DecryptionFailed)
}

struct Sealed {
    cipher: ContentCipher,
    transport: KeyTransport,
    wrapped: Vec<u8>,
    content: Vec<u8>,
}

impl Sealed {
    /// `None`: it is not of this profile.
    fn read(data: Element<'_>) -> Result<Option<Self>, Reason> {
        if !data.is(NAMESPACE, "EncryptedData") || data.attribute("Type") != Some(TYPE_ELEMENT) {
            return Ok(None);
        }
        let [method, info, content] = data.elements()?[..] else {
            return Ok(None);
        };
        if !info.is(SIGNATURE, "KeyInfo") {
            return Ok(None);
        }
        let [key] = info.elements()?[..] else {
            return Ok(None);
        };
        if !key.is(NAMESPACE, "EncryptedKey") {
            return Ok(None);
        }
        let [transport, wrapped] = key.elements()?[..] else {
            return Ok(None);
        };
        let (Some(cipher), Some(transport)) = (cipher(method)?, transport_of(transport)?) else {
            return Ok(None);
        };
        let (Some(wrapped), Some(content)) = (cipher_value(wrapped)?, cipher_value(content)?) else {
            return Ok(None);
        };
        Ok(Some(Self {
            cipher,
            transport,
            wrapped,
            content,
        }))
    }

    /// The content key, or a random one.
    fn unwrap(&self, key: &DecryptionKey, entropy: &dyn Entropy) -> Vec<u8> {
        let length = match self.cipher {
            ContentCipher::Aes128Gcm => 16,
            ContentCipher::Aes256Gcm => 32,
        };
        let instead: [u8; 32] = entropy.array();
        let algorithm = self.transport.algorithm();
        let mut out = vec![0; key.0.min_output_size()];
        let found = key.0.decrypt(algorithm, &self.wrapped, &mut out, None);
        match found {
            Ok(found) if found.len() == length => found.to_vec(),
            _ => instead.iter().copied().take(length).collect(),
        }
    }

    fn open(&self, content_key: &[u8]) -> Option<Vec<u8>> {
        let algorithm = match self.cipher {
            ContentCipher::Aes128Gcm => &AES_128_GCM,
            ContentCipher::Aes256Gcm => &AES_256_GCM,
        };
        let (iv, rest) = self.content.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(iv).ok()?;
        let key = LessSafeKey::new(UnboundKey::new(algorithm, content_key).ok()?);
        let mut octets = rest.to_vec();
        let plain = key.open_in_place(nonce, Aad::empty(), &mut octets).ok()?;
        Some(plain.to_vec())
    }
}

fn cipher(method: Element<'_>) -> Result<Option<ContentCipher>, Reason> {
    let known = [ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm];
    if !method.is(NAMESPACE, "EncryptionMethod") || !method.elements()?.is_empty() {
        return Ok(None);
    }
    Ok(known
        .into_iter()
        .find(|cipher| method.attribute("Algorithm") == Some(cipher.uri())))
}

/// The transport with its parameters, or their defaults.
fn transport_of(method: Element<'_>) -> Result<Option<KeyTransport>, Reason> {
    if !method.is(NAMESPACE, "EncryptionMethod") {
        return Ok(None);
    }
    let (mut digest, mut mask) = (None, None);
    for child in method.elements()? {
        let algorithm = child.attribute("Algorithm");
        if child.is(SIGNATURE, "DigestMethod") && digest.is_none() && algorithm.is_some() {
            digest = algorithm;
        } else if child.is(NAMESPACE_11, "MGF") && mask.is_none() && algorithm.is_some() {
            mask = algorithm;
        } else {
            return Ok(None);
        }
    }
    Ok(method
        .attribute("Algorithm")
        .and_then(|algorithm| KeyTransport::named(algorithm, digest, mask)))
}

fn cipher_value(data: Element<'_>) -> Result<Option<Vec<u8>>, Reason> {
    if !data.is(NAMESPACE, "CipherData") {
        return Ok(None);
    }
    match data.elements()?[..] {
        [value] if value.is(NAMESPACE, "CipherValue") => Ok(Some(decode_base64(&value.text()?)?)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests;
