//! Mutual TLS (RFC 8705 section 2): whether the certificate of a connection is one that a client is registered with.
//!
//! **Owns** the facts that rules want to know of a certificate ([`CertificateFacts`]), the order of the rules in
//! `rules/client_certificate/` as one table ([`RULES`]), why a certificate is refused ([`CertificateFault`]).
//!
//! **Deliberately absent**: the handshake that proved the key, the reading of the certificate and the judgement of its path (the
//! listener's; what it found comes as a fact), certificates in headers, revocation (a client's registration is ended in the register, at
//! once).
//!
//! **Neighbours**: `client_authentication.rs` asks; verifiers, who are no clients, are judged by the same table.
//!
//! **One more rule**: a file in `rules/client_certificate/` and its row in [`RULES`].

mod fault;
#[cfg(test)]
pub(crate) mod sample;

use std::fmt;

use domain::{RegisteredCertificate, Timestamp};
use jose::{JwkSet, PublicKey};

pub use self::fault::CertificateFault;
use crate::Reason;
use crate::rules::client_certificate as rules;

/// A name among a certificate's alternative names.
#[derive(Clone, Eq, PartialEq)]
pub enum SubjectName {
    /// dNSName.
    Dns(String),
    /// uniformResourceIdentifier.
    Uri(String),
    /// iPAddress, 4 or 16 octets.
    Ip(Vec<u8>),
    /// rfc822Name.
    Email(String),
}

/// What the listener knows of the authorities above a certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Authority {
    /// Nobody asked: then no name counts.
    NotAsked,
    /// A path for client authentication leads to a pinned authority.
    Pinned,
    /// None does, and why.
    Missing(String),
}

/// What the listener found out about a certificate whose key the handshake proved.
#[derive(Clone, Eq, PartialEq)]
pub struct CertificateFacts {
    /// Lower-case hexadecimal SHA-256 of the DER.
    pub sha256: String,
    /// `x5t#S256` (RFC 8705 section 3.1).
    pub confirmation: String,
    /// `notBefore`.
    pub not_before: Timestamp,
    /// `notAfter`.
    pub not_after: Timestamp,
    /// Its key, where it is of a kind that a JWK shows.
    pub key: Option<PublicKey>,
    /// Whether a pinned authority stands behind it.
    pub authority: Authority,
    /// The subject as RFC 4514 writes it; none where it cannot be written.
    pub subject_dn: Option<String>,
    /// Its alternative names.
    pub names: Vec<SubjectName>,
}

impl fmt::Debug for CertificateFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateFacts(***)")
    }
}

/// The certificate of a request's connection, or why there is none that could be looked at.
pub type Shown = Result<CertificateFacts, CertificateFault>;

/// What a certificate must be.
#[derive(Clone, Copy, Debug)]
pub enum Demand<'a> {
    /// Of a registered name below a pinned authority, or one of a list.
    Registered(&'a RegisteredCertificate),
    /// Of one of these keys.
    Keys(&'a JwkSet),
}

/// What a rule sees.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The certificate.
    pub certificate: &'a CertificateFacts,
    /// What it must be.
    pub demand: Demand<'a>,
    /// The moment.
    pub now: Timestamp,
}

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Rule {
    /// A sentence, and the name of the file.
    pub name: &'static str,
    /// Where it is written.
    pub cites: &'static str,
    /// The rule.
    pub check: fn(&Ask<'_>) -> Result<(), CertificateFault>,
}

macro_rules! table {
    ($($rule:ident),+ $(,)?) => {
        &[$(Rule { name: stringify!($rule), cites: rules::$rule::CITES, check: rules::$rule::check }),+]
    };
}

/// The table. The authority stands before the name: names in a certificate of nobody in particular say nothing.
pub const RULES: &[Rule] = table![
    certificate_is_of_now,
    authority_stands_behind_the_name,
    subject_is_the_registered_one,
    key_is_a_registered_one,
];

/// Judges what was shown against what is registered.
///
/// # Errors
/// Why it is not the client's.
pub fn judge<'a>(
    shown: &'a Shown,
    demand: Demand<'_>,
    now: Timestamp,
) -> Result<&'a CertificateFacts, CertificateFault> {
    let certificate = shown.as_ref().map_err(Clone::clone)?;
    let ask = Ask {
        certificate,
        demand,
        now,
    };
    for rule in RULES {
        (rule.check)(&ask)?;
    }
    Ok(certificate)
}

impl From<CertificateFault> for Reason {
    fn from(fault: CertificateFault) -> Self {
        Self::CertificateRefused(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::NOW;

    #[test]
    fn every_rule_of_the_table_is_asked() {
        let name = RegisteredCertificate::SanUri("urn:ministry:client".to_owned());
        let other = RegisteredCertificate::SanUri("urn:ministry:other".to_owned());
        let keys = JwkSet::default();
        let good = sample::certificate();
        let late = CertificateFacts {
            not_after: NOW.plus_seconds(-1),
            ..good.clone()
        };
        let alone = CertificateFacts {
            authority: Authority::Missing("no path".to_owned()),
            ..good.clone()
        };
        let no_path = CertificateFault::NoPath {
            because: "no path".to_owned(),
        };
        let by_name = Demand::Registered(&name);
        for (certificate, demand, verdict) in [
            (&good, by_name, Ok(())),
            (&late, by_name, Err(CertificateFault::Expired)),
            (&alone, by_name, Err(no_path.clone())),
            // Nobody learns whether a name fits before an authority stands behind it.
            (&alone, Demand::Registered(&other), Err(no_path)),
            (
                &good,
                Demand::Registered(&other),
                Err(CertificateFault::OtherSubject),
            ),
            (&good, Demand::Keys(&keys), Err(CertificateFault::NotRegistered)),
        ] {
            let shown = Ok(certificate.clone());
            assert_eq!(judge(&shown, demand, NOW).map(|_| ()), verdict);
        }
        for fault in [CertificateFault::Absent, CertificateFault::Unreadable] {
            assert_eq!(judge(&Err(fault.clone()), by_name, NOW).err(), Some(fault));
        }
        assert_eq!(RULES.len(), 4);
    }
}
