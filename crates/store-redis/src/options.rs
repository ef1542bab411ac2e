//! Where Redis is and how it is used.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How the servers stand to one another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RedisTopology {
    /// One server.
    Single {
        /// Host and port.
        server: (String, u16),
    },
    /// A master that Sentinels watch.
    Sentinel {
        /// Host and port of each Sentinel.
        sentinels: Vec<(String, u16)>,
        /// The name by which they know the master.
        master: String,
    },
    /// A Cluster.
    Cluster {
        /// Host and port of some of its nodes.
        nodes: Vec<(String, u16)>,
    },
}

/// Where Redis is and how it is used. The database is the platform's own: all of it is counted as ours.
#[derive(Clone)]
pub struct RedisOptions {
    /// The servers.
    pub topology: RedisTopology,
    /// The user, if not the default one.
    pub user: Option<String>,
    /// The file that holds the password; read at every connecting.
    pub password_file: Option<PathBuf>,
    /// The file that holds the Sentinels' password.
    pub sentinel_password_file: Option<PathBuf>,
    /// The number of the database; a Cluster has 0 only.
    pub database: i64,
    /// TLS with the server's name verified against the certificates in this PEM file; `None` speaks in clear.
    pub tls_ca: Option<PathBuf>,
    /// How many connections at most (to each server, of a Cluster); each thread that asks has its own as far as they go.
    pub connections: usize,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long one answer may take.
    pub response_timeout: Duration,
    /// How long an operation waits for a Redis that went away or has no master.
    pub patience: Duration,
    /// Whether a purge walks the keys and removes what the application's clock calls over. Redis removes them by itself;
    /// only tests move the application's clock.
    pub sweeps: bool,
}

impl RedisOptions {
    /// The defaults of operation.
    pub fn new(topology: RedisTopology) -> Self {
        Self {
            topology,
            user: None,
            password_file: None,
            sentinel_password_file: None,
            database: 0,
            tls_ca: None,
            connections: 8,
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(1),
            patience: Duration::from_secs(5),
            sweeps: false,
        }
    }

    /// Redis in words, without secrets.
    pub fn place(&self) -> String {
        let list = |servers: &[(String, u16)]| {
            let named: Vec<String> = servers
                .iter()
                .map(|(host, port)| format!("{host}:{port}"))
                .collect();
            named.join(",")
        };
        match &self.topology {
            RedisTopology::Single { server } => format!("redis://{}:{}", server.0, server.1),
            RedisTopology::Sentinel { sentinels, master } => {
                format!("redis {master} by Sentinels {}", list(sentinels))
            }
            RedisTopology::Cluster { nodes } => format!("redis Cluster {}", list(nodes)),
        }
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisOptions({})", self.place())
    }
}
