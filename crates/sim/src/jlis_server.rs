//! The simulated J-LIS: answers predecessor questions over HTTP on the loopback, in the form that `jlis-http` documents,
//! with faults that can be switched while it runs.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::keys::write_whole;
use crate::record::{CertificateName, Link};
use crate::{SimError, Simulation};

const QUESTION_BYTES: usize = 4096;
const FAULT_FILE: &str = "jlis-fault.json";

/// How the simulated J-LIS misbehaves.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum JlisFault {
    /// Not at all.
    #[default]
    None,
    /// Status 503.
    Unavailable,
    /// The answer comes after ten minutes.
    Slow,
    /// Status 200 and half of a JSON document.
    Garbage,
    /// Status 200 and an empty object, which must not be read as "no predecessor".
    Empty,
    /// Status 200 and a megabyte.
    Huge,
    /// The connection is closed without an answer.
    HangUp,
}

impl JlisFault {
    /// Every way.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Unavailable,
        Self::Slow,
        Self::Garbage,
        Self::Empty,
        Self::Huge,
        Self::HangUp,
    ];
}

/// Where the answers come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// `links.json` of a simulation's folder, read for each question; the fault too ([`set_folder_fault`]).
    Folder(PathBuf),
    /// A world in memory.
    World(Arc<Mutex<Simulation>>),
}

/// A running server. Dropped, it stops.
#[derive(Debug)]
pub struct JlisServer {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    source: Source,
    fault: Mutex<Option<JlisFault>>,
    asked: AtomicU64,
}

#[derive(Serialize)]
struct Answer {
    predecessor: Option<CertificateName>,
}

/// Switches the fault of every server that answers from a folder, also in other processes.
pub fn set_folder_fault(folder: &Path, fault: JlisFault) -> Result<(), SimError> {
    let path = folder.join(FAULT_FILE);
    let text = serde_json::to_vec(&fault).map_err(|source| SimError::State {
        path: path.clone(),
        source,
    })?;
    write_whole(&path, &text)
}

impl JlisServer {
    /// Begins to answer; port 0 takes a free one.
    pub async fn start(listen: SocketAddr, source: Source) -> Result<Self, SimError> {
        let listener = TcpListener::bind(listen)
            .await
            .map_err(SimError::io(listen.to_string()))?;
        let address = listener.local_addr().map_err(SimError::io(listen.to_string()))?;
        let state = Arc::new(State {
            source,
            fault: Mutex::new(None),
            asked: AtomicU64::new(0),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&state)));
        Ok(Self { address, state, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://address`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Switches the fault of this server.
    pub fn set_fault(&self, fault: JlisFault) {
        *self.state.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    /// How many questions came in.
    pub fn asked(&self) -> u64 {
        self.state.asked.load(Ordering::Relaxed)
    }

    /// Runs until the server stops by itself, which it does not.
    pub async fn wait(mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for JlisServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        while connections.try_join_next().is_some() {}
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let service = service_fn(|request| answer(request, Arc::clone(&state)));
            // A fault may end the connection; the client is told nothing more.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Ends the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("hang up")]
struct HangUp;

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Full<Bytes>>, HangUp> {
    state.asked.fetch_add(1, Ordering::Relaxed);
    match state.fault() {
        JlisFault::None => Ok(honest(request, &state)
            .await
            .unwrap_or_else(|status| plain(status, "", ""))),
        JlisFault::Unavailable => Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "closed")),
        JlisFault::Slow => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            Err(HangUp)
        }
        JlisFault::Garbage => Ok(plain(
            StatusCode::OK,
            "application/json",
            r#"{"predecessor":{"ca_ki"#,
        )),
        JlisFault::Empty => Ok(plain(StatusCode::OK, "application/json", "{}")),
        JlisFault::Huge => Ok(plain(StatusCode::OK, "application/json", &" ".repeat(1 << 20))),
        JlisFault::HangUp => Err(HangUp),
    }
}

async fn honest(request: Request<Incoming>, state: &State) -> Result<Response<Full<Bytes>>, StatusCode> {
    if request.uri().path() != "/v1/predecessor" {
        return Err(StatusCode::NOT_FOUND);
    }
    if request.method() != Method::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let body = Limited::new(request.into_body(), QUESTION_BYTES)
        .collect()
        .await
        .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?
        .to_bytes();
    let of: CertificateName = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let predecessor = state
        .predecessor(&of)
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let text =
        serde_json::to_string(&Answer { predecessor }).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(plain(StatusCode::OK, "application/json", &text))
}

fn plain(status: StatusCode, kind: &'static str, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response
}

impl State {
    fn fault(&self) -> JlisFault {
        let switched = *self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        switched.or_else(|| self.folder_fault()).unwrap_or_default()
    }

    fn folder_fault(&self) -> Option<JlisFault> {
        let Source::Folder(folder) = &self.source else {
            return None;
        };
        serde_json::from_slice(&fs::read(folder.join(FAULT_FILE)).ok()?).ok()
    }

    fn predecessor(&self, of: &CertificateName) -> Result<Option<CertificateName>, SimError> {
        match &self.source {
            Source::World(world) => Ok(world
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .predecessor(of)
                .cloned()),
            Source::Folder(folder) => {
                let path = folder.join("links.json");
                let text = fs::read(&path).map_err(SimError::io(&path))?;
                let links: Vec<Link> =
                    serde_json::from_slice(&text).map_err(|source| SimError::State { path, source })?;
                Ok(links
                    .into_iter()
                    .find(|link| link.new == *of)
                    .map(|link| link.old))
            }
        }
    }
}
