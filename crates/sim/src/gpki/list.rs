//! Lists of any shape: partitions, indirect ones, lists for some reasons, deltas.

use domain::Timestamp;

use super::Party;
use crate::SimError;
use crate::asn1::{self, Oid};
use crate::certificate::{directory_name, extension, oids, signed};
use crate::crl::RevocationReason;

const DELTA_INDICATOR: Oid = Oid::new_unwrap("2.5.29.27");
const CERTIFICATE_ISSUER: Oid = Oid::new_unwrap("2.5.29.29");

/// An entry.
#[derive(Clone, Debug)]
pub struct ListEntry {
    /// Serial number.
    pub serial: u64,
    /// When.
    pub at: Timestamp,
    /// Why; none is removeFromCRL.
    pub reason: Option<RevocationReason>,
    /// DER name of the certificate's issuer, in indirect lists.
    pub issuer: Option<Vec<u8>>,
}

/// A list to be.
#[derive(Clone, Debug)]
pub struct ListDraft {
    number: u64,
    this_update: Timestamp,
    next_update: Timestamp,
    scope: Vec<Vec<u8>>,
    delta_base: Option<u64>,
}

impl ListDraft {
    /// A list of everything, of `now`, good for a day.
    pub fn new(number: u64, now: Timestamp) -> Self {
        Self {
            number,
            this_update: now.plus_seconds(-60),
            next_update: now.plus_seconds(86_400),
            scope: Vec::new(),
            delta_base: None,
        }
    }

    /// thisUpdate and nextUpdate.
    #[must_use]
    pub fn dated(mut self, this_update: Timestamp, next_update: Timestamp) -> Self {
        self.this_update = this_update;
        self.next_update = next_update;
        self
    }

    /// A partition: issuingDistributionPoint with one URI.
    #[must_use]
    pub fn point(mut self, uri: &str) -> Self {
        let full_name = asn1::context(0, &super::uri(uri));
        self.scope.push(asn1::context(0, &full_name));
        self
    }

    /// onlyContainsUserCerts.
    #[must_use]
    pub fn users_only(mut self) -> Self {
        self.scope.push(asn1::context_primitive(1, &[0xff]));
        self
    }

    /// onlyContainsCACerts.
    #[must_use]
    pub fn authorities_only(mut self) -> Self {
        self.scope.push(asn1::context_primitive(2, &[0xff]));
        self
    }

    /// onlySomeReasons: the first byte of ReasonFlags and the second.
    #[must_use]
    pub fn reasons(mut self, flags: [u8; 2]) -> Self {
        self.scope
            .push(asn1::context_primitive(3, &[7, flags[0], flags[1]]));
        self
    }

    /// indirectCRL.
    #[must_use]
    pub fn indirect(mut self) -> Self {
        self.scope.push(asn1::context_primitive(4, &[0xff]));
        self
    }

    /// deltaCRLIndicator.
    #[must_use]
    pub fn delta_to(mut self, base: u64) -> Self {
        self.delta_base = Some(base);
        self
    }

    /// The list, signed.
    pub fn sign(&self, issuer: &Party, entries: &[ListEntry]) -> Result<Vec<u8>, SimError> {
        let algorithm = issuer.key.signature_algorithm();
        let mut parts = vec![
            asn1::integer(1),
            algorithm.clone(),
            issuer.name.clone(),
            asn1::time(self.this_update),
            asn1::time(self.next_update),
        ];
        if !entries.is_empty() {
            let listed: Vec<Vec<u8>> = entries.iter().map(entry).collect();
            parts.push(asn1::sequence(&listed));
        }
        let identifier = asn1::sequence(&[asn1::context_primitive(0, &issuer.key.key_identifier())]);
        let mut extensions = vec![
            extension(oids::AUTHORITY_KEY_IDENTIFIER, false, &identifier),
            extension(oids::CRL_NUMBER, false, &asn1::integer(self.number)),
        ];
        if !self.scope.is_empty() {
            let value = asn1::sequence(&self.scope);
            extensions.push(extension(oids::ISSUING_DISTRIBUTION_POINT, true, &value));
        }
        if let Some(base) = self.delta_base {
            extensions.push(extension(DELTA_INDICATOR, true, &asn1::integer(base)));
        }
        parts.push(asn1::context(0, &asn1::sequence(&extensions)));
        signed(&asn1::sequence(&parts), algorithm, &issuer.key)
    }
}

fn entry(entry: &ListEntry) -> Vec<u8> {
    let mut parts = vec![asn1::integer(entry.serial), asn1::time(entry.at)];
    let code = entry.reason.map_or(8, RevocationReason::code);
    let mut extensions = vec![extension(oids::REASON_CODE, false, &asn1::enumerated(code))];
    if let Some(issuer) = &entry.issuer {
        let names = asn1::sequence(&[directory_name(issuer)]);
        extensions.push(extension(CERTIFICATE_ISSUER, true, &names));
    }
    parts.push(asn1::sequence(&extensions));
    asn1::sequence(&parts)
}
