//! The databases of a configuration: which backends stand behind the two ports, and how they are opened and closed.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use store::{Ephemera, Ledger};
use store_redis::{RedisEphemera, RedisOptions, RedisTopology};
use store_sql::{EphemeraOptions, LedgerOptions, PostgresLedger, PostgresOptions, SqlEphemera, SqlLedger};

use crate::config::{
    Config, EphemeraKind, LedgerKind, PostgresConfig, RedisConfig, RedisMode, Server, Synchronous, millis,
};

/// Where what must never be lost is kept.
enum LedgerBackend {
    Sqlite(Arc<SqlLedger>),
    Postgresql(Arc<PostgresLedger>),
}

/// Where what may be lost is kept.
enum EphemeraBackend {
    Sqlite(Arc<SqlEphemera>),
    Redis(Arc<RedisEphemera>),
}

/// The databases, as everything that opens them needs them.
pub struct Stores {
    ledger: LedgerBackend,
    ephemera: EphemeraBackend,
}

impl Stores {
    /// Opens the databases of a configuration. The text of a refusal is for the operator.
    pub async fn open(config: &Config) -> Result<Self, String> {
        let storage = &config.storage;
        let directory = &storage.directory;
        let ledger = match storage.ledger {
            LedgerKind::Sqlite => {
                let options = LedgerOptions {
                    synchronous: match storage.synchronous {
                        Synchronous::Full => store_sql::Synchronous::Full,
                        Synchronous::Off => store_sql::Synchronous::Off,
                    },
                    ..LedgerOptions::default()
                };
                let ledger = SqlLedger::open(directory.join("ledger.sqlite"), &options);
                LedgerBackend::Sqlite(Arc::new(ledger.map_err(|error| error.to_string())?))
            }
            LedgerKind::Postgresql => {
                let ledger = PostgresLedger::connect(postgres(&storage.postgresql)?).await;
                LedgerBackend::Postgresql(Arc::new(ledger.map_err(|error| error.to_string())?))
            }
        };
        let ephemera = match storage.ephemera {
            EphemeraKind::Sqlite => {
                let path = directory.join("ephemera.sqlite");
                let ephemera = SqlEphemera::open(path, &EphemeraOptions::default());
                EphemeraBackend::Sqlite(Arc::new(ephemera.map_err(|error| error.to_string())?))
            }
            EphemeraKind::Redis => {
                let ephemera = RedisEphemera::connect(redis(&storage.redis)).await;
                EphemeraBackend::Redis(Arc::new(ephemera.map_err(|error| error.to_string())?))
            }
        };
        Ok(Self { ledger, ephemera })
    }

    /// What must never be lost, behind its port.
    pub fn ledger(&self) -> Arc<dyn Ledger> {
        match &self.ledger {
            LedgerBackend::Sqlite(ledger) => Arc::<SqlLedger>::clone(ledger),
            LedgerBackend::Postgresql(ledger) => Arc::<PostgresLedger>::clone(ledger),
        }
    }

    /// What may be lost, behind its port.
    pub fn ephemera(&self) -> Arc<dyn Ephemera> {
        match &self.ephemera {
            EphemeraBackend::Sqlite(ephemera) => Arc::<SqlEphemera>::clone(ephemera),
            EphemeraBackend::Redis(ephemera) => Arc::<RedisEphemera>::clone(ephemera),
        }
    }

    /// Finishes what waits and closes both.
    pub async fn close(&self) {
        match &self.ephemera {
            EphemeraBackend::Sqlite(ephemera) => ephemera.close().await,
            EphemeraBackend::Redis(ephemera) => ephemera.close(),
        }
        match &self.ledger {
            LedgerBackend::Sqlite(ledger) => ledger.close().await,
            LedgerBackend::Postgresql(ledger) => ledger.close().await,
        }
    }
}

/// TLS that trusts one authority.
fn trusting(ca: Option<&Path>) -> Result<Option<Arc<ClientConfig>>, String> {
    ca.map(crate::outbound::roots).transpose()
}

/// What can be said of the files behind the databases in use without opening them.
pub(crate) fn look_at_files(config: &Config) -> Result<(), String> {
    match config.storage.ledger {
        LedgerKind::Sqlite => Ok(()),
        LedgerKind::Postgresql => trusting(config.storage.postgresql.ca.as_deref())
            .map(|_| ())
            .map_err(|why| format!("storage.postgresql.ca: {why}")),
    }
}

fn postgres(config: &PostgresConfig) -> Result<PostgresOptions, String> {
    Ok(PostgresOptions {
        servers: config.servers.iter().map(Server::pair).collect(),
        database: config.database.clone(),
        user: config.user.clone(),
        password_file: config.password_file.clone(),
        schema: config.schema.clone(),
        tls: trusting(config.ca.as_deref())?,
        readers: config.readers,
        writers: config.writers,
        queue: 4096,
        connect_timeout: millis(config.connect_millis),
        statement_timeout: millis(config.statement_millis),
        patience: millis(config.patience_millis),
    })
}

fn redis(config: &RedisConfig) -> RedisOptions {
    let servers: Vec<(String, u16)> = config.servers.iter().map(Server::pair).collect();
    let topology = match config.mode {
        RedisMode::Single => RedisTopology::Single {
            server: servers.into_iter().next().unwrap_or_default(),
        },
        RedisMode::Sentinel => RedisTopology::Sentinel {
            sentinels: servers,
            master: config.master.clone(),
        },
        RedisMode::Cluster => RedisTopology::Cluster { nodes: servers },
    };
    let mut options = RedisOptions::new(topology);
    options.user.clone_from(&config.user);
    options.password_file.clone_from(&config.password_file);
    options
        .sentinel_password_file
        .clone_from(&config.sentinel_password_file);
    options.database = i64::from(config.database);
    options.tls_ca.clone_from(&config.ca);
    options.connections = config.connections;
    options.connect_timeout = millis(config.connect_millis);
    options.response_timeout = millis(config.response_millis);
    options.patience = millis(config.patience_millis);
    options
}
