//! Certificate extensions (RFC 5280 section 4.2), typed.

use std::fmt;

use crate::tlv::{self, Element, Reader};
use crate::{Oid, Reason};

mod constraints;
mod distribution;
mod general_name;
pub use constraints::{NameConstraints, PolicyConstraints, PolicyMapping};
pub use distribution::{DistributionPoint, PointName, ReasonSet};
pub(crate) use distribution::{full_names, point_name};
pub use general_name::GeneralName;
pub(crate) use general_name::names as general_names;

/// The identifiers of the extensions that this room reads.
pub(crate) mod oids {
    use crate::Oid;

    pub(crate) const SUBJECT_KEY_ID: Oid = Oid::new_unwrap("2.5.29.14");
    pub(crate) const KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.15");
    pub(crate) const SUBJECT_ALT_NAME: Oid = Oid::new_unwrap("2.5.29.17");
    pub(crate) const ISSUER_ALT_NAME: Oid = Oid::new_unwrap("2.5.29.18");
    pub(crate) const BASIC_CONSTRAINTS: Oid = Oid::new_unwrap("2.5.29.19");
    pub(crate) const NAME_CONSTRAINTS: Oid = Oid::new_unwrap("2.5.29.30");
    pub(crate) const CRL_DISTRIBUTION_POINTS: Oid = Oid::new_unwrap("2.5.29.31");
    pub(crate) const CERTIFICATE_POLICIES: Oid = Oid::new_unwrap("2.5.29.32");
    pub(crate) const POLICY_MAPPINGS: Oid = Oid::new_unwrap("2.5.29.33");
    pub(crate) const AUTHORITY_KEY_ID: Oid = Oid::new_unwrap("2.5.29.35");
    pub(crate) const POLICY_CONSTRAINTS: Oid = Oid::new_unwrap("2.5.29.36");
    pub(crate) const EXTENDED_KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.37");
    pub(crate) const FRESHEST_CRL: Oid = Oid::new_unwrap("2.5.29.46");
    pub(crate) const INHIBIT_ANY_POLICY: Oid = Oid::new_unwrap("2.5.29.54");
    pub(crate) const AUTHORITY_INFO_ACCESS: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.1.1");
}

const MAX_EXTENSIONS: usize = 32;
const MAX_ELEMENTS: usize = 64;

/// keyUsage (section 4.2.1.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyUsage(u16);

impl KeyUsage {
    const fn has(self, bit: u8) -> bool {
        self.0 & (0x8000 >> bit) != 0
    }

    /// Bit 0.
    pub const fn digital_signature(self) -> bool {
        self.has(0)
    }

    /// Bit 1, today called contentCommitment.
    pub const fn non_repudiation(self) -> bool {
        self.has(1)
    }

    /// Bit 5.
    pub const fn key_cert_sign(self) -> bool {
        self.has(5)
    }

    /// Bit 6.
    pub const fn crl_sign(self) -> bool {
        self.has(6)
    }
}

/// basicConstraints (section 4.2.1.9).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BasicConstraints {
    /// cA.
    pub is_authority: bool,
    /// pathLenConstraint.
    pub path_length: Option<u32>,
}

/// authorityKeyIdentifier (section 4.2.1.1).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AuthorityKeyId {
    /// keyIdentifier.
    pub key_id: Option<Vec<u8>>,
    /// Whether authorityCertIssuer and authorityCertSerialNumber are there (they choose nothing here).
    pub names_certificate: bool,
}

/// One PolicyInformation (section 4.2.1.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// policyIdentifier.
    pub oid: Oid,
    /// The kinds of its qualifiers.
    pub qualifiers: Vec<Oid>,
}

/// certificatePolicies (section 4.2.1.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policies {
    /// Whether the extension is critical, as JPKI has it.
    pub critical: bool,
    /// At least one.
    pub policies: Vec<Policy>,
}

/// An AccessDescription that points to a URI (section 4.2.2.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccessDescription {
    /// accessMethod.
    pub method: Oid,
    /// accessLocation.
    pub uri: String,
}

/// The extensions of a certificate. `Debug` shows no key identifiers.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Extensions {
    /// keyUsage.
    pub key_usage: Option<KeyUsage>,
    /// extKeyUsage.
    pub extended_key_usage: Option<Vec<Oid>>,
    /// basicConstraints.
    pub basic_constraints: Option<BasicConstraints>,
    /// subjectKeyIdentifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// authorityKeyIdentifier.
    pub authority_key_id: Option<AuthorityKeyId>,
    /// certificatePolicies.
    pub policies: Option<Policies>,
    /// subjectAltName.
    pub subject_alt_names: Option<Vec<GeneralName>>,
    /// nameConstraints.
    pub name_constraints: Option<NameConstraints>,
    /// policyMappings.
    pub policy_mappings: Option<Vec<PolicyMapping>>,
    /// policyConstraints.
    pub policy_constraints: Option<PolicyConstraints>,
    /// inhibitAnyPolicy.
    pub inhibit_any_policy: Option<u32>,
    /// DER of each GeneralName in the full names of cRLDistributionPoints that name no other cRLIssuer.
    pub distribution_points: Vec<Vec<u8>>,
    /// cRLDistributionPoints whole.
    pub crl_points: Option<Vec<DistributionPoint>>,
    /// freshestCRL: where deltas are.
    pub freshest_crl: Option<Vec<DistributionPoint>>,
    /// authorityInfoAccess, as far as it points to URIs.
    pub access: Vec<AccessDescription>,
    /// Critical extensions that say nothing to the direct path ([`crate::VerifiedPath`]): whoever relies on that alone
    /// must refuse the certificate (section 4.2). Some of them do say something to the validation over intermediate
    /// authorities, which looks at [`Self::critical`].
    pub unknown_critical: Vec<Oid>,
    /// Every critical extension, in order.
    pub critical: Vec<Oid>,
    /// Every extension that is there, in order.
    pub present: Vec<Oid>,
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extensions")
            .field("present", &self.present)
            .finish_non_exhaustive()
    }
}

impl Extensions {
    /// Reads the content of `[3]`.
    pub(crate) fn read(wrapped: &[u8]) -> Result<Self, Reason> {
        let mut list = tlv::single(wrapped, tlv::SEQUENCE)?.inside();
        let mut all = Self::default();
        while !list.is_empty() {
            if all.present.len() >= MAX_EXTENSIONS {
                return Err(Reason::TooManyExtensions {
                    limit: MAX_EXTENSIONS,
                });
            }
            let extension = Extension::read(&mut list)?;
            if all.present.contains(&extension.oid) {
                return Err(Reason::DuplicateExtension { oid: extension.oid });
            }
            all.present.push(extension.oid);
            if extension.critical {
                all.critical.push(extension.oid);
            }
            all.take(&extension)
                .map_err(|_| Reason::MalformedExtension { oid: extension.oid })?;
        }
        Ok(all)
    }

    fn take(&mut self, extension: &Extension<'_>) -> Result<(), Reason> {
        let value = extension.value;
        match extension.oid {
            oids::KEY_USAGE => self.key_usage = Some(key_usage(value)?),
            oids::EXTENDED_KEY_USAGE => self.extended_key_usage = Some(purposes(value)?),
            oids::BASIC_CONSTRAINTS => self.basic_constraints = Some(basic_constraints(value)?),
            oids::SUBJECT_KEY_ID => {
                self.subject_key_id = Some(tlv::single(value, tlv::OCTET_STRING)?.content.to_vec());
            }
            oids::AUTHORITY_KEY_ID => self.authority_key_id = Some(authority_key_id(value)?),
            oids::CERTIFICATE_POLICIES => {
                self.policies = Some(Policies {
                    critical: extension.critical,
                    policies: policies(value)?,
                });
            }
            oids::CRL_DISTRIBUTION_POINTS => {
                self.distribution_points = distribution::plain_full_names(value)?;
                self.crl_points = Some(distribution::points(value)?);
            }
            oids::AUTHORITY_INFO_ACCESS => self.access = access(value)?,
            other => {
                if extension.critical {
                    self.unknown_critical.push(other);
                }
                self.take_beyond_the_direct_path(other, value)?;
            }
        }
        Ok(())
    }

    /// What only the validation over intermediate authorities looks at.
    fn take_beyond_the_direct_path(&mut self, oid: Oid, value: &[u8]) -> Result<(), Reason> {
        match oid {
            oids::SUBJECT_ALT_NAME => {
                self.subject_alt_names = Some(general_name::alternative_names(value)?);
            }
            oids::ISSUER_ALT_NAME => {
                general_name::alternative_names(value)?;
            }
            oids::NAME_CONSTRAINTS => self.name_constraints = Some(constraints::name_constraints(value)?),
            oids::POLICY_MAPPINGS => self.policy_mappings = Some(constraints::policy_mappings(value)?),
            oids::POLICY_CONSTRAINTS => {
                self.policy_constraints = Some(constraints::policy_constraints(value)?);
            }
            oids::INHIBIT_ANY_POLICY => {
                self.inhibit_any_policy = Some(constraints::inhibit_any_policy(value)?);
            }
            oids::FRESHEST_CRL => self.freshest_crl = Some(distribution::points(value)?),
            _ => {}
        }
        Ok(())
    }

    /// Whether an extension is there and critical.
    pub fn is_critical(&self, oid: Oid) -> bool {
        self.critical.contains(&oid)
    }
}

/// One extension, its content not read yet.
pub(crate) struct Extension<'a> {
    pub(crate) oid: Oid,
    pub(crate) critical: bool,
    pub(crate) value: &'a [u8],
}

impl<'a> Extension<'a> {
    pub(crate) fn read(list: &mut Reader<'a>) -> Result<Self, Reason> {
        let mut fields = list.expect(tlv::SEQUENCE)?.inside();
        let oid = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
        let critical = fields
            .optional(tlv::BOOLEAN)?
            .map_or(Ok(false), |flag| tlv::is_true(&flag))?;
        let value = fields.expect(tlv::OCTET_STRING)?.content;
        fields.end()?;
        Ok(Self { oid, critical, value })
    }
}

fn key_usage(value: &[u8]) -> Result<KeyUsage, Reason> {
    named_bits(tlv::single(value, tlv::BIT_STRING)?.content).map(KeyUsage)
}

/// A BIT STRING of at most 16 named bits, the first one highest.
fn named_bits(content: &[u8]) -> Result<u16, Reason> {
    match content {
        [unused @ 0..=7, first] => Ok(u16::from_be_bytes([masked(*first, *unused), 0])),
        [unused @ 0..=7, first, second] => Ok(u16::from_be_bytes([*first, masked(*second, *unused)])),
        _ => Err(Reason::Malformed { field: "BIT STRING" }),
    }
}

fn masked(byte: u8, unused: u8) -> u8 {
    byte & (0xff << unused)
}

/// Reads a SEQUENCE SIZE (1..MAX), each element by `each`.
fn sequence_of<'a, T>(
    value: &'a [u8],
    mut each: impl FnMut(Element<'a>) -> Result<T, Reason>,
) -> Result<Vec<T>, Reason> {
    let mut elements = tlv::single(value, tlv::SEQUENCE)?.inside();
    let mut all = Vec::new();
    while !elements.is_empty() {
        if all.len() >= MAX_ELEMENTS {
            return Err(Reason::Malformed { field: "SEQUENCE OF" });
        }
        all.push(each(elements.any()?)?);
    }
    if all.is_empty() {
        Err(Reason::Malformed { field: "SEQUENCE OF" })
    } else {
        Ok(all)
    }
}

fn expect_tag(element: Element<'_>, tag: u8) -> Result<Element<'_>, Reason> {
    if element.tag == tag {
        Ok(element)
    } else {
        Err(Reason::UnexpectedTag {
            expected: tag,
            found: element.tag,
        })
    }
}

fn purposes(value: &[u8]) -> Result<Vec<Oid>, Reason> {
    sequence_of(value, |element| {
        tlv::oid(&expect_tag(element, tlv::OBJECT_IDENTIFIER)?)
    })
}

fn basic_constraints(value: &[u8]) -> Result<BasicConstraints, Reason> {
    let mut fields = tlv::single(value, tlv::SEQUENCE)?.inside();
    let is_authority = fields
        .optional(tlv::BOOLEAN)?
        .map_or(Ok(false), |flag| tlv::is_true(&flag))?;
    let path_length = fields
        .optional(tlv::INTEGER)?
        .map(|number| tlv::small(number.content))
        .transpose()?;
    fields.end()?;
    Ok(BasicConstraints {
        is_authority,
        path_length,
    })
}

pub(crate) fn authority_key_id(value: &[u8]) -> Result<AuthorityKeyId, Reason> {
    let mut fields = tlv::single(value, tlv::SEQUENCE)?.inside();
    let key_id = fields.optional(0x80)?.map(|id| id.content.to_vec());
    let issuer = fields.optional(tlv::context(1))?;
    let serial = fields.optional(0x82)?;
    fields.end()?;
    if issuer.is_some() != serial.is_some() {
        return Err(Reason::Malformed {
            field: "AuthorityKeyIdentifier",
        });
    }
    Ok(AuthorityKeyId {
        key_id,
        names_certificate: issuer.is_some(),
    })
}

fn policies(value: &[u8]) -> Result<Vec<Policy>, Reason> {
    let policies = sequence_of(value, |element| {
        let mut fields = expect_tag(element, tlv::SEQUENCE)?.inside();
        let oid = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
        let qualifiers = match fields.optional(tlv::SEQUENCE)? {
            None => Vec::new(),
            Some(list) => sequence_of(list.whole, |qualifier| {
                let mut fields = expect_tag(qualifier, tlv::SEQUENCE)?.inside();
                let kind = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
                fields.any()?;
                fields.end()?;
                Ok(kind)
            })?,
        };
        fields.end()?;
        Ok(Policy { oid, qualifiers })
    })?;
    // "A certificate policy OID MUST NOT appear more than once" (section 4.2.1.4).
    let repeated = policies.iter().enumerate().any(|(place, policy)| {
        policies
            .iter()
            .take(place)
            .any(|earlier| earlier.oid == policy.oid)
    });
    if repeated {
        Err(Reason::Malformed {
            field: "CertificatePolicies",
        })
    } else {
        Ok(policies)
    }
}

fn access(value: &[u8]) -> Result<Vec<AccessDescription>, Reason> {
    let all = sequence_of(value, |element| {
        let mut fields = expect_tag(element, tlv::SEQUENCE)?.inside();
        let method = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
        let location = fields.any()?;
        fields.end()?;
        // uniformResourceIdentifier [6] IA5String
        if location.tag != 0x86 || !location.content.is_ascii() {
            return Ok(None);
        }
        let uri =
            String::from_utf8(location.content.to_vec()).map_err(|_| Reason::Malformed { field: "URI" })?;
        Ok(Some(AccessDescription { method, uri }))
    })?;
    Ok(all.into_iter().flatten().collect())
}
