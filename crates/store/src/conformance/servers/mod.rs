//! Real servers, started for a test and gone with it: PostgreSQL and Redis as Debian packs them, private instances on free ports
//! of the loopback interface with their data in a temporary folder.
//!
//! Every server has a **keeper**, a shell that ends it and removes its folder when the keeper's input ends: so nothing is left
//! behind even when the test is killed. A test that finds no server installed fails and says which package is missing.
//!
//! **Deliberately absent**: the system's own instances, which Debian starts on the usual ports; they are neither used nor touched.

mod certificates;
mod keeper;
mod postgres;
mod redis;

pub use certificates::Certificates;
pub use keeper::{free_port, free_ports};
pub use postgres::PostgresServer;
pub use redis::{RedisCluster, RedisSentinels, RedisServer};
