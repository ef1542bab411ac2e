//! The simulated certification authorities: names, generations, certificates.
//!
//! Distinguished names, dates, serial numbers and extensions follow what is published of the real ones
//! (as published at www.jpki.go.jp/ca); only the keys differ, and `O=JPKI-TEST` says so.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::SimError;
use crate::asn1;
use crate::certificate::{
    CRL_SIGN, KEY_CERT_SIGN, Unsigned, authority_constraints, directory_name, distribution_point, extension,
    key_usage, name, oids, signed, subject_key_identifier,
};
use crate::keys::{KeyAlgorithm, KeyCache, PrivateKey, Seed, hex, sha256};

/// Which of the two authorities.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum CaKind {
    /// 利用者証明用
    UserAuthentication,
    /// 署名用
    DigitalSignature,
}

impl CaKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::UserAuthentication, Self::DigitalSignature];

    /// The spelling in state files and on the simulated J-LIS wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserAuthentication => "user-authentication",
            Self::DigitalSignature => "digital-signature",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::UserAuthentication => "JPKI for user authentication",
            Self::DigitalSignature => "JPKI for digital signature",
        }
    }

    fn japanese_unit(self) -> &'static str {
        match self {
            Self::UserAuthentication => "公的個人認証サービス利用者証明用",
            Self::DigitalSignature => "公的個人認証サービス署名用",
        }
    }
}

/// Under which roof an authority stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hierarchy {
    /// `O=JPKI-TEST`: the simulation's own.
    Test,
    /// `O=JPKI`: bears the production names with simulated keys, for tests of the rule about test authorities.
    ProductionNamed,
    /// `O=Unknown Example`: nobody's.
    Foreign,
}

impl Hierarchy {
    fn organization(self) -> &'static str {
        match self {
            Self::Test => "JPKI-TEST",
            Self::ProductionNamed => "JPKI",
            Self::Foreign => "Unknown Example",
        }
    }
}

/// One key generation of one authority.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Which of the two.
    pub kind: CaKind,
    /// Under which roof.
    pub hierarchy: Hierarchy,
    /// 1, 2 or 3: the number of the key under one and the same name.
    pub generation: u8,
    /// DER of its distinguished name.
    pub name: Vec<u8>,
    /// DER of its self-signed certificate.
    pub certificate: Vec<u8>,
    /// Its serial number.
    pub serial: u64,
    /// Its key.
    pub key: PrivateKey,
}

impl Authority {
    /// The authority of a seed, the same on every machine.
    pub fn generate(
        cache: &KeyCache,
        seed: &Seed,
        hierarchy: Hierarchy,
        kind: CaKind,
        generation: u8,
    ) -> Result<Self, SimError> {
        let (serial, from, until) = generation_facts(kind, generation)?;
        let label = format!(
            "authority {} {} {generation}",
            hierarchy.organization(),
            kind.as_str()
        );
        let key = cache.key(seed, &label, KeyAlgorithm::Rsa2048)?;
        let subject = ca_name(hierarchy, kind);
        let certificate = Unsigned {
            serial: serial.to_be_bytes().to_vec(),
            issuer: &subject,
            subject: &subject,
            not_before: from,
            not_after: until,
            spki: &key.spki(),
            extensions: vec![
                key_usage(KEY_CERT_SIGN | CRL_SIGN),
                extension(oids::SUBJECT_ALT_NAME, false, &japanese_names(kind)),
                authority_constraints(),
                distribution_point(&subject),
                subject_key_identifier(&key.key_identifier()),
            ],
        }
        .sign(&key)?;
        Ok(Self {
            kind,
            hierarchy,
            generation,
            name: subject,
            certificate,
            serial,
            key,
        })
    }

    /// Signs any to-be-signed structure (DER with tag and length) as this authority: for tests that alter a good
    /// certificate or list and need the signature to hold.
    pub fn sign_structure(&self, tbs: &[u8]) -> Result<Vec<u8>, SimError> {
        signed(tbs, self.key.signature_algorithm(), &self.key)
    }

    /// Lower-case hexadecimal SHA-256 of the authority's SubjectPublicKeyInfo: which generation.
    pub fn key_hash(&self) -> String {
        hex(&sha256(&self.key.spki()))
    }
}

/// DER of an authority's name: `C, O, OU, OU`, two RDNs of the same attribute (www.jpki.go.jp/ca).
pub fn ca_name(hierarchy: Hierarchy, kind: CaKind) -> Vec<u8> {
    name(&ca_attributes(hierarchy, kind))
}

fn ca_attributes(hierarchy: Hierarchy, kind: CaKind) -> [(asn1::Oid, &'static str); 4] {
    [
        (oids::COUNTRY, "JP"),
        (oids::ORGANIZATION, hierarchy.organization()),
        (oids::ORGANIZATIONAL_UNIT, kind.unit()),
        (
            oids::ORGANIZATIONAL_UNIT,
            "Japan Agency for Local Authority Information Systems",
        ),
    ]
}

/// DER of the name of a municipality's distribution point under an authority (its shape is not published).
pub fn distribution_point_name(
    hierarchy: Hierarchy,
    kind: CaKind,
    prefecture: &str,
    municipality: &str,
) -> Vec<u8> {
    let common_name = format!("{municipality} CRLDP");
    let [country, organization, unit, _] = ca_attributes(hierarchy, kind);
    name(&[
        country,
        organization,
        unit,
        (oids::ORGANIZATIONAL_UNIT, "CRL Distribution Points"),
        (oids::ORGANIZATIONAL_UNIT, prefecture),
        (oids::COMMON_NAME, &common_name),
    ])
}

/// GeneralNames with the authority's Japanese names, as subjectAltName and issuerAltName carry them.
pub(crate) fn japanese_names(kind: CaKind) -> Vec<u8> {
    asn1::sequence(&[directory_name(&name(&[
        (oids::COUNTRY, "JP"),
        (oids::ORGANIZATION, "公的個人認証サービス"),
        (oids::ORGANIZATIONAL_UNIT, kind.japanese_unit()),
        (oids::ORGANIZATIONAL_UNIT, "地方公共団体情報システム機構"),
    ]))])
}

/// Serial number and validity of a generation (those of the published ones, www.jpki.go.jp/ca).
fn generation_facts(kind: CaKind, generation: u8) -> Result<(u64, Timestamp, Timestamp), SimError> {
    let (authentication_serial, signature_serial, from, until) = match generation {
        1 => (1, 1, "2015-10-20T01:00:00Z", "2025-10-19T14:59:59Z"),
        2 => (
            0x0133_C349,
            0x0132_C4AB,
            "2019-09-14T01:00:00Z",
            "2029-09-14T14:59:59Z",
        ),
        3 => (
            0x06D1_8006,
            0x067C_6A21,
            "2023-07-16T01:00:00Z",
            "2033-07-15T14:59:59Z",
        ),
        other => {
            return Err(SimError::Request(format!(
                "no generation {other}: there are 1, 2 and 3"
            )));
        }
    };
    let serial = match kind {
        CaKind::UserAuthentication => authentication_serial,
        CaKind::DigitalSignature => signature_serial,
    };
    let read = |text: &str| Timestamp::parse_rfc3339(text).map_err(|e| SimError::Request(e.to_string()));
    Ok((serial, read(from)?, read(until)?))
}
