//! The entries of a list, one at a time.

use domain::Timestamp;

use crate::extension::Extension;
use crate::serial::SerialNumber;
use crate::tlv::{self, Reader};
use crate::{Oid, Reason, validity};

const REASON_CODE: Oid = Oid::new_unwrap("2.5.29.21");
const MAX_EXTENSIONS: usize = 8;

/// Why a certificate was revoked (CRLReason, RFC 5280 section 5.3.1). What each means at JPKI: idp-server/docs/jlis-interface.md.
///
/// removeFromCRL has no variant: it belongs to deltas, which are refused.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum RevocationReason {
    /// No reason given. At JPKI: destroyed before delivery.
    Unspecified,
    /// The holder's key is compromised.
    KeyCompromise,
    /// The authority's key is compromised.
    CaCompromise,
    /// At JPKI: the certificate's contents changed, the holder died or moved abroad.
    AffiliationChanged,
    /// At JPKI: renewed.
    Superseded,
    /// At JPKI: no longer needed, or at the holder's request.
    CessationOfOperation,
    /// At JPKI: suspended because the key's safety is in doubt, and never released: as final as the others.
    CertificateHold,
    /// Not used at JPKI.
    PrivilegeWithdrawn,
    /// Not used at JPKI.
    AaCompromise,
}

impl RevocationReason {
    /// The standard's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }

    /// The reason of a code.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Unspecified,
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            9 => Self::PrivilegeWithdrawn,
            10 => Self::AaCompromise,
            _ => return None,
        })
    }

    /// The code of a reason.
    pub const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::CaCompromise => 2,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
            Self::PrivilegeWithdrawn => 9,
            Self::AaCompromise => 10,
        }
    }
}

/// One revoked certificate. It borrows from the list; `Debug` is absent, since the serial number names a person.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct CrlEntry<'a> {
    /// Serial number, big-endian without leading zeros, 1 to 20 bytes.
    pub serial: &'a [u8],
    /// When.
    pub revoked_at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// Walks the entries of a list.
#[derive(Clone, Debug)]
pub struct CrlEntries<'a> {
    rest: Reader<'a>,
    failed: bool,
}

impl<'a> CrlEntries<'a> {
    pub(super) fn new(entries: &'a [u8]) -> Self {
        Self {
            rest: Reader::new(entries),
            failed: false,
        }
    }
}

impl<'a> Iterator for CrlEntries<'a> {
    type Item = Result<CrlEntry<'a>, Reason>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.rest.is_empty() {
            return None;
        }
        let entry = entry(&mut self.rest);
        self.failed = entry.is_err();
        Some(entry)
    }
}

pub(super) fn entry<'a>(list: &mut Reader<'a>) -> Result<CrlEntry<'a>, Reason> {
    let mut fields = list.expect(tlv::SEQUENCE)?.inside();
    let serial = tlv::unsigned(fields.expect(tlv::INTEGER)?.content).map_err(|_| Reason::SerialNumber)?;
    if serial == [0] || serial.len() > SerialNumber::MAX_BYTES {
        return Err(Reason::SerialNumber);
    }
    let revoked_at = validity::read(&fields.any()?)?;
    let reason = match fields.optional(tlv::SEQUENCE)? {
        None => RevocationReason::Unspecified,
        Some(extensions) => reason(extensions.inside())?,
    };
    fields.end()?;
    Ok(CrlEntry {
        serial,
        revoked_at,
        reason,
    })
}

fn reason(mut extensions: Reader<'_>) -> Result<RevocationReason, Reason> {
    let mut found = None;
    let mut count = 0;
    while !extensions.is_empty() {
        count += 1;
        if count > MAX_EXTENSIONS {
            return Err(Reason::TooManyExtensions {
                limit: MAX_EXTENSIONS,
            });
        }
        let extension = Extension::read(&mut extensions)?;
        let oid = extension.oid;
        if oid == REASON_CODE {
            let code = match tlv::single(extension.value, tlv::ENUMERATED).map(|code| code.content) {
                Ok([code]) => RevocationReason::from_code(*code),
                _ => None,
            };
            let code = code.ok_or(Reason::MalformedExtension { oid })?;
            if found.replace(code).is_some() {
                return Err(Reason::DuplicateExtension { oid });
            }
        } else if extension.critical {
            // certificateIssuer among them: it belongs to indirect lists.
            return Err(Reason::UnsupportedExtension { oid });
        }
    }
    Ok(found.unwrap_or(RevocationReason::Unspecified))
}
