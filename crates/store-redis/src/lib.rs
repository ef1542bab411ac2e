//! The ephemeral port on Redis: one server, a master watched by Sentinels, or a Cluster.
//!
//! **Owns** [`RedisEphemera`]: the scripts that make each operation one step ([`scripts`]), and the connections, found again when the
//! master changes ([`line`]).
//!
//! **Deliberately absent**: meaning, and anything that must outlive a failover. Redis answers before its replicas
//! have heard: after a failover a consumed key may be there again, with its value. Whatever must happen once is
//! decided by a unique insert in the Ledger (`idp-server/docs/decisions/0024-two-nodes.md` lists every use).
//!
//! **Neighbours**: `store` is the port and judges this room with its conformance kit; `idp-server` connects.
//!
//! # One key, one step
//! Every operation touches one key in one script, so it is atomic, and in a Cluster the key's slot has all of it.
//! A key is a hash: `e` (end, milliseconds of the application) and `v` (value; a tombstone has none), or for counters `e` and `t`.
//! Redis removes keys by its own clock, after the span that the application asked for; what the application's clock calls
//! over is over for it even earlier.
//!
//! # Trying again
//! A connection that fails is replaced and the step sent again, until patience ends. That may count twice or answer
//! [`store::Consumed::Again`] to the one who was first (who starts over), never the other way round.
//!
//! # One more operation
//! A script on one key, its call in `port.rs`, a case in the kit.

mod line;
mod options;
mod port;
mod scripts;

use store::StoreFault;

pub use options::{RedisOptions, RedisTopology};

/// Ephemera in Redis.
pub struct RedisEphemera {
    line: line::Line,
    sweeps: bool,
}

impl std::fmt::Debug for RedisEphemera {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisEphemera")
    }
}

impl RedisEphemera {
    /// Connects. Each connection lives on the runtime of the thread that first needs it.
    pub async fn connect(options: RedisOptions) -> Result<Self, StoreFault> {
        let sweeps = options.sweeps;
        let line = line::Line::open(options).await?;
        Ok(Self { line, sweeps })
    }

    /// Lets go of the connections; everything from now on is refused.
    pub fn close(&self) {
        self.line.close();
    }
}
