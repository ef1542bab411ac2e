//! The port to J-LIS.
//!
//! **Owns** the one question that a sign-in asks J-LIS: which certificate did this one replace (新旧紐付け)? Without it
//! a renewed card would look like a new person.
//!
//! **The real wire is not known here.** That J-LIS answers such questions to notified verifiers is public (facts §2: serial
//! numbers are linked in the OCSP path); its form is disclosed only under a confidentiality pledge. So this is a port, one
//! adapter speaks to the simulator (`jlis-http`), and the real one will be another adapter.
//!
//! **The law's limits** (公的個人認証法 Articles 18, 37, 52; facts §4): a linked serial number may be used only to confirm, and
//! is passed on to nobody. Hence names of certificates print nothing.
//!
//! **Deliberately absent**: lists (they come as files or bytes to `revocation`), any cache of answers, any adapter.
//!
//! **Neighbours**: the matching desk asks; only a certain "none" lets it make a new account.
//!
//! **One more question**: a method here, its answer in the simulator, both adapters.

use std::fmt;

use async_trait::async_trait;
use jpki::{CaKind, Holder};
use pki::SerialNumber;

/// Names one certificate among all that JPKI ever issued. `Debug` shows neither serial number nor key.
#[derive(Clone, Eq, PartialEq)]
pub struct CertificateName {
    /// Which authority.
    pub ca_kind: CaKind,
    /// Lower-case hexadecimal SHA-256 of the issuing key's `SubjectPublicKeyInfo`.
    pub issuer_key_hash: String,
    /// The serial number.
    pub serial: SerialNumber,
}

impl CertificateName {
    /// The name of the certificate that a person just signed in with.
    pub fn of(holder: &Holder) -> Self {
        Self {
            ca_kind: holder.ca_kind(),
            issuer_key_hash: holder.issuer_key_hash().to_owned(),
            serial: holder.serial().clone(),
        }
    }
}

impl fmt::Debug for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateName")
            .field("ca_kind", &self.ca_kind)
            .finish_non_exhaustive()
    }
}

/// J-LIS did not answer, or not in a way that can be relied on. Never to be read as "no predecessor".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unavailable {
    /// No connection.
    Unreachable,
    /// No whole answer in time.
    TooSlow,
    /// Another status than success.
    Refused {
        /// HTTP status or its like.
        status: u16,
    },
    /// An answer that is too large, or not of the agreed form.
    Unintelligible,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("the source of links cannot be reached"),
            Self::TooSlow => f.write_str("the source of links did not answer in time"),
            Self::Refused { status } => write!(f, "the source of links answered with status {status}"),
            Self::Unintelligible => f.write_str("the source of links gave an answer that cannot be read"),
        }
    }
}

impl std::error::Error for Unavailable {}

/// Who knows which certificate replaced which.
#[async_trait]
pub trait LinkSource: Send + Sync {
    /// The certificate that `of` replaced; `None` only if the source says for certain that there is none.
    ///
    /// An implementation bounds its time and the size of the answer.
    async fn predecessor(&self, of: &CertificateName) -> Result<Option<CertificateName>, Unavailable>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_prints_no_number() {
        let name = CertificateName {
            ca_kind: CaKind::UserAuthentication,
            issuer_key_hash: "00ff".into(),
            serial: SerialNumber::from_bytes(&[0x99, 0x6c]).unwrap(),
        };
        assert_eq!(
            format!("{name:?}"),
            "CertificateName { ca_kind: UserAuthentication, .. }"
        );
    }
}
