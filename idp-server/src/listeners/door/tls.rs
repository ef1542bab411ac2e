//! TLS of the door: two families of names, possession proven by the handshake, everything else decided afterwards.
//!
//! The verifier accepts whatever certificate it can read a public key from, and proves that the client holds the private
//! key (`CertificateVerify`). Path, validity, policy and revocation are decided by the application, so that each refusal
//! can be a page. Resumption would skip the verifier, so there is none: no session storage, no tickets.
//!
//! What still ends in a TLS alert is listed in `conformance-tests/tests/door/alerts.rs`.

use std::sync::Arc;

use login::DoorFamily;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ResolvesServerCert};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, ServerConfig,
    SignatureScheme,
};

/// `rsa_pkcs1_sha256_legacy` (RFC 9963 section 2): lets a card that signs PKCS#1 v1.5 alone answer TLS 1.3.
pub const RSA_PKCS1_SHA256_LEGACY: SignatureScheme = SignatureScheme::Unknown(0x0420);

/// The configuration of one family.
pub(super) fn server_config(
    family: DoorFamily,
    certificate: Arc<dyn ResolvesServerCert>,
    hints: Vec<DistinguishedName>,
) -> Result<Arc<ServerConfig>, Error> {
    let versions: &[&rustls::SupportedProtocolVersion] = match family {
        DoorFamily::Card => &[&rustls::version::TLS13, &rustls::version::TLS12],
        DoorFamily::Card12 => &[&rustls::version::TLS12],
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .with_client_cert_verifier(Arc::new(PossessionVerifier { hints }))
        .with_cert_resolver(certificate);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Proves possession, decides nothing else.
#[derive(Debug)]
struct PossessionVerifier {
    hints: Vec<DistinguishedName>,
}

impl ClientCertVerifier for PossessionVerifier {
    fn offer_client_auth(&self) -> bool {
        true
    }

    /// Without a certificate the handshake completes, and the person gets a page.
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

    /// Sent unfiltered in the TLS 1.3 `CertificateRequest`; TLS 1.2 leaves out what it does not know. Strongest and most
    /// private first.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
            RSA_PKCS1_SHA256_LEGACY,
        ]
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
