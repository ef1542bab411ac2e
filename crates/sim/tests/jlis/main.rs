//! `gap-sim jlis serve` as a process: its answers as OpenSSL reads them, and what each fault does on the wire.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test's own helpers"
)]

mod answers;
mod crl_faults;
mod ocsp_faults;
mod other_faults;
mod server;
