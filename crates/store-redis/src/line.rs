//! The connections: one for each thread that asks, up to a number, whose commands follow one another without waiting for answers. Each is
//! driven by the thread that made it, so that an answer wakes nobody else. Found again when it fails: by the same address, by asking the
//! Sentinels for the master, or by the Cluster's own map.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{LazyLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{AggregateOp, MultipleNodeRoutingInfo, ResponsePolicy, RoutingInfo};
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo, Pipeline,
    RedisConnectionInfo, RedisError, RedisFuture, Script, ServerErrorKind, TlsCertificates, TlsMode, Value,
};
use store::StoreFault;
use tokio::sync::Mutex as Turn;

use crate::options::{RedisOptions, RedisTopology};

/// How long to wait before connecting again, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(400));

/// How many threads have asked so far.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The number of this thread among them.
    static SLOT: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

/// A connection of either kind.
#[derive(Clone)]
enum Live {
    /// To one server.
    One(MultiplexedConnection),
    /// To a Cluster.
    Cluster(ClusterConnection),
}

impl ConnectionLike for Live {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(commands, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}

/// What is asked.
pub(crate) enum Step {
    /// A script on one key.
    Script {
        script: &'static LazyLock<Script>,
        key: String,
        arguments: Vec<Vec<u8>>,
    },
    /// A command that goes where its key lies.
    Command(Cmd),
    /// A command whose numbers are summed over all masters.
    Sum(Cmd),
}

impl Live {
    async fn take(&mut self, step: &Step) -> Result<Value, RedisError> {
        match step {
            Step::Script {
                script,
                key,
                arguments,
            } => {
                let mut call = script.key(key);
                for argument in arguments {
                    call.arg(argument.as_slice());
                }
                call.invoke_async(self).await
            }
            Step::Command(command) => command.query_async(self).await,
            Step::Sum(command) => match self {
                Self::One(connection) => command.query_async(connection).await,
                Self::Cluster(connection) => {
                    let sum = ResponsePolicy::Aggregate(AggregateOp::Sum);
                    let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, Some(sum)));
                    connection.route_command(command.clone(), everywhere).await
                }
            },
        }
    }
}

/// The connection in use, with the number of its making.
#[derive(Clone)]
struct Numbered(u64, Live);

/// A connection that the threads of one slot share. It lives on the runtime of whoever made it; when that one ended, the next who asks
/// makes another.
#[derive(Default)]
struct Lane {
    live: RwLock<Option<Numbered>>,
    connecting: Turn<u64>,
}

/// The connections and how to make them.
pub(crate) struct Line {
    options: RedisOptions,
    lanes: Vec<Lane>,
    closed: AtomicBool,
}

impl Line {
    pub(crate) async fn open(options: RedisOptions) -> Result<Self, StoreFault> {
        let line = Self {
            lanes: (0..options.connections.max(1)).map(|_| Lane::default()).collect(),
            options,
            closed: AtomicBool::new(false),
        };
        line.live(line.lane()?, line.deadline()).await?;
        Ok(line)
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        for lane in &self.lanes {
            lane.live.write().unwrap_or_else(PoisonError::into_inner).take();
        }
    }

    fn deadline(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.options.patience).unwrap_or(now)
    }

    /// The same for everything that a thread asks.
    fn lane(&self) -> Result<&Lane, StoreFault> {
        SLOT.with(|slot| self.lanes.get(slot.checked_rem(self.lanes.len())?))
            .ok_or_else(closed)
    }

    /// Does one step, on one connection after the other until it is answered or patience ends.
    pub(crate) async fn ask(&self, step: Step) -> Result<Value, StoreFault> {
        let deadline = self.deadline();
        let lane = self.lane()?;
        let (mut pause, longest) = PAUSES;
        loop {
            let Numbered(number, mut live) = self.live(lane, deadline).await?;
            let error = match live.take(&step).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if is_ours(&error) {
                return Err(StoreFault::Corrupt(self.told(&error)));
            }
            lane.forget(number);
            if Instant::now()
                .checked_add(pause)
                .is_none_or(|next| next >= deadline)
            {
                return Err(StoreFault::Unavailable(self.told(&error)));
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(longest);
        }
    }

    /// An error for the operator; errors of the library may quote a server's words, which quote no values of ours.
    fn told(&self, error: &dyn fmt::Display) -> String {
        format!("{}: {error}", self.options.place())
    }

    async fn live(&self, lane: &Lane, deadline: Instant) -> Result<Numbered, StoreFault> {
        let (mut pause, longest) = PAUSES;
        loop {
            if self.closed.load(Ordering::Relaxed) {
                return Err(closed());
            }
            if let Some(live) = lane.current() {
                return Ok(live);
            }
            // Others may be connecting, one after the other, to a server that says nothing: nobody waits longer than patience.
            let turn = tokio::time::timeout_at(deadline.into(), lane.connecting.lock()).await;
            let mut number =
                turn.map_err(|_| StoreFault::Unavailable(self.told(&"connecting took too long")))?;
            if let Some(live) = lane.current() {
                return Ok(live);
            }
            let limit = self.options.connect_timeout.saturating_mul(3);
            let limit = limit.min(deadline.saturating_duration_since(Instant::now()));
            let failed = match tokio::time::timeout(limit, connect(&self.options)).await {
                Ok(Ok(live)) => {
                    *number = number.wrapping_add(1);
                    let live = Numbered(*number, live);
                    *lane.live.write().unwrap_or_else(PoisonError::into_inner) = Some(live.clone());
                    return Ok(live);
                }
                Ok(Err(error)) => self.told(&error),
                Err(_) => self.told(&"connecting took too long"),
            };
            drop(number);
            if Instant::now()
                .checked_add(pause)
                .is_none_or(|next| next >= deadline)
            {
                return Err(StoreFault::Unavailable(failed));
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(longest);
        }
    }
}

impl Lane {
    fn current(&self) -> Option<Numbered> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets go of a connection that failed, unless somebody already replaced it.
    fn forget(&self, number: u64) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if live.as_ref().is_some_and(|held| held.0 == number) {
            *live = None;
        }
    }
}

fn closed() -> StoreFault {
    StoreFault::Unavailable("the store is closed".to_owned())
}

/// Words of a server that takes no writes now, or cannot answer now.
const NOT_NOW: [&str; 7] = [
    "READONLY",
    "NOREPLICAS",
    "MISCONF",
    "OOM",
    "MASTERDOWN",
    "LOADING",
    "BUSY",
];

/// Whether another connection would answer the same: we asked or read wrongly. A server before Redis 7 says why a script failed within a
/// general error, as `ERR Error running script …: -READONLY …`.
fn is_ours(error: &RedisError) -> bool {
    let said = error.detail().unwrap_or_default();
    let not_now = said
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| NOT_NOW.contains(&word));
    !not_now
        && matches!(
            error.kind(),
            ErrorKind::Parse
                | ErrorKind::UnexpectedReturnType
                | ErrorKind::InvalidClientConfig
                | ErrorKind::Server(
                    ServerErrorKind::ResponseError | ServerErrorKind::NoPerm | ServerErrorKind::CrossSlot
                )
        )
}

fn secret(path: Option<&Path>) -> Result<Option<String>, RedisError> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|error| {
        RedisError::from((ErrorKind::Io, "cannot read the password file", error.to_string()))
    })?;
    Ok(Some(text.trim_end().to_owned()))
}

async fn connect(options: &RedisOptions) -> Result<Live, RedisError> {
    let password = secret(options.password_file.as_deref())?;
    let certificates = match &options.tls_ca {
        None => None,
        Some(path) => Some(TlsCertificates {
            client_tls: None,
            root_cert: Some(std::fs::read(path).map_err(RedisError::from)?),
        }),
    };
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(options.connect_timeout))
        .set_response_timeout(Some(options.response_timeout));
    match &options.topology {
        RedisTopology::Single { server } => {
            let mut settings = RedisConnectionInfo::default().set_db(options.database);
            if let Some(user) = &options.user {
                settings = settings.set_username(user);
            }
            if let Some(password) = &password {
                settings = settings.set_password(password);
            }
            let info = address(server, certificates.is_some())
                .into_connection_info()?
                .set_redis_settings(settings);
            let client = match certificates {
                None => Client::open(info)?,
                Some(certificates) => Client::build_with_tls(info, certificates)?,
            };
            let connection = client
                .get_multiplexed_async_connection_with_config(&config)
                .await?;
            Ok(Live::One(connection))
        }
        RedisTopology::Sentinel { sentinels, master } => {
            let tls = certificates.is_some();
            let addresses = sentinels.iter().map(|server| address(server, tls));
            let mut builder = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?
                .set_client_to_redis_db(options.database);
            if let Some(user) = &options.user {
                builder = builder.set_client_to_redis_username(user);
            }
            if let Some(password) = &password {
                builder = builder.set_client_to_redis_password(password);
            }
            if let Some(password) = secret(options.sentinel_password_file.as_deref())? {
                builder = builder.set_client_to_sentinel_password(password);
            }
            if let Some(certificates) = certificates {
                builder = builder
                    .set_client_to_redis_tls_mode(TlsMode::Secure)
                    .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                    .set_client_to_redis_certificates(certificates.clone())
                    .set_client_to_sentinel_certificates(certificates);
            }
            let connection = builder.build()?.get_async_connection_with_config(&config).await?;
            Ok(Live::One(connection))
        }
        RedisTopology::Cluster { nodes } => {
            let tls = certificates.is_some();
            let mut builder = ClusterClientBuilder::new(nodes.iter().map(|server| address(server, tls)))
                .connection_timeout(options.connect_timeout)
                .response_timeout(options.response_timeout)
                .retries(3);
            if let Some(user) = &options.user {
                builder = builder.username(user);
            }
            if let Some(password) = &password {
                builder = builder.password(password);
            }
            if let Some(certificates) = certificates {
                builder = builder.tls(TlsMode::Secure).certs(certificates);
            }
            Ok(Live::Cluster(builder.build()?.get_async_connection().await?))
        }
    }
}

fn address((host, port): &(String, u16), tls: bool) -> ConnectionAddr {
    if tls {
        ConnectionAddr::TcpTls {
            host: host.clone(),
            port: *port,
            insecure: false,
            tls_params: None,
        }
    } else {
        ConnectionAddr::Tcp(host.clone(), *port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_takes_no_writes_is_left_for_another_whatever_its_version_calls_it() {
        let ours = |said: &[u8]| {
            is_ours(
                &redis::parse_redis_value(said)
                    .unwrap()
                    .extract_error()
                    .unwrap_err(),
            )
        };
        for theirs in [
            &b"-READONLY You can't write against a read only replica.\r\n"[..],
            b"-ERR Error running script (call to f_0a): @user_script:4: @user_script: 4: -READONLY You can't write against a read only replica.\r\n",
            b"-ERR Error running script (call to f_0a): @user_script:4: -NOREPLICAS Not enough good replicas to write.\r\n",
            b"-ERR Error running script (call to f_0a): @user_script:4: -OOM command not allowed when used memory > 'maxmemory'.\r\n",
            b"-MISCONF Redis is configured to save RDB snapshots\r\n",
            b"-LOADING Redis is loading the dataset in memory\r\n",
        ] {
            assert!(!ours(theirs), "{}", String::from_utf8_lossy(theirs));
        }
        for own in [
            &b"-ERR wrong number of arguments for 'hget' command\r\n"[..],
            b"-ERR Error running script (call to f_0a): @user_script:1: Script attempted to access nonexistent global\r\n",
            b"-NOPERM this user has no permissions to run the 'eval' command\r\n",
        ] {
            assert!(ours(own), "{}", String::from_utf8_lossy(own));
        }
    }
}
