//! The certificate of a connection, as handlers see it.

use std::sync::Arc;

use actix_web::HttpRequest;
use rustls::pki_types::CertificateDer;

use crate::secret::hash_of;

/// Certificates after the client's own that are kept: more are no chain that anybody has.
const MAX_INTERMEDIATES: usize = 8;

/// What a client showed in a handshake that proved that it holds the key. Nothing else is decided: see [`super::judge()`].
#[derive(Clone)]
pub struct ClientCertificate(Arc<Shown>);

struct Shown {
    certificate: Vec<u8>,
    intermediates: Vec<Vec<u8>>,
    sha256: String,
    confirmation: String,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCertificate(***)")
    }
}

impl ClientCertificate {
    /// From the chain of a handshake; nothing where it is empty.
    pub fn of_chain(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let (own, rest) = chain.split_first()?;
        let intermediates = rest.iter().take(MAX_INTERMEDIATES);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, own);
        Some(Self(Arc::new(Shown {
            certificate: own.to_vec(),
            intermediates: intermediates.map(|der| der.to_vec()).collect(),
            sha256: hash_of(&[own]).0,
            confirmation: jose::encode_base64url(digest.as_ref()),
        })))
    }

    /// The certificate of a request's connection. Only the listener for mutual TLS ever has one.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.conn_data::<Self>().cloned()
    }

    /// The certificate, DER.
    pub fn der(&self) -> &[u8] {
        &self.0.certificate
    }

    /// What came with it, DER.
    pub fn intermediates(&self) -> impl Iterator<Item = &[u8]> {
        self.0.intermediates.iter().map(Vec::as_slice)
    }

    /// Lower-case hexadecimal SHA-256 of the DER.
    pub fn sha256(&self) -> &str {
        &self.0.sha256
    }

    /// `x5t#S256` (RFC 8705 section 3.1): the same in base64url.
    pub fn confirmation(&self) -> &str {
        &self.0.confirmation
    }
}
