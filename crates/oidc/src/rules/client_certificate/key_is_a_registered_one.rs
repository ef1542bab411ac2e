//! A certificate that no authority vouches for is of one of the client's registered keys.

use crate::client_certificate::{Ask, CertificateFault, Demand};

/// Where it is written.
pub const CITES: &str = "RFC 8705 sections 2.2 and 2.2.2 (self-signed method: the registered jwks decides); RFC 7517 section 4.7 (the key of \
                         x5c is that of the other members, so these are compared and x5c is not looked at)";

/// Whether it is, where keys are what is registered.
pub fn check(ask: &Ask<'_>) -> Result<(), CertificateFault> {
    let Demand::Keys(registered) = ask.demand else {
        return Ok(());
    };
    let own = ask.certificate.key.as_ref();
    if own.is_some_and(|own| registered.keys().iter().any(|key| key.key() == own)) {
        Ok(())
    } else {
        Err(CertificateFault::NotRegistered)
    }
}

#[cfg(test)]
mod tests {
    use domain::RegisteredCertificate;
    use jose::{Algorithm, Jwk, JwkSet};

    use super::*;
    use crate::client_certificate::CertificateFacts;
    use crate::client_certificate::sample::{certificate, key, said};
    use crate::sample::{NOW, TestKey};

    #[test]
    fn one_of_the_registered_keys_and_no_other() {
        let jwk = |first| Jwk::new(key(first), "k".to_owned(), Algorithm::Ps256).unwrap();
        let (own, other) = (jwk(1), jwk(3));
        let point = TestKey::new().set("p").keys().to_vec();
        let keyless = CertificateFacts {
            key: None,
            ..certificate()
        };
        let mut all = point.clone();
        all.push(own);
        let verdict = |certificate: &CertificateFacts, keys: Vec<Jwk>| {
            said(check, certificate, Demand::Keys(&JwkSet::new(keys)), NOW)
        };
        assert_eq!(verdict(&certificate(), all.clone()), Ok(()));
        for (certificate, keys) in [
            (certificate(), vec![other]),
            (certificate(), point),
            (certificate(), Vec::new()),
            (keyless, all),
        ] {
            assert_eq!(verdict(&certificate, keys), Err(CertificateFault::NotRegistered));
        }
    }

    #[test]
    fn whose_name_is_registered_has_no_key_to_compare() {
        let registered = RegisteredCertificate::SanUri("urn:ministry:client".to_owned());
        assert_eq!(
            said(check, &certificate(), Demand::Registered(&registered), NOW),
            Ok(())
        );
    }
}
