//! Whose certificates are believed.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// TLS with the roots of a PEM file.
///
/// # Errors
/// A sentence about the file.
pub fn roots(path: &Path) -> Result<Arc<ClientConfig>, String> {
    let wrong = |why: &dyn fmt::Display| format!("{}: {why}", path.display());
    let pem = std::fs::read(path).map_err(|why| wrong(&why))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|why| wrong(&why))?;
        roots.add(certificate).map_err(|why| wrong(&why))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"no certificate in it"));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| wrong(&why))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
