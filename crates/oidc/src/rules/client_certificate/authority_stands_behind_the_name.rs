//! A name in a certificate counts below an authority that the platform pins for client authentication, and nowhere else.

use domain::RegisteredCertificate;

use crate::client_certificate::{Ask, Authority, CertificateFault, Demand};

/// Where it is written.
pub const CITES: &str = "RFC 8705 section 2.1 (PKI method: the chain is validated); RFC 5280 section 6.1 and 4.2.1.12 (clientAuth); RFC \
                         8705 section 7.3 (which authorities issue certificates to clients is the server's to say)";

/// Whether a path was found, where a name is what is registered.
pub fn check(ask: &Ask<'_>) -> Result<(), CertificateFault> {
    match ask.demand {
        Demand::Keys(_) | Demand::Registered(RegisteredCertificate::Sha256(_)) => Ok(()),
        Demand::Registered(_) => match &ask.certificate.authority {
            Authority::Pinned => Ok(()),
            Authority::NotAsked => Err(CertificateFault::NoPath {
                because: "nobody looked for a path".to_owned(),
            }),
            Authority::Missing(because) => Err(CertificateFault::NoPath {
                because: because.clone(),
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_certificate::CertificateFacts;
    use crate::client_certificate::sample::{certificate, said};
    use crate::sample::NOW;

    #[test]
    fn a_name_wants_an_authority_and_a_registered_key_or_digest_does_not() {
        let of = |authority: Authority| CertificateFacts {
            authority,
            ..certificate()
        };
        let (pinned, unasked) = (of(Authority::Pinned), of(Authority::NotAsked));
        let missing = of(Authority::Missing("no path".to_owned()));
        let keys = jose::JwkSet::default();
        let digests = RegisteredCertificate::Sha256(vec![certificate().sha256]);
        let names = [
            RegisteredCertificate::SubjectDn("CN=client,O=Ministry,C=JP".to_owned()),
            RegisteredCertificate::SanDns("client.ministry.example".to_owned()),
            RegisteredCertificate::SanUri("urn:ministry:client".to_owned()),
            RegisteredCertificate::SanIp("192.0.2.1".parse().unwrap()),
            RegisteredCertificate::SanEmail("client@ministry.example".to_owned()),
        ];
        for any in [&pinned, &unasked, &missing] {
            for demand in [Demand::Keys(&keys), Demand::Registered(&digests)] {
                assert_eq!(said(check, any, demand, NOW), Ok(()));
            }
        }
        for name in &names {
            assert_eq!(said(check, &pinned, Demand::Registered(name), NOW), Ok(()));
            for (certificate, because) in [(&unasked, "nobody looked for a path"), (&missing, "no path")] {
                assert_eq!(
                    said(check, certificate, Demand::Registered(name), NOW),
                    Err(CertificateFault::NoPath {
                        because: because.to_owned()
                    })
                );
            }
        }
    }
}
