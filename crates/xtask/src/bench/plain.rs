//! A server that does what none can do without, and nothing else: the same handshakes over the same sockets, HTTP by hyper, the same
//! number of durable commits of one row each, the same signatures, answers of the same length. What the platform costs beyond it is its own
//! work; what this costs beyond the cryptographic floor is sockets, HTTP and the disk.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use audit::{Action, Actor, Event, Outcome};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    UnparsedPublicKey,
};
use conformance_tests::MachineClock;
use domain::Clock as _;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::LOCATION;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use sim::tls::RSA_PKCS1_SHA256_LEGACY;
use store::{Batch, Ledger as _};
use store_sql::{LedgerOptions, SqlLedger};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::Failure;

/// Octets of a page, of a token response and of a page with an assertion, about.
const LENGTHS: [(&str, usize); 3] = [("/page", 3_500), ("/token", 1_200), ("/assertion", 9_000)];

/// What it holds.
struct Plain {
    ledger: SqlLedger,
    ecdsa: EcdsaKeyPair,
    rsa: RsaKeyPair,
    certificate_signature: Vec<u8>,
    chance: SystemRandom,
}

/// Serves until it is killed; the first line on standard output names both ports. `folder` holds certificates and will hold a ledger.
pub(crate) fn serve(folder: &Path) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let chance = SystemRandom::new();
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048)?;
        let mut certificate_signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(&RSA_PKCS1_SHA256, &chance, &[7; 1024], &mut certificate_signature)?;
        let plain = Arc::new(Plain {
            ledger: SqlLedger::open(folder.join("plain.sqlite"), &LedgerOptions::default())?,
            ecdsa: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?,
            rsa,
            certificate_signature,
            chance,
        });
        let front = TcpListener::bind(("127.0.0.1", 0)).await?;
        let door = TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("{} {}", front.local_addr()?.port(), door.local_addr()?.port());
        let (front_tls, door_tls) = (tls(folder, "front", false)?, tls(folder, "door", true)?);
        tokio::join!(
            accept(Arc::clone(&plain), front, front_tls),
            accept(plain, door, door_tls)
        );
        Ok(())
    })
}

fn tls(folder: &Path, name: &str, card: bool) -> Result<TlsAcceptor, Failure> {
    let chain = std::fs::read(folder.join(format!("{name}.pem")))?;
    let chain = CertificateDer::pem_slice_iter(&chain).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(&std::fs::read(folder.join(format!("{name}.key")))?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = if card {
        builder.with_client_cert_verifier(Arc::new(Anybody))
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn accept(plain: Arc<Plain>, listener: TcpListener, tls: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let (plain, tls) = (Arc::clone(&plain), tls.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let Ok(stream) = tls.accept(stream).await else {
                return;
            };
            let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                let plain = Arc::clone(&plain);
                async move { Ok::<_, Infallible>(plain.answer(request.uri().path()).await) }
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

impl Plain {
    /// `/hop`, `/door`, `/page`, `/commit`, `/token`, `/assertion`: the last three wait for the disk.
    async fn answer(&self, path: &str) -> Response<Full<Bytes>> {
        let done = match path {
            "/hop" | "/page" => Ok(()),
            "/door" => self.certificate(),
            _ => self.commit().await.and_then(|()| self.sign(path)),
        };
        let length = LENGTHS.iter().find(|(known, _)| *known == path);
        let body = length.map_or_else(Bytes::new, |(_, length)| Bytes::from(vec![b'x'; *length]));
        let mut response = Response::new(Full::new(body));
        let headers = response.headers_mut();
        for name in ["cache-control", "referrer-policy", "x-content-type-options"] {
            headers.insert(name, hyper::header::HeaderValue::from_static("no-store"));
        }
        if length.is_none() {
            headers.insert(LOCATION, hyper::header::HeaderValue::from_static("/hop"));
            *response.status_mut() = StatusCode::SEE_OTHER;
        }
        if done.is_err() {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        response
    }

    /// A card's certificate by its authority.
    fn certificate(&self) -> Result<(), Failure> {
        use aws_lc_rs::signature::KeyPair as _;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.rsa.public_key().as_ref());
        Ok(key.verify(&[7; 1024], &self.certificate_signature)?)
    }

    async fn commit(&self) -> Result<(), Failure> {
        let event = Event::new(MachineClock.now(), Action::SignIn, Outcome::Done, Actor::Platform);
        self.ledger.commit(Batch::new().event(event)).await?;
        Ok(())
    }

    fn sign(&self, path: &str) -> Result<(), Failure> {
        match path {
            "/token" => drop(self.ecdsa.sign(&self.chance, &[7; 600])?),
            "/assertion" => {
                let mut room = vec![0; self.certificate_signature.len()];
                self.rsa
                    .sign(&RSA_PKCS1_SHA256, &self.chance, &[7; 600], &mut room)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Lets everybody in whose key signed the handshake.
#[derive(Debug)]
struct Anybody;

impl ClientCertVerifier for Anybody {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 alone".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let broken = || Error::General("no possession".to_owned());
        let key = pki::PublicKey::of_certificate(certificate).map_err(|_| broken())?;
        let scheme = u16::from(signature.scheme);
        pki::verify_possession(
            &key,
            pki::TlsVersion::Tls13,
            scheme,
            message,
            signature.signature(),
        )
        .map(|()| HandshakeSignatureValid::assertion())
        .map_err(|_| broken())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![RSA_PKCS1_SHA256_LEGACY]
    }
}

/// Where a plain server listens, once it does.
pub(crate) fn ports(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let (front, door) = line.trim().split_once(' ')?;
    let at = |port: &str| Some(SocketAddr::from(([127, 0, 0, 1], port.parse().ok()?)));
    Some((at(front)?, at(door)?))
}
