//! TLS towards J-LIS: its own authority and no other, and our certificate where the line is mutual.

use std::fmt::Display;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::ClientReason;

/// PEM of our certificate chain and its private key.
#[derive(Clone, Copy)]
pub struct ClientIdentity<'a> {
    /// The certificate first, then whoever issued it.
    pub chain: &'a [u8],
    /// PKCS#8, PKCS#1 or SEC1.
    pub key: &'a [u8],
}

/// A configuration that trusts the certificates in `roots` (PEM) and nothing else, and shows `identity` to who asks for it.
pub fn pinned(roots: &[u8], identity: Option<ClientIdentity<'_>>) -> Result<Arc<ClientConfig>, ClientReason> {
    let mut store = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(roots) {
        store.add(root.map_err(wrong)?).map_err(wrong)?;
    }
    if store.is_empty() {
        return Err(ClientReason::Tls("no root certificate".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .with_root_certificates(store);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = CertificateDer::pem_slice_iter(identity.chain)
                .collect::<Result<Vec<_>, _>>()
                .map_err(wrong)?;
            let key = PrivateKeyDer::from_pem_slice(identity.key).map_err(wrong)?;
            builder.with_client_auth_cert(chain, key).map_err(wrong)?
        }
    };
    Ok(Arc::new(config))
}

fn wrong(why: impl Display) -> ClientReason {
    ClientReason::Tls(why.to_string())
}
