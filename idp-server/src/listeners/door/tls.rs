//! TLS of the door: two families of names, possession proven by the handshake, everything else decided afterwards.
//!
//! The verifier proves possession (`listeners/possession.rs`). Path, validity, policy and revocation are decided by the application,
//! so that each refusal can be a page. Resumption would skip the verifier, so there is none: no session storage, no tickets.
//!
//! What still ends in a TLS alert is listed in `conformance-tests/tests/door/alerts.rs`.

use std::sync::Arc;

use login::DoorFamily;
use rustls::server::{NoServerSessionStorage, ResolvesServerCert};
use rustls::{DistinguishedName, Error, ServerConfig, SignatureScheme};

use crate::listeners::possession::{self, PossessionVerifier};

/// `rsa_pkcs1_sha256_legacy` (RFC 9963 section 2): lets a card that signs PKCS#1 v1.5 alone answer TLS 1.3.
pub const RSA_PKCS1_SHA256_LEGACY: SignatureScheme = SignatureScheme::Unknown(0x0420);

/// What a card may sign with.
fn schemes() -> Vec<SignatureScheme> {
    let mut all = possession::schemes();
    all.push(RSA_PKCS1_SHA256_LEGACY);
    all
}

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
        .with_client_cert_verifier(Arc::new(PossessionVerifier::new(hints, schemes())))
        .with_cert_resolver(certificate);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
