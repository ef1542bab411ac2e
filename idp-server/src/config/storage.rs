//! `[storage]`: where what must never be lost is kept, and where what may be.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// How SQLite makes a commit durable.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Synchronous {
    /// Synced to the disk before the reply. The only setting for production.
    #[default]
    Full,
    /// Left to the system: only for showing that the durability test notices.
    Off,
}

/// Where what must never be lost is kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum LedgerKind {
    /// In `ledger.sqlite` of the directory: one machine.
    #[default]
    Sqlite,
    /// In PostgreSQL, for any number of nodes.
    Postgresql,
}

/// Where what may be lost is kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum EphemeraKind {
    /// In `ephemera.sqlite` of the directory: one machine.
    #[default]
    Sqlite,
    /// In Redis, for any number of nodes.
    Redis,
}

/// `[storage]`: databases.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageConfig {
    /// Directory of `ledger.sqlite` and `ephemera.sqlite`, and of the revocation index.
    pub directory: PathBuf,
    /// How a commit to SQLite becomes durable.
    #[serde(default)]
    pub synchronous: Synchronous,
    /// Where what must never be lost is kept.
    #[serde(default)]
    pub ledger: LedgerKind,
    /// Where what may be lost is kept.
    #[serde(default)]
    pub ephemera: EphemeraKind,
    /// Where PostgreSQL is, if it keeps the Ledger.
    #[serde(default)]
    pub postgresql: PostgresConfig,
    /// Where Redis is, if it keeps Ephemera.
    #[serde(default)]
    pub redis: RedisConfig,
}

/// Host and port of a server.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Server {
    /// A name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// What a server is not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServerError;

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a server is written host:port")
    }
}

impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        let (host, port) = text.rsplit_once(':').ok_or(ServerError)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = port.parse().map_err(|_| ServerError)?;
        if host.is_empty() || port == 0 {
            return Err(ServerError);
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl TryFrom<String> for Server {
    type Error = ServerError;

    fn try_from(text: String) -> Result<Self, ServerError> {
        text.parse()
    }
}

impl Server {
    /// Host and port.
    pub fn pair(&self) -> (String, u16) {
        (self.host.clone(), self.port)
    }

    fn is_here(&self) -> bool {
        self.host == "localhost"
            || self
                .host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

/// Threads that ask the stores: a web worker and one of the runtime that starts for each core; those of the operator's listener and of
/// the machines'; and one to spare.
fn one_for_each_thread() -> usize {
    std::thread::available_parallelism()
        .map_or(1, NonZero::get)
        .saturating_mul(2)
        .saturating_add(4)
}

/// `[storage.postgresql]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PostgresConfig {
    /// The servers; the first that takes writes is used.
    pub servers: Vec<Server>,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// The file that holds the role's password, mode 0600; read at every connecting.
    pub password_file: Option<PathBuf>,
    /// The schema, if not the role's own first one.
    pub schema: Option<String>,
    /// The authority (PEM) that certifies the servers. Without it everything goes in clear.
    pub ca: Option<PathBuf>,
    /// Connections that read at most; each thread that serves has its own as far as they go.
    pub readers: usize,
    /// Connections that commit.
    pub writers: usize,
    /// Milliseconds that connecting to a server may take.
    pub connect_millis: u64,
    /// Milliseconds that a statement may take, its wait for a lock included.
    pub statement_millis: u64,
    /// Milliseconds that a request waits for a database that went away.
    pub patience_millis: u64,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            database: "idp".to_owned(),
            user: "idp".to_owned(),
            password_file: None,
            schema: None,
            ca: None,
            readers: one_for_each_thread(),
            writers: 4,
            connect_millis: 2000,
            statement_millis: 5000,
            patience_millis: 5000,
        }
    }
}

/// How Redis servers stand to one another.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum RedisMode {
    /// One server.
    #[default]
    Single,
    /// A master that Sentinels watch.
    Sentinel,
    /// A Cluster.
    Cluster,
}

/// `[storage.redis]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// How the servers stand to one another.
    pub mode: RedisMode,
    /// The server, the Sentinels, or some nodes of the Cluster.
    pub servers: Vec<Server>,
    /// The name by which the Sentinels know the master.
    pub master: String,
    /// The user, if not the default one.
    pub user: Option<String>,
    /// The file that holds the password, mode 0600; read at every connecting.
    pub password_file: Option<PathBuf>,
    /// The file that holds the Sentinels' password, mode 0600.
    pub sentinel_password_file: Option<PathBuf>,
    /// The number of the database; a Cluster has 0 only. All of it is the platform's.
    pub database: u32,
    /// The authority (PEM) that certifies the servers. Without it everything goes in clear.
    pub ca: Option<PathBuf>,
    /// Connections at most; each thread that serves has its own as far as they go.
    pub connections: usize,
    /// Milliseconds that connecting may take.
    pub connect_millis: u64,
    /// Milliseconds that an answer may take.
    pub response_millis: u64,
    /// Milliseconds that a request waits for a Redis that went away or has no master.
    pub patience_millis: u64,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            mode: RedisMode::Single,
            servers: Vec::new(),
            master: "platform".to_owned(),
            user: None,
            password_file: None,
            sentinel_password_file: None,
            database: 0,
            ca: None,
            connections: one_for_each_thread(),
            connect_millis: 1000,
            response_millis: 1000,
            patience_millis: 5000,
        }
    }
}

impl StorageConfig {
    /// Paths of the sections, to be resolved against the file.
    pub(super) fn paths(&mut self) -> Vec<&mut PathBuf> {
        let mut paths = vec![&mut self.directory];
        paths.extend(self.postgresql.password_file.iter_mut());
        paths.extend(self.postgresql.ca.iter_mut());
        paths.extend(self.redis.password_file.iter_mut());
        paths.extend(self.redis.sentinel_password_file.iter_mut());
        paths.extend(self.redis.ca.iter_mut());
        paths
    }

    /// Files of the databases in use: key, path, and whether nobody else may read it.
    pub(super) fn files(&self) -> Vec<(&'static str, &PathBuf, bool)> {
        let mut files = Vec::new();
        if self.ledger == LedgerKind::Postgresql {
            let ours = &self.postgresql;
            files.extend(
                ours.password_file
                    .iter()
                    .map(|path| ("storage.postgresql.password_file", path, true)),
            );
            files.extend(ours.ca.iter().map(|path| ("storage.postgresql.ca", path, false)));
        }
        if self.ephemera == EphemeraKind::Redis {
            let ours = &self.redis;
            files.extend(
                ours.password_file
                    .iter()
                    .map(|path| ("storage.redis.password_file", path, true)),
            );
            let sentinels = ours.sentinel_password_file.iter();
            files.extend(sentinels.map(|path| ("storage.redis.sentinel_password_file", path, true)));
            files.extend(ours.ca.iter().map(|path| ("storage.redis.ca", path, false)));
        }
        files
    }

    /// What cannot work.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.ledger == LedgerKind::Postgresql {
            let PostgresConfig { servers, ca, .. } = &self.postgresql;
            problems.extend(reach("storage.postgresql", servers, ca.is_some()));
        }
        if self.ephemera == EphemeraKind::Redis {
            let RedisConfig {
                servers,
                ca,
                mode,
                database,
                ..
            } = &self.redis;
            problems.extend(reach("storage.redis", servers, ca.is_some()));
            if *mode == RedisMode::Single && servers.len() > 1 {
                problems.push(
                    "storage.redis.servers: mode \"single\" has one server; several are Sentinels or a Cluster".to_owned(),
                );
            }
            if *mode == RedisMode::Cluster && *database != 0 {
                problems.push("storage.redis.database: a Cluster has the database 0 only".to_owned());
            }
        }
        problems
    }
}

/// What is wrong with the way to servers.
fn reach(section: &str, servers: &[Server], tls: bool) -> Option<String> {
    if servers.is_empty() {
        return Some(format!("{section}.servers: name at least one server, host:port"));
    }
    let far = servers.iter().find(|server| !server.is_here())?;
    (!tls).then(|| {
        format!(
            "{section}.ca: {} is another machine, and without ca passwords and persons' data go there in clear",
            far.host
        )
    })
}

/// So many milliseconds.
pub fn millis(count: u64) -> Duration {
    Duration::from_millis(count.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage(text: &str) -> StorageConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn yesterdays_file_means_sqlite() {
        let yesterday = storage("directory = \"data\"");
        assert_eq!(yesterday.ledger, LedgerKind::Sqlite);
        assert_eq!(yesterday.ephemera, EphemeraKind::Sqlite);
        assert!(yesterday.problems().is_empty() && yesterday.files().is_empty());
    }

    #[test]
    fn what_is_not_in_use_is_not_looked_at() {
        let unused =
            "directory = \"d\"\n[postgresql]\nservers = [\"db.example:5432\"]\npassword_file = \"nowhere\"";
        assert!(storage(unused).problems().is_empty() && storage(unused).files().is_empty());
        let used = storage(&format!("ledger = \"postgresql\"\n{unused}"));
        assert!(
            used.problems()[0].starts_with("storage.postgresql.ca: db.example"),
            "{:?}",
            used.problems()
        );
        assert_eq!(used.files()[0].0, "storage.postgresql.password_file");
    }

    #[test]
    fn each_wrong_way_to_redis_is_named() {
        let redis = |text: &str| {
            storage(&format!(
                "directory = \"d\"\nephemera = \"redis\"\n[redis]\n{text}"
            ))
            .problems()
        };
        assert!(redis("")[0].contains("name at least one server"));
        assert!(redis("servers = [\"127.0.0.1:1\"]").is_empty());
        assert!(
            redis("servers = [\"[::1]:1\", \"localhost:2\"]")[0].contains("mode \"single\" has one server")
        );
        assert!(redis("mode = \"sentinel\"\nservers = [\"a:1\", \"b:2\"]\nca = \"ca.pem\"").is_empty());
        assert!(redis("mode = \"cluster\"\nservers = [\"[::1]:1\"]\ndatabase = 3")[0].contains("0 only"));
    }

    #[test]
    fn a_server_has_a_host_and_a_port() {
        for wrong in ["", "db", "db:", ":5432", "db:0", "db:70000"] {
            assert_eq!(wrong.parse::<Server>(), Err(ServerError), "{wrong}");
        }
        let v6: Server = "[2001:db8::1]:5432".parse().unwrap();
        assert_eq!((v6.host.as_str(), v6.port), ("2001:db8::1", 5432));
    }
}
