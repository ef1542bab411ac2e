//! The simulated J-LIS: one server that delivers revocation lists, answers OCSP, tells links and the latest 基本4情報, and
//! misbehaves on demand. HTTP on the loopback, in a form of ours, since the real one is disclosed under a pledge only.
//!
//! ```text
//! GET  /v1/crl            {"lists":[{"name":"auth-0001.crl","ca_kind":"user-authentication","bytes":N,"sha256":"hex"}]}
//! GET  /v1/crl/{name}     application/pkix-crl
//! POST /ocsp              RFC 6960, with the link extension of the module `ocsp`
//! POST /v1/predecessor    {"ca_kind","issuer_key_hash","serial"} → {"predecessor":null | {…}}
//! POST /v1/links          the same question → {"links":[{"kind":"predecessor|successor|signing|authentication|phone|card",…}]}
//! POST /v1/four-items     {"certificate":{…},"consent":"base64 CMS"} → {"status":"current","items":{…},"as_of":seconds}
//!                                                                   | {"status":"refused","reason":"…"}
//! GET  /control/faults    the catalogue and what is on
//! POST /control/…         module `control`: faults, persons, lists, clock
//! ```
//!
//! **Owns** the wire, the fault catalogue ([`faults`]), today's and yesterday's lists. **Deliberately absent**: what the answers
//! say; that is the world's ([`Simulation`]). Any of our verifiers.
//!
//! **Neighbours**: `jlis-http` speaks the other end; the black-box tests run `gap-sim jlis serve` beside the platform.
//!
//! **One more fault**: a row in the catalogue, its effect at the desk it meets, a case in `tests/jlis/`.

mod control;
mod delivery;
pub mod faults;
mod http;
mod items;
mod links;
mod ocsp_desk;

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::{Clock, Timestamp};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use self::delivery::{Delivery, Lists};
use self::faults::{Parameter, ServerFault, Switched, Switches, number, switch_in_folder};
use self::http::{HangUp, Reply, json, plain, question, reply, silence, spaces};
use crate::keys::KeyCache;
use crate::ocsp::DEFAULT_LINK_OID;
use crate::record::CertificateName;
use crate::simulation::{Partitioning, PublishRequest};
use crate::{SimError, Simulation};

pub use self::control::{CertificateWish, IssuedCertificate, control};

const QUESTION_BYTES: usize = 4096;
const DAY_SECONDS: i64 = 86_400;
/// How often an answer that is late looks whether it may go.
const LOOKS_AT_SWITCHES: Duration = Duration::from_millis(10);
/// The server's name where none was chosen.
pub const DEFAULT_NAME: &str = "jlis";

/// How predecessor questions are answered wrongly: the short form of the `predecessor-…` faults.
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

    const fn of_server(self) -> Option<ServerFault> {
        match self {
            Self::None => None,
            Self::Unavailable => Some(ServerFault::PredecessorUnavailable),
            Self::Slow => Some(ServerFault::PredecessorSlow),
            Self::Garbage => Some(ServerFault::PredecessorGarbage),
            Self::Empty => Some(ServerFault::PredecessorEmpty),
            Self::Huge => Some(ServerFault::PredecessorHuge),
            Self::HangUp => Some(ServerFault::PredecessorHangUp),
        }
    }
}

/// Where the answers come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A simulation's folder, which others may change meanwhile; the faults too.
    Folder(PathBuf),
    /// A world in memory.
    World(Arc<Mutex<Simulation>>),
}

/// What may differ from the usual.
#[derive(Clone)]
pub struct ServerOptions {
    /// Under which a folder's faults are kept: two servers of one folder misbehave each on its own.
    pub name: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Under which the links ride in OCSP answers.
    pub link_oid: String,
    /// One list per municipality, or one for all.
    pub partitioning: Partitioning,
    /// Where keys are kept, for a world from a folder.
    pub keys: KeyCache,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            name: DEFAULT_NAME.to_owned(),
            clock: Arc::new(MachineClock),
            link_oid: DEFAULT_LINK_OID.to_owned(),
            partitioning: Partitioning::default(),
            keys: KeyCache::shared(),
        }
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A running server. Dropped, it stops.
#[derive(Debug)]
pub struct JlisServer {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

/// How many questions came in, by desk.
#[derive(Debug, Default, Serialize)]
struct Counts {
    predecessor: AtomicU64,
    links: AtomicU64,
    ocsp: AtomicU64,
    items: AtomicU64,
    manifest: AtomicU64,
    lists: AtomicU64,
}

#[derive(Debug)]
struct State {
    world: Arc<Mutex<Simulation>>,
    folder: Option<PathBuf>,
    options: ServerOptions,
    clock_offset_millis: AtomicI64,
    switches: Switches,
    delivery: Delivery,
    ocsp: ocsp_desk::Memory,
    counts: Counts,
}

/// Switches the predecessor fault of the server of a folder, also in another process.
pub fn set_folder_fault(folder: &Path, fault: JlisFault) -> Result<(), SimError> {
    for other in JlisFault::ALL.into_iter().filter_map(JlisFault::of_server) {
        switch_in_folder(folder, DEFAULT_NAME, other, false, None)?;
    }
    match fault.of_server() {
        Some(fault) => switch_in_folder(folder, DEFAULT_NAME, fault, true, None),
        None => Ok(()),
    }
}

impl JlisServer {
    /// Begins to answer; port 0 takes a free one.
    pub async fn start(listen: SocketAddr, source: Source) -> Result<Self, SimError> {
        Self::start_with(listen, source, ServerOptions::default()).await
    }

    /// Begins to answer, with differences.
    pub async fn start_with(
        listen: SocketAddr,
        source: Source,
        options: ServerOptions,
    ) -> Result<Self, SimError> {
        let (world, folder, switches) = match source {
            Source::World(world) => (world, None, Switches::Memory(Mutex::default())),
            Source::Folder(folder) => {
                let world = Simulation::open(&folder, options.keys.clone())?;
                let switches = Switches::File(faults::file(&folder, &options.name));
                (Arc::new(Mutex::new(world)), Some(folder), switches)
            }
        };
        let listener = TcpListener::bind(listen)
            .await
            .map_err(SimError::io(listen.to_string()))?;
        let address = listener.local_addr().map_err(SimError::io(listen.to_string()))?;
        let state = Arc::new(State {
            world,
            folder,
            options,
            clock_offset_millis: AtomicI64::new(0),
            switches,
            delivery: Delivery::default(),
            ocsp: ocsp_desk::Memory::default(),
            counts: Counts::default(),
        });
        if let Some(folder) = &state.folder {
            let file = folder.join(format!("jlis-url-{}", state.options.name));
            fs::write(&file, format!("http://{address}")).map_err(SimError::io(&file))?;
        }
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

    /// Switches the predecessor fault of this server.
    pub fn set_fault(&self, fault: JlisFault) {
        for other in JlisFault::ALL.into_iter().filter_map(JlisFault::of_server) {
            self.switch(other, Some(other) == fault.of_server(), None);
        }
    }

    /// Switches any fault of this server.
    pub fn switch(&self, fault: ServerFault, on: bool, parameter: Option<Parameter>) {
        // Only a folder can refuse, and then the next question shows it.
        let _ = self.state.switches.change(|switched| {
            if on {
                switched.insert(fault, parameter);
            } else {
                switched.remove(&fault);
            }
        });
    }

    /// How many questions about predecessors and links came in.
    pub fn asked(&self) -> u64 {
        let counts = &self.state.counts;
        counts.predecessor.load(Ordering::Relaxed) + counts.links.load(Ordering::Relaxed)
    }

    /// How many OCSP requests came in.
    pub fn asked_ocsp(&self) -> u64 {
        self.state.counts.ocsp.load(Ordering::Relaxed)
    }

    /// How many questions about the latest items came in.
    pub fn asked_items(&self) -> u64 {
        self.state.counts.items.load(Ordering::Relaxed)
    }

    /// Makes the day's lists anew.
    pub fn publish(&self) -> Result<(), SimError> {
        let now = self.state.now();
        let request = self.state.usual_lists(now);
        let mut world = self.state.world();
        self.state.delivery.publish(&mut world, &request).map(|_| ())
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

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Reply {
    let path = request.uri().path().to_owned();
    let post = request.method() == Method::POST;
    if !post && request.method() != Method::GET {
        return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, ""));
    }
    match (post, path.as_str()) {
        (true, "/v1/predecessor") => links::predecessor(request, &state).await,
        (true, "/v1/links") => links::links(request, &state).await,
        (true, "/v1/four-items") => items::answer(request, state).await,
        (true, "/ocsp" | "/ocsp/") => ocsp_desk::answer(request, state).await,
        (false, "/v1/crl") => crl(state, None).await,
        (_, path) if path.starts_with("/control/") => control::answer(request, state).await,
        (false, path) if path.starts_with("/v1/crl/") => {
            crl(state, path.strip_prefix("/v1/crl/").map(str::to_owned)).await
        }
        (_, "/v1/predecessor" | "/v1/links" | "/v1/four-items" | "/ocsp") => {
            Ok(plain(StatusCode::METHOD_NOT_ALLOWED, ""))
        }
        _ => Ok(plain(StatusCode::NOT_FOUND, "")),
    }
}

async fn crl(state: Arc<State>, name: Option<String>) -> Reply {
    let faults = state.switches.now();
    let counter = match name {
        Some(_) => &state.counts.lists,
        None => &state.counts.manifest,
    };
    counter.fetch_add(1, Ordering::Relaxed);
    if faults.contains_key(&ServerFault::CrlUnavailable) {
        return Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "closed"));
    }
    if faults.contains_key(&ServerFault::CrlSilent) {
        return silence().await;
    }
    wait_if(&state.switches, &faults, ServerFault::CrlSlow).await;
    let signing = Arc::clone(&state);
    let switched = faults.clone();
    let lists = match blocking(move || signing.lists(&switched)).await {
        Ok(lists) => lists,
        Err(error) => return Ok(plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())),
    };
    let Some(name) = name else {
        // Digests of large files take time too.
        let manifest = blocking(move || Ok(state.delivery.manifest(&lists, state.folder.as_deref()))).await;
        return Ok(
            manifest.unwrap_or_else(|error| plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))
        );
    };
    delivery::list(&lists, state.folder.as_deref(), &faults, &name).await
}

/// Work that would hold up others.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SimError> + Send + 'static,
) -> Result<T, SimError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(SimError::Request(error.to_string())),
    }
}

/// Waits as long as a fault says, if it is on.
/// Waits as long as a fault says, at most until it is switched off: so a test can hold an answer back and let it go.
async fn wait_if(switches: &Switches, faults: &Switched, fault: ServerFault) {
    let Some(millis) = number(faults, fault) else {
        return;
    };
    let held = async {
        while switches.now().contains_key(&fault) {
            tokio::time::sleep(LOOKS_AT_SWITCHES).await;
        }
    };
    // Late is late enough, or let go.
    let _ = tokio::time::timeout(Duration::from_millis(millis), held).await;
}

impl State {
    fn now(&self) -> Timestamp {
        let offset = self.clock_offset_millis.load(Ordering::Relaxed);
        self.options.clock.now().plus_millis(offset)
    }

    /// The world as others may have changed it meanwhile.
    fn world(&self) -> MutexGuard<'_, Simulation> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        // A folder that cannot be read leaves what was known.
        let _ = world.refresh();
        world
    }

    fn usual_lists(&self, now: Timestamp) -> PublishRequest {
        PublishRequest {
            this_update: now,
            next_update: now.plus_seconds(DAY_SECONDS),
            partitioning: self.options.partitioning,
        }
    }

    /// The lists as they go out now; the day's are made if there are none in force.
    fn lists(&self, faults: &Switched) -> Result<Lists, SimError> {
        let now = self.now();
        if self.delivery.is_due(now) {
            let mut world = self.world();
            if self.delivery.is_empty() {
                let yesterday = self.usual_lists(now.plus_seconds(-DAY_SECONDS));
                self.delivery.publish(&mut world, &yesterday)?;
            }
            self.delivery.publish(&mut world, &self.usual_lists(now))?;
        }
        self.delivery.signed(&self.world, faults, now)
    }
}
