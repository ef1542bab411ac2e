//! Encryption of an element to a recipient's key (XML Encryption 1.1, the part that SAML needs).
//!
//! **Owns** `xenc:EncryptedData` with AES-GCM and, inside its `ds:KeyInfo`, one `xenc:EncryptedKey` with RSA-OAEP.
//!
//! Decryption is for the service's side alone (`sp-sdk`): an identity provider never receives anything encrypted.
//!
//! **Deliberately absent**: CBC (padding oracles), RSA PKCS#1 v1.5 (Bleichenbacher), keys beside the data (`RetrievalMethod`).
//!
//! **One more cipher**: a variant with its URI, its reading in `enc/decrypt.rs`, and its row in `tests/xmlsec1.rs`. **One more transport**: a
//! row of the table in `enc/transport.rs`.

mod decrypt;
mod transport;

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use domain::Entropy;

pub use self::decrypt::{DecryptionKey, decrypt};
pub use self::transport::KeyTransport;
use crate::dsig::ds;
use crate::{Name, NewElement, Reason, encode_base64};

/// `http://www.w3.org/2001/04/xmlenc#`
pub const NAMESPACE: &str = "http://www.w3.org/2001/04/xmlenc#";
const NAMESPACE_11: &str = "http://www.w3.org/2009/xmlenc11#";
const TYPE_ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";

/// How the content is encrypted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ContentCipher {
    /// AES-128-GCM
    Aes128Gcm,
    /// AES-256-GCM
    #[default]
    Aes256Gcm,
}

impl ContentCipher {
    /// The identifier (XML Encryption 1.1 section 5.2.4).
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        }
    }
}

/// A recipient's RSA key of at least 2048 bits.
pub struct EncryptionKey(OaepPublicEncryptingKey);

impl std::fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EncryptionKey(RSA, {} bits)", self.0.key_size_bits())
    }
}

impl EncryptionKey {
    /// From a DER `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7).
    pub fn from_spki(spki: &[u8]) -> Result<Self, Reason> {
        PublicEncryptingKey::from_der(spki)
            .ok()
            .filter(|key| key.key_size_bits() >= 2048)
            .and_then(|key| OaepPublicEncryptingKey::new(key).ok())
            .map(Self)
            .ok_or(Reason::KeyUnusable)
    }
}

/// Encrypts an element whole: `xenc:EncryptedData` of type Element.
///
/// The plaintext is the element's canonical form and so declares its own namespaces. Content key and
/// initialisation vector come from `entropy`; the OAEP seed is the provider's own.
pub fn encrypt(
    element: &NewElement,
    key: &EncryptionKey,
    cipher: ContentCipher,
    transport: KeyTransport,
    entropy: &dyn Entropy,
) -> Result<NewElement, Reason> {
    let mut content_key: [u8; 32] = entropy.array();
    let content_key = match cipher {
        ContentCipher::Aes128Gcm => content_key.get_mut(..16).unwrap_or_default(),
        ContentCipher::Aes256Gcm => &mut content_key[..],
    };
    let sealed = seal(element.to_canonical()?, content_key, cipher, entropy)?;
    let wrapped = wrap(content_key, key, transport);
    content_key.fill(0);
    Ok(xenc("EncryptedData")
        .attribute("Type", TYPE_ELEMENT)
        .child(xenc("EncryptionMethod").attribute("Algorithm", cipher.uri()))
        .child(
            ds("KeyInfo").child(
                xenc("EncryptedKey")
                    .child(
                        xenc("EncryptionMethod")
                            .attribute("Algorithm", transport.uri())
                            .children(transport.parameters()),
                    )
                    .child(cipher_data(&wrapped?)),
            ),
        )
        .child(cipher_data(&sealed)))
}

/// XML Encryption 1.1 section 5.2.4: 96-bit IV, ciphertext, 128-bit tag.
fn seal(
    mut plaintext: Vec<u8>,
    content_key: &[u8],
    cipher: ContentCipher,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Reason> {
    let algorithm = match cipher {
        ContentCipher::Aes128Gcm => &AES_128_GCM,
        ContentCipher::Aes256Gcm => &AES_256_GCM,
    };
    let iv: [u8; NONCE_LEN] = entropy.array();
    let key = UnboundKey::new(algorithm, content_key).map_err(|_| Reason::EncryptionFailed)?;
    // The key is fresh for this one message, so no nonce can repeat under it.
    LessSafeKey::new(key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(iv), Aad::empty(), &mut plaintext)
        .map_err(|_| Reason::EncryptionFailed)?;
    let mut sealed = iv.to_vec();
    sealed.extend(plaintext);
    Ok(sealed)
}

fn wrap(content_key: &[u8], key: &EncryptionKey, transport: KeyTransport) -> Result<Vec<u8>, Reason> {
    let mut wrapped = vec![0; key.0.ciphertext_size()];
    let written = key
        .0
        .encrypt(transport.algorithm(), content_key, &mut wrapped, None)
        .map_err(|_| Reason::EncryptionFailed)?
        .len();
    wrapped.truncate(written);
    Ok(wrapped)
}

fn cipher_data(octets: &[u8]) -> NewElement {
    xenc("CipherData").child(xenc("CipherValue").text(encode_base64(octets)))
}

const fn xenc(local: &'static str) -> NewElement {
    NewElement::new(Name::new("xenc", NAMESPACE, local))
}
