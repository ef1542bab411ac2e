//! Where lists are found and whom they cover: DistributionPoint (RFC 5280 section 4.2.1.13) and the parts that
//! issuingDistributionPoint shares with it (section 5.2.5).

use super::{MAX_ELEMENTS, expect_tag, sequence_of};
use crate::Reason;
use crate::extension::general_name::{self, GeneralName};
use crate::tlv::{self, Element, Reader};

/// DistributionPointName.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PointName {
    /// fullName: names of the same thing.
    Full(Vec<GeneralName>),
    /// nameRelativeToCRLIssuer: DER of the RelativeDistinguishedName to put behind the issuer's name, as a SET.
    Relative(Vec<u8>),
}

/// Reasons for revocation, as a set: ReasonFlags.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReasonSet(u16);

impl ReasonSet {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// Every reason that RFC 5280 knows: bits 1 to 8. Bit 0 is unused.
    pub const ALL: Self = Self(0x7f80);

    /// Those of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those of either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every reason of the other set is in this one.
    pub const fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn read(bits: &Element<'_>) -> Result<Self, Reason> {
        super::named_bits(bits.content).map(|bits| Self(bits & Self::ALL.0))
    }
}

/// One DistributionPoint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DistributionPoint {
    /// distributionPoint.
    pub name: Option<PointName>,
    /// reasons.
    pub reasons: Option<ReasonSet>,
    /// cRLIssuer: who signs the list, where it is not the certificate's issuer.
    pub crl_issuer: Option<Vec<GeneralName>>,
}

pub(super) fn points(value: &[u8]) -> Result<Vec<DistributionPoint>, Reason> {
    sequence_of(value, |element| {
        let mut fields = expect_tag(element, tlv::SEQUENCE)?.inside();
        let name = fields
            .optional(tlv::context(0))?
            .map(|name| point_name(name.content))
            .transpose()?;
        let reasons = fields
            .optional(0x81)?
            .map(|bits| ReasonSet::read(&bits))
            .transpose()?;
        let crl_issuer = fields
            .optional(tlv::context(2))?
            .map(|names| general_name::names(names.inside()))
            .transpose()?;
        fields.end()?;
        Ok(DistributionPoint {
            name,
            reasons,
            crl_issuer,
        })
    })
}

/// A DistributionPointName, whose tag is explicit.
pub(crate) fn point_name(explicit: &[u8]) -> Result<PointName, Reason> {
    let mut choice = Reader::new(explicit);
    let name = choice.any()?;
    choice.end()?;
    match name.tag {
        0xa0 => general_name::names(name.inside()).map(PointName::Full),
        // An IMPLICIT SET: the same bytes under the tag of a SET.
        0xa1 => {
            let mut set = name.whole.to_vec();
            if let Some(tag) = set.first_mut() {
                *tag = tlv::SET;
            }
            Ok(PointName::Relative(set))
        }
        _ => Err(Reason::Malformed {
            field: "DistributionPointName",
        }),
    }
}

/// DER of each GeneralName in a DistributionPointName; none where it is relative to the issuer.
pub(crate) fn full_names(explicit: &[u8]) -> Result<Vec<Vec<u8>>, Reason> {
    let mut choice = Reader::new(explicit);
    let name = choice.any()?;
    choice.end()?;
    let mut all = Vec::new();
    match name.tag {
        0xa0 => {
            let mut names = name.inside();
            while !names.is_empty() {
                if all.len() >= MAX_ELEMENTS {
                    return Err(Reason::Malformed {
                        field: "GeneralNames",
                    });
                }
                all.push(names.any()?.whole.to_vec());
            }
            Ok(all)
        }
        0xa1 => Ok(all),
        _ => Err(Reason::Malformed {
            field: "DistributionPointName",
        }),
    }
}

/// DER of each GeneralName in the full names of the points that cover every reason and name no other issuer.
pub(super) fn plain_full_names(value: &[u8]) -> Result<Vec<Vec<u8>>, Reason> {
    let points = sequence_of(value, |element| {
        let mut fields = expect_tag(element, tlv::SEQUENCE)?.inside();
        let name = fields.optional(tlv::context(0))?;
        let some_reasons = fields.optional(0x81)?.is_some();
        let other_issuer = fields.optional(tlv::context(2))?.is_some();
        fields.end()?;
        match name {
            Some(name) if !some_reasons && !other_issuer => full_names(name.content),
            _ => Ok(Vec::new()),
        }
    })?;
    Ok(points.into_iter().flatten().collect())
}
