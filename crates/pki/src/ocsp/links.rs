//! Links from one certificate to others of the same person, in a single response.
//!
//! ```text
//! SEQUENCE OF SEQUENCE {
//!     kind ENUMERATED { predecessor(0), successor(1), signing(2), authentication(3), phone(4), card(5) },
//!     caKind ENUMERATED { userAuthentication(0), digitalSignature(1) },
//!     issuerKeyHash OCTET STRING (SIZE(32)), -- SHA-256 of the SubjectPublicKeyInfo
//!     serial INTEGER
//! }
//! ```
//!
//! The form is ours. That J-LIS links serial numbers in OCSP responses is public, its form is not.

use std::fmt;

use crate::Reason;
use crate::key::hex;
use crate::serial::SerialNumber;
use crate::tlv::{self, Reader};

/// No answer may hold more.
pub const MAX_LINKS: usize = 16;

/// How one certificate belongs to the one in question.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum LinkKind {
    /// The one that it replaced (新旧紐付け).
    Predecessor,
    /// The one that replaced it.
    Successor,
    /// The person's 署名用 certificate.
    Signing,
    /// The person's 利用者証明用 certificate.
    Authentication,
    /// The one on the person's phone.
    Phone,
    /// The one on the person's card.
    Card,
}

impl LinkKind {
    /// All, in the order of their codes.
    pub const ALL: [Self; 6] = [
        Self::Predecessor,
        Self::Successor,
        Self::Signing,
        Self::Authentication,
        Self::Phone,
        Self::Card,
    ];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Predecessor => "predecessor",
            Self::Successor => "successor",
            Self::Signing => "signing",
            Self::Authentication => "authentication",
            Self::Phone => "phone",
            Self::Card => "card",
        }
    }

    /// Reads [`Self::as_str`].
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Which authority issued the linked certificate.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum LinkAuthority {
    /// 利用者証明用.
    UserAuthentication,
    /// 署名用.
    DigitalSignature,
}

/// A link to another certificate of the same person. `Debug` shows its kind only.
#[derive(Clone, Eq, PartialEq)]
pub struct OcspLink {
    /// How it belongs.
    pub kind: LinkKind,
    /// Who issued it.
    pub authority: LinkAuthority,
    /// Lower-case hexadecimal SHA-256 of the issuing key's SubjectPublicKeyInfo.
    pub issuer_key_hash: String,
    /// Its serial number.
    pub serial: SerialNumber,
}

impl fmt::Debug for OcspLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OcspLink")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Reads the value of the extension.
pub(super) fn read(value: &[u8]) -> Result<Vec<OcspLink>, Reason> {
    let mut list = tlv::single(value, tlv::SEQUENCE)?.inside();
    let mut links = Vec::new();
    while !list.is_empty() {
        if links.len() >= MAX_LINKS {
            return Err(Reason::Malformed { field: "links" });
        }
        let link = link(&mut list)?;
        if links.contains(&link) {
            return Err(Reason::Malformed { field: "links" });
        }
        links.push(link);
    }
    Ok(links)
}

fn link(list: &mut Reader<'_>) -> Result<OcspLink, Reason> {
    let mut fields = list.expect(tlv::SEQUENCE)?.inside();
    let kind = match fields.expect(tlv::ENUMERATED)?.content {
        [code] => LinkKind::ALL.get(usize::from(*code)).copied(),
        _ => None,
    };
    let authority = match fields.expect(tlv::ENUMERATED)?.content {
        [0] => Some(LinkAuthority::UserAuthentication),
        [1] => Some(LinkAuthority::DigitalSignature),
        _ => None,
    };
    let hash = fields.expect(tlv::OCTET_STRING)?.content;
    let serial = SerialNumber::from_integer(fields.expect(tlv::INTEGER)?.content)?;
    fields.end()?;
    match (kind, authority) {
        (Some(kind), Some(authority)) if hash.len() == 32 => Ok(OcspLink {
            kind,
            authority,
            issuer_key_hash: hex(hash),
            serial,
        }),
        _ => Err(Reason::Malformed { field: "link" }),
    }
}
