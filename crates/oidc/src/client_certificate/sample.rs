//! A certificate for the tables of this room's rules.

use domain::Timestamp;
use jose::PublicKey;

use super::{Ask, Authority, CertificateFacts, CertificateFault, Demand, SubjectName};
use crate::sample::NOW;

/// A good certificate of a client with every form of name.
pub(crate) fn certificate() -> CertificateFacts {
    CertificateFacts {
        sha256: "ab".repeat(32),
        confirmation: "x5t".to_owned(),
        not_before: NOW.plus_seconds(-60),
        not_after: NOW.plus_seconds(60),
        key: Some(key(1)),
        authority: Authority::Pinned,
        subject_dn: Some("CN=client,O=Ministry,C=JP".to_owned()),
        names: vec![
            SubjectName::Dns("Client.ministry.example".to_owned()),
            SubjectName::Uri("urn:ministry:client".to_owned()),
            SubjectName::Ip(vec![192, 0, 2, 1]),
            SubjectName::Email("Client@Ministry.example".to_owned()),
        ],
    }
}

/// A key that a JWK could show.
pub(crate) fn key(first: u8) -> PublicKey {
    PublicKey::Rsa {
        n: vec![0x80 | first; 256],
        e: vec![1, 0, 1],
    }
}

/// What a rule says to a certificate.
pub(crate) fn said(
    check: fn(&Ask<'_>) -> Result<(), CertificateFault>,
    certificate: &CertificateFacts,
    demand: Demand<'_>,
    now: Timestamp,
) -> Result<(), CertificateFault> {
    check(&Ask {
        certificate,
        demand,
        now,
    })
}
