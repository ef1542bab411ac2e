//! Serial numbers: they name a person's certificate, so nothing prints them.

use std::fmt;

use zeroize::Zeroizing;

use crate::{Reason, tlv};

/// A certificate's serial number: big-endian, without the leading 00 of the sign, 1 to 20 bytes, not zero
/// (RFC 5280 section 4.1.2.2).
///
/// At JPKI it names a person, and services must never learn it (公的個人認証法 Article 52). `Debug` shows nothing; the memory is wiped.
#[derive(Clone, Eq, PartialEq)]
pub struct SerialNumber(Zeroizing<Vec<u8>>);

impl SerialNumber {
    /// The longest serial number that RFC 5280 allows, in bytes.
    pub const MAX_BYTES: usize = 20;

    /// From big-endian bytes; leading zero bytes are stripped.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Reason> {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        match bytes.get(zeros..) {
            Some(significant @ [_, ..]) if significant.len() <= Self::MAX_BYTES => {
                Ok(Self(Zeroizing::new(significant.to_vec())))
            }
            _ => Err(Reason::SerialNumber),
        }
    }

    /// From the content of an INTEGER.
    pub(crate) fn from_integer(content: &[u8]) -> Result<Self, Reason> {
        Self::from_bytes(tlv::unsigned(content).map_err(|_| Reason::SerialNumber)?)
    }

    /// The bytes: for digests, look-ups and sealing only. Never into a log, a token or a reply.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SerialNumber(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_do_not_distinguish_and_nothing_is_printed() {
        let serial = SerialNumber::from_bytes(&[0, 0x99, 0x6c]).unwrap();
        assert_eq!(serial, SerialNumber::from_bytes(&[0x99, 0x6c]).unwrap());
        assert_eq!(serial.expose_bytes(), [0x99, 0x6c]);
        assert_eq!(format!("{serial:?}"), "SerialNumber(***)");
        assert_eq!(SerialNumber::from_bytes(&[0; 5]), Err(Reason::SerialNumber));
        assert_eq!(SerialNumber::from_bytes(&[]), Err(Reason::SerialNumber));
        assert_eq!(SerialNumber::from_bytes(&[1; 21]), Err(Reason::SerialNumber));
        assert_eq!(SerialNumber::from_integer(&[0x80]), Err(Reason::SerialNumber));
    }
}
