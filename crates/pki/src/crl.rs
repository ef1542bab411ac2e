//! Certificate revocation lists (RFC 5280 section 5): the header is read, the signature verified, and only then are
//! the entries walked, one after another without building anything. A national list has millions of them, and the
//! libraries that collect them into vectors need gigabytes.

use std::fmt;

use domain::Timestamp;

use crate::extension::{self, Extension, oids};
use crate::path::TrustAnchor;
use crate::signature::Signed;
use crate::tlv::{self, Reader};
use crate::{Name, Oid, Reason, validity};

mod entries;
mod fast;
mod hashing;
mod stream;
pub use entries::{CrlEntries, CrlEntry, RevocationReason};
pub use stream::{CrlLimits, EntrySink, StreamRefusal, StreamedCrl};

/// No list longer than this is read (10 million entries of 37 bytes, each a 4-byte serial, a time and a reason, have about 370 MB).
pub const MAX_CRL_BYTES: usize = 1 << 30;

const MAX_EXTENSIONS: usize = 32;
const CRL_NUMBER: Oid = Oid::new_unwrap("2.5.29.20");
const ISSUING_DISTRIBUTION_POINT: Oid = Oid::new_unwrap("2.5.29.28");

/// cRLNumber (section 5.2.3): up to 20 bytes, compared as a number.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct CrlNumber([u8; 20]);

impl CrlNumber {
    /// From big-endian bytes as [`Self::as_bytes`] gives them; none where they are not 20.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// 20 bytes, big-endian.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn from_integer(value: &[u8]) -> Result<Self, Reason> {
        let bytes = tlv::unsigned(tlv::single(value, tlv::INTEGER)?.content)?;
        let mut whole = [0; 20];
        let start = whole
            .len()
            .checked_sub(bytes.len())
            .ok_or(Reason::Malformed { field: "CRLNumber" })?;
        whole
            .get_mut(start..)
            .ok_or(Reason::Truncated)?
            .copy_from_slice(bytes);
        Ok(Self(whole))
    }
}

impl From<u64> for CrlNumber {
    fn from(number: u64) -> Self {
        let mut whole = [0; 20];
        if let Some(end) = whole.get_mut(12..) {
            end.copy_from_slice(&number.to_be_bytes());
        }
        Self(whole)
    }
}

/// Which certificates of its issuer a list covers (issuingDistributionPoint, section 5.2.5).
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum CrlScope {
    /// All of them.
    Whole,
    /// Those whose cRLDistributionPoints have one of these names (DER GeneralName, sorted).
    Points(Vec<Vec<u8>>),
}

impl CrlScope {
    /// Whether the list speaks about a certificate with these distribution points.
    pub fn covers(&self, distribution_points: &[Vec<u8>]) -> bool {
        match self {
            Self::Whole => true,
            Self::Points(names) => names.iter().any(|name| distribution_points.contains(name)),
        }
    }
}

impl fmt::Debug for CrlScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("Whole"),
            Self::Points(names) => write!(f, "Points({})", names.len()),
        }
    }
}

/// A list whose signature verified under a pinned authority's key. Made only by [`Crl::verify`].
#[derive(Clone)]
pub struct Crl<'a> {
    issuer: Name,
    issuer_key_hash: String,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    number: Option<CrlNumber>,
    scope: CrlScope,
    entries: &'a [u8],
}

struct Header<'a> {
    issuer: Name,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    entries: &'a [u8],
    extensions: Option<&'a [u8]>,
}

impl<'a> Crl<'a> {
    /// Verifies a DER list against the pinned authorities of its issuer's name: any key generation may have signed it
    /// (which one does is not published), provided its keyUsage has cRLSign.
    ///
    /// Refused besides what is malformed: version 1, deltas, indirect lists, lists of authorities or of attribute
    /// certificates only, lists of some reasons only, and any other critical extension that is not known.
    pub fn verify(der: &'a [u8], anchors: impl IntoIterator<Item = &'a TrustAnchor>) -> Result<Self, Reason> {
        if der.len() > MAX_CRL_BYTES {
            return Err(Reason::TooLarge { limit: MAX_CRL_BYTES });
        }
        let signed = Signed::read(der)?;
        let header = header(&signed)?;
        let named: Vec<&TrustAnchor> = anchors
            .into_iter()
            .filter(|anchor| *anchor.name() == header.issuer)
            .collect();
        if named.is_empty() {
            return Err(Reason::UnknownIssuer);
        }
        let anchor = named
            .iter()
            .filter(|anchor| {
                anchor
                    .certificate()
                    .extensions()
                    .key_usage
                    .is_some_and(super::extension::KeyUsage::crl_sign)
            })
            .find(|anchor| signed.verify(anchor.certificate().public_key()).is_ok())
            .ok_or(Reason::NoIssuerKeyVerifies { tried: named.len() })?;
        let said = match header.extensions {
            Some(wrapped) => ListExtensions::read(wrapped)?,
            None => ListExtensions::default(),
        };
        Ok(Self {
            issuer: header.issuer,
            issuer_key_hash: anchor.key_hash().to_owned(),
            this_update: header.this_update,
            next_update: header.next_update,
            number: said.number,
            scope: said.scope,
            entries: header.entries,
        })
    }

    /// The issuer's name.
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Hexadecimal SHA-256 of the SPKI whose key signed.
    pub fn issuer_key_hash(&self) -> &str {
        &self.issuer_key_hash
    }

    /// When the list was made.
    pub fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// By when the next one will be there.
    pub fn next_update(&self) -> Option<Timestamp> {
        self.next_update
    }

    /// cRLNumber, rising from list to list.
    pub fn number(&self) -> Option<CrlNumber> {
        self.number
    }

    /// Which certificates it covers.
    pub fn scope(&self) -> &CrlScope {
        &self.scope
    }

    /// Walks the entries. After the first error there are no more.
    pub fn entries(&self) -> CrlEntries<'a> {
        CrlEntries::new(self.entries)
    }
}

impl fmt::Debug for Crl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crl")
            .field("this_update", &self.this_update)
            .field("next_update", &self.next_update)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

fn header<'a>(signed: &Signed<'a>) -> Result<Header<'a>, Reason> {
    let mut tbs: Reader<'a> = signed.tbs.inside();
    let version = tbs.optional(tlv::INTEGER)?.ok_or(Reason::Version)?;
    if version.content != [1] {
        return Err(Reason::Version);
    }
    if tbs.expect(tlv::SEQUENCE)?.whole != signed.algorithm {
        return Err(Reason::AlgorithmsDiffer);
    }
    let issuer = Name::from_der(tbs.expect(tlv::SEQUENCE)?.whole)?;
    let this_update = validity::read(&tbs.any()?)?;
    let next_update = match tbs.peek() {
        Some(tlv::UTC_TIME | tlv::GENERALIZED_TIME) => Some(validity::read(&tbs.any()?)?),
        _ => None,
    };
    let entries = tbs.optional(tlv::SEQUENCE)?.map_or(&[][..], |list| list.content);
    let extensions = tbs.optional(tlv::context(0))?.map(|wrapped| wrapped.content);
    tbs.end()?;
    Ok(Header {
        issuer,
        this_update,
        next_update,
        entries,
        extensions,
    })
}

/// What the extensions of a list say.
struct ListExtensions {
    number: Option<CrlNumber>,
    scope: CrlScope,
    /// keyIdentifier of authorityKeyIdentifier: a hint at which key to try first.
    key_id: Option<Vec<u8>>,
}

impl Default for ListExtensions {
    fn default() -> Self {
        Self {
            number: None,
            scope: CrlScope::Whole,
            key_id: None,
        }
    }
}

impl ListExtensions {
    /// Reads the content of `[0]`.
    fn read(wrapped: &[u8]) -> Result<Self, Reason> {
        let mut extensions = tlv::single(wrapped, tlv::SEQUENCE)?.inside();
        let mut all = Self::default();
        let mut seen = Vec::new();
        while !extensions.is_empty() {
            if seen.len() >= MAX_EXTENSIONS {
                return Err(Reason::TooManyExtensions {
                    limit: MAX_EXTENSIONS,
                });
            }
            let extension = Extension::read(&mut extensions)?;
            let oid = extension.oid;
            if seen.contains(&oid) {
                return Err(Reason::DuplicateExtension { oid });
            }
            seen.push(oid);
            let malformed = |_| Reason::MalformedExtension { oid };
            match oid {
                CRL_NUMBER => all.number = Some(CrlNumber::from_integer(extension.value).map_err(malformed)?),
                ISSUING_DISTRIBUTION_POINT => all.scope = scope(extension.value)?,
                oids::AUTHORITY_KEY_ID => {
                    let id = extension::authority_key_id(extension.value).map_err(malformed)?;
                    all.key_id = id.key_id;
                }
                _ if extension.critical => return Err(Reason::UnsupportedExtension { oid }),
                _ => {}
            }
        }
        Ok(all)
    }
}

/// issuingDistributionPoint (section 5.2.5).
fn scope(value: &[u8]) -> Result<CrlScope, Reason> {
    let oid = ISSUING_DISTRIBUTION_POINT;
    let malformed = |_| Reason::MalformedExtension { oid };
    let mut fields = tlv::single(value, tlv::SEQUENCE).map_err(malformed)?.inside();
    let point = fields.optional(tlv::context(0)).map_err(malformed)?;
    // onlyContainsUserCerts does no harm: nothing else is asked about here.
    flag(&mut fields, 1).map_err(malformed)?;
    let only_authorities = flag(&mut fields, 2).map_err(malformed)?;
    let some_reasons = fields.optional(0x83).map_err(malformed)?.is_some();
    let indirect = flag(&mut fields, 4).map_err(malformed)?;
    let only_attributes = flag(&mut fields, 5).map_err(malformed)?;
    fields.end().map_err(malformed)?;
    if only_authorities || some_reasons || indirect || only_attributes {
        return Err(Reason::UnsupportedExtension { oid });
    }
    match point {
        None => Ok(CrlScope::Whole),
        Some(name) => {
            let mut names = extension::full_names(name.content).map_err(malformed)?;
            if names.is_empty() {
                return Err(Reason::UnsupportedExtension { oid });
            }
            names.sort();
            Ok(CrlScope::Points(names))
        }
    }
}

/// `[number] IMPLICIT BOOLEAN DEFAULT FALSE`.
fn flag(fields: &mut Reader<'_>, number: u8) -> Result<bool, Reason> {
    fields
        .optional(0x80 | number)?
        .map_or(Ok(false), |set| tlv::is_true(&set))
}

#[cfg(test)]
mod tests;
