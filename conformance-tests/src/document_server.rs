//! A service's own server: serves documents by path over TLS, as right or as wrong as it is told to, and remembers who came.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::{Platform, free_port};

#[derive(Clone)]
enum Served {
    /// These octets and the end of the connection.
    Octets(Vec<u8>),
    /// Nothing, ever.
    Nothing,
    /// A body without end.
    Endless,
    /// A body by its entity tag: nothing but 304 for whoever has it (RFC 9110 section 13.1.2).
    Tagged { tag: String, body: Vec<u8> },
}

/// The server. Every name below `localhost` leads to it.
pub struct DocumentServer {
    /// Its port.
    pub port: u16,
    documents: Arc<Mutex<HashMap<String, Served>>>,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    acceptor: TlsAcceptor,
    listening: Mutex<Option<JoinHandle<()>>>,
}

impl DocumentServer {
    /// Starts it with a certificate of the platform's servers for these names.
    pub async fn start(platform: &Platform, names: &[&str]) -> Self {
        let issued = platform.servers.issue(names).expect("a certificate");
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(issued.chain_pem().as_bytes())
                .collect::<Result<_, _>>()
                .expect("a chain");
        let key = PrivateKeyDer::from_pem_slice(issued.key_pem().expect("a key").as_bytes()).expect("a key");
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a configuration");
        let server = Self {
            port: free_port(),
            documents: Arc::default(),
            requests: Arc::default(),
            connections: Arc::default(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            listening: Mutex::default(),
        };
        server.resume().await;
        server
    }

    /// Listens again, or at first.
    pub async fn resume(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.expect("a port");
        let (documents, requests, connections) = (
            Arc::clone(&self.documents),
            Arc::clone(&self.requests),
            Arc::clone(&self.connections),
        );
        let acceptor = self.acceptor.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, documents, requests) =
                    (acceptor.clone(), Arc::clone(&documents), Arc::clone(&requests));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let Some(head) = head(&mut stream).await else {
                        return;
                    };
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    let served = documents.lock().expect("documents").get(&path).cloned();
                    let served = served.map(|served| conditional(served, &head));
                    requests.lock().expect("requests").push(head);
                    answer(&mut stream, served).await;
                });
            }
        });
        *self.listening.lock().expect("listening") = Some(task);
    }

    /// Nothing listens there any more, until it resumes.
    pub fn stop(&self) {
        if let Some(task) = self.listening.lock().expect("listening").take() {
            task.abort();
        }
    }

    /// The address of a path under one of its names.
    pub fn url(&self, name: &str, path: &str) -> String {
        format!("https://{name}:{}{path}", self.port)
    }

    /// Serves a body under a path, with a status line (`200 OK`).
    pub fn put(&self, path: &str, status: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let mut octets = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nset-cookie: a=b\r\nconnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        octets.extend_from_slice(body);
        self.serve(path, Served::Octets(octets));
    }

    /// Serves a body under a path with an entity tag, once to each who remembers the tag.
    pub fn put_tagged(&self, path: &str, tag: &str, body: impl AsRef<[u8]>) {
        let (tag, body) = (format!("\"{tag}\""), body.as_ref().to_vec());
        self.serve(path, Served::Tagged { tag, body });
    }

    /// Sends whoever asks for a path elsewhere.
    pub fn redirect(&self, path: &str, to: &str) {
        let octets =
            format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        self.serve(path, Served::Octets(octets.into_bytes()));
    }

    /// Takes requests for a path and never answers.
    pub fn hold(&self, path: &str) {
        self.serve(path, Served::Nothing);
    }

    /// Answers a path with a body that does not end.
    pub fn flood(&self, path: &str) {
        self.serve(path, Served::Endless);
    }

    /// What was asked for: the heads of the requests.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("requests").clone()
    }

    /// How often somebody connected, whatever came of it.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn serve(&self, path: &str, served: Served) {
        let mut documents = self.documents.lock().expect("documents");
        documents.insert(path.to_owned(), served);
    }
}

/// What a request gets for what is there, with regard to what it has.
fn conditional(served: Served, head: &str) -> Served {
    let Served::Tagged { tag, body } = served else {
        return served;
    };
    let has_it = head.lines().any(|line| {
        line.split_once(':')
            .is_some_and(|(name, value)| name.eq_ignore_ascii_case("if-none-match") && value.trim() == tag)
    });
    let (status, body) = if has_it {
        ("304 Not Modified", Vec::new())
    } else {
        ("200 OK", body)
    };
    let length = if has_it {
        String::new()
    } else {
        format!("content-length: {}\r\n", body.len())
    };
    let mut octets =
        format!("HTTP/1.1 {status}\r\netag: {tag}\r\n{length}connection: close\r\n\r\n").into_bytes();
    octets.extend(body);
    Served::Octets(octets)
}

async fn answer(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), served: Option<Served>) {
    match served {
        Some(Served::Octets(octets)) => {
            let _ = stream.write_all(&octets).await;
            let _ = stream.shutdown().await;
        }
        // Until the other side has had enough.
        Some(Served::Nothing) => {
            let _ = stream.read(&mut [0; 1]).await;
        }
        Some(Served::Endless) => {
            let piece = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
            let mut sent = stream
                .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                .await;
            while sent.is_ok() {
                sent = stream.write_all(piece.as_bytes()).await;
            }
        }
        Some(Served::Tagged { .. }) | None => {
            let _ = stream
                .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .await;
            let _ = stream.shutdown().await;
        }
    }
}

async fn head(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<String> {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        request.extend_from_slice(buffer.get(..count)?);
        let text = String::from_utf8_lossy(&request);
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            return Some(head.to_owned());
        }
    }
}
