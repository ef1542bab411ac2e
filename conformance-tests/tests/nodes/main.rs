//! Two server processes behind a plain TCP balancer, on a real PostgreSQL and a real Redis: what one began the other ends, what one used
//! up the other refuses, and what breaks in between costs people a new beginning at most.
//!
//! The servers are private instances on free ports (`store::conformance::servers`), started once for the file; each test has a
//! database and a Redis database of its own, and those that break a server have one of their own.
//!
//! **One more case**: a test in the module of what is shared (`across`), of what spreads (`spreads`), of what breaks (`breaks`), or of what changes
//! under way (`upgrade`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot do its work must fail at once and loudly"
)]

mod across;
mod balancer;
mod breaks;
mod saml_messages;
mod spreads;
mod support;
mod upgrade;
