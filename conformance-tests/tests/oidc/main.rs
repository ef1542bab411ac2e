//! OpenID Connect and sessions, by a relying party that can be made to misbehave.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails at once and loudly"
)]

mod abandoned;
mod by_reference;
mod claims;
mod details;
mod device_authorization;
mod errors;
mod forms;
mod levels;
mod mutual_tls;
mod pages;
mod persons;
mod refresh;
mod requests;
mod resources;
mod sectors;
mod self_registration;
mod sessions;
mod standing;
