//! Server certificates that can be replaced while serving.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Why a certificate and key cannot be served.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerCertificateError {
    /// A file cannot be read.
    Unreadable(PathBuf, String),
    /// A file holds no PEM of the expected kind.
    Malformed(PathBuf, String),
    /// The key does not belong to the certificate.
    Mismatch(PathBuf),
}

impl std::fmt::Display for ServerCertificateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(path, why) => write!(f, "cannot read {}: {why}", path.display()),
            Self::Malformed(path, why) => write!(f, "{} holds nothing usable: {why}", path.display()),
            Self::Mismatch(path) => {
                write!(f, "the key does not belong to the certificate {}", path.display())
            }
        }
    }
}

impl std::error::Error for ServerCertificateError {}

/// A certificate that new handshakes see as soon as it is replaced; running ones keep theirs.
#[derive(Debug)]
pub struct SwappableCertificate {
    certificate: PathBuf,
    private_key: PathBuf,
    current: ArcSwap<CertifiedKey>,
}

impl SwappableCertificate {
    /// Reads both files.
    pub fn read(certificate: &Path, private_key: &Path) -> Result<Arc<Self>, ServerCertificateError> {
        let current = read_certified_key(certificate, private_key)?;
        Ok(Arc::new(Self {
            certificate: certificate.to_owned(),
            private_key: private_key.to_owned(),
            current: ArcSwap::from_pointee(current),
        }))
    }

    /// Reads both files again; on failure the current certificate stays.
    pub fn reload(&self) -> Result<(), ServerCertificateError> {
        let fresh = read_certified_key(&self.certificate, &self.private_key)?;
        self.current.store(Arc::new(fresh));
        Ok(())
    }
}

impl ResolvesServerCert for SwappableCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn read_certified_key(
    certificate: &Path,
    private_key: &Path,
) -> Result<CertifiedKey, ServerCertificateError> {
    let text = |path: &Path| {
        std::fs::read(path)
            .map_err(|why| ServerCertificateError::Unreadable(path.to_owned(), why.to_string()))
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&text(certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|why| ServerCertificateError::Malformed(certificate.to_owned(), why.to_string()))?;
    if chain.is_empty() {
        let why = "no CERTIFICATE block".to_owned();
        return Err(ServerCertificateError::Malformed(certificate.to_owned(), why));
    }
    let key = PrivateKeyDer::from_pem_slice(&text(private_key)?)
        .map_err(|why| ServerCertificateError::Malformed(private_key.to_owned(), why.to_string()))?;
    let key = rustls::crypto::aws_lc_rs::default_provider()
        .key_provider
        .load_private_key(key)
        .map_err(|why| ServerCertificateError::Malformed(private_key.to_owned(), why.to_string()))?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(certified),
        Err(_) => Err(ServerCertificateError::Mismatch(certificate.to_owned())),
    }
}
