//! A server that speaks HTTP by hand, so that it can be wrong at every byte. One connection, one question.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What the server was asked.
#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// What it does.
pub(crate) enum Reply {
    /// Status line and headers without the empty line, and the body.
    Http(String, Vec<u8>),
    /// A head, then these bytes again and again, until the client goes away.
    Endless(String, Vec<u8>),
    /// A head, then a byte at a time, with pauses.
    Dripping(String, Vec<u8>, Duration),
    /// Nothing, until the client goes away.
    Silence,
    /// Nothing, and closes.
    HangUp,
    /// These bytes, and closes.
    Raw(Vec<u8>),
    /// As the other, but not before it is told to.
    Held(Arc<Notify>, Box<Reply>),
}

impl Reply {
    /// 200 with a body.
    pub(crate) fn ok(kind: &str, body: Vec<u8>) -> Self {
        let length = body.len();
        Self::Http(
            format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}"),
            body,
        )
    }
}

type Behaviour = Box<dyn Fn(&Heard) -> Reply + Send + Sync>;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    behaviour: Arc<Mutex<Behaviour>>,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start(behaviour: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(behaviour, None).await
    }

    pub(crate) async fn start_with(
        behaviour: impl Fn(&Heard) -> Reply + Send + Sync + 'static,
        tls: Option<tokio_rustls::TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let behaviour: Arc<Mutex<Behaviour>> = Arc::new(Mutex::new(Box::new(behaviour)));
        let asked = Arc::new(AtomicUsize::new(0));
        let (shared, count) = (Arc::clone(&behaviour), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (shared, count, tls) = (Arc::clone(&shared), Arc::clone(&count), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &shared, &count).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, &shared, &count).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            address,
            behaviour,
            asked,
            task,
        }
    }

    pub(crate) fn behave(&self, behaviour: impl Fn(&Heard) -> Reply + Send + Sync + 'static) {
        *self.behaviour.lock().unwrap() = Box::new(behaviour);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many whole questions came in.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    behaviour: &Mutex<Behaviour>,
    asked: &AtomicUsize,
) {
    let Some(heard) = hear(&mut stream).await else {
        return;
    };
    asked.fetch_add(1, Ordering::SeqCst);
    let reply = (behaviour.lock().unwrap())(&heard);
    let _ = answer(&mut stream, reply).await;
    let _ = stream.shutdown().await;
}

async fn hear<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Heard> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&piece[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length: usize = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            })
            .unwrap_or(0);
        if bytes.len() >= end + 4 + length {
            return Some(Heard {
                head,
                body: bytes[end + 4..].to_vec(),
            });
        }
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, reply: Reply) -> std::io::Result<()> {
    let reply = match reply {
        Reply::Held(notify, reply) => {
            notify.notified().await;
            *reply
        }
        reply => reply,
    };
    match reply {
        Reply::Http(head, body) => {
            stream.write_all(format!("{head}\r\n\r\n").as_bytes()).await?;
            stream.write_all(&body).await
        }
        Reply::Endless(head, body) => {
            stream.write_all(format!("{head}\r\n\r\n").as_bytes()).await?;
            loop {
                stream.write_all(&body).await?;
            }
        }
        Reply::Dripping(head, body, pause) => {
            stream.write_all(format!("{head}\r\n\r\n").as_bytes()).await?;
            for byte in body {
                stream.write_all(&[byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(pause).await;
            }
            Ok(())
        }
        Reply::Silence => stream.read(&mut [0; 1]).await.map(|_| ()),
        Reply::HangUp | Reply::Held(..) => Ok(()),
        Reply::Raw(bytes) => stream.write_all(&bytes).await,
    }
}
