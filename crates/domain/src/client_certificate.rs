//! How a client is registered that proves itself by the certificate of its TLS connection (RFC 8705 section 2).

use serde::{Deserialize, Serialize};

/// Certificates of one client: old and new while it rolls over, and one to spare.
const MAX_CERTIFICATES: usize = 4;
const MAX_NAME: usize = 1024;

/// What a client's certificate must be. Exactly one of the ways of RFC 8705.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegisteredCertificate {
    /// `self_signed_tls_client_auth` (section 2.2): one of these, whoever issued it. Lower-case hexadecimal SHA-256 of the DER.
    Sha256(Vec<String>),
    /// `tls_client_auth` (section 2.1): issued below a pinned authority to this subject, as RFC 4514 writes it, octet by octet
    /// (`CN=client.example,O=Example,C=JP`).
    SubjectDn(String),
    /// `tls_client_auth` with a dNSName among the subject's alternative names.
    SanDns(String),
    /// `tls_client_auth` with a uniformResourceIdentifier among them.
    SanUri(String),
}

impl RegisteredCertificate {
    /// The method's name in the registry of RFC 8705 section 2.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "self_signed_tls_client_auth",
            Self::SubjectDn(_) | Self::SanDns(_) | Self::SanUri(_) => "tls_client_auth",
        }
    }

    /// What is wrong with the registration, if anything, as words for whoever registers.
    pub fn fault(&self) -> Option<&'static str> {
        let hash = |text: &String| {
            text.len() == 64
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        match self {
            Self::Sha256(all) if !(1..=MAX_CERTIFICATES).contains(&all.len()) => {
                Some("name 1 to 4 certificates")
            }
            Self::Sha256(all) if !all.iter().all(hash) => {
                Some("64 lower-case hexadecimal digits each: the SHA-256 of the certificate's DER")
            }
            Self::SubjectDn(name) | Self::SanDns(name) | Self::SanUri(name)
                if name.trim() != name
                    || !(1..=MAX_NAME).contains(&name.len())
                    || name.chars().any(char::is_control) =>
            {
                Some("a name of one line without blanks around it")
            }
            Self::SanDns(name) if name.contains('*') || !name.is_ascii() => {
                Some("a whole host name in ASCII, no wildcard")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_is_one_way_and_well_formed() {
        let hash = "0123456789abcdef".repeat(4);
        for good in [
            RegisteredCertificate::Sha256(vec![hash.clone(), hash.replace('0', "1")]),
            RegisteredCertificate::SubjectDn("CN=a,C=JP".into()),
            RegisteredCertificate::SanDns("client.example".into()),
            RegisteredCertificate::SanUri("urn:client:a".into()),
        ] {
            assert_eq!(good.fault(), None, "{good:?}");
        }
        for bad in [
            RegisteredCertificate::Sha256(Vec::new()),
            RegisteredCertificate::Sha256(vec![hash.clone(); 5]),
            RegisteredCertificate::Sha256(vec![hash.to_uppercase()]),
            RegisteredCertificate::Sha256(vec![hash[1..].to_owned()]),
            RegisteredCertificate::SubjectDn(String::new()),
            RegisteredCertificate::SubjectDn(" CN=a".into()),
            RegisteredCertificate::SubjectDn("CN=a\nC=JP".into()),
            RegisteredCertificate::SanDns("*.example".into()),
        ] {
            assert!(bad.fault().is_some(), "{bad:?}");
        }
    }
}
