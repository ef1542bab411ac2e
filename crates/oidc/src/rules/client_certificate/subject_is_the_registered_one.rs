//! The certificate names the subject that the client is registered with, in the place where it is registered.

use std::net::IpAddr;

use domain::RegisteredCertificate;

use crate::client_certificate::{Ask, CertificateFacts, CertificateFault, Demand, SubjectName};

/// Where it is written.
pub const CITES: &str = "RFC 8705 section 2.1.2 (one of five names; addresses are compared as octets); RFC 5280 sections 7.2 and 7.5 (hosts \
                         without regard to case, local parts with it); RFC 4514 section 2 (the subject as text)";

/// Whether it does, where a subject or a certificate's digest is what is registered.
pub fn check(ask: &Ask<'_>) -> Result<(), CertificateFault> {
    let (certificate, registered) = match ask.demand {
        Demand::Keys(_) => return Ok(()),
        Demand::Registered(RegisteredCertificate::Sha256(all)) => {
            return if all.contains(&ask.certificate.sha256) {
                Ok(())
            } else {
                Err(CertificateFault::NotRegistered)
            };
        }
        Demand::Registered(registered) => (ask.certificate, registered),
    };
    if names(certificate, registered) {
        Ok(())
    } else {
        Err(CertificateFault::OtherSubject)
    }
}

fn names(certificate: &CertificateFacts, registered: &RegisteredCertificate) -> bool {
    let any = |fits: &dyn Fn(&SubjectName) -> bool| certificate.names.iter().any(fits);
    match registered {
        RegisteredCertificate::Sha256(_) => false,
        RegisteredCertificate::SubjectDn(name) => certificate.subject_dn.as_ref() == Some(name),
        RegisteredCertificate::SanDns(name) => {
            any(&|found| matches!(found, SubjectName::Dns(dns) if dns.eq_ignore_ascii_case(name)))
        }
        RegisteredCertificate::SanUri(name) => {
            any(&|found| matches!(found, SubjectName::Uri(uri) if uri == name))
        }
        RegisteredCertificate::SanIp(address) => {
            let octets = match address {
                IpAddr::V4(four) => four.octets().to_vec(),
                IpAddr::V6(sixteen) => sixteen.octets().to_vec(),
            };
            any(&|found| matches!(found, SubjectName::Ip(ip) if *ip == octets))
        }
        RegisteredCertificate::SanEmail(name) => {
            any(&|found| matches!(found, SubjectName::Email(email) if same_mailbox(email, name)))
        }
    }
}

fn same_mailbox(left: &str, right: &str) -> bool {
    match (left.rsplit_once('@'), right.rsplit_once('@')) {
        (Some((local, host)), Some((other_local, other_host))) => {
            local == other_local && host.eq_ignore_ascii_case(other_host)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_certificate::sample::{certificate, said};
    use crate::sample::NOW;

    fn verdict(registered: &RegisteredCertificate) -> Result<(), CertificateFault> {
        said(check, &certificate(), Demand::Registered(registered), NOW)
    }

    #[test]
    fn subjects_that_are_the_registered_one() {
        let text = str::to_owned;
        for registered in [
            RegisteredCertificate::SubjectDn(text("CN=client,O=Ministry,C=JP")),
            RegisteredCertificate::SanDns(text("client.MINISTRY.example")),
            RegisteredCertificate::SanUri(text("urn:ministry:client")),
            RegisteredCertificate::SanIp("192.0.2.1".parse().unwrap()),
            RegisteredCertificate::SanEmail(text("Client@ministry.EXAMPLE")),
            RegisteredCertificate::Sha256(vec![text("cd"), "ab".repeat(32)]),
        ] {
            assert_eq!(verdict(&registered), Ok(()), "{registered:?}");
        }
    }

    #[test]
    fn subjects_that_are_not() {
        let text = str::to_owned;
        for registered in [
            RegisteredCertificate::SubjectDn(text("CN=client,O=Ministry")),
            RegisteredCertificate::SubjectDn(text("C=JP,O=Ministry,CN=client")),
            RegisteredCertificate::SubjectDn(text("CN=client,O=ministry,C=JP")),
            RegisteredCertificate::SanDns(text("ministry.example")),
            RegisteredCertificate::SanDns(text("client.ministry.example.")),
            // In another place than registered.
            RegisteredCertificate::SanDns(text("urn:ministry:client")),
            RegisteredCertificate::SanUri(text("Client.ministry.example")),
            RegisteredCertificate::SanUri(text("URN:ministry:client")),
            RegisteredCertificate::SanIp("192.0.2.2".parse().unwrap()),
            RegisteredCertificate::SanIp("::ffff:192.0.2.1".parse().unwrap()),
            RegisteredCertificate::SanEmail(text("client@ministry.example")),
            RegisteredCertificate::SanEmail(text("Client@other.example")),
        ] {
            assert_eq!(
                verdict(&registered),
                Err(CertificateFault::OtherSubject),
                "{registered:?}"
            );
        }
        let other = RegisteredCertificate::Sha256(vec!["cd".repeat(32)]);
        assert_eq!(verdict(&other), Err(CertificateFault::NotRegistered));
    }

    #[test]
    fn a_subject_that_cannot_be_written_is_nobodys() {
        let nameless = CertificateFacts {
            subject_dn: None,
            ..certificate()
        };
        let registered = RegisteredCertificate::SubjectDn(String::new());
        assert_eq!(
            said(check, &nameless, Demand::Registered(&registered), NOW),
            Err(CertificateFault::OtherSubject)
        );
    }
}
