//! The handshake proves that a client holds the key of the certificate that it shows, and nothing more.
//!
//! The verifier accepts whatever certificate it can read a public key from, and checks the `CertificateVerify`. What the certificate is
//! worth (path, dates, registration, revocation) is the application's to say, so that each refusal can be a page or a typed answer
//! instead of a TLS alert.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, SignatureScheme,
};

/// Proves possession, decides nothing else.
#[derive(Debug)]
pub struct PossessionVerifier {
    hints: Vec<DistinguishedName>,
    schemes: Vec<SignatureScheme>,
}

impl PossessionVerifier {
    /// With the names that clients choose a certificate by, and what they may sign with (see [`schemes`]).
    pub fn new(hints: Vec<DistinguishedName>, schemes: Vec<SignatureScheme>) -> Self {
        Self { hints, schemes }
    }
}

/// What clients may sign a handshake with: strongest and most private first.
pub fn schemes() -> Vec<SignatureScheme> {
    vec![
        SignatureScheme::ECDSA_NISTP384_SHA384,
        SignatureScheme::ECDSA_NISTP256_SHA256,
        SignatureScheme::RSA_PSS_SHA256,
        SignatureScheme::RSA_PSS_SHA384,
        SignatureScheme::RSA_PSS_SHA512,
        SignatureScheme::RSA_PKCS1_SHA256,
        SignatureScheme::RSA_PKCS1_SHA384,
        SignatureScheme::RSA_PKCS1_SHA512,
    ]
}

impl ClientCertVerifier for PossessionVerifier {
    fn offer_client_auth(&self) -> bool {
        true
    }

    /// Without a certificate the handshake completes, and whoever comes gets an answer that says so.
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match pki::PublicKey::of_certificate(end_entity) {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(_) => Err(Error::InvalidCertificate(CertificateError::BadEncoding)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify(pki::TlsVersion::Tls12, message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify(pki::TlsVersion::Tls13, message, certificate, signature)
    }

    /// Sent unfiltered in the TLS 1.3 `CertificateRequest`; TLS 1.2 leaves out what it does not know.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

fn verify(
    version: pki::TlsVersion,
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let unreadable = |_| Error::InvalidCertificate(CertificateError::BadEncoding);
    let key = pki::PublicKey::of_certificate(certificate).map_err(unreadable)?;
    pki::verify_possession(
        &key,
        version,
        u16::from(signature.scheme),
        message,
        signature.signature(),
    )
    .map(|()| HandshakeSignatureValid::assertion())
    .map_err(|reason| match reason {
        pki::Reason::SchemeNotAllowed { .. } => {
            Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)
        }
        _ => Error::InvalidCertificate(CertificateError::BadSignature),
    })
}
