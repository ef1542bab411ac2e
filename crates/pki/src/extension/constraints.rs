//! What an authority lays upon the certificates below it: name constraints, policy mappings, policy constraints,
//! inhibitAnyPolicy (RFC 5280 sections 4.2.1.5, 4.2.1.10, 4.2.1.11, 4.2.1.14).

use super::{expect_tag, sequence_of};
use crate::extension::general_name::GeneralName;
use crate::tlv::{self, Reader};
use crate::{Oid, Reason};

/// No more subtrees than this are read on either side (a bound on work; the size of a certificate bounds it too).
const MAX_SUBTREES: usize = 2048;

/// nameConstraints (section 4.2.1.10). minimum is 0 and maximum absent everywhere, or the extension is malformed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NameConstraints {
    /// Within which every name of the same form must lie.
    pub permitted: Vec<GeneralName>,
    /// Within which no name may lie.
    pub excluded: Vec<GeneralName>,
}

/// One pair of policyMappings (section 4.2.1.5).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyMapping {
    /// issuerDomainPolicy.
    pub issuer: Oid,
    /// subjectDomainPolicy.
    pub subject: Oid,
}

/// policyConstraints (section 4.2.1.11).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PolicyConstraints {
    /// requireExplicitPolicy.
    pub require_explicit_policy: Option<u32>,
    /// inhibitPolicyMapping.
    pub inhibit_policy_mapping: Option<u32>,
}

pub(super) fn name_constraints(value: &[u8]) -> Result<NameConstraints, Reason> {
    let mut fields = tlv::single(value, tlv::SEQUENCE)?.inside();
    let permitted = fields.optional(tlv::context(0))?;
    let excluded = fields.optional(tlv::context(1))?;
    fields.end()?;
    if permitted.is_none() && excluded.is_none() {
        // "Conforming CAs MUST NOT issue certificates where name constraints is an empty sequence."
        return Err(Reason::Malformed {
            field: "NameConstraints",
        });
    }
    let read = |side: Option<tlv::Element<'_>>| side.map_or(Ok(Vec::new()), |list| subtrees(list.inside()));
    Ok(NameConstraints {
        permitted: read(permitted)?,
        excluded: read(excluded)?,
    })
}

fn subtrees(mut list: Reader<'_>) -> Result<Vec<GeneralName>, Reason> {
    let malformed = Reason::Malformed {
        field: "GeneralSubtrees",
    };
    let mut all = Vec::new();
    while !list.is_empty() {
        if all.len() >= MAX_SUBTREES {
            return Err(malformed);
        }
        let mut fields = list.expect(tlv::SEQUENCE)?.inside();
        let base = GeneralName::read(&fields.any()?)?;
        // minimum [0] DEFAULT 0 stands written out in some certificates.
        if fields
            .optional(0x80)?
            .is_some_and(|minimum| minimum.content != [0])
        {
            return Err(malformed);
        }
        fields.end()?;
        if !bounds_hold(&base) {
            return Err(malformed);
        }
        all.push(base);
    }
    if all.is_empty() { Err(malformed) } else { Ok(all) }
}

/// Whether a base has the shape that its form asks for in a constraint.
fn bounds_hold(base: &GeneralName) -> bool {
    match base {
        GeneralName::Ip(address_and_mask) => {
            let (_, mask) = address_and_mask.split_at(address_and_mask.len() / 2);
            matches!(address_and_mask.len(), 8 | 32) && is_prefix_mask(mask)
        }
        GeneralName::Dns(domain) => {
            domain.is_empty() || (!domain.starts_with('.') && !domain.contains(['*', '@', '/', ' ']))
        }
        GeneralName::Email(mailbox) => mailbox.matches('@').count() <= 1,
        _ => true,
    }
}

/// Ones, then zeros (RFC 4632 style, which section 4.2.1.10 asks for).
fn is_prefix_mask(mask: &[u8]) -> bool {
    let mut rest = mask.iter().skip_while(|byte| **byte == 0xff);
    let partial = rest.next().copied().unwrap_or(0);
    partial.leading_ones() + partial.trailing_zeros() >= 8 && rest.all(|byte| *byte == 0)
}

pub(super) fn policy_mappings(value: &[u8]) -> Result<Vec<PolicyMapping>, Reason> {
    sequence_of(value, |element| {
        let mut fields = expect_tag(element, tlv::SEQUENCE)?.inside();
        let issuer = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
        let subject = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
        fields.end()?;
        Ok(PolicyMapping { issuer, subject })
    })
}

pub(super) fn policy_constraints(value: &[u8]) -> Result<PolicyConstraints, Reason> {
    let mut fields = tlv::single(value, tlv::SEQUENCE)?.inside();
    let require_explicit_policy = skip_certs(fields.optional(0x80)?)?;
    let inhibit_policy_mapping = skip_certs(fields.optional(0x81)?)?;
    fields.end()?;
    if require_explicit_policy.is_none() && inhibit_policy_mapping.is_none() {
        // "Conforming CAs MUST NOT issue certificates where policy constraints is an empty sequence."
        return Err(Reason::Malformed {
            field: "PolicyConstraints",
        });
    }
    Ok(PolicyConstraints {
        require_explicit_policy,
        inhibit_policy_mapping,
    })
}

pub(super) fn inhibit_any_policy(value: &[u8]) -> Result<u32, Reason> {
    tlv::small(tlv::single(value, tlv::INTEGER)?.content)
}

fn skip_certs(number: Option<tlv::Element<'_>>) -> Result<Option<u32>, Reason> {
    number.map(|number| tlv::small(number.content)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_prefixes() {
        for (mask, holds) in [
            (&[0xff, 0xff, 0xff, 0][..], true),
            (&[0xff, 0xff, 0xff, 0xff], true),
            (&[0, 0, 0, 0], true),
            (&[0xff, 0xf0, 0, 0], true),
            (&[0xff, 0x0f, 0, 0], false),
            (&[0xff, 0, 0xff, 0], false),
            (&[0x7f, 0, 0, 0], false),
            (&[0, 0, 0, 1], false),
        ] {
            assert_eq!(is_prefix_mask(mask), holds, "{mask:02x?}");
        }
    }
}
