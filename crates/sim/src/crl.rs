//! Certificate revocation lists (RFC 5280 section 5) as the simulated authorities publish them.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::SimError;
use crate::asn1;
use crate::authority::Authority;
use crate::certificate::{directory_name, extension, oids, signed};
use crate::keys::PrivateKey;

/// Why a certificate was revoked (RFC 5280 section 5.3.1). What each means at JPKI: idp-server/docs/jlis-interface.md.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationReason {
    /// Destroyed before delivery; the entry carries no reason code.
    Unspecified,
    /// The holder's key is compromised.
    KeyCompromise,
    /// The authority's key is compromised.
    CaCompromise,
    /// The certificate's contents changed; death; moving abroad.
    AffiliationChanged,
    /// Renewed.
    Superseded,
    /// No longer needed; the holder's request.
    CessationOfOperation,
    /// Suspended because the key's safety is in doubt; never released.
    CertificateHold,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
    ];

    /// CRLReason.
    pub const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::CaCompromise => 2,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
        }
    }
}

/// One revoked certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Serial number.
    pub serial: u64,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// What a list says besides its entries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CrlFacts {
    /// cRLNumber.
    pub number: u64,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Option<Timestamp>,
    /// DER name in the issuingDistributionPoint: the list covers only certificates that name the same point.
    pub distribution_point: Option<Vec<u8>>,
}

/// A signed list.
pub fn crl(authority: &Authority, facts: &CrlFacts, entries: &[Entry]) -> Result<Vec<u8>, SimError> {
    ListForm {
        issuer: &authority.name,
        signer: &authority.key,
        key_identifier: &authority.key.key_identifier(),
        facts,
        entries: entries.iter().flat_map(entry).collect(),
        claimed_entries: None,
    }
    .sign()
}

/// The extensions of a list.
pub(crate) fn extensions(authority: &Authority, facts: &CrlFacts) -> Vec<Vec<u8>> {
    extensions_under(&authority.key.key_identifier(), facts)
}

fn extensions_under(key_identifier: &[u8], facts: &CrlFacts) -> Vec<Vec<u8>> {
    let key_identifier = asn1::sequence(&[asn1::context_primitive(0, key_identifier)]);
    let mut extensions = vec![
        extension(oids::AUTHORITY_KEY_IDENTIFIER, false, &key_identifier),
        extension(oids::CRL_NUMBER, false, &asn1::integer(facts.number)),
    ];
    if let Some(point) = &facts.distribution_point {
        let full_name = asn1::context(0, &directory_name(point));
        let value = asn1::sequence(&[asn1::context(0, &full_name)]);
        extensions.push(extension(oids::ISSUING_DISTRIBUTION_POINT, true, &value));
    }
    extensions
}

/// Everything that a list is made of, so that it can be wrong.
pub(crate) struct ListForm<'a> {
    /// DER name of the issuer.
    pub(crate) issuer: &'a [u8],
    /// Who signs.
    pub(crate) signer: &'a PrivateKey,
    /// authorityKeyIdentifier.
    pub(crate) key_identifier: &'a [u8],
    pub(crate) facts: &'a CrlFacts,
    /// DER of the entries, one after another.
    pub(crate) entries: Vec<u8>,
    /// By how many bytes the length of revokedCertificates lies.
    pub(crate) claimed_entries: Option<usize>,
}

impl ListForm<'_> {
    pub(crate) fn sign(&self) -> Result<Vec<u8>, SimError> {
        let facts = self.facts;
        let algorithm = self.signer.signature_algorithm();
        let mut parts = vec![
            asn1::integer(1),
            algorithm.clone(),
            self.issuer.to_vec(),
            asn1::time(facts.this_update),
        ];
        parts.extend(facts.next_update.map(asn1::time));
        if !self.entries.is_empty() {
            let mut listed = asn1::sequence(std::slice::from_ref(&self.entries));
            if let Some(more) = self.claimed_entries {
                let honest_header = listed.len() - self.entries.len();
                let mut claimed = asn1::sequence(&[vec![0; self.entries.len() + more]]);
                claimed.truncate(claimed.len() - self.entries.len() - more);
                listed.splice(..honest_header, claimed);
            }
            parts.push(listed);
        }
        let extensions = extensions_under(self.key_identifier, facts);
        parts.push(asn1::context(0, &asn1::sequence(&extensions)));
        signed(&asn1::sequence(&parts), algorithm, self.signer)
    }
}

pub(crate) fn entry(entry: &Entry) -> Vec<u8> {
    entry_with_code(entry, entry.reason.code())
}

/// An entry with any reason code; 0 is left out.
pub(crate) fn entry_with_code(entry: &Entry, code: u8) -> Vec<u8> {
    let mut parts = vec![asn1::integer(entry.serial), asn1::time(entry.at)];
    if code != 0 {
        let reason = extension(oids::REASON_CODE, false, &asn1::enumerated(code));
        parts.push(asn1::sequence(&[reason]));
    }
    asn1::sequence(&parts)
}
