//! Names of certificates.

use std::fmt;
use std::hash::{Hash, Hasher};

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

impl Hash for CertificateName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ca_kind.hash(state);
        self.issuer_key_hash.hash(state);
        self.serial.expose_bytes().hash(state);
    }
}

impl fmt::Debug for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateName")
            .field("ca_kind", &self.ca_kind)
            .finish_non_exhaustive()
    }
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
