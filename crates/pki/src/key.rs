//! Public keys.

use std::fmt;

use crate::tlv::{self, Element};
use crate::{Oid, Reason};

const RSA_ENCRYPTION: Oid = Oid::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: Oid = Oid::new_unwrap("1.2.840.10045.2.1");
const P256: Oid = Oid::new_unwrap("1.2.840.10045.3.1.7");
const P384: Oid = Oid::new_unwrap("1.3.132.0.34");
const NULL: [u8; 2] = [5, 0];
/// No RSA key longer than this is ever tried (a bound on work).
const MAX_RSA_BITS: u32 = 8192;

/// Which kind of key, and how strong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA.
    Rsa {
        /// Length of the modulus.
        bits: u32,
    },
    /// ECDSA on secp256r1.
    P256,
    /// ECDSA on secp384r1.
    P384,
}

/// A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7, RFC 3279, RFC 5480).
///
/// `Debug` shows the kind only: a card's key names its holder as well as a serial number does.
#[derive(Clone, Eq, PartialEq)]
pub struct PublicKey {
    spki: Vec<u8>,
    bits: Vec<u8>,
    kind: KeyKind,
}

/// The numbers that a key is made of, big-endian.
#[derive(Clone, Copy, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyNumbers<'a> {
    /// RSA, without leading zeros.
    Rsa {
        /// Modulus.
        n: &'a [u8],
        /// Public exponent.
        e: &'a [u8],
    },
    /// Affine coordinates on secp256r1 or secp384r1: whether they are a point is not looked at.
    Point {
        /// `x`, in the length of the field.
        x: &'a [u8],
        /// `y`, in the length of the field.
        y: &'a [u8],
    },
}

impl PublicKey {
    /// Its numbers, for comparison with a key in another form (RFC 7518 section 6).
    pub fn numbers(&self) -> Option<KeyNumbers<'_>> {
        match self.kind {
            KeyKind::Rsa { .. } => {
                let mut key = tlv::single(&self.bits, tlv::SEQUENCE).ok()?.inside();
                let n = tlv::unsigned(key.expect(tlv::INTEGER).ok()?.content).ok()?;
                let e = tlv::unsigned(key.expect(tlv::INTEGER).ok()?.content).ok()?;
                Some(KeyNumbers::Rsa { n, e })
            }
            KeyKind::P256 | KeyKind::P384 => {
                let (_, coordinates) = self.bits.split_at_checked(1)?;
                let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
                Some(KeyNumbers::Point { x, y })
            }
        }
    }

    /// Reads a DER SubjectPublicKeyInfo. RSA of any strength is read: whether it is strong enough is the profile's to say.
    pub fn from_spki(spki: &[u8]) -> Result<Self, Reason> {
        let mut outer = tlv::single(spki, tlv::SEQUENCE)?.inside();
        let mut algorithm = outer.expect(tlv::SEQUENCE)?.inside();
        let kind = tlv::oid(&algorithm.expect(tlv::OBJECT_IDENTIFIER)?)?;
        let parameters = if algorithm.is_empty() {
            None
        } else {
            Some(algorithm.any()?)
        };
        algorithm.end()?;
        let bits = tlv::whole_bits(&outer.expect(tlv::BIT_STRING)?)?;
        outer.end()?;
        let kind = match (kind, parameters) {
            (RSA_ENCRYPTION, Some(parameters)) if parameters.whole == NULL => rsa(bits)?,
            (EC_PUBLIC_KEY, Some(parameters)) => elliptic(&parameters, bits)?,
            (oid, _) => return Err(Reason::UnsupportedKey { oid }),
        };
        Ok(Self {
            spki: spki.to_vec(),
            bits: bits.to_vec(),
            kind,
        })
    }

    /// The key of a certificate, read as leniently as can be: only the outer structure must hold. So the possession
    /// of a key can be proven even where the rest of the certificate will be refused with a page.
    pub fn of_certificate(der: &[u8]) -> Result<Self, Reason> {
        let mut tbs = tlv::single(der, tlv::SEQUENCE)?
            .inside()
            .expect(tlv::SEQUENCE)?
            .inside();
        tbs.optional(tlv::context(0))?;
        // serialNumber, signature, issuer, validity, subject
        for _ in 0..5 {
            tbs.any()?;
        }
        Self::from_spki(tbs.expect(tlv::SEQUENCE)?.whole)
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Kind and strength.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// What the crypto provider takes: RSAPublicKey, or an uncompressed point.
    pub(crate) fn key_bytes(&self) -> &[u8] {
        &self.bits
    }

    /// Lower-case hexadecimal SHA-256 of the SubjectPublicKeyInfo.
    pub fn sha256(&self) -> String {
        hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.spki).as_ref())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.kind)
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn rsa(bits: &[u8]) -> Result<KeyKind, Reason> {
    let malformed = Reason::Malformed {
        field: "RSAPublicKey",
    };
    let mut key = tlv::single(bits, tlv::SEQUENCE)?.inside();
    let modulus = tlv::unsigned(key.expect(tlv::INTEGER)?.content)?;
    tlv::unsigned(key.expect(tlv::INTEGER)?.content)?;
    key.end()?;
    let first = modulus.first().copied().unwrap_or(0);
    let length = u32::try_from(modulus.len()).map_err(|_| malformed.clone())?;
    let bits = length.saturating_mul(8).saturating_sub(first.leading_zeros());
    if bits == 0 || bits > MAX_RSA_BITS {
        Err(malformed)
    } else {
        Ok(KeyKind::Rsa { bits })
    }
}

fn elliptic(parameters: &Element<'_>, bits: &[u8]) -> Result<KeyKind, Reason> {
    if parameters.tag != tlv::OBJECT_IDENTIFIER {
        return Err(Reason::Malformed {
            field: "ECParameters",
        });
    }
    let (kind, length) = match tlv::oid(parameters)? {
        P256 => (KeyKind::P256, 65),
        P384 => (KeyKind::P384, 97),
        oid => return Err(Reason::UnsupportedKey { oid }),
    };
    if bits.len() == length && bits.first() == Some(&4) {
        Ok(kind)
    } else {
        Err(Reason::Malformed { field: "ECPoint" })
    }
}
