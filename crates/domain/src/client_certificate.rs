//! How a client is registered that proves itself by the certificate of its TLS connection (RFC 8705 section 2).

use std::net::IpAddr;

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
    /// `tls_client_auth` with an iPAddress among them, compared as octets.
    SanIp(IpAddr),
    /// `tls_client_auth` with an rfc822Name among them.
    SanEmail(String),
}

impl RegisteredCertificate {
    /// The method's name in the registry of RFC 8705 section 2.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "self_signed_tls_client_auth",
            Self::SubjectDn(_) | Self::SanDns(_) | Self::SanUri(_) | Self::SanIp(_) | Self::SanEmail(_) => {
                "tls_client_auth"
            }
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
            Self::SubjectDn(name) | Self::SanDns(name) | Self::SanUri(name) | Self::SanEmail(name)
                if name.trim() != name
                    || !(1..=MAX_NAME).contains(&name.len())
                    || name.chars().any(char::is_control) =>
            {
                Some("a name of one line without blanks around it")
            }
            Self::SanDns(name) if name.contains('*') || !name.is_ascii() => {
                Some("a whole host name in ASCII, no wildcard")
            }
            Self::SanEmail(name) if !is_mailbox(name) => Some("a whole mail address in ASCII"),
            _ => None,
        }
    }
}

/// RFC 5280 section 4.2.1.6: a local part, `@`, a host; neither a host alone nor a phrase.
fn is_mailbox(text: &str) -> bool {
    text.is_ascii()
        && text
            .rsplit_once('@')
            .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !text.contains(' '))
}

/// The one name of `tls_client_auth` as a client's metadata has it (RFC 8705 section 2.1.2): exactly one of the five is there.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsClientAuthName {
    /// The subject, as RFC 4514 writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_subject_dn: Option<String>,
    /// A dNSName.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_dns: Option<String>,
    /// A uniformResourceIdentifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_uri: Option<String>,
    /// An iPAddress: dotted decimals, or as RFC 5952 writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_ip: Option<IpAddr>,
    /// An rfc822Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_email: Option<String>,
}

impl TlsClientAuthName {
    /// What the certificate must be.
    ///
    /// # Errors
    /// What is wrong with the registration, as words for whoever registers.
    pub fn registered(&self) -> Result<RegisteredCertificate, &'static str> {
        let text = |value: &Option<String>, of: fn(String) -> RegisteredCertificate| value.clone().map(of);
        let mut all = [
            text(&self.tls_client_auth_subject_dn, RegisteredCertificate::SubjectDn),
            text(&self.tls_client_auth_san_dns, RegisteredCertificate::SanDns),
            text(&self.tls_client_auth_san_uri, RegisteredCertificate::SanUri),
            self.tls_client_auth_san_ip.map(RegisteredCertificate::SanIp),
            text(&self.tls_client_auth_san_email, RegisteredCertificate::SanEmail),
        ]
        .into_iter()
        .flatten();
        let (Some(one), None) = (all.next(), all.next()) else {
            return Err(
                "exactly one of tls_client_auth_subject_dn, _san_dns, _san_uri, _san_ip and _san_email",
            );
        };
        one.fault().map_or(Ok(one), Err)
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
            RegisteredCertificate::SanIp("192.0.2.1".parse().unwrap()),
            RegisteredCertificate::SanEmail("client@ministry.example".into()),
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
            RegisteredCertificate::SanEmail("ministry.example".into()),
            RegisteredCertificate::SanEmail("A Client <client@ministry.example>".into()),
        ] {
            assert!(bad.fault().is_some(), "{bad:?}");
        }
    }

    #[test]
    fn exactly_one_name_of_the_five() {
        let name = |text: &str| serde_json::from_str::<TlsClientAuthName>(text).map(|name| name.registered());
        for (good, certificate) in [
            (
                r#"{"tls_client_auth_subject_dn":"CN=a"}"#,
                RegisteredCertificate::SubjectDn("CN=a".into()),
            ),
            (
                r#"{"tls_client_auth_san_dns":"a.example"}"#,
                RegisteredCertificate::SanDns("a.example".into()),
            ),
            (
                r#"{"tls_client_auth_san_uri":"urn:a"}"#,
                RegisteredCertificate::SanUri("urn:a".into()),
            ),
            (
                r#"{"tls_client_auth_san_ip":"2001:db8::1"}"#,
                RegisteredCertificate::SanIp("2001:db8::1".parse().unwrap()),
            ),
            (
                r#"{"tls_client_auth_san_email":"a@b.example"}"#,
                RegisteredCertificate::SanEmail("a@b.example".into()),
            ),
        ] {
            assert_eq!(name(good).unwrap(), Ok(certificate), "{good}");
        }
        for bad in [
            "{}",
            r#"{"tls_client_auth_san_dns":"a.example","tls_client_auth_san_uri":"urn:a"}"#,
            r#"{"tls_client_auth_san_dns":"*.example"}"#,
        ] {
            assert!(name(bad).unwrap().is_err(), "{bad}");
        }
        for unreadable in [
            r#"{"tls_client_auth_san_ip":"192.0.2"}"#,
            r#"{"tls_client_auth_san":"a"}"#,
        ] {
            assert!(name(unreadable).is_err(), "{unreadable}");
        }
    }
}
