//! TLS clients that stop after the handshake: what they met there.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use conformance_tests::Platform;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{
    AlertDescription, ClientConfig, RootCertStore, SignatureAlgorithm, SignatureScheme,
    SupportedProtocolVersion,
};
use sim::keys::sha256_digest_info;
use sim::tls::SharedCard;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A name at the door that belongs to no attempt: enough for a handshake.
pub(crate) const SOME_NAME: &str = "00112233445566778899aabbccddeeff.card.idp.localhost";
/// The same in the other family.
pub(crate) const SOME_NAME_12: &str = "00112233445566778899aabbccddeeff.card12.idp.localhost";

/// How a handshake ended for the client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Met {
    /// The server sent a fatal alert.
    Alert(AlertDescription),
    /// The server closed the connection without a word.
    Closed,
    /// In a table: an alert or the end, whichever reaches a client that is still sending.
    Cut,
    /// The client gave up by itself.
    GaveUp,
    /// It completed, and the server waits for a request.
    Completed,
}

/// A client configuration that trusts the platform's servers.
pub(crate) fn config(
    platform: &Platform,
    versions: &[&'static SupportedProtocolVersion],
    card: Option<Arc<dyn ResolvesClientCert>>,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(platform.ca_pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match card {
        Some(card) => builder.with_client_cert_resolver(card),
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::in_memory_sessions(8);
    config
}

/// A handshake with the door, and what came of it.
pub(crate) async fn handshake(platform: &Platform, config: ClientConfig, name: &str) -> Met {
    let stream = TcpStream::connect(("127.0.0.1", platform.door_port))
        .await
        .unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut stream = match TlsConnector::from(Arc::new(config)).connect(name, stream).await {
        Ok(stream) => stream,
        Err(error) => return met(&error),
    };
    // TLS 1.3 clients finish before the server has looked at the certificate.
    let mut byte = [0; 1];
    match tokio::time::timeout(Duration::from_millis(1500), stream.read(&mut byte)).await {
        Err(_) => Met::Completed,
        Ok(Ok(_)) => Met::Closed,
        Ok(Err(error)) => met(&error),
    }
}

fn met(error: &std::io::Error) -> Met {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        Some(rustls::Error::AlertReceived(alert)) => Met::Alert(*alert),
        Some(_) => Met::GaveUp,
        None => Met::Closed,
    }
}

/// Octets that are no TLS: what comes back until the end.
pub(crate) async fn octets(platform: &Platform, sent: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", platform.door_port))
        .await
        .unwrap();
    stream.write_all(sent).await.unwrap();
    let mut back = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut back))
        .await
        .expect("the end");
    back
}

/// A card behind software that answers as it likes: a certificate of its choice, under a scheme of its choice.
#[derive(Clone)]
pub(crate) struct Wilful {
    /// Who signs.
    pub(crate) card: SharedCard,
    /// What is sent, first the end entity's.
    pub(crate) chain: Vec<Vec<u8>>,
    /// The scheme that is named. The signature is PKCS#1 v1.5 with SHA-256, or ECDSA.
    pub(crate) scheme: u16,
}

impl std::fmt::Debug for Wilful {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wilful(..)")
    }
}

impl Wilful {
    /// The card's own certificate under a scheme.
    pub(crate) fn naming(card: &SharedCard, scheme: u16) -> Self {
        let chain = vec![card.lock().unwrap().certificate().to_vec()];
        Self {
            card: Arc::clone(card),
            chain,
            scheme,
        }
    }
}

impl ResolvesClientCert for Wilful {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let chain = self.chain.iter().cloned().map(CertificateDer::from).collect();
        Some(Arc::new(CertifiedKey::new(chain, Arc::new(self.clone()))))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl SigningKey for Wilful {
    fn choose_scheme(&self, _offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(self.clone()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

impl Signer for Wilful {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let mut card = self.card.lock().unwrap();
        let signed = match card.signing() {
            sim::card::CardSigning::Ecdsa => card.sign_ecdsa("1234", message),
            _ => card.sign_pkcs1v15("1234", &sha256_digest_info(message)),
        };
        signed.map_err(|error| rustls::Error::General(error.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme.into()
    }
}

/// Files that command-line clients read: the servers' authority and a card as PEM.
pub(crate) fn pem_files(platform: &Platform, card: &SharedCard, name: &str) -> (PathBuf, PathBuf) {
    let (authority, file) = (platform.path().join("servers.pem"), platform.path().join(name));
    std::fs::write(&authority, &platform.ca_pem).unwrap();
    let card = card.lock().unwrap();
    std::fs::write(&file, sim::export::card_pem(&card).unwrap()).unwrap();
    (authority, file)
}

/// `openssl s_client` at the door: what it printed. `input` goes to its standard input.
pub(crate) async fn s_client(platform: &Platform, arguments: &[&str], input: &str) -> String {
    let authority = platform.path().join("servers.pem");
    std::fs::write(&authority, &platform.ca_pem).unwrap();
    let mut command = Command::new("openssl");
    command
        .args([
            "s_client",
            "-connect",
            &format!("127.0.0.1:{}", platform.door_port),
            "-CAfile",
        ])
        .arg(authority)
        .args(arguments);
    let input = input.to_owned();
    // It blocks; the simulated J-LIS lives on this runtime.
    tokio::task::spawn_blocking(move || {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("openssl (Debian package openssl)");
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    })
    .await
    .unwrap()
}
