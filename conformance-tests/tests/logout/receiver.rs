//! A service's server: takes what it is sent over TLS and answers what it is told to.

use std::sync::{Arc, Mutex};

use conformance_tests::{Platform, free_port};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Taken {
    /// A field of the form that it carried.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// What a receiver says to a request once it answers 200.
type Says = Box<dyn Fn(&Taken) -> String + Send>;

/// The server.
pub(crate) struct Receiver {
    pub(crate) port: u16,
    says: Arc<Mutex<Option<Says>>>,
    taken: Arc<Mutex<Vec<Taken>>>,
    answers: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    /// Starts it; `answers` are given in order, then `200 OK` without a body.
    pub(crate) async fn start(platform: &Platform, answers: &[&str]) -> Self {
        let issued = platform.servers.issue(&["localhost"]).unwrap();
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(issued.chain_pem().as_bytes())
                .collect::<Result<_, _>>()
                .unwrap();
        let key = PrivateKeyDer::from_pem_slice(issued.key_pem().unwrap().as_bytes()).unwrap();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", free_port())).await.unwrap();
        let receiver = Self {
            port: listener.local_addr().unwrap().port(),
            says: Arc::default(),
            taken: Arc::default(),
            answers: Arc::new(Mutex::new(
                answers.iter().rev().map(|one| (*one).to_owned()).collect(),
            )),
        };
        let (taken, answers) = (Arc::clone(&receiver.taken), Arc::clone(&receiver.answers));
        let says = Arc::clone(&receiver.says);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let Some(request) = read(&mut stream).await else {
                    continue;
                };
                let answer = answers.lock().unwrap().pop();
                let body = match (&answer, says.lock().unwrap().as_ref()) {
                    (None, Some(says)) => says(&request),
                    _ => String::new(),
                };
                taken.lock().unwrap().push(request);
                let answer = answer.unwrap_or_else(|| "200 OK".to_owned());
                let reply = format!(
                    "HTTP/1.1 {answer}\r\ncontent-length: {}\r\nlocation: https://127.0.0.1:1/\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(reply.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        receiver
    }

    /// The lines of an `[oidc]` table that register it.
    pub(crate) fn backchannel(&self) -> String {
        format!(
            "backchannel_logout_uri = \"https://localhost:{}/logout?x=1\"",
            self.port
        )
    }

    /// What it says from now on, where no other answer is left.
    pub(crate) fn says(&self, says: impl Fn(&Taken) -> String + Send + 'static) {
        *self.says.lock().unwrap() = Some(Box::new(says));
    }

    /// Its address for messages by SOAP.
    pub(crate) fn soap(&self) -> String {
        format!("https://localhost:{}/slo", self.port)
    }

    /// What came.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }
}

async fn read(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Taken> {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        request.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse::<usize>()
                    .ok()
            })
            .unwrap_or(0);
        if body.len() >= length {
            return Some(Taken {
                head: head.to_owned(),
                body: body.to_owned(),
            });
        }
    }
}
