//! Keys of the service towards SAML: one that signs logout messages, those that open assertions.

use std::fmt;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use xml::enc::DecryptionKey;

use super::SamlReason;
use crate::key::{KeyFault, ServiceKey};

/// Keys with the certificates that wrap them in metadata. Dates and names in those certificates mean nothing (SAML V2.0 Metadata
/// Interoperability Profile section 2.6.1).
#[derive(Default)]
pub struct OwnKeys {
    signing: Option<ServiceKey>,
    signing_certificate: Option<Vec<u8>>,
    decryption: Vec<DecryptionKey>,
    encryption_certificates: Vec<Vec<u8>>,
}

impl fmt::Debug for OwnKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "OwnKeys({} signing, {} decryption)",
            usize::from(self.signing.is_some()),
            self.decryption.len()
        )
    }
}

impl OwnKeys {
    /// Adds the key that signs (P-256, PKCS#8 in PEM) and its certificate (PEM).
    pub fn with_signing(mut self, key_pem: &str, certificate_pem: &str) -> Result<Self, SamlReason> {
        self.signing = Some(ServiceKey::from_pem(key_pem)?);
        self.signing_certificate = Some(certificate(certificate_pem)?);
        Ok(self)
    }

    /// Adds a key that opens assertions (RSA from 2048 bits, PKCS#8 in PEM) and its certificate (PEM). The first one is published; later
    /// ones still open what was encrypted before a roll-over.
    pub fn with_decryption(mut self, key_pem: &str, certificate_pem: &str) -> Result<Self, SamlReason> {
        let der =
            PrivatePkcs8KeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|_| SamlReason::Malformed {
                what: "decryption key",
            })?;
        self.decryption
            .push(DecryptionKey::from_pkcs8(der.secret_pkcs8_der())?);
        self.encryption_certificates.push(certificate(certificate_pem)?);
        Ok(self)
    }

    pub(super) fn decryption(&self) -> &[DecryptionKey] {
        &self.decryption
    }

    pub(super) fn signing_certificate(&self) -> Option<&[u8]> {
        self.signing_certificate.as_deref()
    }

    pub(super) fn encryption_certificate(&self) -> Option<&[u8]> {
        self.encryption_certificates.first().map(Vec::as_slice)
    }

    /// The public part of the key that signs, for tests that play the platform.
    #[cfg(test)]
    pub(super) fn public_spki(&self) -> Vec<u8> {
        self.signing.as_ref().unwrap().public_spki()
    }

    pub(super) fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, SamlReason> {
        let key = self
            .signing
            .as_ref()
            .ok_or(SamlReason::Malformed { what: "signing key" })?;
        Ok(key.sign(octets)?)
    }
}

fn certificate(pem: &str) -> Result<Vec<u8>, SamlReason> {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map(|der| der.to_vec())
        .map_err(|_| SamlReason::Key(KeyFault::NoCertificate))
}
