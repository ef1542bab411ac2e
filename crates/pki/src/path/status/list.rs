//! One revocation list as section 6.3 needs it: scope, issuer and entries of indirect lists too. Nothing here is believed
//! before `status.rs` has found a key that signed it and a path to that key.

use domain::Timestamp;

use crate::crl::{CrlNumber, RevocationReason};
use crate::extension::{Extension, GeneralName, PointName, ReasonSet, general_names, oids, point_name};
use crate::name::CanonicalName;
use crate::signature::Signed;
use crate::tlv::{self, Element, Reader};
use crate::{Name, Oid, PublicKey, Reason, validity};

const CRL_NUMBER: Oid = Oid::new_unwrap("2.5.29.20");
const REASON_CODE: Oid = Oid::new_unwrap("2.5.29.21");
const DELTA_INDICATOR: Oid = Oid::new_unwrap("2.5.29.27");
const ISSUING_POINT: Oid = Oid::new_unwrap("2.5.29.28");
const CERTIFICATE_ISSUER: Oid = Oid::new_unwrap("2.5.29.29");
const MAX_EXTENSIONS: usize = 32;

/// Lists of authorities are small. What a nation's list needs is in the crate `revocation`.
const MAX_LIST_BYTES: usize = 64 << 20;

/// issuingDistributionPoint (section 5.2.5).
#[derive(Default)]
pub(super) struct Scope {
    pub(super) name: Option<PointName>,
    pub(super) only_users: bool,
    pub(super) only_authorities: bool,
    pub(super) only_attributes: bool,
    pub(super) reasons: Option<ReasonSet>,
    pub(super) indirect: bool,
}

/// A list, read but not believed.
pub struct RevocationList<'a> {
    signed: Signed<'a>,
    pub(super) issuer: CanonicalName,
    pub(super) key_id: Option<Vec<u8>>,
    pub(super) this_update: Timestamp,
    pub(super) next_update: Option<Timestamp>,
    pub(super) number: Option<CrlNumber>,
    /// cRLNumber is there and not critical, as section 5.2.3 has it.
    pub(super) well_numbered: bool,
    /// BaseCRLNumber: the list is a delta.
    pub(super) delta_base: Option<CrlNumber>,
    pub(super) scope: Scope,
    scope_der: &'a [u8],
    entries: &'a [u8],
}

/// What an entry says of the certificate that was looked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Entry {
    Revoked {
        reason: RevocationReason,
        at: Timestamp,
    },
    /// removeFromCRL, in deltas.
    Removed,
}

impl<'a> RevocationList<'a> {
    /// Reads a DER list, its entries too: whatever has an unknown critical part, or is no list, is refused, since such a
    /// list must not be used to find out a status (section 5.2, 5.3).
    pub fn parse(der: &'a [u8]) -> Result<Self, Reason> {
        if der.len() > MAX_LIST_BYTES {
            return Err(Reason::TooLarge {
                limit: MAX_LIST_BYTES,
            });
        }
        let signed = Signed::read(der)?;
        let mut tbs: Reader<'a> = signed.tbs.inside();
        let version = tbs.optional(tlv::INTEGER)?.ok_or(Reason::Version)?;
        if version.content != [1] {
            return Err(Reason::Version);
        }
        if tbs.expect(tlv::SEQUENCE)?.whole != signed.algorithm {
            return Err(Reason::AlgorithmsDiffer);
        }
        let issuer = CanonicalName::of(&Name::from_der(tbs.expect(tlv::SEQUENCE)?.whole)?)?;
        let this_update = validity::read(&tbs.any()?)?;
        let next_update = match tbs.peek() {
            Some(tlv::UTC_TIME | tlv::GENERALIZED_TIME) => Some(validity::read(&tbs.any()?)?),
            _ => None,
        };
        let entries = tbs.optional(tlv::SEQUENCE)?.map_or(&[][..], |list| list.content);
        let extensions = tbs.optional(tlv::context(0))?;
        tbs.end()?;
        let mut list = Self {
            signed,
            issuer,
            key_id: None,
            this_update,
            next_update,
            number: None,
            well_numbered: false,
            delta_base: None,
            scope: Scope::default(),
            scope_der: &[],
            entries,
        };
        if let Some(wrapped) = extensions {
            list.read_extensions(wrapped.content)?;
        }
        list.walk(|_, _, _| {})?;
        Ok(list)
    }

    fn read_extensions(&mut self, wrapped: &'a [u8]) -> Result<(), Reason> {
        let mut extensions = tlv::single(wrapped, tlv::SEQUENCE)?.inside();
        let mut seen = Vec::new();
        while !extensions.is_empty() {
            let extension = Extension::read(&mut extensions)?;
            let oid = extension.oid;
            if seen.len() >= MAX_EXTENSIONS {
                return Err(Reason::TooManyExtensions {
                    limit: MAX_EXTENSIONS,
                });
            }
            if seen.contains(&oid) {
                return Err(Reason::DuplicateExtension { oid });
            }
            seen.push(oid);
            let malformed = |_| Reason::MalformedExtension { oid };
            match oid {
                CRL_NUMBER => {
                    self.number = Some(CrlNumber::from_integer(extension.value).map_err(malformed)?);
                    self.well_numbered = !extension.critical;
                }
                DELTA_INDICATOR => {
                    self.delta_base = Some(CrlNumber::from_integer(extension.value).map_err(malformed)?);
                }
                ISSUING_POINT => {
                    self.scope = scope(extension.value).map_err(malformed)?;
                    self.scope_der = extension.value;
                }
                oids::AUTHORITY_KEY_ID => self.key_id = key_id(extension.value).map_err(malformed)?,
                _ if extension.critical => return Err(Reason::UnsupportedExtension { oid }),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether a key signed the list.
    pub(super) fn verify(&self, key: &PublicKey) -> Result<(), Reason> {
        self.signed.verify(key)
    }

    /// Whether two lists have the same scope, byte for byte (section 6.3.3 (c)).
    pub(super) fn same_scope(&self, other: &Self) -> bool {
        self.scope_der == other.scope_der
    }

    /// What the list says about a certificate, and how many entries were read.
    pub(super) fn find(
        &self,
        issuer: &CanonicalName,
        serial: &[u8],
    ) -> Result<(Option<Entry>, usize), Reason> {
        let mut found = None;
        let mut read = 0;
        self.walk(|entry_issuer, entry_serial, entry| {
            read += 1;
            if entry_serial == serial && entry_issuer == issuer {
                // An entry twice: the revoking one counts.
                if found.is_none() || found == Some(Entry::Removed) {
                    found = Some(entry);
                }
            }
        })?;
        Ok((found, read))
    }

    fn walk(&self, mut each: impl FnMut(&CanonicalName, &[u8], Entry)) -> Result<(), Reason> {
        let mut list = Reader::new(self.entries);
        let mut current: Option<CanonicalName> = None;
        while !list.is_empty() {
            let mut fields = list.expect(tlv::SEQUENCE)?.inside();
            let serial = match fields.expect(tlv::INTEGER)?.content {
                // Negative: no certificate that is accepted here has such a number, so the entry speaks about none.
                [0x80..=0xff, ..] => &[],
                number => tlv::unsigned(number).map_err(|_| Reason::SerialNumber)?,
            };
            let at = validity::read(&fields.any()?)?;
            let extensions = fields.optional(tlv::SEQUENCE)?;
            fields.end()?;
            let mut code = 0;
            if let Some(extensions) = extensions {
                let said = entry_extensions(&extensions)?;
                code = said.code;
                if let Some(issuer) = said.issuer {
                    if !self.scope.indirect {
                        return Err(Reason::UnsupportedExtension {
                            oid: CERTIFICATE_ISSUER,
                        });
                    }
                    current = Some(issuer);
                }
            }
            let entry = match RevocationReason::from_code(code) {
                Some(reason) => Entry::Revoked { reason, at },
                None if code == 8 && self.delta_base.is_some() => Entry::Removed,
                None => return Err(Reason::MalformedExtension { oid: REASON_CODE }),
            };
            each(current.as_ref().unwrap_or(&self.issuer), serial, entry);
        }
        Ok(())
    }
}

struct Said {
    code: u8,
    issuer: Option<CanonicalName>,
}

fn entry_extensions(extensions: &Element<'_>) -> Result<Said, Reason> {
    let mut list = extensions.inside();
    let mut said = Said {
        code: 0,
        issuer: None,
    };
    let mut count = 0;
    while !list.is_empty() {
        count += 1;
        if count > MAX_EXTENSIONS {
            return Err(Reason::TooManyExtensions {
                limit: MAX_EXTENSIONS,
            });
        }
        let extension = Extension::read(&mut list)?;
        let oid = extension.oid;
        match oid {
            REASON_CODE => match tlv::single(extension.value, tlv::ENUMERATED)?.content {
                [code] => said.code = *code,
                _ => return Err(Reason::MalformedExtension { oid }),
            },
            CERTIFICATE_ISSUER => {
                let names = general_names(tlv::single(extension.value, tlv::SEQUENCE)?.inside())?;
                said.issuer = Some(directory(&names)?.ok_or(Reason::MalformedExtension { oid })?);
            }
            _ if extension.critical => return Err(Reason::UnsupportedExtension { oid }),
            _ => {}
        }
    }
    Ok(said)
}

/// The first directoryName.
pub(super) fn directory(names: &[GeneralName]) -> Result<Option<CanonicalName>, Reason> {
    names
        .iter()
        .find_map(|name| match name {
            GeneralName::Directory(name) => Some(CanonicalName::of(name)),
            _ => None,
        })
        .transpose()
}

fn scope(value: &[u8]) -> Result<Scope, Reason> {
    let mut fields = tlv::single(value, tlv::SEQUENCE)?.inside();
    let name = fields
        .optional(tlv::context(0))?
        .map(|name| point_name(name.content))
        .transpose()?;
    let only_users = flag(&mut fields, 1)?;
    let only_authorities = flag(&mut fields, 2)?;
    let reasons = fields
        .optional(0x83)?
        .map(|bits| ReasonSet::read(&bits))
        .transpose()?;
    let indirect = flag(&mut fields, 4)?;
    let only_attributes = flag(&mut fields, 5)?;
    fields.end()?;
    Ok(Scope {
        name,
        only_users,
        only_authorities,
        only_attributes,
        reasons,
        indirect,
    })
}

fn flag(fields: &mut Reader<'_>, number: u8) -> Result<bool, Reason> {
    fields
        .optional(0x80 | number)?
        .map_or(Ok(false), |set| tlv::is_true(&set))
}

fn key_id(value: &[u8]) -> Result<Option<Vec<u8>>, Reason> {
    let mut fields = tlv::single(value, tlv::SEQUENCE)?.inside();
    Ok(fields.optional(0x80)?.map(|id| id.content.to_vec()))
}
