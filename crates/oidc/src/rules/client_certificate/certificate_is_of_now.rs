//! A certificate counts from its first to its last second, a self-signed one too, so that a forgotten one ends.

use crate::client_certificate::{Ask, CertificateFault};

/// Where it is written.
pub const CITES: &str = "RFC 5280 section 4.1.2.5; RFC 8705 sections 2.1 and 2.2 (for self-signed ones the server may ask for more than \
                         the registered key)";

/// Whether now lies within its validity, both ends included.
pub fn check(ask: &Ask<'_>) -> Result<(), CertificateFault> {
    if ask.now < ask.certificate.not_before {
        Err(CertificateFault::NotYetValid)
    } else if ask.now > ask.certificate.not_after {
        Err(CertificateFault::Expired)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::RegisteredCertificate;

    use super::*;
    use crate::client_certificate::Demand;
    use crate::client_certificate::sample::{certificate, said};

    #[test]
    fn from_the_first_to_the_last_second() {
        let certificate = certificate();
        let registered = RegisteredCertificate::SanUri("urn:a".to_owned());
        for (now, verdict) in [
            (certificate.not_before, Ok(())),
            (certificate.not_after, Ok(())),
            (
                certificate.not_before.plus_seconds(-1),
                Err(CertificateFault::NotYetValid),
            ),
            (
                certificate.not_after.plus_seconds(1),
                Err(CertificateFault::Expired),
            ),
        ] {
            for demand in [
                Demand::Registered(&registered),
                Demand::Keys(&jose::JwkSet::default()),
            ] {
                assert_eq!(said(check, &certificate, demand, now), verdict, "{now:?}");
            }
        }
    }
}
